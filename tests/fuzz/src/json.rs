//! Written and read again, a value is the same, errors have a place in the text, and `serde_json`
//! agrees on what is a document.

use minicap::json::{Document, ErrorKind, LONG_NUMBER_BYTES, TooLong, parse};

/// The input may be a document.
pub fn check(input: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Value>(input);
    match parse(input) {
        Ok(value) => {
            let text = written(&value, usize::MAX).unwrap();
            let read = parse(text.as_bytes()).unwrap();
            assert_eq!(written(&read, usize::MAX).unwrap(), text);
            assert_eq!(written(&value, text.len() - 1), Err(TooLong));
            // Numbers of many digits count as more bytes than they have.
            let bytes_max = text.len() + input.len() * LONG_NUMBER_BYTES;
            assert_eq!(written(&value, bytes_max).unwrap(), text);
            if let Ok(theirs) = &theirs {
                assert!(
                    agree(&serde_json::from_str(&text).unwrap(), theirs),
                    "{text}"
                );
            }
            // Numbers that `serde_json` finds out of range are infinite here.
            let is_known =
                |error: serde_json::Error| error.to_string().starts_with("number out of range");
            assert!(theirs.map_or_else(is_known, |_| true));
        }
        Err(error) => {
            let characters = String::from_utf8_lossy(input).chars().count();
            assert!(error.at <= characters, "{error:?}");
            assert!(!error.kind.message().is_empty());
            let stricter = [ErrorKind::TooDeep, ErrorKind::IntegerTooLong];
            assert!(
                theirs.is_err() || stricter.contains(&error.kind),
                "{error:?}"
            );
        }
    }
}

fn written(document: &Document, bytes_max: usize) -> Result<String, TooLong> {
    let mut out = Vec::new();
    let written = document.root().write(bytes_max, &mut out);
    assert!(out.len() <= bytes_max && (written.is_ok() || out.is_empty()));
    written.map(|()| String::from_utf8(out).unwrap())
}

/// Whether two documents mean the same; numbers as far as `serde_json` reads them exactly.
fn agree(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (one, other) {
        (Number(one), Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= one.abs().max(f64::MIN_POSITIVE) * 4.0 * f64::EPSILON
        }
        (Array(ones), Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(a, b)| agree(a, b))
        }
        (Object(ones), Object(others)) => {
            let has = |(name, one)| others.get(name).is_some_and(|other| agree(one, other));
            ones.len() == others.len() && ones.iter().all(has)
        }
        (one, other) => one == other,
    }
}
