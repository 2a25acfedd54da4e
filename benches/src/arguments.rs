//! What a benchmark is told on its command line: values, and what is wrong with them.

use std::ops::RangeInclusive;

/// The values of a list with commas between them.
///
/// # Errors
/// One of them is no such thing.
pub fn list<T>(
    text: &str,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    text.split(',').map(|word| parse(word).ok_or(format!("no such {what}: {word}"))).collect()
}

/// A number within bounds.
///
/// # Errors
/// It is none, or beyond them.
pub fn number(text: &str, allowed: RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or(format!("{text} is not from {} to {}", allowed.start(), allowed.end()))
}
