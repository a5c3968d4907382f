//! The one thread that touches sockets: it waits for any of them to be ready, moves bytes between
//! them and the connections, and carries requests to the pool and answers back.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connection::{Connection, Step};
use super::pool::Pool;
use super::{Handler, Server, Settings};
use crate::http::{Response, imf_fixdate};
use crate::log::Log;
use crate::sys::{self, Interest, PollFd};

/// Bytes read from a socket at a time: a whole request of any allowed size, most often.
const READ_BYTES: usize = 16 * 1024;

/// Connections accepted in a row before others get their turn.
const ACCEPTS_MAX: usize = 64;

/// How long nothing is accepted after the system has refused to: with no descriptor left, the
/// listener stays ready, and trying again at once would be a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Places of the poll set before the connections.
const WOKEN: usize = 0;
const STOP: usize = 1;
const LISTENER: usize = 2;
const CONNECTIONS: usize = 3;

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
        listener,
        handler,
        settings,
        log,
    } = server;
    let (pool, woken) = Pool::start(settings.workers, &handler)?;
    let mut event_loop = EventLoop {
        settings: &settings,
        handler,
        log,
        pool,
        peers: Peers::default(),
        buffer: vec![0; READ_BYTES].into(),
        date: Date::default(),
        accept_after: None,
    };
    event_loop.serve(&listener, stop, &woken)?;
    event_loop.accept(&listener, Instant::now());
    drop(listener);
    event_loop.finish(&woken)
}

struct EventLoop<'a, H> {
    settings: &'a Settings,
    handler: Arc<H>,
    log: Log,
    pool: Pool,
    peers: Peers<'a>,
    buffer: Box<[u8]>,
    date: Date,
    /// Set while accepting pauses.
    accept_after: Option<Instant>,
}

/// A socket and the state of its connection.
struct Peer<'a> {
    stream: TcpStream,
    connection: Connection<'a>,
    /// The peer is gone while a worker makes its answer. The place stays taken until that comes
    /// back, so that it cannot reach whoever would have the place next.
    gone: bool,
}

/// The open connections, each at a place that is its token while it lives.
#[derive(Default)]
struct Peers<'a> {
    places: Vec<Option<Peer<'a>>>,
    free: Vec<usize>,
}

/// The value of the `Date` field, written anew once a second.
#[derive(Default)]
struct Date {
    second: u64,
    text: String,
}

