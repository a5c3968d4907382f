//! The open connections and their sockets. Each has an index that is its token until it closes. Finds
//! the connection to close when the limit is reached.

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
    /// The line of the client that has connected.
    pub(super) line: Line,
    /// The index of the listener that was connected to.
    pub(super) listener: usize,
    /// What the poller watches the socket for.
    pub(super) watched: Interest,
    /// Whether it waits for a step.
    pub(super) is_queued: bool,
    /// Whether its next step is to continue with what it has received, instead of reading.
    pub(super) has_more: bool,
    /// Since when the connection waits for its peer, as of the last call of [`Peers::settle`]; none
    /// while it waits for the server.
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
    lines: Box<[Connections]>,
    /// Of the lists in `lines`.
    chains: Chains,
    /// The lines by their open connections.
    ranking: Ranking,
}

/// The connections of one line; each is in one of the lists.
#[derive(Clone, Copy, Default)]
struct Connections {
    /// Those that wait for their peers, the longest wait first.
    waiting: List,
    /// Those with a request that the server has yet to answer.
    at_work: List,
}

enum Place<'a> {
    Open(Box<Peer<'a>>),
    /// The connection is closed while a worker makes its response. The place stays taken until the
    /// response comes back, so that it cannot reach another connection.
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
            lines: vec![Connections::default(); LINES].into(),
            chains: Chains::default(),
            ranking: Ranking::default(),
        }
    }

    /// How many connections are open.
    pub(super) fn len(&self) -> usize {
        self.open
    }

    /// All tokens, whether they are in use or not.
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
        let line = peer.line;
        self.ranking.raise(line);
        let peer = Place::Open(Box::new(peer));
        let token = if let Some(token) = self.free.pop() {
            self.places[token as usize] = peer;
            token
        } else {
            self.places.push(peer);
            self.places.len() as u32 - 1
        };
        let at_work = &mut self.lines[line.index()].at_work;
        self.chains.push_back(at_work, token);
        self.settle(token);
        token
    }

    /// Removes a connection, and frees its place.
    pub(super) fn remove(&mut self, token: u32) -> Option<Box<Peer<'a>>> {
        let peer = self.leave(token)?;
        self.release(token);
        Some(peer)
    }

    /// Removes a connection whose response is still to come.
    pub(super) fn leave(&mut self, token: u32) -> Option<Box<Peer<'a>>> {
        let place = self.places.get_mut(token as usize)?;
        let peer = match mem::replace(place, Place::Left) {
            Place::Open(peer) => peer,
            other => {
                *place = other;
                return None;
            }
        };
        let list = self.lines[peer.line.index()].list(peer.waiting_since.is_some());
        self.chains.remove(list, token);
        self.ranking.lower(peer.line);
        self.open -= 1;
        Some(peer)
    }

    /// Frees the place of a connection that was left, now that its response has come; returns whether
    /// there was such a place.
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

    /// Puts a connection into the right list: of those that wait for their peers, or of those that wait
    /// for the server. Call it whenever the connection has changed.
    pub(super) fn settle(&mut self, token: u32) {
        let Some(Place::Open(peer)) = self.places.get_mut(token as usize) else {
            return;
        };
        let since = if peer.has_more {
            None
        } else {
            peer.connection.waiting_since()
        };
        if since == peer.waiting_since {
            return;
        }
        let line = &mut self.lines[peer.line.index()];
        self.chains
            .remove(line.list(peer.waiting_since.is_some()), token);
        // This one has waited less than all others.
        self.chains.push_back(line.list(since.is_some()), token);
        if since.is_some() {
            self.ranking.renew(peer.line);
        }
        peer.waiting_since = since;
    }

    /// The connection to close in favour of a new one: of the line with the most connections, the one
    /// that the server has waited for longest. If all connections of that line wait for the server, it
    /// is the one whose turn would come last; none if the new connection is of the same line.
    pub(super) fn first_to_go(&self, newcomer: Option<Line>) -> Option<u32> {
        let largest = self.ranking.largest()?;
        let Connections { waiting, at_work } = self.lines[largest];
        let is_own = newcomer.is_some_and(|line| line.index() == largest);
        let last = || self.chains.last(at_work).filter(|_| !is_own);
        waiting.first().or_else(last)
    }
}

