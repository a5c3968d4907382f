//! `poll(2)` as a safe wait.

use std::ffi::{c_int, c_short};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

/// The type that counts descriptors: `nfds_t`.
#[cfg(target_os = "linux")]
type Count = std::ffi::c_ulong;
#[cfg(not(target_os = "linux"))]
type Count = std::ffi::c_uint;

const POLLIN: c_short = 0x1;
const POLLOUT: c_short = 0x4;
const POLLERR: c_short = 0x8;
const POLLHUP: c_short = 0x10;
const POLLNVAL: c_short = 0x20;

unsafe extern "C" {
    fn poll(fds: *mut PollFd, count: Count, timeout_ms: c_int) -> c_int;
}

/// What a descriptor is watched for. With neither, only failure and hang-up are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Bytes to read, a connection to accept, or the end of the peer's bytes.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

/// One watched descriptor and what was found: the `struct pollfd` of POSIX.
///
/// It keeps the descriptor's number and not the descriptor. Should that be closed meanwhile, the
/// wait reports it as broken or reports some other socket's state; nothing is read or written.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PollFd {
    fd: RawFd,
    events: c_short,
    revents: c_short,
}

impl PollFd {
    /// Watches `fd` for `interest`.
    pub fn new(fd: &impl AsFd, interest: Interest) -> Self {
        let read = if interest.read { POLLIN } else { 0 };
        let write = if interest.write { POLLOUT } else { 0 };
        PollFd {
            fd: fd.as_fd().as_raw_fd(),
            events: read | write,
            revents: 0,
        }
    }

    /// Whether the last wait found anything at all.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.revents != 0
    }

    /// Whether a read would return at once, be it with bytes, the end, or an error.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.revents & (POLLIN | POLLHUP | POLLERR) != 0
    }

    /// Whether the connection is gone in both directions.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.revents & (POLLERR | POLLHUP | POLLNVAL) != 0
    }
}

/// Waits until a descriptor is ready or `timeout` (`None`: for ever) has passed, and returns how
/// many are ready. A signal ends the wait early, with 0.
///
/// # Errors
///
/// What the system reports: memory, or more descriptors than the process may open.
pub fn wait(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    // Rounded up, since a wait that ends just before a deadline would only be begun again.
    let timeout_ms = timeout.map_or(-1, |time| {
        let whole = time.as_secs().saturating_mul(1_000);
        let rest = u64::from(time.subsec_nanos().div_ceil(1_000_000));
        c_int::try_from(whole.saturating_add(rest)).unwrap_or(c_int::MAX)
    });
    let count = Count::try_from(fds.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: pointer and count describe one exclusively borrowed slice, whose element is laid out
    // as the call expects (`repr(C)`, the fields of `struct pollfd`); the kernel keeps neither.
    let ready = unsafe { poll(fds.as_mut_ptr(), count, timeout_ms) };
    usize::try_from(ready).or_else(|_| {
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::Interrupted {
            // Nothing was written to the slice: what an earlier wait found there is no news.
            for fd in fds {
                fd.revents = 0;
            }
            return Ok(0);
        }
        Err(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    const READ: Interest = Interest {
        read: true,
        write: false,
    };
    const WRITE: Interest = Interest {
        read: false,
        write: true,
    };

    #[test]
    fn reports_what_is_ready_and_only_that() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let mut fds = [PollFd::new(&far, READ), PollFd::new(&near, WRITE)];
        assert_eq!(wait(&mut fds, Some(Duration::ZERO)).unwrap(), 1);
        assert!(!fds[0].is_ready() && fds[1].is_ready());
        near.write_all(b"x").unwrap();
        assert_eq!(wait(&mut fds, None).unwrap(), 2);
        assert!(fds[0].is_readable() && !fds[0].is_broken());
    }

    #[test]
    fn reports_a_hang_up_to_those_who_asked_for_nothing() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(near);
        let mut fds = [PollFd::new(&far, Interest::default())];
        assert_eq!(wait(&mut fds, None).unwrap(), 1);
        assert!(fds[0].is_broken());
    }

    #[test]
    fn waits_no_shorter_than_it_was_told() {
        let begun = std::time::Instant::now();
        let time = Duration::from_micros(1_500);
        assert_eq!(wait(&mut [], Some(time)).unwrap(), 0);
        assert!(time <= begun.elapsed());
    }
}
