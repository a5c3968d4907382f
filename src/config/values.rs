//! Values of options as operators write them. Each reader returns the value or what was expected;
//! none knows which option it reads.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::api::Cors;
use crate::captcha::text::{Alphabet, CLASSES_MIN, TEXT_CHARS_MAX};
use crate::captcha::{Difficulty, Ground, ThemeChoice};
use crate::http;
use crate::log::Level;
use crate::server::Address;
use crate::store::{SOLUTION_BYTES_MAX, Solution};

/// What a value should have been.
pub(super) type Expected = String;

/// Most values of one option; more would be a mistake.
const VALUES_MAX: usize = 64;

/// Three times the longest name of a field in common use.
const FIELD_NAME_BYTES_MAX: usize = 64;

/// A shorter secret could be guessed over the network.
const SECRET_BYTES_MIN: usize = 8;
/// Longer than any digest that is used as a secret.
const SECRET_BYTES_MAX: usize = 256;
/// A small part of what a request's target may have.
const PATH_BYTES_MAX: usize = 256;

/// Longest name of a host (RFC 1035 section 2.3.4).
pub(super) const HOST_CHARS_MAX: usize = 253;

/// A whole number in plain digits.
pub(super) fn number<T: TryFrom<u64>>(
    text: &OsStr,
    range: RangeInclusive<u64>,
) -> Result<T, Expected> {
    // No bound here is beyond its type.
    let value = digits(text).filter(|value| range.contains(value));
    let value = value.and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| format!("{NUMBER}{} to {}", range.start(), range.end()))
}

/// How the words for an expected number begin.
pub(super) const NUMBER: &str = "a number from ";

fn digits(text: &OsStr) -> Option<u64> {
    let text = text.to_str()?;
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// YAML turns `off` into false, and `yes` into true, before a program sees it.
pub(super) fn switch(text: &OsStr) -> Result<bool, Expected> {
    match lower_case(text).as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("on or off".into()),
    }
}

/// Warnings are shown with errors, so both names are one level. YAML turns `off` into false.
pub(super) fn level(text: &OsStr) -> Result<Level, Expected> {
    match lower_case(text).as_str() {
        "off" | "false" => Ok(Level::Off),
        "error" | "warn" | "warning" => Ok(Level::Error),
        "info" => Ok(Level::Info),
        "debug" => Ok(Level::Debug),
        _ => Err("off, error, warn, info or debug".into()),
    }
}

pub(super) fn theme(text: &OsStr) -> Result<ThemeChoice, Expected> {
    ThemeChoice::parse(&lower_case(text)).ok_or("light, dark or random".into())
}

pub(super) fn difficulty(text: &OsStr) -> Result<Difficulty, Expected> {
    Difficulty::parse(&lower_case(text)).ok_or("easy, normal or hard".into())
}

/// What texts are drawn from.
pub(super) fn alphabet(text: &OsStr) -> Result<Alphabet, Expected> {
    let alphabet = text.to_str().and_then(Alphabet::new);
    alphabet.ok_or_else(|| {
        format!("ASCII letters and digits, at least {CLASSES_MIN} if case is ignored")
    })
}

/// A colour as style sheets have it, on which inks can be seen.
pub(super) fn ground_colour(text: &OsStr) -> Result<Ground, Expected> {
    Ground::parse(&lower_case(text)).ok_or_else(|| {
        "a colour such as #fffaf0, light or dark enough for letters with a contrast of 3:1".into()
    })
}

