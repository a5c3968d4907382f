//! Prepares the build: lists the voices for the program. Each folder beside this file is a language,
//! named by its tag, and has the ten digits, `0.wav` to `9.wav`. A new folder adds a language without
//! a change of code.
//!
//! It knows nothing of sounds: `src/sound/voice.rs` reads the list.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let folder = |variable| PathBuf::from(env::var_os(variable).expect("Cargo sets it"));
    let voices = folder("CARGO_MANIFEST_DIR").join("voice");
    println!("cargo::rerun-if-changed={}", voices.display());
    let list: String = languages(&voices).iter().map(|name| line(name)).collect();
    fs::write(folder("OUT_DIR").join("voices.rs"), format!("&[{list}]"))
        .expect("the list can be written");
    save_bytes();
}

/// Asks the linker of static programs, which `.cargo/config.toml` names, for a smaller program.
/// Functions of the same code become one: nothing here compares addresses of functions. The addresses
/// that are adjusted at the start are packed: the musl of this Rust understands them, a host's own C
/// library may not.
fn save_bytes() {
    if env::var("RUSTC_LINKER").is_ok_and(|linker| linker == "rust-lld") {
        for argument in ["--icf=all", "--pack-dyn-relocs=relr"] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

fn languages(voices: &Path) -> Vec<String> {
    let entries = fs::read_dir(voices).expect("voice/ can be read");
    let paths = entries.map(|entry| entry.expect("voice/ can be read").path());
    let names = paths.filter(|path| path.is_dir()).map(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.expect("a folder is named by a tag").to_owned()
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// A language and the contents of its ten files, as Rust code.
fn line(language: &str) -> String {
    let files: Vec<String> = (0..10)
        .map(|digit| format!("/voice/{language}/{digit}.wav"))
        .map(|file| format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {file:?}))"))
        .collect();
    format!("({language:?}, [{}]),\n", files.join(", "))
}
