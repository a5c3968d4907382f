//! Heads of requests: the request line and the fields, up to the empty line after them.
//! Is handed bytes and knows no socket; remembers how far it has looked, so that a head that drips
//! in byte by byte costs no more than one that comes whole. The rules are RFC 9112 sections 2, 3,
//! 5 and 9.3 and RFC 9110 sections 7.2 and 10.1.1.

use std::mem;
use std::ops::Range;

use super::authority::is_host_and_port;
use super::class::{Class, TARGET, TOKEN, find};
use super::fields::{Span, parse_line};
use super::{Error, Fields, Framing, Limits, Method, Progress, Target, Version};

/// Longest method read. The longest registered is `UPDATEREDIRECTREF` with 17 bytes; what goes on
/// beyond this is not HTTP.
pub const METHOD_BYTES_MAX: usize = 32;

/// Fields a usual request has at most: their list is allocated once for these.
const FIELDS_USUAL: usize = 16;

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is to be done.
    pub method: Method,
    /// With what.
    pub target: Target,
    /// The version it is served as.
    pub version: Version,
    /// The header fields. Host is the target's authority where that has one (RFC 9112 section
    /// 3.2.2).
    pub fields: Fields,
    /// How long the body is.
    pub framing: Framing,
    /// Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1).
    pub expects_continue: bool,
    /// Whether the client wants to keep the connection (RFC 9112 section 9.3).
    pub keep_alive: bool,
}

/// Reads one head from bytes that come in pieces.
#[derive(Debug, Default)]
pub struct HeadParser {
    part: Part,
    /// Where the part being read began.
    start: usize,
    /// Everything before this has been looked at.
    searched: usize,
    method: Range<usize>,
    target: Range<usize>,
    version: Version,
    spans: Vec<Span>,
}

/// The parts of a head in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    EmptyLine,
    Method,
    Target,
    Version,
    Fields,
    End,
}

impl HeadParser {
    /// Reads on. `input` is everything that has come since the end of the last message: it only
    /// grows from call to call, and what it held before is not looked at again.
    ///
    /// Once the head is complete, the parser is as new and the caller drops the bytes it took.
    ///
    /// # Errors
    ///
    /// The first broken rule, found as soon as its bytes are there in the request line, at the end
    /// of the line in the fields, and at the end of the head where fields contradict each other.
    /// However the bytes were cut into pieces, the result is the same.
    pub fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Progress<Head>, Error> {
        let window = input.get(..limits.head_bytes_max).unwrap_or(input);
        while self.read_part(window, limits)? {
            if self.part == Part::End {
                return mem::take(self).finish(window);
            }
        }
        if window.len() < input.len() {
            return Err(Error::HeadTooLarge);
        }
        Ok(Progress::Partial)
    }

    /// Reads the part that is due; whether it was all there.
    fn read_part(&mut self, window: &[u8], limits: &Limits) -> Result<bool, Error> {
        match self.part {
            Part::EmptyLine => self.read_empty_line(window),
            Part::Method => self.read_method(window),
            Part::Target => self.read_target(window, limits),
            Part::Version => self.read_version(window),
            Part::Fields => self.read_field(window, limits),
            Part::End => Ok(false),
        }
    }

    /// One empty line may stand before the request line (RFC 9112 section 2.2): old clients send
    /// it after a body.
    fn read_empty_line(&mut self, window: &[u8]) -> Result<bool, Error> {
        match window {
            [] | [b'\r'] => Ok(false),
            [b'\r', b'\n', ..] => Ok(self.enter(Part::Method, 2)),
            [b'\r', _, ..] => Err(Error::BareCr),
            [b'\n', ..] => Err(Error::BareLf),
            _ => Ok(self.enter(Part::Method, 0)),
        }
    }

    /// ```text
    /// request-line = method SP request-target SP HTTP-version      ; RFC 9112 section 3
    /// method       = token
    /// ```
    fn read_method(&mut self, window: &[u8]) -> Result<bool, Error> {
        let Some(end) = self.find_end(&TOKEN, window, METHOD_BYTES_MAX, Error::MethodTooLong)?
        else {
            return Ok(false);
        };
        if end == self.start || window.get(end) != Some(&b' ') {
            return Err(Error::Method);
        }
        self.method = self.start..end;
        Ok(self.enter(Part::Target, end + 1))
    }

    /// The bytes alone: what form they have is seen when the head is whole.
    fn read_target(&mut self, window: &[u8], limits: &Limits) -> Result<bool, Error> {
        let bytes_max = limits.target_bytes_max;
        let Some(end) = self.find_end(&TARGET, window, bytes_max, Error::TargetTooLong)? else {
            return Ok(false);
        };
        match window.get(end) {
            Some(b' ') if self.start < end => {
                self.target = self.start..end;
                Ok(self.enter(Part::Version, end + 1))
            }
            Some(b'#') => Err(Error::TargetFragment),
            Some(b'\r' | b'\n') => Err(Error::Version),
            _ => Err(Error::Target),
        }
    }

