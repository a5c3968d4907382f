//! The thread that removes expired captchas, so that those which nobody answers do not pile up.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Memory;

/// Captchas removed under one lock: a fraction of a millisecond's work.
const BATCH: usize = 256;

/// The pause between two batches. Without it, this thread would take the lock again before a request
/// that waits for it wakes up.
const BREATH: Duration = Duration::from_millis(1);

/// The shortest pause between two rounds. In a busy service captchas expire all the time. They are
/// answered correctly without being removed, so they can be removed together.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// Stack of the thread, which calls little and holds less.
const STACK_BYTES: usize = 64 * 1024;

/// The running thread; it ends when this is dropped.
pub struct Reaper {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// A pause that can be ended.
#[derive(Default)]
struct Stop {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Reaper {
    /// Starts to remove the expired captchas of `store`.
    ///
    /// # Errors
    ///
    /// If the system has no thread left.
    pub fn start(store: Arc<Memory>) -> io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("reaper".into())
            .stack_size(STACK_BYTES)
            .spawn(move || run(&store, &stopped))?;
        Ok(Reaper {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.stop.set();
        if let Some(thread) = self.thread.take() {
            // An error here is a panic of that thread, which was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn run(store: &Memory, stop: &Stop) {
    let mut pause = Duration::ZERO;
    while !stop.is_set_within(pause) {
        let now = Instant::now();
        while store.reap(BATCH, now) == BATCH {
            if stop.is_set_within(BREATH) {
                return;
            }
        }
        pause = pause_until(store.next_expiry(), store.settings().ttl, now);
    }
}

impl Stop {
    fn set(&self) {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn is_set_within(&self, time: Duration) -> bool {
        let is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(is_set, time, |is_set| !*is_set);
        let (is_set, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *is_set
    }
}

/// How long nothing needs to be done: until the oldest captcha expires, and when there is none,
/// until one that is made right now would.
fn pause_until(next_expiry: Option<Instant>, ttl: Duration, now: Instant) -> Duration {
    let pause = next_expiry.map_or(ttl, |expiry| expiry.saturating_duration_since(now));
    pause.max(PAUSE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::line;
    use crate::store::Solution;
    use crate::store::memory::Settings;

    #[test]
    fn sleeps_until_the_oldest_captcha_expires() {
        let now = Instant::now();
        let (ttl, second) = (Duration::from_mins(10), Duration::from_secs(1));
        assert_eq!(pause_until(None, ttl, now), ttl);
        assert_eq!(pause_until(Some(now + ttl / 2), ttl, now), ttl / 2);
        assert_eq!(pause_until(Some(now), ttl, now), second);
        assert_eq!(pause_until(Some(now), ttl, now + ttl), second);
    }

    /// More than enough for what takes milliseconds, and far less than what it should not take.
    const PATIENCE: Duration = Duration::from_secs(10);

    const SETTINGS: Settings = Settings {
        ttl: Duration::from_mins(10),
        attempts: 3,
        capacity: 20 * BATCH,
    };

    #[test]
    fn ends_when_it_is_dropped() {
        let begun = Instant::now();
        let store = Arc::new(Memory::new(SETTINGS, begun).unwrap());
        drop(Reaper::start(Arc::clone(&store)).unwrap());
        assert!(begun.elapsed() < PATIENCE);
        assert_eq!(Arc::strong_count(&store), 1, "the thread is still there");
    }

    #[test]
    fn removes_all_that_have_expired_in_one_round() {
        let begun = Instant::now();
        let store = Arc::new(Memory::new(SETTINGS, begun).unwrap());
        let long_ago = begun.checked_sub(SETTINGS.ttl).unwrap();
        for _ in 0..SETTINGS.capacity {
            store.insert(Solution::new("a").unwrap(), line(0), long_ago);
        }
        let _reaper = Reaper::start(Arc::clone(&store)).unwrap();
        // With a pause after each batch it would take longer.
        while !store.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "{} are left", store.len());
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_pause_is_as_long_as_is_asked_for_unless_it_is_ended() {
        let stop = Stop::default();
        let (begun, pause) = (Instant::now(), Duration::from_millis(20));
        assert!(!stop.is_set_within(pause));
        assert!(pause <= begun.elapsed());
        stop.set();
        assert!(stop.is_set_within(PATIENCE));
        assert!(begun.elapsed() < PATIENCE);
    }
}
