//! A worker's way to the server: the connection that it has, or the one that is being made.
//!
//! Neither to find the address of a name nor to connect to a Unix socket has a deadline. So a thread
//! of its own does it, the worker waits as long as it may, and what comes later is used later. A
//! worker has one such thread at a time.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Instant;

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
    /// Where the one that is being made will come from.
    opening: Option<Receiver<Made>>,
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
        let made = match self.opening.take() {
            None => begin(valkey)?,
            Some(made) => match made.try_recv() {
                Ok(Ok(connection)) if connection.is_quiet() => return Ok(connection),
                Err(TryRecvError::Empty) => made,
                // It was made in vain, or for too long ago.
                Ok(_) | Err(TryRecvError::Disconnected) => begin(valkey)?,
            },
        };
        let time = deadline.saturating_duration_since(Instant::now());
        made.recv_timeout(time).unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => {
                self.opening = Some(made);
                Err(Failure::Timeout)
            }
            // The thread has panicked.
            RecvTimeoutError::Disconnected => {
                Err(Failure::Unreachable(io::ErrorKind::Other.into()))
            }
        })
    }
}

/// Begins to connect.
fn begin(valkey: &Arc<Valkey>) -> Result<Receiver<Made>, Failure> {
    let (done, made) = mpsc::sync_channel(1);
    let valkey = Arc::clone(valkey);
    let begun = thread::Builder::new()
        .name("connect".into())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let settings = &valkey.settings;
            let connection = Connection::open(&settings.address, settings.timeout);
            if connection.is_ok() {
                valkey.figures.count_connection();
            }
            // Whoever waited may be gone.
            let _ = done.send(connection);
        });
    begun.map_err(Failure::Unreachable)?;
    Ok(made)
}
