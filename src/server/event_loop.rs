//! The one thread that touches sockets: it waits for any of them to be ready, moves bytes between
//! them and the connections, and carries requests to the pool and answers back.
//!
//! What `poll` costs grows with the number of descriptors it is given, and most connections are
//! idle most of the time. So those on which something has happened lately are polled by themselves
//! while there is something to do, and all of them every few milliseconds, or when nothing else is
//! left to do.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connection::{Connection, Step};
use super::peers::{Peer, Peers};
use super::pool::{Lane, Pool};
use super::socket::{Listener, Stream};
use super::{Figures, Handler, Reason, Server, Settings};
use crate::http::{Response, imf_fixdate};
use crate::log::Log;
use crate::sys::{self, Interest, PollFd};

/// Bytes read from a socket at a time: a whole request of any allowed size, most often.
const READ_BYTES: usize = 16 * 1024;

/// Connections accepted in a row before others get their turn.
const ACCEPTS_MAX: usize = 64;

/// How long a failing system call is left alone. What failed for want of descriptors or memory
/// fails again at once, and trying would be a busy loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// Failures are logged so often at most.
const FAILURE_LOG_PAUSE: Duration = Duration::from_secs(1);

/// How long a connection is polled with the active ones after something has happened on it.
const ACTIVE_TIME: Duration = Duration::from_millis(50);

/// How long an idle connection's request may go unnoticed while active ones keep the loop busy.
const FULL_POLL_PERIOD: Duration = Duration::from_millis(5);

/// Places of the poll set; the listeners follow, and then the connections.
const WOKEN: usize = 0;
const STOP: usize = 1;
const LISTENERS: usize = 2;

const READ: Interest = Interest {
    read: true,
    write: false,
};
const NOTHING: Interest = Interest {
    read: false,
    write: false,
};

/// Serves until `stop` is readable and what was begun is finished.
pub(super) fn run<H: Handler>(server: Server<H>, stop: &UnixStream) -> io::Result<()> {
    let Server {
        listeners,
        handler,
        settings,
        figures,
        log,
    } = server;
    let (pool, woken) = Pool::start(settings.workers, &handler)?;
    let mut event_loop = EventLoop {
        settings: &settings,
        figures,
        handler,
        log,
        pool,
        woken,
        peers: Peers::default(),
        active: Vec::new(),
        full_poll: Instant::now(),
        poll_set: PollSet::default(),
        buffer: vec![0; READ_BYTES].into(),
        date: Date::default(),
        accept_after: None,
        failure_logged: None,
    };
    event_loop.serve(&listeners, stop)?;
    // Whoever has connected by now was told that the server is there.
    for listener in &listeners {
        event_loop.accept(listener, settings.connections_max, Instant::now());
    }
    drop(listeners);
    event_loop.finish()
}

struct EventLoop<'a, H> {
    settings: &'a Settings,
    figures: Arc<Figures>,
    handler: Arc<H>,
    log: Log,
    pool: Pool,
    /// Readable when the pool has answers.
    woken: UnixStream,
    peers: Peers<'a>,
    /// Tokens of the connections on which something has happened lately; some may be stale.
    active: Vec<usize>,
    /// When all connections are to be polled next.
    full_poll: Instant,
    poll_set: PollSet,
    buffer: Box<[u8]>,
    date: Date,
    /// Set while accepting pauses.
    accept_after: Option<Instant>,
    failure_logged: Option<Instant>,
}

