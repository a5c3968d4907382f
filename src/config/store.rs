//! The address in `--store`. It may contain a password, so error messages do not show it.

use std::ffi::OsStr;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt;

use super::values::{Expected, HOST_CHARS_MAX, port};
use crate::store::valkey::{Address, Place};

/// The default port of Valkey and Redis.
const PORT: u16 = 6379;

/// The longest password that servers read from their own configuration, and far more than a name.
const SECRET_BYTES_MAX: usize = 512;

/// Far more than a server has.
const DATABASE_MAX: u32 = 65_535;

const ADDRESS: &str = "an address such as valkey://HOST:PORT, valkey://USER:PASSWORD@HOST:PORT/DB or \
                       valkey+unix:/PATH, with %-escapes in user and password";

const NO_TLS: &str =
    "valkey:// (there is no TLS; use a tunnel such as stunnel, and give its address)";

/// An address of either scheme; both mean the same.
pub(super) fn store(text: &OsStr) -> Result<Address, Expected> {
    if let Some(path) = text.as_bytes().strip_prefix(b"valkey+unix:") {
        if !path.starts_with(b"/") {
            return Err(ADDRESS.into());
        }
        return Ok(Address {
            place: Place::Unix(OsStr::from_bytes(path).into()),
            user: None,
            password: None,
            database: 0,
        });
    }
    let (scheme, rest) = text
        .to_str()
        .and_then(|text| text.split_once(':'))
        .ok_or(ADDRESS)?;
    let rest = rest.strip_prefix("//").ok_or(ADDRESS)?;
    match scheme.to_ascii_lowercase().as_str() {
        "valkey" | "redis" => tcp(rest).ok_or_else(|| ADDRESS.into()),
        "valkeys" | "rediss" => Err(NO_TLS.into()),
        _ => Err(ADDRESS.into()),
    }
}

/// A password as it is, without escapes.
pub(super) fn password(text: &OsStr) -> Result<String, Expected> {
    let password = text.to_str().filter(|text| text.len() <= SECRET_BYTES_MAX);
    password
        .map(str::to_owned)
        .ok_or_else(|| format!("up to {SECRET_BYTES_MAX} bytes of UTF-8"))
}

/// `[[USER]:PASSWORD@]HOST[:PORT][/DB]`.
fn tcp(rest: &str) -> Option<Address> {
    let (who, rest) = match rest.rsplit_once('@') {
        Some((who, rest)) => (Some(who), rest),
        None => (None, rest),
    };
    let (user, password) = match who.map(|who| who.split_once(':')) {
        None => (None, None),
        Some(parts) => {
            let (user, password) = parts?;
            (
                Some(decoded(user)?).filter(|user| !user.is_empty()),
                Some(decoded(password)?),
            )
        }
    };
    let (authority, database) = match rest.split_once('/') {
        None | Some((_, "")) => (rest.trim_end_matches('/'), 0),
        Some((authority, database)) => (authority, self::database(database)?),
    };
    let (host, port) = host_and_port(authority)?;
    Some(Address {
        place: Place::Tcp { host, port },
        user,
        password: password.filter(|password| !password.is_empty()),
        database,
    })
}

/// A host as the system looks it up, and a port.
fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (host, rest) = literal.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"[]@/\\?#%".contains(&byte);
    let is_host = (1..=HOST_CHARS_MAX).contains(&host.len()) && host.bytes().all(is_plain);
    let port = match port.strip_prefix(':') {
        None => port.is_empty().then_some(PORT),
        Some(port) => self::port(port).filter(|port| *port != 0),
    };
    Some((host.to_owned(), port?)).filter(|_| is_host)
}

fn database(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.filter(|number| *number <= DATABASE_MAX)
}

/// A text with its escapes decoded (RFC 3986 section 2.1); none if one is malformed or it is too
/// long.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        decoded.push(if byte == b'%' {
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            u8::try_from(high << 4 | low).ok()?
        } else {
            byte
        });
    }
    let is_short = decoded.len() <= SECRET_BYTES_MAX;
    String::from_utf8(decoded).ok().filter(|_| is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host and port, user, password and database of an address.
    #[track_caller]
    fn reads(text: &str, expected: (&str, u16, Option<&str>, Option<&str>, u32)) {
        let address = store(OsStr::new(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        let (host, port, user, password, database) = expected;
        let host = host.to_owned();
        assert_eq!(address.place, Place::Tcp { host, port }, "{text}");
        let found = (address.user.as_deref(), address.password.as_deref());
        assert_eq!(found, (user, password), "{text}");
        assert_eq!(address.database, database, "{text}");
    }

    #[test]
    fn reads_addresses_of_both_schemes() {
        reads("valkey://store:7000", ("store", 7000, None, None, 0));
        reads("redis://10.0.0.1", ("10.0.0.1", 6379, None, None, 0));
        reads(
            "REDIS://store.example./",
            ("store.example.", 6379, None, None, 0),
        );
        reads("valkey://[::1]:1/15", ("::1", 1, None, None, 15));
        reads("valkey://[fe80::1]", ("fe80::1", 6379, None, None, 0));
        reads("valkey://a:b@c:1/2", ("c", 1, Some("a"), Some("b"), 2));
        reads("redis://:pass@c", ("c", 6379, None, Some("pass"), 0));
        reads("redis://u:@c", ("c", 6379, Some("u"), None, 0));
        reads(
            "redis://u:%40%2f%C3%A9%25+@c",
            ("c", 6379, Some("u"), Some("@/é%+"), 0),
        );
        reads(
            "redis://u:p@ss:w@c",
            ("c", 6379, Some("u"), Some("p@ss:w"), 0),
        );
        let unix = store(OsStr::new("valkey+unix:/run/valkey.sock")).unwrap();
        assert_eq!(unix.place, Place::Unix("/run/valkey.sock".into()));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "store",
            "store:6379",
            "http://store",
            "valkey:/store",
            "valkey://",
            "valkey://:6379",
            "valkey://store:",
            "valkey://store:0",
            "valkey://store:65536",
            "valkey://store:6379x",
            "valkey://store:1:2",
            "valkey://store/x",
            "valkey://store/-1",
            "valkey://store/65536",
            "valkey://store/1/2",
            "valkey://store?db=1",
            "valkey://st ore",
            "valkey://[::1",
            "valkey://[store]",
            "valkey://[::1]x",
            "valkey://user@store",
            "valkey://u:%4@store",
            "valkey://u:%zz@store",
            "valkey://u:%ff@store",
            "valkey+unix:",
            "valkey+unix:store.sock",
        ] {
            assert_eq!(store(OsStr::new(text)), Err(ADDRESS.into()), "{text:?}");
        }
        let long = format!("valkey://u:{}@store", "p".repeat(SECRET_BYTES_MAX + 1));
        assert_eq!(store(OsStr::new(&long)), Err(ADDRESS.into()));
        for text in ["rediss://store", "valkeys://store"] {
            assert_eq!(store(OsStr::new(text)), Err(NO_TLS.into()), "{text:?}");
        }
    }

    #[test]
    fn an_address_is_shown_without_who_asks() {
        for (text, shown) in [
            ("redis://us3r:hunter2@store:1/2", "valkey://store:1/2"),
            ("valkey://us3r:hunter2@[::1]", "valkey://[::1]:6379"),
            ("valkey+unix:/a", "valkey+unix:/a"),
        ] {
            let address = store(OsStr::new(text)).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
        }
    }
}
