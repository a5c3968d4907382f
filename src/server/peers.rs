//! The open connections and their sockets, each at a place that is its token while it lives; and
//! which of them is to make room.

use std::mem;
use std::time::Instant;

use super::connection::Connection;
use super::socket::Stream;
use crate::fair::{Chains, LINES, Line, List, Ranking};
use crate::sys::Interest;

/// A socket and the state of its connection.
pub(super) struct Peer<'a> {
    pub(super) stream: Stream,
    pub(super) connection: Connection<'a>,
    /// The line of whoever has connected.
    pub(super) line: Line,
    /// The place of the listener that was connected to.
    pub(super) listener: usize,
    /// What the poller watches the socket for.
    pub(super) watched: Interest,
    /// Whether it waits for a step.
    pub(super) is_queued: bool,
    /// Whether it has received what it has not looked at yet. Until it has, no more is read.
    pub(super) has_more: bool,
    /// Since when the connection waits for its peer, as [`Peers::settle`] has found it.
    waiting_since: Option<Instant>,
}

impl<'a> Peer<'a> {
    pub(super) fn new(
        stream: Stream,
        connection: Connection<'a>,
        line: Line,
        listener: usize,
        watched: Interest,
    ) -> Self {
        Peer {
            stream,
            connection,
            line,
            listener,
            watched,
            is_queued: false,
            has_more: false,
            waiting_since: None,
        }
    }

    /// What to watch the socket for.
    pub(super) fn interest(&self) -> Interest {
        let interest = self.connection.interest();
        Interest {
            read: interest.read && !self.has_more,
            ..interest
        }
    }
}

/// The open connections. Every operation takes constant time.
pub(super) struct Peers<'a> {
    places: Vec<Place<'a>>,
    free: Vec<u32>,
    open: usize,
    /// The connections of each line that wait for their peers, those that have waited longest first.
    waiting: Box<[List]>,
    chains: Chains,
    /// The lines by their open connections.
    ranking: Ranking,
}

enum Place<'a> {
    Open(Box<Peer<'a>>),
    /// The connection is closed, while a worker makes its answer. The place stays taken until that
    /// comes back, so that it cannot reach whoever would have the place next.
    Left,
    Free,
}

impl<'a> Peers<'a> {
    /// No connection.
    pub(super) fn new() -> Self {
        Peers {
            places: Vec::new(),
            free: Vec::new(),
            open: 0,
            waiting: vec![List::default(); LINES].into(),
            chains: Chains::default(),
            ranking: Ranking::default(),
        }
    }

    /// How many connections are open.
    pub(super) fn len(&self) -> usize {
        self.open
    }

    /// Every token there may be; not all of them are in use.
    #[allow(clippy::cast_possible_truncation)] // Descriptors are numbers of 32 bits.
    pub(super) fn tokens(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.places.len() as u32
    }

    pub(super) fn get(&self, token: u32) -> Option<&Peer<'a>> {
        match self.places.get(token as usize)? {
            Place::Open(peer) => Some(peer),
            Place::Left | Place::Free => None,
        }
    }

    pub(super) fn get_mut(&mut self, token: u32) -> Option<&mut Peer<'a>> {
        match self.places.get_mut(token as usize)? {
            Place::Open(peer) => Some(peer),
            Place::Left | Place::Free => None,
        }
    }

    /// Gives a peer a place, and returns its token.
    #[allow(clippy::cast_possible_truncation)] // Descriptors are numbers of 32 bits.
    pub(super) fn insert(&mut self, peer: Peer<'a>) -> u32 {
        self.open += 1;
        self.ranking.raise(peer.line);
        let peer = Place::Open(Box::new(peer));
        let token = if let Some(token) = self.free.pop() {
            self.places[token as usize] = peer;
            token
        } else {
            self.places.push(peer);
            self.places.len() as u32 - 1
        };
        self.settle(token);
        token
    }

    /// Takes a connection out, and frees its place.
    pub(super) fn remove(&mut self, token: u32) -> Option<Box<Peer<'a>>> {
        let peer = self.leave(token)?;
        self.release(token);
        Some(peer)
    }

    /// Takes a connection out whose answer is still to come.
    pub(super) fn leave(&mut self, token: u32) -> Option<Box<Peer<'a>>> {
        let place = self.places.get_mut(token as usize)?;
        let peer = match mem::replace(place, Place::Left) {
            Place::Open(peer) => peer,
            other => {
                *place = other;
                return None;
            }
        };
        if peer.waiting_since.is_some() {
            let waiting = &mut self.waiting[peer.line.index()];
            self.chains.remove(waiting, token);
        }
        self.ranking.lower(peer.line);
        self.open -= 1;
        Some(peer)
    }

    /// Frees the place of a connection that was left, now that its answer has come; returns whether
    /// there was one.
    pub(super) fn release(&mut self, token: u32) -> bool {
        match self.places.get_mut(token as usize) {
            Some(place @ Place::Left) => {
                *place = Place::Free;
                self.free.push(token);
                true
            }
            _ => false,
        }
    }

    /// Puts a connection where it belongs among those that wait for their peers. To be called
    /// whenever something has happened to it.
    pub(super) fn settle(&mut self, token: u32) {
        let Some(Place::Open(peer)) = self.places.get_mut(token as usize) else {
            return;
        };
        let since = peer.connection.waiting_since();
        if since == peer.waiting_since {
            return;
        }
        let waiting = &mut self.waiting[peer.line.index()];
        if peer.waiting_since.is_some() {
            self.chains.remove(waiting, token);
        }
        if since.is_some() {
            // Whoever begins to wait now has waited less than all others.
            self.chains.push_back(waiting, token);
            self.ranking.renew(peer.line);
        }
        peer.waiting_since = since;
    }

    /// The connection that is to make room for another: of the line with the most connections, the
    /// one that has kept the server waiting longest. None if all of that line wait for the server.
    pub(super) fn first_to_go(&self) -> Option<u32> {
        self.waiting[self.ranking.largest()?].first()
    }
}
