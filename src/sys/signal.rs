//! The signals that ask a process to end, as a byte on a socket, so that a poller can wait for them.
//!
//! A handler is needed even to end at once: process 1 of a container has no default action, and would
//! ignore the signals.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SIGHUP: c_int = 1;
const SIGINT: c_int = 2;
const SIGQUIT: c_int = 3;
const SIGTERM: c_int = 15;
const SIG_IGN: usize = 1;
const SIG_ERR: usize = usize::MAX;

/// How long a repeated signal counts as the same one. Programs that signal a group and then each of its
/// processes, or a terminal and a shell that both send a signal, do so within milliseconds. Someone who
/// presses Ctrl-C again to end the process at once takes longer.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

unsafe extern "C" {
    fn signal(number: c_int, handler: usize) -> usize;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn _exit(status: c_int) -> !;
}

/// The descriptor to which the handler writes: one end of the pair that `termination` makes.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// When the handlers were installed.
static BEGIN: OnceLock<Instant> = OnceLock::new();
/// The first signal: its number in the low byte, and in the other bits when it came, in milliseconds
/// after `BEGIN`. Zero if there was none.
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Installs the handlers of SIGTERM, SIGINT, SIGQUIT and SIGHUP, and returns the socket that becomes
/// readable at the first of them. The same signal again within a second counts as one; any other
/// one ends the process at once, with the status that shells use, 128 and its number.
///
/// SIGHUP stays ignored if it was ignored at the start, as `nohup` does.
///
/// # Errors
///
/// What the system reports: descriptors are used up, or the handler is refused.
pub fn termination() -> io::Result<UnixStream> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    BEGIN.get_or_init(Instant::now);
    // The handler may run at any time until the process ends, so the socket is never closed.
    WAKE.store(near.into_raw_fd(), Ordering::Release);
    let handler: extern "C" fn(c_int) = on_signal;
    for number in [SIGTERM, SIGINT, SIGQUIT, SIGHUP] {
        // SAFETY: the handler has the signature that the call expects and does only what POSIX
        // lists as safe in a handler: atomics, `clock_gettime`, `write` and `_exit`.
        let former = unsafe { signal(number, handler as usize) };
        if former == SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        if number == SIGHUP && former == SIG_IGN {
            // SAFETY: to ignore a signal runs no code.
            unsafe { signal(number, SIG_IGN) };
        }
    }
    Ok(far)
}

extern "C" fn on_signal(number: c_int) {
    // This reads the clock, and takes no lock.
    let time = BEGIN.get().map(Instant::elapsed).unwrap_or_default();
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 8);
    let this = millis << 8 | u64::from(number.unsigned_abs());
    match FIRST.compare_exchange(0, this, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            // SAFETY: the pointer is to one static byte, and the descriptor is never closed. The call
            // cannot fail (one byte into an empty buffer), so it leaves `errno` of the interrupted code
            // as it is.
            unsafe { write(WAKE.load(Ordering::Acquire), b"!".as_ptr().cast(), 1) };
        }
        Err(first) if is_same_wish(first, this) => {}
        // SAFETY: this ends the process without running any of its code.
        Err(_) => unsafe { _exit(128 + number) },
    }
}

/// Whether a signal repeats the first one; both have the form of `FIRST`.
fn is_same_wish(first: u64, this: u64) -> bool {
    let age = Duration::from_millis((this >> 8).saturating_sub(first >> 8));
    first & 0xff == this & 0xff && age < SAME_SIGNAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_signal_within_a_second_is_the_same_wish() {
        let signal = |number: c_int, millis: u64| millis << 8 | u64::from(number.unsigned_abs());
        let first = signal(SIGTERM, 5_000);
        assert!(is_same_wish(first, signal(SIGTERM, 5_000)));
        assert!(is_same_wish(first, signal(SIGTERM, 5_999)));
        assert!(!is_same_wish(first, signal(SIGTERM, 6_000)));
        assert!(!is_same_wish(first, signal(SIGINT, 5_000)));
    }
}
