//! One connection as a state machine: it is handed bytes and the time, and says what it wants.
//! Knows no socket, no clock and no route.
//!
//! A connection reads a request, waits for its answer, sends that, and begins anew; requests that
//! come in before their turn stay unread in the kernel, or, if they came in the same piece, in the
//! input buffer, so answers keep the order of requests and a client can pile up nothing here.

use std::borrow::Cow;
use std::io::IoSlice;
use std::mem;
use std::time::Instant;

use super::{Refusal, Request, Settings};
use crate::http::{
    BodyDecoder, CONTINUE, Head, HeadParser, Hop, Method, Progress, Response, Status, Version,
};
use crate::sys::Interest;

/// Input buffers larger than this are given back between requests: most requests fit, and a
/// thousand idle connections then hold four megabytes at most.
const INPUT_BYTES_KEPT: usize = 4096;

/// Bytes that a client may send after the answer to a request that was turned down, before the
/// connection is cut. Enough for the rest of an honest request that was too large.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// What the connection wants done next.
pub(super) enum Step {
    /// Nothing, until there are bytes to receive, room for output, or the deadline has come.
    Wait,
    /// An answer to this request.
    Answer(Request),
    /// An answer to a request that was turned down; the connection closes after it.
    Refuse(Refusal),
    /// That the peer be told that nothing more will be sent.
    HalfClose,
    /// To be closed.
    Close,
}

/// The state of one connection.
pub(super) struct Connection<'a> {
    settings: &'a Settings,
    phase: Phase,
    /// Received, and not yet used.
    input: Vec<u8>,
    /// The peer will send no more.
    input_ended: bool,
    output: Output,
    deadline: Option<Instant>,
    /// Since when it is the peer's turn.
    waiting_since: Instant,
    stopping: bool,
}

enum Phase {
    /// Reading a head, or waiting for its first byte.
    Head(HeadParser),
    /// Reading a body.
    Body(Box<Incoming>),
    /// The answer is being made.
    Answering(Exchange),
    /// The answer is being sent.
    Sending {
        keep_alive: bool,
    },
    /// All is sent, and the peer is to be told so.
    Sent,
    /// Waiting for the peer's end: closing a socket with unread bytes would reset the connection,
    /// and the peer could lose the answer (RFC 9112 section 9.6).
    Draining {
        bytes_left: usize,
    },
    Closed,
}

struct Incoming {
    head: Head,
    decoder: BodyDecoder,
    body: Vec<u8>,
}

/// What of a request decides the form of its answer.
#[derive(Clone, Copy)]
struct Exchange {
    version: Version,
    keep_alive: bool,
    /// The answer is to a HEAD request.
    head_only: bool,
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
    pub(super) fn new(settings: &'a Settings, now: Instant) -> Self {
        Connection {
            settings,
            phase: Phase::Head(HeadParser::default()),
            input: Vec::new(),
            input_ended: false,
            output: Output::default(),
            deadline: Some(now + settings.timeouts.idle),
            waiting_since: now,
            stopping: false,
        }
    }

    /// What to watch the socket for.
    pub(super) fn interest(&self) -> Interest {
        let reading = match self.phase {
            Phase::Head(_) | Phase::Body(_) | Phase::Draining { .. } => !self.input_ended,
            Phase::Answering(_) | Phase::Sending { .. } | Phase::Sent | Phase::Closed => false,
        };
        Interest {
            read: reading,
            write: !self.output.is_empty(),
        }
    }

