//! Asks a running server for its health, as an image without a shell has nothing else to do it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use minicap::server::Address;

/// How long each step may take. A server that needs longer is not well.
const TIMEOUT_SECS: u64 = 2;
const TIMEOUT: Duration = Duration::from_secs(TIMEOUT_SECS);

/// Bytes of the answer that are read: the status line is its beginning.
const ANSWER_BYTES_MAX: u64 = 1024;

/// Succeeds if `GET /healthz` below `path` is answered with 200 by whoever listens on `listen`.
pub(crate) fn run(listen: &Address, path: &str) -> Result<(), String> {
    let address = reachable(listen);
    let answer = ask(&address, path).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("no answer from {address}: nothing came within {TIMEOUT_SECS} s")
        }
        _ => format!("no answer from {address}: {error}"),
    })?;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    let status_line = answer.split(|byte| *byte == b'\r').next();
    let status_line = String::from_utf8_lossy(status_line.unwrap_or_default());
    Err(format!(
        "expected the status 200 from {address}, but found {status_line:?}"
    ))
}

fn ask(address: &Address, path: &str) -> io::Result<Vec<u8>> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, TIMEOUT)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            converse(stream, &address.to_string(), path)
        }
        Address::Unix(socket) => {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            converse(stream, "localhost", path)
        }
    }
}

fn converse(mut stream: impl Read + Write, host: &str, path: &str) -> io::Result<Vec<u8>> {
    let request =
        format!("GET {path}/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Whoever listens on all addresses is asked on the loopback one.
fn reachable(listen: &Address) -> Address {
    let mut address = listen.clone();
    if let Address::Tcp(address) = &mut address
        && address.ip().is_unspecified()
    {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
