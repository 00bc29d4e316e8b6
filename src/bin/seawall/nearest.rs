//! What somebody may have meant.

/// The candidate that is most like `name`, if one is like it enough to be what was meant: one or two slips of the finger away
/// (a letter too few, too many, wrong, or two of them swapped; capitals count for nothing), or with much the same beginning.
pub(crate) fn nearest<T: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    let name = name.to_lowercase();
    let alike =
        candidates.into_iter().filter_map(|candidate| Some((unlikeness(&name, candidate.as_ref())?, candidate)));
    alike.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate)
}

/// Slips first, then beginnings; `None` for what is not alike.
fn unlikeness(name: &str, candidate: &str) -> Option<f64> {
    const ALIKE: f64 = 0.75;
    // What it costs grows with both, and nobody means a name that is as long as a file.
    const LONGEST: usize = 400;
    if name.len().max(candidate.len()) > LONGEST {
        return None;
    }
    let candidate = candidate.to_lowercase();
    let most = match name.chars().count().max(candidate.chars().count()) {
        0 | 1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let beginning = strsim::jaro_winkler(name, &candidate);
    // That many slips change a length by as much at most, and counting them costs far more than the lengths.
    let is_to_count = name.chars().count().abs_diff(candidate.chars().count()) <= usize::from(most);
    let slips = is_to_count.then(|| strsim::damerau_levenshtein(name, &candidate));
    let slips = slips.and_then(|slips| u8::try_from(slips).ok()).filter(|slips| *slips <= most);
    let is_same_letter = candidate.chars().next() == name.chars().next();
    let first = if is_same_letter { 1.0 } else { 0.0 };
    slips.map(|slips| f64::from(slips) - (first + beginning) / 2.1).or((beginning >= ALIKE).then_some(4.0 - beginning))
}
