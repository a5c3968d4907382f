//! The table of options: names, bounds, defaults, and where each value goes.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::Command::{self, Healthcheck, Render, Serve};
use super::Config;
use crate::api::Cors;
use crate::captcha::text::TEXT_CHARS_MAX;
use crate::captcha::{SIDE_PX_MAX, ThemeChoice};
use crate::http;
use crate::log::Level;
use crate::server::Address;
use crate::store::{SOLUTION_BYTES_MAX, Solution};

/// Far more threads than any machine this is for has cores.
const WORKERS_MAX: u64 = 1024;
/// A day: who needs longer to read six letters?
const TTL_SECS_MAX: u64 = 24 * 60 * 60;
/// An hour: what waits longer than that is not waiting but forgotten.
const TIMEOUT_SECS_MAX: u64 = 60 * 60;
/// As many descriptors as a process can have on common systems without further ado.
const CONNECTIONS_MAX: u64 = 65_536;
const ATTEMPTS_MAX: u64 = 1_000;
/// Some three gigabytes of captchas.
const CAPACITY_MAX: u64 = 10_000_000;
/// More would be no harder for machines, just for people.
const LENGTH_MAX: u64 = 12;
const _: () = assert!(LENGTH_MAX <= SOLUTION_BYTES_MAX as u64);
/// Three times the longest name in common use.
const FIELD_NAME_BYTES_MAX: usize = 64;
/// A hundred times what a solver needs to be trained on.
const COUNT_MAX: u64 = 1_000_000;

/// Fewer could be guessed over the network.
const SECRET_BYTES_MIN: usize = 8;
/// As long as the digests that some use for it, with room.
const SECRET_BYTES_MAX: usize = 256;
/// A small part of what a request's target may have.
const PATH_BYTES_MAX: usize = 256;

/// What a value should have been.
pub(super) type Expected = String;

/// One option.
pub(super) struct Spec {
    /// As on the command line, without the dashes. The environment has it in capitals, with
    /// underscores, after `MINICAP_`.
    pub name: &'static str,
    /// What its value is called in the usage text.
    pub value: &'static str,
    /// What it is for, in the usage text.
    pub help: &'static str,
    /// The value if none is given; options without one may be left out.
    pub default: Option<&'static str>,
    /// The commands that take it.
    pub commands: &'static [Command],
    /// Reads a value into its place.
    pub set: fn(&mut Config, &str) -> Result<(), Expected>,
}

impl Spec {
    /// The name of its environment variable. What is only for `render` has none: it is typed.
    pub(super) fn variable(&self) -> Option<String> {
        let is_set_once = self.commands.contains(&Serve);
        is_set_once.then(|| {
            format!(
                "MINICAP_{}",
                self.name.to_ascii_uppercase().replace('-', "_")
            )
        })
    }
}

