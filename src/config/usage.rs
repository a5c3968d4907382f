//! The text of `minicap help`, made from the table of options.

use std::ffi::OsStr;
use std::fmt::Write as _;

use super::options::{self, Spec};
use super::values::NUMBER;
use super::{CommandName, Draft};

const SERVE: &str = "\
miniCAP: a captcha service

Usage:
  minicap [OPTIONS]                         start the service
  minicap render --out PATH [OPTIONS]       write pictures without a server
  minicap healthcheck [--listen ADDRESS]    exit with 0 if the service there is healthy, else with 1
  minicap help [render | healthcheck]       print the options of that command
  minicap --version

Options of the service:
";

const RENDER: &str = "\
minicap render: writes pictures without a server

Usage:
  minicap render --out FILE [OPTIONS]              one picture
  minicap render --count N --out FOLDER [OPTIONS]  many, to FOLDER/TEXT_NUMBER.png

Options of the pictures:
";

const HEALTHCHECK: &str = "\
minicap healthcheck: exits with 0 if a service is healthy, else says why and exits with 1

Usage:
  minicap healthcheck [--listen ADDRESS]

It requests /healthz from each address of --listen, or from the loopback addresses if that is all
addresses. One good answer within three seconds is enough.

Options of the check:
";

const ENVIRONMENT: &str = "
Options of the service can also be set by environment variables: MINICAP_TTL for --ttl,
MINICAP_CORS_ORIGIN for --cors-origin. The command line takes precedence.
";

/// The usage text of a command: its forms, then its options with their ranges and defaults.
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
        // A default that is not a value stands in the help text.
        let (help, words) = option.help.split_once('[').unwrap_or((option.help, ""));
        let help = help.trim_end();
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

/// The range of an option that takes a number, from its own error message.
fn range(option: &Spec) -> Option<String> {
    let expected = (option.set)(&mut Draft::default(), OsStr::new("")).err()?;
    expected.strip_prefix(NUMBER).map(str::to_owned)
}
