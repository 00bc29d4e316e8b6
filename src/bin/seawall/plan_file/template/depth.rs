//! How deep a template may be nested.

use super::syntax;
use minijinja::machinery::{Token, tokenize};

/// What one pair of signs may hold, in words and signs. Each may nest the next one, and what walks over them stands on the stack.
const LONGEST_EXPRESSION: usize = 2000;
/// How many `elif` a template may have; each is nested in the one before.
const MOST_ELIFS: usize = 500;

/// Where a template is nested more deeply than can be read, if it is.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let (mut words, mut elifs) = (0, 0);
    for (token, span) in tokenize(text, false, syntax()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => words = 0,
            Token::Ident("elif") if words == 0 => elifs += 1,
            _ => words += 1,
        }
        if words > LONGEST_EXPRESSION || elifs > MOST_ELIFS {
            return Some(span.start_offset as usize);
        }
    }
    None
}