    /// When the connection's patience ends; never while its answer is being made.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Since when the connection waits for its peer; none while its answer is being made.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (!self.is_answering()).then_some(self.waiting_since)
    }

    /// Whether a worker has its request.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.phase, Phase::Answering(_))
    }

    /// Takes bytes that the peer sent.
    pub(super) fn receive(&mut self, bytes: &[u8], now: Instant) {
        match &mut self.phase {
            Phase::Draining { bytes_left } => match bytes_left.checked_sub(bytes.len()) {
                Some(left) => *bytes_left = left,
                None => self.phase = Phase::Closed,
            },
            Phase::Head(_) if self.input.is_empty() => {
                self.deadline = Some(now + self.settings.timeouts.head);
                self.input.extend_from_slice(bytes);
            }
            _ => self.input.extend_from_slice(bytes),
        }
    }

    /// Learns that the peer will send no more.
    pub(super) fn receive_end(&mut self) {
        self.input_ended = true;
    }

    /// Goes on as far as it can with what it has.
    pub(super) fn advance(&mut self, now: Instant) -> Step {
        match mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Head(parser) => self.advance_head(parser, now),
            Phase::Body(incoming) => self.advance_body(incoming, now),
            Phase::Sent => {
                self.phase = Phase::Draining {
                    bytes_left: DRAIN_BYTES_MAX,
                };
                self.deadline = Some(now + self.settings.timeouts.drain);
                self.input = Vec::new();
                Step::HalfClose
            }
            Phase::Draining { .. } if self.input_ended => Step::Close,
            Phase::Closed => Step::Close,
            waiting @ (Phase::Answering(_) | Phase::Sending { .. } | Phase::Draining { .. }) => {
                self.phase = waiting;
                Step::Wait
            }
        }
    }

    fn advance_head(&mut self, mut parser: HeadParser, now: Instant) -> Step {
        if self.input.is_empty() && self.stopping {
            return Step::Close;
        }
        match parser.advance(&self.input, &self.settings.limits) {
            Ok(Progress::Complete(head, bytes)) => {
                self.input.drain(..bytes);
                self.begin_body(head, now)
            }
            Ok(Progress::Partial) => self.wait_for_input(Phase::Head(parser)),
            Err(error) => self.refuse(error.status(), error.reason(), None),
        }
    }

    fn begin_body(&mut self, head: Head, now: Instant) -> Step {
        let decoder = match BodyDecoder::new(head.framing, &self.settings.limits) {
            Ok(decoder) => decoder,
            Err(error) => return self.refuse(error.status(), error.reason(), Some(head)),
        };
        // A client that has begun to send the body needs no invitation (RFC 9110 section 10.1.1).
        if head.expects_continue && self.input.is_empty() {
            self.output.head.extend_from_slice(CONTINUE);
        }
        self.deadline = Some(now + self.settings.timeouts.body);
        self.advance_body(
            Box::new(Incoming {
                head,
                decoder,
                body: Vec::new(),
            }),
            now,
        )
    }

    fn advance_body(&mut self, mut incoming: Box<Incoming>, now: Instant) -> Step {
        match incoming.decoder.advance(&self.input, &mut incoming.body) {
            Ok(taken) => {
                self.input.drain(..taken.bytes);
                if !taken.finished {
                    return self.wait_for_input(Phase::Body(incoming));
                }
                let Incoming { head, body, .. } = *incoming;
                self.await_answer(Exchange::of(&head));
                Step::Answer(Request {
                    head,
                    body,
                    received: now,
                })
            }
            Err(error) => self.refuse(error.status(), error.reason(), Some(incoming.head)),
        }
    }

    /// Stays in `phase` until there is more input; there being none to come, closes.
    fn wait_for_input(&mut self, phase: Phase) -> Step {
        if self.input_ended {
            return Step::Close;
        }
        self.phase = phase;
        Step::Wait
    }

    fn refuse(&mut self, status: Status, reason: &'static str, head: Option<Head>) -> Step {
        self.await_answer(Exchange {
            keep_alive: false,
            ..head.as_ref().map_or(Exchange::UNKNOWN, Exchange::of)
        });
        Step::Refuse(Refusal {
            status,
            reason,
            head,
        })
    }

    fn await_answer(&mut self, exchange: Exchange) {
        self.phase = Phase::Answering(exchange);
        self.deadline = None;
        if self.input.is_empty() && INPUT_BYTES_KEPT < self.input.capacity() {
            self.input = Vec::new();
        }
    }

    /// Takes the answer to the request it handed out. `date` is the value of the `Date` field.
    pub(super) fn respond(&mut self, response: Response, date: &str, now: Instant) {
        let Phase::Answering(exchange) = self.phase else {
            return;
        };
        let keep_alive = exchange.keep_alive && !self.stopping;
        let hop = Hop {
            version: exchange.version,
            keep_alive,
        };
        response.write_head(hop, date, &mut self.output.head);
        if !exchange.head_only {
            self.output.body = response.body;
        }
        self.phase = Phase::Sending { keep_alive };
        self.deadline = Some(now + self.settings.timeouts.write);
        self.waiting_since = now;
    }

    /// The bytes to send next, in order; all empty when there are none.
    pub(super) fn output(&self) -> [IoSlice<'_>; 2] {
        self.output.unsent().map(IoSlice::new)
    }

    /// Learns that `bytes` of the output were sent.
    pub(super) fn sent(&mut self, bytes: usize, now: Instant) {
        self.output.sent += bytes;
        if let Phase::Sending { keep_alive } = self.phase {
            self.deadline = Some(now + self.settings.timeouts.write);
            self.waiting_since = now;
            if self.output.is_empty() {
                self.finish(keep_alive, now);
            }
        }
        if self.output.is_empty() {
            self.output.head.clear();
            self.output.body = Cow::default();
            self.output.sent = 0;
        }
    }

    fn finish(&mut self, keep_alive: bool, now: Instant) {
        if !keep_alive {
            self.phase = Phase::Sent;
            return;
        }
        let timeouts = &self.settings.timeouts;
        let patience = if self.input.is_empty() {
            timeouts.idle
        } else {
            timeouts.head
        };
        self.phase = Phase::Head(HeadParser::default());
        self.deadline = Some(now + patience);
    }

    /// Acts on a deadline that has come.
    pub(super) fn expire(&mut self) -> Step {
        match mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Head(_) if !self.input.is_empty() => self.refuse(
                Status::RequestTimeout,
                "the request head took too long",
                None,
            ),
            Phase::Body(incoming) => {
                let reason = "the request body took too long";
                self.refuse(Status::RequestTimeout, reason, Some(incoming.head))
            }
            _ => Step::Close,
        }
    }

    /// Learns that the server is stopping: a request that was begun is still answered, and nothing
    /// after it.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }
}

impl Exchange {
    /// For a request whose head cannot be read: nothing is known of it.
    const UNKNOWN: Exchange = Exchange {
        version: Version::Http11,
        keep_alive: false,
        head_only: false,
    };

    fn of(head: &Head) -> Self {
        Exchange {
            version: head.version,
            keep_alive: head.keep_alive,
            head_only: head.method == Method::Head,
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
