//! Items that are files.

use super::{Item, MOST_ITEMS, too_many};
use globset::{GlobBuilder, GlobMatcher};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// The files that fit `pattern`, seen from `folder`, sorted by bytes. The error: why they cannot be told.
///
/// What the pattern itself names before its first sign is gone into as it is; among what is found there, hidden ones and links
/// to folders are passed by.
pub(super) fn items(pattern: &str, folder: &Path) -> Result<Vec<Item>, String> {
    let no_text = |name: OsString| format!("the name of {} is not UTF-8", name.display());
    let text = |name: OsString| name.into_string().map_err(no_text);
    files(pattern, folder)?.into_iter().map(|name| Ok(Item::Text(text(name)?.into()))).collect()
}

/// Why it is no pattern, if it is none.
pub(in super::super) fn judge(pattern: &str) -> Result<(), String> {
    Pattern::of(pattern).map(drop)
}

/// Their names.
pub(in super::super) fn files(pattern: &str, folder: &Path) -> Result<Vec<OsString>, String> {
    let pattern = Pattern::of(pattern)?;
    let base = folder.join(&pattern.base);
    let walk = WalkDir::new(&base).min_depth(1).max_depth(pattern.depth).into_iter();
    let mut names = Vec::new();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let Some(entry) = passable(entry)? else { continue };
        let path = entry.path().strip_prefix(&base).unwrap_or(entry.path());
        if pattern.matcher.is_match(path) && is_file(&entry) {
            names.push(pattern.base.join(path).into_os_string());
        }
        if names.len() > MOST_ITEMS {
            return Err(too_many());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A pattern, taken apart where its first sign is.
struct Pattern {
    /// The folder that it names.
    base: PathBuf,
    matcher: GlobMatcher,
    /// How deep below that folder a file may be.
    depth: usize,
}

impl Pattern {
    fn of(pattern: &str) -> Result<Self, String> {
        const SIGNS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
        let root = if pattern.starts_with('/') { "/" } else { "" };
        let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let first = parts.iter().position(|part| part.contains(SIGNS)).unwrap_or(parts.len().saturating_sub(1));
        let rest = parts[first..].join("/");
        let glob = GlobBuilder::new(&rest).literal_separator(true).build();
        Ok(Self {
            base: Path::new(root).join(parts[..first].join("/")),
            matcher: glob.map_err(|error| error.kind().to_string())?.compile_matcher(),
            depth: if rest.contains("**") { usize::MAX } else { parts.len() - first },
        })
    }
}

/// What vanishes while one looks, and what was never there, is passed by.
fn passable(entry: walkdir::Result<DirEntry>) -> Result<Option<DirEntry>, String> {
    match entry {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.io_error().is_some_and(is_nothing) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn is_nothing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

fn is_file(entry: &DirEntry) -> bool {
    let leads_to_file = || fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file());
    entry.file_type().is_file() || (entry.path_is_symlink() && leads_to_file())
}

#[cfg(test)]
mod tests {
    use super::items;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["src/deep/er", "src/.hidden", "Z", ".git", "outside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for name in [
            "b.rs",
            "src/a.rs",
            "src/a b.rs",
            "src/deep/er/c.rs",
            "src/.hidden/d.rs",
            "src/.e.rs",
            "Z/f.rs",
            ".git/g.rs",
            "src/h.txt",
            "outside/i.rs",
        ] {
            fs::write(path(name), "").unwrap();
        }
        symlink(path("outside"), path("src/link")).unwrap();
        symlink(path("b.rs"), path("src/linked.rs")).unwrap();
        symlink(path("nowhere"), path("src/dangling.rs")).unwrap();
        fs::create_dir(path("src/folder.rs")).unwrap();
        folder
    }

    #[test]
    fn files_are_found_by_their_names_from_the_folder_on_sorted_by_bytes() {
        let folder = folder();
        for (pattern, wanted) in [
            ("*.rs", &["b.rs"][..]),
            ("src/*.rs", &["src/a b.rs", "src/a.rs", "src/linked.rs"]),
            ("./src//*.rs", &["src/a b.rs", "src/a.rs", "src/linked.rs"]),
            (
                "**/*.rs",
                &["Z/f.rs", "b.rs", "outside/i.rs", "src/a b.rs", "src/a.rs", "src/deep/er/c.rs", "src/linked.rs"],
            ),
            ("src/**/c.rs", &["src/deep/er/c.rs"]),
            ("src/*/c.rs", &[]),
            ("src/{deep/er,none}/*.rs", &["src/deep/er/c.rs"]),
            ("src/h.txt", &["src/h.txt"]),
            ("src/[ah].{rs,txt}", &["src/a.rs", "src/h.txt"]),
            ("src", &[]),
            ("", &[]),
            ("no/such/*.rs", &[]),
            ("b.rs/*", &[]),
            ("src/../*.rs", &["src/../b.rs"]),
            (".git/*.rs", &[".git/g.rs"]),
        ] {
            let found = items(pattern, folder.path()).unwrap();
            assert_eq!(found.iter().map(|item| item.text().to_string()).collect::<Vec<_>>(), wanted, "{pattern}");
        }
    }

    #[test]
    fn a_whole_path_gives_whole_paths() {
        let folder = folder();
        let pattern = format!("{}/src/h.*", folder.path().display());
        let found = items(&pattern, std::path::Path::new("elsewhere")).unwrap();
        assert_eq!(&*found[0].text(), folder.path().join("src/h.txt").to_str().unwrap());
    }

    #[test]
    fn a_name_that_is_no_text_is_a_fault_only_where_it_fits() {
        let folder = folder();
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.md")), "").unwrap();
        assert_eq!(items("*.rs", folder.path()).unwrap().len(), 1);
        assert!(items("*.md", folder.path()).unwrap_err().ends_with("is not UTF-8"));
    }

    #[test]
    fn a_pattern_that_is_none_says_why() {
        assert!(items("src/[.rs", folder().path()).unwrap_err().contains("character class"));
        assert!(items("src/{a", folder().path()).unwrap_err().contains("alternate"));
    }
}
