//! `--junit`, read back by a parser that checks what is well-formed.

use super::{LONG, MIXED, interrupted, pictured};
use crate::program::Folder;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::BTreeMap;
use std::process::Command;

/// An element with all that is in it.
#[derive(Debug, Default)]
pub(crate) struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        let name = start.name().as_ref().to_owned();
        Self { name, attributes: attributes.collect(), ..Self::default() }
    }

    fn count(&self, name: &str) -> usize {
        self.children.iter().filter(|child| child.name == name).count()
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("{} has no {name}: {self:?}", self.name))
    }
}

/// The root, once it obeys the schema and the counts are those of what is there.
pub(crate) fn read(folder: &Folder) -> Element {
    let text = folder.read("j.xml");
    let mut reader = Reader::from_str(&text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(Element::of(&start)),
            Event::Empty(start) => open.last_mut().unwrap().children.push(Element::of(&start)),
            Event::End(_) => {
                let element = open.pop().unwrap();
                open.last_mut().unwrap().children.push(element);
            }
            Event::Text(text) => open.last_mut().unwrap().text += &text,
            Event::GeneralRef(name) => {
                let shown = format!("&{};", &*name);
                open.last_mut().unwrap().text += &quick_xml::escape::unescape(&shown).unwrap();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let root = open.remove(0).children.remove(0);
    assert_eq!(
        (root.name.as_str(), root.children.len(), root.children[0].name.as_str()),
        ("testsuites", 1, "testsuite")
    );
    obeys_the_schema(folder);
    let cases = &root.children[0].children;
    let has = |name: &str| cases.iter().filter(|case| case.count(name) > 0).count().to_string();
    for node in [&root, &root.children[0]] {
        assert_eq!(node.attribute("tests"), cases.len().to_string());
        assert_eq!((node.attribute("failures"), node.attribute("errors")), (&*has("failure"), "0"));
    }
    assert_eq!(root.children[0].attribute("skipped"), has("skipped"));
    root
}

/// As the schema has it that Jenkins publishes, `junit-10.xsd`. <https://github.com/jenkinsci/xunit-plugin>
fn obeys_the_schema(folder: &Folder) {
    let is_there = Command::new("xmllint").arg("--version").output().is_ok_and(|ended| ended.status.success());
    let (true, Some(schema)) = (is_there, std::env::var_os("JUNIT_XSD")) else {
        eprintln!("not checked: there is no `xmllint` here, or no schema that `JUNIT_XSD` names");
        return;
    };
    let mut command = Command::new("xmllint");
    let ended = command.args(["--noout", "--schema"]).arg(schema).arg(folder.path("j.xml")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

fn case<'a>(root: &'a Element, name: &str) -> &'a Element {
    root.children[0].children.iter().find(|case| case.attribute("name") == name).unwrap()
}

#[test]
fn failed_flaky_and_skipped_tasks_have_their_elements() {
    let folder = pictured(MIXED, 1);
    let (root, report) = (read(&folder), folder.json("report.json"));
    let kinds = ["failure", "skipped", "flakyFailure", "rerunFailure"];
    let marks = |name: &str| kinds.map(|kind| case(&root, name).count(kind));
    assert_eq!(marks("oryx"), [0, 0, 0, 0]);
    assert_eq!(marks("ibex"), [0, 0, 2, 0]);
    assert_eq!(marks("zebra"), [1, 0, 0, 0]);
    assert_eq!(marks("lemur"), [1, 0, 0, 2]);
    assert_eq!(marks("below"), [0, 1, 0, 0]);
    assert_eq!(marks("refused"), [1, 0, 0, 0]);
    let failure = &case(&root, "zebra").children[0];
    assert_eq!((failure.attribute("type"), failure.text.as_str()), ("exhausted", "exit code 3: stripes"));
    assert!(case(&root, "below").children[0].attribute("message").contains("`zebra`"));
    for task in report["tasks"].as_array().unwrap() {
        let case = case(&root, task["id"].as_str().unwrap());
        let time = case.attributes.get("time").map(|time| time.parse::<f64>().unwrap());
        assert_eq!(time.is_some(), task["elapsed_s"].is_f64());
        assert!(time.is_none_or(|time| (time - task["elapsed_s"].as_f64().unwrap()).abs() < 0.001), "{case:?}");
    }
}

#[test]
fn what_was_cancelled_is_skipped_and_says_by_what() {
    let root = read(&interrupted(LONG));
    for name in ["tapir", "quoll"] {
        assert_eq!(case(&root, name).children[0].attribute("message"), "cancelled by SIGINT", "{name}");
    }
    assert!(case(&root, "okapi").children.is_empty());
}

#[test]
fn what_xml_cannot_hold_is_replaced_and_the_rest_is_as_it_was() {
    let plan = "[[tasks]]\nid = ' a<b&\"c'']]>  '\nrun = '''printf 'one\\ttwo \\001\\033[31m]]> <x>&amp; \\357\\277\\276 the\\r\\nend' >&2; exit 1'''\n";
    let plan = plan.replace("c''", "c");
    let root = read(&pictured(&plan, 1));
    let case = case(&root, " a<b&\"c]]>  ");
    let text = "exit code 1: one\ttwo \u{fffd}\u{fffd}[31m]]> <x>&amp; \u{fffd} the\r\nend";
    assert_eq!(case.children[0].text, text);
}
