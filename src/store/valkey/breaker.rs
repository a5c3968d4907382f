//! A circuit breaker: decides whether a store that failed may be used again. After a failure there is a
//! pause, so that workers do not queue for a host that is down. Then one worker tries, and if that
//! succeeds, all use the store again.
//!
//! Knows neither clocks nor stores.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The pause after the first failure. It is so short that the failure of one connection is not noticed.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The longest pause. A store that has returned is used within a second, even if the first try after its
/// return still fails.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// After so many failures the pause has reached its bound.
const DOUBLINGS_MAX: u32 = 5;
const _: () = assert!(PAUSE_MAX.as_millis() <= PAUSE_MIN.as_millis() << DOUBLINGS_MAX);

/// Whether the store may be asked.
pub(super) struct Breaker {
    /// How long it may take until the outcome of a request is known.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the store may be asked again; none while it may be at any time.
    retry_at: Option<Instant>,
    /// Failures in a row, of requests one after the other.
    failures: u32,
    /// Changes whenever the rest does. The outcome of a request from before the change does not count.
    era: u64,
}

/// Permission for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permit {
    era: u64,
}

impl Breaker {
    /// A breaker that lets requests pass. The outcome of a request is known after `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Breaker {
            patience,
            state: Mutex::default(),
        }
    }

    /// Permission for a request; none if the store failed a moment ago, or if another worker is trying
    /// whether it works again.
    pub(super) fn admit(&self, now: Instant) -> Option<Permit> {
        let mut state = self.lock();
        if let Some(retry_at) = state.retry_at {
            if now < retry_at {
                return None;
            }
            // If this request never reports, another may try after a while.
            state.retry_at = Some(now + self.patience);
            state.era += 1;
        }
        Some(Permit { era: state.era })
    }

    /// Whether the store may not be asked now.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.lock().retry_at.is_some_and(|retry_at| now < retry_at)
    }

    /// The store has replied. Returns whether that shows that it works again.
    pub(super) fn close(&self, permit: Permit) -> bool {
        let mut state = self.lock();
        let is_news = state.era == permit.era && state.retry_at.is_some();
        if is_news {
            state.retry_at = None;
            state.failures = 0;
            state.era += 1;
        }
        is_news
    }

    /// The store has failed. A `chance` from 0 to 1 shortens the pause by up to a half, so that
    /// processes do not all try at the same moment.
    pub(super) fn open(&self, permit: Permit, now: Instant, chance: f64) {
        let mut state = self.lock();
        if state.era != permit.era {
            return;
        }
        let pause = PAUSE_MIN * (1 << state.failures.min(DOUBLINGS_MAX));
        let pause = pause.min(PAUSE_MAX).mul_f64(1.0 - chance / 2.0);
        state.retry_at = Some(now + pause);
        state.failures = state.failures.saturating_add(1);
        state.era += 1;
    }

    /// Nothing panics while the lock is held, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn all_may_ask_until_one_fails_and_then_one_after_a_pause() {
        let (breaker, now) = (Breaker::new(500 * MS), Instant::now());
        let [first, second] = [(); 2].map(|()| breaker.admit(now).unwrap());
        assert!(!breaker.close(first), "it has worked before");
        assert!(!breaker.is_open(now));
        breaker.open(second, now, 0.0);
        assert!(breaker.is_open(now + 9 * MS) && !breaker.is_open(now + 10 * MS));
        assert_eq!(breaker.admit(now + 9 * MS), None);
        let probe = breaker.admit(now + 10 * MS).unwrap();
        assert_eq!(breaker.admit(now + 10 * MS), None);
        assert!(breaker.close(probe));
        assert!(breaker.admit(now + 10 * MS).is_some());
        assert!(breaker.admit(now + 10 * MS).is_some());
    }

    #[test]
    fn pauses_grow_to_a_bound_and_start_again_after_success() {
        let (breaker, mut now) = (Breaker::new(500 * MS), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            breaker.open(breaker.admit(now).unwrap(), now, 0.0);
            let before = now;
            while breaker.admit(now).is_none() {
                now += MS;
            }
            // Nothing is heard of that one.
            pauses.push((now - before).as_millis());
            now += 500 * MS;
        }
        assert_eq!(pauses[..7], [10, 20, 40, 80, 160, 250, 250]);
        assert_eq!(pauses[39], 250);
        let probe = breaker.admit(now).unwrap();
        assert!(breaker.close(probe));
        breaker.open(breaker.admit(now).unwrap(), now, 0.0);
        assert!(breaker.admit(now + 10 * MS).is_some());
    }

    #[test]
    fn chance_shortens_a_pause_by_half_at_most() {
        let now = Instant::now();
        for (chance, pause) in [(0.0, 10 * MS), (0.5, 7_500 * MS / 1_000), (1.0, 5 * MS)] {
            let breaker = Breaker::new(500 * MS);
            breaker.open(breaker.admit(now).unwrap(), now, chance);
            let before = now + pause.saturating_sub(MS / 100);
            assert_eq!(breaker.admit(before), None, "{chance}");
            assert!(breaker.admit(now + pause).is_some(), "{chance}");
        }
    }

    /// Many workers wait for a server that is gone, and each learns so in its own time.
    #[test]
    fn many_failures_at_once_count_as_one() {
        let (breaker, now) = (Breaker::new(500 * MS), Instant::now());
        let permits = [(); 64].map(|()| breaker.admit(now).unwrap());
        for permit in permits {
            breaker.open(permit, now, 0.0);
        }
        assert!(breaker.admit(now + 10 * MS).is_some());
        for permit in permits {
            breaker.open(permit, now + 10 * MS, 0.0);
            assert!(!breaker.close(permit), "it says nothing of now");
        }
    }

    #[test]
    fn who_never_says_what_became_of_a_question_is_waited_for_no_longer_than_it_may_take() {
        let (breaker, now) = (Breaker::new(500 * MS), Instant::now());
        breaker.open(breaker.admit(now).unwrap(), now, 0.0);
        assert!(breaker.admit(now + 10 * MS).is_some());
        assert_eq!(breaker.admit(now + 509 * MS), None);
        assert!(breaker.admit(now + 510 * MS).is_some());
    }

    #[test]
    fn what_is_heard_of_a_question_after_the_next_one_was_asked_says_nothing() {
        let (breaker, now) = (Breaker::new(500 * MS), Instant::now());
        breaker.open(breaker.admit(now).unwrap(), now, 0.0);
        let late = breaker.admit(now + 10 * MS).unwrap();
        let next = breaker.admit(now + 510 * MS).unwrap();
        breaker.open(late, now + 510 * MS, 0.0);
        assert!(breaker.close(next));
        for permit in [late, next] {
            breaker.open(permit, now + 511 * MS, 0.0);
            assert!(breaker.admit(now + 511 * MS).is_some());
        }
    }
}
