//! Accepts connections: how new ones get a place, which old one is closed for them, and what happens
//! when the system has no descriptor or memory left. Does not know what connections send.

use std::io;
use std::time::Instant;

use super::super::connection::Connection;
use super::super::peers::Peer;
use super::super::socket::{Listener, Stream};
use super::super::{Handler, Reason};
use super::{ACCEPTS_MAX, EventLoop, FAILURE_PAUSE, READ, receive};
use crate::fair::Line;

/// Most connections that are accepted and wait for a place, because all places belong to their own client
/// and are at work. As many as the kernel lets wait to be accepted.
const PARKED_MAX: usize = 1024;

/// A connection that was accepted and has no place yet.
pub(super) struct Arrival {
    stream: Stream,
    line: Line,
    /// The index of the listener that accepted it.
    listener: usize,
}

impl<H: Handler> EventLoop<'_, H> {
    /// Accepts at most `count` waiting connections, and closes others for them if there is no place.
    ///
    /// # Errors
    ///
    /// If the listener can accept nothing any more.
    pub(super) fn accept(
        &mut self,
        listener: &Listener,
        place: usize,
        count: usize,
        now: Instant,
    ) -> io::Result<()> {
        let mut has_evicted = false;
        for _ in 0..count {
            match listener.accept() {
                Ok((stream, client)) => {
                    let arrival = Arrival {
                        stream,
                        line: self.lines.of(client),
                        listener: place,
                    };
                    self.admit(arrival, now);
                    has_evicted = false;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) if is_lasting(&error) => return Err(self.end_of(listener, &error)),
                Err(error) => {
                    // Most often there is no descriptor left, and closing a connection gives one.
                    // Where that did not help, closing more of them would not either.
                    self.log_failure("cannot accept", &error, now);
                    if has_evicted || !self.give_up_one() {
                        self.accept_after = Some(now + FAILURE_PAUSE);
                        return Ok(());
                    }
                    has_evicted = true;
                }
            }
        }
        Ok(())
    }

    /// Logs that a listener can accept nothing any more; returns what the service ends with.
    #[cold]
    fn end_of(&self, listener: &Listener, error: &io::Error) -> io::Error {
        self.log
            .error("cannot accept", &[("on", listener), ("error", error)]);
        io::Error::other(format!("cannot accept on {listener}: {error}"))
    }

    /// Gives a new connection a place, if necessary that of another. If all of them are at work for its
    /// own client, it waits until one is done.
    fn admit(&mut self, arrival: Arrival, now: Instant) {
        if self.make_room(arrival.line) {
            self.welcome(arrival, now);
        } else if self.parked.len() < PARKED_MAX {
            self.parked.push_back(arrival);
        } else {
            self.figures.count_opened();
            self.figures.count_closed(Reason::Limit);
        }
    }

    pub(super) fn admit_parked(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_MAX {
            let Some(line) = self.parked.front().map(|arrival| arrival.line) else {
                return;
            };
            if !self.make_room(line) {
                return;
            }
            if let Some(arrival) = self.parked.pop_front() {
                self.welcome(arrival, now);
            }
        }
    }

    /// Makes a place for a connection of this line; returns whether there is one.
    fn make_room(&mut self, line: Line) -> bool {
        if self.peers.len() < self.settings.connections_max {
            return true;
        }
        let first = self.peers.first_to_go(Some(line));
        if let Some(token) = first {
            self.drop_connection(token, Reason::Limit);
        }
        first.is_some()
    }

    /// Closes a connection to free its descriptor; returns whether there was one.
    #[cold]
    pub(super) fn give_up_one(&mut self) -> bool {
        if self.parked.pop_back().is_some() {
            self.figures.count_opened();
            self.figures.count_closed(Reason::Exhausted);
            return true;
        }
        let first = self.peers.first_to_go(None);
        if let Some(token) = first {
            self.drop_connection(token, Reason::Exhausted);
        }
        first.is_some()
    }

    /// Adds a new connection and reads once, since its request has usually arrived already: then the
    /// connection waits for the server, and not the server for the connection.
    pub(super) fn welcome(&mut self, arrival: Arrival, now: Instant) {
        let Arrival {
            stream,
            line,
            listener,
        } = arrival;
        self.figures.count_opened();
        let connection = Connection::new(&self.settings.limits, &self.settings.timeouts, now);
        let peer = Peer::new(stream, connection, line, listener, READ);
        let token = self.peers.insert(peer);
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        if let Err(error) = self.poller.watch(&peer.stream, token as usize, READ) {
            self.log_failure("cannot watch a connection", &error, now);
            self.close(token, Reason::Exhausted);
            return;
        }
        receive(peer, &mut self.buffer, now);
        if peer.connection.has_next() {
            peer.has_more = true;
            self.queue_step(token);
        }
        self.settle(token);
    }
}

/// Whether an error of `accept` concerns just the connection it would have returned
/// (`accept(2)`, "Error handling"), which a peer can bring about by resetting it early.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
    )
}

/// Whether an error of `accept` is one of the listener itself, which stays: it does not listen (any
/// more), or is no socket for connections.
fn is_lasting(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, Unsupported};
    /// `EBADF`, the same everywhere, and `ENOTSOCK` of Linux and of the BSDs.
    const NO_SOCKET: [i32; 3] = [9, 88, 38];
    matches!(error.kind(), InvalidInput | Unsupported)
        || error
            .raw_os_error()
            .is_some_and(|number| NO_SOCKET.contains(&number))
}
