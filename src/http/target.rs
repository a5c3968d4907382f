//! What a request asks for: path and query.
//! Knows no routes: a path is bytes as they were sent, never decoded or cleaned of dots or doubled
//! slashes.
//! The rules are RFC 9112 section 3.2 and RFC 3986 section 3.

use std::ops::Range;

use super::authority::is_host_and_port;
use super::class::find;
use super::{Error, Method};

/// A request target (RFC 9112 section 3.2) without the authority, which has become the Host field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path as it was sent, so of bytes that a URI may hold; it begins with a slash, or is `*`.
    ///
    /// Its escapes are not decoded: no path of a service has any, and a proxy that guards one by its
    /// name would be passed by another spelling.
    pub path: Vec<u8>,
    /// What follows the first question mark, as it was sent.
    pub query: Option<Vec<u8>>,
}

impl Target {
    /// The [`form_value`] of `name` in the query.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        form_value(self.query.as_deref()?, name)
    }

    /// Reads a target of bytes of the class `TARGET`, and says where in it an authority stands.
    ///
    /// Authority form goes with `CONNECT` alone, which is for proxies; `*` with `OPTIONS` alone.
    pub(super) fn parse(
        method: &Method,
        raw: &[u8],
    ) -> Result<(Self, Option<Range<usize>>), Error> {
        if method.as_str() == "CONNECT" {
            return Err(Error::Connect);
        }
        match raw {
            b"*" if *method == Method::Options => Ok((Self::asterisk(), None)),
            [b'/', ..] => Ok((Self::from_path_and_query(raw), None)),
            _ => {
                let authority = find_authority(raw)?;
                let rest = raw.get(authority.end..).unwrap_or_default();
                let target = match (method, rest) {
                    // RFC 9112 section 3.2.4: such a URI is what `*` stands for.
                    (Method::Options, []) => Self::asterisk(),
                    _ => Self::from_path_and_query(rest),
                };
                Ok((target, Some(authority)))
            }
        }
    }

    fn asterisk() -> Self {
        Self {
            path: b"*".to_vec(),
            query: None,
        }
    }

    /// An empty path is `/` (RFC 9110 section 4.2.3).
    fn from_path_and_query(raw: &[u8]) -> Self {
        let end = find(b'?', raw).unwrap_or(raw.len());
        let (path, query) = raw.split_at(end); // A place found in `raw`, or its end.
        let path = if path.is_empty() { b"/" } else { path };
        Self {
            path: path.to_vec(),
            query: query.split_first().map(|(_, query)| query.to_vec()),
        }
    }
}

/// The last value of `name` in a form, read as `application/x-www-form-urlencoded` (WHATWG URL
/// Standard section 5.1): `+` is a space, and bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn form_value(form: &[u8], name: &str) -> Option<String> {
    let pairs = form.split(|&byte| byte == b'&');
    let (_, value) = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let end = find(b'=', pair).unwrap_or(pair.len());
            let (key, value) = pair.split_at(end); // A place found in `pair`, or its end.
            (key, value.get(1..).unwrap_or_default())
        })
        .rfind(|(key, _)| decode_form(key) == name.as_bytes())?;
    Some(String::from_utf8_lossy(&decode_form(value)).into_owned())
}