impl<H: Handler> EventLoop<'_, H> {
    /// Runs until told to stop.
    fn serve(&mut self, listeners: &[Listener], stop: &UnixStream) -> io::Result<()> {
        loop {
            let now = Instant::now();
            if self.accept_after.is_some_and(|time| time <= now) {
                self.accept_after = None;
            }
            let accepting = if self.accept_after.is_none() {
                READ
            } else {
                NOTHING
            };
            self.poll_set.clear();
            self.poll_set.watch(&self.woken, READ);
            self.poll_set.watch(stop, READ);
            for listener in listeners {
                self.poll_set.watch(listener, accepting);
            }
            self.turn(self.accept_after, now)?;
            if self.poll_set.is_ready(STOP) {
                return Ok(());
            }
            for (place, listener) in (LISTENERS..).zip(listeners) {
                if self.poll_set.is_ready(place) {
                    self.accept(listener, ACCEPTS_MAX, Instant::now());
                }
            }
        }
    }

    /// Lets every connection finish the request it has begun, until none is left or the time for it
    /// is over.
    fn finish(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let end = now + self.settings.timeouts.stop;
        self.figures.stop();
        for token in self.peers.tokens() {
            let Some(peer) = self.peers.get_mut(token) else {
                continue;
            };
            // What has arrived by now was sent to a server that was there.
            if peer.connection.interest().read {
                receive(peer, &mut self.buffer, now);
            }
            peer.connection.stop();
            self.drive(token, now);
        }
        while 0 < self.peers.len() {
            let now = Instant::now();
            if end <= now {
                break;
            }
            self.poll_set.clear();
            self.poll_set.watch(&self.woken, READ);
            self.turn(Some(end), now)?;
        }
        Ok(())
    }

    /// Waits until something is ready, a deadline has come, or it is `until`, and deals with what
    /// concerns the connections.
    fn turn(&mut self, until: Option<Instant>, now: Instant) -> io::Result<()> {
        let is_full = self.active.is_empty() || self.full_poll <= now;
        let end = if is_full {
            let deadline = self.poll_set.add(&self.peers, self.peers.tokens());
            until.into_iter().chain(deadline).min()
        } else {
            self.poll_set.add(&self.peers, self.active.iter().copied());
            Some(self.full_poll)
        };
        if let Err(error) = self.poll_set.wait(end, now) {
            return self.survive(error);
        }
        let now = Instant::now();
        if self.poll_set.is_ready(WOKEN) {
            self.deliver_answers(now);
        }
        for place in 0..self.poll_set.tokens.len() {
            let (token, fd) = self.poll_set.connection(place);
            if fd.is_ready() {
                self.attend(token, fd, now);
            } else if is_full {
                self.expire(token, now);
            }
        }
        if is_full {
            self.full_poll = now + FULL_POLL_PERIOD;
            let is_active = |peer: &Peer| now < peer.active + ACTIVE_TIME;
            self.active.clear();
            let peers = &self.peers;
            self.active.extend(
                peers
                    .tokens()
                    .filter(|token| peers.get(*token).is_some_and(is_active)),
            );
        }
        Ok(())
    }

    /// Deals with a socket that is ready.
    fn attend(&mut self, token: usize, fd: PollFd, now: Instant) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        peer.active = now;
        if peer.connection.is_answering() {
            if fd.is_broken() {
                peer.gone = true;
                if self.pool.cancel(token) {
                    self.close(token, Some(Reason::Lost));
                }
            }
            return;
        }
        if fd.is_readable() && peer.connection.interest().read {
            receive(peer, &mut self.buffer, now);
        }
        self.drive(token, now);
    }

    /// Acts on a deadline, if it has come.
    fn expire(&mut self, token: usize, now: Instant) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if peer
            .connection
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            let step = peer.connection.expire();
            if self.carry_out(token, step, now) {
                self.drive(token, now);
            }
        }
    }

    fn deliver_answers(&mut self, now: Instant) {
        // Emptied before the answers are taken: one that comes in between wakes the loop again.
        let mut woken = &self.woken;
        while woken
            .read(&mut self.buffer)
            .is_ok_and(|bytes| bytes == self.buffer.len())
        {}
        for (token, answer) in self.pool.take_answers() {
            self.answer(token, answer, now);
            self.drive(token, now);
        }
    }

    fn answer(&mut self, token: usize, answer: Response, now: Instant) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if peer.gone {
            self.close(token, Some(Reason::Lost));
            return;
        }
        peer.active = now;
        peer.connection.respond(answer, self.date.now(), now);
    }

    /// Moves a connection on as far as it goes without waiting.
    fn drive(&mut self, token: usize, now: Instant) {
        loop {
            let Some(peer) = self.peers.get_mut(token) else {
                return;
            };
            let step = peer.connection.advance(now);
            let is_waiting = matches!(step, Step::Wait);
            if !is_waiting && !self.carry_out(token, step, now) {
                return;
            }
            let Some(peer) = self.peers.get_mut(token) else {
                return;
            };
            match send(peer, &self.figures, now) {
                // Having sent an answer, it may go on with the next request.
                Ok(has_sent) if has_sent || !is_waiting => {}
                Ok(_) => return,
                Err(_) => {
                    self.close(token, Some(Reason::Lost));
                    return;
                }
            }
        }
    }

    /// Does what a connection asks for; returns whether it can go on at once.
    fn carry_out(&mut self, token: usize, step: Step, now: Instant) -> bool {
        match step {
            Step::Wait => false,
            Step::Answer(request) => {
                let lane = if self.handler.is_quick(&request.head) {
                    Lane::Quick
                } else if request.is_pipelined {
                    Lane::Pipelined
                } else {
                    Lane::Slow
                };
                self.pool.submit(token, request, lane);
                false
            }
            Step::Refuse(refusal) => {
                let answer = self.handler.refuse(&refusal);
                self.answer(token, answer, now);
                true
            }
            Step::HalfClose => {
                if let Some(peer) = self.peers.get_mut(token) {
                    // Fails when the peer is gone, which reading will tell.
                    let _ = peer.stream.end();
                }
                true
            }
            Step::Close => {
                self.close(token, None);
                false
            }
        }
    }

    /// Accepts connections that wait, at most `count`, making room where there is none.
    fn accept(&mut self, listener: &Listener, count: usize, now: Instant) {
        let mut has_evicted = false;
        for _ in 0..count {
            let is_full = self.settings.connections_max <= self.peers.len();
            if is_full && self.peers.longest_waiting().is_none() {
                // All of them wait for workers. One will be free in a moment.
                self.accept_after = Some(now + FAILURE_PAUSE);
                return;
            }
            match listener.accept() {
                Ok(stream) => {
                    if is_full {
                        self.evict();
                    }
                    self.welcome(stream, now);
                    has_evicted = false;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Most often there is no descriptor left, and closing a connection gives one.
                    // Where that did not help, closing more of them would not either.
                    self.log_failure("cannot accept", &error, now);
                    if has_evicted || !self.evict() {
                        self.accept_after = Some(now + FAILURE_PAUSE);
                        return;
                    }
                    has_evicted = true;
                }
            }
        }
    }

    fn welcome(&mut self, stream: Stream, now: Instant) {
        self.figures.count_opened();
        let token = self.peers.insert(Peer {
            stream,
            connection: Connection::new(self.settings, now),
            active: now,
            gone: false,
        });
        // It may be there still from the last connection that had the place.
        if !self.active.contains(&token) {
            self.active.push(token);
        }
    }

    /// Closes the connection that has kept the server waiting longest; returns whether there was
    /// one.
    fn evict(&mut self) -> bool {
        let longest = self.peers.longest_waiting();
        if let Some(token) = longest {
            self.close(token, Some(Reason::Limit));
        }
        longest.is_some()
    }

    /// Closes a connection, for this reason or for its own.
    fn close(&mut self, token: usize, reason: Option<Reason>) {
        if let Some(peer) = self.peers.remove(token) {
            let reason = reason.unwrap_or(peer.connection.ending());
            self.figures.count_closed(reason);
        }
    }

    /// Goes on after a wait that failed: for want of memory, or because the descriptor limit was
    /// lowered. With a connection less it may succeed; without any, nothing can be served.
    fn survive(&mut self, error: io::Error) -> io::Result<()> {
        self.poll_set.clear();
        if !self.evict() {
            return Err(error);
        }
        self.log_failure("cannot wait", &error, Instant::now());
        thread::sleep(FAILURE_PAUSE / 10);
        Ok(())
    }

    fn log_failure(&mut self, message: &str, error: &io::Error, now: Instant) {
        if self
            .failure_logged
            .is_none_or(|time| time + FAILURE_LOG_PAUSE <= now)
        {
            self.failure_logged = Some(now);
            self.log.error(message, &[("error", error)]);
        }
    }
}

