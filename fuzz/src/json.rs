//! What was written reads as the same value, errors have a place in the text, and `serde_json` agrees
//! on what is a document.

use minicap::json::{ErrorKind, TooLong, Value, parse};

/// The input is a document, or none.
pub fn check(input: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Value>(input);
    match parse(input) {
        Ok(value) => {
            let text = written(&value, usize::MAX).unwrap();
            let read = parse(text.as_bytes()).unwrap();
            assert!(agree(&read, &value), "{value:?} was written as {text}");
            assert_eq!(written(&read, usize::MAX).unwrap(), text);
            assert_eq!(written(&value, text.len()).unwrap(), text);
            assert_eq!(written(&value, text.len() - 1), Err(TooLong));
            // Numbers that it finds out of range are infinite to us.
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

fn written(value: &Value, bytes_max: usize) -> Result<String, TooLong> {
    let mut out = Vec::new();
    let written = value.write(bytes_max, &mut out);
    assert!(out.len() <= bytes_max && (written.is_ok() || out.is_empty()));
    written.map(|()| String::from_utf8(out).unwrap())
}

/// Whether what was read again is what was written: the same, but for the spelling of numbers.
fn agree(read: &Value, value: &Value) -> bool {
    match (read, value) {
        // JSON has no spelling for a number out of range: it is written as null.
        (Value::Null, Value::Number(number)) => worth(number).is_infinite(),
        (Value::Number(one), Value::Number(other)) => {
            let are_integers = is_integer(one) && is_integer(other);
            one == other
                || (*one, *other) == ("0", "-0")
                || !are_integers && worth(one).to_bits() == worth(other).to_bits()
        }
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(a, b)| agree(a, b))
        }
        (Value::Object(ones), Value::Object(others)) => {
            let agree = |((a, b), (c, d)): (&(_, _), &(_, _))| a == c && agree(b, d);
            ones.len() == others.len() && ones.iter().zip(others).all(agree)
        }
        (one, other) => one == other,
    }
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn worth(number: &str) -> f64 {
    number.parse().unwrap()
}