/// Every option there is, in the order of the usage text.
pub(super) const OPTIONS: [Spec; 30] = [
    Spec {
        name: "listen",
        value: "ADDRESS",
        help: "an IP address and a port, or unix:PATH",
        default: Some("0.0.0.0:8000"),
        commands: &[Serve, Healthcheck],
        set: |config, text| put(&mut config.listen, address(text)),
    },
    Spec {
        name: "workers",
        value: "N",
        help: "threads that draw and judge [default: one for each core]",
        default: None,
        commands: &[Serve],
        set: |config, text| put(&mut config.workers, number(text, 1..=WORKERS_MAX)),
    },
    Spec {
        name: "ttl",
        value: "SECONDS",
        help: "how long a captcha lives",
        default: Some("600"),
        commands: &[Serve],
        set: |config, text| {
            put(
                &mut config.ttl,
                number(text, 1..=TTL_SECS_MAX).map(Duration::from_secs),
            )
        },
    },
    Spec {
        name: "attempts",
        value: "N",
        help: "wrong answers that end a captcha",
        default: Some("3"),
        commands: &[Serve],
        set: |config, text| put(&mut config.attempts, number(text, 1..=ATTEMPTS_MAX)),
    },
    Spec {
        name: "capacity",
        value: "N",
        help: "captchas alive at a time; who has most loses one",
        default: Some("100000"),
        commands: &[Serve],
        set: |config, text| put(&mut config.capacity, number(text, 1..=CAPACITY_MAX)),
    },
    Spec {
        name: "length",
        value: "N",
        help: "characters of a text",
        default: Some("6"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.length, number(text, 1..=LENGTH_MAX)),
    },
    Spec {
        name: "width",
        value: "PIXELS",
        help: "width of the picture",
        default: Some("600"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.width, number(text, 1..=u64::from(SIDE_PX_MAX))),
    },
    Spec {
        name: "height",
        value: "PIXELS",
        help: "height of the picture",
        default: Some("200"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.height, number(text, 1..=u64::from(SIDE_PX_MAX))),
    },
    Spec {
        name: "theme",
        value: "THEME",
        help: "light, dark or random, if not chosen by a request",
        default: Some("light"),
        commands: &[Serve, Render],
        set: |config, text| {
            let theme = ThemeChoice::parse(text);
            put(
                &mut config.theme,
                theme.ok_or("light, dark or random".into()),
            )
        },
    },
    Spec {
        name: "background-noise",
        value: "on|off",
        help: "small letters behind the text",
        default: Some("on"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.background_noise, switch(text)),
    },
    Spec {
        name: "foreground-noise",
        value: "on|off",
        help: "dots and lines over the text",
        default: Some("on"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.foreground_noise, switch(text)),
    },
    Spec {
        name: "distortion",
        value: "on|off",
        help: "bent letters whose outlines cross",
        default: Some("on"),
        commands: &[Serve, Render],
        set: |config, text| put(&mut config.distortion, switch(text)),
    },
    Spec {
        name: "cors-origin",
        value: "ORIGIN",
        help: "whose pages may use it: *, an origin, or off",
        default: Some("*"),
        commands: &[Serve],
        set: |config, text| put(&mut config.cors, origin(text)),
    },
    Spec {
        name: "docs",
        value: "on|off",
        help: "page and OpenAPI document for who integrates it",
        default: Some("on"),
        commands: &[Serve],
        set: |config, text| put(&mut config.docs, switch(text)),
    },
    Spec {
        name: "widget",
        value: "on|off",
        help: "the script /widget.js",
        default: Some("on"),
        commands: &[Serve],
        set: |config, text| put(&mut config.widget, switch(text)),
    },
    Spec {
        name: "siteverify-secret",
        value: "SECRET",
        help: "serve /siteverify to backends that show this",
        default: None,
        commands: &[Serve],
        set: |config, text| {
            put(
                &mut config.siteverify_secret,
                secret(text).map(|secret| Some(secret.to_owned())),
            )
        },
    },
    Spec {
        name: "path",
        value: "PATH",
        help: "what stands before every path, such as /captcha",
        default: None,
        commands: &[Serve, Healthcheck],
        set: |config, text| put(&mut config.path, path(text)),
    },
    Spec {
        name: "log",
        value: "LEVEL",
        help: "off, error, info or debug",
        default: Some("info"),
        commands: &[Serve],
        set: |config, text| put(&mut config.log, level(text)),
    },
    Spec {
        name: "max-connections",
        value: "N",
        help: "connections open at a time; who has most loses one",
        default: Some("1024"),
        commands: &[Serve],
        set: |config, text| {
            put(
                &mut config.max_connections,
                number(text, 1..=CONNECTIONS_MAX),
            )
        },
    },
    Spec {
        name: "client-header",
        value: "NAME",
        help: "field in which the proxy in front names its client, such as X-Real-IP",
        default: None,
        commands: &[Serve],
        set: |config, text| put(&mut config.client_header, field_name(text).map(Some)),
    },
    Spec {
        name: "idle-timeout",
        value: "SECONDS",
        help: "how long an open connection may be without a request",
        default: Some("75"),
        commands: &[Serve],
        set: |config, text| put(&mut config.timeouts.idle, seconds(text)),
    },
    Spec {
        name: "head-timeout",
        value: "SECONDS",
        help: "how long a request's head may take",
        default: Some("10"),
        commands: &[Serve],
        set: |config, text| put(&mut config.timeouts.head, seconds(text)),
    },
    Spec {
        name: "body-timeout",
        value: "SECONDS",
        help: "how long a request's body may take",
        default: Some("10"),
        commands: &[Serve],
        set: |config, text| put(&mut config.timeouts.body, seconds(text)),
    },
    Spec {
        name: "write-timeout",
        value: "SECONDS",
        help: "how long a client may take nothing of its answer",
        default: Some("10"),
        commands: &[Serve],
        set: |config, text| put(&mut config.timeouts.write, seconds(text)),
    },
    Spec {
        name: "stop-timeout",
        value: "SECONDS",
        help: "how long what was begun is waited for at the end",
        default: Some("5"),
        commands: &[Serve],
        set: |config, text| put(&mut config.timeouts.stop, seconds(text)),
    },
    Spec {
        name: "test-text",
        value: "TEXT",
        help: "the text of every captcha, for tests of your own: protects nothing",
        default: None,
        commands: &[Serve],
        set: |config, text| put(&mut config.test_text, test_text(text).map(Some)),
    },
    Spec {
        name: "out",
        value: "PATH",
        help: "the picture's file, or with --count the pictures' folder",
        default: None,
        commands: &[Render],
        set: |config, text| {
            put(
                &mut config.out,
                not_empty(text, "a path").map(|path| Some(PathBuf::from(path))),
            )
        },
    },
    Spec {
        name: "count",
        value: "N",
        help: "write so many pictures, each named TEXT_NUMBER.png",
        default: None,
        commands: &[Render],
        set: |config, text| put(&mut config.count, number(text, 1..=COUNT_MAX).map(Some)),
    },
    Spec {
        name: "text",
        value: "TEXT",
        help: "the text of the pictures [default: random]",
        default: None,
        commands: &[Render],
        set: |config, value| put(&mut config.text, text(value).map(Some)),
    },
    Spec {
        name: "seed",
        value: "N",
        help: "the same number draws the same picture",
        default: None,
        commands: &[Render],
        set: |config, text| put(&mut config.seed, number(text, 0..=u64::MAX).map(Some)),
    },
];

