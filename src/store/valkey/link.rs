//! A worker's connection to the store, or the one that is being made.
//!
//! Neither resolving a name nor connecting to a Unix socket has a deadline. So a separate thread does
//! it, and the worker waits until its own deadline. A connection that is made later is used by the next
//! request. A worker has one such thread at a time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Valkey;
use super::connection::Connection;
use super::failure::Failure;

/// Stack of the thread. The C library needs most of it, to resolve names.
const STACK_BYTES: usize = 256 * 1024;

/// What the thread returns.
type Made = Result<Connection, Failure>;

/// The connection of a worker.
#[derive(Default)]
pub(super) struct Link {
    open: Option<Connection>,
    /// The one that is being made.
    opening: Option<Opening>,
}

/// A connection that is being made.
struct Opening {
    slot: Arc<Slot>,
    thread: JoinHandle<()>,
}

/// Where the thread puts the connection. It puts nothing there if it panics.
#[derive(Default)]
struct Slot {
    made: Mutex<Option<Made>>,
    filled: Condvar,
}

impl Link {
    /// The connection; it is made first if there is none.
    pub(super) fn connection(
        &mut self,
        valkey: &Arc<Valkey>,
        deadline: Instant,
    ) -> Result<&mut Connection, Failure> {
        let connection = match self.open.take() {
            Some(connection) if connection.is_quiet() => connection,
            _ => self.connect(valkey, deadline)?,
        };
        Ok(self.open.insert(connection))
    }

    /// Closes the connection. One that is being made is not stopped.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn connect(&mut self, valkey: &Arc<Valkey>, deadline: Instant) -> Made {
        let opening = match self.opening.take() {
            Some(opening) if !opening.thread.is_finished() => opening,
            Some(opening) => match opening.slot.wait(Duration::ZERO) {
                Some(Ok(connection)) if connection.is_quiet() => return Ok(connection),
                // It failed, or was made too long ago and has been closed.
                _ => begin(valkey)?,
            },
            None => begin(valkey)?,
        };
        let time = deadline.saturating_duration_since(Instant::now());
        opening.slot.wait(time).unwrap_or_else(|| {
            self.opening = Some(opening);
            Err(Failure::Timeout)
        })
    }
}

impl Slot {
    /// Waits for what is made, and takes it; none if that is not there in time.
    fn wait(&self, time: Duration) -> Option<Made> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .filled
            .wait_timeout_while(made, time, |made| made.is_none());
        let (mut made, _) = waited.unwrap_or_else(PoisonError::into_inner);
        made.take()
    }

    fn fill(&self, made: Made) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        self.filled.notify_one();
    }
}

/// Starts to connect.
fn begin(valkey: &Arc<Valkey>) -> Result<Opening, Failure> {
    let slot = Arc::new(Slot::default());
    let (valkey, filled) = (Arc::clone(valkey), Arc::clone(&slot));
    let thread = thread::Builder::new()
        .name("connect".into())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let settings = &valkey.settings;
            let made = Connection::open(&settings.address, settings.timeout);
            if made.is_ok() {
                valkey.figures.count_connection();
            }
            filled.fill(made);
        });
    let thread = thread.map_err(Failure::Unreachable)?;
    Ok(Opening { slot, thread })
}
