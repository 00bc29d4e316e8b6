//! Where in which file a line of a prompt is.

use super::Source;
use crate::plan_file::lines::Lines;
use crate::plan_file::literal::Parts;

/// For faults that show only when a prompt is filled in.
#[derive(Debug)]
pub(super) struct Place {
    file: String,
    /// The line of the file for each line of the prompt; none, where they are the same.
    lines: Vec<usize>,
}

impl Place {
    /// `name` and `lines` are the plan's.
    pub(super) fn of(source: &Source, name: &str, lines: &Lines<'_>) -> Self {
        let (file, lines) = match source {
            Source::File(name, _) => (name.as_str(), Vec::new()),
            Source::Plan(span) => (name, lines_of(&lines.text()[span.clone()], lines.number_at(span.start))),
        };
        Self { file: if file == "-" { "<stdin>".to_owned() } else { file.to_owned() }, lines }
    }

    /// As in `plan.toml:7`; `line` counts from 1 on.
    pub(super) fn name(&self, line: usize) -> String {
        let line = self.lines.get(line.saturating_sub(1)).or(self.lines.last()).copied().unwrap_or(line);
        format!("{}:{line}", self.file)
    }
}

/// `first` is the line in which the string begins.
fn lines_of(written: &str, first: usize) -> Vec<usize> {
    let mut lines = Vec::new();
    let (mut line, mut seen, mut is_new) = (first, 0, true);
    for part in Parts::of(written) {
        line += written[seen..part.written_at].matches('\n').count();
        seen = part.written_at;
        if is_new {
            lines.push(line);
        }
        is_new = part.is_newline;
    }
    lines
}

/// Both from 1 on, the column in characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (1 + before.matches('\n').count(), 1 + before[start..].chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_prompt_has_its_line_in_the_file() {
        assert_eq!(lines_of("\"a\\nb\"", 7), [7, 7]);
        assert_eq!(lines_of("\"\"\"\na\nb \\\n  c\\nd\ne\"\"\"", 7), [8, 9, 10, 11]);
        assert_eq!(lines_of("'''a\n\nb'''", 1), [1, 2, 3]);
        let place = Place { file: "plan.toml".to_owned(), lines: vec![3, 4] };
        assert_eq!(
            [0, 1, 2, 9].map(|line| place.name(line)),
            ["plan.toml:3", "plan.toml:3", "plan.toml:4", "plan.toml:4"]
        );
    }

    #[test]
    fn lines_and_columns_count_from_one_on() {
        assert_eq!(line_and_column("aß\n☃x", 7), (2, 2));
        assert_eq!(line_and_column("", 5), (1, 1));
    }
}
