//! Visitors who answer captchas without a pause, and check every response.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{ops, thread};

use crate::support::{Client, GENERATE, PATIENCE, TEXT, validate};

/// How many visitors there are at a time.
const VISITORS: usize = 4;

/// The responses that visitors got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// New captchas.
    pub(crate) captchas: usize,
    /// Right answers that got a 200.
    pub(crate) right: usize,
    /// Wrong answers that got a 400.
    pub(crate) wrong: usize,
    /// Captchas that were unknown, although no request about them had failed before.
    pub(crate) lost: usize,
    /// Requests that got a 503.
    pub(crate) unavailable: usize,
    /// The longest time until a response.
    pub(crate) longest: Duration,
}

impl ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.captchas += other.captchas;
        self.right += other.right;
        self.wrong += other.wrong;
        self.lost += other.lost;
        self.unavailable += other.unavailable;
        self.longest = self.longest.max(other.longest);
    }
}

/// Runs visitors against a service while `happen` runs. No verdict may be wrong.
pub(crate) fn during(service: SocketAddr, happen: impl FnOnce()) -> Tally {
    let is_over = AtomicBool::new(false);
    let mut all = Tally::default();
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS)
            .map(|_| scope.spawn(|| visit(service, &is_over)))
            .collect();
        happen();
        is_over.store(true, Ordering::Relaxed);
        for visitor in visitors {
            all += visitor.join().unwrap();
        }
    });
    println!("{all:?}");
    all
}

fn visit(service: SocketAddr, is_over: &AtomicBool) -> Tally {
    let mut tally = Tally::default();
    let mut client = Client::connect(service);
    while !is_over.load(Ordering::Relaxed) {
        let Some(id) = tally.captcha(&mut client) else {
            thread::sleep(Duration::from_millis(2));
            continue;
        };
        tally.captchas += 1;
        // Whether every request about it got a verdict: a request that failed may have counted.
        let mut is_known = true;
        let mut is_alive = true;
        for text in ["wrong", TEXT, TEXT] {
            let status = tally.ask(&mut client, &validate(&id, text)).0;
            match (text == TEXT, status) {
                (false, 400) => tally.wrong += 1,
                (true, 200) if is_alive => {
                    tally.right += 1;
                    is_alive = false;
                }
                (_, 503) => is_known = false,
                (_, 404) => {
                    tally.lost += usize::from(is_known && is_alive);
                    is_alive = false;
                }
                _ => panic!("{text:?} of {id} is {status}, alive: {is_alive}"),
            }
        }
    }
    tally
}

impl Tally {
    fn captcha(&mut self, client: &mut Client) -> Option<String> {
        match self.ask(client, GENERATE) {
            (200, id) => id,
            (503, _) => None,
            (other, _) => panic!("{other}"),
        }
    }

    /// The status of a response, and the captcha that it is about.
    fn ask(&mut self, client: &mut Client, request: &str) -> (u16, Option<String>) {
        let begun = Instant::now();
        client.send(request);
        let answer = client.answer();
        self.longest = self.longest.max(begun.elapsed());
        if answer.status == 503 {
            self.unavailable += 1;
            assert_eq!(answer.field("Retry-After"), Some("1"));
            assert_eq!(answer.text(), r#"{"detail":"The store is unavailable"}"#);
        }
        (answer.status, answer.field("captcha-id").map(str::to_owned))
    }
}

/// Waits until a service makes captchas, and returns how long that took.
pub(crate) fn until_served(service: SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut client = Client::connect(service);
    loop {
        client.send(GENERATE);
        if client.answer().status == 200 {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "the service does not come back");
        thread::sleep(Duration::from_millis(5));
    }
}
