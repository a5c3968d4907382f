//! Laws of the whole module, on generated messages: what was written is what is read, in whatever
//! pieces it comes, and another parser agrees.

use fastrand::Rng;
use proptest::collection::vec;
use proptest::prelude::*;

use super::testing::{decode_pieces, read_at, read_in_all_pieces};
use super::*;

/// A request as its parts, to be written and read again.
#[derive(Clone, Debug)]
struct Parts {
    method: String,
    authority: Option<&'static str>,
    path: String,
    query: Option<String>,
    minor: u8,
    fields: Vec<(String, Vec<u8>)>,
}

impl Parts {
    fn write(&self) -> Vec<u8> {
        let mut out = format!("{} ", self.method).into_bytes();
        if let Some(authority) = self.authority {
            out.extend(format!("http://{authority}").into_bytes());
        }
        out.extend(self.path.as_bytes());
        if let Some(query) = &self.query {
            out.extend(format!("?{query}").into_bytes());
        }
        out.extend(format!(" HTTP/1.{}\r\nHost: h\r\n", self.minor).into_bytes());
        for (name, value) in &self.fields {
            out.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        out.extend(b"\r\n");
        out
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    // A name with this beginning means nothing, so the value may be anything.
    let name = "x-[!#$%&'*+.^_`|~0-9a-zA-Z-]{0,8}";
    let value = vec(
        prop_oneof![0x21_u8..=0x7E, 0x80_u8..=0xFF, Just(b' '), Just(b'\t')],
        0..20,
    )
    .prop_map(|value| class::trim_blanks(&value).to_vec());
    (
        "[A-Z!~a-z0-9-]{1,12}".prop_filter("connect is refused", |method| method != "CONNECT"),
        prop_oneof![Just(None), Just(Some("right")), Just(Some("[::1]:8000"))],
        "/[a-z0-9%/:@!$&'()*+,;=~._-]{0,12}",
        proptest::option::of("[a-z=&+/?:@!$'()*,;{}|^`]{0,12}"),
        0_u8..=9,
        vec((name, value), 0..8),
    )
        .prop_map(|(method, authority, path, query, minor, fields)| Parts {
            method,
            authority,
            path,
            query,
            minor,
            fields,
        })
}

proptest! {
    #[test]
    fn a_written_request_reads_the_same(parts in parts(), mut cuts in vec(0_usize..300, 0..6)) {
        let mut input = parts.write();
        let len = input.len();
        input.extend(b"rest");
        cuts.retain(|&cut| cut < input.len());
        cuts.sort_unstable();
        let read = read_at(&input, cuts, &Limits::DEFAULT);
        let Ok(Progress::Complete(head, taken)) = read else {
            panic!("expected a head, but found {read:?}");
        };
        prop_assert_eq!(taken, len);
        prop_assert_eq!(head.method.as_str(), &parts.method);
        prop_assert_eq!(head.target.path, parts.path.into_bytes());
        prop_assert_eq!(head.target.query, parts.query.map(String::into_bytes));
        prop_assert_eq!(head.version == Version::Http10, parts.minor == 0);
        let host = parts.authority.unwrap_or("h");
        prop_assert_eq!(head.fields.all("HOST").collect::<Vec<_>>(), [host.as_bytes()]);
        let fields: Vec<_> = head.fields.iter().skip(1).collect();
        let expected: Vec<_> =
            parts.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())).collect();
        prop_assert_eq!(fields, expected);
        prop_assert_eq!(head.framing, Framing::Length(0));
    }

    #[test]
    fn a_written_query_value_reads_the_same(value in ".{0,20}", others in "[a-z=&+]{0,10}") {
        let mut query = format!("{others}&na%6De=").into_bytes();
        for byte in value.bytes() {
            query.extend(format!("%{byte:02X}").into_bytes());
        }
        let target = Target { path: b"/".to_vec(), query: Some(query) };
        prop_assert_eq!(target.query_value("name"), Some(value));
    }

