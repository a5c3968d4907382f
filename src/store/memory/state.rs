//! The captchas of a store as bytes, from which a later process continues. `docs/state.md` describes the
//! format.
//!
//! Time passes by the wall clock while the service is off: the bytes say when they were written, and how
//! much of its lifetime each captcha had left. If the clock was set back, no time has passed.
//!
//! Knows neither files nor clocks: the time is a parameter.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant, SystemTime};

use super::Memory;
use super::captchas::{Captcha, Moment};
use crate::calendar::since_epoch;
use crate::fair::Line;
use crate::fnv::Fnv1a;
use crate::store::{Id, SOLUTION_BYTES_MAX, Solution};

/// The beginning of the bytes in every version of the format.
const PROGRAM: [u8; 26] = *b"miniCAP captchas, version ";
/// The rest of the first line in this version.
const VERSION: [u8; 2] = *b"1\n";
/// Bytes of one captcha: id, lifetime left, attempts left, line, length of the text, text.
const RECORD_BYTES: usize = 16 + 4 + 2 + 2 + 1 + SOLUTION_BYTES_MAX;

/// What happened to the captchas of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Those that can be answered again.
    pub alive: usize,
    /// Those that have expired.
    pub expired: usize,
    /// Those that did not fit: the line with the most captchas lost its oldest.
    pub evicted: usize,
}

/// Why a state cannot be restored.
#[derive(Debug)]
pub enum Unreadable {
    /// What the input reports.
    Io(io::Error),
    /// What is wrong with the bytes.
    Damaged(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Io(error) => error.fmt(f),
            Unreadable::Damaged(what) => f.write_str(what),
        }
    }
}

impl Memory {
    /// Removes all captchas from the store, writes those that have not expired, and returns their number.
    /// From then on they are unknown, so that none is both solved and written.
    ///
    /// # Errors
    ///
    /// What `out` reports; then the captchas are lost.
    pub fn write_state(
        &self,
        out: impl Write,
        now: Instant,
        time: SystemTime,
    ) -> io::Result<usize> {
        let captchas = self.take().map_err(io::Error::other)?;
        let now = self.moment(now);
        let records = captchas
            .iter()
            .filter_map(|captcha| Record::of(captcha, now));
        let count = records.clone().count();
        let mut out = Summed::new(out);
        out.write(&PROGRAM)?;
        out.write(&VERSION)?;
        out.write(&millis_since_epoch(time).to_be_bytes())?;
        out.write(&(count as u64).to_be_bytes())?;
        for record in records {
            out.write(&record.encode())?;
        }
        let sum = out.sum.value();
        out.write(&sum.to_be_bytes())?;
        Ok(count)
    }

    /// This store, which is new and empty, with those captchas of a state that are still alive. None
    /// of them lives longer than a new one, or allows more wrong answers.
    ///
    /// # Errors
    ///
    /// If `input` is not exactly what was written.
    pub fn with_state(
        self,
        input: impl Read,
        time: SystemTime,
    ) -> Result<(Self, Restored), Unreadable> {
        let mut input = Summed::new(input);
        if input.read()? != PROGRAM {
            return Err(Unreadable::Damaged("it begins otherwise"));
        }
        if input.read()? != VERSION {
            return Err(Unreadable::Damaged("it is of another version"));
        }
        let written = u64::from_be_bytes(input.read()?);
        let away = millis_since_epoch(time).saturating_sub(written);
        let count = u64::from_be_bytes(input.read()?);
        let mut restored = Restored::default();
        for _ in 0..count {
            Record::decode(&input.read()?)
                .and_then(|record| self.restore(&record, away, &mut restored))
                .ok_or(Unreadable::Damaged("a captcha in it cannot be"))?;
        }
        let sum = input.sum.value();
        if u64::from_be_bytes(input.read()?) != sum {
            return Err(Unreadable::Damaged("its checksum is another"));
        }
        input.end()?;
        restored.alive = self.len();
        Ok((self, restored))
    }

    /// Takes up a captcha after so many milliseconds; none if there is one of this id.
    fn restore(&self, record: &Record, away: u64, restored: &mut Restored) -> Option<()> {
        let left = Duration::from_millis(u64::from(record.millis_left).saturating_sub(away));
        if left.is_zero() {
            restored.expired += 1;
            return Some(());
        }
        let captchas = &mut self.lock().captchas;
        if captchas.has_key_of(record.id) {
            return None;
        }
        let loser = captchas.insert(Captcha {
            id: record.id,
            solution: record.solution,
            attempts_left: record.attempts_left.min(self.settings.attempts),
            expires: left.min(self.settings.ttl).into(),
            line: record.line,
        });
        restored.evicted += usize::from(loser.is_some());
        Some(())
    }
}

