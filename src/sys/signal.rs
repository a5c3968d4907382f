//! The signals that ask a process to end, as a byte on a socket, so that a poller can wait for them.
//!
//! A handler is needed even where the default action would do: as process 1 of a container there
//! is no default action, and the signals would be ignored.

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

/// How long the same signal counts as one: a program that stops a whole group, and then each of it, and
/// a terminal and a shell that both tell, do so within milliseconds. A second press of Ctrl-C takes
/// longer than that to be meant.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

unsafe extern "C" {
    fn signal(number: c_int, handler: usize) -> usize;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn _exit(status: c_int) -> !;
}

/// Where the handler writes: one end of the pair that `termination` made.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// When the handlers were installed.
static BEGIN: OnceLock<Instant> = OnceLock::new();
/// The first signal: its number in the low byte, and above that when it came, in milliseconds after
/// `BEGIN`. Zero if there was none.
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Installs the handlers of SIGTERM, SIGINT, SIGQUIT and SIGHUP, and returns the socket that becomes
/// readable at the first of them. The same signal again within a second counts as one; any other
/// one ends the process at once, with the status 128 + its number, as shells have it.
///
/// SIGHUP stays ignored where it was, as `nohup` has it.
///
/// # Errors
///
/// What the system reports: descriptors are used up, or the handler is refused.
pub fn termination() -> io::Result<UnixStream> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    BEGIN.get_or_init(Instant::now);
    // The handler may run at any time until the process ends, so its end is never closed.
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
            // SAFETY: to ignore a signal runs nothing.
            unsafe { signal(number, SIG_IGN) };
        }
    }
    Ok(far)
}

extern "C" fn on_signal(number: c_int) {
    // Reads the clock, and nothing that could be locked.
    let time = BEGIN.get().map(Instant::elapsed).unwrap_or_default();
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 8);
    let this = millis << 8 | u64::from(number.unsigned_abs());
    match FIRST.compare_exchange(0, this, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            // SAFETY: the pointer is to one byte that lives for ever; the descriptor was never
            // closed. It cannot fail (one byte into an empty buffer), so the interrupted code's
            // `errno` stays.
            unsafe { write(WAKE.load(Ordering::Acquire), b"!".as_ptr().cast(), 1) };
        }
        Err(first) if is_same_wish(first, this) => {}
        // SAFETY: ends the process without running anything of it.
        Err(_) => unsafe { _exit(128 + number) },
    }
}

/// Whether a signal repeats the first one, both as `FIRST` has them.
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
