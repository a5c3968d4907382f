//! Everything an operator can set: the command, and the options that it takes from the command
//! line and the environment. Each option stands once, in the table of `options`.

mod nearest;
mod options;
mod parse;
#[cfg(test)]
mod tests;
mod usage;
mod values;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

pub use parse::parse;
pub use usage::usage;

use crate::api::Cors;
use crate::captcha::ThemeChoice;
use crate::log::Level;
use crate::server::{Address, Timeouts};

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Run a command.
    Run {
        /// The command.
        command: Command,
        /// The values of its options.
        config: Box<Config>,
        /// What of the environment should probably have set something.
        unknown: Vec<UnknownVariable>,
    },
    /// Print how a command is used.
    Help(Command),
    /// Print the program's version.
    Version,
}

/// An environment variable that is named as ours are and sets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The name that was meant, if one is near.
    pub nearest: Option<String>,
}

/// What the program can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve until told to stop.
    Serve,
    /// Write pictures without a server.
    Render,
    /// Ask a running server whether it is well.
    Healthcheck,
}

/// The values of all options.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // the switches of the command line
pub struct Config {
    /// Where to listen, or whom to ask for its health.
    pub listen: Vec<Address>,
    /// Whether the operator has said where to listen.
    pub is_listen_given: bool,
    /// Where the figures are to be had, if not with all the rest.
    pub metrics_listen: Option<Address>,
    /// Who may connect to Unix sockets that are made here, as of a file.
    pub socket_mode: u16,
    /// How long everything is still answered after being told to stop, while the service says that
    /// it will.
    pub drain: Duration,
    /// Threads that draw and judge.
    pub workers: usize,
    /// Connections open at a time.
    pub max_connections: usize,
    /// The field in which the proxy in front names the client that it asks for.
    pub client_header: Option<String>,
    /// How long a client may keep the server waiting.
    pub timeouts: Timeouts,
    /// How long a captcha lives.
    pub ttl: Duration,
    /// The wrong answers that end a captcha.
    pub attempts: u16,
    /// The most captchas alive at a time.
    pub capacity: usize,
    /// Characters of a picture's random text.
    pub length: usize,
    /// Width of the picture in pixels.
    pub width: u16,
    /// Height of the picture in pixels.
    pub height: u16,
    /// The theme of pictures whose request does not choose one.
    pub theme: ThemeChoice,
    /// Whether small letters stand behind the text.
    pub background_noise: bool,
    /// Whether dots and lines lie over the text.
    pub foreground_noise: bool,
    /// Whether the picture is bent and its letters cross each other.
    pub distortion: bool,
    /// Whether there are sounds beside pictures.
    pub audio: bool,
    /// Digits of a sound's random text.
    pub audio_length: usize,
    /// Which other origins' pages may use the service.
    pub cors: Cors,
    /// Whether the service explains itself at its address.
    pub docs: bool,
    /// Whether the widget is there.
    pub widget: bool,
    /// What backends made for other services show; without it, they are not served.
    pub siteverify_secret: Option<String>,
    /// What stands before every path, without a slash at its end.
    pub path: String,
    /// What is logged.
    pub log: Level,
    /// The text of every captcha, for tests of what is built upon the service.
    pub test_text: Option<String>,
    /// The file or folder that pictures are written to.
    pub out: Option<PathBuf>,
    /// How many pictures are written; none means one, to a file.
    pub count: Option<usize>,
    /// The text of the pictures; none means random ones.
    pub text: Option<String>,
    /// What the pictures are drawn from; none means something new each time.
    pub seed: Option<u64>,
}

impl Config {
    /// What stands before the defaults of the table are read, and stays where it has none.
    fn unset() -> Self {
        Config {
            listen: Vec::new(),
            is_listen_given: false,
            metrics_listen: None,
            socket_mode: 0,
            drain: Duration::ZERO,
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
            audio: false,
            audio_length: 0,
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
