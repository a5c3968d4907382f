//! The rules of a captcha's life, in one table that both stores must obey.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minicap::fair::{Client, Line, Lines};
use minicap::log::{Level, Log};
use minicap::store::memory::{self, Memory};
use minicap::store::valkey::{self, Address, Place};
use minicap::store::{Handle, Id, Solution, Store, Verdict};

use super::valkey::Valkey;

/// Long enough for a busy machine to check an answer within it.
const TTL: Duration = Duration::from_secs(2);
const ATTEMPTS: u16 = 3;

/// What happens to a captcha whose text is `aB3`, in turn.
enum Step {
    /// An answer, and its verdict.
    Answer(&'static str, Verdict),
    /// This part of its lifetime passes.
    Wait(f64),
}

use Step::{Answer, Wait};
use Verdict::{Right, Unknown};

const fn wrong(attempts_left: u16) -> Verdict {
    Verdict::Wrong { attempts_left }
}

/// Captchas and what happens to each.
const TABLE: &[&[Step]] = &[
    &[Answer("aB3", Right), Answer("aB3", Unknown)],
    &[Answer("AB3", Right)],
    &[Answer("ab3", Right)],
    &[
        Answer("x", wrong(2)),
        Answer("aB3", Right),
        Answer("x", Unknown),
    ],
    &[
        Answer("x", wrong(2)),
        Answer("x", wrong(1)),
        Answer("aB3", Right),
    ],
    &[
        Answer("x", wrong(2)),
        Answer("x", wrong(1)),
        Answer("x", wrong(0)),
        Answer("aB3", Unknown),
    ],
    &[Answer("", wrong(2)), Answer("aB3", Right)],
    &[
        Answer("aB", wrong(2)),
        Answer("aB33", wrong(1)),
        Answer("aB3", Right),
    ],
    &[
        Answer(" aB3", wrong(2)),
        Answer("aB3 ", wrong(1)),
        Answer("aB3\n", wrong(0)),
    ],
    &[
        Answer("aB3\0", wrong(2)),
        Answer("\0aB3", wrong(1)),
        Answer("3 aB3", wrong(0)),
    ],
    &[
        Answer("1 aB3", wrong(2)),
        Answer("ａB3", wrong(1)),
        Answer("é🦀", wrong(0)),
    ],
    &[
        Answer("aB3aB3aB3aB3aB3", wrong(2)),
        Answer("aB3aB3aB3aB3aB3aB3", wrong(1)),
    ],
    &[Answer("\r\n$3\r\naB3\r\n", wrong(2)), Answer("aB3", Right)],
    &[Wait(0.4), Answer("aB3", Right)],
    &[Wait(1.1), Answer("aB3", Unknown)],
    // A wrong answer does not lengthen a life.
    &[
        Wait(0.5),
        Answer("x", wrong(2)),
        Wait(0.6),
        Answer("aB3", Unknown),
    ],
];

/// Runs the table on a store. `pass` lets time pass and returns the time after that.
fn check(mut store: Handle, pass: impl Fn(Duration) -> Instant) {
    let line = line();
    let text = Solution::new("aB3").unwrap();
    for (row, steps) in TABLE.iter().enumerate() {
        let mut now = pass(Duration::ZERO);
        let id = store.insert(text, line, now).unwrap();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Answer(answer, verdict) => {
                    let found = store.judge(id, answer, pass(Duration::ZERO));
                    assert_eq!(found, Ok(*verdict), "row {row}, step {number}, {answer:?}");
                }
                Wait(share) => now = pass(TTL.mul_f64(*share)),
            }
        }
        assert_eq!(store.judge(Id::random(), "aB3", now), Ok(Unknown));
    }
    assert_eq!(store.check(pass(Duration::ZERO)), Ok(()));
}

fn line() -> Line {
    Lines::default().of(Client::V4([127, 0, 0, 1]))
}

#[test]
fn hold_in_memory() {
    let begun = Instant::now();
    let settings = memory::Settings {
        ttl: TTL,
        attempts: ATTEMPTS,
        capacity: 100,
    };
    let memory = Memory::new(settings, begun).unwrap();
    let clock = Cell::new(begun);
    check(Store::Memory(Arc::new(memory)).handle(), |time| {
        clock.set(clock.get() + time);
        clock.get()
    });
}

#[test]
fn hold_on_a_server() {
    let Some(server) = Valkey::start(&[]) else {
        return;
    };
    let place = Place::Tcp {
        host: "localhost".into(),
        port: server.address.port(),
    };
    for place in [place, Place::Unix(server.socket())] {
        let settings = valkey::Settings {
            address: Address {
                place,
                user: None,
                password: None,
                database: 3,
            },
            timeout: Duration::from_secs(10),
            ttl: TTL,
            attempts: ATTEMPTS,
        };
        let log = Log::start(Level::Off).unwrap();
        let store = Store::Valkey(Arc::new(minicap::store::Valkey::new(settings, log)));
        check(store.handle(), |time| {
            thread::sleep(time);
            Instant::now()
        });
    }
}
