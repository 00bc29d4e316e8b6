//! What is counted adds up, whatever came.

use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use proptest::prelude::*;
use seawall::SendError;
use seawall::load::{Answer, Arrivals, LoadResult, Rate, Recorder, Second, Timed};
use std::time::{Duration, SystemTime};

fn answer(kind: u8) -> Answer {
    match kind {
        0 => Answer::ok(),
        1 => Answer::error(&SendError::transient("x")),
        _ => Answer::error(&SendError::new(seawall::ErrorClass::Cancelled, "x")),
    }
}

prop_compose! {
    fn timed()(due in 0_u64..5_000_000, late in 0_u64..50_000, took in 0_u64..3_000_000) -> Timed {
        let micros = Duration::from_micros;
        Timed { due: micros(due), began: micros(due + late), ended: micros(due + late + took) }
    }
}

fn recorded(calls: &[(Timed, u8)], elapsed: Duration) -> LoadResult {
    let mut recorder = Recorder::new();
    calls.iter().for_each(|(timed, kind)| recorder.record(timed, &answer(*kind)));
    recorder.into_result(elapsed, 0)
}

proptest! {
    #[test]
    fn a_result_adds_up(calls in prop::collection::vec((timed(), 0_u8..3), 0..60), elapsed in 0_u64..12) {
        let result = recorded(&calls, Duration::from_secs(elapsed));
        prop_assert_eq!(result.ok() + result.errors().values().sum::<u64>(), result.calls());
        prop_assert_eq!(result.series().iter().map(Second::calls).sum::<u64>(), result.calls());
        prop_assert_eq!(result.series().iter().map(Second::ok).sum::<u64>(), result.ok());
        let cancelled = result.errors().get("cancelled").copied().unwrap_or_default();
        prop_assert_eq!(result.corrected().count(), result.calls() - cancelled);
        prop_assert_eq!(result.actual().count(), result.corrected().count());
        prop_assert!(result.series().len() as u64 >= elapsed);
        let last = calls.iter().map(|(timed, _)| timed.ended).max().unwrap_or_default();
        prop_assert_eq!(result.elapsed(), last.max(Duration::from_secs(elapsed)));
        for share in [0.1, 0.5, 0.9, 0.99, 0.999] {
            prop_assert!(result.corrected().quantile(share) >= result.actual().quantile(share));
            prop_assert!(result.corrected().quantile(share) <= result.corrected().max());
        }
        prop_assert!(result.corrected().max() >= result.actual().max());
        prop_assert!(result.corrected().mean() <= result.corrected().max());
    }

    #[test]
    fn a_percentile_is_the_true_one_or_a_thousandth_more(mut micros in prop::collection::vec(1_u64..5_000_000, 1..80), share in 0.01..1.0_f64) {
        let of = |micros: &u64| (Timed { due: Duration::ZERO, began: Duration::ZERO, ended: Duration::from_micros(*micros) }, 0);
        let result = recorded(&micros.iter().map(of).collect::<Vec<_>>(), Duration::ZERO);
        micros.sort_unstable();
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
        let place = ((micros.len() as f64 * share).ceil() as usize).clamp(1, micros.len()) - 1;
        let (wanted, found) = (Duration::from_micros(micros[place]), result.corrected().quantile(share).unwrap());
        prop_assert!(found >= wanted && found <= wanted.mul_f64(1.001), "{:?} for {:?}", found, wanted);
    }

    #[test]
    fn calls_are_due_in_order_at_their_rate(rate in 0.5..5000.0_f64, seed: u64, is_drawn: bool) {
        let arrivals = Arrivals::constant(Rate::per_second(rate));
        let arrivals = if is_drawn { arrivals.with_poisson(seed) } else { arrivals };
        let dues: Vec<Duration> = arrivals.dues().take(400).collect();
        prop_assert!(dues.is_sorted());
        prop_assert_eq!(&dues, &arrivals.dues().take(400).collect::<Vec<_>>());
        let mean = dues[399].as_secs_f64() / 399.0 * rate;
        // Six sigma of what is drawn.
        let margin = if is_drawn { 0.3 } else { 1e-6 };
        prop_assert!((mean - 1.0).abs() < margin, "{}", mean);
    }
}

#[test]
fn the_log_is_read_by_others_and_holds_each_call_once() {
    let at = |millis: u64, took: u64| Timed {
        due: Duration::from_millis(millis),
        began: Duration::from_millis(millis),
        ended: Duration::from_millis(millis + took),
    };
    let calls = [(at(0, 20), 0), (at(10, 30), 1), (at(20, 10), 2), (at(2500, 100), 0)];
    let result = recorded(&calls, Duration::from_secs(3));
    let (mut log, began) = (Vec::new(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    result.write_hdr_log(&mut log, began).unwrap();
    let text = String::from_utf8(log.clone()).unwrap();
    assert!(text.starts_with("#[Histogram log format version 1.3]"), "{text}");
    assert!(text.contains("#[StartTime: 1700000000.000 "), "{text}");
    let intervals: Vec<(u64, u64, u64)> = IntervalLogIterator::new(&log)
        .filter_map(|entry| match entry.unwrap() {
            LogEntry::Interval(interval) => {
                use base64::decoded;
                let bytes = decoded(interval.encoded_histogram());
                let histogram: hdrhistogram::Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
                Some((interval.start_timestamp().as_secs(), histogram.len(), histogram.max() / 1_000_000))
            }
            _ => None,
        })
        .collect();
    assert_eq!(intervals, [(0, 2, 30), (1, 0, 0), (2, 1, 100)]);
}

/// Base 64, as its RFC 4648 has it.
mod base64 {
    pub(super) fn decoded(text: &str) -> Vec<u8> {
        let value = |byte: u8| match byte {
            b'A'..=b'Z' => u32::from(byte - b'A'),
            b'a'..=b'z' => u32::from(byte - b'a') + 26,
            b'0'..=b'9' => u32::from(byte - b'0') + 52,
            b'+' => 62,
            _ => 63,
        };
        let digits: Vec<u32> = text.bytes().filter(|byte| *byte != b'=').map(value).collect();
        let mut bytes = Vec::new();
        for four in digits.chunks(4) {
            let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
            bytes.extend(bits.to_be_bytes()[1..four.len()].iter());
        }
        bytes
    }
}
