//! A histogram of times, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, and their texts in seconds. They reach from the microseconds of a check to
/// the seconds of a long queue.
pub const BOUNDS: [(Duration, &str); 10] = [
    (Duration::from_micros(100), "0.0001"),
    (Duration::from_micros(500), "0.0005"),
    (Duration::from_millis(1), "0.001"),
    (Duration::from_millis(2), "0.002"),
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(50), "0.05"),
    (Duration::from_millis(200), "0.2"),
    (Duration::from_secs(1), "1"),
    (Duration::from_secs(5), "5"),
];

/// Times that were counted.
#[derive(Default)]
pub struct Histogram {
    /// For each bound, the number of times up to it and above the bound before.
    by_time: [AtomicU64; BOUNDS.len()],
    /// Times longer than the last bound.
    beyond: AtomicU64,
    nanos: AtomicU64,
}

impl Histogram {
    /// Counts a time.
    pub fn count(&self, time: Duration) {
        let bucket = BOUNDS.iter().position(|(bound, _)| time <= *bound);
        let bucket = bucket.map_or(&self.beyond, |bucket| &self.by_time[bucket]);
        bucket.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// For each bound, the number of times up to it; and the number of all times.
    pub fn counts(&self) -> ([u64; BOUNDS.len()], u64) {
        let mut within = 0;
        let counts = self.by_time.each_ref().map(|count| {
            within += count.load(Ordering::Relaxed);
            within
        });
        (counts, within + self.beyond.load(Ordering::Relaxed))
    }

    /// The sum of all times.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_within_its_bound_and_all_longer_ones() {
        let histogram = Histogram::default();
        let bounds = BOUNDS.map(|(bound, _)| bound);
        assert!(bounds.is_sorted());
        for (place, bound) in bounds.into_iter().enumerate() {
            histogram.count(bound);
            let (counts, all) = histogram.counts();
            assert_eq!((counts[place], all), (place as u64 + 1, place as u64 + 1));
        }
        histogram.count(bounds[9] + Duration::from_nanos(1));
        histogram.count(Duration::ZERO);
        let (counts, all) = histogram.counts();
        assert_eq!((counts[0], counts[9], all), (2, 11, 12));
        let expected = bounds.iter().sum::<Duration>() + bounds[9] + Duration::from_nanos(1);
        assert_eq!(histogram.sum(), expected);
    }

    #[test]
    fn bounds_are_written_in_seconds() {
        for (bound, text) in BOUNDS {
            assert_eq!(text.parse(), Ok(bound.as_secs_f64()), "{text}");
        }
    }
}
