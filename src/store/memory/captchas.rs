//! The table of captchas: by age, by id, and by line of clients.
//!
//! Entries are in a slab, and each is in two linked lists: all captchas by age, and those of one line
//! of clients by age. A hash table maps ids to entries. All memory is allocated at the start, so nothing
//! is ever moved and each operation takes constant time.
//!
//! Knows one rule only: which captcha is removed when the table is full.

use std::collections::{HashMap, TryReserveError};
use std::time::Duration;

use crate::fair::{Chains, LINES, Line, List, Ranking};
use crate::store::id::{Id, Key};
use crate::store::solution::Solution;

/// Places in the hash table for each captcha of a full store. With half of them free the table is
/// never moved, and hardly ever tidied, which would hold the lock for milliseconds. A place that was
/// never used costs one byte of memory; the rest of it is address space.
const ROOM: usize = 2;

/// One captcha. Here and in all tables it takes about a hundred bytes.
pub(super) struct Captcha {
    pub(super) id: Id,
    pub(super) solution: Solution,
    pub(super) attempts_left: u16,
    pub(super) expires: Moment,
    pub(super) line: Line,
}

/// A time since the start of the store, to the nanosecond, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    secs: u32,
    nanos: u32,
}

impl From<Duration> for Moment {
    /// Exact for the first 136 years.
    fn from(time: Duration) -> Self {
        Moment {
            secs: u32::try_from(time.as_secs()).unwrap_or(u32::MAX),
            nanos: time.subsec_nanos(),
        }
    }
}

impl From<Moment> for Duration {
    fn from(moment: Moment) -> Self {
        Duration::new(moment.secs.into(), moment.nanos)
    }
}

/// All captchas. A place that is not in `queue` is in `free`.
pub(super) struct Captchas {
    capacity: usize,
    slab: Vec<Captcha>,
    by_key: HashMap<Key, u32>,
    /// Of `queue` and of `free`.
    ages: Chains,
    /// Oldest first.
    queue: List,
    free: List,
    /// Of `lines`.
    siblings: Chains,
    /// The captchas of each line, oldest first.
    lines: Box<[List]>,
    ranking: Ranking,
}

impl Captchas {
    /// None, and room for `capacity`.
    ///
    /// # Errors
    ///
    /// If there is no memory for that many.
    pub(super) fn new(capacity: usize) -> Result<Self, TryReserveError> {
        // A new captcha is inserted before the one to remove is chosen.
        let places = capacity.saturating_add(1);
        let (mut slab, mut by_key) = (Vec::new(), HashMap::new());
        slab.try_reserve_exact(places)?;
        by_key.try_reserve(places.saturating_mul(ROOM))?;
        Ok(Captchas {
            capacity,
            slab,
            by_key,
            ages: Chains::with_capacity(places)?,
            queue: List::default(),
            free: List::default(),
            siblings: Chains::with_capacity(places)?,
            lines: vec![List::default(); LINES].into(),
            ranking: Ranking::with_capacity(places)?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The place of a captcha; none if there is no such captcha.
    pub(super) fn find(&self, id: Id) -> Option<u32> {
        let place = *self.by_key.get(&id.key())?;
        // Half an id is no id.
        (self.slab[place as usize].id == id).then_some(place)
    }

    pub(super) fn get(&self, place: u32) -> &Captcha {
        &self.slab[place as usize]
    }

    pub(super) fn get_mut(&mut self, place: u32) -> &mut Captcha {
        &mut self.slab[place as usize]
    }

    /// Whether an entry has the same key as this id. That happens once in 2^64 tries for each entry.
    pub(super) fn has_key_of(&self, id: Id) -> bool {
        self.by_key.contains_key(&id.key())
    }

    /// The oldest captcha.
    pub(super) fn oldest(&self) -> Option<u32> {
        self.queue.first()
    }

    /// All captchas, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Captcha> + Clone {
        self.ages.places(self.queue).map(|place| self.get(place))
    }

    /// Inserts a captcha whose key is new. If the table is full, the oldest captcha of the line that
    /// has the most is removed, and its line returned.
    pub(super) fn insert(&mut self, captcha: Captcha) -> Option<Line> {
        let (key, line) = (captcha.id.key(), captcha.line);
        let place = self.ages.pop_front(&mut self.free);
        let place = if let Some(place) = place {
            self.slab[place as usize] = captcha;
            place
        } else {
            self.slab.push(captcha);
            place_of(self.slab.len() - 1)
        };
        self.by_key.insert(key, place);
        self.ages.push_back(&mut self.queue, place);
        self.siblings
            .push_back(&mut self.lines[line.index()], place);
        self.ranking.raise(line);
        if self.len() <= self.capacity {
            return None;
        }
        let loser = self.lines[self.ranking.largest()?].first()?;
        let line = self.get(loser).line;
        self.remove(loser);
        Some(line)
    }

    /// Removes the captcha at a place.
    pub(super) fn remove(&mut self, place: u32) {
        let &Captcha { id, line, .. } = self.get(place);
        self.by_key.remove(&id.key());
        self.ages.remove(&mut self.queue, place);
        self.ages.push_back(&mut self.free, place);
        self.siblings.remove(&mut self.lines[line.index()], place);
        self.ranking.lower(line);
    }
}

/// A place as a number of 32 bits: there are at most ten million.
#[allow(clippy::cast_possible_truncation)]
fn place_of(index: usize) -> u32 {
    index as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    /// What the tables hold for each captcha: the entry, its links, and its share of a hash table
    /// that has at most 2.63 places for each captcha with a byte of its own (a power of two, of
    /// which seven eighths are offered).
    #[test]
    fn a_captcha_takes_a_hundred_bytes() {
        let entry = size_of::<Captcha>();
        let links = 2 * 8;
        let share_of_ranking = size_of::<List>();
        let in_table = size_of::<(Key, u32)>() + 1;
        assert!(
            entry + links + share_of_ranking + in_table * 263 / 100 <= 100,
            "{entry}, {in_table}"
        );
    }
}