/// Where the authority of an absolute URI stands.
/// ```text
/// http-URI = "http" "://" authority path-abempty [ "?" query ]     ; RFC 9110 section 4.2.1
/// ```
/// `https` is served as well: a proxy that ended TLS for us may pass on what it was asked.
fn find_authority(raw: &[u8]) -> Result<Range<usize>, Error> {
    let prefixes: [&[u8]; 2] = [b"http://", b"https://"];
    let start = prefixes
        .iter()
        .find(|prefix| {
            raw.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
        .map(|prefix| prefix.len())
        .ok_or(Error::TargetForm)?;
    let rest = raw.get(start..).unwrap_or_default();
    let len = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    let authority = rest.get(..len).unwrap_or_default();
    if authority.contains(&b'@') {
        return Err(Error::TargetUserinfo);
    }
    if !is_host_and_port(authority) {
        return Err(Error::TargetAuthority);
    }
    Ok(start..start + len)
}

/// The bytes with their escapes decoded and plus signs as spaces. What is no escape stays.
fn decode_form(mut bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((&first, rest)) = bytes.split_first() {
        match bytes {
            [b'%', high, low, rest @ ..]
                if let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) =>
            {
                decoded.push(high << 4 | low);
                bytes = rest;
            }
            _ => {
                decoded.push(if first == b'+' { b' ' } else { first });
                bytes = rest;
            }
        }
    }
    decoded
}

/// The value of a hexadecimal digit.
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Path, query and authority.
    type Parts<'a> = (&'a [u8], Option<&'a str>, Option<&'a str>);

    /// A target read for GET: its path and query, and the authority that stands in it.
    fn check(raw: &str, expected: Result<Parts, Error>) {
        check_for(&Method::Get, raw, expected);
    }

    fn check_for(method: &Method, raw: &str, expected: Result<Parts, Error>) {
        let found = Target::parse(method, raw.as_bytes())
            .map(|(target, place)| (target, place.map(|place| &raw[place])));
        let expected = expected.map(|(path, query, authority)| {
            let query = query.map(|query| query.as_bytes().to_vec());
            (
                Target {
                    path: path.to_vec(),
                    query,
                },
                authority,
            )
        });
        assert_eq!(found, expected, "{raw:?}");
    }

    /// RFC 9112 section 3.2.1: the path is neither decoded nor cleaned.
    #[test]
    fn accepts_origin_form() {
        check("/", Ok((b"/", None, None)));
        check("/a/b?c=d", Ok((b"/a/b", Some("c=d"), None)));
        check("/?", Ok((b"/", Some(""), None)));
        check("/a?b?c", Ok((b"/a", Some("b?c"), None)));
        check(
            "/%67%2Fe%2f%3f%00%ff?%41",
            Ok((b"/%67%2Fe%2f%3f%00%ff", Some("%41"), None)),
        );
        check("//h/../a/./+", Ok((b"//h/../a/./+", None, None)));
        check("/http://u@h/", Ok((b"/http://u@h/", None, None)));
    }

    /// RFC 9112 section 3.2.2 and RFC 9110 section 4.2.3.
    #[test]
    fn accepts_absolute_form() {
        check("http://h/a?b", Ok((b"/a", Some("b"), Some("h"))));
        check("HTTP://h:80", Ok((b"/", None, Some("h:80"))));
        check(
            "https://[::1]:8000?b@c",
            Ok((b"/", Some("b@c"), Some("[::1]:8000"))),
        );
        check("http://h//a%20b", Ok((b"//a%20b", None, Some("h"))));
    }

    /// RFC 9112 section 3.2.4.
    #[test]
    fn asterisk_is_for_options() {
        check_for(&Method::Options, "*", Ok((b"*", None, None)));
        check_for(&Method::Options, "http://h", Ok((b"*", None, Some("h"))));
        check_for(&Method::Options, "http://h/", Ok((b"/", None, Some("h"))));
        check_for(
            &Method::Options,
            "http://h?a",
            Ok((b"/", Some("a"), Some("h"))),
        );
        check_for(&Method::Options, "/%2A", Ok((b"/%2A", None, None)));
        check_for(&Method::Options, "*?a", Err(Error::TargetForm));
        check("*", Err(Error::TargetForm));
        check("http://h", Ok((b"/", None, Some("h"))));
    }

    /// RFC 3986 section 2.1.
    #[test]
    fn malformed_escapes_stay_as_they_are() {
        for raw in ["/%", "/%4", "/%4g", "/%g4", "/%+1"] {
            check(raw, Ok((raw.as_bytes(), None, None)));
        }
        check("/?a=%zz", Ok((b"/", Some("a=%zz"), None)));
        check("http://h/%", Ok((b"/%", None, Some("h"))));
        check("http://%4/", Err(Error::TargetAuthority));
    }

    /// WHATWG URL Standard section 5.1; the reference takes the last of repeated names.
    #[test]
    fn query_values_are_form_decoded() {
        let rows: [(&str, Option<&str>); 15] = [
            ("", None),
            ("theme", Some("")),
            ("theme=", Some("")),
            ("theme=dark", Some("dark")),
            ("theme=dark&theme=light", Some("light")),
            ("theme=dark&theme", Some("")),
            ("a=b&&theme=x=y&c", Some("x=y")),
            ("them%65=d%61rk", Some("dark")),
            ("theme=a+b%2Bc%26d%20e", Some("a b+c&d e")),
            ("theme=%E2%98%83%ff\u{e9}", Some("\u{2603}\u{fffd}\u{e9}")),
            ("Theme=dark", None),
            ("theme =dark", None),
            ("xtheme=dark&=theme", None),
            ("theme=%zz%4", Some("%zz%4")),
            ("&theme=dark&", Some("dark")),
        ];
        for (query, expected) in rows {
            let target = Target {
                path: b"/".to_vec(),
                query: Some(query.into()),
            };
            assert_eq!(
                target.query_value("theme").as_deref(),
                expected,
                "{query:?}"
            );
        }
        assert_eq!(
            Target {
                path: b"/".to_vec(),
                query: None
            }
            .query_value("a"),
            None
        );
    }
}
