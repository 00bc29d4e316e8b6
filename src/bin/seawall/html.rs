//! Text that stays text.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// A text as it may stand in an element, or in an attribute between quotes.
#[derive(Clone, Copy)]
pub(crate) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // What HTML cannot hold.
            c if c.is_control() && c != '\n' && c != '\t' => f.write_char(char::REPLACEMENT_CHARACTER),
            c => f.write_char(c),
        })
    }
}

/// JSON that ends no script, and begins none: `<` occurs in its texts alone, where it may be written otherwise.
pub(crate) fn script_safe(json: &str) -> Cow<'_, str> {
    if json.contains(['<', '>', '&']) {
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").into()
    } else {
        json.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_wherever_it_stands() {
        assert_eq!(Escaped("<a b=\"c\" d='e'>&\0").to_string(), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{fffd}");
        let json = serde_json::to_string("</script><!--<script>&").unwrap();
        let safe = script_safe(&json);
        assert!(!safe.contains(['<', '>', '&']), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "</script><!--<script>&");
    }
}
