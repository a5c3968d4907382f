//! Sockets, threads and deadlines. Calls a [`Handler`] for the answers and knows no route.
//!
//! One thread (the event loop) owns all sockets and never waits for any single one: it reads what
//! has come, feeds it to the connections' state machines, and writes what they have to say. A
//! fixed pool of workers is handed complete requests and hands back complete answers. So a client
//! that is slow, silent or stuck costs a place among the connections for a bounded time, and never
//! a worker. Workers and connections are shared out evenly among clients ([`crate::fair`]).

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

/// What the operator decides about connections and workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Threads that run the handler; none means one for each core.
    pub workers: Option<usize>,
    /// The most connections open at a time. At the limit, the client with the most of them loses
    /// the one that has kept the server waiting longest, or if the server has a request of each, for
    /// another client's connection, the one whose turn would come last.
    pub connections_max: usize,
    /// The field in which a proxy names the client that it asks for; without one, and where a
    /// request lacks it, the client is whoever has connected.
    pub client_field: Option<String>,
    /// How long after being told to stop everything is still accepted and answered, while
    /// [`Figures::is_stopping`] says that it will end.
    pub drain: Duration,
    /// Sizes of heads and bodies.
    pub limits: http::Limits,
    /// How long a connection may take for each thing it does.
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

/// How long a peer may keep the server waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the first byte of a request, on a new connection as on a kept one.
    pub idle: Duration,
    /// For a whole head, from its first byte, however it drips.
    pub head: Duration,
    /// For a whole body, from the end of the head.
    pub body: Duration,
    /// For taking any part of an answer.
    pub write: Duration,
    /// For closing its side after the server has closed its own.
    pub drain: Duration,
    /// For everything that was begun when the server is told to stop.
    pub stop: Duration,
}

impl Timeouts {
    /// The idle time is longer than proxies keep a connection (60 seconds with nginx, 90 with Traefik
    /// and Go, 120 with Caddy), so that it is they who close it, and no request is sent into a
    /// closing connection. The others are
    /// generous for a request of a few hundred bytes on a bad mobile line.
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
    /// The place of the listener that the client has connected to, among those of the server.
    pub listener: usize,
    /// Whether the client sends requests without waiting for the answers (RFC 9112 section
    /// 9.3.2): more was there behind this one, or this one before the last answer was sent.
    pub is_pipelined: bool,
    /// When its last byte was read.
    pub received: Instant,
}

/// A request that the server itself turns down.
#[derive(Debug)]
pub struct Refusal {
    /// The status to answer with.
    pub status: Status,
    /// What was wrong, in a few words for the client.
    pub reason: &'static str,
    /// The request's head, where it could be read.
    pub head: Option<Head>,
    /// When the last byte of it that matters was read.
    pub received: Instant,
}

/// What a request may cost a worker, in shares of the usual request that it has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A tenth at most.
    Cheap,
    /// As much.
    Usual,
    /// Twice as much at most. Nothing may cost more.
    Double,
}

/// What is to become of a complete request.
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
    /// What a request asks for, as the service knows it: found once, and handed along with the
    /// request.
    type Route: Copy + Send + 'static;

    /// One worker thread's part of the service.
    type Worker: Worker<Route = Self::Route>;

    /// Makes the part of a new worker thread.
    fn worker(self: &Arc<Self>) -> Self::Worker;

    /// Finds what a request asks for; or answers it, if that needs no worker: it takes microseconds
    /// and waits for nothing.
    fn route(&self, request: &Request) -> Routed<Self::Route>;

    /// Words the answer to a request that was turned down.
    fn refuse(&self, refusal: &Refusal) -> Response;

    /// Words the answer to a request that a worker has panicked over.
    fn fail(&self, request: &Request, route: Self::Route) -> Response;
}

/// One worker thread's part of a service, with buffers of its own.
pub trait Worker {
    /// As in [`Handler`].
    type Route;

    /// Answers a complete request.
    fn answer(&mut self, request: &Request, route: Self::Route) -> Response;
}

/// Listeners and what is to run behind them.
pub struct Server<H> {
    listeners: Vec<Listener>,
    handler: Arc<H>,
    settings: Settings,
    figures: Arc<Figures>,
    log: Log,
}

impl<H: Handler> Server<H> {
    /// A server on sockets that listen already: clients can connect, and wait for `run`.
    /// What it counts goes to `figures`, and so does what it is limited to.
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

    /// Serves until `stop` becomes readable and the time for leaving is over; then stops accepting,
    /// finishes what was begun within the time set for it, and returns.
    ///
    /// # Errors
    ///
    /// Only what makes serving impossible, such as no thread to be had at the start, or a listener
    /// that can accept nothing any more.
    pub fn run(self, stop: &UnixStream) -> io::Result<()> {
        event_loop::run(self, stop)
    }
}
