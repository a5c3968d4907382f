//! A value to compact JSON text.
//! Knows how `CPython` spells things (`json.dumps` with `ensure_ascii=False` and no blanks) and
//! nothing of how they were read. What has no spelling in JSON, an infinite number, becomes `null`.

use std::io::Write;

use super::Value;

impl Value<'_> {
    /// Appends the value as compact JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Integer(digits) => out.extend_from_slice(digits.as_bytes()),
            Value::Float(number) => write_float(*number, out),
            Value::String(text) => write_string(text, out),
            Value::Array(values) => write_array(values, out),
            Value::Object(members) => {
                out.push(b'{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if 0 < place {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

fn write_array(values: &[Value], out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, value) in values.iter().enumerate() {
        if 0 < place {
            out.push(b',');
        }
        value.write(out);
    }
    out.push(b']');
}

/// Appends the text in quotes, escaping what RFC 8259 section 7 demands and nothing else.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x00..=0x1f => push_formatted(out, format_args!("\\u{byte:04x}")),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a number as Python's `repr` does: the fewest digits that give it back; with an exponent
/// (of two digits at least) below 1e-4 and from 1e16 on, else with a point and a digit behind it.
fn write_float(number: f64, out: &mut Vec<u8>) {
    if !number.is_finite() {
        return out.extend_from_slice(b"null");
    }
    // Rust's `Debug` chooses the form as Python does; rows in `tests` hold it to that.
    let shortest = format!("{number:?}");
    let (mantissa, exponent) = split_exponent(&shortest);
    let decimals = mantissa
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    // Of two shortest spellings equally near, Rust takes the upper and Python the even one, as
    // rounding to that many digits does too. Rounding alone is not enough: at a power of two the
    // nearest spelling may be that of its neighbour below.
    let rounded = match exponent {
        None => format!("{number:.decimals$}"),
        Some(_) => format!("{number:.decimals$e}"),
    };
    let digits = if rounded.parse() == Ok(number) {
        &rounded
    } else {
        &shortest
    };
    match split_exponent(digits) {
        (mantissa, None) => out.extend_from_slice(mantissa.as_bytes()),
        (mantissa, Some(exponent)) => {
            push_formatted(out, format_args!("{mantissa}e{exponent:+03}"));
        }
    }
}

fn split_exponent(digits: &str) -> (&str, Option<i16>) {
    match digits.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()),
        None => (digits, None),
    }
}

fn push_formatted(out: &mut Vec<u8>, text: std::fmt::Arguments) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
