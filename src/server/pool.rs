//! A fixed number of threads that answer complete requests. Knows no sockets: a request comes with a
//! token, and the response goes back with the same token.
//!
//! The queue needs no limit of its own: a connection has at most one request here at a time.

use std::io;
use std::mem;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::queue::{Queue, Rank};
use super::{Figures, Handler, Request, Worker};
use crate::http::Response;

/// Stack of a worker: its deepest work, JSON nested to the limit and the PNG encoder, takes a small
/// part of it.
const STACK_BYTES: usize = 512 * 1024;

/// The running threads; they end when this is dropped.
pub(super) struct Pool<R> {
    shared: Arc<Shared<R>>,
}

struct Shared<R> {
    jobs: Mutex<Jobs<R>>,
    available: Condvar,
    answers: Mutex<Vec<(u32, Response)>>,
    /// Gets a byte when the first response of a batch is ready.
    wake: UnixStream,
    figures: Arc<Figures>,
}

struct Jobs<R> {
    queue: Queue<Job<R>>,
    closed: bool,
}

/// A request, and what it asks for.
pub(super) struct Job<R> {
    pub(super) request: Request,
    pub(super) route: R,
}

impl<R: Copy + Send + 'static> Pool<R> {
    /// Starts `threads` workers, and returns with them the socket that becomes readable when there
    /// are answers to take.
    ///
    /// # Errors
    ///
    /// If the system has no thread or descriptor left.
    pub(super) fn start<H: Handler<Route = R>>(
        threads: usize,
        handler: &Arc<H>,
        figures: Arc<Figures>,
    ) -> io::Result<(Self, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            jobs: Mutex::new(Jobs {
                queue: Queue::new(),
                closed: false,
            }),
            available: Condvar::new(),
            answers: Mutex::default(),
            wake,
            figures,
        });
        // Made first, so that workers end if a later thread fails to start.
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

    /// Queues a request for a free worker. None of this token is with the pool.
    pub(super) fn submit(&self, token: u32, job: Job<R>, rank: Rank) {
        let mut jobs = lock(&self.shared.jobs);
        jobs.queue.push(token, job, rank);
        self.shared.figures.set_waiting(jobs.queue.len());
        mem::drop(jobs);
        self.shared.available.notify_one();
    }

    /// Takes a request back, if no worker has it yet; returns whether that was so.
    pub(super) fn cancel(&self, token: u32) -> bool {
        let mut jobs = lock(&self.shared.jobs);
        let is_cancelled = jobs.queue.cancel(token);
        self.shared.figures.set_waiting(jobs.queue.len());
        is_cancelled
    }

    /// Takes the answers that are ready.
    pub(super) fn take_answers(&self) -> Vec<(u32, Response)> {
        mem::take(&mut lock(&self.shared.answers))
    }
}

impl<R> Drop for Pool<R> {
    /// Ends the threads as soon as nothing is queued, and does not wait for them.
    fn drop(&mut self) {
        lock(&self.shared.jobs).closed = true;
        self.shared.available.notify_all();
    }
}

impl<R: Copy> Shared<R> {
    fn work<H: Handler<Route = R>>(&self, handler: &Arc<H>) {
        let mut worker = handler.worker();
        while let Some((token, job)) = self.next_job() {
            // The worker's buffers may be in any state after a panic: they are made again.
            let Job { request, route } = &job;
            let answer = catch_unwind(AssertUnwindSafe(|| worker.answer(request, *route)));
            let answer = answer.unwrap_or_else(|_| {
                worker = handler.worker();
                handler.fail(request, *route)
            });
            self.hand_back(token, answer);
        }
    }

    fn next_job(&self) -> Option<(u32, Job<R>)> {
        let jobs = lock(&self.jobs);
        let mut jobs = self
            .available
            .wait_while(jobs, |jobs| jobs.queue.len() == 0 && !jobs.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let job = jobs.queue.pop();
        self.figures.set_waiting(jobs.queue.len());
        job
    }

    fn hand_back(&self, token: u32, answer: Response) {
        let mut answers = lock(&self.answers);
        let is_first = answers.is_empty();
        answers.push((token, answer));
        mem::drop(answers);
        if is_first {
            // An error means that unread bytes fill the buffer, and these wake the loop too.
            let _ = io::Write::write(&mut &self.wake, b"!");
        }
    }
}

/// Nothing panics while one of these locks is held, so a poisoned lock can be used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::FIRST;
    use crate::http::{HeadParser, Limits, Progress, Status};
    use crate::server::{Cost, Refusal, Routed};
    use crate::sys::{self, Interest, PollFd};
    use std::collections::BTreeMap;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    /// Answers each path with its own status; one path makes it panic.
    struct Service {
        /// Met by all requests for `/meet`.
        meeting: Barrier,
        /// Workers that were made.
        workers: AtomicUsize,
        /// When the requests were received that a worker has failed at.
        failed: Mutex<Vec<Instant>>,
    }

