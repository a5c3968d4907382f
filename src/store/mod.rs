//! The captchas alive right now.
//!
//! A captcha is born when its picture is handed out, and it ends in one of four ways: the right
//! answer, the last allowed wrong one, its lifetime, or a newer captcha that needs its room. From
//! then on it is as unknown as one that never was. Look-up, comparison, counting and removal are one
//! step: however many answers arrive at once, one right answer wins, and no more wrong ones are
//! counted than are allowed.
//!
//! A store may be unable to say what became of an answer. Then it says just that, and no answer is
//! right.
//!
//! Knows no request and no picture.

mod id;
pub mod memory;
mod solution;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use id::Id;
pub use memory::Memory;
pub use solution::{SOLUTION_BYTES_MAX, Solution};

use crate::fair::Line;

/// What became of an answer.
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

/// The store could not be asked, or has not answered: nothing is known of the captcha, and a wrong
/// answer may have been counted. The store has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Where the captchas are kept; shared by all workers.
#[derive(Clone)]
pub enum Store {
    /// In the memory of this process.
    Memory(Arc<Memory>),
}

/// One worker's access to the store.
pub enum Handle {
    /// To the memory of this process.
    Memory(Arc<Memory>),
}

impl Store {
    /// Access for one worker.
    #[must_use]
    pub fn handle(&self) -> Handle {
        match self {
            Store::Memory(memory) => Handle::Memory(Arc::clone(memory)),
        }
    }

    /// How long a captcha lives.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        match self {
            Store::Memory(memory) => memory.settings().ttl,
        }
    }

    /// The captchas in the memory of this process; none if they are kept elsewhere.
    #[must_use]
    pub fn memory(&self) -> Option<&Memory> {
        match self {
            Store::Memory(memory) => Some(memory),
        }
    }
}

impl Handle {
    /// Begins a captcha's life, for a client of this line, and returns the id that it is known by.
    ///
    /// # Errors
    ///
    /// If the store cannot be used: then there is no such captcha, or nobody knows its id.
    pub fn insert(
        &mut self,
        solution: Solution,
        line: Line,
        now: Instant,
    ) -> Result<Id, Unavailable> {
        match self {
            Handle::Memory(memory) => Ok(memory.insert(solution, line, now)),
        }
    }

    /// Judges one answer.
    ///
    /// # Errors
    ///
    /// If the store cannot be used. The answer may have been counted, so nobody may ask again by
    /// himself.
    pub fn judge(&mut self, id: Id, answer: &str, now: Instant) -> Result<Verdict, Unavailable> {
        match self {
            Handle::Memory(memory) => Ok(memory.judge(id, answer, now)),
        }
    }

    /// Finds out whether captchas can be made and judged now.
    ///
    /// # Errors
    ///
    /// If they cannot.
    pub fn check(&mut self) -> Result<(), Unavailable> {
        match self {
            Handle::Memory(memory) => {
                // Well is who gets the lock.
                memory.len();
                Ok(())
            }
        }
    }
}
