//! The one date format that answers use.
//! Knows no clock: seconds come in. The rules are RFC 9110 section 5.6.7; the arithmetic is the
//! proleptic Gregorian calendar counted from 1 March, which puts the leap day last.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
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
    let secs = secs_since_epoch.min(SECS_MAX);
    let (days, secs) = (secs / 86_400, secs % 86_400);
    let (year, month, day) = civil_date(days);
    let day_name = pick(&DAYS, days % 7); // 1 January 1970 was a Thursday.
    let month_name = pick(&MONTHS, month - 1); // Months count from 1.
    let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
    format!("{day_name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `index` is a remainder by the length of `names`, or a month less one: always inside.
fn pick<const N: usize>(names: &[&'static str; N], index: u64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .copied()
        .unwrap_or_default()
}

/// Year, month and day of a day counted from 1 January 1970.
///
/// Eras are the 400 years after which the calendar repeats; years begin on 1 March here, so the
/// days before a month need no regard for leap years (Howard Hinnant, `civil_from_days`).
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    const ERA_DAYS: u64 = 146_097;
    const EPOCH_DAYS: u64 = 719_468; // From 1 March of year 0 to 1 January 1970.
    let days = days_since_epoch + EPOCH_DAYS;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}
