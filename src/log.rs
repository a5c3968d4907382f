//! Log lines on standard error: time, level, message, and fields as `key=value`. Does not know what is
//! logged; callers keep secrets out.
//!
//! A thread of its own writes the lines from a buffer that does not grow. If the reader is slow or stuck
//! (a full disk, a paused terminal, a blocked container log), lines are lost and counted, and the
//! service goes on.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::calendar::{Moment, since_epoch};

/// Most characters of a value that are shown: enough for every path of the service, and a limit on what a
/// client can write into the log with one request.
const VALUE_CHARS_MAX: usize = 200;

/// Most bytes of lines that wait to be written: some thousand requests.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// Most lines in a second, and as many errors and warnings besides. Lines beyond that are counted. A busy
/// service needs a tenth of it, and lines at this rate take 10 GB a day, so that there is time to notice
/// before a disk is full. At debug no line is left out.
const LINES_PER_SEC_MAX: u32 = 1_000;

/// Stack of the writing thread, which needs a small part of it.
const STACK_BYTES: usize = 64 * 1024;

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Off,
    /// Errors and warnings.
    Error,
    /// Also each request except those of monitoring, and the start and the end of the service.
    Info,
    /// Also what is useful only to find a fault, without a limit of lines.
    Debug,
}

/// Takes log lines of up to a level. Clones share one buffer.
#[derive(Clone)]
pub struct Log {
    level: Level,
    shared: Arc<Shared>,
}

/// The fields of a line after its message.
pub type Fields<'a> = [(&'a str, &'a dyn Display)];

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Signals that there is something to write, or that everything is written.
    changed: Condvar,
}

/// Lines that wait for the thread.
#[derive(Default)]
struct Waiting {
    lines: String,
    /// Number of lines for which there was no room.
    lost: u64,
    /// Lines of the current second.
    second: Second,
    /// Whether the thread is writing.
    is_writing: bool,
}

/// The number of lines in a second.
#[derive(Default)]
struct Second {
    /// Seconds since 1970.
    number: u64,
    /// Lines that were written: errors and warnings, and all others.
    lines: [u32; 2],
    /// Lines that were left out since the last one that was written.
    left_out: u64,
}

impl Second {
    /// Counts a line. Returns none if the line is left out, else how many were left out before it.
    fn admit(&mut self, now: Duration, level: Level) -> Option<u64> {
        if now.as_secs() != self.number {
            self.number = now.as_secs();
            self.lines = [0; 2];
        }
        let lines = &mut self.lines[usize::from(Level::Error < level)];
        if LINES_PER_SEC_MAX <= *lines {
            self.left_out += 1;
            return None;
        }
        *lines += 1;
        Some(mem::take(&mut self.left_out))
    }
}

impl Log {
    /// A log of lines up to `level`, with the thread that writes them to standard error.
    ///
    /// # Errors
    ///
    /// If the system has no thread left.
    pub fn start(level: Level) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        if level != Level::Off {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("log".into())
                .stack_size(STACK_BYTES)
                .spawn(move || shared.write_to(&mut io::stderr()))?;
        }
        Ok(Log { level, shared })
    }

    /// Logs an error.
    pub fn error(&self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Error, "error", message, fields);
    }

    /// Logs a warning. Warnings are shown at the level of errors.
    pub fn warn(&self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Error, "warn", message, fields);
    }

    /// Logs an ordinary event.
    pub fn info(&self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Info, "info", message, fields);
    }

    /// Logs a detail.
    pub fn debug(&self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Debug, "debug", message, fields);
    }

    /// Waits until all lines are written, the last one about lines that were left out, but no longer than
    /// `time`.
    pub fn flush(&self, time: Duration) {
        let count = mem::take(&mut self.shared.lock().second.left_out);
        if 0 < count {
            let now = since_epoch(SystemTime::now());
            self.shared.push(&left_out(now, count), now, None);
        }
        let has_work = |waiting: &mut Waiting| waiting.is_writing || waiting.has_news();
        // An error is a poisoned lock: another thread has panicked, and there is nothing to wait for.
        let _ = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), time, has_work);
    }

    fn write(&self, level: Level, name: &str, message: &str, fields: &Fields<'_>) {
        if level <= self.level {
            let now = since_epoch(SystemTime::now());
            let line = line(Moment::from_epoch(now), name, message, fields);
            let limited = (self.level < Level::Debug).then_some(level);
            self.shared.push(&line, now, limited);
        }
    }
}

impl Shared {
    /// Takes a line. One with a level may be left out because of the limit for a second.
    fn push(&self, line: &str, now: Duration, limited: Option<Level>) {
        let mut waiting = self.lock();
        let was_idle = !waiting.has_news();
        if let Some(level) = limited {
            match waiting.second.admit(now, level) {
                None => return,
                Some(0) => {}
                Some(count) => waiting.add(&left_out(now, count)),
            }
        }
        waiting.add(line);
        mem::drop(waiting);
        if was_idle {
            self.changed.notify_all();
        }
    }

