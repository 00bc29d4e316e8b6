//! A text whose unclosed values are closed, so that its reader is not lost after the first one.

mod scanner;

use super::faults::{Fault, Span};
use scanner::{Gap, Scanner};

/// A text with what was missing in it, and a fault for each of the places.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) text: String,
    /// With places in [`text`](Self::text).
    pub(super) faults: Vec<Fault>,
    /// Where something was added, in the text as it was, and how much; in order.
    added: Vec<(usize, usize)>,
}

impl Mended {
    /// `None` if everything is closed.
    pub(super) fn of(text: &str) -> Option<Self> {
        let gaps = Scanner::new(text).gaps();
        if gaps.is_empty() {
            return None;
        }
        let mut mended =
            Self { text: String::with_capacity(text.len() + gaps.len()), faults: Vec::new(), added: Vec::new() };
        let mut done = 0;
        for gap in &gaps {
            mended.text.push_str(&text[done..gap.at]);
            mended.text.push_str(&gap.closing);
            mended.added.push((gap.at, gap.closing.len()));
            done = gap.at;
        }
        mended.text.push_str(&text[done..]);
        mended.faults = gaps.iter().map(|gap| mended.fault(gap)).collect();
        Some(mended)
    }

    fn fault(&self, gap: &Gap) -> Fault {
        let first = gap.closing.chars().next();
        let closing: String = gap.closing.chars().take_while(|c| Some(*c) == first).collect();
        let place = self.there(gap.opening.start)..self.there(gap.opening.end);
        let fault =
            Fault::at(place, format!("this {} is not closed", gap.what)).label(format!("a `{closing}` is missing"));
        match &gap.next {
            Some(next) => fault.other(self.there(next.start)..self.there(next.end), "before this begins"),
            None => fault,
        }
    }

    /// The same fault, with its places in the text as it was.
    pub(super) fn back(&self, fault: Fault) -> Fault {
        let back = |span: Span| self.here(span.start)..self.here(span.end);
        let others = fault.others.into_iter().map(|(span, label)| (back(span), label)).collect();
        Fault { span: fault.span.map(back), others, ..fault }
    }

    fn there(&self, at: usize) -> usize {
        at + self.added.iter().take_while(|(place, _)| *place < at).map(|(_, length)| length).sum::<usize>()
    }

    fn here(&self, at: usize) -> usize {
        let mut before = 0;
        for (place, length) in &self.added {
            match at.checked_sub(place + before) {
                None | Some(0) => break,
                Some(past) if past <= *length => return *place,
                Some(_) => before += length,
            }
        }
        at - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> Option<(String, Vec<String>)> {
        let mended = Mended::of(text)?;
        let opened = mended.faults.iter().map(|fault| mended.text[fault.span.clone().unwrap()].to_owned()).collect();
        Some((mended.text, opened))
    }

    #[track_caller]
    fn is_mended(text: &str, wanted: &str, opened: &[&str]) {
        assert_eq!(mended(text), Some((wanted.to_owned(), opened.iter().map(|text| (*text).to_owned()).collect())));
        assert!(toml::de::DeTable::parse_recoverable(wanted).1.is_empty(), "{wanted}");
    }

    #[test]
    fn what_is_not_closed_is_closed_before_the_next_entry() {
        is_mended("a = [1, 2 # x\nb = 3\n", "a = [1, 2] # x\nb = 3\n", &["["]);
        is_mended(
            "a = { x = 1\n[t]\nb = [[1], [\n\n[[u]]\n",
            "a = { x = 1}\n[t]\nb = [[1], []]\n\n[[u]]\n",
            &["{", "["],
        );
        is_mended("a = ['x', \"]\"", "a = ['x', \"]\"]", &["["]);
        is_mended("a = \"\"\"x\nb = 1\n", "a = \"\"\"x\nb = 1\n\"\"\"", &["\"\"\""]);
        is_mended("[[tasks]\nid = 1\n[ run # x\n", "[[tasks]]\nid = 1\n[ run] # x\n", &["[[tasks]", "[ run"]);
    }

    #[test]
    fn what_is_closed_is_left_alone() {
        for text in [
            "a = [\n  1, # ]\n  [2],\n  { b = 1,\n    c = 2 },\n]\nd = '[' # [\n[t.\"[\"]\n",
            "a = '''\n[x\n'''\nb = \"\"\"\\\"\"\"\n\"\"\"\n",
            "a = [\n[1, 2],\n[true],\n['x']\n]\n",
            "# a = [\n\n\"[\" = 1\n",
        ] {
            assert_eq!(mended(text), None, "{text}");
        }
    }

    #[test]
    fn places_are_found_again_in_the_text_as_it_was() {
        let text = "a = [1\nb = [2\nc = 3\n";
        let mended = Mended::of(text).unwrap();
        for (there, c) in mended.text.char_indices().filter(|(_, c)| "abc123".contains(*c)) {
            assert!(text[mended.here(there)..].starts_with(c), "{c}");
        }
        assert_eq!(mended.here(mended.text.len()), text.len());
    }
}
