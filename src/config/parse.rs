//! From arguments and environment to a command and its configuration. A wrong value is an error
//! that names the option, the value, and what was expected.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::nearest::nearest;
use super::options::{self, OPTIONS, Spec, Value};
use super::store;
use super::{Command, CommandName, Draft, Output, Render, UnknownVariable};
use crate::api;
use crate::captcha;
use crate::server::Address;
use crate::sound;

/// How the names of our environment variables begin.
const PREFIX: &str = "MINICAP_";

/// The variable for the password of the store. There is no option for it: all users of a machine see
/// the command lines of its processes.
const STORE_PASSWORD: &str = "MINICAP_STORE_PASSWORD";

/// Reads the arguments (without the program's name) and the environment. The command line goes
/// before the environment, and that before the defaults; an empty variable counts as none.
///
/// # Errors
///
/// One line for the operator.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Command, String> {
    let mut arguments = arguments.into_iter().peekable();
    let command = arguments.peek().and_then(|first| Word::of(first));
    let command = match command {
        None => CommandName::Serve,
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
            b"--help" | b"-h" => return Ok(Command::Help(command)),
            b"--version" | b"-V" => return Ok(Command::Version),
            _ => {}
        }
        let (option, value) = option_and_value(&argument, &mut arguments, command)?;
        given.push((option.name, value));
    }
    let variables: Vec<_> = environment.into_iter().filter_map(ours).collect();
    let draft = Draft::read(command, &given, &variables)?;
    match command {
        CommandName::Serve => draft.serve(unknown(&variables)),
        CommandName::Render => draft.render(),
        CommandName::Healthcheck => draft.healthcheck(),
    }
}

/// A first argument that is no option.
enum Word {
    Command(CommandName),
    Help,
}

impl Word {
    fn of(argument: &OsStr) -> Option<Self> {
        match argument.as_bytes() {
            b"render" => Some(Word::Command(CommandName::Render)),
            b"healthcheck" => Some(Word::Command(CommandName::Healthcheck)),
            b"help" => Some(Word::Help),
            _ => None,
        }
    }
}