/// What the font cannot draw would be a row of boxes that nobody can type.
pub(super) fn text(text: &OsStr) -> Result<String, Expected> {
    let is_drawable = |text: &&str| {
        (1..=TEXT_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let text = text.to_str().filter(is_drawable).map(str::to_owned);
    text.ok_or_else(|| format!("1 to {TEXT_CHARS_MAX} ASCII letters and digits"))
}

/// A text that can be drawn and that the store can keep.
pub(super) fn test_text(value: &OsStr) -> Result<String, Expected> {
    let text = text(value)
        .ok()
        .filter(|text| Solution::new(text).is_some());
    text.ok_or_else(|| format!("1 to {SOLUTION_BYTES_MAX} ASCII letters and digits"))
}

/// A secret that nobody guesses.
pub(super) fn secret(text: &OsStr) -> Result<String, Expected> {
    let fits = SECRET_BYTES_MIN..=SECRET_BYTES_MAX;
    let secret = text.to_str().filter(|secret| fits.contains(&secret.len()));
    secret
        .map(str::to_owned)
        .ok_or_else(|| format!("{SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes"))
}

/// A path of segments that need no escapes. The slash at its end may be there or not.
pub(super) fn url_path(text: &OsStr) -> Result<String, Expected> {
    let path = text.to_str().unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && !matches!(segment, "." | "..")
            && segment.bytes().all(|byte| {
                matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
            })
    };
    let mut segments = path.split('/');
    let is_path = segments.next() == Some("") && segments.all(is_segment);
    // A path that is not UTF-8 would otherwise count as empty.
    if text.to_str().is_some() && is_path && path.len() <= PATH_BYTES_MAX {
        return Ok(path.to_owned());
    }
    Err(format!(
        "a path such as /captcha, of letters, digits, -._~ and slashes, up to {PATH_BYTES_MAX} bytes"
    ))
}

/// The name of a header field: a token (RFC 9110 section 5.1).
pub(super) fn field_name(name: &OsStr) -> Result<String, Expected> {
    let name = name
        .to_str()
        .filter(|name| name.len() <= FIELD_NAME_BYTES_MAX && http::is_token(name.as_bytes()));
    name.map(str::to_owned)
        .ok_or_else(|| "the name of a field, such as X-Real-IP".into())
}

/// Any bytes: the file system decides what names a file.
pub(super) fn path(path: &OsStr) -> Result<PathBuf, Expected> {
    if path.is_empty() {
        return Err("a path".into());
    }
    Ok(path.into())
}

/// The path of a file, which need not be there.
pub(super) fn file(path: &OsStr) -> Result<PathBuf, Expected> {
    let is_folder = path.as_bytes().ends_with(b"/");
    let file = PathBuf::from(path);
    if is_folder || file.file_name().is_none() {
        return Err("the path of a file".into());
    }
    Ok(file)
}

/// What an address should have been.
const ADDRESS: &str = "an IP address and port such as 127.0.0.1:8000 or [::]:8000, \
                       localhost:8000, 8000, or unix: and a path";

/// One address or several, with commas between them.
pub(super) fn addresses(text: &OsStr) -> Result<Vec<Address>, Expected> {
    let addresses = several(text.as_bytes()).and_then(|parts| parts.map(one_address).collect());
    addresses.ok_or_else(|| ADDRESS.into())
}

/// One address.
pub(super) fn address(text: &OsStr) -> Result<Address, Expected> {
    one_address(text.as_bytes()).ok_or_else(|| ADDRESS.into())
}

/// The mode of a file, in octal digits.
pub(super) fn mode(text: &OsStr) -> Result<u16, Expected> {
    let digits = text.to_str().unwrap_or_default();
    let is_octal = (3..=4).contains(&digits.len())
        && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    let mode = u16::from_str_radix(digits, 8).ok();
    mode.filter(|mode| is_octal && *mode <= 0o777)
        .ok_or_else(|| "the mode of a file from 0000 to 0777, such as 0660".into())
}

fn one_address(text: &[u8]) -> Option<Address> {
    if let Some(path) = text.strip_prefix(b"unix:") {
        return (!path.is_empty()).then(|| Address::Unix(OsStr::from_bytes(path).into()));
    }
    let text = str::from_utf8(text).ok()?;
    let of_port = |ip: Ipv4Addr, port: &str| Some(SocketAddr::from((ip, self::port(port)?)));
    let address = match text.parse() {
        Ok(address) => Some(address),
        Err(_) => match text.split_once(':') {
            None | Some(("", _)) => of_port(
                Ipv4Addr::UNSPECIFIED,
                text.strip_prefix(':').unwrap_or(text),
            ),
            Some((name, port)) if name.eq_ignore_ascii_case("localhost") => {
                of_port(Ipv4Addr::LOCALHOST, port)
            }
            Some(_) => None,
        },
    };
    address.map(Address::Tcp)
}

pub(super) fn port(text: &str) -> Option<u16> {
    digits(OsStr::new(text)).and_then(|port| port.try_into().ok())
}

/// `*`, `off`, or origins with commas between them.
pub(super) fn origins(text: &OsStr) -> Result<Cors, Expected> {
    match lower_case(text).as_str() {
        "*" => return Ok(Cors::Any),
        "off" | "false" => return Ok(Cors::Off),
        _ => {}
    }
    let origins = several(text.as_bytes()).and_then(|parts| {
        parts
            .map(|part| origin(str::from_utf8(part).ok()?))
            .collect()
    });
    origins.map(Cors::Only).ok_or_else(|| {
        "*, off, or one or more origins without a path, such as https://shop.example".into()
    })
}

/// An origin as browsers send it and compare it, byte for byte: scheme, host, and port unless it
/// is the scheme's own, in lower case (RFC 6454 section 6.2; URL Standard section 4.5). None if no
/// browser could send it.
fn origin(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    let (scheme, rest) = text.split_once(':')?;
    let authority = rest.strip_prefix("//")?;
    let default_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let colon = authority.rfind(':').filter(|_| !authority.ends_with(']'));
    let (host, port) = match colon {
        None => (authority, None),
        Some(at) => {
            let port = self::port(&authority[at + 1..]).filter(|port| *port != 0)?;
            (
                &authority[..at],
                Some(port).filter(|port| *port != default_port),
            )
        }
    };
    let host = self::host(host)?;
    Some(match port {
        None => format!("{scheme}://{host}"),
        Some(port) => format!("{scheme}://{host}:{port}"),
    })
}

/// A host in the one form in which browsers write it (URL Standard section 3.5): a name in lower
/// case, four decimal numbers, or an IPv6 address in brackets.
fn host(text: &str) -> Option<String> {
    if let Some(literal) = text.strip_prefix('[') {
        let address: Ipv6Addr = literal.strip_suffix(']')?.parse().ok()?;
        // Browsers write the last four bytes of these as any others, this library as IPv4.
        return Some(format!("[{address}]")).filter(|text| !text.contains('.'));
    }
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_plain)
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_name = name.len() <= HOST_CHARS_MAX && name.split('.').all(is_label);
    // Browsers take a name that ends in a number for an IPv4 address, in any of its old forms.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|first: char| first.is_ascii_digit())
        && last
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'x');
    let is_host = is_name && (!is_number || text.parse::<Ipv4Addr>().is_ok());
    is_host.then(|| text.to_owned())
}