    /// Writes lines until the process ends.
    fn write_to(&self, out: &mut impl io::Write) {
        // Swapped with the buffer that is filled, so that there are only ever two.
        let mut lines = String::new();
        loop {
            let waiting = self
                .changed
                .wait_while(self.lock(), |waiting| !waiting.has_news());
            let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut lines, &mut waiting.lines);
            let lost = mem::take(&mut waiting.lost);
            waiting.is_writing = true;
            mem::drop(waiting);
            if 0 < lost {
                let now = Moment::from_epoch(since_epoch(SystemTime::now()));
                lines.push_str(&line(
                    now,
                    "warn",
                    "log lines were lost",
                    &[("count", &lost)],
                ));
            }
            // If nobody reads the log, this cannot be reported either.
            let _ = out.write_all(lines.as_bytes());
            lines.clear();
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Adds a line if there is room for it.
    fn add(&mut self, line: &str) {
        if WAITING_BYTES_MAX < self.lines.len() + line.len() {
            self.lost += 1;
        } else {
            self.lines.push_str(line);
        }
    }

    fn has_news(&self) -> bool {
        !self.lines.is_empty() || 0 < self.lost
    }
}

/// The line about lines that were left out.
fn left_out(now: Duration, count: u64) -> String {
    let now = Moment::from_epoch(now);
    line(now, "warn", "log lines were left out", &[("count", &count)])
}

/// Formats one line.
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

/// Appends a value: unchanged if it is plain, else in quotes and with escapes, so that it can neither end
/// the line nor look like another field.
fn push_value(line: &mut String, value: &dyn Display) {
    let mut text = Shortened {
        text: String::new(),
        chars_left: VALUE_CHARS_MAX,
    };
    // An error means only that the value was cut.
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

/// A string with a limit of characters.
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

    /// Hands on what is written to it.
    struct Sink(std::sync::mpsc::Sender<Vec<u8>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_stuck_costs_lines_and_no_time() {
        let shared = Arc::new(Shared::default());
        let log = Log {
            level: Level::Debug,
            shared: Arc::clone(&shared),
        };
        // Nothing is written yet, as if the thread were stuck.
        let lines = WAITING_BYTES_MAX / 40;
        for number in 0..2 * lines {
            log.info("a line", &[("number", &number)]);
        }
        log.flush(Duration::from_millis(1));
        assert!(shared.lock().lines.len() <= WAITING_BYTES_MAX);

        let (sink, written) = std::sync::mpsc::channel();
        thread::spawn(move || shared.write_to(&mut Sink(sink)));
        log.flush(Duration::from_mins(1));
        let text = String::from_utf8(written.try_iter().flatten().collect()).unwrap();
        let kept = text.matches(" a line ").count();
        let (_, lost) = text.split_once("lost count=").unwrap();
        let lost: usize = lost.trim_end().parse().unwrap();
        assert!(0 < kept && 0 < lost, "{kept} kept and {lost} lost");
        assert_eq!(kept + lost, 2 * lines);
    }

    #[test]
    fn a_flood_is_bounded_and_what_it_costs_is_told() {
        let mut second = Second::default();
        let now = Duration::from_millis(5_500);
        for _ in 0..LINES_PER_SEC_MAX {
            assert_eq!(second.admit(now, Level::Info), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(second.admit(now, Level::Info), None);
        }
        // Errors have room of their own, and tell what was left out before them.
        assert_eq!(second.admit(now, Level::Error), Some(7));
        assert_eq!(second.admit(now, Level::Info), None);
        assert_eq!(second.admit(Duration::from_secs(6), Level::Info), Some(1));
        // A clock that is set back begins a second as well.
        assert_eq!(second.admit(Duration::from_secs(1), Level::Info), Some(0));
    }

    #[test]
    fn the_line_after_a_flood_tells_of_it() {
        let log = |level| Log {
            level,
            shared: Arc::default(),
        };
        let flooded = log(Level::Info);
        let lines = LINES_PER_SEC_MAX as usize + 1;
        // More than can be let through, in however many seconds.
        for now in [1, 2].map(Duration::from_secs) {
            for _ in 0..lines {
                flooded.shared.push("line\n", now, Some(Level::Info));
            }
        }
        let written = flooded.shared.lock().lines.clone();
        assert_eq!(written.matches("line\n").count(), 2 * lines - 2);
        let (_, second) = written.split_at(5 * (lines - 1));
        assert!(
            second.starts_with("1970-01-01T00:00:02.000Z warn log lines were left out count=1\n")
        );
        assert_eq!(flooded.shared.lock().second.left_out, 1);
        let open = log(Level::Debug);
        for number in 0..2 * lines {
            open.info("a line", &[("number", &number)]);
        }
        assert_eq!(open.shared.lock().lines.lines().count(), 2 * lines);
    }

    #[test]
    fn a_level_includes_those_before_it() {
        assert!(Level::Off < Level::Error && Level::Error < Level::Info);
        assert!(Level::Info < Level::Debug);
    }
}
