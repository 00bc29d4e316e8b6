//! How often: calls in a time.

use crate::resilience::InvalidSetting;
use std::fmt;
use std::str::FromStr;

/// So many calls a second. Always a number above zero, of at most a thousand million.
///
/// ```
/// use seawall::load::Rate;
/// let rate: Rate = "90/min".parse()?;
/// assert_eq!(rate, Rate::per_second(1.5));
/// assert_eq!(rate.to_string(), "1.5/s");
/// assert!("90".parse::<Rate>().is_err());
/// # Ok::<(), seawall::InvalidSetting>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

const RULE: &str = "rate must be a number of calls above zero and a time, such as 200/s, 90/min or 10/h";

impl Rate {
    const MOST: f64 = 1e9;

    /// # Panics
    ///
    /// If it is no number, not above zero, or over 1,000,000,000.
    #[track_caller]
    pub fn per_second(calls: f64) -> Self {
        Self::try_per_second(calls).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// [`per_second`](Rate::per_second), for a number that may be nonsense.
    pub fn try_per_second(calls: f64) -> Result<Self, InvalidSetting> {
        let is_valid = calls > 0.0 && calls <= Self::MOST;
        if is_valid { Ok(Self(calls)) } else { Err(InvalidSetting::new("rate", RULE)) }
    }

    /// Calls a second.
    pub fn as_per_second(self) -> f64 {
        self.0
    }
}

/// A number, a slash, and `s`, `min` or `h`.
impl FromStr for Rate {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let refused = || InvalidSetting::new("rate", RULE);
        let (calls, time) = text.split_once('/').ok_or_else(refused)?;
        let seconds = match time.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(refused()),
        };
        let calls: f64 = calls.trim().parse().map_err(|_| refused())?;
        Self::try_per_second(calls / seconds)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 1000.0).round() / 1000.0;
        if tenths > 0.0 { write!(f, "{tenths}/s") } else { write!(f, "{}/s", self.0) }
    }
}
