//! The table of options: names, bounds, defaults, and where each value goes. A new option is a row
//! here, and the field that the row sets.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::CommandName::{self, Healthcheck, Render, Serve};
use super::Draft;
use super::store::store;
use super::values::{
    Expected, address, addresses, alphabet, difficulty, field_name, file, ground_colour, level,
    mode, number, origins, path, secret, switch, test_text, text, theme, url_path,
};
use crate::captcha::SIDE_PX_MAX;
use crate::captcha::text::USUAL;
use crate::sound::DIGITS_MAX;
use crate::store::SOLUTION_BYTES_MAX;

use Value::{Hidden, One, Several};

/// Far more threads than any suitable machine has cores.
const WORKERS_MAX: u64 = 1024;
/// A day, which is long enough to read six letters.
const TTL_SECS_MAX: u64 = 24 * 60 * 60;
/// An hour: a longer wait would be a mistake.
const TIMEOUT_SECS_MAX: u64 = 60 * 60;
/// Zero would close every connection at once.
const TIMEOUT_SECS: RangeInclusive<u64> = 1..=TIMEOUT_SECS_MAX;
/// As many descriptors as a process can have on common systems without special settings.
const CONNECTIONS_MAX: u64 = 65_536;
/// From what a server in the same building needs to what no visitor waits for.
const STORE_TIMEOUT_MS: RangeInclusive<u64> = 10..=60_000;
const ATTEMPTS_MAX: u64 = 1_000;
/// About three gigabytes of captchas.
const CAPACITY_MAX: u64 = 10_000_000;
/// More would be harder for people and not for machines.
const LENGTH_MAX: u64 = 12;
const _: () = assert!(LENGTH_MAX <= SOLUTION_BYTES_MAX as u64);
/// A hundred times what a solver needs to be trained on.
const COUNT_MAX: u64 = 1_000_000;

/// One option.
pub(super) struct Spec {
    /// As on the command line, without the dashes. The environment has it in capitals, with
    /// underscores, after `MINICAP_`.
    pub name: &'static str,
    /// What its value is called in the usage text, and how it is taken.
    pub value: Value,
    /// What it is for, in the usage text.
    pub help: &'static str,
    /// The value if none is given; an option without a default may be left out.
    pub default: Option<&'static str>,
    /// The commands that take it.
    pub commands: &'static [CommandName],
    /// Reads a value into its place.
    pub set: fn(&mut Draft, &OsStr) -> Result<(), Expected>,
}

/// The value of an option, by what it is called in the usage text.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// One, of which the last that is given counts.
    One(&'static str),
    /// As one, and not shown where it is wrong, since it may hold a password.
    Hidden(&'static str),
    /// Several: a comma between them, or the option again.
    Several(&'static str),
}

impl Value {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            One(name) | Hidden(name) | Several(name) => name,
        }
    }
}

impl Spec {
    /// The name of its environment variable. Options of `render` alone have none.
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

/// The options of a command, in the order of the usage text.
pub(super) fn of(command: CommandName) -> impl Iterator<Item = &'static Spec> {
    let is_meant = move |option: &&Spec| option.commands.contains(&command);
    OPTIONS.iter().filter(is_meant)
}

