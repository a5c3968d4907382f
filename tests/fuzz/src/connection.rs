//! A connection answers its requests in order and ends, whatever its peer does and whenever.
//!
//! This module acts as the event loop: it passes bytes only when the connection wants them, answers
//! refusals at once, acts on deadlines that have passed, and drops a connection that asks to be closed.
//! The parsers then read all that was received a second time, and must find the same requests and
//! refusals.

use std::time::{Duration, Instant};

use minicap::http::{
    BodyDecoder, CHUNK_EXTENSION_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX, CONTINUE, Error, Head,
    HeadParser, Method, Progress, Response, Status, TRAILER_BYTES_MAX,
};
use minicap::server::connection::{Connection, Message, Step};
use minicap::server::{Refusal, Timeouts};

use super::{LIMITS, split_first_line};

/// All different, so that none can be taken for another.
const TIMEOUTS: Timeouts = Timeouts {
    idle: Duration::from_secs(75),
    head: Duration::from_secs(10),
    body: Duration::from_secs(14),
    write: Duration::from_secs(12),
    drain: Duration::from_secs(2),
    stop: Duration::from_secs(5),
};

/// Most bytes of a chunk of one byte: the digits of its size, two line ends and the byte.
const CHUNK_BYTES_MAX: usize = CHUNK_SIZE_DIGITS_MAX as usize + 5;

/// Most bytes of a request.
const REQUEST_BYTES_MAX: usize = LIMITS.head_bytes_max
    + LIMITS.body_bytes_max * CHUNK_BYTES_MAX
    + CHUNK_EXTENSION_BYTES_MAX
    + TRAILER_BYTES_MAX
    + CHUNK_BYTES_MAX;

/// Most bytes of a response with a `100 Continue` before it.
const ANSWER_BYTES_MAX: usize = 512 + LIMITS.target_bytes_max + LIMITS.body_bytes_max;

/// More than half of what a connection reads after its last response.
const FLOOD: &[u8] = &[b'x'; 600 * 1024];

/// The first line has a byte for each event; the rest is what the peer sends.
pub fn check(input: &[u8]) {
    let (events, message) = split_first_line(input);
    let mut talk = Talk::new(message);
    for &event in events {
        talk.happen(event);
        if talk.closed {
            break;
        }
    }
    talk.finish();
    talk.check_sent();
}

/// A connection, its peer and a service.
#[allow(clippy::struct_excessive_bools)] // Any of these may be true beside any other.
struct Talk<'input> {
    connection: Connection<'static>,
    now: Instant,
    /// Bytes that the peer has not sent yet, or the connection has not read yet.
    unread: &'input [u8],
    /// Received, and not yet part of a request.
    received: Vec<u8>,
    ended: bool,
    /// The request that a worker has.
    asked: Option<Message>,
    answers: Vec<Answer>,
    sent: Vec<u8>,
    /// Whether the next response is the last one.
    is_last: bool,
    /// Since when the connection waits: for a request, for the rest of one, for the peer to take more of
    /// a response, or for the end.
    since: Instant,
    /// How late events were.
    late: Duration,
    stopping: bool,
    idle_at_stop: bool,
    flooded: bool,
    half_closed: bool,
    closed: bool,
    /// Closed before all was sent.
    cut: bool,
}

/// What the peer must receive.
struct Answer {
    status: Status,
    body: Vec<u8>,
    may_invite: bool,
}

impl<'input> Talk<'input> {
    fn new(message: &'input [u8]) -> Self {
        let now = Instant::now();
        let talk = Talk {
            connection: Connection::new(&LIMITS, &TIMEOUTS, now),
            now,
            unread: message,
            received: Vec::new(),
            ended: false,
            asked: None,
            answers: Vec::new(),
            sent: Vec::new(),
            is_last: false,
            since: now,
            late: Duration::ZERO,
            stopping: false,
            idle_at_stop: false,
            flooded: false,
            half_closed: false,
            closed: false,
            cut: false,
        };
        talk.check_state();
        talk
    }

    fn happen(&mut self, event: u8) {
        match event {
            b'a' => self.answer(),
            b'd' => self.pass_until_deadline(),
            b'e' => self.end(),
            b'f' => self.flood(),
            b'r' => self.receive(usize::MAX),
            b's' => self.stop(),
            b't' => self.pass(Duration::from_secs(1)),
            b'T' => self.pass(Duration::from_secs(9)),
            b'w' => self.take(1),
            b'W' => self.take(50),
            b'x' => self.take(usize::MAX),
            b'z' => self.oversleep(Duration::from_secs(1)),
            b'0'..=b'9' => self.receive(1 << (event - b'0')),
            bytes => self.receive(bytes.into()),
        }
    }