/// Whether an error of `accept` concerns just the connection it would have returned
/// (`accept(2)`, "Error handling"), which a peer can bring about by resetting it early.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, InvalidInput,
        NetworkDown, NetworkUnreachable, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | InvalidInput
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
    )
}

/// Reads what has come, once: a peer that always has more must not keep the loop to itself.
fn receive(peer: &mut Peer<'_>, buffer: &mut [u8], now: Instant) {
    match peer.stream.read(buffer) {
        Ok(0) => peer.connection.receive_end(),
        Ok(bytes) => peer.connection.receive(&buffer[..bytes], now),
        Err(error) if is_transient(&error) => {}
        // The peer is gone. What it sent before may be complete, and the answer then fails.
        Err(_) => peer.connection.receive_end(),
    }
}

/// Writes as much of the output as the socket takes; returns whether that was anything.
fn send(peer: &mut Peer<'_>, figures: &Figures, now: Instant) -> io::Result<bool> {
    let mut has_sent = false;
    while peer.connection.interest().write {
        match peer.stream.write(&peer.connection.output()) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => {
                figures.count_sent(bytes);
                peer.connection.sent(bytes, now);
                has_sent = true;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(has_sent)
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// What is waited for: the loop's own descriptors, then those of connections.
#[derive(Default)]
struct PollSet {
    fds: Vec<PollFd>,
    /// Of each connection at the end of `fds`, in the same order.
    tokens: Vec<usize>,
}

impl PollSet {
    fn clear(&mut self) {
        self.fds.clear();
        self.tokens.clear();
    }

    /// Adds one of the loop's own descriptors.
    fn watch(&mut self, fd: &impl AsFd, interest: Interest) {
        self.fds.push(PollFd::new(fd, interest));
    }

    /// Adds connections, and returns the nearest of their deadlines.
    fn add(&mut self, peers: &Peers<'_>, tokens: impl Iterator<Item = usize>) -> Option<Instant> {
        let mut nearest = None;
        for token in tokens {
            let Some(peer) = peers.get(token).filter(|peer| !peer.gone) else {
                continue;
            };
            self.fds
                .push(PollFd::new(&peer.stream, peer.connection.interest()));
            self.tokens.push(token);
            nearest = nearest.into_iter().chain(peer.connection.deadline()).min();
        }
        nearest
    }

    fn wait(&mut self, until: Option<Instant>, now: Instant) -> io::Result<()> {
        let timeout = until.map(|until| until.saturating_duration_since(now));
        sys::wait(&mut self.fds, timeout).map(|_| ())
    }

    /// Whether one of the loop's own descriptors is ready.
    fn is_ready(&self, place: usize) -> bool {
        self.fds.get(place).is_some_and(PollFd::is_ready)
    }

    /// A connection's token, and what was found of it.
    fn connection(&self, place: usize) -> (usize, PollFd) {
        let own = self.fds.len() - self.tokens.len();
        (self.tokens[place], self.fds[own + place])
    }
}

/// The value of the `Date` field, written anew once a second.
#[derive(Default)]
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let second = since_epoch.as_secs();
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = imf_fixdate(second);
        }
        &self.text
    }
}
