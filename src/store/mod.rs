//! The captchas alive right now.
//!
//! A captcha is born when its picture is handed out, and it ends in one of four ways: the right
//! answer, the last allowed wrong one, its lifetime, or a newer captcha that needs its room. From
//! then on it is as unknown as one that never was. One lock covers look-up, comparison, counting
//! and removal, so however many answers arrive at once, one right answer wins and no more wrong
//! ones are counted than are allowed.
//!
//! Every captcha lives equally long, so the order of creation is the order of expiry, and both the
//! reaper and the limit on their number take from the front of one queue.
//!
//! Knows no clock (each function is told the time), no request and no picture.

mod id;
mod reaper;

use std::collections::{BTreeMap, HashMap, TryReserveError};
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use id::Id;
pub use reaper::Reaper;

/// The rules of a captcha's life.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a captcha lives. At an age of exactly this it is expired.
    pub ttl: Duration,
    /// The wrong answers that end a captcha; at least one.
    pub attempts: u32,
    /// The most captchas alive at a time; at least one.
    pub capacity: usize,
}

/// Places in the hash table for each captcha of a full store. With half of them free the table
/// never has to be moved or tidied, which would hold the lock for milliseconds and double the
/// memory meanwhile. Places that were never used cost address space alone.
const ROOM: usize = 2;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right text: the captcha is used up.
    Right,
    /// A wrong text: one attempt is used up.
    Wrong,
    /// No captcha of this id is alive.
    Unknown,
}

/// How many captchas there were, and what became of those that nobody solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Captchas that were ever inserted.
    pub generated: u64,
    /// Captchas whose lifetime ended.
    pub expired: u64,
    /// Captchas that made room for newer ones.
    pub evicted: u64,
    /// Captchas alive, or expired and not yet removed.
    pub alive: u64,
}

/// All captchas that wait for an answer.
pub struct Store {
    settings: Settings,
    captchas: Mutex<Captchas>,
}

struct Captcha {
    solution: Box<str>,
    attempts_left: u32,
    expires: Instant,
    /// Its place in the queue.
    serial: u64,
}

/// Two views of the same captchas: each is in both.
struct Captchas {
    by_id: HashMap<Id, Captcha>,
    /// Oldest first.
    queue: BTreeMap<u64, Id>,
    next_serial: u64,
    expired: u64,
    evicted: u64,
}

impl Store {
    /// An empty store, with room for as many captchas as it may hold.
    ///
    /// # Errors
    ///
    /// If there is no memory for that many.
    pub fn new(settings: Settings) -> Result<Self, TryReserveError> {
        let mut by_id = HashMap::new();
        by_id.try_reserve(settings.capacity.saturating_mul(ROOM))?;
        Ok(Store {
            settings,
            captchas: Mutex::new(Captchas {
                by_id,
                queue: BTreeMap::new(),
                next_serial: 0,
                expired: 0,
                evicted: 0,
            }),
        })
    }