/// A captcha as it is written.
#[derive(Clone, Copy)]
struct Record {
    id: Id,
    /// What is left of its life, in milliseconds; at least one. A day is the longest life.
    millis_left: u32,
    /// At least one.
    attempts_left: u16,
    line: Line,
    solution: Solution,
}

impl Record {
    /// None if the captcha has expired, or will within the millisecond.
    fn of(captcha: &Captcha, now: Moment) -> Option<Self> {
        let left = Duration::from(captcha.expires).saturating_sub(now.into());
        let millis_left = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
        (0 < millis_left).then_some(Record {
            id: captcha.id,
            millis_left,
            attempts_left: captcha.attempts_left,
            line: captcha.line,
            solution: captcha.solution,
        })
    }

    fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let mut rest = &mut bytes[..];
        for field in [
            &self.id.to_bytes()[..],
            &self.millis_left.to_be_bytes(),
            &self.attempts_left.to_be_bytes(),
            &u16::from(self.line).to_be_bytes(),
            &[self.solution.len()],
            self.solution.as_bytes(),
        ] {
            let (place, behind) = rest.split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = behind;
        }
        bytes
    }

    /// None if a value is out of its range.
    fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (millis_left, rest) = rest.split_first_chunk()?;
        let (attempts_left, rest) = rest.split_first_chunk()?;
        let (line, rest) = rest.split_first_chunk()?;
        let (&length, text) = rest.split_first()?;
        let (text, unused) = text.split_at_checked(length.into())?;
        let record = Record {
            id: Id::from_bytes(*id)?,
            millis_left: u32::from_be_bytes(*millis_left),
            attempts_left: u16::from_be_bytes(*attempts_left),
            line: Line::new(u16::from_be_bytes(*line))?,
            solution: Solution::new(str::from_utf8(text).ok()?)?,
        };
        let is_valid = 0 < record.millis_left
            && 0 < record.attempts_left
            && unused.iter().all(|byte| *byte == 0);
        is_valid.then_some(record)
    }
}

/// Where bytes come from or go to, with the checksum of those that have passed.
struct Summed<T> {
    inner: T,
    sum: Fnv1a,
}

impl<T> Summed<T> {
    fn new(inner: T) -> Self {
        Summed {
            inner,
            sum: Fnv1a::EMPTY,
        }
    }
}

impl<T: Write> Summed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum = self.sum.with(bytes);
        self.inner.write_all(bytes)
    }
}

impl<T: Read> Summed<T> {
    fn read<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Unreadable> {
        let mut bytes = [0; BYTES];
        match self.inner.read_exact(&mut bytes) {
            Ok(()) => {
                self.sum = self.sum.with(&bytes);
                Ok(bytes)
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(Unreadable::Damaged("it is cut short"))
            }
            Err(error) => Err(Unreadable::Io(error)),
        }
    }

    /// Makes sure that nothing more comes.
    fn end(mut self) -> Result<(), Unreadable> {
        match self.inner.read_exact(&mut [0]) {
            Ok(()) => Err(Unreadable::Damaged("it goes on behind its end")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(Unreadable::Io(error)),
        }
    }
}

fn millis_since_epoch(time: SystemTime) -> u64 {
    u64::try_from(since_epoch(time).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::time::UNIX_EPOCH;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::fair::line;
    use crate::store::Verdict;
    use crate::store::memory::Settings;

    const TTL: Duration = Duration::from_mins(10);
    const MILLI: Duration = Duration::from_millis(1);

    const SETTINGS: Settings = Settings {
        ttl: TTL,
        attempts: 3,
        capacity: 100,
    };

    /// A moment by the wall clock.
    fn written_at() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_800_000_000_123)
    }

    fn store(settings: Settings) -> (Memory, Instant) {
        let now = Instant::now();
        (Memory::new(settings, now).unwrap(), now)
    }

    fn solution(text: &str) -> Solution {
        Solution::new(text).unwrap()
    }

    fn written(store: &Memory, now: Instant) -> Vec<u8> {
        let mut bytes = Vec::new();
        store.write_state(&mut bytes, now, written_at()).unwrap();
        bytes
    }

    /// What a store of these settings makes of a state, so long after it was written.
    fn read(bytes: &[u8], settings: Settings, away: Duration) -> (Memory, Instant, Restored) {
        let (store, now) = store(settings);
        let (store, restored) = store.with_state(bytes, written_at() + away).unwrap();
        (store, now, restored)
    }

