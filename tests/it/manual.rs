//! The README and `docs/`, held against the program: links lead somewhere, everything there is has
//! its row in a table, numbers are those of the code, and examples print what they say.

mod examples;
mod links;
mod numbers;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

/// Most words of the README, so that a visitor reads it.
const README_WORDS_MAX: usize = 1_200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
#[track_caller]
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README, the pages of `docs/`, and the README of each folder that has one.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = PathBuf::from(entry.unwrap().file_name());
        if name.extension().is_some_and(|extension| extension == "md") {
            pages.push(Path::new("docs").join(name));
        }
    }
    for folder in [
        "font",
        "tests/fuzz",
        "tests/load",
        "tests/strength",
        "voice",
    ] {
        pages.push(Path::new(folder).join("README.md"));
    }
    pages
}

/// The lines of a page that are no code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence && !line.starts_with("    ")
    })
}

#[test]
fn the_readme_is_short() {
    let words = read("README.md").split_whitespace().count();
    assert!(words <= README_WORDS_MAX, "{words} words");
}
