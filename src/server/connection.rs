//! A connection as a state machine: it gets bytes and the time, and returns what to do next.
//! Knows neither sockets nor clocks, clients or routes.
//!
//! A connection reads a request, waits for the response, sends it, and starts again. Requests that
//! arrive earlier stay unread in the kernel, or in the input buffer if they came with the bytes of
//! another. So responses have the order of the requests, and a client cannot make requests pile up.
//! What one request holds in memory is bounded by [`Limits`]: a head of 16 KiB, a body of 16 KiB, and
//! one read of 16 KiB beyond them.

use std::borrow::Cow;
use std::io::IoSlice;
use std::mem;
use std::time::{Duration, Instant};

use super::{Refusal, Timeouts};
use crate::http::{
    BodyDecoder, CONTINUE, Error, Head, HeadParser, Hop, Limits, Method, Progress, Response,
    Status, Version,
};
use crate::sys::Interest;

/// Input buffers larger than this are given back between requests: most requests fit, and a
/// thousand idle connections then hold four megabytes at most.
const INPUT_BYTES_KEPT: usize = 4096;

/// Most bytes that a client may send after the response to a rejected request, before the connection
/// is cut. Enough for the rest of a request that was only too large.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// How long a connection is new. A request usually follows its connection at once; the time is for
/// peers on a busy machine.
const NEW_FOR: Duration = Duration::from_millis(500);

/// What to do next for a connection.
pub enum Step {
    /// Nothing, until there are bytes to receive, room for output, or the deadline has passed.
    Wait,
    /// Get a response to this request.
    Answer(Message),
    /// Get a response to a rejected request; the connection closes after it.
    Refuse(Refusal),
    /// Tell the peer that nothing more will be sent.
    HalfClose,
    /// Close the connection, for this reason.
    Close(Reason),
}

/// A complete request, as it came.
#[derive(Debug)]
pub struct Message {
    /// Request line and fields.
    pub head: Head,
    /// The whole body, its transfer coding undone.
    pub body: Vec<u8>,
    /// As in [`Request`](super::Request).
    pub is_pipelined: bool,
    /// When its last byte was read.
    pub received: Instant,
}

/// Why a connection was closed. The event loop decides `Limit`, `Exhausted` and `Lost`, and the
/// connection itself the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It ended normally: the client closed it, or the last response was sent.
    Done,
    /// No request began in time.
    Idle,
    /// A head did not arrive in time.
    Head,
    /// A body did not arrive in time.
    Body,
    /// The client took nothing of a response in time.
    Write,
    /// A newer connection needed its place.
    Limit,
    /// The system had no descriptor or memory left.
    Exhausted,
    /// Its request was not valid.
    Refused,
    /// The client closed it before its response was sent.
    Lost,
    /// The server stopped.
    Stop,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Reason; 10] = [
        Reason::Done,
        Reason::Idle,
        Reason::Head,
        Reason::Body,
        Reason::Write,
        Reason::Limit,
        Reason::Exhausted,
        Reason::Refused,
        Reason::Lost,
        Reason::Stop,
    ];

    /// The reason in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Done => "done",
            Reason::Idle => "idle_timeout",
            Reason::Head => "head_timeout",
            Reason::Body => "body_timeout",
            Reason::Write => "write_timeout",
            Reason::Limit => "limit",
            Reason::Exhausted => "exhausted",
            Reason::Refused => "refused",
            Reason::Lost => "lost",
            Reason::Stop => "stop",
        }
    }
}

/// The state of one connection.
pub struct Connection<'a> {
    limits: &'a Limits,
    timeouts: &'a Timeouts,
    phase: Phase,
    /// Received, and not yet used.
    input: Vec<u8>,
    /// Whether the peer will send no more.
    input_ended: bool,
    output: Output,
    /// Since when it is the peer's turn.
    waiting_since: Instant,
    stopping: bool,
    /// Until when the connection is new; none once the peer has sent something.
    new_until: Option<Instant>,
    /// Whether the next request was there before the response to the last one was sent.
    is_pipelined: bool,
}

/// What a connection is doing. A deadline is when it stops waiting for the peer.
enum Phase {
    /// Reading a head, or waiting for its first byte.
    Head {
        parser: HeadParser,
        deadline: Instant,
    },
    /// Reading a body.
    Body {
        incoming: Box<Incoming>,
        deadline: Instant,
    },
    /// The response is being made.
    Answering(Exchange),
    /// The response is being sent.
    Sending {
        /// As in [`Exchange`].
        last: Option<Reason>,
        deadline: Instant,
    },
    /// All is sent, and the peer must be told that nothing more comes.
    Sent(Reason),
    /// Waiting for the peer's end: closing a socket with unread bytes would reset the connection,
    /// and the peer could lose the answer (RFC 9112 section 9.6).
    Draining {
        bytes_left: usize,
        deadline: Instant,
        reason: Reason,
    },
    Closed(Reason),
}

