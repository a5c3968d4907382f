//! The line that has the most, updated in constant time. Knows how many things each line has, not what
//! they are.

use std::collections::TryReserveError;

use super::{Chains, LINES, Line, List};

/// The lines by how much each has. Every operation takes constant time: the amount of a line changes by
/// one, and so the largest amount changes by at most one.
#[derive(Debug)]
pub struct Ranking {
    counts: Vec<u32>,
    /// For each amount from zero on, the lines that have it. Lines that have nothing are in no list.
    by_count: Vec<List>,
    chains: Chains,
    most: usize,
}

impl Default for Ranking {
    fn default() -> Self {
        Ranking {
            counts: vec![0; LINES],
            by_count: vec![List::default()],
            chains: Chains::default(),
            most: 0,
        }
    }
}

impl Ranking {
    /// A ranking in which no line has anything. A line may have up to `count_max`, without anything being
    /// moved in memory.
    ///
    /// # Errors
    ///
    /// If there is no memory for that.
    pub fn with_capacity(count_max: usize) -> Result<Self, TryReserveError> {
        let mut ranking = Ranking::default();
        ranking.by_count.try_reserve_exact(count_max)?;
        Ok(ranking)
    }

    /// Adds one to a line.
    pub fn raise(&mut self, line: Line) {
        let count = self.counts[line.index()] as usize;
        self.take_out(line, count);
        self.put_in(line, count + 1);
        self.most = self.most.max(count + 1);
    }

    /// Takes one from a line that has some.
    pub fn lower(&mut self, line: Line) {
        let count = self.counts[line.index()] as usize;
        let Some(less) = count.checked_sub(1) else {
            return;
        };
        self.take_out(line, count);
        self.put_in(line, less);
        if self.by_count[self.most].is_empty() {
            // It was the only line with the largest amount.
            self.most = less;
        }
    }

    /// Makes a line the last of those that have as much.
    pub fn renew(&mut self, line: Line) {
        let count = self.counts[line.index()] as usize;
        if 0 < count {
            let list = &mut self.by_count[count];
            self.chains.move_to_back(list, line.into());
        }
    }

    /// How many a line has.
    #[must_use]
    pub fn count(&self, line: Line) -> usize {
        self.counts[line.index()] as usize
    }

    /// The number of the line that has the most; of several, the one that reached the amount, or was
    /// renewed, longest ago.
    #[must_use]
    pub fn largest(&self) -> Option<usize> {
        self.by_count[self.most].first().map(|line| line as usize)
    }

    fn take_out(&mut self, line: Line, count: usize) {
        if 0 < count {
            self.chains.remove(&mut self.by_count[count], line.into());
        }
    }

    #[allow(clippy::cast_possible_truncation)] // Of things whose places are 32 bits wide.
    fn put_in(&mut self, line: Line, count: usize) {
        self.counts[line.index()] = count as u32;
        if count == 0 {
            return;
        }
        if self.by_count.len() <= count {
            self.by_count.push(List::default());
        }
        self.chains
            .push_back(&mut self.by_count[count], line.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::line;

    /// The ranking compared with a plain list of lines in the order of their last change.
    #[test]
    fn agrees_with_a_plain_model() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut ranking = Ranking::with_capacity(4).unwrap();
        let mut model: Vec<(u16, usize)> = (0..5).map(|number| (number, 0)).collect();
        for step in 0..20_000 {
            let number = rng.u16(..5);
            let at = model
                .iter()
                .position(|(known, _)| *known == number)
                .unwrap();
            let (_, count) = model.remove(at);
            // In phases, so that amounts rise and fall to zero again.
            let rises = rng.usize(..100) < 40 + step / 100 % 20;
            let count = match rng.u8(..8) {
                0 => {
                    ranking.renew(line(number));
                    count
                }
                _ if rises => {
                    ranking.raise(line(number));
                    count + 1
                }
                _ => {
                    ranking.lower(line(number));
                    count.saturating_sub(1)
                }
            };
            model.push((number, count));
            assert_eq!(ranking.count(line(number)), count);
            let most = model.iter().map(|(_, count)| *count).max().unwrap();
            let largest = model.iter().find(|(_, count)| *count == most && 0 < most);
            let expected = largest.map(|(number, _)| usize::from(*number));
            assert_eq!(ranking.largest(), expected);
        }
    }
}
