//! Where a key belongs that stands in the wrong place.

use super::{backend, breaker, read, retry, task};
use crate::nearest::nearest;

/// The right key for `key`, and the tables that it belongs to; where nothing has it, for the key that is most like it.
pub(super) fn home_of(key: &str) -> Option<(&'static str, String)> {
    let homes = homes();
    let all = homes.iter().flat_map(|(_, keys)| keys.iter().copied());
    let near = all.clone().find(|known| *known == key).or_else(|| nearest(key, all))?;
    let places: Vec<&str> = homes.iter().filter(|(_, keys)| keys.contains(&near)).map(|(place, _)| *place).collect();
    Some((near, places.join(" or ")))
}

fn homes() -> [(&'static str, Vec<&'static str>); 6] {
    [
        ("the top of the plan", read::KEYS.to_vec()),
        ("[run]", read::RUN_KEYS.to_vec()),
        ("[retry]", retry::KEYS.to_vec()),
        ("[breaker]", breaker::KEYS.to_vec()),
        ("a backend", backend::keys_of_all_kinds()),
        ("a task", task::KEYS.to_vec()),
    ]
}
