//! The captchas of many processes, kept by a server that speaks the protocol of Valkey and Redis.
//!
//! A captcha is one key whose lifetime the server counts by its own clock. What happens to it is one
//! script, which the server runs while nothing else happens; so however many processes ask at once,
//! one right answer wins, and no more wrong ones are counted than are allowed.
//!
//! Each worker has a connection of its own, and nobody waits longer than for the time that the
//! operator has set, connecting included. An answer that cannot be trusted is none (see
//! [`script`]), and after it the connection is closed. A question whose answer was lost is not asked
//! again: it may have counted.

mod address;
mod breaker;
mod connection;
mod failure;
mod figures;
mod script;

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

pub use address::{Address, Place};
pub use figures::{Figures, Outcome};

use super::{Id, Solution, Unavailable, Verdict};
use crate::entropy::Entropy;
use crate::log::Log;
use breaker::Breaker;
use connection::Connection;
use failure::{FULL, Failure};
use script::{Call, INSERT, JUDGE, Script};

/// Stack of a thread that makes a connection. What the C library needs to find the address of a name
/// is the most of it.
const STACK_BYTES: usize = 256 * 1024;

/// The shortest time between two lines of the log about failures.
const COMPLAINT_PERIOD: Duration = Duration::from_secs(1);

/// What the operator decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the server is, and who asks it.
    pub address: Address,
    /// How long a question may take, connecting included.
    pub timeout: Duration,
    /// How long a captcha lives.
    pub ttl: Duration,
    /// The wrong answers that end a captcha; at least one.
    pub attempts: u16,
}

/// A server that keeps captchas, as all workers see it.
pub struct Valkey {
    settings: Settings,
    breaker: Breaker,
    figures: Figures,
    complaints: Mutex<Complaints>,
    log: Log,
}

/// What the log was told.
#[derive(Default)]
struct Complaints {
    /// When it last told of a failure.
    last: Option<Instant>,
    /// Whether it has told of one since the store last worked.
    is_open: bool,
}

/// One worker's connection, whatever its state.
pub struct Client {
    valkey: Arc<Valkey>,
    link: Link,
    /// For nonces, which are no secrets, and for pauses.
    rng: Rng,
}

enum Link {
    None,
    /// A thread of its own connects. Neither finding the address of a name nor connecting to a Unix
    /// socket has a deadline, so whoever waits for it waits here.
    Connecting(Receiver<Result<Connection, Failure>>),
    Open(Connection),
}

impl Valkey {
    /// A server that is asked from now on.
    #[must_use]
    pub fn new(settings: Settings, log: Log) -> Self {
        Valkey {
            breaker: Breaker::new(settings.timeout),
            settings,
            figures: Figures::default(),
            complaints: Mutex::default(),
            log,
        }
    }

    /// The rules that this store keeps.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was counted.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    fn complain(&self, failure: &Failure, now: Instant) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |last| COMPLAINT_PERIOD <= now.saturating_duration_since(last);
        if complaints.last.is_none_or(is_new) {
            complaints.last = Some(now);
            complaints.is_open = true;
            self.tell(Log::warn, "the store cannot be used", Some(failure));
        }
    }

    fn settle(&self) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut complaints.is_open) {
            self.tell(Log::info, "the store is in use again", None);
        }
    }

    fn tell(
        &self,
        level: fn(&Log, &str, &[(&str, &dyn fmt::Display)]),
        message: &str,
        why: Option<&Failure>,
    ) {
        let address = &self.settings.address;
        match why {
            Some(why) => level(&self.log, message, &[("address", address), ("why", why)]),
            None => level(&self.log, message, &[("address", address)]),
        }
    }
}

impl Client {
    /// Access for one worker. It connects when it is first used.
    #[must_use]
    pub fn new(valkey: Arc<Valkey>) -> Self {
        Client {
            valkey,
            link: Link::None,
            rng: Rng::with_seed(Entropy::default().seed()),
        }
    }

    /// Begins a captcha's life and returns the id that it is known by.
    ///
    /// # Errors
    ///
    /// If the server cannot be used, or has no memory left.
    pub fn insert(&mut self, solution: &Solution, now: Instant) -> Result<Id, Unavailable> {
        let Settings { ttl, attempts, .. } = self.valkey.settings;
        self.insert_for(ttl, attempts, solution, now)
    }