    /// After all events, the rest is received, answered and sent, and then a deadline ends the connection.
    fn finish(&mut self) {
        for _ in 0..self.unread.len() + self.received.len() + 8 {
            if self.closed {
                return;
            }
            let before = (self.unread.len(), self.answers.len(), self.sent.len());
            self.receive(usize::MAX);
            self.answer();
            self.take(usize::MAX);
            if before == (self.unread.len(), self.answers.len(), self.sent.len()) {
                self.pass_until_deadline();
            }
        }
        assert!(self.closed, "it never ends");
    }

    fn receive(&mut self, bytes_max: usize) {
        if !self.connection.interest().read || self.unread.is_empty() || bytes_max == 0 {
            return;
        }
        let (piece, rest) = self.unread.split_at(bytes_max.min(self.unread.len()));
        self.unread = rest;
        self.connection.receive(piece, self.now);
        if !self.half_closed {
            if self.received.is_empty() {
                self.since = self.now;
            }
            self.received.extend_from_slice(piece);
        }
        self.advance();
    }

    /// Bytes after the last response are thrown away, up to a limit.
    fn flood(&mut self) {
        if self.half_closed && self.connection.interest().read {
            self.connection.receive(FLOOD, self.now);
            self.flooded = true;
            self.advance();
        }
    }

    fn end(&mut self) {
        if self.connection.interest().read {
            self.unread = &[];
            self.ended = true;
            self.connection.receive_end();
            self.advance();
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.idle_at_stop |= self.connection.interest().read && self.received.is_empty();
        self.connection.stop();
        self.advance();
    }

    /// Answers the request that the worker has.
    fn answer(&mut self) {
        if let Some(request) = self.asked.take() {
            let said = [&request.head.target.path, request.body.as_slice()].concat();
            let response = match said.as_slice() {
                b"/304" => Response::new(Status::NotModified),
                _ => Response::new(Status::Ok).with_body("text/plain", said),
            };
            self.respond(response, Some(&request.head));
            self.advance();
        }
    }

    fn respond(&mut self, response: Response, head: Option<&Head>) {
        let head_only = head.is_some_and(|head| head.method == Method::Head);
        self.answers.push(Answer {
            status: response.status,
            body: if head_only {
                Vec::new()
            } else {
                response.body.to_vec()
            },
            may_invite: head.is_some_and(|head| head.expects_continue),
        });
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        self.connection.respond(response, date, self.now);
        self.since = self.now;
    }

    /// The peer takes this much of the output.
    fn take(&mut self, bytes_max: usize) {
        let interest = self.connection.interest();
        if !interest.write || self.closed {
            return;
        }
        let output = self.connection.output().map(|part| part.to_vec()).concat();
        let output = &output[..output.len().min(bytes_max)];
        assert!(!output.is_empty(), "awake for nothing");
        self.sent.extend_from_slice(output);
        self.connection.sent(output.len(), self.now);
        if !interest.read {
            self.since = self.now;
        }
        self.advance();
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        if self
            .connection
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.expire();
        }
    }

    /// An event before the deadline is looked at.
    fn oversleep(&mut self, time: Duration) {
        self.now += time;
        self.late += time;
    }

    fn pass_until_deadline(&mut self) {
        if let Some(deadline) = self.connection.deadline() {
            self.now = self.now.max(deadline);
            self.expire();
        }
    }

    fn expire(&mut self) {
        match self.connection.expire(self.now) {
            Step::Close(_) => self.close(),
            Step::Refuse(refusal) => {
                assert_eq!(refusal.status, Status::RequestTimeout);
                assert!(read_request(&self.received).is_none(), "it was all there");
                self.refuse(&refusal);
                self.advance();
            }
            _ => panic!("a deadline is for giving up"),
        }
    }

    /// Lets the connection go on as far as it can.
    fn advance(&mut self) {
        for _ in 0..4 {
            match self.connection.advance(self.now) {
                Step::Wait => return self.check_state(),
                Step::Answer(request) => self.ask(request),
                Step::Refuse(refusal) => {
                    let error = read_request(&self.received).unwrap().unwrap_err();
                    assert_eq!(
                        (refusal.status, refusal.reason),
                        (error.status(), error.reason())
                    );
                    self.refuse(&refusal);
                }
                Step::HalfClose => {
                    assert!(!self.half_closed, "it was already");
                    let all_answered = self.stopping && self.received.is_empty();
                    assert!(self.is_last || all_answered, "for no reason");
                    self.half_closed = true;
                    self.since = self.now;
                }
                Step::Close(_) => {
                    let stopped = self.idle_at_stop && !self.half_closed;
                    assert!(self.ended || self.flooded || stopped, "for no reason");
                    assert!(self.half_closed || read_request(&self.received).is_none());
                    return self.close();
                }
            }
        }
        panic!("it goes on and on");
    }

    fn ask(&mut self, request: Message) {
        assert!(self.asked.is_none() && !self.half_closed, "out of turn");
        let (head, body, taken) = read_request(&self.received).unwrap().unwrap();
        assert_eq!((&request.head, &request.body), (&head, &body));
        assert_eq!(request.received, self.now);
        self.received.drain(..taken);
        self.is_last = !request.head.keep_alive;
        self.asked = Some(request);
    }

