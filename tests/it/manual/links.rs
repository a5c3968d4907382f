//! Where the pages lead.

use std::collections::BTreeSet;
use std::path::Path;

use super::{pages, prose, read, root};

/// The targets of a line's links and pictures.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").map(|(place, _)| {
        let rest = &line[place + 2..];
        &rest[..rest.find(')').unwrap_or(rest.len())]
    })
}

/// The names between backticks.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The anchor that a heading has: its words in lower case, joined by hyphens.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim();
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[track_caller]
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = read(page);
    let headings = prose(&text).filter(|line| line.starts_with('#'));
    let mut anchors = BTreeSet::new();
    for heading in headings {
        let anchor = anchor(heading);
        assert!(
            anchors.insert(anchor),
            "{}: {heading} twice",
            page.display()
        );
    }
    anchors
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        for target in prose(&text).flat_map(targets) {
            count += 1;
            if target.starts_with("https://") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let place = match path {
                "" => page.clone(),
                _ => page.parent().unwrap().join(path),
            };
            assert!(root().join(&place).exists(), "{}: {target}", page.display());
            assert!(
                fragment.is_empty() || anchors(&place).contains(fragment),
                "{}: {target}",
                page.display()
            );
        }
    }
    assert!(50 < count, "{count} links");
}

#[test]
fn every_file_that_is_named_is_there() {
    let folders = ["src/", "tests/", "docs/", "font/", "voice/", ".ci/"];
    for page in pages() {
        // A log of changes names what there was.
        if page.ends_with("CHANGELOG.md") {
            continue;
        }
        let text = read(&page);
        for name in prose(&text).flat_map(code) {
            let is_path = folders.iter().any(|folder| name.starts_with(folder));
            let path = name.split(' ').next().unwrap();
            assert!(
                !is_path || root().join(path).exists(),
                "{}: {name}",
                page.display()
            );
        }
    }
}
