//! Listeners and streams of either kind, TCP or Unix, as one type each.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::fair::Client;
use crate::sys;

/// Owner and group may connect: the proxy in front is put into the group.
const UNIX_SOCKET_MODE: u32 = 0o660;

/// Bytes of answers that the system takes over for a peer that does not read: room for a picture
/// of the usual size, so that it leaves in one piece, and for no row of pictures that were drawn
/// for nobody. Left to itself Linux takes megabytes.
const SEND_BUFFER_BYTES: u16 = 16 * 1024;

/// Connections that may wait to be accepted. As many as are open at a time by default, for the case
/// that all of them come back at once; the standard library's 128 would let the rest wait a second
/// for their next try.
const BACKLOG: u16 = 1024;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// On an IP address.
    Tcp(TcpListener),
    /// On a path.
    Unix {
        /// The socket.
        listener: UnixListener,
        /// Removed when the listener is closed, if it was made here.
        path: Option<PathBuf>,
    },
}

/// A connection to a client.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on an address. A Unix socket that nobody listens on any more is replaced.
    ///
    /// # Errors
    ///
    /// What the system reports, such as an address in use.
    pub fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Self::of_tcp(TcpListener::bind(address)?),
            Address::Unix(path) => {
                let listener = bind_unix(path)?;
                fs::set_permissions(path, Permissions::from_mode(UNIX_SOCKET_MODE))?;
                Self::of_unix(listener, Some(path.clone()))
            }
        }
    }

    /// Takes over a listening socket of either kind, as a service manager passes it.
    ///
    /// # Errors
    ///
    /// If it is no socket of these kinds.
    pub fn inherit(socket: OwnedFd) -> io::Result<Self> {
        let tcp = TcpListener::from(socket);
        if tcp.local_addr().is_ok() {
            return Self::of_tcp(tcp);
        }
        let unix = UnixListener::from(OwnedFd::from(tcp));
        unix.local_addr()?;
        Self::of_unix(unix, None)
    }

    fn of_tcp(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // Where that is refused, the length that it has serves as well.
        let _ = sys::set_backlog(&listener, BACKLOG);
        Ok(Listener::Tcp(listener))
    }

    fn of_unix(listener: UnixListener, path: Option<PathBuf>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // Where that is refused, the length that it has serves as well.
        let _ = sys::set_backlog(&listener, BACKLOG);
        Ok(Listener::Unix { listener, path })
    }

    /// Accepts one connection, if one waits, and says whose it is.
    pub(super) fn accept(&self) -> io::Result<(Stream, Client)> {
        let (stream, client) = match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                stream.set_nonblocking(true)?;
                // An answer is written in one piece; to wait for more of it would only delay it.
                stream.set_nodelay(true)?;
                (Stream::Tcp(stream), Client::from(address.ip()))
            }
            Listener::Unix { listener, .. } => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                (Stream::Unix(stream), Client::Local)
            }
        };
        sys::set_send_buffer(&stream, SEND_BUFFER_BYTES)?;
        Ok((stream, client))
    }
}

/// Binds a path, also if there is a socket left over from a process that is no more.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        result => result,
    }
}

/// Whether a path is a socket on which nobody listens. Anything else there is somebody's: to
/// connect to an ordinary file is refused as well.
fn is_stale(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
        && UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix {
            path: Some(path), ..
        } = self
        {
            // If it is gone already, so much the better.
            let _ = fs::remove_file(path);
        }
    }
}

impl fmt::Display for Listener {
    /// As a client would name it: `http://127.0.0.1:8000` or `unix:/run/minicap.sock`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listener::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "http://{address}"),
                Err(error) => write!(f, "an unknown address: {error}"),
            },
            Listener::Unix { listener, .. } => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                write!(f, "unix:{}", path.unwrap_or(Path::new("")).display())
            }
        }
    }
}

impl fmt::Display for Address {
    /// As the operator writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix { listener, .. } => listener.as_fd(),
        }
    }
}

impl Stream {
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }

    pub(super) fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(parts),
            Stream::Unix(stream) => stream.write_vectored(parts),
        }
    }

    /// Tells the peer that nothing more will be sent.
    pub(super) fn end(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Interest, PollFd, wait};
    use std::env;
    use std::process;
    use std::time::Duration;

    /// What a peer that reads nothing is sent before the server has to wait for it.
    fn bytes_taken(address: &Address) -> usize {
        let listener = Listener::bind(address).unwrap();
        let _deaf: Box<dyn AsFd> = match (&listener, address) {
            (Listener::Tcp(listener), _) => {
                Box::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            }
            (_, Address::Unix(path)) => Box::new(UnixStream::connect(path).unwrap()),
            _ => unreachable!("bound to another address"),
        };
        let (mut stream, _) = listener.accept().unwrap();
        let answer = [0; 16 * 1024];
        let writable = Interest {
            read: false,
            write: true,
        };
        let mut taken = 0;
        // The system moves bytes to the peer's side for a moment after a write was refused.
        while wait(
            &mut [PollFd::new(&stream, writable)],
            Some(Duration::from_millis(300)),
        )
        .unwrap()
            == 1
        {
            taken += stream.write(&[IoSlice::new(&answer)]).unwrap_or(0);
        }
        taken
    }

    /// A peer decides what it takes on its own side, by default some 100 KB; what is bounded here
    /// is the server's side, which would be megabytes.
    #[test]
    fn little_is_sent_to_a_peer_that_reads_nothing() {
        let tcp = bytes_taken(&Address::Tcp("127.0.0.1:0".parse().unwrap()));
        let path = env::temp_dir().join(format!("minicap-deaf-{}.sock", process::id()));
        let unix = bytes_taken(&Address::Unix(path));
        let bound = usize::from(SEND_BUFFER_BYTES);
        assert!((bound..20 * bound).contains(&tcp), "{tcp}");
        assert!((bound / 2..4 * bound).contains(&unix), "{unix}");
    }
}
