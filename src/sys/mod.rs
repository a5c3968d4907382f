//! System calls that the standard library lacks.
//!
//! They wait for many sockets at once, turn signals into bytes, take over sockets that another process
//! has opened, and set options of listening sockets. This is the only module with `unsafe`; each call
//! is behind a safe function that takes and returns plain values. It knows nothing of HTTP, connections
//! or captchas.
//!
//! The declarations are those of POSIX.1-2017 (`poll`, `signal`, `write`, `_exit`, `fcntl`,
//! `getsockopt`, `setsockopt`, `listen`, `umask`) and, for Linux only, of `epoll(7)`. Numbers are the same
//! on every Unix that Rust supports, unless a comment says where they differ.

#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
mod epoll;
mod inherited;
mod poll;
mod signal;
mod socket;

use std::ffi::c_int;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub use epoll::Poller;
pub use inherited::{Inherited, inherited};
#[cfg(not(target_os = "linux"))]
pub use poll::Poller;
pub use poll::{PollFd, Poller as PortablePoller, wait};
pub use signal::termination;
pub use socket::{is_listening, is_stream, set_backlog, set_send_buffer, with_mode};

/// What a descriptor is watched for. With neither, only failure and hang-up are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Bytes to read, a connection to accept, or the end of the peer's bytes.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

/// What a poller has found about a descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The token with which it is watched.
    pub token: usize,
    /// Whether a read would return at once, be it with bytes, the end, or an error.
    pub is_readable: bool,
    /// Whether the connection is gone in both directions.
    pub is_broken: bool,
}

/// A timeout as the system takes it: in milliseconds, -1 for none. Rounded up, since a wait that
/// ends just before a deadline would only be begun again.
fn timeout_ms(timeout: Option<Duration>) -> c_int {
    timeout.map_or(-1, |time| {
        let whole = time.as_secs().saturating_mul(1_000);
        let rest = u64::from(time.subsec_nanos().div_ceil(1_000_000));
        c_int::try_from(whole.saturating_add(rest)).unwrap_or(c_int::MAX)
    })
}
