//! The authority of a URI: a host and an optional port.
//! Does not check that it is the authority of this service. The rules are RFC 3986 section 3.2 and RFC 9110 section 4.2;
//! userinfo is never allowed here (RFC 9110 section 4.2.4).

use std::net::Ipv6Addr;

use super::class::{IP_FUTURE, REG_NAME, find};

/// Whether the bytes are a host, not empty, and perhaps a port.
/// ```text
/// Host     = uri-host [ ":" port ]                                 ; RFC 9110 section 7.2
/// uri-host = IP-literal / IPv4address / reg-name
/// port     = *DIGIT                                                ; RFC 3986 section 3.2.3
/// ```
/// Every `IPv4address` is also a `reg-name`.
pub(super) fn is_host_and_port(bytes: &[u8]) -> bool {
    if let [b'[', rest @ ..] = bytes {
        let Some(end) = find(b']', rest) else {
            return false;
        };
        let (literal, port) = rest.split_at(end); // A place found in `rest` is inside it.
        return is_ip_literal(literal) && is_port(port.get(1..).unwrap_or_default());
    }
    let end = find(b':', bytes).unwrap_or(bytes.len());
    let (name, port) = bytes.split_at(end); // A place found in `bytes`, or its end.
    !name.is_empty() && REG_NAME.holds(name) && has_sound_escapes(name) && is_port(port)
}

/// Nothing, or a colon and digits, perhaps none. What does not fit 16 bits is no port of anything.
fn is_port(bytes: &[u8]) -> bool {
    match bytes {
        [] | [b':'] => true,
        [b':', digits @ ..] => {
            digits.iter().all(u8::is_ascii_digit)
                && str::from_utf8(digits).is_ok_and(|digits| digits.parse::<u16>().is_ok())
        }
        _ => false,
    }
}

/// What stands between the brackets. Zone identifiers mean nothing beyond the sender's machine.
/// ```text
/// IP-literal = "[" ( IPv6address / IPvFuture  ) "]"                ; RFC 3986 section 3.2.2
/// ```
fn is_ip_literal(bytes: &[u8]) -> bool {
    match bytes {
        [b'v' | b'V', rest @ ..] => {
            let Some(dot) = find(b'.', rest) else {
                return false;
            };
            let (version, address) = rest.split_at(dot); // A place found in `rest` is inside it.
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && address.len() > 1
                && IP_FUTURE.holds(address)
        }
        _ => str::from_utf8(bytes).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
    }
}

/// Whether every `%` begins an escape.
/// ```text
/// pct-encoded = "%" HEXDIG HEXDIG                                  ; RFC 3986 section 2.1
/// ```
fn has_sound_escapes(mut bytes: &[u8]) -> bool {
    while let Some(at) = find(b'%', bytes) {
        match bytes.get(at..) {
            Some([_, high, low, rest @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes = rest;
            }
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authority: &str, expected: bool) {
        assert_eq!(
            is_host_and_port(authority.as_bytes()),
            expected,
            "{authority:?}"
        );
    }

    #[test]
    fn accepts_names_and_addresses() {
        for good in [
            "localhost",
            "example.com",
            "EXAMPLE.com.",
            "a_b~c",
            "a,b;c=d",
            "x%41",
            "%e2%98%83",
            "1.2.3.4",
            "999.1.1.1",
            "host:",
            "host:0",
            "host:80",
            "host:65535",
            "host:00080",
            "[::]",
            "[::1]:8000",
            "[::1]:",
            "[2001:db8::8:800:200C:417A]",
            "[1:2:3:4:5:6:7:8]",
            "[1:2:3:4:5:6:7::]",
            "[::ffff:1.2.3.4]:80",
            "[v1.x]",
            "[vF.a:b]:1",
            "[V1f.~]",
        ] {
            check(good, true);
        }
    }

    #[test]
    fn rejects_what_is_no_host_and_port() {
        for bad in [
            "",
            ":",
            ":80",
            " ",
            "a b",
            "a\tb",
            "a\0",
            "a/",
            "a?",
            "a#",
            "user@host",
            "user:pw@host",
            "a\\b",
            "a\"b",
            "<a>",
            "a|b",
            "a^b",
            "{a}",
            "%",
            "a%4",
            "a%zz",
            "host:65536",
            "host:99999999999999999999",
            "host:+80",
            "host:-1",
            "host:8a",
            "host:80:80",
            "host: 80",
            "::1",
            "[",
            "[]",
            "[::1",
            "::1]",
            "[::1]80",
            "[::1]x:80",
            "[::1]]",
            "[::1%25eth0]",
            "[fe80::1%eth0]",
            "[1.2.3.4]",
            "[1:2]",
            "[:::]",
            "[12345::]",
            "[v.x]",
            "[v1.]",
            "[v1]",
            "[vg.x]",
            "[v1.%41]",
            "caf\u{e9}",
        ] {
            check(bad, false);
        }
    }
}
