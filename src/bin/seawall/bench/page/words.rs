//! What happened, in sentences.

use super::axes::{Drawn, count, round};
use super::bands::{word, worst};
use crate::bench::summary::{counted, human, percent, short};
use seawall::CircuitState;
use seawall::load::{Interval, LoadResult};
use std::time::Duration;

/// What there is to say of a load, the most important first.
pub(super) fn sentences(drawn: &Drawn<'_>) -> Vec<String> {
    let result = drawn.shown.result;
    let some = [
        Some(outcome(result)),
        failing(drawn),
        slow(drawn),
        circuit(drawn),
        retries(drawn),
        queued(result),
        late(drawn),
    ];
    some.into_iter().flatten().collect()
}

fn outcome(result: &LoadResult) -> String {
    let (calls, elapsed) = (counted(result.calls(), "call"), human(result.elapsed()));
    let cancelled = result.cancelled().map(|reason| format!("; it was ended by {reason}")).unwrap_or_default();
    let ok = match result.error_share() {
        None => return format!("No call ended in {elapsed}{cancelled}."),
        Some(0.0) => "all ok".to_owned(),
        Some(share) => format!("{} ok", percent(1.0 - share)),
    };
    format!("{calls} in {elapsed}, {}/s, {ok}{cancelled}.", short(result.rate()))
}

/// The longest stretch in which most calls failed.
fn failing(drawn: &Drawn<'_>) -> Option<String> {
    let is_bad = |part: &Interval| (part.calls() > 0).then(|| 2 * (part.calls() - part.ok()) > part.calls());
    let (first, end) = longest(drawn.parts.iter().map(is_bad))?;
    let parts = &drawn.parts[first..end];
    let (calls, ok) = parts.iter().fold((0, 0), |(calls, ok), part| (calls + part.calls(), ok + part.ok()));
    if calls < 5 {
        return None;
    }
    let share = percent(count(calls - ok) / count(calls));
    let from = round(count(first as u64) * drawn.length);
    let is_at_the_end = drawn.parts[end..].iter().all(|part| part.calls() == 0);
    if is_at_the_end && end - first < drawn.parts.len() {
        return Some(format!("From {from} s to the end the error share was {share}: it did not come back."));
    }
    Some(format!("The error share was {share} from {from} s to {} s.", round(count(end as u64) * drawn.length)))
}

/// From the first to behind the last of the longest stretch of what is so; what is unknown ends none.
fn longest(marks: impl Iterator<Item = Option<bool>>) -> Option<(usize, usize)> {
    type Stretch = Option<(usize, usize)>;
    let (mut best, mut now): (Stretch, Stretch) = (None, None);
    for (place, mark) in marks.enumerate() {
        match mark {
            Some(true) => now = Some((now.map_or(place, |(first, _)| first), place + 1)),
            Some(false) => now = None,
            None => {}
        }
        let length = |stretch: Stretch| stretch.map_or(0, |(first, end)| end - first);
        best = if length(now) > length(best) { now } else { best };
    }
    best
}

/// The worst p99 beside that of usual parts, and what circuits were doing.
fn slow(drawn: &Drawn<'_>) -> Option<String> {
    const LITTLE: f64 = 2.0;
    let p99: Vec<(usize, Duration)> =
        drawn.parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.quantile(0.99)?))).collect();
    let mut sorted: Vec<Duration> = p99.iter().map(|(_, latency)| *latency).collect();
    sorted.sort_unstable();
    let usual = *sorted.get(sorted.len() / 10)?;
    // The first of those that are equal.
    let (at, worst_p99) = p99.into_iter().rev().max_by_key(|(_, latency)| *latency)?;
    let times = worst_p99.as_secs_f64() / usual.as_secs_f64().max(1e-9);
    if times < LITTLE {
        return Some(format!("p99 stayed below {LITTLE}× the {} of a quiet moment.", human(usual)));
    }
    let from = count(at as u64) * drawn.length;
    let state = worst(&drawn.bands, from, from + drawn.length).filter(|state| *state != CircuitState::Closed);
    let when = state.map(|state| format!("when the circuit was {} ", word(state))).unwrap_or_default();
    let (times, from) = (short(times), round(from));
    Some(format!("p99 rose {times}×, from {} to {}, {when}at {from} s.", human(usual), human(worst_p99)))
}

fn circuit(drawn: &Drawn<'_>) -> Option<String> {
    let opened: Vec<_> = drawn.shown.changes.iter().filter(|change| change.to == CircuitState::Open).collect();
    let refused = drawn.shown.result.rejected();
    let first = opened.first()?;
    let times = if opened.len() == 1 { "once".to_owned() } else { format!("{} times, first", opened.len()) };
    let at = round(first.at.as_secs_f64());
    let shut = drawn.bands.iter().filter(|band| band.state != CircuitState::Closed).map(|band| band.to - band.from);
    let shut = human(Duration::try_from_secs_f64(shut.sum()).unwrap_or_default());
    Some(format!(
        "The circuit of {} opened {times} at {at} s; circuits were not closed for {shut} in all, and refused {}.",
        first.backend,
        counted(refused, "ask")
    ))
}

