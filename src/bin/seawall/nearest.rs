//! What somebody may have meant.

/// The candidate that is most like `name`, if one is like it enough.
pub(crate) fn nearest<T: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    const ALIKE: f64 = 0.75;
    let score = |candidate: T| (strsim::jaro_winkler(name, candidate.as_ref()), candidate);
    let alike = candidates.into_iter().map(score).filter(|(score, _)| *score >= ALIKE);
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate)
}
