//! The captchas of one process, in its memory.
//!
//! One lock covers look-up, comparison, counting and removal. So however many answers arrive at the
//! same time, one right answer wins, and no more wrong ones are counted than are allowed.
//!
//! When the store is full, the client with the most captchas loses its oldest one, so that a client
//! that asks for many cannot displace those of others.
//!
//! No captcha lives longer than a new one, so the order in which they came is the order of expiry.
//!
//! Knows no clock: the time is a parameter.

mod captchas;
mod reaper;
mod state;

use std::collections::TryReserveError;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use reaper::Reaper;
pub use state::{Restored, Unreadable};

use super::{Id, Solution, Verdict};
use crate::fair::Line;
use captchas::{Captcha, Captchas, Moment};

/// The settings of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How long a captcha lives. It expires at exactly this age.
    pub ttl: Duration,
    /// The wrong answers that end a captcha; at least one.
    pub attempts: u16,
    /// Most captchas at a time; at least one.
    pub capacity: usize,
}

/// Counters of captchas that ended without an answer, and the number of those that are alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Captchas that expired.
    pub expired: u64,
    /// Captchas removed in favour of a newer one of the same line of clients: a client asks for more
    /// than its share.
    pub evicted_own: u64,
    /// Captchas removed in favour of a newer one of another line.
    pub evicted_other: u64,
    /// Captchas alive, or expired and not yet removed.
    pub alive: u64,
}

/// All captchas that can be answered.
pub struct Memory {
    settings: Settings,
    /// The moment from which times are counted.
    made: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    captchas: Captchas,
    /// All counters but `alive`.
    counts: Counts,
}

impl Memory {
    /// An empty store, with room for as many captchas as it may hold.
    ///
    /// # Errors
    ///
    /// If there is no memory for that many.
    pub fn new(settings: Settings, now: Instant) -> Result<Self, TryReserveError> {
        Ok(Memory {
            settings,
            made: now,
            inner: Mutex::new(Inner {
                captchas: Captchas::new(settings.capacity)?,
                counts: Counts::default(),
            }),
        })
    }

    /// Adds a captcha for a client of this line, and returns its id.
    /// When the store is full, the line with the most captchas loses its oldest.
    pub fn insert(&self, solution: Solution, line: Line, now: Instant) -> Id {
        let mut id = Id::random();
        let mut inner = self.lock();
        while inner.captchas.has_key_of(id) {
            id = Id::random();
        }
        let loser = inner.captchas.insert(Captcha {
            id,
            solution,
            attempts_left: self.settings.attempts,
            expires: self.moment(now + self.settings.ttl),
            line,
        });
        match loser {
            Some(loser) if loser == line => inner.counts.evicted_own += 1,
            Some(_) => inner.counts.evicted_other += 1,
            None => {}
        }
        id
    }

    /// Checks one answer.
    pub fn judge(&self, id: Id, answer: &str, now: Instant) -> Verdict {
        let now = self.moment(now);
        let mut inner = self.lock();
        let Some(place) = inner.captchas.find(id) else {
            return Verdict::Unknown;
        };
        let captcha = inner.captchas.get_mut(place);
        if captcha.expires <= now {
            inner.captchas.remove(place);
            inner.counts.expired += 1;
            return Verdict::Unknown;
        }
        if captcha.solution.matches(answer) {
            inner.captchas.remove(place);
            return Verdict::Right;
        }
        captcha.attempts_left = captcha.attempts_left.saturating_sub(1);
        let attempts_left = captcha.attempts_left;
        if attempts_left == 0 {
            inner.captchas.remove(place);
        }
        Verdict::Wrong { attempts_left }
    }

    /// Removes at most `batch` expired captchas, oldest first, and returns how many there were. The
    /// batch bounds how long the lock is held, and so how long a request can wait for it.
    pub fn reap(&self, batch: usize, now: Instant) -> usize {
        let now = self.moment(now);
        let mut inner = self.lock();
        for reaped in 0..batch {
            match inner.captchas.oldest() {
                Some(place) if inner.captchas.get(place).expires <= now => {
                    inner.captchas.remove(place);
                    inner.counts.expired += 1;
                }
                _ => return reaped,
            }
        }
        batch
    }

