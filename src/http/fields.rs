//! Header fields: the lines of a head, kept as they came.
//! Knows the form of names and values, not what any of them means. The rules are RFC 9110
//! section 5 and RFC 9112 section 5.

use std::ops::Range;

use super::Error;
use super::class::{TOKEN, is_blank, is_field_content, trim_blanks};

/// The fields of a head in the order they came. Owns the bytes of the head once; a field is only
/// the place of its name and its value in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// The place of a field's name and value in the bytes of its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    name: Range<usize>,
    value: Range<usize>,
}

impl Fields {
    pub(super) fn new(head: &[u8], spans: Vec<Span>) -> Self {
        Self {
            bytes: head.to_vec(),
            spans,
        }
    }

    /// How many bytes the whole head has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The first value of `name`, which is compared without regard to ASCII case; without blanks
    /// at its ends.
    #[inline]
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// All values of `name`, a field line each.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// All fields, name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans
            .iter()
            .map(|span| (self.slice(&span.name), self.slice(&span.value)))
    }

    /// The elements of the comma-separated list that all values of `name` make up, without the
    /// empty ones (RFC 9110 section 5.6.1).
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.all(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .map(trim_blanks)
            .filter(|element| !element.is_empty())
    }

    /// Makes the authority at `place` in the head the only Host.
    pub(super) fn set_host(&mut self, place: Range<usize>) {
        const NAME: &[u8] = b"host";
        let known = self
            .spans
            .iter()
            .position(|span| self.slice(&span.name).eq_ignore_ascii_case(NAME));
        if let Some(span) = known.and_then(|index| self.spans.get_mut(index)) {
            span.value = place;
            return;
        }
        let name = self.bytes.len()..self.bytes.len() + NAME.len();
        self.bytes.extend_from_slice(NAME);
        self.spans.push(Span { name, value: place });
    }

    /// Spans were taken from these bytes, so the slice is always there.
    fn slice(&self, place: &Range<usize>) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }
}

/// Parses a field line, without its line end, that began at `start` in the head.
/// ```text
/// field-line = field-name ":" OWS field-value OWS                  ; RFC 9112 section 5
/// ```
pub(super) fn parse_line(line: &[u8], start: usize) -> Result<Span, Error> {
    let colon = TOKEN.first_outside(line).ok_or(Error::FieldName)?;
    let (name, rest) = line.split_at(colon); // A place found in `line` is inside it.
    let value = match rest {
        [b':', value @ ..] if !name.is_empty() => value,
        [first, ..] => return Err(name_error(name.len(), *first)),
        [] => return Err(Error::FieldName),
    };
    // Without an early exit, so that the compiler can look at many bytes at once.
    let foul = value
        .iter()
        .fold(0, |foul, &byte| foul | u8::from(!is_field_content(byte)));
    if foul != 0 {
        return Err(if value.contains(&b'\r') {
            Error::BareCr
        } else {
            Error::FieldValue
        });
    }
    let lead = value.iter().take_while(|&&byte| is_blank(byte)).count();
    let value_start = start + colon + 1 + lead;
    let value_end = value_start + trim_blanks(value).len();
    Ok(Span {
        name: start..start + colon,
        value: value_start..value_end,
    })
}

/// Why `byte` may not follow `name_bytes` bytes of a field name.
///
/// A blank before the colon has hidden fields from proxies (RFC 9112 section 5.1), and so have
/// folded lines (section 5.2).
pub(super) fn name_error(name_bytes: usize, byte: u8) -> Error {
    match (name_bytes, byte) {
        (0, b' ' | b'\t') => Error::ObsoleteFolding,
        (_, b' ' | b'\t') => Error::FieldNameBlank,
        (_, b'\r') => Error::BareCr,
        _ => Error::FieldName,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields of a head that is these lines.
    fn fields(lines: &[&str]) -> Result<Fields, Error> {
        let mut bytes = Vec::new();
        let mut spans = Vec::new();
        for line in lines {
            spans.push(parse_line(line.as_bytes(), bytes.len())?);
            bytes.extend_from_slice(line.as_bytes());
        }
        Ok(Fields::new(&bytes, spans))
    }

    fn check(lines: &[&str], name: &str, expected: &[&str]) {
        let fields = fields(lines).unwrap();
        let all: Vec<_> = fields.all(name).collect();
        let expected: Vec<_> = expected.iter().map(|value| value.as_bytes()).collect();
        assert_eq!(all, expected, "{lines:?}");
        assert_eq!(fields.get(name), expected.first().copied(), "{lines:?}");
    }

    /// RFC 9110 sections 5.1 and 5.3.
    #[test]
    fn finds_fields_by_name_without_case_and_in_order() {
        check(&[], "a", &[]);
        check(&["b:1"], "a", &[]);
        check(&["aa:1", "a:2"], "a", &["2"]);
        check(&["A: 1", "b: 2", "a:\t3 "], "a", &["1", "3"]);
        check(&["Captcha-Id:", "captcha-id: x"], "CAPTCHA-ID", &["", "x"]);
    }

    /// RFC 9110 section 5.6.1: empty elements count for nothing, over all lines.
    #[test]
    fn splits_lists() {
        let rows: [(&[&str], &[&str]); 4] = [
            (&["a:"], &[]),
            (&["a: ,\t, "], &[]),
            (&["a: b"], &["b"]),
            (&["a: b ,\tc,,", "x: y", "A: d e"], &["b", "c", "d e"]),
        ];
        for (lines, expected) in rows {
            let fields = fields(lines).unwrap();
            let elements: Vec<_> = fields
                .elements("a")
                .map(|element| str::from_utf8(element).unwrap())
                .collect();
            assert_eq!(elements, expected, "{lines:?}");
        }
    }

    #[test]
    fn host_is_replaced_or_added() {
        for lines in [
            ["Host: x", "a: b"].as_slice(),
            &["a: b", "HOST:"],
            &["a: b"],
        ] {
            let mut fields = fields(lines).unwrap();
            let place = fields.bytes.len()..fields.bytes.len() + 1;
            fields.bytes.push(b'h');
            fields.set_host(place);
            assert_eq!(fields.all("host").collect::<Vec<_>>(), [b"h"], "{lines:?}");
            assert_eq!(fields.get("a"), Some(b"b".as_slice()), "{lines:?}");
        }
    }
}
