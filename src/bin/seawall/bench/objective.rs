//! Objectives as people write them: `p99<200ms`, `errors<1%`, `rate>100/s`.

use crate::duration;
use crate::nearest::nearest;
use crate::visible::visible;
use seawall::load::{Measure, Objective, Rate};
use std::str::FromStr;

/// An objective with its text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slo {
    /// As written.
    pub(crate) text: String,
    pub(crate) objective: Objective,
    pub(crate) measure: Measure,
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at =
            text.find(['<', '>']).ok_or("there is no `<` or `>` in it; such as p99<200ms, errors<1%, rate>100/s")?;
        let (name, bound) = (text[..at].trim(), text[at + 1..].trim());
        let measure = measure_of(name)?;
        let is_above = text[at..].starts_with('>');
        if is_above != (measure == Measure::Rate) {
            let right = if is_above { '<' } else { '>' };
            return Err(format!("`{name}` takes `{right}`"));
        }
        let bound = bound_of(measure, bound)?;
        let objective = if is_above { Objective::above(measure, bound) } else { Objective::below(measure, bound) };
        Ok(Self { text: text.to_owned(), objective, measure })
    }
}

fn measure_of(name: &str) -> Result<Measure, String> {
    const NAMES: [&str; 8] = ["p50", "p90", "p99", "p99.9", "max", "mean", "errors", "rate"];
    match name {
        "max" => return Ok(Measure::Max),
        "mean" => return Ok(Measure::Mean),
        "errors" => return Ok(Measure::Errors),
        "rate" => return Ok(Measure::Rate),
        _ => {}
    }
    let is_number = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let share = name.strip_prefix('p').filter(is_number).and_then(share_of_percent);
    if let Some(share) = share.filter(|share| *share > 0.0 && *share <= 1.0) {
        return Ok(Measure::Quantile(share));
    }
    let near = nearest(name, NAMES).map(|near| format!("; did you mean `{near}`?"));
    Err(format!("there is no `{}`; there are {}{}", visible(name), NAMES.join(", "), near.unwrap_or_default()))
}

fn bound_of(measure: Measure, bound: &str) -> Result<f64, String> {
    match measure {
        Measure::Rate => bound.parse::<Rate>().map(Rate::as_per_second).map_err(|error| error.to_string()),
        Measure::Errors => {
            let share = bound.strip_suffix('%').and_then(|number| share_of_percent(number.trim()));
            let share = share.filter(|share| (0.0..=1.0).contains(share));
            share.ok_or_else(|| format!("`{}` is no share of all calls, such as 1%", visible(bound)))
        }
        _ => duration::parse(bound).map(|bound| bound.as_secs_f64()),
    }
}

/// The number that is nearest to what is written: a division would round a second time.
fn share_of_percent(percent: &str) -> Option<f64> {
    percent.parse::<f64>().ok()?;
    format!("{percent}e-2").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Slo>().map(|slo| slo.objective);
        assert_eq!(read("p99<200ms"), Ok(Objective::below(Measure::Quantile(0.99), 0.2)));
        assert_eq!(read("p99.9 < 1s"), Ok(Objective::below(Measure::Quantile(0.999), 1.0)));
        assert_eq!(read("mean<1.5ms"), Ok(Objective::below(Measure::Mean, 0.0015)));
        assert_eq!(read("errors<0.5%"), Ok(Objective::errors_below(0.005)));
        assert_eq!(read("rate>90/min"), Ok(Objective::above(Measure::Rate, 1.5)));
        assert_eq!(" p50<1s".parse::<Slo>().unwrap().text, " p50<1s");
    }

    #[test]
    fn what_is_no_objective_is_refused_with_a_reason() {
        let reason = |text: &str| text.parse::<Slo>().unwrap_err();
        assert!(reason("p99").contains("no `<` or `>`"));
        assert!(reason("eror<1%").ends_with("did you mean `errors`?"));
        assert!(reason("p101<1s").starts_with("there is no `p101`"));
        assert_eq!(reason("p99>1s"), "`p99` takes `<`");
        assert_eq!(reason("rate<1/s"), "`rate` takes `>`");
        assert_eq!(reason("p99<200"), "the unit is missing: `200s`, `200ms`?");
        assert_eq!(reason("errors<2"), "`2` is no share of all calls, such as 1%");
        assert!(reason("rate>10").starts_with("rate must be a number of calls"));
    }
}