    /// Looks at these ten bytes anew at each call, which a bound so small makes cheaper than to
    /// remember where it was.
    /// ```text
    /// HTTP-version = HTTP-name "/" DIGIT "." DIGIT                 ; RFC 9112 section 2.3
    /// HTTP-name    = %s"HTTP"
    /// ```
    fn read_version(&mut self, window: &[u8]) -> Result<bool, Error> {
        let line = window.get(self.start..).unwrap_or_default();
        for (&byte, &expected) in line.iter().zip(b"HTTP/0.0\r\n") {
            match expected {
                b'0' if byte.is_ascii_digit() => {}
                _ if byte == expected => {}
                b'\r' if byte == b'\n' => return Err(Error::BareLf),
                b'\n' => return Err(Error::BareCr),
                _ => return Err(Error::Version),
            }
        }
        let [_, _, _, _, _, major, _, minor, _, _, ..] = line else {
            return Ok(false);
        };
        self.version = match (major, minor) {
            (b'1', b'0') => Version::Http10,
            (b'1', _) => Version::Http11,
            _ => return Err(Error::VersionUnsupported),
        };
        self.spans.reserve(FIELDS_USUAL);
        Ok(self.enter(Part::Fields, self.start + b"HTTP/0.0\r\n".len()))
    }

    /// Reads one field line, or the empty line at the end.
    fn read_field(&mut self, window: &[u8], limits: &Limits) -> Result<bool, Error> {
        let unsearched = window.get(self.searched..).unwrap_or_default();
        let Some(at) = find(b'\n', unsearched) else {
            self.searched = window.len();
            return Ok(false);
        };
        let end = self.searched + at;
        let Some([line @ .., b'\r']) = window.get(self.start..end) else {
            return Err(Error::BareLf);
        };
        if line.is_empty() {
            return Ok(self.enter(Part::End, end + 1));
        }
        if self.spans.len() == limits.fields_max {
            return Err(Error::TooManyFields);
        }
        self.spans.push(parse_line(line, self.start)?);
        Ok(self.enter(Part::Fields, end + 1))
    }

    fn enter(&mut self, part: Part, start: usize) -> bool {
        self.part = part;
        self.start = start;
        self.searched = start;
        true
    }

    /// Where the run of `class` bytes that began with this part ends, once that is known.
    fn find_end(
        &mut self,
        class: &Class,
        window: &[u8],
        bytes_max: usize,
        too_long: Error,
    ) -> Result<Option<usize>, Error> {
        let longest = self.start.saturating_add(bytes_max);
        let until = longest.saturating_add(1).min(window.len());
        let unsearched = window.get(self.searched..until).unwrap_or_default();
        if let Some(at) = class.first_outside(unsearched) {
            return Ok(Some(self.searched + at));
        }
        self.searched = until;
        if longest < until {
            return Err(too_long);
        }
        Ok(None)
    }

    /// Reads what the parts mean together, now that all are there.
    fn finish(self, window: &[u8]) -> Result<Progress<Head>, Error> {
        let version = self.version;
        let bytes = window.get(..self.start).unwrap_or_default();
        let method = Method::from_token(bytes.get(self.method).unwrap_or_default());
        let raw_target = bytes.get(self.target.clone()).unwrap_or_default();
        let (target, authority) = Target::parse(&method, raw_target)?;

        let mut fields = Fields::new(bytes, self.spans);
        check_host(&fields, version)?;
        if let Some(place) = authority {
            fields.set_host(self.target.start + place.start..self.target.start + place.end);
        }

        let framing = Framing::of(&fields, version)?;
        let expects = expects_continue(&fields)?;
        let head = Head {
            expects_continue: expects
                && version == Version::Http11
                && framing != Framing::Length(0),
            keep_alive: wants_keep_alive(&fields, version),
            method,
            target,
            version,
            fields,
            framing,
        };
        Ok(Progress::Complete(head, bytes.len()))
    }
}

/// One Host, well-formed, and required by 1.1 (RFC 9112 section 3.2) even where the target has an
/// authority. An empty one is allowed by its grammar for URIs without authority, which `http` URIs
/// are not (RFC 9110 section 4.2.1).
fn check_host(fields: &Fields, version: Version) -> Result<(), Error> {
    let mut hosts = fields.all("host");
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Err(Error::HostRepeated),
        (None, None) if version == Version::Http10 => Ok(()),
        (None, None) => Err(Error::HostMissing),
        (Some([]), None) => Err(Error::HostEmpty),
        (Some(host), None) if is_host_and_port(host) => Ok(()),
        (Some(_), None) => Err(Error::HostMalformed),
    }
}

/// `100-continue` is the only expectation there is (RFC 9110 section 10.1.1).
fn expects_continue(fields: &Fields) -> Result<bool, Error> {
    let mut expects = false;
    for expectation in fields.elements("expect") {
        if !expectation.eq_ignore_ascii_case(b"100-continue") {
            return Err(Error::Expectation);
        }
        expects = true;
    }
    Ok(expects)
}

/// RFC 9112 section 9.3: `close` wins, 1.1 stays, 1.0 stays when it asks to.
fn wants_keep_alive(fields: &Fields, version: Version) -> bool {
    let has = |option: &str| {
        fields
            .elements("connection")
            .any(|element| element.eq_ignore_ascii_case(option.as_bytes()))
    };
    match version {
        Version::Http11 => !has("close"),
        Version::Http10 => !has("close") && has("keep-alive"),
    }
}
