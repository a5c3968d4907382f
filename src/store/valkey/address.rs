//! The address of a store, with user, password and database.

use std::fmt;
use std::path::PathBuf;

/// The address of a store. It is displayed without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Where it listens.
    pub place: Place,
    /// The user; without one, the server's default user.
    pub user: Option<String>,
    /// The user's password; without one, none is sent.
    pub password: Option<String>,
    /// The number of the database on the server.
    pub database: u32,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a port of a host.
    Tcp {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// On a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { host, port } if host.contains(':') => {
                write!(f, "valkey://[{host}]:{port}")
            }
            Place::Tcp { host, port } => write!(f, "valkey://{host}:{port}"),
            Place::Unix(path) => write!(f, "valkey+unix:{}", path.display()),
        }?;
        match self.database {
            0 => Ok(()),
            database => write!(f, "/{database}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
