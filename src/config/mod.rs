//! Everything that an operator can set: the command, and its options from the command line and the
//! environment. Each option is one row in the table of `options`; each value goes to the settings of the
//! module that uses it.

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
    /// Serve until a signal stops the process.
    Serve {
        /// What to serve, and how.
        config: Box<Config>,
        /// Variables of the environment that look like options and are not.
        unknown: Vec<UnknownVariable>,
    },
    /// Write pictures without a server.
    Render(Render),
    /// Ask a running server whether it is healthy.
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

/// The commands with options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    /// The default: start the service.
    Serve,
    /// `render`.
    Render,
    /// `healthcheck`.
    Healthcheck,
}

/// An environment variable whose name begins like those of options and which sets none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The most similar name of a variable, if one is similar enough.
    pub nearest: Option<String>,
}

/// What a server is started with: the settings of each of its parts, and where it listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: Vec<Address>,
    /// Whether the operator has said where to listen.
    pub is_listen_given: bool,
    /// Where the metrics are served, if not on all addresses.
    pub metrics_listen: Option<Address>,
    /// The permissions of Unix sockets that are created.
    pub socket_mode: u16,
    /// What is logged.
    pub log: Level,
    /// Connections and workers.
    pub server: server::Settings,
    /// Lifetime, attempts, and number of captchas in memory.
    pub store: memory::Settings,
    /// The store that keeps captchas instead of this process, if there is one.
    pub valkey: Option<valkey::Address>,
    /// How long a request to the store may take.
    pub store_timeout: Duration,
    /// The file that keeps captchas over a restart.
    pub state: Option<PathBuf>,
    /// Captchas and routes.
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
    /// The seed of the generator; none means a random one.
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

/// The values of options, before they are checked to be complete. The defaults of the table are set
/// first.
#[derive(Default)]
struct Draft {
    /// The settings of the service. The other commands use parts of them.
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
