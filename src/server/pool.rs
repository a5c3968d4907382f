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
    /// Those that take no time to speak of: they go first, and hold up the others as little.
    quick: VecDeque<Tagged<Request>>,
    slow: VecDeque<Tagged<Request>>,
    closed: bool,
}

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
    pub(super) fn submit(&self, token: usize, request: Request, is_quick: bool) {
        let mut jobs = lock(&self.shared.jobs);
        let queue = if is_quick {
            &mut jobs.quick
        } else {
            &mut jobs.slow
        };
        queue.push_back((token, request));
        mem::drop(jobs);
        self.shared.available.notify_one();
    }

    /// Takes a request back, if no worker has it yet; returns whether that was so.
    pub(super) fn cancel(&self, token: usize) -> bool {
        let mut jobs = lock(&self.shared.jobs);
        let jobs = &mut *jobs;
        [&mut jobs.quick, &mut jobs.slow].into_iter().any(|queue| {
            let place = queue.iter().position(|(known, _)| *known == token);
            place.and_then(|place| queue.remove(place)).is_some()
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
                jobs.quick.is_empty() && jobs.slow.is_empty() && !jobs.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        jobs.quick.pop_front().or_else(|| jobs.slow.pop_front())
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
            pool.submit(token, request(path), *path == "/quick");
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
    fn quick_requests_go_first_and_cancelled_ones_not_at_all() {
        let service = Arc::new(Service {
            meeting: Barrier::new(2),
        });
        let (pool, _woken) = Pool::start(1, &service).unwrap();
        // Keeps the only worker busy until this thread comes to the meeting.
        pool.submit(0, request("/meet"), true);
        while !lock(&pool.shared.jobs).quick.is_empty() {
            thread::yield_now();
        }
        for (token, is_quick) in [(1, false), (2, true), (3, false), (4, true)] {
            pool.submit(token, request("/"), is_quick);
        }
        assert_eq!(
            [0, 1, 2, 2].map(|token| pool.cancel(token)),
            [false, true, true, false]
        );
        service.meeting.wait();
        let mut answers = Vec::new();
        while answers.len() < 3 {
            answers.append(&mut pool.take_answers());
            thread::yield_now();
        }
        let order: Vec<usize> = answers.into_iter().map(|(token, _)| token).collect();
        assert_eq!(order, [0, 4, 3]);
    }

    #[test]
    fn a_panic_is_answered_and_the_pool_stays_whole() {
        let paths = ["/panic", "/", "/panic", "/panic", "/meet", "/meet"];
        assert_eq!(statuses(2, &paths), [500, 200, 500, 500, 200, 200]);
    }
}