    fn refuse(&mut self, refusal: &Refusal) {
        assert!(self.asked.is_none() && !self.half_closed, "out of turn");
        self.received.clear();
        self.is_last = true;
        self.respond(Response::new(refusal.status), refusal.head.as_ref());
    }

    fn close(&mut self) {
        assert!(self.asked.is_none(), "an answer is due");
        assert!(matches!(self.connection.advance(self.now), Step::Close(_)));
        assert!(!self.connection.interest().read);
        self.closed = true;
        self.cut = self.connection.interest().write;
    }

    fn check_state(&self) {
        let connection = &self.connection;
        let interest = connection.interest();
        let answering = self.asked.is_some();
        assert_eq!(connection.is_answering(), answering);
        assert_eq!(connection.deadline().is_none(), answering);
        assert_eq!(connection.waiting_since().is_none(), answering);
        assert_eq!(interest.read || interest.write, !answering, "deaf");
        assert!(
            connection
                .waiting_since()
                .is_none_or(|since| since <= self.now)
        );
        if let Some(deadline) = connection.deadline() {
            let (least, most) = self.patience();
            assert!(self.since + least <= deadline, "impatient");
            assert!(deadline <= self.since + most, "too patient");
        }
        let output_bytes: usize = connection.output().iter().map(|part| part.len()).sum();
        assert!(
            output_bytes <= ANSWER_BYTES_MAX,
            "{output_bytes} bytes to send"
        );
        assert!(answering || interest.write == (0 < output_bytes));
        assert!(!self.half_closed || output_bytes == 0, "sent after the end");
        if interest.read && !self.half_closed {
            assert!(!self.ended, "nothing will come");
            assert!(self.received.len() <= REQUEST_BYTES_MAX, "hoarding");
            assert!(read_request(&self.received).is_none(), "it is all there");
        }
    }

    /// The least and the most time that it may wait.
    fn patience(&self) -> (Duration, Duration) {
        if self.half_closed {
            return (TIMEOUTS.drain, TIMEOUTS.drain);
        }
        if !self.connection.interest().read {
            return (TIMEOUTS.write, TIMEOUTS.write);
        }
        if self.received.is_empty() {
            return (TIMEOUTS.idle, TIMEOUTS.idle);
        }
        match HeadParser::default().advance(&self.received, &LIMITS) {
            Ok(Progress::Partial) => (TIMEOUTS.head, TIMEOUTS.head),
            _ => (TIMEOUTS.body, TIMEOUTS.head + self.late + TIMEOUTS.body),
        }
    }

    /// The output consists of the responses, complete and in order, some with a `100 Continue` before
    /// them. Only a connection that was cut may end within one.
    fn check_sent(&self) {
        let mut left = self.sent.as_slice();
        let mut closing = false;
        for answer in &self.answers {
            assert!(!closing, "an answer after the last");
            left = without_invitation(left, answer.may_invite);
            let mut slots = [httparse::EMPTY_HEADER; 8];
            let mut heard = httparse::Response::new(&mut slots);
            let Ok(httparse::Status::Complete(head_bytes)) = heard.parse(left) else {
                return assert!(self.cut, "{}", left.escape_ascii());
            };
            assert_eq!(heard.code, Some(answer.status.code()));
            let has = |name, value: &[u8]| {
                heard
                    .headers
                    .iter()
                    .any(|field| field.name == name && field.value == value)
            };
            closing = has("Connection", b"close");
            let length = answer.body.len().to_string();
            assert!(answer.body.is_empty() || has("Content-Length", length.as_bytes()));
            left = &left[head_bytes..];
            let Some(rest) = left.strip_prefix(answer.body.as_slice()) else {
                return assert!(self.cut && answer.body.starts_with(left));
            };
            left = rest;
        }
        assert!(without_invitation(left, !closing).is_empty() || self.cut);
        assert!(
            !closing || self.half_closed || self.cut,
            "a close that was announced"
        );
    }
}

fn without_invitation(sent: &[u8], may_be: bool) -> &[u8] {
    match sent.strip_prefix(CONTINUE) {
        Some(rest) if may_be => rest,
        _ => sent,
    }
}

/// Head and body of a request, and how many bytes they were.
type Read = (Head, Vec<u8>, usize);

/// Reads the request at the beginning of the bytes; none if it is not complete.
fn read_request(received: &[u8]) -> Option<Result<Read, Error>> {
    let (head, head_bytes) = match HeadParser::default().advance(received, &LIMITS) {
        Ok(Progress::Complete(head, taken)) => (head, taken),
        Ok(Progress::Partial) => return None,
        Err(error) => return Some(Err(error)),
    };
    let mut body = Vec::new();
    let decoded = BodyDecoder::new(head.framing, &LIMITS)
        .and_then(|mut decoder| decoder.advance(&received[head_bytes..], &mut body));
    match decoded {
        Ok(taken) if taken.finished => Some(Ok((head, body, head_bytes + taken.bytes))),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    }
}
