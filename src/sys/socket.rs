//! Options of listening sockets, and the permissions of Unix sockets.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Level and names of options, from `sys/socket.h`. Linux has numbers of its own, except on architectures
/// for which there was a Unix before it; those, and other systems, have the numbers of BSD.
const SOL_SOCKET_AND_SO_SNDBUF: (c_int, c_int) = if LINUX_OF_ITS_OWN {
    (1, 7)
} else {
    (0xffff, 0x1001)
};

/// Whether this is Linux with its own numbers.
const LINUX_OF_ITS_OWN: bool = cfg!(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "sparc",
        target_arch = "sparc64"
    ))
));

/// Names of the options for a socket's type and whether it listens.
const SO_TYPE: c_int = if LINUX_OF_ITS_OWN { 3 } else { 0x1008 };
const SO_ACCEPTCONN: c_int = if LINUX_OF_ITS_OWN {
    30
} else if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    0x1009
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    0x8000
} else {
    2
};

/// The type of a stream socket, which has another number in Linux on MIPS.
const SOCK_STREAM: c_int = if cfg!(all(
    target_os = "linux",
    any(target_arch = "mips", target_arch = "mips64")
)) {
    2
} else {
    1
};

/// `mode_t`.
#[cfg(any(target_os = "linux", target_os = "android"))]
type Mode = u32;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Mode = u16;

unsafe extern "C" {
    fn getsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *mut c_void,
        value_bytes: *mut u32,
    ) -> c_int;
    fn umask(mask: Mode) -> Mode;
    fn setsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        value_bytes: u32,
    ) -> c_int;
    fn listen(fd: c_int, backlog: c_int) -> c_int;
}

/// Limits the bytes that the system keeps for a peer that does not take them. Accepted connections
/// inherit the limit of the listening socket. Linux counts its own bookkeeping as well, and doubles the
/// number for that (`socket(7)`).
///
/// # Errors
///
/// What the system reports: it is no socket, or has no such option.
pub fn set_send_buffer(socket: &impl AsFd, bytes: u16) -> io::Result<()> {
    const VALUE_BYTES: u32 = c_int::BITS / 8;
    let (level, name) = SOL_SOCKET_AND_SO_SNDBUF;
    let fd = socket.as_fd().as_raw_fd();
    let value = c_int::from(bytes);
    // SAFETY: the pointer is to one `int`, as many bytes as are announced; the call copies it.
    let result = unsafe { setsockopt(fd, level, name, (&raw const value).cast(), VALUE_BYTES) };
    checked(result)
}

/// Whether a socket is a stream of bytes and not of messages.
///
/// # Errors
///
/// What the system reports: it is no socket.
pub fn is_stream(socket: &impl AsFd) -> io::Result<bool> {
    Ok(option(socket, SO_TYPE)? == SOCK_STREAM)
}

/// Whether a socket listens for connections.
///
/// # Errors
///
/// What the system reports: it is no socket.
pub fn is_listening(socket: &impl AsFd) -> io::Result<bool> {
    Ok(option(socket, SO_ACCEPTCONN)? != 0)
}

/// Reads an option that is a number.
fn option(socket: &impl AsFd, name: c_int) -> io::Result<c_int> {
    let (level, _) = SOL_SOCKET_AND_SO_SNDBUF;
    let mut value: c_int = 0;
    let mut value_bytes = c_int::BITS / 8;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: both pointers are to variables of this function, and the second has the size of the first;
    // the call writes no more than that and keeps neither.
    let result = unsafe {
        getsockopt(
            fd,
            level,
            name,
            (&raw mut value).cast(),
            &raw mut value_bytes,
        )
    };
    checked(result).map(|()| value)
}

/// Calls a function that makes a file or a socket, which has at most this mode from the moment when it
/// exists. For the start only, since the mode also applies to what other threads make meanwhile.
pub fn with_mode<T>(mode: u16, action: impl FnOnce() -> T) -> T {
    let mask = Mode::from(!mode & 0o777);
    // SAFETY: the call takes a number and cannot fail.
    let former = unsafe { umask(mask) };
    let result = action();
    // SAFETY: as above.
    unsafe { umask(former) };
    result
}

/// Sets how many connections may wait to be accepted on a listening socket. The system may have a lower
/// limit.
///
/// # Errors
///
/// What the system reports: it does not listen.
pub fn set_backlog(listener: &impl AsFd, connections: u16) -> io::Result<()> {
    // SAFETY: the call takes two numbers, and only changes the length of the queue of a listening socket.
    checked(unsafe { listen(listener.as_fd().as_raw_fd(), c_int::from(connections)) })
}

fn checked(result: c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::net::TcpListener;

    #[test]
    fn takes_listening_sockets_and_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_send_buffer(&listener, 16_384).unwrap();
        set_backlog(&listener, 1).unwrap();
        let file = File::open("/dev/null").unwrap();
        assert!(set_send_buffer(&file, 16_384).is_err());
        assert!(set_backlog(&file, 1).is_err());
    }
}
