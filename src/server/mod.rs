//! Sockets, threads and deadlines. Calls a [`Handler`] for the responses and does not know the routes.
//!
//! One thread, the event loop, owns all sockets and never waits for a single one: it reads what has
//! arrived, passes it to the state machine of the connection, and writes what that returns. A fixed
//! pool of workers gets complete requests and returns complete responses. So a client that is slow,
//! silent or stuck occupies a connection for a limited time, and never a worker. Workers and
//! connections are shared evenly among clients ([`crate::fair`]).

pub mod connection;
mod event_loop;
mod figures;
mod peers;
mod pool;
mod queue;
mod socket;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

pub use connection::Reason;
pub use figures::Figures;
pub use socket::{Address, Listener};

use crate::fair::Line;
use crate::http::{self, Head, Response, Status};
use crate::log::Log;

/// What the operator sets about connections and workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Threads that run the handler; none means one for each core.
    pub workers: Option<usize>,
    /// Most open connections. At the limit, the client with the most connections loses the one that the
    /// server has waited for longest. If the server has a request from each of them, the one whose turn
    /// would come last is closed, unless the new connection is of the same client.
    pub connections_max: usize,
    /// The field in which a proxy sends the address of its client. Without this setting, or without the
    /// field in a request, the client is the peer of the connection.
    pub client_field: Option<String>,
    /// For how long after a signal to stop everything is still accepted and answered, while
    /// [`Figures::is_stopping`] is true.
    pub drain: Duration,
    /// Sizes of heads and bodies.
    pub limits: http::Limits,
    /// How long a peer may take for each part of a request and a response.
    pub timeouts: Timeouts,
}

impl Settings {
    /// Threads that run the handler.
    #[must_use]
    pub fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.workers.unwrap_or_else(cores)
    }
}

/// How long the server waits for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the first byte of a request, on a new connection or between requests.
    pub idle: Duration,
    /// For a whole head, from its first byte.
    pub head: Duration,
    /// For a whole body, from the end of the head.
    pub body: Duration,
    /// For accepting at least a part of a response.
    pub write: Duration,
    /// For closing the connection after the server has closed its side.
    pub drain: Duration,
    /// For the requests that are under way when the server stops.
    pub stop: Duration,
}

impl Timeouts {
    /// The idle time is longer than proxies keep a connection (60 seconds with nginx, 90 with Traefik
    /// and Go, 120 with Caddy). So the proxies close it, and no request is sent into a connection that
    /// is being closed. The others are generous for a request of a few hundred bytes on a bad mobile
    /// connection.
    pub const DEFAULT: Timeouts = Timeouts {
        idle: Duration::from_secs(150),
        head: Duration::from_secs(10),
        body: Duration::from_secs(10),
        write: Duration::from_secs(10),
        drain: Duration::from_secs(2),
        stop: Duration::from_secs(5),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A complete request.
#[derive(Debug)]
pub struct Request {
    /// Request line and fields.
    pub head: Head,
    /// The whole body, its transfer coding undone.
    pub body: Vec<u8>,
    /// The line of the client that asks.
    pub line: Line,
    /// The index of the listener that the client has connected to.
    pub listener: usize,
    /// Whether the client sends requests without waiting for the responses (RFC 9112 section 9.3.2):
    /// more bytes followed this request, or it came before the last response was sent.
    pub is_pipelined: bool,
    /// When its last byte was read.
    pub received: Instant,
}

/// A request that the server itself rejects.
#[derive(Debug)]
pub struct Refusal {
    /// The status to answer with.
    pub status: Status,
    /// What was wrong, in a few words for the client.
    pub reason: &'static str,
    /// The head of the request, if it could be read.
    pub head: Option<Head>,
    /// When its last byte that was needed was read.
    pub received: Instant,
}

/// The most that a request may cost a worker, relative to a usual request, which is a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A tenth at most.
    Cheap,
    /// As much.
    Usual,
    /// Twice as much at most. Nothing may cost more.
    Double,
}

/// What happens to a complete request.
pub enum Routed<R> {
    /// It is answered.
    Answered(Response),
    /// A worker is to answer it.
    ToWorker {
        /// What it asks for.
        route: R,
        /// What it may cost at most.
        cost: Cost,
    },
}

/// The service behind the sockets.
pub trait Handler: Send + Sync + 'static {
    /// What a request asks for. It is found once and passed along with the request.
    type Route: Copy + Send + 'static;

    /// One worker thread's part of the service.
    type Worker: Worker<Route = Self::Route>;

    /// Makes the part of a new worker thread.
    fn worker(self: &Arc<Self>) -> Self::Worker;

    /// Finds what a request asks for, or answers it at once if that takes microseconds and waits for
    /// nothing.
    fn route(&self, request: &Request) -> Routed<Self::Route>;

    /// The response to a request that the server rejects.
    fn refuse(&self, refusal: &Refusal) -> Response;

    /// The response to a request during which a worker panicked.
    fn fail(&self, request: &Request, route: Self::Route) -> Response;
}

/// One worker thread's part of a service, with buffers of its own.
pub trait Worker {
    /// As in [`Handler`].
    type Route;

    /// Answers a complete request.
    fn answer(&mut self, request: &Request, route: Self::Route) -> Response;
}

/// Listeners and the handler of their requests.
pub struct Server<H> {
    listeners: Vec<Listener>,
    handler: Arc<H>,
    settings: Settings,
    figures: Arc<Figures>,
    log: Log,
}

impl<H: Handler> Server<H> {
    /// A server on sockets that already listen: clients can connect, and wait until `run`. Its counters
    /// and limits are in `figures`.
    pub fn new(
        listeners: Vec<Listener>,
        handler: Arc<H>,
        settings: Settings,
        figures: Arc<Figures>,
        log: Log,
    ) -> Self {
        figures.set_connections_max(settings.connections_max);
        Server {
            listeners,
            handler,
            settings,
            figures,
            log,
        }
    }

    /// Serves until `stop` becomes readable and the time of `--drain` is over; then stops accepting,
    /// finishes the requests under way within the time for that, and returns.
    ///
    /// # Errors
    ///
    /// Only what makes it impossible to serve: no thread is left at the start, or a listener cannot
    /// accept any more.
    pub fn run(self, stop: &UnixStream) -> io::Result<()> {
        event_loop::run(self, stop)
    }
}