    /// When the next captcha expires; none if there is no captcha.
    pub fn next_expiry(&self) -> Option<Instant> {
        let inner = self.lock();
        let expires = inner.captchas.get(inner.captchas.oldest()?).expires;
        Some(self.made + Duration::from(expires))
    }

    /// How many captchas are alive, or expired and not yet removed.
    pub fn len(&self) -> usize {
        self.lock().captchas.len()
    }

    /// Whether there is no captcha.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The current counters.
    pub fn counts(&self) -> Counts {
        let inner = self.lock();
        Counts {
            alive: inner.captchas.len() as u64,
            ..inner.counts
        }
    }

    /// The settings of this store.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes all captchas out. The store keeps none from then on.
    fn take(&self) -> Result<Captchas, TryReserveError> {
        let none = Captchas::new(0)?;
        Ok(mem::replace(&mut self.lock().captchas, none))
    }

    fn moment(&self, time: Instant) -> Moment {
        time.saturating_duration_since(self.made).into()
    }

    /// Nothing panics between changes that belong together, so a thread that panicked with the lock has
    /// left no captcha half removed, and a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::line;
    use std::sync::Barrier;
    use std::thread;

    const TTL: Duration = Duration::from_mins(10);
    const MOMENT: Duration = Duration::from_nanos(1);
    const LAST_MOMENT: Duration = TTL.saturating_sub(MOMENT);

    fn store(capacity: usize) -> (Memory, Instant) {
        let now = Instant::now();
        let settings = Settings {
            ttl: TTL,
            attempts: 3,
            capacity,
        };
        (Memory::new(settings, now).unwrap(), now)
    }

    /// Puts in a captcha of this client, which "a" solves.
    fn insert(store: &Memory, client: u16, now: Instant) -> Id {
        store.insert(Solution::new("a").unwrap(), line(client), now)
    }

    fn wrong(attempts_left: u16) -> Verdict {
        Verdict::Wrong { attempts_left }
    }

    /// Checks the answers in turn and compares the verdicts: R(ight), W(rong), U(nknown).
    fn check(answers: &[&str], verdicts: &str) {
        let (store, now) = store(10);
        let id = insert(&store, 0, now);
        let found: String = answers
            .iter()
            .map(|answer| match store.judge(id, answer, now) {
                Verdict::Right => 'R',
                Verdict::Wrong { .. } => 'W',
                Verdict::Unknown => 'U',
            })
            .collect();
        assert_eq!(found, verdicts, "{answers:?}");
    }

    #[test]
    fn a_captcha_ends_with_one_right_or_three_wrong_answers() {
        check(&["a", "a"], "RU");
        check(&["x", "x", "x", "a"], "WWWU");
        check(&["x", "x", "A"], "WWR");
        check(&["x", "a", "x"], "WRU");
        check(&["", "a"], "WR");
    }

    #[test]
    fn a_wrong_answer_says_how_many_are_left() {
        let (store, now) = store(10);
        let id = insert(&store, 0, now);
        let verdicts = ["x", "x", "x"].map(|answer| store.judge(id, answer, now));
        assert_eq!(verdicts, [wrong(2), wrong(1), wrong(0)]);
    }

    #[test]
    fn nothing_passes_an_unknown_id() {
        let (store, now) = store(10);
        let id = insert(&store, 0, now);
        assert_eq!(store.judge(Id::random(), "a", now), Verdict::Unknown);
        let mut neighbour = id.to_string();
        let last = neighbour.pop().unwrap();
        neighbour.push(if last == '0' { '1' } else { '0' });
        let neighbour = Id::parse(&neighbour).unwrap();
        assert_eq!(store.judge(neighbour, "a", now), Verdict::Unknown);
        assert_eq!(store.judge(id, "a", now), Verdict::Right);
    }

