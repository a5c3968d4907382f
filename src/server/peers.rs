//! The open connections and their sockets, each at a place that is its token while it lives.

use std::time::Instant;

use super::connection::Connection;
use super::socket::Stream;

/// A socket and the state of its connection.
pub(super) struct Peer<'a> {
    pub(super) stream: Stream,
    pub(super) connection: Connection<'a>,
    /// When the socket was last ready for something.
    pub(super) active: Instant,
    /// The peer is gone while a worker makes its answer. The place stays taken until that comes
    /// back, so that it cannot reach whoever would have the place next.
    pub(super) gone: bool,
}

/// The open connections.
#[derive(Default)]
pub(super) struct Peers<'a> {
    places: Vec<Option<Peer<'a>>>,
    free: Vec<usize>,
}

impl<'a> Peers<'a> {
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Every token there may be; not all of them are in use.
    pub(super) fn tokens(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.places.len()
    }

    pub(super) fn get(&self, token: usize) -> Option<&Peer<'a>> {
        self.places.get(token)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, token: usize) -> Option<&mut Peer<'a>> {
        self.places.get_mut(token)?.as_mut()
    }

    /// Gives a peer a place, and returns its token.
    pub(super) fn insert(&mut self, peer: Peer<'a>) -> usize {
        if let Some(token) = self.free.pop() {
            self.places[token] = Some(peer);
            return token;
        }
        self.places.push(Some(peer));
        self.places.len() - 1
    }

    /// Takes a connection out, and frees its place.
    pub(super) fn remove(&mut self, token: usize) -> Option<Peer<'a>> {
        let peer = self.places.get_mut(token)?.take()?;
        self.free.push(token);
        Some(peer)
    }

    /// The connection that has kept the server waiting longest; none if all wait for the server.
    pub(super) fn longest_waiting(&self) -> Option<usize> {
        let waiting = |token| self.get(token)?.connection.waiting_since();
        self.tokens()
            .filter_map(|token| Some((waiting(token)?, token)))
            .min()
            .map(|(_, token)| token)
    }
}
