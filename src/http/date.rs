//! The one date format that answers use (RFC 9110 section 5.6.7). Knows no clock: seconds come in.

use std::time::Duration;

use crate::calendar::Moment;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The last second that four digits of a year can say: 31 December 9999.
const SECS_MAX: u64 = 253_402_300_799;

/// A moment, given in seconds since 1970, as `Sun, 06 Nov 1994 08:49:37 GMT`: always 29 bytes.
/// ```text
/// IMF-fixdate = day-name "," SP date1 SP time-of-day SP GMT        ; RFC 9110 section 5.6.7
/// ```
#[must_use]
pub fn imf_fixdate(secs_since_epoch: u64) -> String {
    let moment = Moment::from_epoch(Duration::from_secs(secs_since_epoch.min(SECS_MAX)));
    let (day_name, month_name) = (pick(&DAYS, moment.weekday), pick(&MONTHS, moment.month - 1));
    let Moment {
        year,
        day,
        hour,
        minute,
        second,
        ..
    } = moment;
    format!("{day_name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A weekday counts from 0 and a month, here, too: always inside.
fn pick<const N: usize>(names: &[&'static str; N], index: u64) -> &'static str {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    name.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secs: u64, expected: &str) {
        assert_eq!(imf_fixdate(secs), expected, "{secs}");
    }

    /// The second is the example of RFC 9110 section 5.6.7; the others are from GNU `date`.
    #[test]
    fn writes_known_dates() {
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT");
        check(951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT");
        check(951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
        check(1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT");
        check(1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT");
        check(4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT");
        check(4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT");
        check(SECS_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn later_moments_are_the_last_one() {
        check(SECS_MAX + 1, "Fri, 31 Dec 9999 23:59:59 GMT");
        check(u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
