//! The name of a resource, as it is compared.

/// A name as a path, without looking at any disk: `./target`, `target/` and `a/../target` are `target`.
pub(in crate::runner) fn normalized(resource: &str) -> String {
    let is_absolute = resource.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in resource.split('/') {
        match (part, parts.last().copied()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if last != ".." => drop(parts.pop()),
            ("..", None) if is_absolute => {}
            (part, _) => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn spellings_of_one_path_are_one_resource() {
        for spelling in ["target", "./target", "target/", "a/../target", ".//./target/."] {
            assert_eq!(normalized(spelling), "target", "{spelling}");
        }
        assert_eq!(normalized("/a/../../b"), "/b");
        assert_eq!(normalized("../a"), "../a");
        assert_eq!(normalized("../../a"), "../../a");
        assert_ne!(normalized("/target"), normalized("target"));
    }
}
