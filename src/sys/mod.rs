//! What the standard library lacks: waiting for many sockets at once, hearing that the process
//! should end, taking over sockets that somebody else has opened, and the options of those that
//! listen. The only module with `unsafe`; each call sits behind a safe function that takes and
//! returns plain values. Knows nothing of HTTP, connections or captchas.
//!
//! The declarations are those of POSIX.1-2017 (`poll`, `signal`, `write`, `_exit`, `fcntl`,
//! `setsockopt`, `listen`). The numbers used here are the same on every Unix that Rust supports,
//! or it is said where they differ.

#![allow(unsafe_code)]

mod inherited;
mod poll;
mod signal;
mod socket;

pub use inherited::inherited;
pub use poll::{Interest, PollFd, wait};
pub use signal::termination;
pub use socket::{set_backlog, set_send_buffer};
