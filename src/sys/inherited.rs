//! Descriptors that a service manager has opened for this process, by the `LISTEN_FDS` protocol of
//! `sd_listen_fds(3)`.

use std::ffi::c_int;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first descriptor that is passed; the others follow it.
const FIRST: RawFd = 3;

/// Most descriptors that are taken: a service has one address, or a few.
const COUNT_MAX: RawFd = 16;

unsafe extern "C" {
    fn fcntl(fd: RawFd, command: c_int, ...) -> c_int;
}

/// Gets the flags of a descriptor, and so shows whether it is open (POSIX.1-2017, `fcntl`).
const F_GETFD: c_int = 1;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// A descriptor that the environment announces.
#[derive(Debug)]
pub struct Inherited {
    /// Its number.
    pub number: RawFd,
    /// The descriptor, if it is open.
    pub fd: Option<OwnedFd>,
}

/// The descriptors for this process, by the values of `LISTEN_PID` and `LISTEN_FDS`; none at a second
/// call. It has to be called before anything else opens a descriptor, which might get the number of one
/// that was announced and is not open.
#[must_use]
pub fn inherited(pid: Option<&str>, count: Option<&str>) -> Vec<Inherited> {
    let is_ours = pid.and_then(|pid| pid.parse().ok()) == Some(process::id())
        && !TAKEN.swap(true, Ordering::AcqRel);
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    (FIRST..FIRST + RawFd::clamp(count, 0, COUNT_MAX))
        .filter(|_| is_ours)
        .map(|number| {
            // SAFETY: asks for a number's flags, and touches nothing.
            let is_open = 0 <= unsafe { fcntl(number, F_GETFD) };
            // SAFETY: it is open, by the protocol it belongs to this process, and as this part is
            // reached once only, nobody else was given it.
            let fd = is_open.then(|| unsafe { OwnedFd::from_raw_fd(number) });
            Inherited { number, fd }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_another_process_is_left_alone() {
        let own = process::id().to_string();
        assert!(inherited(None, Some("1")).is_empty());
        assert!(inherited(Some("1"), Some("1")).is_empty());
        assert!(inherited(Some(&own), None).is_empty());
        assert!(inherited(Some(&own), Some("-1")).is_empty());
        assert!(inherited(Some(&own), Some("x")).is_empty());
    }
}
