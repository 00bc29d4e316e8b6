//! How a call begins: in a new session, or in one that there is.

use crate::session::Session;
use crate::usage::Usage;
use std::hash::{BuildHasher, RandomState};

pub(super) enum Opening {
    /// Under this name, where it is ours to choose.
    New(Option<String>),
    GoOn(Session),
}

impl Opening {
    /// The name that the program is told.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::New(name) => name.as_deref(),
            Self::GoOn(session) => Some(session.id()),
        }
    }

    /// What was used in the session before.
    pub(super) fn total(&self) -> Usage {
        match self {
            Self::New(_) => Usage::new(),
            Self::GoOn(session) => session.total(),
        }
    }
}

/// 128 bits that nobody has drawn before, whatever the seed of the run.
fn random() -> u128 {
    let entropy = RandomState::new();
    u128::from(entropy.hash_one(0)) << 64 | u128::from(entropy.hash_one(1))
}

/// A random name of a session, as RFC 9562 has it for version 4.
pub(super) fn uuid() -> String {
    uuid_of(random())
}

fn uuid_of(bits: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let bits = bits & !VERSION & !VARIANT | 4 << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_of_version_4_and_is_like_no_other() {
        assert_eq!(uuid_of(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid_of(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_ne!(uuid(), uuid());
    }
}