    #[test]
    fn a_written_chunked_body_reads_the_same(
        chunks in vec((vec(any::<u8>(), 1..40), r#"( ?; ?[a-z]{1,4}( ?= ?([a-z]{1,4}|"([ !#-\[\]-~]|\\[ -~]){0,6}"))?){0,2}"#), 0..6),
        trailers in vec("[a-z]{1,5}: ?[ -~]{0,8}", 0..3),
        pieces in vec(1_usize..30, 1..6),
    ) {
        let mut input = Vec::new();
        for (data, extension) in &chunks {
            input.extend(format!("{:x}{extension}\r\n", data.len()).into_bytes());
            input.extend(data);
            input.extend(b"\r\n");
        }
        input.extend(b"0\r\n");
        for trailer in &trailers {
            input.extend(format!("{trailer}\r\n").into_bytes());
        }
        input.extend(b"\r\n");
        let len = input.len();
        input.extend(b"rest");
        let data = chunks.into_iter().flat_map(|(data, _)| data).collect();
        let decoded = decode_pieces(cut(&input, &pieces), Framing::Chunked, &Limits::DEFAULT);
        prop_assert_eq!(decoded, Ok((data, len, true)));
    }

    #[test]
    fn a_written_answer_reads_the_same(
        fields in vec("[!-~\u{e9}]([ -~\u{e9}]{0,10}[!-~])?", 0..5),
        body in vec(any::<u8>(), 0..50),
    ) {
        let mut response = Response::new(Status::UnprocessableContent).with_body("text/plain", body);
        for field in fields {
            response = response.with_field("X-Field", field);
        }
        let mut out = Vec::new();
        let hop = Hop { version: Version::Http10, keep_alive: true };
        response.write_head(hop, &imf_fixdate(784_111_777), &mut out);
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut parsed = httparse::Response::new(&mut headers);
        prop_assert_eq!(parsed.parse(&out), Ok(httparse::Status::Complete(out.len())));
        prop_assert_eq!((parsed.version, parsed.code), (Some(1), Some(422)));
        prop_assert_eq!(parsed.reason, Some("Unprocessable Content"));
        let length = response.body.len().to_string();
        let mut expected = vec![
            ("Date", b"Sun, 06 Nov 1994 08:49:37 GMT".as_slice()),
            ("Content-Length", length.as_bytes()),
        ];
        expected.extend(response.fields.iter().map(|(name, value)| (*name, value.as_bytes())));
        expected.push(("Connection", b"keep-alive"));
        let found: Vec<_> = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn dates_have_one_length(secs in any::<u64>()) {
        prop_assert_eq!(imf_fixdate(secs).len(), 29);
    }
}

/// `input` in pieces whose lengths come from `lens`, again and again.
fn cut<'input>(mut input: &'input [u8], lens: &[usize]) -> Vec<&'input [u8]> {
    let mut pieces = Vec::new();
    for &len in lens.iter().cycle() {
        let Some((piece, rest)) = input.split_at_checked(len) else {
            break;
        };
        pieces.push(piece);
        input = rest;
    }
    pieces.push(input);
    pieces
}

/// Good heads and chunked bodies, of which most mutations break one rule.
const HEADS: [&[u8]; 7] = [
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\nGET /a%20b?c=d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /api/captcha/validate/ HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n",
    b"POST http://h:80/x HTTP/1.1\r\nHost: y\r\ntransfer-encoding:  Chunked \r\nx:\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost:h\r\nOrigin: http://o\r\nx: \x80\xff\ty\r\n\r\n",
    b"HEAD /healthz?x HTTP/1.7\r\nHost:\th\t\r\nConnection: a, close\r\nAccept: */*;q=0.1\r\n\r\n",
    b"PUT /~{}|^` HTTP/1.1\r\nA: \r\nHost: 127.0.0.1:8000\r\nUser-Agent: x (y; z) \"q\" \\ <>@,;:[]?={}\r\n\r\n",
];
const CHUNKED: [&[u8]; 3] = [
    b"3\r\nabc\r\n0\r\n\r\n",
    b"A;x=\"y\"\r\n0123456789\r\n1 ;z\r\na\r\n00\r\nt: u\r\nv:\r\n\r\n",
    b"000000000000000F\r\n\r\n\r\n0123456789a\r\n0\r\n\r\n",
];

/// Bytes that grammars care about.
const HARD_BYTES: &[u8] =
    b"\0\x01\t\n\x0b\r\r\r\n\n\n  !\"#%*+,-./012:;<=>?@AFGX[\\]_`ax{|}~\x7f\x80\xc3\xff";

/// Some small change, sometimes several.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    loop {
        let at = rng.usize(0..=bytes.len());
        let len = rng.usize(0..=(bytes.len() - at).min(8));
        let byte = HARD_BYTES[rng.usize(..HARD_BYTES.len())];
        let replacement = match rng.u8(..7) {
            0 => vec![],
            1 => vec![rng.u8(..)],
            2 => bytes[at..at + len].repeat(2),
            3 => b"\r\n".to_vec(),
            _ => vec![byte],
        };
        // Insert as often as replace.
        let replaced = if rng.bool() { len.min(1) } else { 0 };
        bytes.splice(at..at + replaced, replacement);
        if rng.u8(..3) != 0 {
            return;
        }
    }
}

