//! Log lines on standard error: time, level, what happened, and its fields, one line each in
//! `key=value` form. Knows nothing of what is logged; whoever logs keeps secrets out.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::calendar::Moment;

/// Characters of a value that are shown: enough for a path of ours, and a bound on what a client
/// can write into the log with one request.
const VALUE_CHARS_MAX: usize = 200;

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// What the operator should look at.
    Error,
    /// Each request as well, and the start and end of the service.
    Info,
    /// What is of use only when looking for a fault.
    Debug,
}

/// Writes log lines of up to a level.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    level: Level,
}

/// What a line says beside its message.
pub type Fields<'a> = [(&'a str, &'a dyn Display)];

impl Log {
    /// A log of lines up to `level`.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Log { level }
    }

    /// Logs what the operator should look at.
    pub fn error(self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Error, "error", message, fields);
    }

    /// Logs what the operator should know of though nothing has failed; shown like errors.
    pub fn warn(self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Error, "warn", message, fields);
    }

    /// Logs an ordinary event.
    pub fn info(self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Info, "info", message, fields);
    }

    /// Logs a detail.
    pub fn debug(self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Debug, "debug", message, fields);
    }

    fn write(self, level: Level, name: &str, message: &str, fields: &Fields<'_>) {
        if level <= self.level {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let line = line(Moment::from_epoch(now), name, message, fields);
            // Where there is no one to read the log there is no one to tell of it either.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

/// Formats one line, in one piece so that it is written in one call and cannot mix with others.
fn line(now: Moment, level: &str, message: &str, fields: &Fields<'_>) -> String {
    let mut line = format!("{now} {level} {message}");
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(line, " {name}=");
        push_value(&mut line, value);
    }
    line.push('\n');
    line
}

/// Appends a value: as it is if it is plain, else in quotes with everything escaped that could end
/// the line or pass for another field.
fn push_value(line: &mut String, value: &dyn Display) {
    let mut text = Shortened {
        text: String::new(),
        chars_left: VALUE_CHARS_MAX,
    };
    // An error says only that the value was cut.
    let is_whole = write!(text, "{value}").is_ok();
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
    if !text.text.is_empty() && text.text.chars().all(is_plain) {
        line.push_str(&text.text);
    } else {
        let _ = write!(line, "{:?}", text.text);
    }
    if !is_whole {
        line.push_str("...");
    }
}

/// A string that takes so many characters and no more.
struct Shortened {
    text: String,
    chars_left: usize,
}

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.chars_left = self.chars_left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(value: &str, written: &str) {
        let now = Moment::from_epoch(Duration::from_millis(1_790_000_000_042));
        let line = line(now, "info", "request", &[("a", &1), ("b", &value)]);
        assert_eq!(
            line,
            format!("2026-09-21T14:13:20.042Z info request a=1 b={written}\n")
        );
    }

    #[test]
    fn plain_values_stand_as_they_are() {
        check("/api/captcha/generate/", "/api/captcha/generate/");
    }

    #[test]
    fn values_cannot_forge_lines_or_fields() {
        check("", r#""""#);
        check("a b", r#""a b""#);
        check("a\nb", r#""a\nb""#);
        check("x=1", r#""x=1""#);
        check("\"", r#""\"""#);
        check("\u{1b}[31m\u{202e}é", r#""\u{1b}[31m\u{202e}é""#);
    }

    #[test]
    fn long_values_are_cut() {
        check(&"a".repeat(200), &"a".repeat(200));
        check(&"a".repeat(100_000), &format!("{}...", "a".repeat(200)));
    }

    #[test]
    fn a_level_includes_those_before_it() {
        assert!(Level::Off < Level::Error && Level::Error < Level::Info);
        assert!(Level::Info < Level::Debug);
    }
}
