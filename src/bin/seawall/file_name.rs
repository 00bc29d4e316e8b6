//! A task's name as a file's name.

use std::fmt::Write;

/// The longest name that is kept whole, in bytes.
const LONGEST: usize = 200;
/// How much is kept of a longer one.
const KEPT: usize = 180;

/// `id` as a name that is safe in any folder: ASCII letters, digits, `-`, `_`, `[`, `]` and a `.` that is not the first
/// character stay, each other byte is `%` and two digits. A name of more than 200 bytes is cut to 180, `-` and the 16 digits
/// of a hash of the whole name, which is the same on every machine.
pub(crate) fn file_name(id: &str) -> String {
    let mut name = encoded(id);
    if name.len() > LONGEST {
        let hash = fnv(&name);
        name.truncate(KEPT);
        // Writing to a `String` cannot fail.
        let _ = write!(name, "-{hash:016x}");
    }
    name
}

fn encoded(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for byte in id.bytes() {
        let is_safe = byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte) || (byte == b'.' && !name.is_empty());
        if is_safe {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): short, and the same everywhere and for ever, unlike the standard library's hash.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for id in ["design", "a-b_c", "x[1]", "v1.2", "A."] {
            assert_eq!(file_name(id), id);
        }
    }

    #[test]
    fn what_could_leave_the_folder_or_hide_in_it_is_encoded() {
        let names = ["..", ".", ".hidden", "../up", "/etc/x", "a/b", "50%", "two words", "ü", "a%2Fb"].map(file_name);
        let wanted = [
            "%2E.",
            "%2E",
            "%2Ehidden",
            "%2E.%2Fup",
            "%2Fetc%2Fx",
            "a%2Fb",
            "50%25",
            "two%20words",
            "%C3%BC",
            "a%252Fb",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_difference() {
        let [a, b] = ["a", "b"].map(|end| file_name(&("x".repeat(200) + end)));
        assert_eq!((a.len(), &a[..181]), (197, ("x".repeat(180) + "-").as_str()));
        assert_ne!(a, b);
        assert_eq!(file_name(&"x".repeat(200)), "x".repeat(200));
    }

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("foobar"), 0x8594_4171_f739_67e8);
    }
}