/// `count` mutations of the seeds, the same ones in every run.
fn mutations(seeds: &'static [&[u8]], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::with_seed(9112);
    seeds.iter().cycle().take(count).map(move |seed| {
        let mut bytes = seed.to_vec();
        mutate(&mut bytes, &mut rng);
        bytes
    })
}

/// However a good or broken message is cut, the result is the same, and nothing panics.
#[test]
fn pieces_do_not_matter() {
    let limits = Limits {
        target_bytes_max: 30,
        head_bytes_max: 90,
        fields_max: 3,
        body_bytes_max: 25,
    };
    for input in mutations(&HEADS, 700) {
        let _ = read_in_all_pieces(&input, &limits);
    }
    for input in mutations(&CHUNKED, 1500) {
        let _ = testing::decode_in_all_pieces(&input, Framing::Chunked, &limits);
    }
}

/// Random bytes of all kinds in random pieces.
#[test]
fn garbage_does_not_panic() {
    let mut rng = Rng::with_seed(9110);
    for _ in 0..5000 {
        let input: Vec<u8> = (0..rng.usize(..60))
            .map(|_| HARD_BYTES[rng.usize(..HARD_BYTES.len())])
            .collect();
        let cuts = (0..input.len())
            .filter(|_| rng.u8(..4) == 0)
            .collect::<Vec<_>>();
        let whole = read_at(&input, [], &Limits::DEFAULT);
        assert_eq!(
            read_at(&input, cuts, &Limits::DEFAULT),
            whole,
            "{}",
            input.escape_ascii()
        );
        let _ = decode_pieces([input.as_slice()], Framing::Chunked, &Limits::DEFAULT);
    }
}

/// What we refuse and httparse takes: the rule, a head that shows it, and why. Every other error is
/// an error there as well.
const STRICTER: [(Error, &str, &str); 19] = [
    (
        Error::Method,
        "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        EMPTY_LINES,
    ),
    (
        Error::MethodTooLong,
        "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\nHost: h\r\n\r\n",
        BOUND,
    ),
    (Error::BareLf, "GET / HTTP/1.1\nHost: h\n\n", LINE_ENDS),
    (
        Error::Target,
        "GET /\"<> HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (
        Error::TargetFragment,
        "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (
        Error::TargetForm,
        "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (
        Error::TargetUserinfo,
        "GET http://u@h HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (
        Error::TargetAuthority,
        "GET http:// HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (
        Error::Connect,
        "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        ANY_TARGET,
    ),
    (Error::HostMissing, "GET / HTTP/1.1\r\n\r\n", NO_MEANING),
    (
        Error::HostRepeated,
        "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::HostMalformed,
        "GET / HTTP/1.1\r\nHost: h/\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::LengthRepeated,
        "GET / HTTP/1.0\r\nContent-Length: 1, 1\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::LengthMalformed,
        "GET / HTTP/1.0\r\nContent-Length: +1\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::LengthOverflow,
        "GET / HTTP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::LengthWithCoding,
        "GET / HTTP/1.0\r\nContent-Length: 1\r\nTransfer-Encoding: a\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::Coding,
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: a\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::CodingInHttp10,
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        NO_MEANING,
    ),
    (
        Error::Expectation,
        "GET / HTTP/1.0\r\nExpect: a\r\n\r\n",
        NO_MEANING,
    ),
];
const EMPTY_LINES: &str = "httparse skips any number of empty lines before the request";
const BOUND: &str = "httparse leaves bounds to its caller";
const LINE_ENDS: &str = "RFC 9112 section 2.2 allows to take a bare LF; of two readers one may";
const ANY_TARGET: &str = "httparse takes any bytes but controls and spaces for a target";
const NO_MEANING: &str = "httparse does not know what fields mean";

