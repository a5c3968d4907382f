//! Counters of a store, for the metrics. Without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::histogram::Histogram;

/// The outcome of a request to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The store replied.
    Answered,
    /// The store refused.
    Refused,
    /// There was no connection.
    Unreachable,
    /// The reply did not come in time.
    Timeout,
    /// The connection ended before the reply.
    Lost,
    /// The reply did not belong to the request.
    Garbled,
    /// It was not sent, since another had failed a moment before.
    NotAsked,
}

impl Outcome {
    /// Every outcome, in the order of their declaration.
    pub const ALL: [Outcome; 7] = [
        Outcome::Answered,
        Outcome::Refused,
        Outcome::Unreachable,
        Outcome::Timeout,
        Outcome::Lost,
        Outcome::Garbled,
        Outcome::NotAsked,
    ];

    /// The outcome in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Refused => "refused",
            Outcome::Unreachable => "unreachable",
            Outcome::Timeout => "timeout",
            Outcome::Lost => "lost",
            Outcome::Garbled => "garbled",
            Outcome::NotAsked => "not_asked",
        }
    }
}

/// The counters of one store.
#[derive(Default)]
pub struct Figures {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    times: Histogram,
    connections: AtomicU64,
}

impl Figures {
    /// Requests with this outcome.
    pub fn outcomes(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// How long requests took, connecting included.
    pub fn times(&self) -> &Histogram {
        &self.times
    }

    /// Connections that were made.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that was sent.
    pub(super) fn count(&self, outcome: Outcome, time: Duration) {
        self.count_outcome(outcome);
        self.times.count(time);
    }

    pub(super) fn count_not_asked(&self) {
        self.count_outcome(Outcome::NotAsked);
    }

    fn count_outcome(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_at_their_own_places() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }
}
