//! Moments as dates in UTC. HTTP fields and the log each have a format of their own; both start from
//! these dates.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long after 1970-01-01 00:00:00 UTC a moment is. Zero for a moment before that, which only a clock
/// shows that was never set.
#[must_use]
pub fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A moment, to the millisecond, in the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Such as 2026.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// Days since Sunday, 0 to 6.
    pub weekday: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59: system time does not count leap seconds.
    pub second: u64,
    /// 0 to 999.
    pub millisecond: u32,
}

impl Moment {
    /// The moment so long after 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn from_epoch(since: Duration) -> Self {
        const DAYS_OF_400_YEARS: u64 = 146_097;
        const DAYS_OF_100_YEARS: u64 = 36_524;
        const DAYS_OF_4_YEARS: u64 = 1_461;
        const DAYS_BEFORE_1970: u64 = 719_468; // since 0000-03-01

        let seconds = since.as_secs();
        let days_since_1970 = seconds / 86_400;
        // Years are counted from March, so that the leap day is the last of its year.
        let days = days_since_1970 + DAYS_BEFORE_1970;
        let day_of_era = days % DAYS_OF_400_YEARS;
        // Leap days before this day are taken out, and those of centuries that have none put back.
        let year_of_era = (day_of_era - day_of_era / (DAYS_OF_4_YEARS - 1)
            + day_of_era / DAYS_OF_100_YEARS
            - day_of_era / (DAYS_OF_400_YEARS - 1))
            / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // From March on, every five months have 153 days in the same pattern.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let is_next_year = 10 <= month_from_march;
        Moment {
            year: days / DAYS_OF_400_YEARS * 400 + year_of_era + u64::from(is_next_year),
            month: if is_next_year {
                month_from_march - 9
            } else {
                month_from_march + 3
            },
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            weekday: (days_since_1970 + 4) % 7, // 1970-01-01 was a Thursday
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            millisecond: since.subsec_millis(),
        }
    }
}

impl fmt::Display for Moment {
    /// In the format of RFC 3339, such as `2026-11-22T07:40:23.125Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moment {
            year,
            month,
            day,
            hour,
            minute,
            second,
            millisecond,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: u64, weekday: u64, text: &str) {
        let moment = Moment::from_epoch(Duration::from_secs(seconds));
        assert_eq!(moment.to_string(), text);
        assert_eq!(moment.weekday, weekday, "{text}");
    }

    #[test]
    fn names_the_days_around_leap_days_and_ends_of_years() {
        check(0, 4, "1970-01-01T00:00:00.000Z");
        check(68_169_599, 1, "1972-02-28T23:59:59.000Z");
        check(68_169_600, 2, "1972-02-29T00:00:00.000Z");
        check(68_256_000, 3, "1972-03-01T00:00:00.000Z");
        check(784_111_777, 0, "1994-11-06T08:49:37.000Z");
        check(951_782_400, 2, "2000-02-29T00:00:00.000Z");
        check(978_307_199, 0, "2000-12-31T23:59:59.000Z");
        check(4_107_542_400, 1, "2100-03-01T00:00:00.000Z");
        check(253_402_300_799, 5, "9999-12-31T23:59:59.000Z");
    }

    #[test]
    fn a_clock_that_was_never_set_shows_the_epoch() {
        let second = Duration::from_secs(1);
        assert_eq!(since_epoch(UNIX_EPOCH + second), second);
        assert_eq!(since_epoch(UNIX_EPOCH - second), Duration::ZERO);
    }

    /// Compared with counting day by day, with the usual rule of leap years.
    #[test]
    fn agrees_with_counting_days() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..150_000 {
            let moment = Moment::from_epoch(Duration::from_secs(days * 86_400));
            assert_eq!((moment.year, moment.month, moment.day), (year, month, day));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if length < day {
                (month, day) = (month + 1, 1);
            }
            if month == 13 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
