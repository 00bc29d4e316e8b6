//! Tasks without an id that can be read: the stand-ins by which they are judged with the others, and what is said of them.

use super::faults::Fault;

/// How a stand-in begins in a sentence, and no id.
const BEGIN: &str = "`\0";

/// The stand-in of the `number`-th task of the file.
pub(super) fn stand_in(number: usize) -> String {
    format!("\0{number}")
}

/// The same fault, for whoever has written the file: a stand-in is the number of its task, and no suggestion.
pub(super) fn told(fault: Fault) -> Fault {
    let is_suggestion = fault.label.strip_prefix("did you mean ").is_some_and(|near| near.starts_with(BEGIN));
    let label = if is_suggestion { String::new() } else { fault.label };
    Fault { title: with_numbers(&fault.title), label, ..fault }
}

fn with_numbers(sentence: &str) -> String {
    let mut parts = sentence.split(BEGIN);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('`') {
            Some((number, rest)) if number.parse::<usize>().is_ok() => {
                let is_said = told.ends_with("task ") || told.ends_with("tasks ");
                told.extend([if is_said { "" } else { "task " }, number, rest]);
            }
            _ => told.extend([BEGIN, part]),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::with_numbers;

    #[test]
    fn a_stand_in_is_told_of_as_the_number_of_its_task_and_nothing_else_is_touched() {
        for (sentence, told) in [
            ("task `\u{0}12` waits for `x`, which is no task", "task 12 waits for `x`, which is no task"),
            ("`x` is no ancestor of `\u{0}1`: it", "`x` is no ancestor of task 1: it"),
            ("tasks `\u{0}1` and `\u{0}2` go on", "tasks 1 and task 2 go on"),
            ("task `b` waits for `\u{0}x`, `\u{0}", "task `b` waits for `\u{0}x`, `\u{0}"),
            ("task `b`", "task `b`"),
            ("", ""),
        ] {
            assert_eq!(with_numbers(sentence), told);
        }
    }
}
