//! The thread that owns the sockets: it waits until any of them is ready, moves bytes between them and
//! the connections, and passes requests to the pool and responses back.
//!
//! It works in rounds. In each round it takes the responses that are ready, gives one step to some of
//! the connections that have something to do, and accepts some new ones. Clients take turns here, as
//! they do for the workers: a client that sends without pause on a thousand connections gets no more
//! steps than a client with one.

mod admission;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use admission::Arrival;

use super::connection::{Message, Step};
use super::peers::{Peer, Peers};
use super::pool::{Job, Pool};
use super::queue::{Queue, Rank};
use super::socket::Listener;
use super::{Cost, Figures, Handler, Reason, Request, Routed, Server, Settings};
use crate::calendar::since_epoch;
use crate::fair::{Client, Line, Lines};
use crate::http::{Head, Response, imf_fixdate};
use crate::log::Log;
use crate::sys::{Event, Interest, Poller};

/// Bytes read from a socket at a time: usually a whole request of any allowed size.
const READ_BYTES: usize = 16 * 1024;

/// Connections accepted in one round. This and the steps take some milliseconds at most.
const ACCEPTS_MAX: usize = 64;

/// Steps of connections in one round.
const STEPS_MAX: usize = 128;

/// How long a failed system call is not repeated. A call that failed for lack of descriptors or memory
/// would fail again at once, in a busy loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time between two log lines of failures.
const FAILURE_LOG_PAUSE: Duration = Duration::from_secs(1);

/// How late the loop may act on a deadline. Deadlines are seconds long, and to find those that have
/// passed takes a look at all connections.
const DEADLINE_PERIOD: Duration = Duration::from_millis(100);

/// The interval between two checks, when the server stops, whether connections are still new.
const NEW_PERIOD: Duration = Duration::from_millis(50);

/// Tokens of the loop's own descriptors, from the top; connections have theirs from zero on, and
/// listeners below these.
const WOKEN: usize = usize::MAX;
const STOP: usize = usize::MAX - 1;
const FIRST_LISTENER: usize = usize::MAX - 2;
/// Far more listeners than there are. What is below them is a connection, also where a `usize` has
/// no more bits than the token of one.
const LISTENERS_MAX: usize = 1_000;

const READ: Interest = Interest {
    read: true,
    write: false,
};
const NOTHING: Interest = Interest {
    read: false,
    write: false,
};

/// The token of the listener at a place.
fn listener_token(place: usize) -> usize {
    FIRST_LISTENER - place
}

/// Serves until `stop` is readable and the requests under way are answered.
pub(super) fn run<H: Handler>(server: Server<H>, stop: &UnixStream) -> io::Result<()> {
    let Server {
        listeners,
        handler,
        settings,
        figures,
        log,
    } = server;
    let (pool, woken) = Pool::start(settings.workers(), &handler, Arc::clone(&figures))?;
    let mut event_loop = EventLoop {
        settings: &settings,
        figures,
        handler,
        log,
        pool,
        woken,
        poller: Poller::new()?,
        events: Vec::new(),
        peers: Peers::new(),
        lines: Lines::default(),
        steps: Queue::new(),
        next_deadline: None,
        deadlines_seen: Instant::now(),
        buffer: vec![0; READ_BYTES].into(),
        date: Date::default(),
        parked: VecDeque::new(),
        accept_after: None,
        failure_logged: None,
    };
    event_loop.serve(&listeners, stop)?;
    event_loop.close_listeners(listeners);
    let _ = event_loop.poller.forget(stop);
    event_loop.finish()
}

struct EventLoop<'a, H: Handler> {
    settings: &'a Settings,
    figures: Arc<Figures>,
    handler: Arc<H>,
    log: Log,
    pool: Pool<H::Route>,
    /// Readable when the pool has answers.
    woken: UnixStream,
    poller: Poller,
    /// The result of the last wait.
    events: Vec<Event>,
    peers: Peers<'a>,
    lines: Lines,
    /// The connections that have something to do.
    steps: Queue<()>,
    /// No connection's deadline comes before this.
    next_deadline: Option<Instant>,
    /// When all deadlines were looked at last.
    deadlines_seen: Instant,
    buffer: Box<[u8]>,
    date: Date,
    /// Connections that are accepted and wait for a place, the oldest first.
    parked: VecDeque<Arrival>,
    /// Until when no connection is accepted, since the system has no descriptor or memory left.
    accept_after: Option<Instant>,
    failure_logged: Option<Instant>,
}

/// What the last wait found about the loop's own descriptors.
#[derive(Default)]
struct Heard {
    stop: bool,
    /// The indexes of listeners with a waiting connection.
    listeners: Vec<usize>,
}

