//! Heads of requests: the request line and the fields, up to the empty line after them.
//! Gets bytes and knows no socket. It remembers how far it has looked, so that a head that arrives byte
//! by byte costs no more than one that arrives whole. The rules are RFC 9112 sections 2, 3,
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
    /// Once the head is complete, the parser starts again and the caller drops the bytes it took.
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

    /// Looks at these ten bytes again at each call, which a bound so small makes cheaper than to
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::read_in_all_pieces;

    /// What `view` sees of the head, or the error; the same however the head is cut into pieces.
    #[allow(clippy::needless_pass_by_value)] // Rows are written in place.
    fn check<T: PartialEq + std::fmt::Debug>(
        input: impl AsRef<[u8]>,
        view: fn(&Head) -> T,
        expected: Result<T, Error>,
    ) {
        let input = input.as_ref();
        let found = match read_in_all_pieces(input, &Limits::DEFAULT) {
            Ok(Progress::Complete(head, taken)) => {
                assert_eq!(taken, input.len(), "{}", input.escape_ascii());
                Ok(view(&head))
            }
            Ok(Progress::Partial) => panic!("unfinished: {}", input.escape_ascii()),
            Err(error) => Err(error),
        };
        assert_eq!(found, expected, "{}", input.escape_ascii());
    }

    fn reject(rows: &[(&str, Error)]) {
        for &(input, error) in rows {
            check(input, |_| (), Err(error));
        }
    }

    /// A request with these field lines beside Host.
    fn with_fields(lines: &str) -> String {
        format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n")
    }

    fn reject_fields(rows: &[(&str, Error)]) {
        for &(lines, error) in rows {
            check(with_fields(lines), |_| (), Err(error));
        }
    }

    fn field(head: &Head) -> Vec<u8> {
        head.fields.get("a").unwrap().to_vec()
    }

    /// RFC 9112 section 3.
    #[test]
    fn accepts_request_lines() {
        let rows: [(&str, (&str, &str, Version)); 6] = [
            ("GET / HTTP/1.1", ("GET", "/", Version::Http11)),
            ("POST /a HTTP/1.0", ("POST", "/a", Version::Http10)),
            ("HEAD /%61 HTTP/1.1", ("HEAD", "/%61", Version::Http11)),
            ("OPTIONS * HTTP/1.1", ("OPTIONS", "*", Version::Http11)),
            ("get / HTTP/1.1", ("get", "/", Version::Http11)),
            (
                "M-S~!#$%&'*+.^_`| / HTTP/1.1",
                ("M-S~!#$%&'*+.^_`|", "/", Version::Http11),
            ),
        ];
        for (line, (method, path, version)) in rows {
            check(
                format!("{line}\r\nHost: h\r\n\r\n"),
                |head| {
                    (
                        head.method.as_str().to_owned(),
                        head.target.path.clone(),
                        head.version,
                    )
                },
                Ok((method.to_owned(), path.as_bytes().to_vec(), version)),
            );
        }
    }

    /// RFC 9110 section 9.1: methods are case-sensitive.
    #[test]
    fn methods_are_compared_with_case() {
        let rows = [
            ("GET", Method::Get),
            ("HEAD", Method::Head),
            ("POST", Method::Post),
            ("OPTIONS", Method::Options),
            ("Get", Method::Other("Get".into())),
            ("DELETE", Method::Other("DELETE".into())),
        ];
        for (method, expected) in rows {
            let input = format!("{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
            check(input, |head| head.method.clone(), Ok(expected));
        }
    }

    /// RFC 9112 section 3: single spaces, and a method that is a token.
    #[test]
    fn rejects_malformed_request_lines() {
        reject(&[
            (" GET / HTTP/1.1\r\n", Error::Method),
            ("\tGET / HTTP/1.1\r\n", Error::Method),
            ("G@T / HTTP/1.1\r\n", Error::Method),
            ("G\0T / HTTP/1.1\r\n", Error::Method),
            ("G\u{e9}T / HTTP/1.1\r\n", Error::Method),
            ("GET\t/ HTTP/1.1\r\n", Error::Method),
            ("GET\r\n", Error::Method),
            ("GET\n", Error::Method),
            ("GET  / HTTP/1.1\r\n", Error::Target),
            ("GET \t/ HTTP/1.1\r\n", Error::Target),
            ("GET /\tHTTP/1.1\r\n", Error::Target),
            ("GET /  HTTP/1.1\r\n", Error::Version),
            ("GET / \tHTTP/1.1\r\n", Error::Version),
            ("GET / HTTP/1.1 \r\n", Error::Version),
            ("GET / HTTP/1.1\t\r\n", Error::Version),
            ("GET /a b HTTP/1.1\r\n", Error::Version),
            ("GET /\r\n", Error::Version),
            ("GET /\n", Error::Version),
            ("GET / \r\n", Error::Version),
            ("GET / HTTP/1.1\n", Error::BareLf),
            ("GET / HTTP/1.1\rX", Error::BareCr),
            ("GET / HTTP/1.1\r\r\n", Error::BareCr),
        ]);
    }

    /// RFC 9112 section 3.2 and RFC 3986: no raw byte above 0x7F, no control, no fragment.
    #[test]
    fn rejects_bytes_no_target_holds() {
        for byte in (0..=b' ').chain([b'"', b'<', b'>', 0x7F, 0x80, 0xC3, 0xFF]) {
            let input = [b"GET /a", &[byte][..], b"b HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
            let error = match byte {
                b' ' | b'\r' | b'\n' => Error::Version,
                _ => Error::Target,
            };
            check(input, |_| (), Err(error));
        }
        reject(&[("GET /a#b HTTP/1.1\r\n", Error::TargetFragment)]);
    }

    /// RFC 9112 section 2.3: the name is case-sensitive and each number one digit.
    #[test]
    fn rejects_malformed_versions() {
        for version in [
            "http/1.1",
            "Http/1.1",
            "HTTP/1",
            "HTTP/1.",
            "HTTP/.1",
            "HTTP/11",
            "HTTP/1.10",
            "HTTP/01.1",
            "HTTP/1,1",
            "HTTP/1.x",
            "HTTP/x.1",
            "HTTP /1.1",
            "HTTP/ 1.1",
            "HTTP/-1.1",
            "HTTPS/1.1",
            "HTP/1.1",
            "1.1",
            "",
        ] {
            check(
                format!("GET / {version}\r\nHost: h\r\n\r\n"),
                |_| (),
                Err(Error::Version),
            );
        }
    }

    /// RFC 9110 section 2.5: a higher minor version is served as the highest we know, another
    /// major version is not.
    #[test]
    fn minor_versions_are_served_and_major_ones_are_not() {
        for (version, expected) in [
            ("HTTP/1.0", Ok(Version::Http10)),
            ("HTTP/1.1", Ok(Version::Http11)),
            ("HTTP/1.2", Ok(Version::Http11)),
            ("HTTP/1.9", Ok(Version::Http11)),
            ("HTTP/0.9", Err(Error::VersionUnsupported)),
            ("HTTP/2.0", Err(Error::VersionUnsupported)),
            ("HTTP/3.0", Err(Error::VersionUnsupported)),
            ("HTTP/9.9", Err(Error::VersionUnsupported)),
        ] {
            check(
                format!("GET / {version}\r\nHost: h\r\n\r\n"),
                |head| head.version,
                expected,
            );
        }
    }

    /// RFC 9113 section 3.4 and RFC 8446: other protocols are known by their first bytes, and the
    /// answer does not wait for an end that will not come.
    #[test]
    fn rejects_other_protocols_at_once() {
        reject(&[
            (
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                Error::VersionUnsupported,
            ),
            ("PRI * HTTP/2.0\r\n", Error::VersionUnsupported),
            ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03", Error::Method),
            ("\x16", Error::Method),
            ("\0", Error::Method),
            ("{\"id\"", Error::Method),
            ("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", Error::Version),
        ]);
    }

    /// RFC 9112 section 2.2: at least one empty line before the request line is ignored. We bear
    /// no second one.
    #[test]
    fn bears_one_empty_line_before_the_request() {
        let request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        check(
            format!("\r\n{request}"),
            field_names,
            Ok(vec![b"Host".to_vec()]),
        );
        for (before, error) in [
            ("\r\n\r\n", Error::Method),
            ("\n", Error::BareLf),
            ("\r", Error::BareCr),
            ("\r\r\n", Error::BareCr),
            ("\r\n\n", Error::Method),
            ("\r\n ", Error::Method),
        ] {
            check(format!("{before}{request}"), |_| (), Err(error));
        }
    }

    fn field_names(head: &Head) -> Vec<Vec<u8>> {
        head.fields.iter().map(|(name, _)| name.to_vec()).collect()
    }

    /// RFC 9112 section 5 and RFC 9110 section 5.5: blanks around a value are not part of it;
    /// obs-text is.
    #[test]
    fn accepts_field_lines() {
        let rows: [(&[u8], &[u8]); 9] = [
            (b"a: b", b"b"),
            (b"a:b", b"b"),
            (b"A: \t b \t ", b"b"),
            (b"a:", b""),
            (b"a: \t", b""),
            (b"a: b \t c", b"b \t c"),
            (b"a: :", b":"),
            (b"a: \x80\xFF\xC3\xA9", b"\x80\xFF\xC3\xA9"),
            (b"a: \"<>@,;{}\\", b"\"<>@,;{}\\"),
        ];
        for (line, value) in rows {
            let input = [b"GET / HTTP/1.1\r\nhOsT: h\r\n", line, b"\r\n\r\n"].concat();
            check(input, field, Ok(value.to_vec()));
        }
        check(with_fields("!#$%&'*+-.^_`|~09azAZ: x\r\n"), |_| (), Ok(()));
    }

    /// RFC 9112 section 5.1: a blank between name and colon is refused.
    #[test]
    fn rejects_blanks_in_or_after_field_names() {
        reject_fields(&[
            ("a : b\r\n", Error::FieldNameBlank),
            ("a\t: b\r\n", Error::FieldNameBlank),
            ("a b: c\r\n", Error::FieldNameBlank),
            ("Content-Length : 5\r\n", Error::FieldNameBlank),
            ("a b\r\n", Error::FieldNameBlank),
        ]);
    }

    /// RFC 9112 sections 2.2 and 5.2: no line begins with a blank, neither the first nor a folded
    /// one.
    #[test]
    fn rejects_obsolete_folding() {
        reject_fields(&[
            ("a: b\r\n c\r\n", Error::ObsoleteFolding),
            ("a: b\r\n\tc\r\n", Error::ObsoleteFolding),
            ("a: b\r\n \r\n", Error::ObsoleteFolding),
            (" a: b\r\n", Error::ObsoleteFolding),
        ]);
        reject(&[("GET / HTTP/1.1\r\n Host: h\r\n", Error::ObsoleteFolding)]);
    }

    /// RFC 9110 section 5.1: names are tokens.
    #[test]
    fn rejects_malformed_field_names() {
        reject_fields(&[
            (": b\r\n", Error::FieldName),
            ("a\r\n", Error::FieldName),
            ("a@: b\r\n", Error::FieldName),
            ("a\0: b\r\n", Error::FieldName),
            ("a\x01: b\r\n", Error::FieldName),
            ("a\x7f: b\r\n", Error::FieldName),
            ("\u{e9}: b\r\n", Error::FieldName),
            ("(a): b\r\n", Error::FieldName),
        ]);
    }

    /// RFC 9110 section 5.5: NUL and other controls in values.
    #[test]
    fn rejects_controls_in_field_values() {
        for byte in (0..b' ').chain([0x7F]) {
            let input = [
                b"GET / HTTP/1.1\r\nHost: h\r\na: b",
                &[byte][..],
                b"c\r\n\r\n",
            ]
            .concat();
            match byte {
                b'\t' => check(input, field, Ok(b"b\tc".to_vec())),
                b'\n' => check(input, |_| (), Err(Error::BareLf)),
                b'\r' => check(input, |_| (), Err(Error::BareCr)),
                _ => check(input, |_| (), Err(Error::FieldValue)),
            }
        }
    }

    /// RFC 9112 section 2.2: a line ends with CR LF, both, and nowhere else does a CR stand.
    #[test]
    fn rejects_bare_line_ends() {
        reject_fields(&[
            ("a: b\n", Error::BareLf),
            ("\n", Error::BareLf),
            ("a: b\r\r\n", Error::BareCr),
            ("a: \rb\r\n", Error::BareCr),
            ("\ra: b\r\n", Error::BareCr),
            ("a\r: b\r\n", Error::BareCr),
            ("\r\r\n", Error::BareCr),
        ]);
    }

    /// RFC 9112 section 3.2 and RFC 9110 section 7.2.
    #[test]
    fn requires_one_sound_host() {
        let rows = [
            ("", Err(Error::HostMissing), Ok(())),
            ("Host: h\r\n", Ok(()), Ok(())),
            ("HOST:\t[::1]:8000 \r\n", Ok(()), Ok(())),
            (
                "Host: h\r\nHost: h\r\n",
                Err(Error::HostRepeated),
                Err(Error::HostRepeated),
            ),
            (
                "Host: h\r\nhost:\r\n",
                Err(Error::HostRepeated),
                Err(Error::HostRepeated),
            ),
            (
                "Host:\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: \t\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: u@h\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: a b\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: a, b\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: http://h\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: h:x\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
            (
                "Host: \u{e9}\r\n",
                Err(Error::HostMalformed),
                Err(Error::HostMalformed),
            ),
        ];
        for (lines, in_11, in_10) in rows {
            check(format!("GET / HTTP/1.1\r\n{lines}\r\n"), |_| (), in_11);
            check(format!("GET / HTTP/1.0\r\n{lines}\r\n"), |_| (), in_10);
        }
    }

    /// RFC 9112 section 3.2.2: the authority of an absolute target replaces Host, which must be
    /// sound all the same.
    #[test]
    fn the_authority_of_an_absolute_target_replaces_host() {
        fn hosts(head: &Head) -> Vec<Vec<u8>> {
            head.fields.all("Host").map(<[u8]>::to_vec).collect()
        }
        let line = "GET http://right:80/a HTTP/1.1\r\n";
        let right = Ok(vec![b"right:80".to_vec()]);
        check(
            format!("{line}a: b\r\nHost: wrong\r\nc: d\r\n\r\n"),
            hosts,
            right.clone(),
        );
        check(
            "GET http://right:80/a HTTP/1.0\r\na: b\r\n\r\n",
            hosts,
            right.clone(),
        );
        check(
            "GET http://right:80/a HTTP/1.0\r\nhost: x\r\n\r\n",
            hosts,
            right,
        );
        check(format!("{line}\r\n"), hosts, Err(Error::HostMissing));
        check(
            format!("{line}Host: @\r\n\r\n"),
            hosts,
            Err(Error::HostMalformed),
        );
    }

    /// RFC 9112 sections 3.2.3 and 3.2.4; CONNECT is RFC 9110 section 9.3.6.
    #[test]
    fn rejects_forms_of_target_that_are_not_ours() {
        for (line, error) in [
            ("CONNECT h:80", Error::Connect),
            ("CONNECT /", Error::Connect),
            ("GET h:80", Error::TargetForm),
            ("GET *", Error::TargetForm),
            ("OPTIONS **", Error::TargetForm),
            ("GET a", Error::TargetForm),
            ("GET ?a", Error::TargetForm),
            ("GET ftp://h/", Error::TargetForm),
            ("GET http:/h", Error::TargetForm),
            ("GET http://u@h/", Error::TargetUserinfo),
            ("GET http://u:p@h/", Error::TargetUserinfo),
            ("GET http:///", Error::TargetAuthority),
            ("GET http://:80/", Error::TargetAuthority),
            ("GET http://h:x/", Error::TargetAuthority),
        ] {
            check(
                format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n"),
                |_| (),
                Err(error),
            );
        }
    }

    /// RFC 9112 section 9.3.
    #[test]
    fn keep_alive_follows_version_and_connection() {
        let rows = [
            ("", true, false),
            ("Connection: close\r\n", false, false),
            ("Connection: keep-alive\r\n", true, true),
            ("connection: CLOSE\r\n", false, false),
            ("Connection: Keep-Alive\r\n", true, true),
            ("Connection: a, close ,b\r\n", false, false),
            ("Connection: a,,\tkeep-alive\r\n", true, true),
            ("Connection: keep-alive, close\r\n", false, false),
            (
                "Connection: keep-alive\r\nConnection: close\r\n",
                false,
                false,
            ),
            ("Connection: x-close\r\n", true, false),
            ("Connection:\r\n", true, false),
        ];
        for (lines, in_11, in_10) in rows {
            check(with_fields(lines), |head| head.keep_alive, Ok(in_11));
            let input = format!("GET / HTTP/1.0\r\n{lines}\r\n");
            check(input, |head| head.keep_alive, Ok(in_10));
        }
    }

    /// RFC 9110 section 10.1.1: only for a body, and not for HTTP/1.0.
    #[test]
    fn continue_is_expected_for_a_body_in_11() {
        let rows = [
            (
                "Content-Length: 1\r\nExpect: 100-continue\r\n",
                Ok(true),
                Ok(false),
            ),
            (
                "Content-Length: 1\r\nexpect: 100-Continue\r\n",
                Ok(true),
                Ok(false),
            ),
            (
                "Content-Length: 0\r\nExpect: 100-continue\r\n",
                Ok(false),
                Ok(false),
            ),
            ("Expect: 100-continue\r\n", Ok(false), Ok(false)),
            ("Content-Length: 1\r\n", Ok(false), Ok(false)),
            ("Content-Length: 1\r\nExpect:\r\n", Ok(false), Ok(false)),
            (
                "Expect: 200-ok\r\n",
                Err(Error::Expectation),
                Err(Error::Expectation),
            ),
            (
                "Expect: 100-continue, x\r\n",
                Err(Error::Expectation),
                Err(Error::Expectation),
            ),
            (
                "Expect: 100-continue=1\r\n",
                Err(Error::Expectation),
                Err(Error::Expectation),
            ),
        ];
        for (lines, in_11, in_10) in rows {
            check(with_fields(lines), |head| head.expects_continue, in_11);
            let input = format!("GET / HTTP/1.0\r\n{lines}\r\n");
            check(input, |head| head.expects_continue, in_10);
        }
        let chunked = with_fields("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n");
        check(chunked, |head| head.expects_continue, Ok(true));
    }

    /// Each limit holds to the byte, and is seen before the rest has come.
    #[test]
    fn limits_hold_to_the_byte() {
        let limits = Limits {
            target_bytes_max: 10,
            head_bytes_max: 60,
            fields_max: 2,
            body_bytes_max: 0,
        };
        let result = |input: &str| match read_in_all_pieces(input.as_bytes(), &limits) {
            Ok(Progress::Complete(_, taken)) => Ok(Some(taken)),
            Ok(Progress::Partial) => Ok(None),
            Err(error) => Err(error),
        };
        let head =
            |target: &str, lines: &str| format!("GET {target} HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        let method = "M".repeat(METHOD_BYTES_MAX);

        assert_eq!(result(&head("/123456789", "")), Ok(Some(36)));
        assert_eq!(result("GET /1234567890"), Err(Error::TargetTooLong));
        assert_eq!(result("GET /123456789"), Ok(None));
        assert_eq!(result("GET /123456789#"), Err(Error::TargetFragment));
        assert_eq!(result(&format!("{method} ")), Ok(None));
        assert_eq!(result(&format!("{method}M")), Err(Error::MethodTooLong));
        assert_eq!(result(&head("/", "a: b\r\n")), Ok(Some(33)));
        assert_eq!(
            result(&head("/", "a: b\r\nc: d\r\n")),
            Err(Error::TooManyFields)
        );
        assert_eq!(
            result(&head("/", &format!("a: {}\r\n", "b".repeat(28)))),
            Ok(Some(60))
        );
        assert_eq!(
            result(&head("/", &format!("a: {}\r\n", "b".repeat(29)))),
            Err(Error::HeadTooLarge)
        );
        assert_eq!(
            result(&format!("GET / HTTP/1.1\r\n{}", "a".repeat(44))),
            Ok(None)
        );
        assert_eq!(
            result(&format!("GET / HTTP/1.1\r\n{}", "a".repeat(45))),
            Err(Error::HeadTooLarge)
        );
    }

    /// 200,000 bytes, one at a time, end in 431 at the limit. Nothing is left unsearched between
    /// calls, so no call looks at more than came since the one before; looking at everything again
    /// would make twenty thousand million comparisons.
    #[test]
    fn a_dripped_head_costs_linear_work() {
        let limits = Limits {
            head_bytes_max: 199_999,
            ..Limits::DEFAULT
        };
        let mut input = b"GET / HTTP/1.1\r\na: ".to_vec();
        let mut parser = HeadParser::default();
        assert_eq!(parser.advance(&input, &limits), Ok(Progress::Partial));
        while input.len() < limits.head_bytes_max {
            input.push(b'b');
            assert_eq!(parser.advance(&input, &limits), Ok(Progress::Partial));
            assert_eq!(parser.searched, input.len());
        }
        input.push(b'b');
        assert_eq!(parser.advance(&input, &limits), Err(Error::HeadTooLarge));
    }

    /// The parser is as new after a head: two in one write are read one after the other.
    #[test]
    fn reads_pipelined_heads_one_by_one() {
        let mut input =
            b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /b HTTP/1.0\r\n\r\nrest".as_slice();
        let mut parser = HeadParser::default();
        for (path, expected) in [(b"/a", 28), (b"/b", 21)] {
            let Ok(Progress::Complete(head, taken)) = parser.advance(input, &Limits::DEFAULT)
            else {
                panic!("expected a head, but found {}", input.escape_ascii());
            };
            assert_eq!(
                (head.target.path.as_slice(), taken),
                (path.as_slice(), expected)
            );
            input = &input[taken..];
        }
        assert_eq!(input, b"rest");
    }

    /// A caller that breaks the agreement and hands over less than before gets no panic.
    #[test]
    fn bears_an_input_that_shrinks() {
        let request = b"\r\nGET /abc HTTP/1.1\r\nHost: h\r\na: b\r\n\r\n";
        for first in 0..request.len() {
            for second in 0..first {
                let mut parser = HeadParser::default();
                let _ = parser.advance(&request[..first], &Limits::DEFAULT);
                let _ = parser.advance(&request[..second], &Limits::DEFAULT);
                let _ = parser.advance(&request[second..], &Limits::DEFAULT);
            }
        }
    }
}