    /// How long a captcha lives.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.settings.ttl
    }

    /// Begins a captcha's life and returns the id that it is known by. When the store is full, the
    /// oldest captcha makes room.
    pub fn insert(&self, solution: &str, now: Instant) -> Id {
        let id = Id::random();
        let captcha = |serial| Captcha {
            solution: solution.into(),
            attempts_left: self.settings.attempts,
            expires: now + self.settings.ttl,
            serial,
        };
        let mut captchas = self.lock();
        if self.settings.capacity <= captchas.by_id.len() {
            captchas.remove_oldest();
            captchas.evicted += 1;
        }
        captchas.insert(id, captcha);
        id
    }

    /// Judges one answer. ASCII letters are equal in either case; all else must be the same.
    pub fn judge(&self, id: Id, answer: &str, now: Instant) -> Verdict {
        let mut captchas = self.lock();
        let Some(captcha) = captchas.by_id.get_mut(&id) else {
            return Verdict::Unknown;
        };
        if captcha.expires <= now {
            captchas.remove(id);
            captchas.expired += 1;
            return Verdict::Unknown;
        }
        if is_solution(&captcha.solution, answer) {
            captchas.remove(id);
            return Verdict::Right;
        }
        captcha.attempts_left = captcha.attempts_left.saturating_sub(1);
        if captcha.attempts_left == 0 {
            captchas.remove(id);
        }
        Verdict::Wrong
    }

    /// Removes at most `batch` expired captchas, oldest first, and returns how many there were. The
    /// batch bounds how long the lock is held, and so how long a request can wait for it.
    pub fn reap(&self, batch: usize, now: Instant) -> usize {
        let mut captchas = self.lock();
        (0..batch)
            .take_while(|_| {
                let expired = captchas.oldest().is_some_and(|expires| expires <= now);
                if expired {
                    captchas.remove_oldest();
                    captchas.expired += 1;
                }
                expired
            })
            .count()
    }

    /// When the next captcha expires; none if there is no captcha.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.lock().oldest()
    }

    /// How many captchas are alive, or expired and not yet removed.
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Whether there is no captcha.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The figures as they are now.
    pub fn counts(&self) -> Counts {
        let captchas = self.lock();
        Counts {
            // Serial numbers begin with 0 and are given in turn.
            generated: captchas.next_serial,
            expired: captchas.expired,
            evicted: captchas.evicted,
            alive: captchas.by_id.len() as u64,
        }
    }

    /// The rules that this store keeps.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A thread that panicked with the lock cannot have left the two views apart (nothing between
    /// their changes panics), so its mark on the lock is no reason to stop serving.
    fn lock(&self) -> MutexGuard<'_, Captchas> {
        self.captchas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Captchas {
    fn insert(&mut self, id: Id, captcha: impl FnOnce(u64) -> Captcha) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.queue.insert(serial, id);
        self.by_id.insert(id, captcha(serial));
    }

    fn remove(&mut self, id: Id) {
        if let Some(captcha) = self.by_id.remove(&id) {
            self.queue.remove(&captcha.serial);
        }
    }

    fn remove_oldest(&mut self) {
        if let Some((_, id)) = self.queue.pop_first() {
            self.by_id.remove(&id);
        }
    }

    fn oldest(&self) -> Option<Instant> {
        let (_, id) = self.queue.first_key_value()?;
        self.by_id.get(id).map(|captcha| captcha.expires)
    }
}

