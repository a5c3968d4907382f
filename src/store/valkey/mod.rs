//! The captchas of several processes, kept by a server that speaks the protocol of Valkey and Redis.
//!
//! A captcha is one key, which the server expires by its own clock. A check is one script, which the
//! server runs as one step: however many processes check answers at the same time, one right answer
//! wins, and no more wrong ones are counted than are allowed.
//!
//! Each worker has its own connection. It waits no longer than the operator's timeout, connecting
//! included. A reply that cannot be trusted counts as none (see `script`), and the connection is then
//! closed. A request whose reply was lost is not repeated, since it may have counted.

mod address;
mod breaker;
mod connection;
mod failure;
mod figures;
mod link;
mod script;

use std::fmt::Display;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;

pub use address::{Address, Place};
pub use figures::{Figures, Outcome};

use super::{Id, SOLUTION_BYTES_MAX, Solution, Unavailable, Verdict};
use crate::entropy::Entropy;
use crate::log::Log;
use crate::resp::Reply;
use breaker::Breaker;
use failure::{FULL, Failure};
use link::Link;
use script::{Call, INSERT, JUDGE, Script};

/// Shortest time between two log lines about failures.
const COMPLAINT_PERIOD: Duration = Duration::from_secs(1);

/// What the operator sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the server is, and the user and password for it.
    pub address: Address,
    /// How long a request may take, connecting included.
    pub timeout: Duration,
    /// How long a captcha lives.
    pub ttl: Duration,
    /// The wrong answers that end a captcha; at least one.
    pub attempts: u16,
}

/// A store that all workers share.
pub struct Valkey {
    settings: Settings,
    breaker: Breaker,
    figures: Figures,
    complaints: Mutex<Complaints>,
    log: Log,
}

/// What has been logged.
#[derive(Default)]
struct Complaints {
    /// When a failure was logged last.
    last: Option<Instant>,
    /// Whether one was logged since the store last worked.
    is_open: bool,
}

/// One worker's access to the store.
pub struct Client {
    valkey: Arc<Valkey>,
    link: Link,
    /// For nonces, which are no secrets, and for pauses.
    rng: Rng,
}

impl Valkey {
    /// A store; nothing is sent yet.
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

    /// The settings of this store.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the store failed a moment ago and is not used now.
    pub fn is_resting(&self, now: Instant) -> bool {
        self.breaker.is_open(now)
    }

    /// The counters.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Logs a failure.
    fn complain(&self, failure: &Failure, now: Instant) {
        let mut complaints = self.complaints();
        let is_long_ago = |last| COMPLAINT_PERIOD <= now.saturating_duration_since(last);
        if complaints.last.is_none_or(is_long_ago) {
            complaints.last = Some(now);
            complaints.is_open |= !failure.is_harmless();
            let fields: [(&str, &dyn Display); 2] =
                [("address", &self.settings.address), ("why", failure)];
            self.log.warn("the store cannot be used", &fields);
        }
    }

    /// Logs that the store works again, if its failure was logged.
    fn settle(&self) {
        if mem::take(&mut self.complaints().is_open) {
            let address = &self.settings.address;
            self.log
                .info("the store is in use again", &[("address", address)]);
        }
    }

    /// Nothing panics while the lock is held, so a mark of poison says nothing.
    fn complaints(&self) -> MutexGuard<'_, Complaints> {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Access for one worker. It connects when it is first used.
    #[must_use]
    pub fn new(valkey: Arc<Valkey>) -> Self {
        Client {
            valkey,
            link: Link::default(),
            rng: Rng::with_seed(Entropy::default().seed()),
        }
    }

    /// Adds a captcha and returns its id.
    ///
    /// # Errors
    ///
    /// If the server cannot be used, or has no memory left.
    pub fn insert(&mut self, solution: Solution, now: Instant) -> Result<Id, Unavailable> {
        let Settings { ttl, attempts, .. } = self.valkey.settings;
        self.insert_for(ttl, attempts, &solution.form(), now)
    }

