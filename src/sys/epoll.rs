//! `epoll(7)` of Linux as a safe wait for many descriptors. Its cost grows with the number of descriptors
//! that are ready, not with the number that is watched.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use super::{Event, Interest, timeout_ms};

// From `sys/epoll.h`; the same on every architecture.
const EPOLL_CTL_ADD: c_int = 1;
const EPOLL_CTL_DEL: c_int = 2;
const EPOLL_CTL_MOD: c_int = 3;
const EPOLLIN: u32 = 0x1;
const EPOLLOUT: u32 = 0x4;
const EPOLLERR: u32 = 0x8;
const EPOLLHUP: u32 = 0x10;

/// Most descriptors that one wait reports. The next waits report the others.
const EVENTS_MAX: usize = 1024;

/// `struct epoll_event`, which has no padding on x86-64, so that 32-bit programs can share it.
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
#[derive(Clone, Copy)]
struct EpollEvent {
    events: u32,
    token: u64,
}

unsafe extern "C" {
    fn epoll_create1(flags: c_int) -> c_int;
    fn epoll_ctl(epoll: c_int, operation: c_int, fd: c_int, event: *mut EpollEvent) -> c_int;
    fn epoll_wait(
        epoll: c_int,
        events: *mut EpollEvent,
        events_max: c_int,
        timeout_ms: c_int,
    ) -> c_int;
}

/// Watches descriptors, each with a token that the caller chooses. A closed descriptor is no longer
/// watched.
pub struct Poller {
    epoll: OwnedFd,
    events: Box<[EpollEvent]>,
}

impl Poller {
    /// Watches nothing yet.
    ///
    /// # Errors
    ///
    /// If there is no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes a number and uses no memory of this process.
        let fd = checked(unsafe { epoll_create1(0) })?;
        // SAFETY: the call has just made it, and nothing else has it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let unused = EpollEvent {
            events: 0,
            token: 0,
        };
        Ok(Poller {
            epoll,
            events: vec![unused; EVENTS_MAX].into(),
        })
    }

    /// Begins to watch a descriptor.
    ///
    /// # Errors
    ///
    /// What the system reports: memory, or that it is watched already or cannot be.
    pub fn watch(&mut self, fd: &impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        self.control(EPOLL_CTL_ADD, fd, token, interest)
    }

    /// Changes what a descriptor is watched for.
    ///
    /// # Errors
    ///
    /// What the system reports: it is not watched.
    pub fn change(&mut self, fd: &impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        self.control(EPOLL_CTL_MOD, fd, token, interest)
    }

    /// Stops watching a descriptor.
    ///
    /// # Errors
    ///
    /// What the system reports: it is not watched.
    pub fn forget(&mut self, fd: &impl AsFd) -> io::Result<()> {
        self.control(EPOLL_CTL_DEL, fd, 0, Interest::default())
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
        let count = c_int::try_from(self.events.len()).unwrap_or(c_int::MAX);
        let (epoll, events) = (self.epoll.as_raw_fd(), self.events.as_mut_ptr());
        // SAFETY: pointer and count describe one exclusively borrowed slice, whose element is laid
        // out as the call expects; the kernel keeps neither.
        let ready = checked(unsafe { epoll_wait(epoll, events, count, timeout_ms(timeout)) });
        let ready = match ready {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            ready => usize::try_from(ready?).unwrap_or(0),
        };
        found.extend(self.events.iter().take(ready).map(|event| {
            let EpollEvent { events, token } = *event;
            Event {
                // It was made from one.
                token: usize::try_from(token).unwrap_or(usize::MAX),
                is_readable: events & (EPOLLIN | EPOLLHUP | EPOLLERR) != 0,
                is_broken: events & (EPOLLHUP | EPOLLERR) != 0,
            }
        }));
        Ok(())
    }

    fn control(
        &mut self,
        operation: c_int,
        fd: &impl AsFd,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let read = if interest.read { EPOLLIN } else { 0 };
        let write = if interest.write { EPOLLOUT } else { 0 };
        let mut event = EpollEvent {
            events: read | write,
            token: token as u64,
        };
        let (epoll, fd) = (self.epoll.as_raw_fd(), fd.as_fd().as_raw_fd());
        // SAFETY: the pointer is to one event that outlives the call, which copies it; both
        // descriptors are open, since they are borrowed.
        checked(unsafe { epoll_ctl(epoll, operation, fd, ptr::from_mut(&mut event)) }).map(|_| ())
    }
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
