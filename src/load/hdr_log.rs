//! The log that tools around `HdrHistogram` read.

use super::result::LoadResult;
use super::series::Second;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

impl LoadResult {
    /// Writes an `HdrHistogram` log, version 1.3: one interval for each second, empty ones included, with the corrected
    /// latencies in nanoseconds, as compressed V2 histograms. `began` is the end of the warm-up, by the wall clock.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written.
    pub fn write_hdr_log(&self, out: &mut impl Write, began: SystemTime) -> io::Result<()> {
        let mut serializer = V2DeflateSerializer::new();
        let mut writer = IntervalLogWriterBuilder::new()
            .add_comment("[Histogram log format version 1.3]")
            .with_start_time(began)
            .with_base_time(began)
            .with_max_value_divisor(1_000_000.0)
            .begin_log_with(out, &mut serializer)?;
        for (second, calls) in self.series().iter().enumerate() {
            let start = Duration::from_secs(second as u64);
            let length = self.elapsed().saturating_sub(start).clamp(Duration::from_millis(1), Duration::from_secs(1));
            let written = writer.write_histogram(&histogram_of(calls), start, length, None);
            written.map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
        Ok(())
    }
}

fn histogram_of(second: &Second) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("three digits are fine");
    for (latency, count) in second.latencies() {
        // It grows as it needs to.
        let _ = histogram.record_n(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), count);
    }
    histogram
}