    /// Checks one answer.
    ///
    /// # Errors
    ///
    /// If the server cannot be used. The answer may have been counted.
    pub fn judge(&mut self, id: Id, answer: &str, now: Instant) -> Result<Verdict, Unavailable> {
        // What is too long to be right is counted as no answer would be, which is not right either.
        let is_short = answer.len() <= SOLUTION_BYTES_MAX;
        let form = Solution::form_of(if is_short { answer } else { "" });
        self.ask(&JUDGE, id, &[&form], verdict, now)
    }

    /// Finds out whether captchas can be stored, by storing one that is never sent to anybody and expires
    /// after the timeout. Reading alone would not show that the store is full or a replica.
    ///
    /// # Errors
    ///
    /// If the server cannot be used, or has no memory left.
    pub fn check(&mut self, now: Instant) -> Result<(), Unavailable> {
        let ttl = self.valkey.settings.timeout;
        self.insert_for(ttl, 1, "-", now).map(|_| ())
    }

    fn insert_for(
        &mut self,
        ttl: Duration,
        attempts: u16,
        form: &str,
        now: Instant,
    ) -> Result<Id, Unavailable> {
        let id = Id::random();
        let (ttl, kept) = (ttl.as_millis().to_string(), format!("{attempts} {form}"));
        self.ask(&INSERT, id, &[&ttl, &kept], stored, now)?;
        Ok(id)
    }

    /// Sends a request about a captcha, and counts and logs its outcome.
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
        let answer = self
            .exchange(script, &call, deadline)
            .and_then(|reply| read(call.words(&reply).ok_or(Failure::Garbled)?));
        let end = Instant::now();
        let outcome = answer
            .as_ref()
            .map_or_else(Failure::outcome, |_| Outcome::Answered);
        valkey
            .figures
            .count(outcome, end.saturating_duration_since(now));
        if let Err(failure) = &answer {
            valkey.complain(failure, end);
            if !failure.is_harmless() {
                self.link.close();
                valkey.breaker.open(permit, end, self.rng.f64());
                return Err(Unavailable);
            }
        }
        if valkey.breaker.close(permit) {
            valkey.settle();
        }
        answer.map_err(|_| Unavailable)
    }

    /// Calls a script, and makes it known to the server if it is not.
    fn exchange(
        &mut self,
        script: &Script,
        call: &Call,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let connection = self.link.connection(&self.valkey, deadline)?;
        match connection.ask(call.command(), deadline) {
            // It has not run, so it may be called again.
            Err(Failure::UnknownScript) => {}
            answer => return answer,
        }
        let loaded = connection.ask(&script.load(), deadline)?;
        if !script.is_loaded(&loaded) {
            return Err(Failure::Garbled);
        }
        connection.ask(call.command(), deadline)
    }
}

/// Reads what the script for a new captcha says.
fn stored(words: &str) -> Result<(), Failure> {
    match words {
        "stored" => Ok(()),
        "full" => Err(Failure::Refused(&FULL)),
        _ => Err(Failure::Garbled),
    }
}

/// Reads what the script for an answer says.
fn verdict(words: &str) -> Result<Verdict, Failure> {
    match words {
        "right" => Ok(Verdict::Right),
        "unknown" => Ok(Verdict::Unknown),
        _ => {
            let left = words
                .strip_prefix("wrong ")
                .and_then(|left| left.parse().ok());
            let attempts_left = left.ok_or(Failure::Garbled)?;
            Ok(Verdict::Wrong { attempts_left })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_say_a_few_words_and_nothing_else() {
        assert!(stored("stored").is_ok());
        assert!(stored("full").unwrap_err().is_harmless());
        assert_eq!(verdict("right").unwrap(), Verdict::Right);
        assert_eq!(verdict("unknown").unwrap(), Verdict::Unknown);
        for attempts_left in [0, 2, 1_000] {
            let read = verdict(&format!("wrong {attempts_left}")).unwrap();
            assert_eq!(read, Verdict::Wrong { attempts_left });
        }
        for words in [
            "",
            "Right",
            "right ",
            "wrong",
            "wrong ",
            "wrong x",
            "wrong -1",
            "wrong 65536",
        ] {
            assert!(matches!(verdict(words), Err(Failure::Garbled)), "{words:?}");
        }
        for words in ["", "right", "stored ", "wrong 1"] {
            assert!(matches!(stored(words), Err(Failure::Garbled)), "{words:?}");
        }
    }
}