    /// Ids that agree in what they are looked up by are still different ids.
    #[test]
    fn half_an_id_is_no_id() {
        let (store, now) = store(10);
        let id = insert(&store, 0, now).to_string();
        // The last digits of either half, so that neither version nor variant is touched.
        let flip = |digit: char| char::from_digit(digit.to_digit(16).unwrap() ^ 1, 16).unwrap();
        let twin: String = id
            .char_indices()
            .map(|(place, digit)| {
                if place == 17 || place == 35 {
                    flip(digit)
                } else {
                    digit
                }
            })
            .collect();
        let (twin, id) = (Id::parse(&twin).unwrap(), Id::parse(&id).unwrap());
        assert_eq!(twin.key(), id.key());
        assert_eq!(store.judge(twin, "a", now), Verdict::Unknown);
    }

    #[test]
    fn a_captcha_expires_at_the_very_instant() {
        let (store, now) = store(10);
        let (early, late) = (insert(&store, 0, now), insert(&store, 0, now));
        assert_eq!(store.judge(early, "a", now + LAST_MOMENT), Verdict::Right);
        assert_eq!(store.judge(late, "a", now + TTL), Verdict::Unknown);
        assert!(
            store.is_empty(),
            "an expired captcha that is asked for goes at once"
        );
        assert_eq!(store.counts().expired, 1);
    }

    #[test]
    fn wrong_answers_do_not_lengthen_a_life() {
        let (store, now) = store(10);
        let id = insert(&store, 0, now);
        assert_eq!(store.judge(id, "x", now + LAST_MOMENT), wrong(2));
        assert_eq!(store.judge(id, "a", now + TTL), Verdict::Unknown);
    }

    #[test]
    fn the_oldest_of_one_client_makes_room() {
        let (store, now) = store(3);
        let ids: Vec<Id> = (0..5).map(|_| insert(&store, 0, now)).collect();
        assert_eq!(store.len(), 3);
        let verdicts: Vec<Verdict> = ids.iter().map(|id| store.judge(*id, "x", now)).collect();
        let (gone, there) = (Verdict::Unknown, wrong(2));
        assert_eq!(verdicts, [gone, gone, there, there, there]);
        let counts = Counts {
            evicted_own: 2,
            alive: 3,
            ..Counts::default()
        };
        assert_eq!(store.counts(), counts);
    }

    #[test]
    fn who_has_the_most_makes_room_for_who_has_less() {
        let (store, now) = store(4);
        let greedy = [(); 4].map(|()| insert(&store, 0, now));
        let modest = [insert(&store, 1, now), insert(&store, 1, now)];
        assert_eq!(store.counts().evicted_other, 2);
        for _ in 0..100 {
            insert(&store, 0, now);
        }
        assert_eq!(store.counts().evicted_own, 100);
        assert_eq!(
            greedy.map(|id| store.judge(id, "x", now)),
            [Verdict::Unknown; 4]
        );
        assert_eq!(
            modest.map(|id| store.judge(id, "a", now)),
            [Verdict::Right; 2]
        );
    }

    #[test]
    fn of_clients_with_one_captcha_each_the_oldest_makes_room() {
        let (store, now) = store(3);
        let ids: Vec<Id> = (0..5).map(|client| insert(&store, client, now)).collect();
        let verdicts: Vec<Verdict> = ids.iter().map(|id| store.judge(*id, "a", now)).collect();
        let (gone, there) = (Verdict::Unknown, Verdict::Right);
        assert_eq!(verdicts, [gone, gone, there, there, there]);
    }

    #[test]
    fn room_left_by_solved_captchas_is_used_before_any_is_evicted() {
        let (store, now) = store(2);
        let first = insert(&store, 0, now);
        for _ in 0..10 {
            let next = insert(&store, 0, now);
            assert_eq!(store.judge(next, "a", now), Verdict::Right);
        }
        assert_eq!(store.judge(first, "a", now), Verdict::Right);
        assert!(store.is_empty());
    }

