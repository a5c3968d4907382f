//! A worker's way to the server: the connection that it has, or the one that is being made.
//!
//! Neither to find the address of a name nor to connect to a Unix socket has a deadline. So a thread
//! of its own does it, the worker waits as long as it may, and what comes later is used later. A
//! worker has one such thread at a time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Valkey;
use super::connection::Connection;
use super::failure::Failure;

/// Stack of the thread. What the C library needs to find an address is the most of it.
const STACK_BYTES: usize = 256 * 1024;

/// What the thread hands over.
type Made = Result<Connection, Failure>;

/// What a worker has of connections.
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

/// Where the thread leaves what it has made. It leaves nothing if it panics.
#[derive(Default)]
struct Slot {
    made: Mutex<Option<Made>>,
    filled: Condvar,
}

impl Link {
    /// The connection, which is made if there is none.
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

    /// Closes the connection. One that is being made goes on.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn connect(&mut self, valkey: &Arc<Valkey>, deadline: Instant) -> Made {
        let opening = match self.opening.take() {
            Some(opening) if !opening.thread.is_finished() => opening,
            Some(opening) => match opening.slot.wait(Duration::ZERO) {
                Some(Ok(connection)) if connection.is_quiet() => return Ok(connection),
                // It was made in vain, or for too long ago.
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

/// Begins to connect.
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