impl<H: Handler> EventLoop<'_, H> {
    /// Runs until told to stop.
    fn serve(
        &mut self,
        listener: &TcpListener,
        stop: &UnixStream,
        woken: &UnixStream,
    ) -> io::Result<()> {
        let mut poll_set = PollSet::default();
        loop {
            let now = Instant::now();
            if self.accept_after.is_some_and(|time| time <= now) {
                self.accept_after = None;
            }
            let accepting = self.accept_after.is_none();
            poll_set.fds.clear();
            poll_set.fds.push(PollFd::new(woken, READ));
            poll_set.fds.push(PollFd::new(stop, READ));
            poll_set.fds.push(PollFd::new(
                listener,
                if accepting { READ } else { NOTHING },
            ));
            poll_set.wait(&self.peers, self.accept_after, now)?;
            let now = Instant::now();
            if poll_set.fds[STOP].is_ready() {
                return Ok(());
            }
            self.turn(&poll_set, woken, now);
            if poll_set.fds[LISTENER].is_ready() {
                self.accept(listener, now);
            }
        }
    }

    /// Lets every connection finish the request it has begun, until none is left or the time for it
    /// is over.
    fn finish(&mut self, woken: &UnixStream) -> io::Result<()> {
        let end = Instant::now() + self.settings.timeouts.stop;
        for token in self.peers.tokens() {
            if let Some(peer) = self.peers.get_mut(token) {
                // What has arrived by now was sent to a server that was there.
                if peer.connection.interest().read {
                    receive(peer, &mut self.buffer, Instant::now());
                }
                peer.connection.stop();
            }
            self.drive(token, Instant::now());
        }
        let mut poll_set = PollSet::default();
        loop {
            let now = Instant::now();
            if self.peers.is_empty() || end <= now {
                return Ok(());
            }
            poll_set.fds.clear();
            poll_set.fds.push(PollFd::new(woken, READ));
            poll_set.fds.push(PollFd::new(woken, NOTHING));
            poll_set.fds.push(PollFd::new(woken, NOTHING));
            poll_set.wait(&self.peers, Some(end), now)?;
            self.turn(&poll_set, woken, Instant::now());
        }
    }

    /// Deals with everything that a wait has found, but for new connections.
    fn turn(&mut self, poll_set: &PollSet, woken: &UnixStream, now: Instant) {
        if poll_set.fds[WOKEN].is_ready() {
            self.deliver_answers(woken, now);
        }
        for (fd, token) in poll_set.fds[CONNECTIONS..].iter().zip(&poll_set.tokens) {
            let Some(peer) = self.peers.get_mut(*token) else {
                continue;
            };
            if fd.is_ready() {
                if peer.connection.is_answering() {
                    peer.gone = fd.is_broken();
                    continue;
                }
                if fd.is_readable() && peer.connection.interest().read {
                    receive(peer, &mut self.buffer, now);
                }
                self.drive(*token, now);
            } else if peer
                .connection
                .deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                let step = peer.connection.expire();
                self.follow(*token, step, now);
            }
        }
    }

    fn deliver_answers(&mut self, mut woken: &UnixStream, now: Instant) {
        // Emptied before the answers are taken: one that comes in between wakes the loop again.
        while woken
            .read(&mut self.buffer)
            .is_ok_and(|bytes| bytes == self.buffer.len())
        {}
        let mut answers = Vec::new();
        self.pool.take_answers(&mut answers);
        for (token, answer) in answers {
            self.answer(token, answer, now);
            self.drive(token, now);
        }
    }

    fn answer(&mut self, token: usize, answer: Response, now: Instant) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if peer.gone {
            self.peers.remove(token);
        } else {
            peer.connection.respond(answer, self.date.now(), now);
        }
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
            match send(peer, now) {
                // Having sent an answer, it may go on with the next request.
                Ok(has_sent) if has_sent || !is_waiting => {}
                Ok(_) => return,
                Err(_) => {
                    self.peers.remove(token);
                    return;
                }
            }
        }
    }

    /// Carries out a step, and whatever follows from it.
    fn follow(&mut self, token: usize, step: Step, now: Instant) {
        if self.carry_out(token, step, now) {
            self.drive(token, now);
        }
    }

    /// Does what a connection asks for; returns whether it can go on at once.
    fn carry_out(&mut self, token: usize, step: Step, now: Instant) -> bool {
        match step {
            Step::Wait => false,
            Step::Answer(request) => {
                self.pool.submit(token, request);
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
                    let _ = peer.stream.shutdown(Shutdown::Write);
                }
                true
            }
            Step::Close => {
                self.peers.remove(token);
                false
            }
        }
    }

    /// Accepts the connections that wait, making room where there is none.
    fn accept(&mut self, listener: &TcpListener, now: Instant) {
        for _ in 0..ACCEPTS_MAX {
            if self.settings.connections_max <= self.peers.len() && !self.evict() {
                // Every connection has a worker's attention. One will be free in a moment.
                self.accept_after = Some(now + ACCEPT_PAUSE);
                return;
            }
            let accepted = listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                Ok(stream)
            });
            match accepted {
                Ok(stream) => {
                    let connection = Connection::new(self.settings, now);
                    self.peers.insert(Peer {
                        stream,
                        connection,
                        gone: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.log.error("cannot accept", &[("error", &error)]);
                    self.accept_after = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    /// Closes the connection that has kept the server waiting longest.
    fn evict(&mut self) -> bool {
        let waiting = |token: &usize| self.peers.get(*token)?.connection.waiting_since();
        let longest = self
            .peers
            .tokens()
            .filter_map(|token| Some((waiting(&token)?, token)))
            .min();
        longest.is_some_and(|(_, token)| {
            self.peers.remove(token);
            true
        })
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
fn send(peer: &mut Peer<'_>, now: Instant) -> io::Result<bool> {
    let mut has_sent = false;
    while peer.connection.interest().write {
        match peer.stream.write_vectored(&peer.connection.output()) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => {
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

/// What is waited for: the loop's own descriptors, then those of the connections.
#[derive(Default)]
struct PollSet {
    fds: Vec<PollFd>,
    /// Of each connection in `fds`, in the same order.
    tokens: Vec<usize>,
}

impl PollSet {
    /// Adds the connections, and waits until something is ready, the nearest of their deadlines, or
    /// `until`.
    fn wait(&mut self, peers: &Peers<'_>, until: Option<Instant>, now: Instant) -> io::Result<()> {
        debug_assert_eq!(self.fds.len(), CONNECTIONS);
        self.tokens.clear();
        let mut end = until;
        for token in peers.tokens() {
            let Some(peer) = peers.get(token) else {
                continue;
            };
            if peer.gone {
                continue;
            }
            self.fds
                .push(PollFd::new(&peer.stream, peer.connection.interest()));
            self.tokens.push(token);
            end = end.into_iter().chain(peer.connection.deadline()).min();
        }
        let timeout = end.map(|end| end.saturating_duration_since(now));
        sys::wait(&mut self.fds, timeout).map(|_| ())
    }
}

impl<'a> Peers<'a> {
    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tokens(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.places.len()
    }

    fn get(&self, token: usize) -> Option<&Peer<'a>> {
        self.places.get(token)?.as_ref()
    }

    fn get_mut(&mut self, token: usize) -> Option<&mut Peer<'a>> {
        self.places.get_mut(token)?.as_mut()
    }

    fn insert(&mut self, peer: Peer<'a>) {
        match self.free.pop() {
            Some(token) => self.places[token] = Some(peer),
            None => self.places.push(Some(peer)),
        }
    }

    fn remove(&mut self, token: usize) {
        if self
            .places
            .get_mut(token)
            .is_some_and(|place| place.take().is_some())
        {
            self.free.push(token);
        }
    }
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
