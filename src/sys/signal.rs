//! SIGTERM and SIGINT as a byte on a socket, so that a `poll` can wait for them.
//!
//! A handler is needed even where the default action would do: as process 1 of a container there
//! is no default action, and the signals would be ignored.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

const SIGINT: c_int = 2;
const SIGTERM: c_int = 15;
const SIG_ERR: usize = usize::MAX;

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn _exit(status: c_int) -> !;
}

/// Where the handler writes: one end of the pair that `termination` made.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static HEARD: AtomicBool = AtomicBool::new(false);

/// Installs the handlers and returns the socket that becomes readable at the first signal. A
/// second signal ends the process at once, with the status 128 + its number, as shells have it.
///
/// # Errors
///
/// What the system reports: descriptors are used up, or the handler is refused.
pub fn termination() -> io::Result<UnixStream> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    // The handler may run at any time until the process ends, so its end is never closed.
    WAKE.store(near.into_raw_fd(), Ordering::Release);
    for number in [SIGTERM, SIGINT] {
        // SAFETY: the handler has the signature that the call expects and does only what POSIX
        // lists as safe in a handler: atomics, `write` and `_exit`.
        if unsafe { signal(number, on_signal) } == SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(far)
}

extern "C" fn on_signal(number: c_int) {
    if HEARD.swap(true, Ordering::AcqRel) {
        // SAFETY: ends the process without running anything of it.
        unsafe { _exit(128 + number) }
    }
    // SAFETY: the pointer is to one byte that lives for ever; the descriptor was never closed. It
    // cannot fail (one byte into an empty buffer), so the interrupted code's `errno` stays.
    unsafe { write(WAKE.load(Ordering::Acquire), b"!".as_ptr().cast(), 1) };
}
