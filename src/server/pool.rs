//! A fixed number of threads that answer complete requests. Knows no socket: a job comes with a
//! token, and the answer goes back under the same token.
//!
//! The queue needs no bound of its own: a connection has at most one request here at a time.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Handler, Refusal, Request, Worker};
use crate::http::{Response, Status};

/// Stack of a worker: its deepest work, JSON nested to the limit and the PNG encoder, takes a small
/// part of it.
const STACK_BYTES: usize = 512 * 1024;

/// A request on its way to a worker, or an answer on its way back.
type Tagged<T> = (usize, T);

/// The running threads; they end when this is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    jobs: Mutex<Jobs>,
    available: Condvar,
    answers: Mutex<Vec<Tagged<Response>>>,
    /// A byte goes here when the first answer of a batch is ready.
    wake: UnixStream,
}

#[derive(Default)]
struct Jobs {
    /// By [`Lane`].
    lanes: [VecDeque<Tagged<Request>>; 3],
    /// How often a request that is not quick was looked for.
    turns: usize,
    closed: bool,
}

/// Where a request waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// For those that take no time to speak of: they go first, and hold up the others as little.
    Quick,
    /// For those whose client waits for the answer.
    Slow,
    /// For those of clients that send many and wait for no answer. Else whoever sends hundreds and
    /// takes none would have most of the workers' time.
    Pipelined,
}

/// Of so many turns one is for the pipelined requests, so that they are late and not never.
const PIPELINED_TURN: usize = 16;

impl Pool {
    /// Starts `threads` workers, and returns with them the socket that becomes readable when there
    /// are answers to take.
    ///
    /// # Errors
    ///
    /// If the system has no thread or descriptor left.
    pub(super) fn start<H: Handler>(
        threads: usize,
        handler: &Arc<H>,
    ) -> io::Result<(Self, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            jobs: Mutex::default(),
            available: Condvar::new(),
            answers: Mutex::default(),
            wake,
        });
        // Made first, so that workers are told to end should a later thread fail to start.
        let pool = Pool { shared };
        for number in 0..threads {
            let (shared, handler) = (Arc::clone(&pool.shared), Arc::clone(handler));
            thread::Builder::new()
                .name(format!("worker {number}"))
                .stack_size(STACK_BYTES)
                .spawn(move || shared.work(&handler))?;
        }
        Ok((pool, woken))
    }

    /// Queues a request for the next free worker.
    pub(super) fn submit(&self, token: usize, request: Request, lane: Lane) {
        lock(&self.shared.jobs).lanes[lane as usize].push_back((token, request));
        self.shared.available.notify_one();
    }

    /// Takes a request back, if no worker has it yet; returns whether that was so.
    pub(super) fn cancel(&self, token: usize) -> bool {
        lock(&self.shared.jobs).lanes.iter_mut().any(|lane| {
            let place = lane.iter().position(|(known, _)| *known == token);
            place.and_then(|place| lane.remove(place)).is_some()
        })
    }

    /// Takes the answers that are ready.
    pub(super) fn take_answers(&self) -> Vec<Tagged<Response>> {
        mem::take(&mut lock(&self.shared.answers))
    }
}

impl Drop for Pool {
    /// Tells the threads to end when nothing is queued, and does not wait for them.
    fn drop(&mut self) {
        lock(&self.shared.jobs).closed = true;
        self.shared.available.notify_all();
    }
}

impl Jobs {
    fn next(&mut self) -> Option<Tagged<Request>> {
        let [quick, slow, pipelined] = &mut self.lanes;
        quick.pop_front().or_else(|| {
            self.turns = self.turns.wrapping_add(1);
            if self.turns.is_multiple_of(PIPELINED_TURN) {
                pipelined.pop_front().or_else(|| slow.pop_front())
            } else {
                slow.pop_front().or_else(|| pipelined.pop_front())
            }
        })
    }
}

impl Shared {
    fn work<H: Handler>(&self, handler: &Arc<H>) {
        let mut worker = handler.worker();
        while let Some((token, request)) = self.next_job() {
            // The worker's buffers may be in any state after a panic: they are made anew.
            let answer = catch_unwind(AssertUnwindSafe(|| worker.answer(&request)));
            let answer = answer.unwrap_or_else(|_| {
                worker = handler.worker();
                handler.refuse(&Refusal {
                    status: Status::InternalServerError,
                    reason: "internal error",
                    head: Some(request.head),
                })
            });
            self.hand_back(token, answer);
        }
    }

