//! Asks a running service for its health. It is for images without a shell.
//!
//! Each address is tried by a thread of its own, so that one that hangs does not delay the others, and
//! there is one time limit for all of them.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use minicap::server::Address;

/// How long the whole check may take. A server that needs longer is not healthy.
const TIMEOUT_SECS: u64 = 3;
const TIMEOUT: Duration = Duration::from_secs(TIMEOUT_SECS);

/// Bytes of the response that are read: enough for the status line.
const ANSWER_BYTES_MAX: usize = 1024;

/// The beginning of the status line of a healthy server.
const GOOD: &[u8] = b"HTTP/1.1 200 ";

/// The interval between two looks for a response.
const LOOK_PERIOD: Duration = Duration::from_millis(5);

/// Succeeds if `GET /healthz` below `path` is answered with 200 at one of the addresses of `listen`.
pub(crate) fn run(listen: &[Address], path: &str) -> Result<(), String> {
    let end = Instant::now() + TIMEOUT;
    let mut asking = Vec::new();
    for address in listen.iter().flat_map(reachable) {
        let (asked, path) = (address.clone(), path.to_owned());
        let thread = thread::Builder::new().spawn(move || ask(&asked, &path));
        let thread = thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        asking.push((address, thread));
    }
    let mut failures = Vec::new();
    while !asking.is_empty() && Instant::now() < end {
        for place in (0..asking.len()).rev() {
            if asking[place].1.is_finished() {
                match asking.swap_remove(place).1.join() {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(failure)) => failures.push(failure),
                    Err(_) => failures.push("the check failed".into()),
                }
            }
        }
        thread::sleep(LOOK_PERIOD);
    }
    for (address, _) in asking {
        failures.push(format!(
            "no answer from {address}: nothing came within {TIMEOUT_SECS} s"
        ));
    }
    Err(failures.join("; "))
}

/// Asks at one address; the error is for the operator.
fn ask(address: &Address, path: &str) -> Result<(), String> {
    let answer = match address {
        Address::Tcp(tcp) => TcpStream::connect_timeout(tcp, TIMEOUT)
            .and_then(|stream| converse(stream, &tcp.to_string(), path)),
        Address::Unix(socket) => {
            UnixStream::connect(socket).and_then(|stream| converse(stream, "localhost", path))
        }
    };
    let answer = answer.map_err(|error| format!("no answer from {address}: {error}"))?;
    if answer.starts_with(GOOD) {
        return Ok(());
    }
    if answer.is_empty() {
        return Err(format!(
            "no answer from {address}: it closed the connection"
        ));
    }
    let status_line = answer.split(|byte| *byte == b'\r').next();
    let status_line = String::from_utf8_lossy(status_line.unwrap_or_default());
    Err(format!(
        "expected the status 200 from {address}, but found {status_line:?}"
    ))
}

/// Sends the request and reads the beginning of the response.
fn converse(mut stream: impl Read + Write, host: &str, path: &str) -> io::Result<Vec<u8>> {
    let request =
        format!("GET {path}/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; ANSWER_BYTES_MAX];
    while answer.len() < ANSWER_BYTES_MAX && !answer.contains(&b'\n') {
        match stream.read(&mut piece)? {
            0 => break,
            count => answer.extend_from_slice(&piece[..count]),
        }
    }
    Ok(answer)
}

/// The addresses at which to ask a server. For one that listens on all addresses, these are both loopback
/// addresses, since all IPv6 addresses include those of IPv4 on most systems, and a host may lack one
/// family.
fn reachable(listen: &Address) -> Vec<Address> {
    match listen {
        Address::Tcp(address) if address.ip().is_unspecified() => {
            let families: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            families
                .map(|ip| Address::Tcp(SocketAddr::new(ip, address.port())))
                .into()
        }
        _ => vec![listen.clone()],
    }
}
