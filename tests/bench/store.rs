//! The time of each operation of a full store, by its number of captchas, ten for each client.
//! `tests/load/growth.py` counts instructions instead.

use std::cell::Cell;
use std::time::{Duration, Instant};

use divan::Bencher;
use minicap::fair::{Client, Line, Lines};
use minicap::store::memory::{Memory, Settings};
use minicap::store::{Id, Solution, Verdict};

const ALIVE: [usize; 2] = [1_000, 1_000_000];
/// The time between two captchas.
const TICK: Duration = Duration::from_micros(1);

fn main() {
    divan::main();
}

/// A full store in which a captcha expires with every tick.
struct Full {
    store: Memory,
    solution: Solution,
    lines: Vec<Line>,
    ids: Vec<Id>,
    now: Cell<Instant>,
    turn: Cell<usize>,
}

impl Full {
    fn new(alive: usize) -> Self {
        let begin = Instant::now();
        let ttl = TICK * u32::try_from(alive).expect("some millions");
        let settings = Settings {
            ttl,
            attempts: u16::MAX,
            capacity: alive,
        };
        let lines = Lines::default();
        let clients = u32::try_from(alive / 10).expect("some hundred thousands");
        let lines = (0..clients)
            .map(|address| lines.of(Client::V4(address.to_be_bytes())))
            .collect();
        let mut full = Full {
            store: Memory::new(settings, begin).expect("there is memory"),
            solution: Solution::new("aB3xY7").expect("it is short"),
            lines,
            ids: Vec::new(),
            now: Cell::new(begin),
            turn: Cell::new(0),
        };
        full.ids = (0..alive).map(|_| full.insert()).collect();
        full
    }

    fn next<T: Copy>(&self, from: &[T]) -> T {
        let turn = self.turn.get();
        self.turn.set(turn + 1);
        // A large prime: not in the order in which they were made.
        from[turn.wrapping_mul(7_919) % from.len()]
    }

    fn insert(&self) -> Id {
        self.now.set(self.now.get() + TICK);
        let line = self.next(&self.lines);
        self.store.insert(self.solution, line, self.now.get())
    }
}

/// A new captcha that evicts another.
#[divan::bench(args = ALIVE)]
fn insert(bencher: Bencher, alive: usize) {
    let full = Full::new(alive);
    bencher.bench_local(|| full.insert());
}

/// A wrong answer.
#[divan::bench(args = ALIVE)]
fn judge(bencher: Bencher, alive: usize) {
    let full = Full::new(alive);
    bencher.bench_local(|| {
        let verdict = full
            .store
            .judge(full.next(&full.ids), "aB3xY8", full.now.get());
        assert!(matches!(verdict, Verdict::Wrong { .. }));
    });
}

/// A captcha that expires, and a new one.
#[divan::bench(args = ALIVE)]
fn expire_and_insert(bencher: Bencher, alive: usize) {
    let full = Full::new(alive);
    bencher.bench_local(|| {
        let then = full.now.get() + TICK;
        assert_eq!(full.store.reap(1, then), 1);
        full.insert()
    });
}