struct Incoming {
    head: Head,
    decoder: BodyDecoder,
    body: Vec<u8>,
}

/// What decides the form of the response to a request.
#[derive(Clone, Copy)]
struct Exchange {
    version: Version,
    /// The answer is to a HEAD request.
    head_only: bool,
    /// Why the connection closes after the answer, if it does.
    last: Option<Reason>,
}

/// Bytes on their way out: first `head`, then `body`.
#[derive(Default)]
struct Output {
    head: Vec<u8>,
    body: Cow<'static, [u8]>,
    sent: usize,
}

impl<'a> Connection<'a> {
    /// A connection that was accepted just now.
    #[must_use]
    pub fn new(limits: &'a Limits, timeouts: &'a Timeouts, now: Instant) -> Self {
        Connection {
            limits,
            timeouts,
            phase: Phase::Head {
                parser: HeadParser::default(),
                deadline: now + timeouts.idle,
            },
            input: Vec::new(),
            input_ended: false,
            output: Output::default(),
            waiting_since: now,
            stopping: false,
            new_until: Some(now + NEW_FOR),
            is_pipelined: false,
        }
    }

    /// What to watch the socket for.
    #[must_use]
    pub fn interest(&self) -> Interest {
        let reading = match self.phase {
            Phase::Head { .. } | Phase::Body { .. } | Phase::Draining { .. } => !self.input_ended,
            Phase::Answering(_) | Phase::Sending { .. } | Phase::Sent(_) | Phase::Closed(_) => {
                false
            }
        };
        Interest {
            read: reading,
            // A `100 Continue` that could not be sent in time is sent with the response.
            write: !self.output.is_empty() && !self.is_answering(),
        }
    }

