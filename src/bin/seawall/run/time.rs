//! Where the time of a run went, in words.

use super::wording::Spoken;
use seawall::Why;
use std::cmp::Reverse;
use std::time::Duration;

/// What is shorter is not worth a word.
pub(crate) const LEAST: Duration = Duration::from_millis(10);

/// What tasks lost, the most first; `None` if it is next to nothing.
pub(crate) fn lost(why: &Why) -> Option<String> {
    most_lost(why, usize::MAX, LEAST)
}

/// The `most` largest parts of it, without those below `least`.
pub(crate) fn most_lost(why: &Why, most: usize, least: Duration) -> Option<String> {
    let mut parts = [
        (why.barrier, "to barriers between waves"),
        (why.failed_attempts, "to failed attempts"),
        (why.backoff, "to backoff"),
        (why.circuit, "to circuits"),
        (why.resource, "to resources that others were writing"),
        (why.place, "to places that were taken"),
    ];
    parts.sort_by_key(|(time, _)| Reverse(*time));
    let parts = parts.iter().filter(|(time, _)| *time >= least).take(most);
    let words: Vec<String> = parts.map(|(time, to)| format!("{} {to}", Spoken(*time))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{CancelToken, Clock, Plan, RetryConfig, Runner, SendError, Task};

    fn why(fails: bool) -> Why {
        let runner = Runner::builder()
            .backend_fn("x", move |_, cx| {
                cx.sleep(Duration::from_secs(if cx.attempt() == 1 { 3 } else { 1 }))?;
                if fails && cx.attempt() == 1 { Err(SendError::transient("busy")) } else { Ok("fine".into()) }
            })
            .retry(RetryConfig::new().with_initial_interval(Duration::from_secs(5)).with_randomization_factor(0.0))
            .clock(Clock::simulated())
            .build()
            .unwrap();
        let plan = Plan::builder().task(Task::new("a", "x", "")).build().unwrap();
        runner.run(&plan, &CancelToken::new()).unwrap().why()
    }

    #[test]
    fn the_most_comes_first_and_nothing_is_not_told() {
        assert_eq!(lost(&why(true)).unwrap(), "5.0s to backoff, 3.0s to failed attempts");
        assert_eq!(lost(&why(false)), None);
        assert_eq!(most_lost(&why(true), 1, LEAST).unwrap(), "5.0s to backoff");
        assert_eq!(most_lost(&why(true), 9, Duration::from_secs(6)), None);
    }
}