fn put<T>(place: &mut T, value: Result<T, Expected>) -> Result<(), Expected> {
    *place = value?;
    Ok(())
}

fn number<T: TryFrom<u64>>(text: &str, range: RangeInclusive<u64>) -> Result<T, Expected> {
    // No bound here is beyond its type.
    let value = whole_number(text, &range).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| expected_number(&range))
}

fn whole_number(text: &str, range: &RangeInclusive<u64>) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|value| is_plain && range.contains(value))
}

fn expected_number(range: &RangeInclusive<u64>) -> Expected {
    format!("a number from {} to {}", range.start(), range.end())
}

fn switch(text: &str) -> Result<bool, Expected> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off".into()),
    }
}

fn level(text: &str) -> Result<Level, Expected> {
    match text {
        "off" => Ok(Level::Off),
        "error" => Ok(Level::Error),
        "info" => Ok(Level::Info),
        "debug" => Ok(Level::Debug),
        _ => Err("off, error, info or debug".into()),
    }
}

fn address(text: &str) -> Result<Address, Expected> {
    let address = match text.strip_prefix("unix:") {
        Some(path) => (!path.is_empty()).then(|| Address::Unix(path.into())),
        None => text.parse().ok().map(Address::Tcp),
    };
    address.ok_or_else(|| {
        "an IP address and port such as 127.0.0.1:8000 or [::]:8000, or unix: and a path".into()
    })
}

fn seconds(text: &str) -> Result<Duration, Expected> {
    number(text, 1..=TIMEOUT_SECS_MAX).map(Duration::from_secs)
}

fn text(text: &str) -> Result<String, Expected> {
    if (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(format!("1 to {TEXT_CHARS_MAX} characters"))
}

fn secret(text: &str) -> Result<&str, Expected> {
    let is_fit = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&text.len());
    is_fit
        .then_some(text)
        .ok_or_else(|| format!("{SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes"))
}

/// A path of segments that need no escapes. The slash at its end may be there or not.
fn path(text: &str) -> Result<String, Expected> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && !matches!(segment, "." | "..")
            && segment.bytes().all(|byte| {
                matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
            })
    };
    let mut segments = path.split('/');
    let is_path = segments.next() == Some("") && segments.all(is_segment);
    if is_path && path.len() <= PATH_BYTES_MAX {
        return Ok(path.to_owned());
    }
    Err(format!(
        "a path such as /captcha, of letters, digits, -._~ and slashes, up to {PATH_BYTES_MAX} bytes"
    ))
}

/// A text that the store can keep.
fn test_text(text: &str) -> Result<String, Expected> {
    let solution = Solution::new(text).map(|_| text.to_owned());
    solution.ok_or_else(|| format!("1 to {SOLUTION_BYTES_MAX} bytes"))
}

/// The name of a header field: a token (RFC 9110 section 5.1).
fn field_name(text: &str) -> Result<String, Expected> {
    if text.len() <= FIELD_NAME_BYTES_MAX && http::is_token(text.as_bytes()) {
        return Ok(text.to_owned());
    }
    Err("the name of a field, such as X-Real-IP".into())
}

fn not_empty<'a>(text: &'a str, expected: &str) -> Result<&'a str, Expected> {
    if text.is_empty() {
        Err(expected.into())
    } else {
        Ok(text)
    }
}

/// An origin has a scheme, a host and perhaps a port, and no path (RFC 6454 section 6.2); browsers
/// send it in lower case and without a default port, and compare it byte for byte.
fn origin(text: &str) -> Result<Cors, Expected> {
    match text {
        "*" => return Ok(Cors::Any),
        "off" => return Ok(Cors::Off),
        _ => {}
    }
    let is_host = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| {
                matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b':' | b'[' | b']')
            })
    };
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    if host.is_some_and(is_host) {
        return Ok(Cors::Only(text.to_owned()));
    }
    Err("*, off, or an origin in lower case without a path, such as https://shop.example".into())
}