    fn next_job(&self) -> Option<Tagged<Request>> {
        let jobs = lock(&self.jobs);
        let mut jobs = self
            .available
            .wait_while(jobs, |jobs| {
                jobs.lanes.iter().all(VecDeque::is_empty) && !jobs.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        jobs.next()
    }

    fn hand_back(&self, token: usize, answer: Response) {
        let mut answers = lock(&self.answers);
        let is_first = answers.is_empty();
        answers.push((token, answer));
        mem::drop(answers);
        if is_first {
            // Fails only when unread bytes fill the socket's buffer, which wake as well.
            let _ = io::Write::write(&mut &self.wake, b"!");
        }
    }
}

/// Nothing panics while one of these locks is held, so a mark of poison says nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Head, HeadParser, Limits, Progress};
    use crate::sys::{self, Interest, PollFd};
    use std::collections::BTreeMap;
    use std::sync::Barrier;
    use std::time::{Duration, Instant};

    /// Answers a path with a status of its own, and fails where it is told to.
    struct Service {
        /// Met by all requests for `/meet`.
        meeting: Barrier,
    }

    struct ServiceWorker(Arc<Service>);

    impl Handler for Service {
        type Worker = ServiceWorker;

        fn worker(self: &Arc<Self>) -> ServiceWorker {
            ServiceWorker(Arc::clone(self))
        }

        fn is_quick(&self, _: &Head) -> bool {
            unreachable!("the event loop asks this")
        }

        fn refuse(&self, refusal: &Refusal) -> Response {
            Response::new(refusal.status)
        }
    }

    impl Worker for ServiceWorker {
        fn answer(&mut self, request: &Request) -> Response {
            match request.head.target.path.as_slice() {
                b"/meet" => {
                    self.0.meeting.wait();
                }
                b"/panic" => panic!("as asked"),
                _ => {}
            }
            Response::new(Status::Ok)
        }
    }

    fn request(path: &str) -> Request {
        let text = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let parsed = HeadParser::default().advance(text.as_bytes(), &Limits::DEFAULT);
        let Ok(Progress::Complete(head, _)) = parsed else {
            panic!("{parsed:?}")
        };
        Request {
            head,
            body: Vec::new(),
            is_pipelined: false,
            received: Instant::now(),
        }
    }

    /// The statuses of the answers to `paths`, from a pool of `threads`.
    fn statuses(threads: usize, paths: &[&str]) -> Vec<u16> {
        let service = Arc::new(Service {
            meeting: Barrier::new(threads),
        });
        let (pool, woken) = Pool::start(threads, &service).unwrap();
        for (token, path) in paths.iter().enumerate() {
            pool.submit(token, request(path), Lane::Slow);
        }
        let mut answers = Vec::new();
        while answers.len() < paths.len() {
            let mut fds = [PollFd::new(
                &woken,
                Interest {
                    read: true,
                    write: false,
                },
            )];
            let ready = sys::wait(&mut fds, Some(Duration::from_secs(30))).unwrap();
            assert_eq!(ready, 1, "no answer came");
            let _ = io::Read::read(&mut &woken, &mut [0; 64]);
            answers.append(&mut pool.take_answers());
        }
        let by_token: BTreeMap<usize, u16> = answers
            .iter()
            .map(|(token, answer)| (*token, answer.status.code()))
            .collect();
        by_token.into_values().collect()
    }

    #[test]
    fn every_worker_works() {
        // Each waits for the others: with fewer than four at work none would return.
        assert_eq!(statuses(4, &["/meet"; 8]), [200; 8]);
    }

    #[test]
    fn requests_take_their_turns_by_lane_and_cancelled_ones_none() {
        let service = Arc::new(Service {
            meeting: Barrier::new(2),
        });
        let (pool, _woken) = Pool::start(1, &service).unwrap();
        // Keeps the only worker busy until this thread comes to the meeting.
        pool.submit(0, request("/meet"), Lane::Quick);
        while !lock(&pool.shared.jobs).lanes.iter().all(VecDeque::is_empty) {
            thread::yield_now();
        }
        let lanes = [Lane::Pipelined, Lane::Slow, Lane::Quick];
        for token in 1..=60 {
            pool.submit(token, request("/"), lanes[token % 3]);
        }
        assert_eq!(
            [0, 1, 2, 3, 3].map(|token| pool.cancel(token)),
            [false, true, true, true, false]
        );
        service.meeting.wait();
        let mut answers = Vec::new();
        while answers.len() < 58 {
            answers.append(&mut pool.take_answers());
            thread::yield_now();
        }
        let order: Vec<usize> = answers.into_iter().map(|(token, _)| token).collect();
        // The worker's sixteenth turn, and no other, is for a pipelined request while slow ones wait.
        let [pipelined, slow, quick] = [0, 1, 2].map(|lane| {
            let tokens = (4..=60).filter(move |token| token % 3 == lane);
            tokens.collect::<Vec<usize>>()
        });
        let expected = [
            &[0],
            &quick[..],
            &slow[..15],
            &pipelined[..1],
            &slow[15..],
            &pipelined[1..],
        ]
        .concat();
        assert_eq!(order, expected);
    }

    #[test]
    fn a_panic_is_answered_and_the_pool_stays_whole() {
        let paths = ["/panic", "/", "/panic", "/panic", "/meet", "/meet"];
        assert_eq!(statuses(2, &paths), [500, 200, 500, 500, 200, 200]);
    }
}