fn retries(drawn: &Drawn<'_>) -> Option<String> {
    let result = drawn.shown.result;
    if result.attempts() <= result.calls() && result.saved() == 0 {
        return None;
    }
    let saved = if result.saved() == 0 { "none".to_owned() } else { counted(result.saved(), "call") };
    let backoff = human(result.backoff());
    let saved = format!("{saved} ok only because of a retry; {backoff} in backoff");
    if result.attempts() <= result.calls() {
        return Some(format!("There were {saved}."));
    }
    let each = short(count(result.attempts()) / count(result.calls()));
    let most = short(drawn.parts.iter().map(|part| drawn.rate(part.attempts())).fold(0.0, f64::max));
    Some(format!("Retries made {each} attempts of each call, up to {most}/s; {saved}."))
}

/// How much of the latency was waiting to begin.
fn queued(result: &LoadResult) -> Option<String> {
    let (corrected, actual) = (result.corrected().p99()?, result.actual().p99()?);
    (corrected > actual * 3 / 2).then(|| {
        format!(
            "Much of it was queue: p99 is {} from when calls were due, and {} from when they began.",
            human(corrected),
            human(actual)
        )
    })
}

fn late(drawn: &Drawn<'_>) -> Option<String> {
    let result = drawn.shown.result;
    let p99 = human(result.late().p99()?);
    if !result.is_limited() {
        return None;
    }
    let missed = match result.missed() {
        0 => String::new(),
        missed => format!(", and {} never did", counted(missed, "call")),
    };
    let waited = match drawn.queues().into_iter().map(|(late, _)| late).max().unwrap_or_default() {
        0 => String::new(),
        most => format!("; up to {most} waited at once"),
    };
    Some(format!("The generator itself was late: one call in a hundred began {p99} late or more{missed}{waited}."))
}

#[cfg(test)]
mod tests {
    use super::super::Shown;
    use super::*;
    use crate::bench::circuit::Change;
    use seawall::SendError;
    use seawall::load::{Answer, Recorder, Timed};

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A call each 10 ms for 10 s; `of` says how long it takes, and whether it is ok.
    fn load(of: impl Fn(u64) -> (u64, bool)) -> LoadResult {
        let mut recorder = Recorder::new();
        for due in (0..10_000).step_by(10) {
            let (took, is_ok) = of(due);
            let timed = Timed { due: MS(due), began: MS(due), ended: MS(due + took) };
            let answer = if is_ok { Answer::ok() } else { Answer::error(&SendError::transient("x")) };
            recorder.record(&timed, &answer);
        }
        recorder.into_result(MS(10_000), 0)
    }

    fn said(result: &LoadResult, changes: &[Change]) -> String {
        let shown = Shown { name: String::new(), result, changes };
        sentences(&Drawn::of(&shown, 240)).join("\n")
    }

    fn change(at: u64, from: CircuitState, to: CircuitState) -> Change {
        Change { at: MS(at), backend: "api".to_owned(), from, to }
    }

    #[test]
    fn a_steady_load_has_a_short_story() {
        let said = said(&load(|_| (5, true)), &[]);
        assert_eq!(said, "1000 calls in 10s, 100/s, all ok.\np99 stayed below 2× the 4.98ms of a quiet moment.");
    }

    #[test]
    fn a_time_of_failures_is_told_with_its_beginning_and_its_end() {
        let told = said(&load(|due| (5, !(2000..4000).contains(&due))), &[]);
        assert!(
            told.contains("The error share was 100 % from 2 s to 4.1 s.") || told.contains("from 2 s to 4 s."),
            "{told}"
        );
        let told = said(&load(|due| (5, due < 6000)), &[]);
        assert!(told.contains("From 6 s to the end the error share was 100 %: it did not come back."), "{told}");
    }

    #[test]
    fn a_peak_is_told_with_what_the_circuit_did() {
        use CircuitState::{Closed, HalfOpen, Open};
        let result = load(|due| (if (6000..6100).contains(&due) { 200 } else { 5 }, true));
        let changes = [change(5000, Closed, Open), change(6150, Open, HalfOpen), change(6400, HalfOpen, Closed)];
        let told = said(&result, &changes);
        assert!(told.contains("p99 rose 38.7×, from 4.98ms to 193ms"), "{told}");
        assert!(told.contains("when the circuit was half-open at 6.2 s"), "{told}");
        assert!(
            told.contains("The circuit of api opened once at 5 s; circuits were not closed for 1.4s in all"),
            "{told}"
        );
    }
}
