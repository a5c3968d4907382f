//! A connection to a store, and requests over it, each with a deadline. Knows neither scripts nor
//! captchas.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::address::{Address, Place};
use super::failure::Failure;
use crate::resp::{Reader, Reply, write_command};
use crate::sys::{self, Interest, PollFd};

/// Bytes read at a time: a reply has about two hundred.
const READ_BYTES: usize = 1024;

/// Most addresses of one name that are tried. Each has its share of the time.
const ADDRESSES_MAX: usize = 8;

const READABLE: Interest = Interest {
    read: true,
    write: false,
};
const WRITABLE: Interest = Interest {
    read: false,
    write: true,
};

/// An open connection. After a failure it must be closed.
pub(super) struct Connection {
    /// A TCP or a Unix socket; both are used alike.
    stream: TcpStream,
    reader: Reader,
}

impl Connection {
    /// Connects, authenticates, and selects the database. Resolving a name may take as long as the system
    /// allows; the rest is done within `timeout`.
    pub(super) fn open(address: &Address, timeout: Duration) -> Result<Self, Failure> {
        let (stream, deadline) = match &address.place {
            Place::Tcp { host, port } => {
                let found = (host.as_str(), *port).to_socket_addrs();
                let addresses: Vec<_> = found
                    .map_err(Failure::Unreachable)?
                    .take(ADDRESSES_MAX)
                    .collect();
                let deadline = Instant::now() + timeout;
                (connect(&addresses, deadline)?, deadline)
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(Failure::Unreachable)?;
                (
                    TcpStream::from(OwnedFd::from(stream)),
                    Instant::now() + timeout,
                )
            }
        };
        stream.set_nonblocking(true).map_err(Failure::Unreachable)?;
        let mut connection = Connection {
            stream,
            reader: Reader::default(),
        };
        connection.greet(address, deadline)?;
        Ok(connection)
    }

    /// Whether nothing unexpected has arrived, not even the end of the connection.
    pub(super) fn is_quiet(&self) -> bool {
        let read = (&self.stream).read(&mut [0]);
        self.reader.is_empty() && read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends a command and waits for the reply, which is not an error.
    pub(super) fn ask(&mut self, command: &[u8], deadline: Instant) -> Result<Reply, Failure> {
        self.send(command, deadline)?;
        match self.receive(deadline)? {
            Reply::Error(line) => Err(Failure::refused(&line)),
            reply => Ok(reply),
        }
    }

    fn greet(&mut self, address: &Address, deadline: Instant) -> Result<(), Failure> {
        let mut command = Vec::new();
        if let Some(password) = &address.password {
            let mut arguments = vec![b"AUTH".as_slice()];
            arguments.extend(address.user.as_ref().map(String::as_bytes));
            arguments.push(password.as_bytes());
            write_command(&arguments, &mut command);
            self.expect_ok(&command, deadline)?;
        }
        if address.database != 0 {
            command.clear();
            let number = address.database.to_string();
            write_command(&[b"SELECT", number.as_bytes()], &mut command);
            self.expect_ok(&command, deadline)?;
        }
        Ok(())
    }

    fn expect_ok(&mut self, command: &[u8], deadline: Instant) -> Result<(), Failure> {
        match self.ask(command, deadline)? {
            Reply::Simple(word) if word == b"OK" => Ok(()),
            _ => Err(Failure::Garbled),
        }
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), Failure> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if is_passing(&error) => self.wait(WRITABLE, deadline)?,
                Err(error) => return Err(Failure::Lost(error)),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> Result<Reply, Failure> {
        let mut bytes = [0; READ_BYTES];
        loop {
            match self.reader.reply() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(_) => return Err(Failure::Garbled),
            }
            self.wait(READABLE, deadline)?;
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Failure::Lost(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.reader.feed(&bytes[..count]),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(Failure::Lost(error)),
            }
        }
    }

    /// Waits until there is something to do; a wait that is interrupted ends early.
    fn wait(&self, interest: Interest, deadline: Instant) -> Result<(), Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Timeout);
        }
        sys::wait(&mut [PollFd::new(&self.stream, interest)], Some(left)).map_err(Failure::Lost)?;
        Ok(())
    }
}

/// Tries one address after the other, each with its share of the time that is left.
fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
    let mut failure = Failure::Unreachable(ErrorKind::NotFound.into());
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let time = deadline.saturating_duration_since(Instant::now());
        let share = time / u32::try_from(left).unwrap_or(u32::MAX);
        if share.is_zero() {
            return Err(Failure::Timeout);
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(Failure::Unreachable)?;
                return Ok(stream);
            }
            Err(error) => failure = Failure::Unreachable(error),
        }
    }
    Err(failure)
}

/// Whether an error says no more than that it should be tried again.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A question is written in one piece, so to wait for more of it would only delay it.
    #[test]
    fn what_is_asked_is_sent_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let stream = connect(&[address], deadline).unwrap();
        assert!(stream.nodelay().unwrap());
    }
}
