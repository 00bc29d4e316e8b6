//! The body of a request as a Jinja template that knows the prompt.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, context};
use std::fmt;

/// The one variable.
const PROMPT: &str = "prompt";

/// The one template's name.
const NAME: &str = "body";

/// Statements that bring in another template.
const FOREIGN: [&str; 5] = ["block", "extends", "from", "import", "include"];

/// A template that has been tried.
#[derive(Clone)]
pub(super) struct BodyTemplate {
    environment: Environment<'static>,
}

impl BodyTemplate {
    /// Judges a template, also what is in a branch that may never be reached; the error is a sentence, with the line.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_syntax(syntax().map_err(|error| sentence(&error))?);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| sentence(&error))?;
        let template = Self { environment };
        template.refuse_unknown_names(source)?;
        template.refuse_unknown_words(source)?;
        template.fill("a prompt")?;
        Ok(template)
    }

    fn refuse_unknown_names(&self, source: &str) -> Result<(), String> {
        let template = self.environment.get_template(NAME).map_err(|error| sentence(&error))?;
        let unknown = template.undeclared_variables(false);
        let first = words(source).find(|(_, word, _)| *word != PROMPT && unknown.contains(*word));
        match first {
            Some((_, name, line)) => Err(format!("line {line}: there is no `{name}` in it, but `{PROMPT}` alone")),
            None => Ok(()),
        }
    }

    /// Filters and tests are looked up by the engine when they are reached.
    fn refuse_unknown_words(&self, source: &str) -> Result<(), String> {
        let mut state = self.environment.empty_state();
        let lacks = |kind: ErrorKind, tried: Result<(), Error>| tried.is_err_and(|error| error.kind() == kind);
        for (role, word, line) in words(source) {
            let what = match role {
                Role::Filter if lacks(ErrorKind::UnknownFilter, state.apply_filter(word, &[]).map(drop)) => "filter",
                Role::Test if lacks(ErrorKind::UnknownTest, state.perform_test(word, &[]).map(drop)) => "test",
                Role::Statement if FOREIGN.contains(&word) => {
                    return Err(format!("line {line}: `{word}` has no place in it: it is the whole template"));
                }
                _ => continue,
            };
            return Err(format!("line {line}: there is no {what} `{word}`"));
        }
        Ok(())
    }

    pub(super) fn fill(&self, prompt: &str) -> Result<String, String> {
        let template = self.environment.get_template(NAME).map_err(|error| sentence(&error))?;
        template.render(context! { prompt }).map_err(|error| sentence(&error))
    }
}

fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().keep_trailing_newline(true).build()
}

/// What a word of a template is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Filter,
    Test,
    Statement,
    Other,
}

/// Each word of a template with what it is, and its line.
fn words(source: &str) -> impl Iterator<Item = (Role, &str, u16)> {
    let tokens = syntax().into_iter().flat_map(|syntax| tokenize(source, false, syntax)).map_while(Result::ok);
    let mut next = Role::Other;
    tokens.filter_map(move |(token, span)| {
        let role = std::mem::replace(&mut next, Role::Other);
        match token {
            Token::Pipe => next = Role::Filter,
            Token::BlockStart => next = Role::Statement,
            Token::Ident("is") => next = Role::Test,
            Token::Ident("not") if role == Role::Test => next = Role::Test,
            Token::Ident("filter") if role == Role::Statement => next = Role::Filter,
            Token::Ident(word) => return Some((role, word, span.start_line)),
            _ => {}
        }
        None
    })
}

fn sentence(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let kind = match error.kind() {
        ErrorKind::SyntaxError => "syntax error".to_owned(),
        kind => kind.to_string(),
    };
    match error.detail() {
        Some(detail) => format!("{line}{kind}: {detail}"),
        None => format!("{line}{kind}"),
    }
}

impl fmt::Debug for BodyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTemplate").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(source: &str, prompt: &str) -> String {
        BodyTemplate::new(source).unwrap().fill(prompt).unwrap()
    }

    #[test]
    fn the_prompt_is_put_in_and_the_rest_is_kept_byte_for_byte() {
        assert_eq!(
            filled("{\"q\": {{ prompt | tojson }}}\r\n\n", "say \"hi\"\n☃"),
            "{\"q\": \"say \\\"hi\\\"\\n☃\"}\r\n\n"
        );
        assert_eq!(filled("<{{ prompt }}>", "{{ 7 * 7 }}&<"), "<{{ 7 * 7 }}&<>");
        assert_eq!(filled("{% if prompt == \"a\" %}b{% else %}c{% endif %}", "a"), "b");
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        let fault = |source| BodyTemplate::new(source).unwrap_err();
        assert_eq!(fault("x\n{{ promt }}"), "line 2: there is no `promt` in it, but `prompt` alone");
        assert!(fault("x\n{{ prompt").starts_with("line 2: syntax error"));
        assert_eq!(fault("x\n\n{{ prompt | tojsn }}"), "line 3: there is no filter `tojsn`");
        assert!(fault("{{ prompt | int + [] }}").starts_with("line 1: "));
    }

    #[test]
    fn a_fault_in_a_branch_that_is_not_reached_is_one_too() {
        let fault = |inner: &str| BodyTemplate::new(&format!("{{% if false %}}{inner}{{% endif %}}")).unwrap_err();
        for (inner, word) in [
            ("{{ prompt | tojsn }}", "filter `tojsn`"),
            ("{{ prompt is not odder }}", "test `odder`"),
            ("{% filter uper %}x{% endfilter %}", "filter `uper`"),
            ("{{ promt }}", "`promt`"),
            ("{% include \"x\" %}", "`include`"),
            ("{% from \"x\" import y %}", "`from`"),
        ] {
            assert!(fault(inner).contains(word), "{}", fault(inner));
        }
        let fine = "{% set x = prompt | upper %}{% for c in x if c is not lower %}{{ loop.index ~ c }}{% endfor %}";
        assert!(BodyTemplate::new(fine).is_ok());
    }
}
