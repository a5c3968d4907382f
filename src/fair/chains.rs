//! Doubly linked lists of the places of a slab. Knows the numbers of places, not their contents.

/// No place.
const NONE: u32 = u32::MAX;

/// The links of a slab's places. A place is in at most one list. Each operation takes constant time, and
/// the memory depends only on the largest place.
#[derive(Debug, Default)]
pub struct Chains {
    links: Vec<Links>,
}

/// The neighbours of a place. Lists are circles: the first place comes after the last.
#[derive(Clone, Copy, Debug)]
struct Links {
    before: u32,
    after: u32,
}

/// A list of places, represented by its first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    first: u32,
}

impl Default for List {
    fn default() -> Self {
        List { first: NONE }
    }
}

impl List {
    /// The place at the front.
    #[must_use]
    pub fn first(self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    /// Whether no place is in the list.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first == NONE
    }
}

impl Chains {
    /// Links for places below `count`, which are never moved in memory.
    ///
    /// # Errors
    ///
    /// If there is no memory for that many.
    pub fn with_capacity(count: usize) -> Result<Self, std::collections::TryReserveError> {
        let mut links = Vec::new();
        links.try_reserve_exact(count)?;
        Ok(Chains { links })
    }

    /// Adds a place, which is in no list, at the back of `list`.
    pub fn push_back(&mut self, list: &mut List, place: u32) {
        let index = place as usize;
        if self.links.len() <= index {
            let unlinked = Links {
                before: NONE,
                after: NONE,
            };
            self.links.resize(index + 1, unlinked);
        }
        let Some(first) = list.first() else {
            list.first = place;
            self.links[index] = Links {
                before: place,
                after: place,
            };
            return;
        };
        let back = self.links[first as usize].before;
        self.links[index] = Links {
            before: back,
            after: first,
        };
        self.links[back as usize].after = place;
        self.links[first as usize].before = place;
    }

    /// Takes a place out of `list`, in which it is.
    pub fn remove(&mut self, list: &mut List, place: u32) {
        let Links { before, after } = self.links[place as usize];
        if after == place {
            list.first = NONE;
            return;
        }
        self.links[before as usize].after = after;
        self.links[after as usize].before = before;
        if list.first == place {
            list.first = after;
        }
    }

    /// The place at the back of `list`.
    #[must_use]
    pub fn last(&self, list: List) -> Option<u32> {
        list.first().map(|first| self.links[first as usize].before)
    }

    /// The places of `list`, from its front.
    pub fn places(&self, list: List) -> impl Iterator<Item = u32> + Clone {
        let after = move |place: &u32| {
            let after = self.links[*place as usize].after;
            (after != list.first).then_some(after)
        };
        std::iter::successors(list.first(), after)
    }

    /// Takes the first place out of `list`.
    pub fn pop_front(&mut self, list: &mut List) -> Option<u32> {
        let first = list.first()?;
        self.remove(list, first);
        Some(first)
    }

    /// Moves a place of `list` to its back.
    pub fn move_to_back(&mut self, list: &mut List, place: u32) {
        self.remove(list, place);
        self.push_back(list, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Lists compared with queues of the standard library, over random operations.
    #[test]
    fn agree_with_plain_queues() {
        const PLACES: u32 = 16;
        let mut rng = fastrand::Rng::with_seed(1);
        let mut chains = Chains::default();
        let mut lists = [List::default(); 3];
        let mut queues: [VecDeque<u32>; 3] = Default::default();
        for _ in 0..20_000 {
            let place = rng.u32(..PLACES);
            let holder = queues.iter().position(|queue| queue.contains(&place));
            match (holder, rng.bool()) {
                (None, _) => {
                    let list = rng.usize(..lists.len());
                    chains.push_back(&mut lists[list], place);
                    queues[list].push_back(place);
                }
                (Some(list), remove) => {
                    queues[list].retain(|known| *known != place);
                    if remove {
                        chains.remove(&mut lists[list], place);
                    } else {
                        chains.move_to_back(&mut lists[list], place);
                        queues[list].push_back(place);
                    }
                }
            }
            for (list, queue) in lists.iter().zip(&queues) {
                assert_eq!(list.first(), queue.front().copied());
                assert_eq!(chains.last(*list), queue.back().copied());
                assert_eq!(list.is_empty(), queue.is_empty());
                assert!(chains.places(*list).eq(queue.iter().copied()));
            }
        }
        for (list, queue) in lists.iter_mut().zip(&queues) {
            let drained: Vec<u32> = std::iter::from_fn(|| chains.pop_front(list)).collect();
            assert_eq!(drained, Vec::from(queue.clone()));
        }
    }
}