    #[test]
    fn reaps_the_expired_from_the_front_in_batches() {
        let (store, now) = store(100);
        assert_eq!((store.reap(8, now), store.next_expiry()), (0, None));
        for age in 0..20 {
            insert(&store, 0, now + age * MOMENT);
        }
        assert_eq!(store.next_expiry(), Some(now + TTL));
        assert_eq!(store.reap(8, now + LAST_MOMENT), 0);
        let then = now + TTL + 9 * MOMENT;
        assert_eq!(store.reap(8, then), 8);
        assert_eq!(store.reap(8, then), 2);
        assert_eq!(store.reap(8, then), 0);
        assert_eq!(store.len(), 10);
        assert_eq!(store.counts().expired, 10);
        assert_eq!(store.next_expiry(), Some(then + MOMENT));
    }

    #[test]
    fn of_simultaneous_answers_one_right_or_three_wrong_count() {
        const ANSWERS: usize = 50;
        let (store, now) = store(10);
        for round in 0..200 {
            for (answer, count) in [("a", 1), ("x", 3)] {
                let id = insert(&store, 0, now);
                let start = Barrier::new(ANSWERS);
                let found = thread::scope(|scope| {
                    let judge = || {
                        start.wait();
                        store.judge(id, answer, now) != Verdict::Unknown
                    };
                    let threads: Vec<_> = (0..ANSWERS).map(|_| scope.spawn(judge)).collect();
                    threads
                        .into_iter()
                        .filter_map(|thread| thread.join().ok())
                        .filter(|hit| *hit)
                        .count()
                });
                assert_eq!(found, count, "round {round}, {answer:?}");
            }
        }
        assert!(store.is_empty());
    }

    /// The store against a plain list of captchas, over random operations.
    #[test]
    fn agrees_with_a_plain_model() {
        struct Known {
            id: Id,
            client: u16,
            left: u16,
            expires: Instant,
        }
        const CAPACITY: usize = 8;
        const CLIENTS: u16 = 3;
        let mut rng = fastrand::Rng::with_seed(7);
        let (store, mut now) = store(CAPACITY);
        // Oldest first.
        let mut model: Vec<Known> = Vec::new();
        for _ in 0..20_000 {
            now += TTL.mul_f64(rng.f64() / 20.0);
            match rng.u8(..8) {
                0..3 => {
                    let client = rng.u16(..CLIENTS);
                    model.push(Known {
                        id: insert(&store, client, now),
                        client,
                        left: 3,
                        expires: now + TTL,
                    });
                    if CAPACITY < model.len() {
                        let held =
                            |client| model.iter().filter(|known| known.client == client).count();
                        let most = (0..CLIENTS).map(held).max().unwrap();
                        // Of several with the most it may be any; which one is tested elsewhere.
                        let losers = (0..CLIENTS).filter(|client| held(*client) == most);
                        let oldest = losers.filter_map(|loser| {
                            model.iter().position(|known| known.client == loser)
                        });
                        let gone: Vec<usize> = oldest
                            .filter(|at| store.lock().captchas.find(model[*at].id).is_none())
                            .collect();
                        assert_eq!(gone.len(), 1);
                        model.remove(gone[0]);
                    }
                }
                3..7 if !model.is_empty() => {
                    let at = rng.usize(..model.len());
                    let known = &mut model[at];
                    let right = rng.bool();
                    let verdict = store.judge(known.id, if right { "A" } else { "x" }, now);
                    let expected = if known.expires <= now {
                        Verdict::Unknown
                    } else if right {
                        Verdict::Right
                    } else {
                        known.left -= 1;
                        wrong(known.left)
                    };
                    assert_eq!(verdict, expected);
                    if known.left == 0 || !matches!(expected, Verdict::Wrong { .. }) {
                        model.remove(at);
                    }
                }
                _ => {
                    let before = model.len();
                    model.retain(|known| now < known.expires);
                    assert_eq!(store.reap(usize::MAX, now), before - model.len());
                }
            }
            assert_eq!(store.len(), model.len());
            assert!(
                model
                    .iter()
                    .all(|known| store.lock().captchas.find(known.id).is_some())
            );
        }
    }
}
