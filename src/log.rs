//! Log lines on standard error: time, level, what happened, and its fields, one line each in
//! `key=value` form. Knows nothing of what is logged; whoever logs keeps secrets out.
//!
//! Lines are written by a thread of their own, from a buffer that does not grow. Whoever reads
//! them may be slow or stuck (a full disk, a paused terminal, a blocked container log): then lines
//! are lost and counted, and the service goes on.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::calendar::Moment;

/// Characters of a value that are shown: enough for a path of ours, and a bound on what a client
/// can write into the log with one request.
const VALUE_CHARS_MAX: usize = 200;

/// Bytes of lines that wait to be written: some thousand requests.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// Stack of the writing thread, which calls little and holds less.
const STACK_BYTES: usize = 64 * 1024;

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

/// Takes log lines of up to a level. Clones share one buffer.
#[derive(Clone)]
pub struct Log {
    level: Level,
    shared: Arc<Shared>,
}

/// What a line says beside its message.
pub type Fields<'a> = [(&'a str, &'a dyn Display)];

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write, or nothing is left to be written.
    changed: Condvar,
}

/// Lines on their way to the thread.
#[derive(Default)]
struct Waiting {
    lines: String,
    /// Lines that found no room.
    lost: u64,
    /// The thread is writing what it took.
    is_writing: bool,
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

    /// Logs what the operator should look at.
    pub fn error(&self, message: &str, fields: &Fields<'_>) {
        self.write(Level::Error, "error", message, fields);
    }

    /// Logs what the operator should know of though nothing has failed; shown like errors.
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

    /// Waits until all lines are written, but no longer than `time`.
    pub fn flush(&self, time: Duration) {
        let has_work = |waiting: &mut Waiting| waiting.is_writing || waiting.has_news();
        // An error is a poisoned lock, which says nothing here; then there is no more to wait for.
        let _ = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), time, has_work);
    }

    fn write(&self, level: Level, name: &str, message: &str, fields: &Fields<'_>) {
        if level <= self.level {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            self.shared
                .push(&line(Moment::from_epoch(now), name, message, fields));
        }
    }
}

impl Shared {
    fn push(&self, line: &str) {
        let mut waiting = self.lock();
        let was_idle = !waiting.has_news();
        if WAITING_BYTES_MAX < waiting.lines.len() + line.len() {
            waiting.lost += 1;
        } else {
            waiting.lines.push_str(line);
        }
        mem::drop(waiting);
        if was_idle {
            self.changed.notify_all();
        }
    }

    /// Writes what comes, for as long as the process lives.
    fn write_to(&self, out: &mut impl io::Write) {
        // Swapped with the one that fills: two buffers serve for ever.
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
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                let now = Moment::from_epoch(now);
                lines.push_str(&line(
                    now,
                    "warn",
                    "log lines were lost",
                    &[("count", &lost)],
                ));
            }
            // Where nobody reads the log there is nobody to tell of it either.
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
    fn has_news(&self) -> bool {
        !self.lines.is_empty() || 0 < self.lost
    }
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
            level: Level::Info,
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
    fn a_level_includes_those_before_it() {
        assert!(Level::Off < Level::Error && Level::Error < Level::Info);
        assert!(Level::Info < Level::Debug);
    }
}
