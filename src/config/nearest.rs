//! Finds the name that is most similar to a mistyped one.

/// Changes of one character after which a name is still recognized.
const CHANGES_MAX: usize = 2;

/// Characters from which the beginning of a name stands for it.
const BEGINNING_CHARS_MIN: usize = 3;

/// No name of ours is as long, and the time for comparing grows with the product of the lengths.
const NAME_BYTES_MAX: usize = 64;

/// The one of `names` that is nearest to what was typed, if any is near.
pub(super) fn nearest(typed: &str, names: impl Iterator<Item = String>) -> Option<String> {
    if NAME_BYTES_MAX < typed.len() {
        return None;
    }
    let is_begun = |name: &str| BEGINNING_CHARS_MIN <= typed.len() && name.starts_with(typed);
    let changes = |name: &str| {
        if is_begun(name) {
            1
        } else {
            distance(typed, name)
        }
    };
    let rated = names.map(|name| (changes(&name), name));
    let (changes, name) = rated.min_by_key(|(changes, _)| *changes)?;
    // Two characters of three that differ make another word.
    (changes <= CHANGES_MAX && 2 * changes < typed.len()).then_some(name)
}

/// The fewest bytes to insert, remove or replace that make one text of another (Levenshtein's
/// distance), row by row of the usual table.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, from) in from.bytes().enumerate() {
        let mut diagonal = place;
        row[0] = place + 1;
        for (at, to) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::iter;

    #[test]
    fn distance_is_the_fewest_changes() {
        for (from, to, changes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("theem", "theme", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn names_are_recognized_when_they_are_near() {
        let names = || {
            ["theme", "ttl", "cors-origin", "log"]
                .map(str::to_owned)
                .into_iter()
        };
        for (typed, name) in [
            ("theem", Some("theme")),
            ("thme", Some("theme")),
            ("cors", Some("cors-origin")),
            ("cors-origins", Some("cors-origin")),
            ("tttl", Some("ttl")),
            ("lag", Some("log")),
            ("lgo", None),
            ("lo", None),
            ("wrong", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names()).as_deref(), name, "{typed}");
        }
        assert_eq!(nearest(&"theme".repeat(100_000), names()), None);
        for (bytes, is_found) in [(NAME_BYTES_MAX, true), (NAME_BYTES_MAX + 1, false)] {
            let name = "x".repeat(bytes);
            let found = nearest(&name, iter::once(name.clone()));
            assert_eq!(found.is_some(), is_found, "{bytes} bytes");
        }
    }
}