impl<H: Handler> EventLoop<'_, H> {
    /// Runs until the signal to stop, and then for the time of `--drain`.
    fn serve(&mut self, listeners: &[Listener], stop: &UnixStream) -> io::Result<()> {
        self.poller.watch(&self.woken, WOKEN, READ)?;
        self.poller.watch(stop, STOP, READ)?;
        for (place, listener) in listeners.iter().enumerate() {
            self.poller.watch(listener, listener_token(place), READ)?;
        }
        let mut listening = true;
        let mut end = None;
        loop {
            let now = Instant::now();
            if end.is_some_and(|end| end <= now) {
                return Ok(());
            }
            self.accept_after = self.accept_after.filter(|time| now < *time);
            let until = self.accept_after.into_iter().chain(end).min();
            let wanted = self.accept_after.is_none();
            if wanted != listening {
                let interest = if wanted { READ } else { NOTHING };
                for (place, listener) in listeners.iter().enumerate() {
                    self.poller
                        .change(listener, listener_token(place), interest)?;
                }
                listening = wanted;
            }
            let heard = self.turn(until, now)?;
            if heard.stop {
                end = Some(self.leave(stop)?);
                continue;
            }
            self.admit_parked(Instant::now());
            for place in heard.listeners {
                if let Some(listener) = listeners.get(place).filter(|_| listening) {
                    self.accept(listener, place, ACCEPTS_MAX, Instant::now())?;
                }
            }
        }
    }

    /// Begins to drain: the health check fails from now on. Returns when draining ends.
    fn leave(&mut self, stop: &UnixStream) -> io::Result<Instant> {
        let drain = self.settings.drain;
        if !drain.is_zero() {
            self.poller.forget(stop)?;
            self.figures.stop();
            self.log.info("draining", &[("seconds", &drain.as_secs())]);
        }
        Ok(Instant::now() + drain)
    }

    /// Accepts the connections that the kernel has accepted by now, and closes the listeners.
    fn close_listeners(&mut self, listeners: Vec<Listener>) {
        let count = self.settings.connections_max;
        for (place, mut listener) in listeners.into_iter().enumerate() {
            listener.withdraw();
            // Another process may keep it open; this one does not accept from it any more.
            let _ = self.poller.forget(&listener);
            // An error would only end the loop, which ends anyway. The socket is closed directly after
            // this, so that hardly any client connects in between.
            let _ = self.accept(&listener, place, count, Instant::now());
        }
        while let Some(arrival) = self.parked.pop_front() {
            self.welcome(arrival, Instant::now());
        }
    }

    /// Lets every connection finish the request that it has begun, until none is left or the time for
    /// that is over.
    fn finish(&mut self) -> io::Result<()> {
        let end = Instant::now() + self.settings.timeouts.stop;
        self.figures.stop();
        let mut waiting: Vec<u32> = self.peers.tokens().collect();
        loop {
            let now = Instant::now();
            // A client that has just connected will probably send a request.
            waiting.retain(|token| !self.stop(*token, now));
            if self.peers.len() == 0 || end <= now {
                return Ok(());
            }
            let look_again = (!waiting.is_empty()).then_some(now + NEW_PERIOD);
            self.turn(look_again.into_iter().chain([end]).min(), now)?;
        }
    }

    /// Tells a connection that the server is stopping, unless it is new; returns whether it knows,
    /// or is closed.
    fn stop(&mut self, token: u32, now: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(token) else {
            return true;
        };
        // What has arrived by now was sent before the server stopped.
        if peer.connection.interest().read {
            receive(peer, &mut self.buffer, now);
        }
        if peer.connection.is_new(now) {
            return false;
        }
        peer.connection.stop();
        self.drive(token, now);
        true
    }

    /// Waits until something is ready, a deadline has passed, or it is `until`, and handles what concerns
    /// the connections.
    fn turn(&mut self, until: Option<Instant>, now: Instant) -> io::Result<Heard> {
        let deadlines = self
            .next_deadline
            .map(|deadline| deadline.max(self.deadlines_seen + DEADLINE_PERIOD));
        let end = until.into_iter().chain(deadlines).min();
        let timeout = if self.steps.len() == 0 {
            end.map(|end| end.saturating_duration_since(now))
        } else {
            Some(Duration::ZERO)
        };
        let mut events = mem::take(&mut self.events);
        if let Err(error) = self.poller.wait(timeout, &mut events) {
            self.survive(error)?;
        }
        let now = Instant::now();
        let heard = self.hear(&events, now);
        self.events = events;
        for _ in 0..STEPS_MAX {
            let Some((token, ())) = self.steps.pop() else {
                break;
            };
            self.step(token, now);
        }
        if deadlines.is_some_and(|deadlines| deadlines <= now) {
            self.expire_all(now);
        }
        Ok(heard)
    }

    /// Sorts what the poller has found.
    fn hear(&mut self, events: &[Event], now: Instant) -> Heard {
        let mut heard = Heard::default();
        if events.iter().any(|event| event.token == WOKEN) {
            self.deliver_answers(now);
        }
        for event in events {
            match event.token {
                WOKEN => {}
                STOP => heard.stop = true,
                token if FIRST_LISTENER - token < LISTENERS_MAX => {
                    heard.listeners.push(FIRST_LISTENER - token);
                }
                token => {
                    if let Ok(token) = u32::try_from(token) {
                        self.attend(token, *event);
                    }
                }
            }
        }
        heard
    }

    /// Handles a socket that is ready.
    fn attend(&mut self, token: u32, event: Event) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if peer.connection.is_answering() {
            if event.is_broken {
                self.drop_connection(token, Reason::Lost);
            } else {
                // More has come than is wanted now.
                self.watch_exactly(token);
            }
            return;
        }
        if event.is_readable && !peer.interest().read {
            self.watch_exactly(token);
        }
        self.queue_step(token);
    }

    /// Queues a connection for a step.
    fn queue_step(&mut self, token: u32) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if mem::replace(&mut peer.is_queued, true) {
            return;
        }
        let rank = Rank {
            line: peer.line,
            cost: Cost::Cheap,
            is_pipelined: peer.has_more,
        };
        self.steps.push(token, (), rank);
    }

    /// Gives a connection its step: it continues with what it has received, or reads more.
    fn step(&mut self, token: u32, now: Instant) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        peer.is_queued = false;
        if !mem::take(&mut peer.has_more) && peer.connection.interest().read {
            receive(peer, &mut self.buffer, now);
        }
        self.drive(token, now);
    }

    /// Acts on all deadlines that have passed.
    fn expire_all(&mut self, now: Instant) {
        self.deadlines_seen = now;
        self.next_deadline = None;
        for token in self.peers.tokens() {
            let Some(peer) = self.peers.get_mut(token) else {
                continue;
            };
            // A connection that waits for a step has already sent its bytes.
            let is_late = |deadline: &Instant| *deadline <= now && !peer.has_more;
            match peer.connection.deadline() {
                Some(deadline) if is_late(&deadline) => {
                    let step = peer.connection.expire(now);
                    if self.carry_out(token, step, now) {
                        self.drive(token, now);
                    }
                }
                deadline => self.heed(deadline),
            }
        }
    }

    fn heed(&mut self, deadline: Option<Instant>) {
        self.next_deadline = self.next_deadline.into_iter().chain(deadline).min();
    }

    fn deliver_answers(&mut self, now: Instant) {
        // Emptied before the responses are taken, so that one that comes in between wakes the loop again.
        let mut woken = &self.woken;
        while woken
            .read(&mut self.buffer)
            .is_ok_and(|bytes| bytes == self.buffer.len())
        {}
        for (token, answer) in self.pool.take_answers() {
            if !self.peers.release(token) {
                self.answer(token, answer, now);
                self.drive(token, now);
            }
        }
    }

    fn answer(&mut self, token: u32, answer: Response, now: Instant) {
        if let Some(peer) = self.peers.get_mut(token) {
            if self.figures.is_stopping() {
                peer.connection.leave();
            }
            peer.connection.respond(answer, self.date.now(), now);
        }
    }

    /// Continues a connection as far as possible without waiting, but not beyond one response: the rest
    /// waits for its next step.
    fn drive(&mut self, token: u32, now: Instant) {
        let mut has_sent = false;
        loop {
            let Some(peer) = self.peers.get_mut(token) else {
                return;
            };
            if has_sent && peer.connection.has_next() {
                peer.has_more = true;
                self.queue_step(token);
                break;
            }
            let step = peer.connection.advance(now);
            let is_waiting = matches!(step, Step::Wait);
            if !is_waiting && !self.carry_out(token, step, now) {
                break;
            }
            let Some(peer) = self.peers.get_mut(token) else {
                return;
            };
            match send(peer, &self.figures, now) {
                // After a response it may continue with the next request.
                Ok(true) => has_sent = true,
                Ok(false) if is_waiting => break,
                Ok(false) => {}
                Err(_) => {
                    self.close(token, Reason::Lost);
                    return;
                }
            }
        }
        self.settle(token);
    }

    /// Updates what a connection waits for: its deadline, its place among those that wait, and what its
    /// socket is watched for. To change the last takes a system call, so a socket stays watched for
    /// bytes until some come that are not wanted yet.
    fn settle(&mut self, token: u32) {
        let Some(peer) = self.peers.get(token) else {
            return;
        };
        let (wanted, watched) = (peer.interest(), peer.watched);
        let deadline = peer.connection.deadline();
        self.heed(deadline);
        self.peers.settle(token);
        if wanted.write != watched.write || (wanted.read && !watched.read) {
            self.watch_exactly(token);
        }
    }

    /// Watches a socket for exactly what its connection wants.
    fn watch_exactly(&mut self, token: u32) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        let wanted = peer.interest();
        if wanted == peer.watched {
            return;
        }
        match self.poller.change(&peer.stream, token as usize, wanted) {
            Ok(()) => peer.watched = wanted,
            Err(error) => {
                self.log_failure("cannot watch a connection", &error, Instant::now());
                self.drop_connection(token, Reason::Lost);
            }
        }
    }

    /// Does what a connection asks for; returns whether it can go on at once.
    fn carry_out(&mut self, token: u32, step: Step, now: Instant) -> bool {
        match step {
            Step::Wait => false,
            Step::Answer(message) => self.have_answered(token, message, now),
            Step::Refuse(refusal) => {
                let answer = self.handler.refuse(&refusal);
                self.answer(token, answer, now);
                true
            }
            Step::HalfClose => {
                if let Some(peer) = self.peers.get_mut(token) {
                    // An error means that the peer has closed, which the next read shows.
                    let _ = peer.stream.end();
                }
                true
            }
            Step::Close(reason) => {
                self.close(token, reason);
                false
            }
        }
    }

    /// Has a request answered; returns whether that happened at once, without a worker.
    fn have_answered(&mut self, token: u32, message: Message, now: Instant) -> bool {
        let Some(peer) = self.peers.get(token) else {
            return false;
        };
        let request = Request {
            line: self.named_client(&message.head).unwrap_or(peer.line),
            listener: peer.listener,
            head: message.head,
            body: message.body,
            is_pipelined: message.is_pipelined,
            received: message.received,
        };
        match self.handler.route(&request) {
            Routed::Answered(answer) => {
                self.answer(token, answer, now);
                true
            }
            Routed::ToWorker { route, cost } => {
                let rank = Rank {
                    line: request.line,
                    cost,
                    is_pipelined: request.is_pipelined,
                };
                self.pool.submit(token, Job { request, route }, rank);
                false
            }
        }
    }

    /// The line of the client that a proxy names, in the last of these fields.
    fn named_client(&self, head: &Head) -> Option<Line> {
        let field = self.settings.client_field.as_deref()?;
        let value = head.fields.all(field).last()?;
        Client::named(value).map(|client| self.lines.of(client))
    }

    /// Closes a connection in any state. A request that no worker has yet is dropped, and so is the
    /// response to one that a worker has.
    fn drop_connection(&mut self, token: u32, reason: Reason) {
        let is_answering = |peer: &Peer<'_>| peer.connection.is_answering();
        if !self.peers.get(token).is_some_and(is_answering) || self.pool.cancel(token) {
            self.close(token, reason);
        } else if let Some(peer) = self.peers.leave(token) {
            self.put_away(token, &peer, reason);
        }
    }

    /// Closes a connection that waits for no worker.
    fn close(&mut self, token: u32, reason: Reason) {
        if let Some(peer) = self.peers.remove(token) {
            self.put_away(token, &peer, reason);
        }
    }

    fn put_away(&mut self, token: u32, peer: &Peer<'_>, reason: Reason) {
        self.steps.cancel(token);
        // An error means that it could not be watched in the first place.
        let _ = self.poller.forget(&peer.stream);
        self.figures.count_closed(reason);
    }

    /// Continues after a wait that failed for lack of memory, or because the limit of descriptors was
    /// lowered. With one connection less it may succeed; without any, the service cannot go on.
    #[cold]
    fn survive(&mut self, error: io::Error) -> io::Result<()> {
        if !self.give_up_one() {
            return Err(error);
        }
        self.log_failure("cannot wait", &error, Instant::now());
        thread::sleep(FAILURE_PAUSE / 10);
        Ok(())
    }

    #[cold]
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

/// Reads once, so that a peer that always has more does not hold up the loop.
fn receive(peer: &mut Peer<'_>, buffer: &mut [u8], now: Instant) {
    match peer.stream.read(buffer) {
        Ok(0) => peer.connection.receive_end(),
        Ok(bytes) => peer.connection.receive(&buffer[..bytes], now),
        Err(error) if is_transient(&error) => {}
        // The peer has closed. A request that it sent before may be complete; the response then fails.
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

/// The value of the `Date` field, written again once a second.
#[derive(Default)]
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let second = since_epoch(SystemTime::now()).as_secs();
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = imf_fixdate(second);
        }
        &self.text
    }
}
