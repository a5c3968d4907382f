//! The queue of requests for the workers, and whose turn it is.
//!
//! Clients take turns: a client with a thousand waiting requests waits as long for the next one as a
//! client with one. A request that may cost double takes two turns. Cheap requests go first, but every
//! few turns a costly one is served, so that neither kind can keep the other waiting for ever. The
//! requests that a client sent without waiting for responses come after its others, and have one of
//! sixteen turns.
//!
//! Knows neither threads nor sockets: a request is identified by the token of its connection, which has
//! at most one request here. Every operation takes constant time.

use super::Cost;
use crate::fair::{Chains, LINES, Line, List};

/// After so many cheap requests in a row, a costly one is served. A cheap request costs at most a tenth
/// of a usual one, so the costly ones get at least half of the workers' time.
const CHEAP_IN_A_ROW: usize = 8;

/// One of so many turns of a client is for its pipelined requests, so that they are late and not
/// never served.
const PIPELINED_TURN: u8 = 16;

/// What decides when a request's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    /// The line that its client waits in.
    pub(super) line: Line,
    pub(super) cost: Cost,
    /// Whether its client sends requests without waiting for the responses. Without this, a client that
    /// sends hundreds and reads nothing would have most turns of its line.
    pub(super) is_pipelined: bool,
}

/// Requests that wait.
pub(super) struct Queue<T> {
    /// By token.
    waiting: Vec<Option<(T, Rank)>>,
    /// Of the lists in `cheap` and `costly`.
    chains: Chains,
    cheap: Turns,
    costly: Turns,
    cheap_in_a_row: usize,
    len: usize,
}

/// Lines that take turns.
struct Turns {
    lines: Box<[Waiting]>,
    /// The lines in which something waits, in the order of their turns.
    order: List,
    chains: Chains,
}

/// The tokens that wait in one line.
#[derive(Clone, Copy, Default)]
struct Waiting {
    plain: List,
    pipelined: List,
    /// Turns that the line had.
    turns: u8,
    /// Whether the line's next turn is skipped, since its last request counted double.
    skips_turn: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Queue {
            waiting: Vec::new(),
            chains: Chains::default(),
            cheap: Turns::new(),
            costly: Turns::new(),
            cheap_in_a_row: 0,
            len: 0,
        }
    }

    /// How many requests wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a request. None of this token is waiting.
    pub(super) fn push(&mut self, token: u32, request: T, rank: Rank) {
        let place = token as usize;
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || None);
        }
        self.waiting[place] = Some((request, rank));
        self.len += 1;
        let (turns, chains) = self.turns(rank);
        turns.push(chains, token, rank);
    }

    /// Takes out the request whose turn it is.
    pub(super) fn pop(&mut self) -> Option<(u32, T)> {
        let token = if self.cheap_in_a_row < CHEAP_IN_A_ROW {
            self.pop_cheap().or_else(|| self.pop_costly())
        } else {
            self.pop_costly().or_else(|| self.pop_cheap())
        }?;
        Some((token, self.take(token)?.0))
    }

    fn pop_cheap(&mut self) -> Option<u32> {
        let token = self.cheap.pop(&mut self.chains)?;
        self.cheap_in_a_row = self.cheap_in_a_row.saturating_add(1);
        Some(token)
    }

    fn pop_costly(&mut self) -> Option<u32> {
        let token = self.costly.pop(&mut self.chains)?;
        self.cheap_in_a_row = 0;
        if let Some(Some((_, rank))) = self.waiting.get(token as usize) {
            self.costly.lines[rank.line.index()].skips_turn = rank.cost == Cost::Double;
        }
        Some(token)
    }

    /// Takes out a request before its turn; returns whether it was there.
    pub(super) fn cancel(&mut self, token: u32) -> bool {
        let Some((_, rank)) = self.take(token) else {
            return false;
        };
        let (turns, chains) = self.turns(rank);
        turns.remove(chains, token, rank);
        true
    }

    fn turns(&mut self, rank: Rank) -> (&mut Turns, &mut Chains) {
        let turns = match rank.cost {
            Cost::Cheap => &mut self.cheap,
            Cost::Usual | Cost::Double => &mut self.costly,
        };
        (turns, &mut self.chains)
    }

    fn take(&mut self, token: u32) -> Option<(T, Rank)> {
        let request = self.waiting.get_mut(token as usize)?.take()?;
        self.len -= 1;
        Some(request)
    }
}

impl Turns {
    fn new() -> Self {
        Turns {
            lines: vec![Waiting::default(); LINES].into(),
            order: List::default(),
            chains: Chains::default(),
        }
    }

    fn push(&mut self, chains: &mut Chains, token: u32, rank: Rank) {
        let line = &mut self.lines[rank.line.index()];
        let was_empty = line.is_empty();
        chains.push_back(line.list(rank.is_pipelined), token);
        if was_empty {
            // Where nobody waits, no turn is taken from anybody.
            line.skips_turn &= !self.order.is_empty();
            self.chains.push_back(&mut self.order, rank.line.into());
        }
    }

    fn pop(&mut self, chains: &mut Chains) -> Option<u32> {
        let number = self.next_line()?;
        let line = &mut self.lines[number as usize];
        line.turns = (line.turns + 1) % PIPELINED_TURN;
        let is_pipelined = if line.turns == 0 {
            !line.pipelined.is_empty()
        } else {
            line.plain.is_empty()
        };
        let token = chains.pop_front(line.list(is_pipelined));
        if !line.is_empty() {
            self.chains.push_back(&mut self.order, number);
        }
        token
    }

