//! The numbers in the pages, and where the program has them.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use super::{read, root};
use crate::support::run;

/// What a constant is in a source file.
#[track_caller]
fn constant(path: &str, name: &str) -> String {
    let source = read(path);
    let mut found = source.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line
            .strip_prefix(&format!("readonly {name}="))
            .or_else(|| line.strip_prefix(&format!("{name}: ")))
            .or_else(|| {
                let (before, rest) = line.split_once(&format!("const {name}: "))?;
                let rest = rest.split_once(" = ")?.1;
                before.chars().all(|c| !c.is_uppercase()).then_some(rest)
            })?;
        Some(rest.trim_end_matches([';', ',']).to_owned())
    });
    let value = found.next();
    value.unwrap_or_else(|| panic!("no {name} in {path}"))
}

/// A row: where the program has a number and what it is there, and the page that says it and how. A
/// row that fails because the number was changed wants the page changed too.
const NUMBERS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "src/http/mod.rs",
        "target_bytes_max",
        "8 * 1024",
        "docs/api.md",
        "longer than 8 KiB",
    ),
    (
        "src/http/mod.rs",
        "head_bytes_max",
        "16 * 1024",
        "docs/api.md",
        "head is larger than 16 KiB",
    ),
    (
        "src/http/mod.rs",
        "fields_max",
        "100",
        "docs/api.md",
        "more than 100 header fields",
    ),
    (
        "src/http/mod.rs",
        "body_bytes_max",
        "16 * 1024",
        "docs/api.md",
        "body is larger than 16 KiB",
    ),
    (
        "src/json/mod.rs",
        "DEPTH_MAX",
        "64",
        "docs/api.md",
        "nested more than 64 deep",
    ),
    (
        "src/json/mod.rs",
        "INTEGER_DIGITS_MAX",
        "4300",
        "docs/api.md",
        "more than 4,300 digits",
    ),
    (
        "src/api/error.rs",
        "INPUT_BYTES_MAX",
        "1024",
        "docs/api.md",
        "longer than 1 KiB",
    ),
    (
        "src/api/cors.rs",
        "MAX_AGE_SECS",
        "\"600\"",
        "docs/api.md",
        "for 600 seconds",
    ),
    (
        "src/api/docs.rs",
        "CACHE_CONTROL",
        "\"public, max-age=300\"",
        "docs/api.md",
        "`public, max-age=300`",
    ),
    (
        "src/fair/client.rs",
        "LINES",
        "4096",
        "README.md",
        "one of 4,096 numbers",
    ),
    (
        "src/fair/client.rs",
        "LINES",
        "4096",
        "docs/operate.md",
        "0 to 4095",
    ),
    (
        "src/fair/client.rs",
        "LINES",
        "4096",
        "docs/operate.md",
        "once in 4,096 times",
    ),
    (
        "src/fair/client.rs",
        "LINES",
        "4096",
        "docs/state.md",
        "below 4096",
    ),
    (
        "src/healthcheck.rs",
        "TIMEOUT_SECS",
        "3",
        "docs/operate.md",
        "waits three seconds",
    ),
    (
        "src/log.rs",
        "LINES_PER_SEC_MAX",
        "1_000",
        "docs/operate.md",
        "at most 1,000 errors and warnings and 1,000 other lines",
    ),
    (
        "src/server/queue.rs",
        "PIPELINED_TURN",
        "16",
        "docs/operate.md",
        "one of sixteen of its turns",
    ),
    (
        "src/store/valkey/breaker.rs",
        "PAUSE_MAX",
        "Duration::from_millis(250)",
        "docs/operate.md",
        "a quarter of a second",
    ),
    (
        "src/config/store.rs",
        "PORT",
        "6379",
        "docs/operate.md",
        "without a port, 6379",
    ),
    (
        "src/captcha/size.rs",
        "CHAR_PX_MIN",
        "14",
        "docs/operate.md",
        "at least 14 for each character and for two more",
    ),
    (
        "src/captcha/size.rs",
        "CHAR_PX_MIN",
        "14",
        "docs/operate.md",
        "height in pixels, at least 28",
    ),
    (
        "src/captcha/text.rs",
        "TEXT_CHARS_MAX",
        "32",
        "docs/operate.md",
        "1 to 32 letters and digits",
    ),
    (
        "src/store/solution.rs",
        "SOLUTION_BYTES_MAX",
        "15",
        "docs/operate.md",
        "1 to 15 letters and digits",
    ),
    (
        "src/store/solution.rs",
        "SOLUTION_BYTES_MAX",
        "15",
        "docs/state.md",
        "1 to 15",
    ),
    (
        "src/config/values.rs",
        "SECRET_BYTES_MIN",
        "8",
        "docs/operate.md",
        "8 to 256 bytes",
    ),
    (
        "src/config/values.rs",
        "SECRET_BYTES_MAX",
        "256",
        "docs/operate.md",
        "8 to 256 bytes",
    ),
    (
        ".ci/run",
        "BINARY_BYTES_MAX",
        "1210000",
        "README.md",
        "at most 1.21 MB",
    ),
];

