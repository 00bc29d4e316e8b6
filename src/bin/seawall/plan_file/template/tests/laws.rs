//! What holds for every template.

use super::{judge, plan, sent};
use crate::plan_file::toml_text::text;
use proptest::prelude::*;
use std::collections::HashSet;

/// Texts in which no template begins, within them or at their end.
fn quiet() -> impl Strategy<Value = String> {
    const PIECES: [&str; 20] = [
        "", "{", "}", "}}", "%}", "#}", "%", "#", "-", "\n", "\r\n", "\t", "  ", "\"", "'''", "\\", "<&>", "☃",
        "\u{0}", "x",
    ];
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12).prop_map(|pieces| pieces.concat());
    pieces
        .prop_map(|text| ["{{", "{%", "{#"].iter().fold(text, |text, sign| text.replace(sign, "")))
        .prop_map(|text| text.trim_end_matches('{').to_owned())
        .prop_filter("it would be a template", |text| !super::super::has_signs(text))
}

proptest! {
    #[test]
    fn text_outside_of_the_signs_is_kept_byte_for_byte(before in quiet(), after in quiet()) {
        let sign = "{{ tasks.design.response }}";
        let wanted = format!("{before}the <design>\n{after}");
        prop_assert_eq!(sent(&plan(&format!("{before}{sign}{after}"), "")).unwrap(), wanted);
        prop_assert_eq!(sent(&plan(&format!("{before}{after}"), "template = false")).unwrap(), format!("{before}{after}"));
    }

    #[test]
    fn what_is_put_in_is_never_expanded_again(answer in any::<String>(), hostile in prop::sample::select(&["{{ item }}", "{% raw %}", "{# x", "{{", "}}", "{{ tasks.design.response }}"][..])) {
        let answer = format!("{answer}{hostile}");
        let plan = plan("<{{ tasks.many[0].response }}|{{ tasks['a-b'].response }}>", "");
        let plan = plan.replace("\"{{ 7 }}\"", &text(&answer)).replace("values = [\"x\"", &format!("values = [{}", text(&answer.replace('\0', "")).replace("\"\"\"\n", "\"\"\"")));
        let plan = plan.replace("{{ index }}={{ item }}", "{{ item }}");
        prop_assert_eq!(sent(&plan).unwrap(), format!("<{}|{answer}>", answer.replace('\0', "")));
    }
}

type Waited = (prop::sample::Index, Option<usize>);

/// Entries by number: how many items (0: it is no `for_each`), and what each waits for: an earlier entry, and which item of it.
fn entries() -> impl Strategy<Value = Vec<(usize, Vec<Waited>)>> {
    let after = prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(0..3_usize)), 0..3);
    prop::collection::vec((0..3_usize, after), 2..12)
}

proptest! {
    #[test]
    fn a_prompt_may_speak_of_exactly_what_has_ended_before_its_task(entries in entries()) {
        let mut plan = String::from("[backends.s]\nkind = \"simulated\"\n");
        let mut names = Vec::new();
        for (n, (items, after)) in entries.iter().enumerate() {
            let name = |(of, item): &Waited| {
                let of = of.index(n);
                let item = item.filter(|item| *item < entries[of].0).map(|item| format!("[{item}]"));
                format!("e{of}{}", item.unwrap_or_default())
            };
            let after: Vec<String> = if n == 0 { Vec::new() } else { after.iter().map(name).collect() };
            let many = if *items > 0 { format!("for_each = {{ range = [1, {items}] }}\n") } else { String::new() };
            let entry = format!("[[tasks]]\nid = \"e{n}\"\nbackend = \"s\"\n{many}after = {after:?}\nprompt = \"\"\n");
            plan.push_str(&entry);
            names.push(format!("e{n}"));
            names.extend((0..*items).map(|item| format!("e{n}[{item}]")));
        }
        let expanded = judge(&plan).unwrap();
        let last = expanded.plan.tasks().last().unwrap();
        let (mut before, mut open) = (HashSet::new(), vec![last.id().clone()]);
        while let Some(next) = open.pop() {
            let task = expanded.plan.tasks().iter().find(|task| *task.id() == next).unwrap();
            open.extend(task.dependencies().iter().filter(|id| before.insert((*id).clone())).cloned());
        }
        let question = |name: &String| format!("{{% if tasks['{name}'] is defined %}}{{% endif %}}");
        let prompt = names.iter().map(question).collect::<Vec<_>>().concat();
        let at = plan.rfind("prompt = \"\"").unwrap();
        let plan = format!("{}prompt = {}\n", &plan[..at], text(&prompt));
        let said = judge(&plan).map_or_else(|faults| anstream::adapter::strip_str(&faults.to_string()).to_string(), |_| String::new());
        for name in &names {
            let ids = expanded.plan.tasks().iter().map(seawall::Task::id);
            let mut meant = ids.filter(|id| id.as_str() == name || id.as_str().starts_with(&format!("{name}["))).peekable();
            let may = meant.peek().is_some() && meant.all(|id| before.contains(id));
            let words = [format!("`{name}` is no ancestor"), format!("`{name}` is this task"), format!("not all of `{name}` is")];
            prop_assert_eq!(may, !words.iter().any(|words| said.contains(words)), "{} in\n{}\n{}", name, plan, said);
        }
    }
}