    struct ServiceWorker(Arc<Service>);

    const COSTLY: Rank = Rank {
        line: FIRST,
        cost: Cost::Usual,
        is_pipelined: false,
    };

    impl Handler for Service {
        type Route = ();
        type Worker = ServiceWorker;

        fn worker(self: &Arc<Self>) -> ServiceWorker {
            self.workers.fetch_add(1, Ordering::Relaxed);
            ServiceWorker(Arc::clone(self))
        }

        fn route(&self, _: &Request) -> Routed<()> {
            unreachable!("the event loop asks this")
        }

        fn refuse(&self, _: &Refusal) -> Response {
            unreachable!("the event loop asks this")
        }

        fn fail(&self, request: &Request, (): ()) -> Response {
            lock(&self.failed).push(request.received);
            Response::new(Status::InternalServerError)
        }
    }

    impl Worker for ServiceWorker {
        type Route = ();

        fn answer(&mut self, request: &Request, (): ()) -> Response {
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

    fn job(path: &str) -> Job<()> {
        let request = request(path);
        Job { request, route: () }
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
            line: FIRST,
            listener: 0,
            is_pipelined: false,
            received: Instant::now(),
        }
    }

    /// A service at which so many requests for `/meet` have to be worked on at once.
    fn service(meeting: usize) -> Arc<Service> {
        Arc::new(Service {
            meeting: Barrier::new(meeting),
            workers: AtomicUsize::default(),
            failed: Mutex::default(),
        })
    }

    /// The statuses of the answers to `paths`, from a pool of `threads`.
    fn statuses(threads: usize, paths: &[&str]) -> Vec<u16> {
        let service = service(threads);
        let (pool, woken) = Pool::start(threads, &service, Arc::default()).unwrap();
        for (token, path) in (0..).zip(paths) {
            pool.submit(token, job(path), COSTLY);
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
        let by_token: BTreeMap<u32, u16> = answers
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
    fn requests_wait_and_are_counted_until_they_are_taken_or_cancelled() {
        let service = service(2);
        let figures = Arc::<Figures>::default();
        let (pool, _woken) = Pool::start(1, &service, Arc::clone(&figures)).unwrap();
        // Keeps the only worker busy until this thread comes to the meeting.
        pool.submit(0, job("/meet"), COSTLY);
        while 0 < figures.waiting() {
            thread::yield_now();
        }
        for token in 1..=4 {
            let cost = if token == 4 { Cost::Cheap } else { COSTLY.cost };
            pool.submit(token, job("/"), Rank { cost, ..COSTLY });
        }
        assert_eq!(figures.waiting(), 4);
        assert_eq!(
            [0, 2, 2].map(|token| pool.cancel(token)),
            [false, true, false]
        );
        assert_eq!(figures.waiting(), 3);
        service.meeting.wait();
        let mut answers = Vec::new();
        while answers.len() < 4 {
            answers.append(&mut pool.take_answers());
            thread::yield_now();
        }
        let order: Vec<u32> = answers.into_iter().map(|(token, _)| token).collect();
        assert_eq!(order, [0, 4, 1, 3]);
        assert_eq!(figures.waiting(), 0);
    }

    #[test]
    fn a_request_that_a_worker_fails_at_is_timed_from_when_it_was_received() {
        let service = service(1);
        let (pool, _woken) = Pool::start(1, &service, Arc::default()).unwrap();
        let job = job("/panic");
        let received = job.request.received;
        pool.submit(0, job, COSTLY);
        while pool.take_answers().is_empty() {
            thread::yield_now();
        }
        assert_eq!(*lock(&service.failed), [received]);
    }

    /// Its buffers may be in any state.
    #[test]
    fn a_worker_is_replaced_after_a_panic() {
        let service = service(1);
        let (pool, _woken) = Pool::start(1, &service, Arc::default()).unwrap();
        for (path, made) in [("/", 1), ("/panic", 2), ("/", 2), ("/panic", 3)] {
            pool.submit(0, job(path), COSTLY);
            while pool.take_answers().is_empty() {
                thread::yield_now();
            }
            assert_eq!(service.workers.load(Ordering::Relaxed), made, "{path}");
        }
    }

    #[test]
    fn workers_end_with_their_pool() {
        let service = service(1);
        let (pool, _woken) = Pool::start(2, &service, Arc::default()).unwrap();
        let workers = || Arc::strong_count(&service) - 1;
        assert_ne!(workers(), 0);
        drop(pool);
        let end = Instant::now() + Duration::from_secs(10);
        while 0 < workers() {
            assert!(Instant::now() < end, "{} still work", workers());
            thread::yield_now();
        }
    }

    #[test]
    fn a_panic_is_answered_and_the_pool_stays_whole() {
        let paths = ["/panic", "/", "/panic", "/panic", "/meet", "/meet"];
        assert_eq!(statuses(2, &paths), [500, 200, 500, 500, 200, 200]);
    }
}
