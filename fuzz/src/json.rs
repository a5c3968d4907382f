//! What was written reads as the same value, errors have a place in the text, and `serde_json` agrees
//! on what is a document.

use minicap::json::{ErrorKind, Value, parse};

/// The input is a document, or none.
pub fn check(input: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Value>(input);
    match parse(input) {
        Ok(mut value) => {
            let text = written(&value);
            nullify_infinite(&mut value);
            assert_eq!(parse(text.as_bytes()).as_ref(), Ok(&value));
            assert_eq!(written(&value), text);
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

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8(out).unwrap()
}

/// JSON has no spelling for a number out of range: it is written as null.
fn nullify_infinite(value: &mut Value) {
    match value {
        Value::Float(number) if number.is_infinite() => *value = Value::Null,
        Value::Array(values) => values.iter_mut().for_each(nullify_infinite),
        Value::Object(members) => {
            let values = members.iter_mut().map(|(_, value)| value);
            values.for_each(nullify_infinite);
        }
        _ => {}
    }
}