    /// Judges one answer.
    ///
    /// # Errors
    ///
    /// If the server cannot be used. The answer may have been counted.
    pub fn judge(&mut self, id: Id, answer: &str, now: Instant) -> Result<Verdict, Unavailable> {
        self.ask(&JUDGE, id, &[&Solution::fold(answer)], read_verdict, now)
    }

    /// Finds out whether captchas can be made: makes one that nobody hears of and that lives as long
    /// as a question may take. One that is only read from would not tell that the server is full, or
    /// a replica.
    ///
    /// # Errors
    ///
    /// If the server cannot be used, or has no memory left.
    pub fn check(&mut self, solution: &Solution, now: Instant) -> Result<(), Unavailable> {
        let ttl = self.valkey.settings.timeout;
        self.insert_for(ttl, 1, solution, now).map(|_| ())
    }

    fn insert_for(
        &mut self,
        ttl: Duration,
        attempts: u16,
        solution: &Solution,
        now: Instant,
    ) -> Result<Id, Unavailable> {
        let id = Id::random();
        let ttl_ms = ttl.as_millis().max(1).to_string();
        let kept = format!("{attempts} {}", solution.folded());
        self.ask(&INSERT, id, &[&ttl_ms, &kept], read_stored, now)?;
        Ok(id)
    }

    /// Asks the server about a captcha, and counts and tells what became of that.
    fn ask<T>(
        &mut self,
        script: &Script,
        id: Id,
        arguments: &[&str],
        read: fn(&str) -> Result<T, Failure>,
        now: Instant,
    ) -> Result<T, Unavailable> {
        let valkey = Arc::clone(&self.valkey);
        let Some(permit) = valkey.breaker.admit(now) else {
            valkey.figures.count_not_asked();
            return Err(Unavailable);
        };
        let call = Call::new(script, self.rng.u64(..), id, arguments);
        let deadline = now + valkey.settings.timeout;
        let said = self.exchange(script, &call, deadline);
        let said = said.and_then(|reply| read(call.words(&reply).ok_or(Failure::Garbled)?));
        let end = Instant::now();
        let outcome = said.as_ref().map_or_else(Failure::outcome, |_| Outcome::Answered);
        valkey.figures.count(outcome, end.saturating_duration_since(now));
        match &said {
            Ok(_) => {}
            Err(failure) if failure.is_harmless() => valkey.complain(failure, end),
            Err(failure) => {
                if let Link::Open(_) = self.link {
                    self.link = Link::None;
                }
                valkey.breaker.open(permit, end, self.rng.f64());
                valkey.complain(failure, end);
                return Err(Unavailable);
            }
        }
        if valkey.breaker.close(permit) {
            valkey.settle();
        }
        said.map_err(|_| Unavailable)
    }

    /// Calls a script, and makes it known to the server if it is not.
    fn exchange(
        &mut self,
        script: &Script,
        call: &Call,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let connection = self.connection(deadline)?;
        let mut reply = connection.ask(call.command(), deadline)?;
        if matches!(&reply, Reply::Error(line) if line.starts_with(b"NOSCRIPT")) {
            // It has not been run, so it may be called again.
            let loaded = connection.ask(&script.load(), deadline)?;
            if !script.is_loaded(&loaded) {
                return Err(refused_or(loaded));
            }
            reply = connection.ask(call.command(), deadline)?;
        }
        match reply {
            Reply::Error(line) => Err(Failure::refused(&line)),
            reply => Ok(reply),
        }
    }

    /// The open connection, or a new one.
    fn connection(&mut self, deadline: Instant) -> Result<&mut Connection, Failure> {
        let is_of_use = match &mut self.link {
            Link::Open(connection) => connection.is_quiet(),
            Link::None | Link::Connecting(_) => false,
        };
        if !is_of_use {
            self.connect(deadline)?;
        }
        match &mut self.link {
            Link::Open(connection) => Ok(connection),
            Link::None | Link::Connecting(_) => Err(Failure::Timeout),
        }
    }
}
