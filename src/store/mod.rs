//! The captchas that can be answered.
//!
//! A captcha's life begins when its picture is sent. It ends with the right answer, with the last wrong
//! answer allowed, when it expires, or when a newer captcha takes its place because the store is full.
//! After that it is unknown, like one that never existed. Look-up, comparison, counting and removal are
//! one step: however many answers arrive at the same time, one right answer wins, and no more wrong
//! ones are counted than are allowed.
//!
//! A store may be unavailable, or lose the result of a check. It then reports that, and the answer does
//! not count as right.
//!
//! Knows neither requests nor pictures.

mod id;
pub mod memory;
mod solution;
pub mod valkey;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use id::Id;
pub use memory::Memory;
pub use solution::{SOLUTION_BYTES_MAX, Solution};
pub use valkey::Valkey;

use crate::fair::Line;

/// The result of checking an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right text: the captcha is used up.
    Right,
    /// A wrong text: one attempt is used up.
    Wrong {
        /// The wrong answers that are left until the captcha ends; none if it has ended with this.
        attempts_left: u16,
    },
    /// No captcha of this id is alive.
    Unknown,
}

/// The store could not be reached or did not reply. A wrong answer may have been counted all the same.
/// The store has logged the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Where the captchas are kept; shared by all workers.
#[derive(Clone)]
pub enum Store {
    /// In the memory of this process.
    Memory(Arc<Memory>),
    /// On a server that several processes share.
    Valkey(Arc<Valkey>),
}

/// One worker's access to the store.
pub enum Handle {
    /// To the memory of this process.
    Memory(Arc<Memory>),
    /// To a server.
    Valkey(valkey::Client),
}

impl Store {
    /// Access for one worker.
    #[must_use]
    pub fn handle(&self) -> Handle {
        match self {
            Store::Memory(memory) => Handle::Memory(Arc::clone(memory)),
            Store::Valkey(valkey) => Handle::Valkey(valkey::Client::new(Arc::clone(valkey))),
        }
    }

    /// How long a captcha lives.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        match self {
            Store::Memory(memory) => memory.settings().ttl,
            Store::Valkey(valkey) => valkey.settings().ttl,
        }
    }

    /// Whether the store is known to be unavailable now, so that a picture would be drawn for nothing.
    #[must_use]
    pub fn is_resting(&self, now: Instant) -> bool {
        match self {
            Store::Memory(_) => false,
            Store::Valkey(valkey) => valkey.is_resting(now),
        }
    }

    /// The captchas in the memory of this process; none if they are kept elsewhere.
    #[must_use]
    pub fn memory(&self) -> Option<&Memory> {
        match self {
            Store::Memory(memory) => Some(memory),
            Store::Valkey(_) => None,
        }
    }

    /// The server that keeps the captchas; none if they are in memory.
    #[must_use]
    pub fn valkey(&self) -> Option<&Valkey> {
        match self {
            Store::Memory(_) => None,
            Store::Valkey(valkey) => Some(valkey),
        }
    }
}

impl Handle {
    /// Begins a captcha's life, for a client of this line, and returns the id that it is known by.
    ///
    /// # Errors
    ///
    /// If the store cannot be used. The captcha then does not exist, or its id is lost.
    pub fn insert(
        &mut self,
        solution: Solution,
        line: Line,
        now: Instant,
    ) -> Result<Id, Unavailable> {
        match self {
            Handle::Memory(memory) => Ok(memory.insert(solution, line, now)),
            Handle::Valkey(client) => client.insert(solution, now),
        }
    }

    /// Checks one answer.
    ///
    /// # Errors
    ///
    /// If the store cannot be used. The answer may have been counted, so it must not be checked again
    /// without the visitor.
    pub fn judge(&mut self, id: Id, answer: &str, now: Instant) -> Result<Verdict, Unavailable> {
        match self {
            Handle::Memory(memory) => Ok(memory.judge(id, answer, now)),
            Handle::Valkey(client) => client.judge(id, answer, now),
        }
    }

    /// Finds out whether captchas can be made and checked now.
    ///
    /// # Errors
    ///
    /// If they cannot.
    pub fn check(&mut self, now: Instant) -> Result<(), Unavailable> {
        match self {
            Handle::Memory(memory) => {
                // A lock that can be taken is enough.
                memory.len();
                Ok(())
            }
            Handle::Valkey(client) => client.check(now),
        }
    }
}
