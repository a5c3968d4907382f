//! From arguments and environment to a command and its configuration. A wrong value is an error
//! that names the option, the value, and what was expected.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::nearest::nearest;
use super::options::{OPTIONS, Spec};
use super::{Command, Config, Parsed, UnknownVariable};
use crate::captcha;
use crate::server::Address;
use crate::sound;

/// How the names of our environment variables begin.
const PREFIX: &str = "MINICAP_";

/// Reads the arguments (without the program's name) and the environment. The command line goes
/// before the environment, and that before the defaults; an empty variable counts as none.
///
/// # Errors
///
/// One line for the operator.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Parsed, String> {
    let mut arguments = arguments.into_iter().peekable();
    let command = arguments.peek().and_then(|first| Word::of(first));
    let command = match command {
        None => Command::Serve,
        Some(word) => {
            arguments.next();
            match word {
                Word::Command(command) => command,
                Word::Help => return help(arguments),
            }
        }
    };
    let mut given = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_bytes() {
            b"--help" | b"-h" => return Ok(Parsed::Help(command)),
            b"--version" | b"-V" => return Ok(Parsed::Version),
            _ => {}
        }
        let (option, value) = option_and_value(&argument, &mut arguments, command)?;
        given.push((option.name, value));
    }
    let variables: Vec<_> = environment.into_iter().filter_map(ours).collect();
    let config = Config::read(command, &given, &variables)?;
    check(command, &config)?;
    Ok(Parsed::Run {
        command,
        config: Box::new(config),
        unknown: unknown(&variables),
    })
}

/// A first argument that is no option.
enum Word {
    Command(Command),
    Help,
}

impl Word {
    fn of(argument: &OsStr) -> Option<Self> {
        match argument.as_bytes() {
            b"render" => Some(Word::Command(Command::Render)),
            b"healthcheck" => Some(Word::Command(Command::Healthcheck)),
            b"help" => Some(Word::Help),
            _ => None,
        }
    }
}

/// Reads what `help` is to tell of.
fn help(mut arguments: impl Iterator<Item = OsString>) -> Result<Parsed, String> {
    let subject = arguments.next();
    match subject
        .as_deref()
        .map(|subject| (subject, Word::of(subject)))
    {
        None => Ok(Parsed::Help(Command::Serve)),
        Some((_, Some(Word::Command(command)))) => Ok(Parsed::Help(command)),
        Some((other, _)) => Err(format!(
            "help: expected render, healthcheck or nothing, but found {}",
            quoted(other)
        )),
    }
}

/// Reads `--name value` or `--name=value`.
fn option_and_value(
    argument: &OsStr,
    rest: &mut impl Iterator<Item = OsString>,
    command: Command,
) -> Result<(&'static Spec, OsString), String> {
    let Some(long) = argument.as_bytes().strip_prefix(b"--") else {
        return Err(format!(
            "expected an option, but found {} (see --help)",
            quoted(argument)
        ));
    };
    let (name, value) = match long.iter().position(|byte| *byte == b'=') {
        Some(at) => (&long[..at], Some(OsStr::from_bytes(&long[at + 1..]))),
        None => (long, None),
    };
    let options = || {
        OPTIONS
            .iter()
            .filter(|option| option.commands.contains(&command))
    };
    let Some(option) = options().find(|option| option.name.as_bytes() == name) else {
        let name = String::from_utf8_lossy(name);
        let hint = nearest(&name, options().map(|option| option.name.to_owned())).map_or_else(
            || "see --help".into(),
            |near| format!("did you mean --{near}?"),
        );
        return Err(format!("--{name}: no such option here ({hint})"));
    };
    match value.map(OsStr::to_owned).or_else(|| rest.next()) {
        Some(value) => Ok((option, value)),
        None => Err(format!(
            "--{}: expected a value, but found none",
            option.name
        )),
    }
}

/// A variable of the environment, if its name begins as ours do.
fn ours((name, value): (OsString, OsString)) -> Option<(String, OsString)> {
    let name = name.to_string_lossy();
    (name.starts_with(PREFIX)).then(|| (name.into_owned(), value))
}

