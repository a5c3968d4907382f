//! From arguments and environment to a command and its configuration. A wrong value is an error
//! that names the option, the value, and what was expected.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::options::{OPTIONS, Spec};
use super::{Command, Config};
use crate::api::Cors;
use crate::captcha::{self, ThemeChoice};
use crate::log::Level;
use crate::server::{Address, Timeouts};

const SUMMARY: &str = "\
miniCAP: image CAPTCHAs over HTTP

Usage:
  minicap [OPTIONS]                          serve
  minicap render --out FILE [OPTIONS]        write one picture
  minicap render --count N --out DIR [OPTIONS]
                                             write pictures to DIR/TEXT_NUMBER.png
  minicap healthcheck [--listen ADDRESS]     exit with 0 if a server is well there, else with 1
  minicap --help | --version

";

/// Reads the arguments (without the program's name) and, through `variable`, the environment. The
/// command line goes before the environment, and that before the defaults; an empty variable counts
/// as none.
///
/// # Errors
///
/// One line for the operator.
pub fn parse(
    arguments: impl IntoIterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Command, Config), String> {
    let mut arguments = arguments.into_iter().peekable();
    let command = command(&mut arguments);
    let mut config = Config::unset();
    for option in &OPTIONS {
        if let Some(default) = option.default {
            set(option, &mut config, default, &format!("--{}", option.name))?;
        }
    }
    for option in OPTIONS
        .iter()
        .filter(|option| option.commands.contains(&command))
    {
        let Some(name) = option.variable() else {
            continue;
        };
        if let Some(value) = variable(&name).filter(|value| !value.is_empty()) {
            set(option, &mut config, &value, &name)?;
        }
    }
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok((Command::Help, config)),
            "--version" | "-V" => return Ok((Command::Version, config)),
            _ => {}
        }
        let (option, value) = option_and_value(&argument, &mut arguments, command)?;
        set(option, &mut config, &value, &format!("--{}", option.name))?;
    }
    check(command, &config)?;
    Ok((command, config))
}

fn command(arguments: &mut Peekable<impl Iterator<Item = String>>) -> Command {
    let command = match arguments.peek().map(String::as_str) {
        Some("render") => Command::Render,
        Some("healthcheck") => Command::Healthcheck,
        _ => return Command::Serve,
    };
    arguments.next();
    command
}

/// Reads `--name value` or `--name=value`.
fn option_and_value(
    argument: &str,
    rest: &mut impl Iterator<Item = String>,
    command: Command,
) -> Result<(&'static Spec, String), String> {
    let Some(long) = argument.strip_prefix("--") else {
        return Err(format!(
            "expected an option, but found {argument:?} (see --help)"
        ));
    };
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (long, None),
    };
    let is_meant = |option: &&Spec| option.name == name && option.commands.contains(&command);
    let Some(option) = OPTIONS.iter().find(is_meant) else {
        return Err(format!("--{name}: no such option here (see --help)"));
    };
    match value.or_else(|| rest.next()) {
        Some(value) => Ok((option, value)),
        None => Err(format!("--{name}: expected a value, but found none")),
    }
}

fn set(option: &Spec, config: &mut Config, value: &str, name: &str) -> Result<(), String> {
    (option.set)(config, value)
        .map_err(|expected| format!("{name}: expected {expected}, but found {value:?}"))
}

/// What one option alone cannot know.
fn check(command: Command, config: &Config) -> Result<(), String> {
    match command {
        Command::Serve => check_size(config, config.test_text.as_deref()),
        Command::Render if config.out.is_none() => {
            Err("--out: expected a path, but found none".into())
        }
        Command::Render => check_size(config, config.text.as_deref()),
        Command::Healthcheck if matches!(&config.listen, Address::Tcp(tcp) if tcp.port() == 0) => {
            let listen = config.listen.to_string();
            Err(format!(
                "--listen: expected a port other than 0, but found {listen:?}"
            ))
        }
        Command::Healthcheck | Command::Help | Command::Version => Ok(()),
    }
}

fn check_size(config: &Config, text: Option<&str>) -> Result<(), String> {
    let chars = text.map_or(config.length, |text| text.chars().count());
    captcha::check(chars, config.width, config.height)
        .map_err(|error| format!("--width, --height: {error}"))
}

impl Config {
    /// What stands before the defaults of the table are read, and stays where it has none.
    fn unset() -> Self {
        Config {
            listen: Address::Unix(PathBuf::new()),
            workers: thread::available_parallelism().map_or(1, usize::from),
            max_connections: 0,
            client_header: None,
            timeouts: Timeouts::DEFAULT,
            ttl: Duration::ZERO,
            attempts: 0,
            capacity: 0,
            length: 0,
            width: 0,
            height: 0,
            theme: ThemeChoice::Random,
            background_noise: false,
            foreground_noise: false,
            distortion: false,
            cors: Cors::Off,
            docs: false,
            widget: false,
            siteverify_secret: None,
            path: String::new(),
            log: Level::Off,
            test_text: None,
            out: None,
            count: None,
            text: None,
            seed: None,
        }
    }
}

/// How the program is used, from the table of options.
#[must_use]
pub fn usage() -> String {
    let mut usage = SUMMARY.to_owned();
    for (title, command, other) in [
        ("Options for serving", Command::Serve, None),
        (
            "Options for pictures without a server",
            Command::Render,
            Some(Command::Serve),
        ),
    ] {
        let is_listed = |option: &&Spec| {
            option.commands.contains(&command)
                && !other.is_some_and(|other| option.commands.contains(&other))
        };
        let _ = writeln!(usage, "{title}:");
        for option in OPTIONS.iter().filter(is_listed) {
            let form = format!("--{} {}", option.name, option.value);
            let _ = write!(usage, "  {form:<28} {}", option.help);
            if let Some(default) = option.default {
                let _ = write!(usage, " [default: {default}]");
            }
            usage.push('\n');
        }
        usage.push('\n');
    }
    usage.push_str(
        "\
The options about the picture, --length to --distortion, go with `render` as well.
Each option for serving can also be set by an environment variable: MINICAP_TTL for --ttl,
MINICAP_CORS_ORIGIN for --cors-origin. The command line goes before the environment.
",
    );
    usage
}
