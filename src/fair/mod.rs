//! What treating clients evenly needs: who a client is, and containers that say in constant time
//! who of them has the most.
//!
//! A [`Client`] is an address. For everything that is shared out (turns of the workers, connections,
//! places in the store) clients are sorted into [`LINES`] lines by a keyed hash, as in stochastic
//! fairness queueing (`McKenney`, INFOCOM 1990): so what is kept about clients is bounded, however many
//! addresses come, and two clients share their fate once in so many times, which nobody can plan.
//!
//! Knows no socket, no request and no captcha.

mod chains;
mod client;
mod ranking;

pub use chains::{Chains, List};
pub use client::{Client, LINES, Line, Lines};
pub use ranking::Ranking;

#[cfg(test)]
pub(crate) use client::tests::{FIRST, line};