/// Variables that look like ours and set nothing, for instance because they are mistyped.
fn unknown(variables: &[(String, OsString)]) -> Vec<UnknownVariable> {
    let known = || OPTIONS.iter().filter_map(Spec::variable);
    variables
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !is_of_kubernetes(name) && known().all(|known| known != **name))
        .map(|name| UnknownVariable {
            name: name.clone(),
            nearest: nearest(name, known()),
        })
        .collect()
}

/// Whether Kubernetes makes a variable of this name for a service called `minicap`, in each
/// container of its namespace (Kubernetes documentation, "Service", "Environment variables").
fn is_of_kubernetes(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

impl Config {
    fn read(
        command: Command,
        given: &[(&str, OsString)],
        variables: &[(String, OsString)],
    ) -> Result<Self, String> {
        let mut config = Config::unset();
        for option in &OPTIONS {
            if let Some(default) = option.default {
                set(option, &mut config, default.as_ref(), option.name)?;
            }
        }
        config.is_listen_given = false;
        let meant = OPTIONS
            .iter()
            .filter(|option| option.commands.contains(&command));
        for option in meant.clone() {
            let wanted = option.variable();
            let value = variables
                .iter()
                .find(|(name, value)| Some(name) == wanted.as_ref() && !value.is_empty());
            if let Some((name, value)) = value {
                set(option, &mut config, value, name)?;
            }
        }
        for option in meant {
            let name = format!("--{}", option.name);
            let values = given.iter().filter(|(name, _)| *name == option.name);
            let values: Vec<&OsStr> = values.map(|(_, value)| value.as_os_str()).collect();
            if option.is_list() && !values.is_empty() {
                set(option, &mut config, &values.join(OsStr::new(",")), &name)?;
                continue;
            }
            for value in values {
                set(option, &mut config, value, &name)?;
            }
        }
        Ok(config)
    }
}

fn set(option: &Spec, config: &mut Config, value: &OsStr, name: &str) -> Result<(), String> {
    (option.set)(config, value)
        .map_err(|expected| format!("{name}: expected {expected}, but found {}", quoted(value)))
}

/// What was found, so that its end can be seen, and on one line.
fn quoted(value: &OsStr) -> String {
    format!("{:?}", value.to_string_lossy())
}

/// What one option alone cannot know.
fn check(command: Command, config: &Config) -> Result<(), String> {
    match command {
        Command::Serve => {
            check_size(config, config.test_text.as_deref())?;
            check_sound(config)
        }
        Command::Render => {
            let Some(out) = &config.out else {
                return Err("--out: expected a path, but found none".into());
            };
            let is_picture = out
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("png"));
            if config.count.is_some() && is_picture {
                return Err(format!(
                    "--out: expected a folder for --count pictures, but found {}",
                    quoted(out.as_os_str())
                ));
            }
            check_size(config, config.text.as_deref())
        }
        Command::Healthcheck => {
            let is_free =
                |address: &&Address| matches!(address, Address::Tcp(tcp) if tcp.port() == 0);
            match config.listen.iter().find(is_free) {
                Some(address) => Err(format!(
                    "--listen: expected a port other than 0, but found \"{address}\""
                )),
                None => Ok(()),
            }
        }
    }
}

/// A text that is told in pictures and in sounds has to suit both.
fn check_sound(config: &Config) -> Result<(), String> {
    match &config.test_text {
        Some(text) if config.audio && !sound::is_speakable(text) => Err(format!(
            "--test-text: expected 1 to {} digits with --audio on, but found {text:?}",
            sound::DIGITS_MAX
        )),
        _ => Ok(()),
    }
}

fn check_size(config: &Config, text: Option<&str>) -> Result<(), String> {
    let chars = text.map_or(config.length, |text| text.chars().count());
    captcha::check(chars, config.width, config.height)
        .map_err(|error| format!("--width, --height: {error}"))
}
