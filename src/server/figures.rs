//! Counters and limits of the server, for the metrics. The event loop and the pool write them, anyone
//! may read them, without a lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::connection::Reason;

/// The figures of one server.
#[derive(Default)]
pub struct Figures {
    connections_max: AtomicU64,
    open: AtomicU64,
    closed: [AtomicU64; Reason::ALL.len()],
    bytes_sent: AtomicU64,
    waiting: AtomicU64,
    stopping: AtomicBool,
}

impl Figures {
    /// Connections that may be open at a time.
    pub fn connections_max(&self) -> u64 {
        self.connections_max.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections that were closed for this reason.
    pub fn closed(&self, reason: Reason) -> u64 {
        self.closed[reason as usize].load(Ordering::Relaxed)
    }

    /// Bytes that were sent, heads included.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    /// Requests that wait for a worker now.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether a signal to stop has come.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn set_connections_max(&self, connections: usize) {
        self.connections_max
            .store(connections as u64, Ordering::Relaxed);
    }

    pub(super) fn count_opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_closed(&self, reason: Reason) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.closed[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_sent(&self, bytes: usize) {
        self.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn set_waiting(&self, requests: usize) {
        self.waiting.store(requests as u64, Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_at_their_own_places() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }
}