#[test]
fn numbers_are_those_of_the_code() {
    for (path, name, value, page, phrase) in NUMBERS {
        assert_eq!(constant(path, name), *value, "{page} says {phrase:?}");
        assert!(read(page).contains(phrase), "{page} should say {phrase:?}");
    }
}

/// The default of an option, as the usage text has it.
#[track_caller]
fn default(name: &str) -> u64 {
    let usage = String::from_utf8(run(&["help"]).stdout).unwrap();
    let start = format!("  --{name} ");
    let line = usage.lines().find(|line| line.starts_with(&start)).unwrap();
    let (_, default) = line.split_once("[default: ").unwrap();
    default.trim_end_matches(']').parse().unwrap()
}

/// Numbers up to ten, as prose has them.
fn word(number: u64) -> &'static str {
    let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    words[usize::try_from(number).unwrap()]
}

#[test]
fn defaults_in_prose_are_those_of_the_options() {
    let readme = read("README.md");
    let length = default("length");
    let [attempts, ttl, capacity] = ["attempts", "ttl", "capacity"].map(default);
    let ordinal = ["no", "first", "second", "third", "fourth"][usize::try_from(attempts).unwrap()];
    let thousands = capacity / 1000;
    for phrase in [
        format!("a picture of {} letters and digits", word(length)),
        format!("with the {ordinal} wrong one (`--attempts`)"),
        format!("or {} minutes after it was made (`--ttl`)", ttl / 60),
        format!("limited by the {} attempts", word(attempts)),
        format!("Memory with {thousands},000 captchas"),
    ] {
        assert!(readme.contains(&phrase), "{phrase:?}");
    }
    let size = format!(
        "{}×{} pixels with {}",
        default("width"),
        default("height"),
        word(length)
    );
    let strength = read("docs/strength.md");
    assert!(strength.contains(&size), "{size:?}");
    let request_secs = default("request-timeout");
    let phrase = format!("within {request_secs} seconds (`--request-timeout`)");
    assert!(read("docs/api.md").contains(&phrase), "{phrase:?}");
}

/// What is drawn evenly from so many characters, case ignored, is guessed so seldom.
#[test]
fn odds_of_a_guess_are_those_of_the_texts() {
    let folder = env::temp_dir().join(format!("minicap-texts-{}", std::process::id()));
    let out = folder.to_str().unwrap();
    let small = ["--width", "112", "--height", "28"];
    let render = ["render", "--seed", "1", "--count", "200", "--out", out];
    assert!(run(&[&render[..], &small].concat()).status.success());
    let names = fs::read_dir(&folder).unwrap();
    let names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    fs::remove_dir_all(&folder).unwrap();
    let texts = names.iter().filter_map(|name| name.split('_').next());
    let classes: BTreeSet<char> = texts
        .flat_map(str::chars)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let classes = classes.len() as u64;
    let texts = classes.pow(u32::try_from(default("length")).unwrap());
    let millions = (texts + 500_000) / 1_000_000;
    let by_attempts = (texts / default("attempts") + 500_000) / 1_000_000;
    let readme = format!("once in {millions} million times");
    assert!(read("README.md").contains(&readme), "{readme:?}");
    let strength = read("docs/strength.md");
    for phrase in [
        format!("from {classes} classes"),
        format!("{millions} million"),
        format!("once in {by_attempts} million"),
    ] {
        assert!(strength.contains(&phrase), "{phrase:?}");
    }
}

/// The numbers in the files for proxies.
#[test]
fn limits_of_proxies_are_those_of_their_files() {
    let operate = read("docs/operate.md");
    for (path, settings, phrase) in [
        (
            "docs/proxy/nginx.conf",
            &["rate=2r/s", "burst=10 "][..],
            "2 pictures a second, 10 at once",
        ),
        (
            "docs/proxy/haproxy.cfg",
            &["http_req_rate(5s)", "gt 20 "],
            "20 pictures in 5 seconds",
        ),
    ] {
        let file = read(path);
        for setting in settings {
            assert!(file.contains(setting), "{path}: {setting}");
        }
        assert!(operate.contains(phrase), "{phrase:?}");
    }
}

#[test]
fn the_widget_has_the_bytes_and_languages_of_the_readme() {
    let path = root().join("src/api/docs/widget.min.js.gz");
    let bytes = fs::metadata(path).unwrap().len();
    let source = read("src/api/docs/widget.js");
    let (_, list) = source.split_once("const languages = {").unwrap();
    let (list, _) = list.split_once("\n  };").unwrap();
    let languages = list.trim().lines().count();
    let phrase = format!("| {} KB, {languages}, none |", (bytes + 500) / 1000);
    assert!(read("README.md").contains(&phrase), "{phrase:?}");
    let names = read("docs/integrate.md");
    let line = names
        .lines()
        .find(|line| line.starts_with("The default texts are available in "));
    let names = line.unwrap().split(';').next().unwrap();
    assert_eq!(
        names.replace(" and ", ", ").matches(", ").count() + 1,
        languages
    );
}