/// Each difference is there: a row that no longer shows one has to go.
#[test]
fn httparse_takes_what_we_refuse() {
    for (error, input, reason) in STRICTER {
        assert_eq!(
            read_in_all_pieces(input.as_bytes(), &Limits::DEFAULT),
            Err(error),
            "{input:?}"
        );
        let mut headers = [httparse::EMPTY_HEADER; 4];
        let theirs = httparse::Request::new(&mut headers).parse(input.as_bytes());
        assert_eq!(
            theirs,
            Ok(httparse::Status::Complete(input.len())),
            "{input:?}: {reason}"
        );
    }
}

/// Nothing that we take is refused by httparse or read differently there, but for the minor version:
/// it knows 1.0 and 1.1, and RFC 9110 section 2.5 asks to serve 1.2 to 1.9 as well.
#[test]
fn httparse_agrees() {
    let mut taken_count = 0;
    for mut input in HEADS
        .iter()
        .map(|head| head.to_vec())
        .chain(mutations(&HEADS, 40_000))
    {
        let ours = read_at(&input, [], &Limits::DEFAULT);
        lower_minor_version(&mut input);
        let mut headers = [httparse::EMPTY_HEADER; Limits::DEFAULT.fields_max];
        let mut theirs = httparse::Request::new(&mut headers);
        let their_result = theirs.parse(&input);
        let shown = input.escape_ascii();
        match (ours, their_result) {
            (Ok(Progress::Complete(head, taken)), their_result) => {
                assert_eq!(
                    their_result,
                    Ok(httparse::Status::Complete(taken)),
                    "{shown}"
                );
                assert_same(&head, &theirs);
                taken_count += 1;
            }
            (Ok(Progress::Partial), Ok(httparse::Status::Complete(taken))) => {
                panic!("httparse took {taken} of {shown}");
            }
            (Err(error), Ok(httparse::Status::Complete(_))) => {
                assert!(
                    STRICTER.iter().any(|(known, ..)| *known == error),
                    "{error:?}: {shown}"
                );
            }
            _ => {}
        }
    }
    // The comparison means something only if mutations often leave a head that both take.
    assert!((4_000..36_000).contains(&taken_count), "{taken_count}");
}

/// Makes the minor version one that httparse knows. No space stands in a target, so the first
/// version found is the request line's.
fn lower_minor_version(input: &mut [u8]) {
    const START: &[u8] = b" HTTP/1.";
    let start = input
        .windows(START.len())
        .position(|window| window == START);
    if let Some(minor) = start.and_then(|start| input.get_mut(start + START.len()))
        && matches!(minor, b'2'..=b'9')
    {
        *minor = b'1';
    }
}

fn assert_same(head: &Head, theirs: &httparse::Request) {
    assert_eq!(theirs.method, Some(head.method.as_str()));
    assert_eq!(
        theirs.version,
        Some(u8::from(head.version == Version::Http11))
    );
    let absolute = !theirs.path.unwrap().starts_with(['/', '*']);
    let mut ours: Vec<_> = head.fields.iter().collect();
    if absolute && ours.len() > theirs.headers.len() {
        ours.pop(); // The authority of a 1.0 request without Host.
    }
    assert_eq!(ours.len(), theirs.headers.len());
    for ((name, value), header) in ours.into_iter().zip(&*theirs.headers) {
        assert_eq!(name, header.name.as_bytes());
        if !(absolute && header.name.eq_ignore_ascii_case("host")) {
            assert_eq!(value, header.value);
        }
    }
}
