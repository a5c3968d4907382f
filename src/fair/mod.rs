//! Fairness among clients: what a client is, and containers that find in constant time the client
//! that has the most.
//!
//! A [`Client`] is an address. Turns of the workers, connections and places in the store are shared
//! among clients. A keyed hash sorts clients into [`LINES`] lines, as in stochastic fairness queueing
//! (`McKenney`, INFOCOM 1990). So the memory for clients is bounded, however many addresses there are.
//! Two clients have the same line once in [`LINES`] times, and then count as one; the key is random, so
//! nobody can choose a line.
//!
//! Which client loses at a limit is decided where that is reached: for captchas in `store::memory`, for
//! connections in `server::event_loop`. Knows neither sockets nor requests nor captchas.

mod chains;
mod client;
mod ranking;

pub use chains::{Chains, List};
pub use client::{Client, LINES, Line, Lines};
pub use ranking::Ranking;

#[cfg(test)]
pub(crate) use client::tests::{FIRST, line};
