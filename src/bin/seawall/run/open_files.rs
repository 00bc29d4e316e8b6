//! How many files may be open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The pipes of a program, those of its start, and what tells of its end.
const FILES_OF_A_CALL: u64 = 12;
const OTHER_FILES: u64 = 64;

/// Makes room for so many calls at once, as far as the system lets us; the sentence about it if it does not.
///
/// A run that has room enough leaves the limit as it was: what it starts inherits it, and there are programs that take a
/// high one badly. To give only them the old limit back is not possible without a race with their own start.
pub(crate) fn make_room(calls: usize) -> Option<String> {
    let wanted = (calls as u64).saturating_mul(FILES_OF_A_CALL).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    let raised = raised(limit, wanted)?;
    // It may fail in a sandbox: then the old limit holds.
    let allowed = setrlimit(Resource::Nofile, raised).map_or(limit.current, |()| raised.current)?;
    (allowed < wanted).then(|| {
        format!("{calls} calls at a time may need {wanted} open files, and {allowed} are allowed (`ulimit -n`)")
    })
}

/// `None`: it need not be raised.
fn raised(limit: Rlimit, wanted: u64) -> Option<Rlimit> {
    let current = limit.current.filter(|current| *current < wanted)?;
    let current = limit.maximum.map_or(wanted, |maximum| wanted.min(maximum)).max(current);
    Some(Rlimit { current: Some(current), ..limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        let limit = |current, maximum| Rlimit { current, maximum };
        let of = |current, maximum, wanted| raised(limit(current, maximum), wanted).map(|limit| limit.current);
        assert_eq!(of(Some(1024), Some(4096), 1000), None);
        assert_eq!(of(None, None, 1000), None);
        assert_eq!(of(Some(1024), Some(4096), 2000), Some(Some(2000)));
        assert_eq!(of(Some(1024), Some(4096), 9000), Some(Some(4096)));
        assert_eq!(of(Some(1024), None, 9000), Some(Some(9000)));
    }
}
