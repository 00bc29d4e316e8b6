//! A place in a JSON text (RFC 6901).

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The names and numbers that lead there.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    written: Box<str>,
    steps: Vec<Box<str>>,
}

impl Pointer {
    /// What `text` says; `None` if it is no pointer to something within.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps = text.strip_prefix('/')?.split('/');
        let is_escape = |rest: &str| rest.starts_with(['0', '1']);
        let steps: Vec<_> = steps.map(|step| step.split('~').skip(1).all(is_escape).then(|| unescaped(step))).collect();
        let steps = steps.into_iter().collect::<Option<_>>()?;
        Some(Self { written: text.into(), steps })
    }

    /// The value there, as it is written in `json`; `None` if there is none.
    pub(super) fn find<'j>(&self, json: &'j [u8]) -> Result<Option<&'j RawValue>, serde_json::Error> {
        let mut value: &RawValue = serde_json::from_slice(json)?;
        for step in &self.steps {
            let Some(inner) = child(value, step)? else { return Ok(None) };
            value = inner;
        }
        Ok(Some(value))
    }
}

fn unescaped(step: &str) -> Box<str> {
    step.replace("~1", "/").replace("~0", "~").into()
}

fn child<'j>(value: &'j RawValue, step: &str) -> Result<Option<&'j RawValue>, serde_json::Error> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let mut members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get())?;
            Ok(members.remove(step))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
            Ok(index(step).and_then(|index| items.get(index).copied()))
        }
        _ => Ok(None),
    }
}

fn index(step: &str) -> Option<usize> {
    let is_number = step == "0" || !step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit());
    step.parse().ok().filter(|_| is_number)
}

/// As it was written.
impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pointer: &str, json: &str) -> Option<String> {
        Pointer::parse(pointer).unwrap().find(json.as_bytes()).unwrap().map(|value| value.get().to_owned())
    }

    #[test]
    fn it_leads_to_a_value_as_it_is_written() {
        let json =
            r#"{"a": [1, {"b/c": "x", "~": 1.0}], "": {"": 12345678901234567890123}, "n": null, "\u00fc": true}"#;
        assert_eq!(find("/a/1/b~1c", json).as_deref(), Some("\"x\""));
        assert_eq!(find("/a/1/~0", json).as_deref(), Some("1.0"));
        assert_eq!(find("/a", json).as_deref(), Some(r#"[1, {"b/c": "x", "~": 1.0}]"#));
        assert_eq!(find("//", json).as_deref(), Some("12345678901234567890123"));
        assert_eq!((find("/n", json).as_deref(), find("/ü", json).as_deref()), (Some("null"), Some("true")));
        for nothing in ["/b", "/a/2", "/a/-", "/a/01", "/a/+1", "/a/0/x", "/n/x", "/a/99999999999999999999"] {
            assert_eq!(find(nothing, json), None, "{nothing}");
        }
        assert_eq!(find("/a", r#"{"a": 1, "a": 2}"#).as_deref(), Some("2"));
    }

    #[test]
    fn what_is_no_json_is_an_error_and_what_is_no_pointer_is_none() {
        let pointer = Pointer::parse("/a").unwrap();
        for json in ["", "<html>", "{\"a\": 1", "{\"a\": 1} x", "\u{0}"] {
            assert!(pointer.find(json.as_bytes()).is_err(), "{json}");
        }
        assert!(pointer.find(b"{\"a\": \"\xff\"}").is_err());
        for text in ["", "a", "a/b", "#/a", "/~", "/~2", "/a~/b"] {
            assert!(Pointer::parse(text).is_none(), "{text}");
        }
    }
}