    /// When the connection stops waiting for the peer; none while the response is being made.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Head { deadline, .. }
            | Phase::Body { deadline, .. }
            | Phase::Sending { deadline, .. }
            | Phase::Draining { deadline, .. } => Some(deadline),
            Phase::Answering(_) | Phase::Sent(_) | Phase::Closed(_) => None,
        }
    }

    /// Since when the connection waits for its peer; none while its answer is being made.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Instant> {
        (!self.is_answering()).then_some(self.waiting_since)
    }

    /// Whether a worker has its request.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        matches!(self.phase, Phase::Answering(_))
    }

    /// Whether more has come after the request that was answered last.
    #[must_use]
    pub fn has_next(&self) -> bool {
        matches!(self.phase, Phase::Head { .. }) && !self.input.is_empty()
    }

    /// Whether it was accepted a moment ago and its request has not come yet.
    #[must_use]
    pub fn is_new(&self, now: Instant) -> bool {
        !self.input_ended && self.new_until.is_some_and(|end| now < end)
    }

    /// Takes bytes that the peer sent.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.new_until = None;
        match &mut self.phase {
            Phase::Draining {
                bytes_left, reason, ..
            } => match bytes_left.checked_sub(bytes.len()) {
                Some(left) => *bytes_left = left,
                None => self.phase = Phase::Closed(*reason),
            },
            Phase::Head { deadline, .. } if self.input.is_empty() => {
                *deadline = now + self.timeouts.head;
                self.input.extend_from_slice(bytes);
            }
            _ => self.input.extend_from_slice(bytes),
        }
    }

    /// The peer will send no more.
    pub fn receive_end(&mut self) {
        self.input_ended = true;
    }

    /// Continues as far as possible with what it has received.
    pub fn advance(&mut self, now: Instant) -> Step {
        match mem::replace(&mut self.phase, Phase::Closed(Reason::Done)) {
            Phase::Head { parser, deadline } => self.advance_head(parser, deadline, now),
            Phase::Body { incoming, deadline } => self.advance_body(incoming, deadline, now),
            Phase::Sent(reason) => {
                self.phase = Phase::Draining {
                    bytes_left: DRAIN_BYTES_MAX,
                    deadline: now + self.timeouts.drain,
                    reason,
                };
                self.input = Vec::new();
                Step::HalfClose
            }
            Phase::Draining { reason, .. } if self.input_ended => self.close(reason),
            Phase::Closed(reason) => self.close(reason),
            waiting @ (Phase::Answering(_) | Phase::Sending { .. } | Phase::Draining { .. }) => {
                self.phase = waiting;
                Step::Wait
            }
        }
    }

    fn advance_head(&mut self, mut parser: HeadParser, deadline: Instant, now: Instant) -> Step {
        if self.is_last() {
            return self.close(Reason::Stop);
        }
        match parser.advance(&self.input, self.limits) {
            Ok(Progress::Complete(head, bytes)) => {
                self.input.drain(..bytes);
                self.begin_body(head, now)
            }
            Ok(Progress::Partial) => self.wait_for_input(Phase::Head { parser, deadline }),
            Err(error) => self.refuse_for(error, None, now),
        }
    }

    fn begin_body(&mut self, head: Head, now: Instant) -> Step {
        let decoder = match BodyDecoder::new(head.framing, self.limits) {
            Ok(decoder) => decoder,
            Err(error) => return self.refuse_for(error, Some(head), now),
        };
        // A client that has begun to send the body needs no invitation (RFC 9110 section 10.1.1).
        if head.expects_continue && self.input.is_empty() {
            self.output.head.extend_from_slice(CONTINUE);
        }
        let incoming = Box::new(Incoming {
            head,
            decoder,
            body: Vec::new(),
        });
        self.advance_body(incoming, now + self.timeouts.body, now)
    }

    fn advance_body(
        &mut self,
        mut incoming: Box<Incoming>,
        deadline: Instant,
        now: Instant,
    ) -> Step {
        match incoming.decoder.advance(&self.input, &mut incoming.body) {
            Ok(taken) => {
                self.input.drain(..taken.bytes);
                if !taken.finished {
                    return self.wait_for_input(Phase::Body { incoming, deadline });
                }
                let Incoming { head, body, .. } = *incoming;
                self.await_answer(Exchange::of(&head));
                Step::Answer(Message {
                    head,
                    body,
                    is_pipelined: self.is_pipelined || !self.input.is_empty(),
                    received: now,
                })
            }
            Err(error) => self.refuse_for(error, Some(incoming.head), now),
        }
    }

    /// Stays in `phase` until there is more input; closes if there will be none.
    fn wait_for_input(&mut self, phase: Phase) -> Step {
        if self.input_ended {
            return self.close(Reason::Done);
        }
        self.phase = phase;
        Step::Wait
    }

    fn close(&mut self, reason: Reason) -> Step {
        self.phase = Phase::Closed(reason);
        Step::Close(reason)
    }

    fn refuse_for(&mut self, error: Error, head: Option<Head>, now: Instant) -> Step {
        let refusal = Refusal {
            status: error.status(),
            reason: error.reason(),
            head,
            received: now,
        };
        self.refuse(refusal, Reason::Refused)
    }

    /// Has a request rejected, and closes for this reason after that.
    fn refuse(&mut self, refusal: Refusal, reason: Reason) -> Step {
        self.await_answer(Exchange {
            last: Some(reason),
            ..refusal
                .head
                .as_ref()
                .map_or(Exchange::UNKNOWN, Exchange::of)
        });
        Step::Refuse(refusal)
    }

    fn await_answer(&mut self, exchange: Exchange) {
        self.phase = Phase::Answering(exchange);
        if self.input.is_empty() && INPUT_BYTES_KEPT < self.input.capacity() {
            self.input = Vec::new();
        }
    }

    /// Takes the response to its request. `date` is the value of the `Date` field.
    pub fn respond(&mut self, response: Response, date: &str, now: Instant) {
        let Phase::Answering(exchange) = self.phase else {
            return;
        };
        let last = exchange.last.or(self.is_last().then_some(Reason::Done));
        let hop = Hop {
            version: exchange.version,
            keep_alive: last.is_none(),
        };
        response.write_head(hop, date, &mut self.output.head);
        if !exchange.head_only {
            self.output.body = response.body;
        }
        self.phase = Phase::Sending {
            last,
            deadline: now + self.timeouts.write,
        };
        self.waiting_since = now;
    }

    /// The bytes to send next, in order; all empty when there are none.
    pub fn output(&self) -> [IoSlice<'_>; 2] {
        self.output.unsent().map(IoSlice::new)
    }

    /// `bytes` of the output were sent.
    pub fn sent(&mut self, bytes: usize, now: Instant) {
        self.output.sent += bytes;
        if let Phase::Sending { last, deadline } = &mut self.phase {
            *deadline = now + self.timeouts.write;
            self.waiting_since = now;
            if self.output.is_empty() {
                match *last {
                    Some(reason) => self.phase = Phase::Sent(reason),
                    None => self.begin_again(now),
                }
            }
        }
        if self.output.is_empty() {
            self.output.head.clear();
            self.output.body = Cow::default();
            self.output.sent = 0;
        }
    }

    /// Begins to wait for the next request.
    fn begin_again(&mut self, now: Instant) {
        self.is_pipelined = !self.input.is_empty();
        let patience = if self.is_pipelined {
            self.timeouts.head
        } else {
            self.timeouts.idle
        };
        self.phase = Phase::Head {
            parser: HeadParser::default(),
            deadline: now + patience,
        };
    }

    /// Acts on a deadline that has passed.
    pub fn expire(&mut self, now: Instant) -> Step {
        let late = |reason, head| Refusal {
            status: Status::RequestTimeout,
            reason,
            head,
            received: now,
        };
        match mem::replace(&mut self.phase, Phase::Closed(Reason::Done)) {
            Phase::Head { .. } if self.input.is_empty() => self.close(Reason::Idle),
            Phase::Head { .. } => {
                let refusal = late("the request head took too long", None);
                self.refuse(refusal, Reason::Head)
            }
            Phase::Body { incoming, .. } => {
                let refusal = late("the request body took too long", Some(incoming.head));
                self.refuse(refusal, Reason::Body)
            }
            Phase::Sending { .. } => self.close(Reason::Write),
            Phase::Sent(reason) | Phase::Draining { reason, .. } | Phase::Closed(reason) => {
                self.close(reason)
            }
            // Has no deadline.
            waiting @ Phase::Answering(_) => {
                self.phase = waiting;
                Step::Wait
            }
        }
    }

    /// Learns that the server will stop soon: the answer in work is the last, unless more was received,
    /// and says so. A connection without an answer in work stays as it is (RFC 9112 section 9.6).
    pub fn leave(&mut self) {
        if let Phase::Answering(exchange) = &mut self.phase
            && self.input.is_empty()
        {
            exchange.last.get_or_insert(Reason::Done);
        }
    }

    /// The server is stopping: requests that were received are still answered, the rest of one whose
    /// beginning was received is waited for, and nothing after that.
    pub fn stop(&mut self) {
        self.stopping = true;
        let is_last = self.is_last();
        if let Phase::Sending { last, .. } = &mut self.phase {
            *last = last.or(is_last.then_some(Reason::Done));
        }
    }

    /// Whether the current request is the last one.
    fn is_last(&self) -> bool {
        self.stopping && self.input.is_empty()
    }
}

