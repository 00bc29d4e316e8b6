//! Sizes as people write them: `64KiB`, `1.5MB`.

/// Each unit with its bytes.
const UNITS: [(&str, u64); 10] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Beyond 2⁵³ a number with a fraction no longer counts single bytes.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// How many bytes `text` says. The error is a phrase about what is wrong with it.
pub(super) fn parse(text: &str) -> Result<usize, String> {
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = (&trimmed[..end], trimmed[end..].trim_start());
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let number: f64 =
        number.parse().ok().filter(|_| is_number).ok_or_else(|| format!("`{text}` is no number with a unit"))?;
    if unit.is_empty() {
        return Err(format!("the unit is missing: `{number}KiB`, `{number}MiB`?"));
    }
    let known = UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit));
    let (_, bytes) =
        known.ok_or_else(|| format!("there is no unit `{unit}`; there are B, KiB, MiB, GiB, kB, MB, GB"))?;
    #[expect(clippy::cast_precision_loss, reason = "a power of two or ten of that size is exact")]
    let bytes = number * *bytes as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is neither negative nor larger than that"
    )]
    let bytes = (bytes <= LARGEST).then_some(bytes as u64);
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| "too large".to_owned())
}

/// As [`parse`] reads it.
pub(super) fn format(bytes: usize) -> String {
    let bytes = bytes as u64;
    let fits = |(_, of): &&(&str, u64)| bytes > 0 && bytes.is_multiple_of(*of);
    let (unit, of) = UNITS[..5].iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{unit}", bytes / of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_sizes_in_many_ways() {
        for (text, bytes) in [
            ("64KiB", 65_536),
            ("16MiB", 16 << 20),
            ("1.5kB", 1_500),
            (" 2 MB ", 2_000_000),
            ("10b", 10),
            ("0B", 0),
            ("1gib", 1 << 30),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_a_reason() {
        let reason = |text| parse(text).unwrap_err();
        assert_eq!(reason("lots"), "`lots` is no number with a unit");
        assert_eq!(reason("-1MiB"), "`-1MiB` is no number with a unit");
        assert_eq!(reason("1024"), "the unit is missing: `1024KiB`, `1024MiB`?");
        assert!(reason("1 parsec").starts_with("there is no unit `parsec`"));
        assert_eq!(reason("9999999TiB"), "too large");
        for text in ["", "MiB", "1.MiB", ".5MiB", "1..5MiB", "0x10B"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for bytes in [0, 1, 1_000, 1_024, 16 << 20, (1 << 30) + 1] {
            assert_eq!(parse(&format(bytes)), Ok(bytes));
        }
        assert_eq!(format(16 << 20), "16MiB");
    }
}
