//! Listeners and streams, each one type for TCP and Unix sockets.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::fair::Client;
use crate::sys::{self, Inherited};

/// How long a start waits for the owner of a socket to accept a connection. That happens at once or
/// never.
const OWNER_PATIENCE: Duration = Duration::from_secs(1);

/// How long a start waits for another process that starts or ends in the same folder, and may itself be
/// waiting for an owner.
const TURN_PATIENCE: Duration = Duration::from_secs(3);

/// The interval at which a wait checks whether it is over.
const LOOK_PERIOD: Duration = Duration::from_millis(5);

/// Bytes of responses that the system buffers for a peer that does not read: enough for one picture of
/// the usual size, and too little for several that nobody may ever read. By default Linux buffers
/// megabytes.
const SEND_BUFFER_BYTES: u16 = 16 * 1024;

/// Connections that may wait to be accepted. As many as may be open by default, in case all clients
/// reconnect at the same time; with the standard library's 128, the rest would wait a second for their
/// next try.
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
        /// Its path, if it was made here. Removed before the socket is closed.
        made: Option<Made>,
        /// The socket.
        listener: UnixListener,
    },
}

/// The path of a Unix socket, and the identity of the socket that was created there. The socket is
/// removed from its path when this is dropped.
#[derive(Debug)]
pub struct Made {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

/// A connection to a client.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on an address. A Unix socket has this mode from the start; one on which nobody listens
    /// any more is replaced. Of several processes that start on one path, one succeeds.
    ///
    /// # Errors
    ///
    /// What the system reports, such as an address in use.
    pub fn bind(address: &Address, mode: u16) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Self::of_tcp(TcpListener::bind(address)?),
            Address::Unix(path) => {
                let _turn = turn_in_folder(path)?;
                let listener = bind_unix(path, mode)?;
                let identity = identity(path)?;
                let path = path.clone();
                Self::of_unix(listener, Some(Made { path, identity }))
            }
        }
    }

    /// Takes over a listening socket of either kind from a service manager.
    ///
    /// # Errors
    ///
    /// What the descriptor is instead.
    pub fn inherit(inherited: Inherited) -> Result<Self, String> {
        let Inherited { number, fd } = inherited;
        let listener = match fd {
            None => Err("is not open".into()),
            Some(socket) => Self::of_passed(socket),
        };
        listener.map_err(|what| {
            format!(
                "descriptor {number} {what}; expected a stream socket that listens, as a unit with \
                 ListenStream= and without Accept=yes passes it"
            )
        })
    }

    fn of_passed(socket: OwnedFd) -> Result<Self, String> {
        let Ok(is_stream) = sys::is_stream(&socket) else {
            return Err("is not a socket".into());
        };
        if !is_stream {
            return Err("is a datagram socket".into());
        }
        if !sys::is_listening(&socket).unwrap_or_default() {
            let peer = TcpStream::from(socket).peer_addr();
            // The address of a peer on a Unix socket is none of an IP, which is another error.
            let is_alone = peer.is_err_and(|error| error.kind() == io::ErrorKind::NotConnected);
            let what = if is_alone {
                "is a socket that does not listen"
            } else {
                "is a connected socket"
            };
            return Err(what.into());
        }
        let failed = |error: io::Error| format!("cannot be listened on: {error}");
        let tcp = TcpListener::from(socket);
        if tcp.local_addr().is_ok() {
            return Self::of_tcp(tcp).map_err(failed);
        }
        let unix = UnixListener::from(OwnedFd::from(tcp));
        if unix.local_addr().is_err() {
            return Err("is neither an IP nor a Unix socket".into());
        }
        Self::of_unix(unix, None).map_err(failed)
    }

    fn of_tcp(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // Where that is refused, the length that it has serves as well.
        let _ = sys::set_backlog(&listener, BACKLOG);
        Ok(Listener::Tcp(listener))
    }

    fn of_unix(listener: UnixListener, made: Option<Made>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // Where that is refused, the length that it has serves as well.
        let _ = sys::set_backlog(&listener, BACKLOG);
        Ok(Listener::Unix { listener, made })
    }

    /// Lets nobody else connect, where that is possible without closing the socket: connections that
    /// wait to be accepted would be closed with it.
    pub(super) fn withdraw(&mut self) {
        if let Listener::Unix { made, .. } = self {
            *made = None;
        }
    }

    /// Accepts one connection, if one waits, and returns its client too.
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

