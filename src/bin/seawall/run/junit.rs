//! The report as JUnit XML, with the elements for flaky tests and reruns that Maven's surefire began.
//!
//! A task that was taken over from an earlier run has what that run would have written of it, times and flaky attempts
//! included, since whoever collects reports judges the task and its answer, and not the run; and its `system-out` says so.

use super::account::{Account, error_of, made, reason};
use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::ElementWriter;
use seawall::{Attempt, AttemptResult, Failure, Outcome, Status};
use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

type Xml<'w> = Writer<&'w mut dyn Write>;

/// One testcase a task, in plan order.
pub(crate) fn write(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(writer, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let plan = holdable(account.run.plan);
    let whole = counted(element(&mut xml, "testsuites", account.report.elapsed()), account);
    whole.with_attribute(("name", "seawall")).write_inner_content(|xml| {
        let suite = counted(element(xml, "testsuite", account.report.elapsed()), account);
        let skipped = [Status::Skipped, Status::Cancelled].map(|status| account.report.count(status));
        // The schema that Jenkins publishes, `junit-10.xsd`, has it here and not one level up.
        let suite = suite.with_attribute(("skipped", &*skipped.iter().sum::<usize>().to_string()));
        let suite = suite.with_attributes([("name", &*plan), ("timestamp", &account.run.started)]);
        suite.write_inner_content(|xml| {
            account.report.iter().try_for_each(|outcome| case(xml, outcome, account.report.cancelled()))
        })?;
        Ok(())
    })?;
    xml.into_inner().write_all(b"\n")
}

fn element<'x, 'w>(xml: &'x mut Xml<'w>, name: &'static str, time: Duration) -> ElementWriter<'x, &'w mut dyn Write> {
    xml.create_element(name).with_attribute(("time", &*seconds(time)))
}

/// With what is in it, by kind.
fn counted<'x, 'w>(
    element: ElementWriter<'x, &'w mut dyn Write>,
    account: &Account<'_>,
) -> ElementWriter<'x, &'w mut dyn Write> {
    let count = |status| account.report.count(status);
    let counts = [("tests", account.report.outcomes().len()), ("failures", count(Status::Failed))];
    let element = element.with_attribute(("errors", "0"));
    counts.into_iter().fold(element, |element, (name, count)| element.with_attribute((name, &*count.to_string())))
}

fn case(xml: &mut Xml<'_>, outcome: &Outcome, cancelled: Option<&str>) -> io::Result<()> {
    let (name, backend) = (holdable(outcome.task().as_str()), holdable(outcome.backend()));
    let mut case = xml.create_element("testcase").with_attributes([("name", &*name), ("classname", &*backend)]);
    if outcome.started().is_some() {
        case = case.with_attribute(("time", &*seconds(outcome.elapsed())));
    }
    let failure = outcome.result().err();
    let has_failed_before = made(outcome).any(|(_, attempt)| !matches!(attempt.result, AttemptResult::Success));
    if failure.is_none() && !has_failed_before && !outcome.is_resumed() {
        return case.write_empty().map(drop);
    }
    case.write_inner_content(|xml| {
        match failure {
            Some(failure) => of_failure(xml, outcome, failure, cancelled)?,
            None => attempts(xml, "flakyFailure", made(outcome).map(|(_, attempt)| attempt))?,
        }
        let said = outcome.is_resumed().then(|| BytesText::new("taken over from an earlier run"));
        said.map_or(Ok(()), |said| xml.create_element("system-out").write_text_content(said).map(drop))
    })?;
    Ok(())
}

fn of_failure(xml: &mut Xml<'_>, outcome: &Outcome, failure: &Failure, cancelled: Option<&str>) -> io::Result<()> {
    let why = reason(failure, cancelled);
    if outcome.status() != Status::Failed {
        let skipped = xml.create_element("skipped").with_attribute(("message", &*holdable(first_line(&why))));
        return skipped.with_attribute(("type", failure.kind())).write_empty().map(drop);
    }
    said(xml.create_element("failure"), failure.kind(), &why)?;
    attempts(xml, "rerunFailure", made(outcome).skip(1).map(|(_, attempt)| attempt))
}

/// An element for each of them that did not go well.
fn attempts<'a>(xml: &mut Xml<'_>, name: &str, mut attempts: impl Iterator<Item = &'a Attempt>) -> io::Result<()> {
    attempts.try_for_each(|attempt| {
        let Some(error) = error_of(&attempt.result) else { return Ok(()) };
        said(xml.create_element(name), attempt.result.as_str(), &error)
    })
}

/// With the first line of `text` as its message, and all of it within.
fn said(element: ElementWriter<'_, &mut dyn Write>, kind: &str, text: &str) -> io::Result<()> {
    let (message, text) = (holdable(first_line(text)), holdable(text));
    // Whoever reads XML takes a carriage return as it stands for a newline.
    let text = escape(&*text).replace('\r', "&#13;");
    let element = element.with_attributes([("message", &*message), ("type", kind)]);
    element.write_text_content(BytesText::from_escaped(text)).map(drop)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Whole milliseconds, as readers expect them.
fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// The text with U+FFFD in the place of each character that XML 1.0 cannot hold.
fn holdable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_holdable) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_holdable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
}

/// The production `Char` of <https://www.w3.org/TR/xml/#charsets>.
fn is_holdable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced_and_nothing_else() {
        assert!(matches!(holdable("größe\t\r\n\u{7f}\u{85}数😀\u{fffd}"), Cow::Borrowed(_)));
        assert_eq!(
            holdable("a\0\u{1b}[1mb\u{b}\u{c}\u{fffe}\u{ffff}c"),
            "a\u{fffd}\u{fffd}[1mb\u{fffd}\u{fffd}\u{fffd}\u{fffd}c"
        );
    }
}