    /// Takes out the line whose turn it is, passing over those that skip theirs, unless nobody else
    /// waits.
    fn next_line(&mut self) -> Option<u32> {
        loop {
            let number = self.chains.pop_front(&mut self.order)?;
            let line = &mut self.lines[number as usize];
            if !line.skips_turn || self.order.is_empty() {
                return Some(number);
            }
            line.skips_turn = false;
            self.chains.push_back(&mut self.order, number);
        }
    }

    fn remove(&mut self, chains: &mut Chains, token: u32, rank: Rank) {
        let line = &mut self.lines[rank.line.index()];
        chains.remove(line.list(rank.is_pipelined), token);
        if line.is_empty() {
            self.chains.remove(&mut self.order, rank.line.into());
        }
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.pipelined.is_empty()
    }

    fn list(&mut self, is_pipelined: bool) -> &mut List {
        if is_pipelined {
            &mut self.pipelined
        } else {
            &mut self.plain
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::line;

    fn costly(client: u16) -> Rank {
        Rank {
            line: line(client),
            cost: Cost::Usual,
            is_pipelined: false,
        }
    }

    fn cheap(client: u16) -> Rank {
        Rank {
            cost: Cost::Cheap,
            ..costly(client)
        }
    }

    fn double(client: u16) -> Rank {
        Rank {
            cost: Cost::Double,
            ..costly(client)
        }
    }

    fn pipelined(client: u16) -> Rank {
        Rank {
            is_pipelined: true,
            ..costly(client)
        }
    }

    fn queue(ranks: impl IntoIterator<Item = Rank>) -> Queue<()> {
        let mut queue = Queue::new();
        for (token, rank) in (0..).zip(ranks) {
            queue.push(token, (), rank);
        }
        queue
    }

    fn drain(queue: &mut Queue<()>) -> Vec<u32> {
        let tokens = std::iter::from_fn(|| queue.pop()).map(|(token, ())| token);
        let tokens = tokens.collect();
        assert_eq!(queue.len(), 0);
        tokens
    }

    #[test]
    fn requests_of_one_client_keep_their_order() {
        let mut queue = queue([costly(0); 5]);
        assert_eq!(queue.len(), 5);
        assert_eq!(drain(&mut queue), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn clients_take_turns_however_much_each_has_waiting() {
        let ranks = [[costly(0); 5].as_slice(), &[costly(1)], &[costly(2); 2]].concat();
        assert_eq!(drain(&mut queue(ranks)), [0, 5, 6, 1, 7, 2, 3, 4]);
    }

    #[test]
    fn who_comes_later_waits_one_turn_of_each_other() {
        let mut queue = queue([costly(0); 100]);
        assert_eq!(queue.pop(), Some((0, ())));
        queue.push(100, (), costly(1));
        assert_eq!(queue.pop(), Some((1, ())));
        assert_eq!(queue.pop(), Some((100, ())));
        queue.push(100, (), costly(1));
        assert_eq!([queue.pop(), queue.pop()], [Some((2, ())), Some((100, ()))]);
    }

    #[test]
    fn what_may_cost_double_takes_two_turns_while_others_wait() {
        let ranks = [[double(0); 3].as_slice(), &[costly(1); 4]].concat();
        assert_eq!(drain(&mut queue(ranks)), [0, 3, 4, 1, 5, 6, 2]);
        assert_eq!(drain(&mut queue([double(0); 3])), [0, 1, 2]);
        let ranks = [[double(0); 2], [double(1); 2]].concat();
        assert_eq!(drain(&mut queue(ranks)), [0, 2, 1, 3]);
    }

    #[test]
    fn a_turn_is_skipped_for_those_alone_who_wait_then() {
        let mut queue = queue([double(0)]);
        assert_eq!(drain(&mut queue), [0]);
        queue.push(0, (), costly(0));
        queue.push(1, (), costly(1));
        assert_eq!(drain(&mut queue), [0, 1]);
    }

    #[test]
    fn cheap_requests_go_first_and_leave_costly_ones_every_ninth_turn() {
        let ranks = [[costly(0); 3].as_slice(), &[cheap(0); 10], &[cheap(1); 10]].concat();
        let order = drain(&mut queue(ranks));
        let dear_ones: Vec<usize> = (0..order.len()).filter(|at| order[*at] < 3).collect();
        assert_eq!(dear_ones, [8, 17, 22]);
        // The cheap ones of both clients in turns.
        assert_eq!(order[..4], [3, 13, 4, 14]);
    }

    #[test]
    fn pipelined_requests_of_a_client_come_last_and_every_sixteenth_turn() {
        let ranks = [[pipelined(0); 3].as_slice(), &[costly(0); 40], &[costly(1)]].concat();
        let order = drain(&mut queue(ranks));
        assert_eq!(order[1], 43, "another client does not wait for them");
        let own: Vec<u32> = order.into_iter().filter(|token| *token != 43).collect();
        let late: Vec<usize> = (0..own.len()).filter(|at| own[*at] < 3).collect();
        assert_eq!(late, [15, 31, 42]);
    }

    #[test]
    fn cancelled_requests_take_no_turn() {
        let mut queue = queue([costly(0), cheap(0), costly(1), costly(2), pipelined(2)]);
        let cancelled = [1, 2, 2, 3, 9].map(|token| queue.cancel(token));
        assert_eq!(cancelled, [true, true, false, true, false]);
        assert_eq!(queue.len(), 2);
        assert_eq!(drain(&mut queue), [0, 4]);
        queue.push(2, (), costly(1));
        assert_eq!(drain(&mut queue), [2], "its place can be used again");
    }
}
