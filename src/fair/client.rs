//! What a client is: an IPv4 address, or the network part of an IPv6 address.
//! Reads addresses; knows neither sockets nor requests.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};

/// A client.
///
/// An IPv4 address, or the first 64 bits of an IPv6 address, since a household gets at least as many
/// addresses as share them (RFC 6177). An IPv4 address mapped into IPv6 counts as IPv4 (RFC 4291
/// section 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// All who connect to a Unix socket.
    Local,
    /// An IPv4 address.
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    V6([u8; 8]),
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Client::V4(address.octets()),
            IpAddr::V6(address) => {
                let octets = address.octets();
                Client::V6(std::array::from_fn(|place| octets[place]))
            }
        }
    }
}

impl Client {
    /// The client that a proxy names in a header such as `X-Real-IP` or `X-Forwarded-For`: the last
    /// address of the list, since the nearest proxy wrote it, with a port or without. None if that is
    /// not an address.
    #[must_use]
    pub fn named(value: &[u8]) -> Option<Self> {
        let last = value.rsplit(|byte| *byte == b',').next()?;
        let last = str::from_utf8(last).ok()?.trim_matches([' ', '\t']);
        let bare = || {
            let inner = last.strip_prefix('[')?.strip_suffix(']')?;
            inner.parse().ok().map(IpAddr::V6)
        };
        let address = last.parse().ok().or_else(bare);
        let address = address.or_else(|| {
            last.parse()
                .ok()
                .map(|with_port: SocketAddr| with_port.ip())
        });
        address.map(Client::from)
    }
}

/// Number of lines that clients are sorted into. Two clients share a line once in so many times. All
/// lines together take some hundred kilobytes.
pub const LINES: usize = 4096;

/// The line in which a client waits and is counted: a number below [`LINES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line(u16);

impl Line {
    /// The line of this number, if there is one.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (usize::from(number) < LINES).then_some(Line(number))
    }

    /// The line's number.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl From<Line> for u32 {
    fn from(line: Line) -> Self {
        line.0.into()
    }
}

impl From<Line> for u16 {
    fn from(line: Line) -> Self {
        line.0
    }
}

/// Sorts clients into lines, by a hash with a random key, so that nobody can choose an address for its
/// line.
#[derive(Debug, Default)]
pub struct Lines {
    key: RandomState,
}

impl Lines {
    /// The line of a client, the same each time.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // A remainder of LINES, which a u16 holds.
    pub fn of(&self, client: Client) -> Line {
        const { assert!(LINES <= 1 << 16) };
        Line((self.key.hash_one(client) % LINES as u64) as u16)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const FIRST: Line = Line(0);

    /// The line of this number.
    pub(crate) fn line(number: u16) -> Line {
        Line(number)
    }

    fn client(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_a_client_and_of_ipv6_a_network_of_64_bits() {
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(
            client("2001:db8::1"),
            client("2001:db8::ffff:ffff:ffff:ffff")
        );
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("::1"), client("127.0.0.1"));
        assert_ne!(client("::"), Client::Local);
    }

    #[test]
    fn a_field_names_the_last_address_that_stands_in_it() {
        for (value, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1\t", "192.0.2.1"),
            ("198.51.100.7, 192.0.2.1", "192.0.2.1"),
            ("unknown,192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::"),
            ("[2001:db8::1]", "2001:db8::"),
            ("[2001:db8::1]:4711", "2001:db8::"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(
                Client::named(value.as_bytes()),
                Some(client(expected)),
                "{value:?}"
            );
        }
        for value in [
            "",
            " ",
            ",",
            "192.0.2.1,",
            "unknown",
            "192.0.2",
            "192.0.2.1 x",
            "192.0.2.1:99999",
            "[192.0.2.1]",
            "2001:db8::1]",
            "for=192.0.2.1",
            "fe80::1%eth0",
        ] {
            assert_eq!(Client::named(value.as_bytes()), None, "{value:?}");
        }
        assert_eq!(Client::named(b"192.0.2.1\xff"), None);
    }

    #[test]
    fn clients_spread_over_the_lines() {
        let lines = Lines::default();
        let mut seen: Vec<usize> = (0..=255_u8)
            .map(|last| lines.of(Client::V4([192, 0, 2, last])).index())
            .collect();
        assert!(seen.iter().all(|line| *line < LINES));
        seen.sort_unstable();
        seen.dedup();
        // Among 256 clients about eight pairs share a line; a third of all does so practically never.
        assert!(200 < seen.len(), "{}", seen.len());
        let client = Client::Local;
        assert_eq!(lines.of(client), lines.of(client));
    }
}
