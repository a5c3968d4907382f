//! Everything an operator can set: the command, and the options that it takes from the command
//! line and the environment. Each option stands once, in the table of `options`; each value goes to
//! the settings of the part of the program that it is for.

mod nearest;
mod options;
mod parse;
mod store;
#[cfg(test)]
mod tests;
mod usage;
mod values;

use std::path::PathBuf;
use std::time::Duration;

pub use parse::parse;
pub use usage::usage;

use crate::log::Level;
use crate::server::Address;
use crate::store::{memory, valkey};
use crate::{api, captcha, server};

/// What a command line asks for, with all that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve until told to stop.
    Serve {
        /// What to serve, and how.
        config: Box<Config>,
        /// What of the environment should probably have set something.
        unknown: Vec<UnknownVariable>,
    },
    /// Write pictures without a server.
    Render(Render),
    /// Ask a running server whether it is well.
    Healthcheck {
        /// Where it listens.
        listen: Vec<Address>,
        /// What stands before its paths, as in [`api::Settings`].
        path: String,
    },
    /// Print how a command is used.
    Help(CommandName),
    /// Print the program's version.
    Version,
}

/// The commands that take options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    /// No word on the command line.
    Serve,
    /// `render`.
    Render,
    /// `healthcheck`.
    Healthcheck,
}

/// An environment variable that is named as ours are and sets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The name that was meant, if one is near.
    pub nearest: Option<String>,
}

/// What a server is started with: the settings of each of its parts, and where it listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: Vec<Address>,
    /// Whether the operator has said where to listen.
    pub is_listen_given: bool,
    /// Where the figures are to be had, if not with all the rest.
    pub metrics_listen: Option<Address>,
    /// Who may connect to Unix sockets that are made here, as of a file.
    pub socket_mode: u16,
    /// What is logged.
    pub log: Level,
    /// Connections and workers.
    pub server: server::Settings,
    /// The life of a captcha, and how many there are in memory.
    pub store: memory::Settings,
    /// The server that keeps captchas instead of this process, if there is one.
    pub valkey: Option<valkey::Address>,
    /// How long a question to that server may take.
    pub store_timeout: Duration,
    /// The file that keeps the captchas while the service is off.
    pub state: Option<PathBuf>,
    /// Captchas, and who may ask for what.
    pub api: api::Settings,
}

/// Which pictures to write, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Render {
    /// Where they are written.
    pub output: Output,
    /// What they are like.
    pub captcha: captcha::Settings,
    /// The text of each of them; none means random ones.
    pub text: Option<String>,
    /// What they are drawn from; none means something new each time.
    pub seed: Option<u64>,
}

/// Where pictures are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// One picture, to this file.
    File(PathBuf),
    /// So many pictures, to a folder.
    Folder {
        /// The folder, which need not be there yet.
        path: PathBuf,
        /// How many pictures; at least one.
        count: usize,
    },
}

/// What the options say, before it is known to be all that a command needs. Begins with nothing said,
/// and takes the defaults of the table first.
#[derive(Default)]
struct Draft {
    /// What serving takes. The other commands take parts of it.
    config: Config,
    /// The file or folder that pictures are written to.
    out: Option<PathBuf>,
    /// How many pictures are written to a folder.
    count: Option<usize>,
    /// As in [`Render`].
    text: Option<String>,
    /// As in [`Render`].
    seed: Option<u64>,
}
