//! `poll(2)` as a safe wait, and a poller that uses it, for systems that have nothing better. Its cost
//! grows with the number of watched descriptors.

use std::collections::HashMap;
use std::ffi::{c_int, c_short};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use super::{Event, Interest, timeout_ms};

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

/// A watched descriptor and what was found about it: the `struct pollfd` of POSIX.
///
/// It has the number of the descriptor and does not own it. If the descriptor has been closed, the wait
/// reports it as invalid, or reports another socket with the same number; nothing is read or written.
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
    let count = Count::try_from(fds.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: pointer and count describe one exclusively borrowed slice, whose element is laid out
    // as the call expects (`repr(C)`, the fields of `struct pollfd`); the kernel keeps neither.
    let ready = unsafe { poll(fds.as_mut_ptr(), count, timeout_ms(timeout)) };
    usize::try_from(ready).or_else(|_| {
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::Interrupted {
            // The call did not write to the slice, which still has what an earlier wait found.
            for fd in fds {
                fd.revents = 0;
            }
            return Ok(0);
        }
        Err(error)
    })
}

/// Watches descriptors, each with a token that the caller chooses. A descriptor must be removed before
/// it is closed.
#[derive(Default)]
pub struct Poller {
    fds: Vec<PollFd>,
    /// The token of each descriptor, in the same order.
    tokens: Vec<usize>,
    places: HashMap<RawFd, usize>,
}

impl Poller {
    /// Watches nothing yet.
    ///
    /// # Errors
    ///
    /// None.
    pub fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Begins to watch a descriptor.
    ///
    /// # Errors
    ///
    /// If it is watched already.
    pub fn watch(&mut self, fd: &impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let watched = PollFd::new(fd, interest);
        if self.places.contains_key(&watched.fd) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.places.insert(watched.fd, self.fds.len());
        self.fds.push(watched);
        self.tokens.push(token);
        Ok(())
    }

    /// Changes what a descriptor is watched for.
    ///
    /// # Errors
    ///
    /// If it is not watched.
    pub fn change(&mut self, fd: &impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let watched = PollFd::new(fd, interest);
        let place = *self
            .places
            .get(&watched.fd)
            .ok_or(io::ErrorKind::NotFound)?;
        self.fds[place] = watched;
        self.tokens[place] = token;
        Ok(())
    }

    /// Stops watching a descriptor.
    ///
    /// # Errors
    ///
    /// If it is not watched.
    pub fn forget(&mut self, fd: &impl AsFd) -> io::Result<()> {
        let place = self.places.remove(&fd.as_fd().as_raw_fd());
        let place = place.ok_or(io::ErrorKind::NotFound)?;
        self.fds.swap_remove(place);
        self.tokens.swap_remove(place);
        if let Some(moved) = self.fds.get(place) {
            self.places.insert(moved.fd, place);
        }
        Ok(())
    }

    /// Waits until a descriptor is ready or `timeout` (`None`: for ever) has passed, and replaces the
    /// contents of `found`. A descriptor is found by every wait as long as it is ready. A signal ends the
    /// wait early, and then nothing is found.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> io::Result<()> {
        found.clear();
        wait(&mut self.fds, timeout)?;
        let watched = self.fds.iter().zip(&self.tokens);
        found.extend(
            watched
                .filter(|(fd, _)| fd.is_ready())
                .map(|(fd, token)| Event {
                    token: *token,
                    is_readable: fd.is_readable(),
                    is_broken: fd.is_broken(),
                }),
        );
        Ok(())
    }
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

    /// The same test for each poller: this one and, on Linux, the one that the service uses.
    macro_rules! check_poller {
        ($Poller:ty) => {
            let mut poller = <$Poller>::new().unwrap();
            let mut found = Vec::new();
            let mut tokens = |poller: &mut $Poller| {
                poller.wait(Some(Duration::ZERO), &mut found).unwrap();
                let mut tokens: Vec<_> = found
                    .iter()
                    .map(|e| (e.token, e.is_readable, e.is_broken))
                    .collect();
                tokens.sort_unstable();
                tokens
            };
            let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
            for (token, (_, far)) in pairs.iter().enumerate() {
                poller.watch(far, token, READ).unwrap();
            }
            assert!(poller.watch(&pairs[0].1, 9, READ).is_err());
            assert_eq!(tokens(&mut poller), []);
            (&pairs[0].0).write_all(b"x").unwrap();
            (&pairs[2].0).write_all(b"x").unwrap();
            let ready = [(0, true, false), (2, true, false)];
            assert_eq!(tokens(&mut poller), ready);
            assert_eq!(tokens(&mut poller), ready, "until it is read");
            poller.change(&pairs[2].1, 7, Interest::default()).unwrap();
            assert_eq!(tokens(&mut poller), ready[..1]);
            poller.change(&pairs[2].1, 7, WRITE).unwrap();
            assert_eq!(tokens(&mut poller), [(0, true, false), (7, false, false)]);
            poller.forget(&pairs[0].1).unwrap();
            assert!(poller.forget(&pairs[0].1).is_err());
            assert!(poller.change(&pairs[0].1, 0, READ).is_err());
            assert_eq!(tokens(&mut poller), [(7, false, false)]);
            poller.change(&pairs[2].1, 7, Interest::default()).unwrap();
            pairs[2].0.shutdown(std::net::Shutdown::Both).unwrap();
            assert_eq!(tokens(&mut poller), [(7, true, true)]);
        };
    }

    #[test]
    fn pollers_report_under_tokens_what_is_ready() {
        check_poller!(Poller);
        #[cfg(target_os = "linux")]
        {
            check_poller!(crate::sys::Poller);
        }
    }
}