/// Binds a path, even if a dead process left a socket there.
fn bind_unix(path: &Path, mode: u16) -> io::Result<UnixListener> {
    let bind = || sys::with_mode(mode, || UnixListener::bind(path));
    match bind() {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            bind()
        }
        result => result,
    }
}

/// Waits until nobody else looks for, makes or removes sockets in the folder of `path`, and keeps it
/// so until the value is dropped. Without that, two starts could each find the same socket left
/// over, and the second remove what the first has made of it. There is no value where the folder
/// cannot be locked.
fn turn_in_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) else {
        return Ok(None);
    };
    let end = Instant::now() + TURN_PATIENCE;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if end <= Instant::now() => {
                return Err(io::Error::other(
                    "its folder stays locked by another program",
                ));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK_PERIOD),
        }
    }
}

/// The identity of the file at a path.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether a path is a socket on which nobody listens. Nothing else may be removed; connecting to a
/// regular file is refused as well.
fn is_stale(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
        && is_refused(path)
}

/// Whether nobody takes a connection. An owner that is busy lets others wait for as long as it is,
/// so a thread does, and is left to it.
fn is_refused(path: &Path) -> bool {
    let path = path.to_owned();
    let asking = thread::Builder::new().spawn(move || {
        UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    });
    let Ok(asking) = asking else {
        return false;
    };
    let end = Instant::now() + OWNER_PATIENCE;
    while !asking.is_finished() {
        if end <= Instant::now() {
            return false;
        }
        thread::sleep(LOOK_PERIOD);
    }
    asking.join().unwrap_or_default()
}

impl Drop for Made {
    fn drop(&mut self) {
        let _turn = turn_in_folder(&self.path);
        // Another file at this path belongs to another program.
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = fs::remove_file(&self.path);
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
        let listener = Listener::bind(address, 0o660).unwrap();
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

    /// An answer is written in one piece, so to wait for more of it would only delay it.
    #[test]
    fn what_is_written_is_sent_at_once() {
        let listener =
            Listener::bind(&Address::Tcp("127.0.0.1:0".parse().unwrap()), 0o660).unwrap();
        let Listener::Tcp(tcp) = &listener else {
            unreachable!("bound to another address");
        };
        let _client = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let mut fds = [PollFd::new(
            &listener,
            Interest {
                read: true,
                write: false,
            },
        )];
        wait(&mut fds, None).unwrap();
        let (Stream::Tcp(stream), client) = listener.accept().unwrap() else {
            unreachable!("accepted from another listener");
        };
        assert!(stream.nodelay().unwrap());
        assert_eq!(client, Client::V4([127, 0, 0, 1]));
    }

    /// A peer decides what it takes on its own side, by default some 100 KB; what is bounded here
    /// is the server's side, which would be megabytes.
    #[test]
    fn little_is_sent_to_a_peer_that_reads_nothing() {
        let tcp = bytes_taken(&Address::Tcp("127.0.0.1:0".parse().unwrap()));
        let path = env::temp_dir().join(format!("minicap-stalled-{}.sock", process::id()));
        let unix = bytes_taken(&Address::Unix(path));
        let bound = usize::from(SEND_BUFFER_BYTES);
        assert!((bound..20 * bound).contains(&tcp), "{tcp}");
        assert!((bound / 2..4 * bound).contains(&unix), "{unix}");
    }
}
