//! A head is read the same in whatever pieces it comes, keeps its limits, and httparse agrees.

use minicap::http::{Error, Head, HeadParser, Method, Progress, Version};

use super::{LIMITS, cuts};

/// The input is what a client sends first.
pub fn check(input: &[u8]) {
    let whole = read(input, []);
    assert_eq!(read(input, cuts(input)), whole, "cut");
    assert_eq!(read(input, 0..input.len()), whole, "byte by byte");
    match whole {
        Ok(Progress::Complete(head, taken)) => check_head(&head, &input[..taken]),
        Ok(Progress::Partial) => assert!(input.len() <= LIMITS.head_bytes_max),
        Err(error) => assert!(400 <= error.status().code()),
    }
}

/// Reads a head from the input as it grows to each of `cuts` and then to its end.
fn read(input: &[u8], cuts: impl IntoIterator<Item = usize>) -> Result<Progress<Head>, Error> {
    let mut parser = HeadParser::default();
    for cut in cuts {
        match parser.advance(&input[..cut], &LIMITS) {
            Ok(Progress::Partial) => {}
            done => return done,
        }
    }
    parser.advance(input, &LIMITS)
}

fn check_head(head: &Head, bytes: &[u8]) {
    assert!(bytes.len() <= LIMITS.head_bytes_max);
    assert_eq!(read(&bytes[..bytes.len() - 1], []), Ok(Progress::Partial));
    let target_bytes = head.target.path.len() + head.target.query.as_ref().map_or(0, Vec::len);
    assert!(target_bytes <= LIMITS.target_bytes_max);
    assert!(head.target.path.starts_with(b"/") || head.target.path == b"*");
    // The authority of the target may have become a `Host` field.
    assert!(head.fields.iter().count() <= LIMITS.fields_max + 1);
    assert!(head.fields.all("host").count() <= 1);
    assert!(head.fields.get("host").is_some() || head.version == Version::Http10);
    assert!(matches!(head.method, Method::Other(_)) || head.method.as_str().len() <= 7);
    for (_, value) in head.fields.iter() {
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    check_against_httparse(head, bytes);
}

/// Every head that we accept, httparse accepts, except for minor versions above 1.
fn check_against_httparse(head: &Head, bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    let version = bytes
        .windows(8)
        .position(|text| text.starts_with(b" HTTP/1."));
    let minor = &mut bytes[version.unwrap() + 8];
    *minor = (*minor).min(b'1');
    let mut slots = [httparse::EMPTY_HEADER; LIMITS.fields_max];
    let mut theirs = httparse::Request::new(&mut slots);
    assert_eq!(
        theirs.parse(&bytes),
        Ok(httparse::Status::Complete(bytes.len()))
    );
    assert_eq!(theirs.method, Some(head.method.as_str()));
    for (field, (name, value)) in theirs.headers.iter().zip(head.fields.iter()) {
        assert_eq!(field.name.as_bytes(), name);
        assert!(field.value == value || field.name.eq_ignore_ascii_case("host"));
    }
}
