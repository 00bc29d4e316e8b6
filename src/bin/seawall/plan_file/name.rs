//! What may be the name of a task or a backend.

/// In bytes.
const LONGEST: usize = 200;

/// What is wrong with `name`, as the end of a sentence about it.
pub(super) fn fault_of(name: &str) -> Option<String> {
    match name {
        "" => Some("is empty".to_owned()),
        name if name.len() > LONGEST => Some(format!("has {} bytes, and may have {LONGEST}", name.len())),
        name if name.contains(char::is_control) => Some("holds a control character".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fault_of;

    #[test]
    fn names_of_any_script_are_fine_and_control_characters_are_not() {
        for name in ["a", "be-ta 2", "ga\"mma", "größe/数", &"x".repeat(200)] {
            assert_eq!(fault_of(name), None);
        }
        for name in ["", "a\0b", "a\nb", "a\u{9b}b", "\u{7f}", &"x".repeat(201), &"ä".repeat(101)] {
            assert!(fault_of(name).is_some(), "{name:?}");
        }
    }
}
