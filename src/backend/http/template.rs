//! The body of a request as a Jinja template that knows the prompt.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use std::fmt;

/// The one variable.
const PROMPT: &str = "prompt";

/// The one template's name.
const NAME: &str = "body";

/// A template that has been tried.
#[derive(Clone)]
pub(super) struct BodyTemplate {
    environment: Environment<'static>,
}

impl BodyTemplate {
    /// Judges a template; the error is a sentence, with the line where it is known.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| sentence(&error))?;
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| sentence(&error))?;
        let template = Self { environment };
        template.refuse_unknown_names()?;
        // Filters and tests are looked up when they are reached.
        template.fill("a prompt")?;
        Ok(template)
    }

    fn refuse_unknown_names(&self) -> Result<(), String> {
        let template = self.environment.get_template(NAME).map_err(|error| sentence(&error))?;
        let mut unknown: Vec<_> =
            template.undeclared_variables(false).into_iter().filter(|name| name != PROMPT).collect();
        unknown.sort_unstable();
        match unknown.first() {
            Some(name) => Err(format!("there is no `{name}` in it, but `{PROMPT}` alone")),
            None => Ok(()),
        }
    }

    pub(super) fn fill(&self, prompt: &str) -> Result<String, String> {
        let template = self.environment.get_template(NAME).map_err(|error| sentence(&error))?;
        template.render(context! { prompt }).map_err(|error| sentence(&error))
    }
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
        assert_eq!(fault("x\n{{ promt }}"), "there is no `promt` in it, but `prompt` alone");
        assert!(fault("x\n{{ prompt").starts_with("line 2: syntax error"));
        let unknown = fault("x\n\n{{ prompt | tojsn }}");
        assert!(unknown.starts_with("line 3: ") && unknown.contains("tojsn"), "{unknown}");
    }
}
