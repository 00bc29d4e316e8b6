//! The words of the template language, for those who mistype one. Which there are is known to the engine alone, and not told.

use crate::nearest::nearest;

#[rustfmt::skip]
pub(super) const FILTERS: [&str; 46] = [
    "abs", "attr", "batch", "bool", "capitalize", "chain", "count", "default", "dictsort", "escape", "first", "float", "format",
    "groupby", "indent", "int", "items", "join", "last", "length", "lines", "list", "lower", "map", "max", "min", "pprint", "reject",
    "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "split", "string", "sum", "title",
    "tojson", "trim", "unique", "upper", "zip",
];

#[rustfmt::skip]
pub(super) const TESTS: [&str; 28] = [
    "boolean", "defined", "divisibleby", "endingwith", "eq", "equalto", "escaped", "even", "false", "filter", "float", "in", "integer",
    "iterable", "lower", "mapping", "none", "number", "odd", "safe", "sameas", "sequence", "startingwith", "string", "test", "true",
    "undefined", "upper",
];

#[rustfmt::skip]
const STATEMENTS: [&str; 19] = [
    "call", "do", "elif", "else", "endcall", "endfilter", "endfor", "endif", "endmacro", "endraw", "endset", "endwith", "filter",
    "for", "if", "macro", "raw", "set", "with",
];

/// Which of `words` is meant, as a question, if one is near.
pub(super) fn did_you_mean<T: AsRef<str>>(word: &str, words: impl IntoIterator<Item = T>) -> Option<String> {
    nearest(word, words).map(|near| format!("did you mean `{}`?", near.as_ref()))
}

/// As [`did_you_mean`], for what the engine says of a statement that it does not know. One that there is stands where it means
/// nothing.
pub(super) fn did_you_mean_statement(reason: &str) -> Option<String> {
    let word = reason.strip_prefix("unknown statement ").filter(|word| !STATEMENTS.contains(word))?;
    did_you_mean(word, STATEMENTS)
}

#[cfg(test)]
mod tests {
    use super::{FILTERS, STATEMENTS, TESTS};
    use minijinja::{Environment, ErrorKind};

    #[test]
    fn the_engine_knows_each_of_them() {
        let environment = Environment::new();
        let kind = |error: Option<minijinja::Error>| error.map(|error| error.kind());
        for filter in FILTERS {
            let error = environment.empty_state().apply_filter(filter, &[]).err();
            assert_ne!(kind(error), Some(ErrorKind::UnknownFilter), "{filter}");
        }
        for test in TESTS {
            let error = environment.empty_state().perform_test(test, &[]).err();
            assert_ne!(kind(error), Some(ErrorKind::UnknownTest), "{test}");
        }
        for statement in STATEMENTS.iter().filter(|word| !word.starts_with('e')) {
            let error = environment.render_str(&format!("{{% {statement} %}}"), ()).err();
            let detail = error.and_then(|error| error.detail().map(str::to_owned)).unwrap_or_default();
            assert!(!detail.contains("unknown statement"), "{statement}: {detail}");
        }
    }
}