/// Every option there is, in the order of the usage text.
pub(super) static OPTIONS: &[Spec] = &[
    Spec {
        name: "listen",
        value: Several("ADDRESS"),
        help: "IP address and port, port, or unix:PATH",
        default: Some("0.0.0.0:8000"),
        commands: &[Serve, Healthcheck],
        set: |draft, text| {
            draft.config.is_listen_given = true;
            put(&mut draft.config.listen, addresses(text))
        },
    },
    Spec {
        name: "metrics-listen",
        value: One("ADDRESS"),
        help: "where to serve /metrics instead",
        default: None,
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.metrics_listen, address(text).map(Some)),
    },
    Spec {
        name: "socket-mode",
        value: One("MODE"),
        help: "permissions of Unix sockets that are created",
        default: Some("0660"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.socket_mode, mode(text)),
    },
    Spec {
        name: "workers",
        value: One("N"),
        help: "threads for requests [default: one for each core]",
        default: None,
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.workers,
                number(text, 1..=WORKERS_MAX).map(Some),
            )
        },
    },
    Spec {
        name: "ttl",
        value: One("SECONDS"),
        help: "time until a captcha expires",
        default: Some("600"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.store.ttl, seconds(text, 1..=TTL_SECS_MAX)),
    },
    Spec {
        name: "attempts",
        value: One("N"),
        help: "wrong answers that end a captcha",
        default: Some("3"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.store.attempts,
                number(text, 1..=ATTEMPTS_MAX),
            )
        },
    },
    Spec {
        name: "capacity",
        value: One("N"),
        help: "most captchas in memory",
        default: Some("100000"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.store.capacity,
                number(text, 1..=CAPACITY_MAX),
            )
        },
    },
    Spec {
        name: "store",
        value: Hidden("ADDRESS"),
        help: "keep captchas in Valkey or Redis, at valkey://HOST:PORT",
        default: None,
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.valkey, store(text).map(Some)),
    },
    Spec {
        name: "store-timeout",
        value: One("MS"),
        help: "time for a request to the store",
        default: Some("500"),
        commands: &[Serve],
        set: |draft, text| {
            let time = number(text, STORE_TIMEOUT_MS).map(Duration::from_millis);
            put(&mut draft.config.store_timeout, time)
        },
    },
    Spec {
        name: "state",
        value: One("FILE"),
        help: "keep captchas over a restart in this file",
        default: None,
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.state, file(text).map(Some)),
    },
    Spec {
        name: "length",
        value: One("N"),
        help: "characters in a picture",
        default: Some("6"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.length,
                number(text, 1..=LENGTH_MAX),
            )
        },
    },
    Spec {
        name: "alphabet",
        value: One("TEXT"),
        help: "characters of the texts",
        default: Some(USUAL),
        commands: &[Serve, Render],
        set: |draft, text| put(&mut draft.config.api.captcha.alphabet, alphabet(text)),
    },
    Spec {
        name: "width",
        value: One("PIXELS"),
        help: "width of a picture",
        default: Some("600"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.style.width,
                number(text, 1..=u64::from(SIDE_PX_MAX)),
            )
        },
    },
    Spec {
        name: "height",
        value: One("PIXELS"),
        help: "height of a picture",
        default: Some("200"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.style.height,
                number(text, 1..=u64::from(SIDE_PX_MAX)),
            )
        },
    },
    Spec {
        name: "theme",
        value: One("THEME"),
        help: "light, dark or random, unless a request chooses",
        default: Some("light"),
        commands: &[Serve, Render],
        set: |draft, text| put(&mut draft.config.api.captcha.theme, theme(text)),
    },
    Spec {
        name: "ground",
        value: One("COLOUR"),
        help: "background colour of light or dark pictures, such as '#fffaf0'",
        default: None,
        commands: &[Serve, Render],
        set: |draft, text| {
            let ground = &mut draft.config.api.captcha.style.ground;
            put(ground, ground_colour(text).map(Some))
        },
    },
    Spec {
        name: "background-noise",
        value: One("on|off"),
        help: "small letters behind the text",
        default: Some("on"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.style.background_noise,
                switch(text),
            )
        },
    },
    Spec {
        name: "foreground-noise",
        value: One("on|off"),
        help: "lines through the text, and dots",
        default: Some("on"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.style.foreground_noise,
                switch(text),
            )
        },
    },
    Spec {
        name: "difficulty",
        value: One("LEVEL"),
        help: "easy, normal or hard to read",
        default: Some("normal"),
        commands: &[Serve, Render],
        set: |draft, text| {
            put(
                &mut draft.config.api.captcha.style.difficulty,
                difficulty(text),
            )
        },
    },
    Spec {
        name: "audio",
        value: One("on|off"),
        help: "offer sounds to visitors who cannot see a picture",
        default: Some("off"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.api.audio, switch(text)),
    },
    Spec {
        name: "audio-length",
        value: One("N"),
        help: "digits in a sound",
        default: Some("6"),
        commands: &[Serve],
        set: |draft, text| {
            let digits = number(text, 1..=DIGITS_MAX as u64);
            put(&mut draft.config.api.audio_length, digits)
        },
    },
    Spec {
        name: "cors-origin",
        value: Several("ORIGIN"),
        help: "origins that may use the service: *, a list, or off",
        default: Some("*"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.api.cors, origins(text)),
    },
    Spec {
        name: "docs",
        value: One("on|off"),
        help: "serve the page and the OpenAPI document",
        default: Some("on"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.api.docs, switch(text)),
    },
    Spec {
        name: "widget",
        value: One("on|off"),
        help: "serve /widget.js",
        default: Some("on"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.api.widget, switch(text)),
    },
    Spec {
        name: "siteverify-secret",
        value: Hidden("SECRET"),
        help: "serve /siteverify to backends that send this secret",
        default: None,
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.api.siteverify_secret,
                secret(text).map(Some),
            )
        },
    },
    Spec {
        name: "path",
        value: One("PATH"),
        help: "prefix of every path, such as /captcha",
        default: None,
        commands: &[Serve, Healthcheck],
        set: |draft, text| put(&mut draft.config.api.path, url_path(text)),
    },
    Spec {
        name: "log",
        value: One("LEVEL"),
        help: "off, error (or warn), info or debug",
        default: Some("info"),
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.log, level(text)),
    },
    Spec {
        name: "max-connections",
        value: One("N"),
        help: "most open connections",
        default: Some("1024"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.connections_max,
                number(text, 1..=CONNECTIONS_MAX),
            )
        },
    },
    Spec {
        name: "client-header",
        value: One("NAME"),
        help: "header in which the proxy sends its client's address",
        default: None,
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.client_field,
                field_name(text).map(Some),
            )
        },
    },
    Spec {
        name: "idle-timeout",
        value: One("SECONDS"),
        help: "time a connection may be idle",
        default: Some("150"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.timeouts.idle,
                seconds(text, TIMEOUT_SECS),
            )
        },
    },
    Spec {
        name: "request-timeout",
        value: One("SECONDS"),
        help: "time for each part of a request or response",
        default: Some("10"),
        commands: &[Serve],
        set: |draft, text| {
            let timeouts = &mut draft.config.server.timeouts;
            let time = seconds(text, TIMEOUT_SECS)?;
            (timeouts.head, timeouts.body, timeouts.write) = (time, time, time);
            Ok(())
        },
    },
    Spec {
        name: "stop-timeout",
        value: One("SECONDS"),
        help: "time to finish requests after a signal to stop",
        default: Some("5"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.timeouts.stop,
                seconds(text, TIMEOUT_SECS),
            )
        },
    },
    Spec {
        name: "drain",
        value: One("SECONDS"),
        help: "time after a signal before it stops accepting",
        default: Some("0"),
        commands: &[Serve],
        set: |draft, text| {
            put(
                &mut draft.config.server.drain,
                seconds(text, 0..=TIMEOUT_SECS_MAX),
            )
        },
    },
    Spec {
        name: "test-text",
        value: One("TEXT"),
        help: "give every captcha this text, for automated tests: protects nothing",
        default: None,
        commands: &[Serve],
        set: |draft, text| put(&mut draft.config.api.test_text, test_text(text).map(Some)),
    },
    Spec {
        name: "out",
        value: One("PATH"),
        help: "file of the picture, or folder of the pictures",
        default: None,
        commands: &[Render],
        set: |draft, value| put(&mut draft.out, path(value).map(Some)),
    },
    Spec {
        name: "count",
        value: One("N"),
        help: "number of pictures, each named TEXT_NUMBER.png",
        default: None,
        commands: &[Render],
        set: |draft, text| put(&mut draft.count, number(text, 1..=COUNT_MAX).map(Some)),
    },
    Spec {
        name: "text",
        value: One("TEXT"),
        help: "text of the pictures [default: random]",
        default: None,
        commands: &[Render],
        set: |draft, value| put(&mut draft.text, text(value).map(Some)),
    },
    Spec {
        name: "seed",
        value: One("N"),
        help: "draw the same pictures for the same number",
        default: None,
        commands: &[Render],
        set: |draft, text| put(&mut draft.seed, number(text, 0..=u64::MAX).map(Some)),
    },
];

fn put<T>(place: &mut T, value: Result<T, Expected>) -> Result<(), Expected> {
    *place = value?;
    Ok(())
}

fn seconds(text: &OsStr, range: RangeInclusive<u64>) -> Result<Duration, Expected> {
    number(text, range).map(Duration::from_secs)
}