impl Connections {
    fn list(&mut self, is_waiting: bool) -> &mut List {
        if is_waiting {
            &mut self.waiting
        } else {
            &mut self.at_work
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::line;
    use crate::http::Limits;
    use crate::http::{Response, Status};
    use crate::server::Timeouts;
    use crate::server::connection::Step;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    const MOMENT: Duration = Duration::from_nanos(1);

    fn connect(peers: &mut Peers<'static>, client: u16, now: Instant) -> u32 {
        let (_, near) = UnixStream::pair().unwrap();
        let connection = Connection::new(&Limits::DEFAULT, &Timeouts::DEFAULT, now);
        let stream = Stream::Unix(near);
        peers.insert(Peer::new(
            stream,
            connection,
            line(client),
            0,
            Interest::default(),
        ))
    }

    /// Has the connection receive a request and hand it out.
    fn ask(peers: &mut Peers<'static>, token: u32, now: Instant) {
        let connection = &mut peers.get_mut(token).unwrap().connection;
        connection.receive(b"GET / HTTP/1.0\r\n\r\n", now);
        assert!(matches!(connection.advance(now), Step::Answer(_)));
        peers.settle(token);
    }

    fn answer(peers: &mut Peers<'static>, token: u32, now: Instant) {
        let connection = &mut peers.get_mut(token).unwrap().connection;
        connection.respond(Response::new(Status::Ok), "today", now);
        peers.settle(token);
    }

    #[test]
    fn freed_places_are_used_again() {
        let (mut peers, now) = (Peers::new(), Instant::now());
        for _ in 0..100 {
            let tokens = [0, 1, 2].map(|client| connect(&mut peers, client, now));
            assert_eq!(peers.len(), 3);
            for token in tokens {
                assert!(peers.remove(token).is_some() && peers.remove(token).is_none());
            }
        }
        assert_eq!((peers.len(), peers.tokens().count()), (0, 3));
    }

    #[test]
    fn a_place_whose_answer_is_to_come_is_nobodys_until_then() {
        let (mut peers, now) = (Peers::new(), Instant::now());
        let left = connect(&mut peers, 0, now);
        ask(&mut peers, left, now);
        assert!(peers.leave(left).is_some());
        assert!(peers.get(left).is_none() && peers.len() == 0);
        assert!(peers.leave(left).is_none() && peers.remove(left).is_none());
        assert_ne!(connect(&mut peers, 0, now), left);
        assert!(peers.release(left) && !peers.release(left));
        assert_eq!(connect(&mut peers, 0, now), left);
    }

    #[test]
    fn who_has_the_most_and_of_these_who_waits_longest_goes_first() {
        let (mut peers, now) = (Peers::new(), Instant::now());
        assert_eq!(peers.first_to_go(Some(line(9))), None);
        let old = connect(&mut peers, 0, now);
        let greedy = [1, 2, 3].map(|age| connect(&mut peers, 1, now + age * MOMENT));
        assert_eq!(peers.first_to_go(Some(line(9))), Some(greedy[0]));
        // While a worker has its request, it is not the connection that is waited for.
        ask(&mut peers, greedy[0], now);
        assert_eq!(peers.first_to_go(Some(line(9))), Some(greedy[1]));
        answer(&mut peers, greedy[0], now + 9 * MOMENT);
        assert_eq!(peers.first_to_go(Some(line(9))), Some(greedy[1]));
        peers.remove(greedy[1]);
        assert_eq!(peers.first_to_go(Some(line(9))), Some(greedy[2]));
        peers.remove(greedy[2]);
        assert_eq!(
            peers.first_to_go(Some(line(9))),
            Some(old),
            "of clients with as many, the older wait"
        );
        peers.remove(greedy[0]);
        let newer = connect(&mut peers, 0, now);
        ask(&mut peers, old, now);
        ask(&mut peers, newer, now);
        assert_eq!(peers.first_to_go(Some(line(9))), Some(newer));
        assert_eq!(peers.first_to_go(None), Some(newer));
        let own = peers.first_to_go(Some(line(0)));
        assert_eq!(own, None, "a client with all the places can wait for one");
        // What was received and not looked at yet is a request, most often.
        answer(&mut peers, old, now + 10 * MOMENT);
        assert_eq!(peers.first_to_go(Some(line(0))), Some(old));
        peers.get_mut(old).unwrap().has_more = true;
        peers.settle(old);
        assert_eq!(peers.first_to_go(Some(line(0))), None);
    }
}