/// Reads the command that `help` is asked about.
fn help(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let subject = arguments.next();
    match subject
        .as_deref()
        .map(|subject| (subject, Word::of(subject)))
    {
        None => Ok(Command::Help(CommandName::Serve)),
        Some((_, Some(Word::Command(command)))) => Ok(Command::Help(command)),
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
    command: CommandName,
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
    let Some(option) = options::of(command).find(|option| option.name.as_bytes() == name) else {
        let name = String::from_utf8_lossy(name);
        let hint = nearest(
            &name,
            options::of(command).map(|option| option.name.to_owned()),
        )
        .map_or_else(
            || "see --help".into(),
            |near| format!("did you mean --{near}?"),
        );
        return Err(format!("--{name}: unknown option ({hint})"));
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
    let known = || {
        let variables = OPTIONS.iter().filter_map(Spec::variable);
        variables.chain([STORE_PASSWORD.to_owned()])
    };
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

impl Draft {
    /// Reads the values of a command's options, one source after the other: a later one goes before
    /// those that were read already.
    fn read(
        command: CommandName,
        given: &[(&str, OsString)],
        variables: &[(String, OsString)],
    ) -> Result<Self, String> {
        let mut draft = Draft::default();
        for option in OPTIONS {
            if let Some(default) = option.default {
                set(option, &mut draft, default.as_ref(), option.name)?;
            }
        }
        draft.config.is_listen_given = false;
        for option in options::of(command) {
            let wanted = option.variable();
            let value = variables
                .iter()
                .find(|(name, value)| Some(name) == wanted.as_ref() && !value.is_empty());
            if let Some((name, value)) = value {
                set(option, &mut draft, value, name)?;
            }
        }
        for option in options::of(command) {
            let name = format!("--{}", option.name);
            let values = given.iter().filter(|(name, _)| *name == option.name);
            let values: Vec<&OsStr> = values.map(|(_, value)| value.as_os_str()).collect();
            if matches!(option.value, Value::Several(_)) && !values.is_empty() {
                set(option, &mut draft, &values.join(OsStr::new(",")), &name)?;
                continue;
            }
            for value in values {
                set(option, &mut draft, value, &name)?;
            }
        }
        draft.take_store_password(variables)?;
        Ok(draft)
    }

    /// Takes the password for the store from the environment, unless the address has one.
    fn take_store_password(&mut self, variables: &[(String, OsString)]) -> Result<(), String> {
        let password = variables
            .iter()
            .find(|(name, value)| name == STORE_PASSWORD && !value.is_empty());
        if let (Some(address), Some((_, password))) = (&mut self.config.valkey, password) {
            let read = store::password(password);
            let read = read.map_err(|expected| format!("{STORE_PASSWORD}: expected {expected}"))?;
            address.password.get_or_insert(read);
        }
        Ok(())
    }

    fn serve(self, unknown: Vec<UnknownVariable>) -> Result<Command, String> {
        if self.config.valkey.is_some() && self.config.state.is_some() {
            return Err(
                "--state: expected no --store, which keeps captchas over a restart anyway".into(),
            );
        }
        let api = &self.config.api;
        check_size(&api.captcha, api.test_text.as_deref())?;
        check_speakable(api)?;
        Ok(Command::Serve {
            config: Box::new(self.config),
            unknown,
        })
    }

    fn render(self) -> Result<Command, String> {
        let Some(path) = self.out else {
            return Err("--out: expected a path, but found none".into());
        };
        let output = match self.count {
            None => Output::File(path),
            Some(_) if is_picture(&path) => {
                return Err(format!(
                    "--out: expected a folder for --count pictures, but found {}",
                    quoted(path.as_os_str())
                ));
            }
            Some(count) => Output::Folder { path, count },
        };
        let captcha = self.config.api.captcha;
        check_size(&captcha, self.text.as_deref())?;
        Ok(Command::Render(Render {
            output,
            captcha,
            text: self.text,
            seed: self.seed,
        }))
    }

    fn healthcheck(self) -> Result<Command, String> {
        let listen = self.config.listen;
        let is_free = |address: &&Address| matches!(address, Address::Tcp(tcp) if tcp.port() == 0);
        match listen.iter().find(is_free) {
            Some(address) => Err(format!(
                "--listen: expected a port other than 0, but found \"{address}\""
            )),
            None => Ok(Command::Healthcheck {
                listen,
                path: self.config.api.path,
            }),
        }
    }
}

fn set(option: &Spec, draft: &mut Draft, value: &OsStr, name: &str) -> Result<(), String> {
    (option.set)(draft, value).map_err(|expected| {
        let found = match option.value {
            Value::Hidden(_) => "what is not shown, since it may hold a password".into(),
            Value::One(_) | Value::Several(_) => quoted(value),
        };
        format!("{name}: expected {expected}, but found {found}")
    })
}

/// What was found, so that its end can be seen, and on one line.
fn quoted(value: &OsStr) -> String {
    format!("{:?}", value.to_string_lossy())
}

/// Whether a path is named as a picture's file is.
fn is_picture(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("png"))
}

/// Whether the text, or a random one, fits into the picture: which one option alone cannot know.
fn check_size(captcha: &captcha::Settings, text: Option<&str>) -> Result<(), String> {
    let chars = text.map_or(captcha.length, |text| text.chars().count());
    captcha::check(chars, captcha.style.width, captcha.style.height)
        .map_err(|error| format!("--width, --height: {error}"))
}

/// Checks that a text for pictures and sounds suits both.
fn check_speakable(api: &api::Settings) -> Result<(), String> {
    match &api.test_text {
        Some(text) if api.audio && !sound::is_speakable(text) => Err(format!(
            "--test-text: expected 1 to {} digits with --audio on, but found {text:?}",
            sound::DIGITS_MAX
        )),
        _ => Ok(()),
    }
}