impl Exchange {
    /// For a request whose head cannot be read.
    const UNKNOWN: Exchange = Exchange {
        version: Version::Http11,
        head_only: false,
        last: Some(Reason::Refused),
    };

    fn of(head: &Head) -> Self {
        Exchange {
            version: head.version,
            head_only: head.method == Method::Head,
            last: (!head.keep_alive).then_some(Reason::Done),
        }
    }
}

impl Output {
    fn is_empty(&self) -> bool {
        self.head.len() + self.body.len() <= self.sent
    }

    fn unsent(&self) -> [&[u8]; 2] {
        let of_body = self.sent.saturating_sub(self.head.len());
        [
            self.head.get(self.sent..).unwrap_or_default(),
            self.body.get(of_body..).unwrap_or_default(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const TIMEOUTS: Timeouts = Timeouts::DEFAULT;
    const SECOND: Duration = Duration::from_secs(1);

    const GET: &[u8] = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &[u8] = b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    const CHUNKED: &[u8] =
        b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";

    /// A connection with a peer and a service that answers at once: each body is what was asked.
    struct Talk {
        connection: Connection<'static>,
        now: Instant,
        /// All that was sent so far.
        sent: Vec<u8>,
        /// Of each request, whether it was taken for a pipelined one.
        pipelined: Vec<bool>,
        half_closed: bool,
        closed: bool,
    }

    impl Talk {
        fn new() -> Self {
            let now = Instant::now();
            Talk {
                connection: Connection::new(&Limits::DEFAULT, &TIMEOUTS, now),
                now,
                sent: Vec::new(),
                pipelined: Vec::new(),
                half_closed: false,
                closed: false,
            }
        }

        fn say(&mut self, bytes: &[u8]) -> &mut Self {
            self.connection.receive(bytes, self.now);
            self.run();
            self
        }

        fn end(&mut self) -> &mut Self {
            self.connection.receive_end();
            self.run();
            self
        }

        /// Lets time pass, and the deadline come if it does.
        fn wait(&mut self, time: Duration) -> &mut Self {
            self.now += time;
            if self
                .connection
                .deadline()
                .is_some_and(|deadline| deadline <= self.now)
            {
                let step = self.connection.expire(self.now);
                self.carry_out(step);
                self.run();
            }
            self
        }

        fn run(&mut self) {
            loop {
                let step = self.connection.advance(self.now);
                let goes_on = self.carry_out(step);
                let has_sent = self.connection.interest().write;
                self.send(usize::MAX);
                if !goes_on && !has_sent {
                    return;
                }
            }
        }

        fn send(&mut self, bytes_max: usize) {
            let bytes = self.connection.output().map(|part| part.to_vec()).concat();
            let bytes = &bytes[..bytes.len().min(bytes_max)];
            self.sent.extend_from_slice(bytes);
            if !bytes.is_empty() {
                self.connection.sent(bytes.len(), self.now);
            }
        }

        fn carry_out(&mut self, step: Step) -> bool {
            match step {
                Step::Wait => return false,
                Step::Close(_) => {
                    self.closed = true;
                    return false;
                }
                Step::HalfClose => self.half_closed = true,
                Step::Answer(message) => {
                    self.pipelined.push(message.is_pipelined);
                    let Message { head, body, .. } = message;
                    let mut said = head.target.path;
                    said.extend_from_slice(&body);
                    self.respond(Response::new(Status::Ok).with_body("text/plain", said));
                }
                Step::Refuse(refusal) => self.respond(Response::new(refusal.status)),
            }
            true
        }

        fn respond(&mut self, response: Response) {
            self.connection.respond(response, "today", self.now);
        }

        /// The statuses and bodies of all that was sent.
        fn heard(&self) -> Vec<String> {
            let mut left = self.sent.as_slice();
            let mut heard = Vec::new();
            while !left.is_empty() {
                let mut fields = [httparse::EMPTY_HEADER; 16];
                let mut response = httparse::Response::new(&mut fields);
                let head_bytes = response.parse(left).unwrap().unwrap();
                let code = response.code.unwrap();
                let length = response
                    .headers
                    .iter()
                    .find(|field| field.name == "Content-Length");
                let length: usize = length.map_or(0, |field| {
                    str::from_utf8(field.value).unwrap().parse().unwrap()
                });
                let (body, rest) = left[head_bytes..].split_at(length);
                heard.push(
                    format!("{code} {}", str::from_utf8(body).unwrap())
                        .trim()
                        .to_owned(),
                );
                left = rest;
            }
            heard
        }

        fn says_close(&self) -> bool {
            String::from_utf8_lossy(&self.sent).contains("Connection: close")
        }
    }

    #[test]
    fn pipelined_requests_are_answered_in_order() {
        let mut talk = Talk::new();
        talk.say(&[GET, POST, CHUNKED, GET].concat());
        assert_eq!(talk.heard(), ["200 /1", "200 /2abc", "200 /3de", "200 /1"]);
        assert!(!talk.closed && talk.connection.interest().read);
    }

    #[test]
    fn requests_sent_in_a_row_are_pipelined_from_the_first_to_the_last() {
        let mut talk = Talk::new();
        talk.say(GET).say(&[GET, POST, &GET[..5]].concat());
        talk.say(&GET[5..]).say(GET);
        assert_eq!(talk.pipelined, [false, true, true, true, false]);
    }

    #[test]
    fn a_request_in_work_holds_back_those_after_it() {
        let mut connection = Connection::new(&Limits::DEFAULT, &TIMEOUTS, Instant::now());
        connection.receive(&[GET, POST].concat(), Instant::now());
        assert!(matches!(
            connection.advance(Instant::now()),
            Step::Answer(_)
        ));
        assert!(matches!(connection.advance(Instant::now()), Step::Wait));
        assert_eq!(
            connection.interest(),
            Interest {
                read: false,
                write: false
            }
        );
        assert_eq!(
            (connection.deadline(), connection.waiting_since()),
            (None, None)
        );
        connection.respond(Response::new(Status::Ok), "today", Instant::now());
        assert_eq!(
            connection.interest(),
            Interest {
                read: false,
                write: true
            }
        );
    }

    #[test]
    fn how_the_input_is_cut_cannot_matter() {
        let input = [POST, GET, CHUNKED, POST].concat();
        let mut whole = Talk::new();
        whole.say(&input);
        for at in 0..input.len() {
            let mut cut = Talk::new();
            cut.say(&input[..at]).say(&input[at..]);
            assert_eq!(cut.sent, whole.sent, "cut at {at}");
        }
        let mut dripped = Talk::new();
        for byte in &input {
            dripped.say(&[*byte]);
        }
        assert_eq!(dripped.sent, whole.sent);
    }

    #[test]
    fn how_the_output_is_taken_cannot_matter() {
        let mut whole = Talk::new();
        whole.say(POST);
        for piece in 1..20 {
            let mut slow = Talk::new();
            slow.connection.receive(POST, slow.now);
            let step = slow.connection.advance(slow.now);
            slow.carry_out(step);
            while slow.connection.interest().write {
                assert!(
                    !slow.connection.interest().read,
                    "nothing is read before it is sent"
                );
                slow.send(piece);
            }
            assert_eq!(slow.sent, whole.sent, "{piece} bytes at a time");
            assert!(slow.connection.interest().read);
        }
    }

    /// RFC 9112 section 9.3.
    #[test]
    fn a_connection_stays_open_by_version_and_field() {
        let check = |head: &str, stays: bool| {
            let mut talk = Talk::new();
            talk.say(head.as_bytes()).say(GET);
            let answers = if stays { 2 } else { 1 };
            assert_eq!(talk.heard().len(), answers, "{head:?}");
            assert_eq!(talk.half_closed, !stays, "{head:?}");
            assert_eq!(talk.says_close(), !stays, "{head:?}");
        };
        check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true);
        check(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            false,
        );
        check("GET / HTTP/1.0\r\n\r\n", false);
        check("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true);
    }

    #[test]
    fn an_answer_to_head_has_a_length_and_no_body() {
        let mut talk = Talk::new();
        talk.say(b"HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n").say(GET);
        let sent = String::from_utf8(talk.sent.clone()).unwrap();
        assert!(sent.contains("Content-Length: 4\r\n"), "{sent}");
        assert!(!sent.contains("/abc"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n/1"), "{sent}");
    }

    /// RFC 9110 section 10.1.1.
    #[test]
    fn a_client_that_waits_is_invited_and_one_that_does_not_is_not() {
        let head =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
        let mut waits = Talk::new();
        waits.say(head.as_bytes());
        assert_eq!(waits.sent, CONTINUE);
        waits.say(b"ab");
        assert_eq!(waits.heard(), ["100", "200 /ab"]);
        let mut hurries = Talk::new();
        hurries.say(format!("{head}ab").as_bytes());
        assert_eq!(hurries.heard(), ["200 /ab"]);
    }

    #[test]
    fn a_body_that_is_too_large_is_refused_before_it_comes() {
        let mut talk = Talk::new();
        talk.say(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16385\r\nExpect: 100-continue\r\n\r\n",
        );
        assert_eq!(talk.heard(), ["413"]);
        assert!(talk.half_closed && talk.says_close() && !talk.closed);
        talk.say(b"too late").end();
        assert_eq!(talk.heard(), ["413"]);
        assert!(talk.closed);
    }

    #[test]
    fn nothing_after_a_bad_request_is_read_as_one() {
        let mut talk = Talk::new();
        talk.say(&[b"GET / HTTP/1.1\r\n\r\n", GET].concat())
            .say(GET);
        assert_eq!(talk.heard(), ["400"]);
        assert!(talk.half_closed && !talk.closed);
        talk.end();
        assert!(talk.closed);
    }

    #[test]
    fn draining_ends_with_the_peer_or_after_so_much_time_or_so_many_bytes() {
        let refused = || {
            let mut talk = Talk::new();
            talk.say(b"bad\r\n\r\n");
            assert!(talk.half_closed && !talk.closed);
            talk
        };
        assert!(refused().end().closed);
        assert!(!refused().wait(TIMEOUTS.drain.saturating_sub(SECOND)).closed);
        assert!(refused().wait(TIMEOUTS.drain).closed);
        let mut talk = refused();
        talk.say(&vec![0; DRAIN_BYTES_MAX]);
        assert!(!talk.closed);
        assert!(talk.say(b"0").closed);
    }

    #[test]
    fn a_peer_that_ends_its_side_still_gets_its_answers() {
        let mut connection = Connection::new(&Limits::DEFAULT, &TIMEOUTS, Instant::now());
        connection.receive(&[GET, GET].concat(), Instant::now());
        connection.receive_end();
        let mut talk = Talk {
            connection,
            ..Talk::new()
        };
        talk.run();
        assert_eq!(talk.heard(), ["200 /1", "200 /1"]);
        assert!(talk.closed);
    }

    #[test]
    fn half_a_request_is_never_answered() {
        for input in [GET, POST, CHUNKED] {
            for at in 0..input.len() {
                let mut talk = Talk::new();
                talk.say(&input[..at]).end();
                assert!(
                    talk.closed && talk.sent.is_empty(),
                    "{at} bytes of {input:?}"
                );
            }
        }
    }

    #[test]
    fn a_silent_connection_is_closed_without_a_word() {
        let mut talk = Talk::new();
        talk.wait(TIMEOUTS.idle.saturating_sub(SECOND));
        assert!(!talk.closed);
        talk.say(GET)
            .wait(TIMEOUTS.idle.saturating_sub(SECOND))
            .say(GET);
        assert_eq!(talk.heard().len(), 2);
        assert!(talk.wait(TIMEOUTS.idle).closed);
        assert_eq!(talk.heard().len(), 2);
    }

    #[test]
    fn a_head_has_its_time_however_it_drips() {
        let mut talk = Talk::new();
        talk.wait(TIMEOUTS.idle.saturating_sub(SECOND));
        for byte in GET.iter().take(10) {
            assert!(talk.sent.is_empty());
            talk.say(&[*byte]).wait(TIMEOUTS.head / 10);
        }
        assert_eq!(talk.heard(), ["408"]);
        assert!(talk.half_closed);
    }

    #[test]
    fn a_pipelined_head_has_its_time_from_the_answer_before_it() {
        let mut talk = Talk::new();
        talk.say(&[GET, b"GET"].concat())
            .wait(TIMEOUTS.head.saturating_sub(SECOND));
        assert_eq!(talk.heard(), ["200 /1"]);
        talk.wait(SECOND);
        assert_eq!(talk.heard(), ["200 /1", "408"]);
    }

    #[test]
    fn a_body_has_its_time_from_the_end_of_the_head() {
        let mut talk = Talk::new();
        talk.say(&POST[..10])
            .wait(TIMEOUTS.head.saturating_sub(SECOND))
            .say(&POST[10..POST.len() - 3]);
        for byte in b"ab" {
            talk.wait((TIMEOUTS.body / 2).saturating_sub(SECOND))
                .say(&[*byte]);
            assert!(talk.sent.is_empty());
        }
        assert_eq!(talk.wait(2 * SECOND).heard(), ["408"]);
    }

    #[test]
    fn a_peer_that_takes_nothing_is_cut_off_and_one_that_takes_little_is_not() {
        let mut talk = Talk::new();
        talk.connection.receive(POST, talk.now);
        let step = talk.connection.advance(talk.now);
        talk.carry_out(step);
        for _ in 0..20 {
            talk.now += TIMEOUTS.write.saturating_sub(SECOND);
            talk.send(1);
            assert!(talk.now < talk.connection.deadline().unwrap());
        }
        talk.now += TIMEOUTS.write;
        assert!(talk.connection.deadline().unwrap() <= talk.now);
        assert!(matches!(
            talk.connection.expire(talk.now),
            Step::Close(Reason::Write)
        ));
    }

    #[test]
    fn who_takes_some_of_an_answer_has_not_kept_the_server_waiting() {
        let mut talk = Talk::new();
        talk.connection.receive(POST, talk.now);
        let step = talk.connection.advance(talk.now);
        talk.carry_out(step);
        let begun = talk.now;
        assert_eq!(talk.connection.waiting_since(), Some(begun));
        talk.now += SECOND;
        assert_eq!(talk.connection.waiting_since(), Some(begun));
        talk.send(1);
        assert_eq!(talk.connection.waiting_since(), Some(begun + SECOND));
    }

    #[test]
    fn a_connection_is_new_for_half_a_second_or_until_something_comes() {
        let mut talk = Talk::new();
        let begun = talk.now;
        let millis = Duration::from_millis;
        assert!(talk.connection.is_new(begun + millis(499)));
        assert!(!talk.connection.is_new(begun + millis(500)));
        talk.say(&GET[..1]);
        assert!(!talk.connection.is_new(begun));
        let mut silent = Talk::new();
        silent.connection.receive_end();
        assert!(!silent.connection.is_new(silent.now));
    }

    #[test]
    fn more_has_come_when_a_request_was_answered_and_another_lies_behind_it() {
        let mut talk = Talk::new();
        assert!(!talk.connection.has_next());
        talk.connection.receive(&[POST, GET].concat(), talk.now);
        let step = talk.connection.advance(talk.now);
        assert!(!talk.connection.has_next());
        talk.carry_out(step);
        assert!(!talk.connection.has_next());
        talk.send(usize::MAX);
        assert!(talk.connection.has_next());
        talk.run();
        assert!(!talk.connection.has_next());
    }

    #[test]
    fn an_answer_has_as_long_as_is_set_to_be_sent() {
        let mut talk = Talk::new();
        talk.connection.receive(GET, talk.now);
        let step = talk.connection.advance(talk.now);
        talk.carry_out(step);
        assert_eq!(talk.connection.deadline(), Some(talk.now + TIMEOUTS.write));
        talk.now += SECOND;
        talk.send(1);
        assert_eq!(talk.connection.deadline(), Some(talk.now + TIMEOUTS.write));
    }

    #[test]
    fn what_lies_behind_a_large_request_is_kept_when_its_memory_is_given_back() {
        let body = "x".repeat(2 * INPUT_BYTES_KEPT);
        let large = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut talk = Talk::new();
        talk.say(&[large.as_bytes(), GET].concat());
        assert_eq!(talk.heard(), [&format!("200 /{body}"), "200 /1"]);
    }

    /// A client that was told so sends its next request to a server that stays.
    #[test]
    fn an_answer_while_the_server_leaves_is_the_last_unless_more_was_received() {
        let mut talk = Talk::new();
        talk.connection.leave();
        talk.run();
        assert!(!talk.closed, "its next request is still answered");
        talk.connection
            .receive(&[GET, POST].concat(), Instant::now());
        for is_last in [false, true] {
            assert!(!talk.says_close());
            let step = talk.connection.advance(talk.now);
            talk.connection.leave();
            talk.carry_out(step);
            talk.send(usize::MAX);
            assert_eq!(talk.says_close(), is_last);
        }
        talk.run();
        assert_eq!(talk.heard(), ["200 /1", "200 /2abc"]);
        assert!(talk.half_closed && !talk.closed);
    }

    #[test]
    fn a_stopping_server_finishes_a_request_that_has_begun() {
        let mut idle = Talk::new();
        idle.say(GET);
        idle.connection.stop();
        idle.run();
        assert!(idle.closed);
        let mut begun = Talk::new();
        begun.say(&POST[..20]);
        begun.connection.stop();
        begun.run();
        assert!(!begun.closed);
        begun.say(&POST[20..]);
        assert_eq!(begun.heard(), ["200 /2abc"]);
        assert!(begun.says_close() && begun.half_closed);
    }

    #[test]
    fn a_stopping_server_answers_all_that_it_has_received() {
        let mut talk = Talk::new();
        talk.connection
            .receive(&[GET, POST, GET].concat(), talk.now);
        talk.connection.stop();
        talk.run();
        assert_eq!(talk.heard(), ["200 /1", "200 /2abc", "200 /1"]);
        assert!(talk.says_close() && talk.half_closed);
    }

    /// Requests that nobody will read may lie in the kernel: to close at once would reset the
    /// connection, and take the answer with it.
    #[test]
    fn an_answer_on_its_way_when_the_server_stops_is_followed_by_a_half_close() {
        let mut talk = Talk::new();
        talk.connection.receive(GET, talk.now);
        let step = talk.connection.advance(talk.now);
        talk.carry_out(step);
        talk.send(10);
        talk.connection.stop();
        talk.run();
        assert_eq!(talk.heard(), ["200 /1"]);
        assert!(talk.half_closed && !talk.closed);
    }

    #[test]
    fn an_invitation_that_could_not_be_sent_does_not_keep_the_socket_awake() {
        let mut connection = Connection::new(&Limits::DEFAULT, &TIMEOUTS, Instant::now());
        let head =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
        connection.receive(head.as_bytes(), Instant::now());
        assert!(matches!(connection.advance(Instant::now()), Step::Wait));
        assert!(connection.interest().write);
        connection.receive(b"ab", Instant::now());
        assert!(matches!(
            connection.advance(Instant::now()),
            Step::Answer(_)
        ));
        assert_eq!(connection.interest(), Interest::default());
    }

    #[test]
    fn an_idle_connection_holds_no_large_buffer() {
        let mut talk = Talk::new();
        let large = format!(
            "GET /1 HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(12_000)
        );
        talk.say(large.as_bytes());
        assert_eq!(talk.heard(), ["200 /1"]);
        assert!(talk.connection.input.capacity() <= INPUT_BYTES_KEPT);
    }
}