    /// Why a state is refused.
    fn refusal(bytes: &[u8]) -> &'static str {
        match store(SETTINGS).0.with_state(bytes, written_at()) {
            Err(Unreadable::Damaged(why)) => why,
            Err(Unreadable::Io(error)) => panic!("{error}"),
            Ok((_, restored)) => panic!("read, with {restored:?}"),
        }
    }

    /// These bytes with the checksum that belongs to them.
    fn summed(bytes: &[u8]) -> Vec<u8> {
        let sum = Fnv1a::EMPTY.with(bytes).value();
        [bytes, &sum.to_be_bytes()].concat()
    }

    /// The example of `docs/state.md`.
    fn example() -> Vec<u8> {
        let head = [
            &PROGRAM[..],
            &VERSION,
            &1_800_000_000_123_u64.to_be_bytes(),
            &1_u64.to_be_bytes(),
        ];
        summed(&[&head.concat()[..], &example_record()].concat())
    }

    fn example_record() -> Vec<u8> {
        [
            b"\x3f\x0c\x1d\x0e\x6b\x0e\x4f\x2b\x9a\x53\x0b\x6f\x6f\x2b\x7f\x10".as_slice(),
            b"\x00\x09\x27\xc0",
            b"\x00\x03",
            b"\x0f\xff",
            b"\x06",
            b"aB3xY7\0\0\0\0\0\0\0\0\0",
        ]
        .concat()
    }

    #[test]
    fn is_written_as_the_description_says() {
        let (store, now, restored) = read(&example(), SETTINGS, Duration::ZERO);
        assert_eq!((restored.alive, restored.expired), (1, 0));
        assert_eq!(written(&store, now), example());
    }

    #[test]
    fn attempts_are_kept() {
        let (store, now) = store(SETTINGS);
        let id = store.insert(solution("a"), line(0), now);
        store.judge(id, "x", now);
        store.judge(id, "x", now);
        let (store, now, _) = read(&written(&store, now), SETTINGS, Duration::ZERO);
        assert_eq!(
            store.judge(id, "x", now),
            Verdict::Wrong { attempts_left: 0 }
        );
        assert_eq!(store.judge(id, "a", now), Verdict::Unknown);
    }

    #[test]
    fn what_is_used_up_is_not_written() {
        let (store, now) = store(SETTINGS);
        let [solved, failed, alive] = [(); 3].map(|()| store.insert(solution("a"), line(0), now));
        store.judge(solved, "a", now);
        for _ in 0..3 {
            store.judge(failed, "x", now);
        }
        let (store, now, restored) = read(&written(&store, now), SETTINGS, Duration::ZERO);
        assert_eq!(restored.alive, 1);
        assert_eq!(store.judge(solved, "a", now), Verdict::Unknown);
        assert_eq!(store.judge(failed, "a", now), Verdict::Unknown);
        assert_eq!(store.judge(alive, "a", now), Verdict::Right);
    }

    #[test]
    fn what_is_written_is_used_no_more() {
        let (store, now) = store(SETTINGS);
        let id = store.insert(solution("a"), line(0), now);
        written(&store, now);
        assert_eq!(store.judge(id, "a", now), Verdict::Unknown);
        let late = store.insert(solution("a"), line(0), now);
        assert_eq!(store.judge(late, "a", now), Verdict::Unknown);
    }

    #[test]
    fn lives_go_on_while_the_service_is_off() {
        let (store, now) = store(SETTINGS);
        let early = store.insert(solution("a"), line(0), now);
        let late = store.insert(solution("a"), line(0), now + TTL / 2);
        let bytes = written(&store, now + TTL / 2);
        let (store, now, restored) = read(&bytes, SETTINGS, TTL / 4);
        assert_eq!((restored.alive, restored.expired), (2, 0));
        assert_eq!(
            store.judge(early, "x", now + (TTL / 4).saturating_sub(MILLI)),
            Verdict::Wrong { attempts_left: 2 }
        );
        assert_eq!(store.judge(early, "a", now + TTL / 4), Verdict::Unknown);
        assert_eq!(
            store.judge(late, "a", now + (TTL * 3 / 4).saturating_sub(MILLI)),
            Verdict::Right
        );

        let (store, now, restored) = read(&bytes, SETTINGS, TTL / 2);
        assert_eq!((restored.alive, restored.expired), (1, 1));
        assert_eq!(store.judge(early, "a", now), Verdict::Unknown);

        let (_, _, restored) = read(&bytes, SETTINGS, TTL);
        assert_eq!((restored.alive, restored.expired), (0, 2));
    }

    #[test]
    fn what_has_expired_is_not_written() {
        let (store, now) = store(SETTINGS);
        store.insert(solution("a"), line(0), now);
        store.insert(solution("a"), line(0), now + MILLI);
        let mut bytes = Vec::new();
        let count = store
            .write_state(&mut bytes, now + TTL, written_at())
            .unwrap();
        assert_eq!(count, 1);
        assert_eq!(read(&bytes, SETTINGS, Duration::ZERO).2.alive, 1);
    }

    #[test]
    fn a_clock_that_was_set_back_lengthens_no_life() {
        let (store, now) = store(SETTINGS);
        let id = store.insert(solution("a"), line(0), now);
        let bytes = written(&store, now + TTL / 2);
        for time in [written_at() - TTL, UNIX_EPOCH, UNIX_EPOCH - TTL] {
            let (store, now) = self::store(SETTINGS);
            let (store, _) = store.with_state(&bytes[..], time).unwrap();
            assert_eq!(store.judge(id, "a", now + TTL / 2), Verdict::Unknown);
        }
    }

    #[test]
    fn the_rules_of_the_start_that_reads_bound_what_was_written() {
        let (store, now) = store(SETTINGS);
        let id = store.insert(solution("a"), line(0), now);
        let bytes = written(&store, now);
        let stricter = Settings {
            ttl: TTL / 10,
            attempts: 1,
            ..SETTINGS
        };
        let (store, now, _) = read(&bytes, stricter, Duration::ZERO);
        assert_eq!(
            store.judge(id, "x", now),
            Verdict::Wrong { attempts_left: 0 }
        );
        let (store, now, _) = read(&bytes, stricter, Duration::ZERO);
        assert_eq!(store.judge(id, "a", now + TTL / 10), Verdict::Unknown);
        let looser = Settings {
            ttl: TTL * 2,
            attempts: 10,
            ..SETTINGS
        };
        let (store, now, _) = read(&bytes, looser, Duration::ZERO);
        assert_eq!(
            store.judge(id, "x", now),
            Verdict::Wrong { attempts_left: 2 }
        );
        assert_eq!(store.judge(id, "a", now + TTL), Verdict::Unknown);
    }

    #[test]
    fn with_less_room_the_client_with_the_most_loses_its_oldest() {
        let (store, now) = store(SETTINGS);
        let modest = store.insert(solution("a"), line(1), now);
        let greedy: Vec<Id> = (0..9)
            .map(|_| store.insert(solution("a"), line(2), now))
            .collect();
        let smaller = Settings {
            capacity: 4,
            ..SETTINGS
        };
        let (store, now, restored) = read(&written(&store, now), smaller, Duration::ZERO);
        assert_eq!((restored.alive, restored.evicted), (4, 6));
        assert_eq!(store.judge(modest, "a", now), Verdict::Right);
        let left = greedy
            .iter()
            .map(|id| store.judge(*id, "a", now) == Verdict::Right);
        assert!(left.eq((0..9).map(|number| 6 <= number)));
    }

    #[test]
    fn every_damage_is_reported() {
        let good = example();
        let record = good.len() - 8 - RECORD_BYTES;
        let with = |place: usize, bytes: &[u8]| {
            let mut damaged = good[..good.len() - 8].to_vec();
            damaged[place..place + bytes.len()].copy_from_slice(bytes);
            summed(&damaged)
        };
        assert_eq!(refusal(b""), "it is cut short");
        assert_eq!(refusal(b"miniCAP"), "it is cut short");
        assert_eq!(refusal(&[0; 100]), "it begins otherwise");
        assert_eq!(
            refusal(&with(PROGRAM.len(), b"2")),
            "it is of another version"
        );
        let longer = [&good[..], b"\n"].concat();
        assert_eq!(refusal(&longer), "it goes on behind its end");
        let fewer = with(record - 8, &0_u64.to_be_bytes());
        assert_eq!(refusal(&fewer), "its checksum is another");
        let more = with(record - 8, &u64::MAX.to_be_bytes());
        assert_eq!(refusal(&more), "it is cut short");
        for (place, bytes) in [
            (6, b"\x1f".as_slice()), // another version of UUID
            (8, b"\xff"),            // another variant
            (16, b"\0\0\0\0"),       // no life left
            (20, b"\0\0"),           // no attempts left
            (22, b"\x10\x00"),       // no line of that number
            (24, b"\0\0\0\0\0\0\0"), // no text
            (24, b"\x05"),           // more text than its length says
            (24, b"\x10"),           // more text than there may be
            (24, b"\xff"),
            (25, b"\xff"), // no text in UTF-8
        ] {
            assert_eq!(
                refusal(&with(record + place, bytes)),
                "a captcha in it cannot be",
                "{place}"
            );
        }
    }

    /// A disk that fails within the file is no damage of the file.
    #[test]
    fn an_error_of_the_input_is_reported_unchanged() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is broken"))
            }
        }
        let whole = example();
        for bytes in [&whole[..0], &whole[..20], &whole[..whole.len() - 1], &whole] {
            let (memory, _) = store(SETTINGS);
            let read = memory.with_state(bytes.chain(Failing), written_at());
            let Err(error) = read else {
                panic!("{} bytes", bytes.len());
            };
            assert!(matches!(error, Unreadable::Io(_)));
            assert_eq!(error.to_string(), "the disk is broken");
        }
        assert_eq!(
            Unreadable::Damaged("it is cut short").to_string(),
            "it is cut short"
        );
    }

    #[test]
    fn no_two_captchas_have_one_id() {
        let head = &example()[..PROGRAM.len() + VERSION.len() + 8];
        let twice = [
            head,
            &2_u64.to_be_bytes(),
            &example_record(),
            &example_record(),
        ]
        .concat();
        assert_eq!(refusal(&summed(&twice)), "a captcha in it cannot be");
    }

    #[test]
    fn an_output_that_is_full_is_an_error() {
        let (store, now) = store(SETTINGS);
        store.insert(solution("a"), line(0), now);
        let mut room = [0; 60];
        let full = store.write_state(&mut room[..], now, written_at());
        assert_eq!(full.unwrap_err().kind(), ErrorKind::WriteZero);
    }

    /// Text, line, wrong answers and milliseconds left of some captchas.
    fn captchas() -> impl Strategy<Value = Vec<(String, u16, u16, u64)>> {
        vec(
            ("[ -~]{1,15}", 0..4096_u16, 0..3_u16, 1..=600_000_u64),
            0..20,
        )
    }

    /// A store with these captchas, their ids, and its time.
    fn filled(captchas: &[(String, u16, u16, u64)]) -> (Memory, Vec<Id>, Instant) {
        let (store, now) = store(SETTINGS);
        let ids = captchas.iter().map(|(text, number, wrong, left)| {
            let id = store.insert(
                solution(text),
                line(*number),
                now + Duration::from_millis(*left),
            );
            for _ in 0..*wrong {
                store.judge(id, "", now + TTL);
            }
            id
        });
        let ids = ids.collect();
        (store, ids, now + TTL)
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_writing(captchas in captchas()) {
            let (store, ids, now) = filled(&captchas);
            let bytes = written(&store, now);
            let (store, now, restored) = read(&bytes, SETTINGS, Duration::ZERO);
            prop_assert_eq!(restored.alive, captchas.len());
            prop_assert_eq!(&written(&store, now), &bytes);
            let (store, now, _) = read(&bytes, SETTINGS, Duration::ZERO);
            for (id, (text, _, wrong, millis)) in iter::zip(ids, captchas) {
                let last = now + Duration::from_millis(millis - 1);
                let left = 3 - wrong - 1;
                if 0 < left {
                    prop_assert_eq!(store.judge(id, "", last), Verdict::Wrong { attempts_left: left });
                }
                prop_assert_eq!(store.judge(id, &text, last), Verdict::Right);
            }
        }

        #[test]
        fn whatever_is_cut_off_is_missed(captchas in captchas(), at in any::<Index>()) {
            let (store, _, now) = filled(&captchas);
            let bytes = written(&store, now);
            refusal(&bytes[..at.index(bytes.len())]);
        }

        #[test]
        fn a_byte_that_is_another_is_seen(
            captchas in captchas(),
            at in any::<Index>(),
            change in 1..=u8::MAX,
        ) {
            let (store, _, now) = filled(&captchas);
            let mut bytes = written(&store, now);
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            refusal(&bytes);
        }

        #[test]
        fn no_bytes_do_harm(records in vec(vec(any::<u8>(), RECORD_BYTES), 0..4), count in any::<u8>()) {
            let head = &example()[..PROGRAM.len() + VERSION.len() + 8];
            let bytes = [head, &u64::from(count).to_be_bytes(), &records.concat()].concat();
            let _ = store(SETTINGS).0.with_state(&summed(&bytes)[..], written_at());
        }
    }
}