/// Compares to the end whatever comes before, so that the time taken tells nothing of where a
/// guess went wrong. (That the lengths differ, it may tell: the picture does.)
fn is_solution(solution: &str, answer: &str) -> bool {
    if solution.len() != answer.len() || solution.is_empty() {
        return false;
    }
    let differences = solution
        .bytes()
        .zip(answer.bytes())
        .fold(0, |differences, (a, b)| {
            black_box(differences | (a.to_ascii_lowercase() ^ b.to_ascii_lowercase()))
        });
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    const TTL: Duration = Duration::from_mins(10);
    const MOMENT: Duration = Duration::from_nanos(1);
    const LAST_MOMENT: Duration = TTL.saturating_sub(MOMENT);

    fn store(capacity: usize) -> Store {
        Store::new(Settings {
            ttl: TTL,
            attempts: 3,
            capacity,
        })
        .unwrap()
    }

    /// Judges the answers in turn and compares the verdicts: R(ight), W(rong), U(nknown).
    fn check(answers: &[&str], verdicts: &str) {
        let (store, now) = (store(10), Instant::now());
        let id = store.insert("aBc4", now);
        let found: String = answers
            .iter()
            .map(|answer| match store.judge(id, answer, now) {
                Verdict::Right => 'R',
                Verdict::Wrong => 'W',
                Verdict::Unknown => 'U',
            })
            .collect();
        assert_eq!(found, verdicts, "{answers:?}");
        assert_consistent(&store);
    }

    fn assert_consistent(store: &Store) {
        let captchas = store.lock();
        assert_eq!(captchas.by_id.len(), captchas.queue.len());
        for (serial, id) in &captchas.queue {
            assert_eq!(captchas.by_id[id].serial, *serial);
        }
    }

    #[test]
    fn a_captcha_ends_with_one_right_or_three_wrong_answers() {
        check(&["aBc4", "aBc4"], "RU");
        check(&["x", "x", "x", "aBc4"], "WWWU");
        check(&["x", "x", "aBc4"], "WWR");
        check(&["x", "aBc4", "x"], "WRU");
    }

    #[test]
    fn only_the_case_of_ascii_letters_is_forgiven() {
        check(&["ABC4", "U"], "RU");
        check(&["abc4"], "R");
        for wrong in [
            "",
            "aBc",
            "aBc44",
            " aBc4",
            "aBc4 ",
            "aBc4\n",
            "aBc\0",
            "ａBc4",
            "aBc4\u{200b}",
        ] {
            check(&[wrong, "aBc4"], "WR");
        }
        let (store, now) = (store(10), Instant::now());
        let id = store.insert("k", now);
        assert_eq!(
            store.judge(id, "\u{212a}", now),
            Verdict::Wrong,
            "the Kelvin sign"
        );
    }

    #[test]
    fn nothing_passes_an_unknown_id_or_an_empty_solution() {
        let (store, now) = (store(10), Instant::now());
        assert_eq!(store.judge(Id::random(), "", now), Verdict::Unknown);
        let id = store.insert("", now);
        assert_eq!(store.judge(id, "", now), Verdict::Wrong);
    }

    #[test]
    fn a_captcha_expires_at_the_very_instant() {
        let (store, now) = (store(10), Instant::now());
        let (early, late) = (store.insert("a", now), store.insert("a", now));
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
        let (store, now) = (store(10), Instant::now());
        let id = store.insert("a", now);
        assert_eq!(store.judge(id, "x", now + LAST_MOMENT), Verdict::Wrong);
        assert_eq!(store.judge(id, "a", now + TTL), Verdict::Unknown);
    }

    #[test]
    fn the_oldest_makes_room() {
        let (store, now) = (store(3), Instant::now());
        let ids: Vec<Id> = (0..5).map(|_| store.insert("a", now)).collect();
        assert_eq!(store.len(), 3);
        let verdicts: Vec<Verdict> = ids.iter().map(|id| store.judge(*id, "x", now)).collect();
        let (gone, there) = (Verdict::Unknown, Verdict::Wrong);
        assert_eq!(verdicts, [gone, gone, there, there, there]);
        let counts = Counts {
            generated: 5,
            evicted: 2,
            alive: 3,
            expired: 0,
        };
        assert_eq!(store.counts(), counts);
        assert_consistent(&store);
    }

    #[test]
    fn room_left_by_solved_captchas_is_used_before_any_is_evicted() {
        let (store, now) = (store(2), Instant::now());
        let first = store.insert("a", now);
        for _ in 0..10 {
            let next = store.insert("b", now);
            assert_eq!(store.judge(next, "b", now), Verdict::Right);
        }
        assert_eq!(store.judge(first, "a", now), Verdict::Right);
        assert_consistent(&store);
    }

    #[test]
    fn reaps_the_expired_from_the_front_in_batches() {
        let (store, now) = (store(100), Instant::now());
        assert_eq!((store.reap(8, now), store.next_expiry()), (0, None));
        for age in 0..20 {
            store.insert("a", now + age * MOMENT);
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
        assert_consistent(&store);
    }

    #[test]
    fn of_simultaneous_answers_one_right_or_three_wrong_count() {
        const ANSWERS: usize = 50;
        let (store, now) = (store(10), Instant::now());
        for round in 0..200 {
            for (answer, verdict, count) in [("a", Verdict::Right, 1), ("x", Verdict::Wrong, 3)] {
                let id = store.insert("a", now);
                let start = Barrier::new(ANSWERS);
                let found = thread::scope(|scope| {
                    let judge = || {
                        start.wait();
                        store.judge(id, answer, now) == verdict
                    };
                    let threads: Vec<_> = (0..ANSWERS).map(|_| scope.spawn(judge)).collect();
                    threads
                        .into_iter()
                        .filter_map(|thread| thread.join().ok())
                        .filter(|hit| *hit)
                        .count()
                });
                assert_eq!(found, count, "round {round}, {verdict:?}");
            }
        }
        assert!(store.is_empty());
    }

    /// The store against a plain list of captchas, over random operations.
    #[test]
    fn agrees_with_a_plain_model() {
        let mut rng = fastrand::Rng::with_seed(7);
        let (store, mut now) = (store(8), Instant::now());
        let mut model: Vec<(Id, u32, Instant)> = Vec::new();
        for _ in 0..20_000 {
            now += TTL.mul_f64(rng.f64() / 20.0);
            match rng.u8(..8) {
                0..3 => {
                    if model.len() == 8 {
                        model.remove(0);
                    }
                    model.push((store.insert("a", now), 3, now + TTL));
                }
                3..7 if !model.is_empty() => {
                    let at = rng.usize(..model.len());
                    let (id, left, expires) = model[at];
                    let right = rng.bool();
                    let verdict = store.judge(id, if right { "A" } else { "x" }, now);
                    if expires <= now {
                        assert_eq!(verdict, Verdict::Unknown);
                        model.remove(at);
                    } else if right {
                        assert_eq!(verdict, Verdict::Right);
                        model.remove(at);
                    } else {
                        assert_eq!(verdict, Verdict::Wrong);
                        model[at].1 -= 1;
                        if left == 1 {
                            model.remove(at);
                        }
                    }
                }
                _ => {
                    let before = model.len();
                    model.retain(|(_, _, expires)| now < *expires);
                    assert_eq!(store.reap(usize::MAX, now), before - model.len());
                }
            }
            assert_eq!(store.len(), model.len());
        }
        assert_consistent(&store);
    }
}