/// The parts of a list, none of them empty.
fn several(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let parts = || text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_sound = parts().count() <= VALUES_MAX && parts().all(|part| !part.is_empty());
    is_sound.then(parts)
}

/// For words of which there are few; what is no text at all is none of them.
fn lower_case(text: &OsStr) -> String {
    text.to_str().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> &OsStr {
        OsStr::new(text)
    }

    #[test]
    fn switches_are_read_as_people_and_yaml_write_them() {
        for on in ["on", "On", "TRUE", "true", "yes", "Yes", "1"] {
            assert_eq!(switch(os(on)), Ok(true), "{on}");
        }
        for off in ["off", "OFF", "False", "false", "no", "0"] {
            assert_eq!(switch(os(off)), Ok(false), "{off}");
        }
        for wrong in ["", "2", "y", "enabled", " on", "onn"] {
            assert_eq!(switch(os(wrong)), Err("on or off".into()), "{wrong}");
        }
    }

    #[test]
    fn levels_are_read_in_any_case() {
        for (text, expected) in [
            ("off", Level::Off),
            ("False", Level::Off),
            ("ERROR", Level::Error),
            ("warn", Level::Error),
            ("Warning", Level::Error),
            ("Info", Level::Info),
            ("DEBUG", Level::Debug),
        ] {
            assert_eq!(level(os(text)), Ok(expected), "{text}");
        }
        assert!(level(os("trace")).is_err() && level(os("")).is_err());
        assert_eq!(theme(os("Dark")), theme(os("dark")));
    }

    #[test]
    fn numbers_are_plain_digits_in_their_range() {
        assert_eq!(number(os("7"), 1..=7), Ok(7_u8));
        assert_eq!(number(os("007"), 1..=7), Ok(7_u8));
        for wrong in [
            "",
            "0",
            "8",
            "+7",
            "-1",
            "7.0",
            "7 ",
            "99999999999999999999999",
        ] {
            let expected = Err("a number from 1 to 7".to_owned());
            assert_eq!(number::<u8>(os(wrong), 1..=7), expected, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, expected) in [
            ("127.0.0.1:8000", &["127.0.0.1:8000"][..]),
            ("[::]:8000", &["[::]:8000"]),
            ("localhost:8000", &["127.0.0.1:8000"]),
            ("LocalHost:1", &["127.0.0.1:1"]),
            (":8000", &["0.0.0.0:8000"]),
            ("8000", &["0.0.0.0:8000"]),
            ("0", &["0.0.0.0:0"]),
            ("unix:/run/a b.sock", &["unix:/run/a b.sock"]),
            ("unix:a:8000", &["unix:a:8000"]),
            (
                "unix:/a, [::1]:80,81",
                &["unix:/a", "[::1]:80", "0.0.0.0:81"],
            ),
        ] {
            let found = addresses(os(text)).unwrap();
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
        for wrong in [
            "",
            ",",
            "8000,",
            "unix:",
            "localhost",
            "65536",
            ":",
            "+80",
            ":-1",
            "::1",
            "::1:80x",
            "shop.example:80",
            "localhost:x",
            "http://localhost:8000",
            "127.0.0.1",
        ] {
            assert!(addresses(os(wrong)).is_err(), "{wrong}");
        }
        let path = OsStr::from_bytes(b"unix:/run/\xff.sock");
        let [Address::Unix(path)] = &addresses(path).unwrap()[..] else {
            panic!("a path");
        };
        assert_eq!(path.as_os_str().as_bytes(), b"/run/\xff.sock");
        assert!(addresses(os(&"1,".repeat(VALUES_MAX))).is_err());
        assert!(addresses(os(&["1"; VALUES_MAX + 1].join(","))).is_err());
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!((mode(os("0660")), mode(os("777"))), (Ok(0o660), Ok(0o777)));
        for wrong in [
            "",
            "0",
            "66",
            "0880",
            "1777",
            "00660",
            "0o660",
            "+660",
            "rw-rw----",
        ] {
            assert!(mode(os(wrong)).is_err(), "{wrong}");
        }
        assert!(address(os("8000")).is_ok() && address(os("8000,8001")).is_err());
    }

    #[test]
    fn origins_become_what_browsers_send() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://shop.example:443/", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("https://shop.example:08443", "https://shop.example:8443"),
            ("HTTPS://Shop.Example", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://shop.face", "http://shop.face"),
            ("http://shop.1st", "http://shop.1st"),
            ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
            (
                "https://a_b.xn--mller-kva.example.",
                "https://a_b.xn--mller-kva.example.",
            ),
        ] {
            assert_eq!(
                origins(os(text)),
                Ok(Cors::Only(vec![expected.into()])),
                "{text}"
            );
        }
        assert_eq!(
            origins(os("https://a.example, http://b.example:80/")),
            Ok(Cors::Only(vec![
                "https://a.example".into(),
                "http://b.example".into()
            ]))
        );
        assert_eq!(origins(os("*")), Ok(Cors::Any));
        assert_eq!(
            (origins(os("Off")), origins(os("false"))),
            (Ok(Cors::Off), Ok(Cors::Off))
        );
    }

    #[test]
    fn origins_that_no_browser_sends_are_refused() {
        for wrong in [
            "",
            "shop.example",
            "https://",
            "https:///",
            "https://shop.example/path",
            "https://shop.example//",
            "https://shop.example?",
            "https://shop.example#",
            "https://user@shop.example",
            "https://*.shop.example",
            "https://müller.example",
            "https://a..example",
            "https://.example",
            "https://shop.example:0",
            "https://shop.example:65536",
            "https://shop.example:",
            "https://shop.example:x",
            "ftp://shop.example",
            "null",
            "a,b",
            "*,https://shop.example",
            "off,off",
            "https://a.example,",
            "https://127.1",
            "https://0x7f.1",
            "https://127.0.0.0x1",
            "https://256.0.0.1",
            "https://127.0.0.01",
            "https://127.0.0.1.",
            "https://[::1",
            "https://::1",
            "https://[::ffff:1.2.3.4]",
            "https://shop example",
            "https:shop.example",
        ] {
            assert!(origins(os(wrong)).is_err(), "{wrong}");
        }
        assert!(origins(os(&format!("https://{}", "a".repeat(254)))).is_err());
    }

    #[test]
    fn names_of_fields_are_tokens_of_a_bounded_length() {
        let longest = "x".repeat(FIELD_NAME_BYTES_MAX);
        for name in ["X-Real-IP", &longest] {
            assert_eq!(field_name(os(name)), Ok(name.into()));
        }
        for wrong in ["", "X-Real-IP:", "a b", &format!("{longest}x")] {
            assert!(field_name(os(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_what_can_be_drawn() {
        assert_eq!(text(os("aB3xY7")), Ok("aB3xY7".into()));
        for wrong in ["", "äöü", "a b", "../x", "a-b", &"a".repeat(33)] {
            let expected = "1 to 32 ASCII letters and digits";
            assert_eq!(text(os(wrong)), Err(expected.into()), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_text_is_nothing_but_a_path() {
        let bytes = OsStr::from_bytes(b"\xff");
        assert!(switch(bytes).is_err() && level(bytes).is_err() && text(bytes).is_err());
        assert!(number::<u64>(bytes, 0..=9).is_err() && origins(bytes).is_err());
        assert_eq!(path(bytes), Ok(bytes.into()));
        assert!(path(os("")).is_err());
    }
}
