//! How the program is used, for people, from the table of options.

use std::ffi::OsStr;
use std::fmt::Write as _;

use super::options::{self, Spec};
use super::values::NUMBER;
use super::{CommandName, Draft};

const SERVE: &str = "\
miniCAP: image CAPTCHAs over HTTP

Usage:
  minicap [OPTIONS]                         serve
  minicap render --out PATH [OPTIONS]       write pictures without a server
  minicap healthcheck [--listen ADDRESS]    exit with 0 if a server is well there, else with 1
  minicap help [render | healthcheck]       tell the options of that command
  minicap --version

Options for serving:
";

const RENDER: &str = "\
minicap render: writes pictures without a server

Usage:
  minicap render --out FILE [OPTIONS]              one picture
  minicap render --count N --out FOLDER [OPTIONS]  many, to FOLDER/TEXT_NUMBER.png

Options for pictures:
";

const HEALTHCHECK: &str = "\
minicap healthcheck: exits with 0 if a server is well, else says why and exits with 1

Usage:
  minicap healthcheck [--listen ADDRESS]

It asks for /healthz at the addresses that the server listens on, and on the loopback addresses
where these are all addresses. One good answer within three seconds is enough.

Options for the check:
";

const ENVIRONMENT: &str = "
An option that serving knows can also be set by an environment variable: MINICAP_TTL for --ttl,
MINICAP_CORS_ORIGIN for --cors-origin. The command line goes before the environment.
";

/// How a command is used: its forms, then its options with their bounds and defaults.
#[must_use]
pub fn usage(command: CommandName) -> String {
    let forms = match command {
        CommandName::Serve => SERVE,
        CommandName::Render => RENDER,
        CommandName::Healthcheck => HEALTHCHECK,
    };
    let mut usage = forms.to_owned();
    for option in options::of(command) {
        let form = format!("--{} {}", option.name, option.value.name());
        let range = range(option).map_or_else(String::new, |range| format!(", {range}"));
        // A default that is no value is told with the help.
        let (help, words) = option.help.split_once(" [").unwrap_or((option.help, ""));
        let default = match option.default {
            Some(default) => format!(" [default: {default}]"),
            None if words.is_empty() => String::new(),
            None => format!(" [{words}"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(usage, "  {form:<27} {help}{range}{default}");
    }
    usage + ENVIRONMENT
}

/// The numbers that an option takes, as its own refusal names them.
fn range(option: &Spec) -> Option<String> {
    let expected = (option.set)(&mut Draft::default(), OsStr::new("")).err()?;
    expected.strip_prefix(NUMBER).map(str::to_owned)
}
