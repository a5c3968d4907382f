//! Replays the corpus of the fuzz targets: each law holds for each of its files.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    unreachable_pub // The laws are a library of their own to the fuzz targets.
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "fuzz/src/lib.rs"]
mod laws;

type Law = (&'static str, fn(&[u8]));

const LAWS: [Law; 7] = [
    ("head", laws::head::check),
    ("chunked", laws::chunked::check),
    ("json", laws::json::check),
    ("query", laws::query::check),
    ("connection", laws::connection::check),
    ("resp", laws::resp::check),
    ("state", laws::state::check),
];

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus"))
}

fn replay((name, law): Law) {
    let mut count = 0;
    for entry in fs::read_dir(corpus().join(name)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display()); // Shown if the law does not hold.
        law(&fs::read(path).unwrap());
        count += 1;
    }
    assert!(0 < count, "no input for {name}");
}

#[test]
fn head() {
    replay(LAWS[0]);
}

#[test]
fn chunked() {
    replay(LAWS[1]);
}

#[test]
fn json() {
    replay(LAWS[2]);
}

#[test]
fn query() {
    replay(LAWS[3]);
}

#[test]
fn connection() {
    replay(LAWS[4]);
}

#[test]
fn resp() {
    replay(LAWS[5]);
}

#[test]
fn state() {
    replay(LAWS[6]);
}

#[test]
fn every_folder_has_its_law_and_every_law_its_target() {
    let names = |folder: &Path| -> BTreeSet<_> {
        let entries = fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| path.file_stem().unwrap().to_owned())
            .collect()
    };
    let laws: BTreeSet<_> = LAWS.map(|(name, _)| name.into()).into();
    assert_eq!(names(corpus()), laws);
    assert_eq!(names(&corpus().with_file_name("fuzz_targets")), laws);
}
