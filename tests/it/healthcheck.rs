//! `minicap healthcheck`, with which an image without a shell checks its server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Server, minicap, run};

/// Checks a server that is not healthy, and returns the error.
fn complaint(listen: &str) -> String {
    let begun = Instant::now();
    let output = run(&["healthcheck", "--listen", listen]);
    // The check takes at most three seconds; one more is for a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end()
        .strip_prefix("minicap: ")
        .unwrap()
        .to_owned()
}

/// A listener on a free port that handles every connection with `behave`.
fn impostor(behave: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            behave(&mut stream);
        }
    });
    address
}

#[test]
fn tells_by_its_exit_code() {
    let server = Server::start(&[]);
    let address = server.address.to_string();
    let output = run(&["healthcheck", "--listen", &address]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    drop(server);
    let said = complaint(&address);
    assert!(
        said.starts_with(&format!("no answer from {address}: Connection refused")),
        "{said}"
    );
    let output = run(&["healthcheck", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
}

/// The server and its check use the same setting, also on a host without IPv6: one of the families
/// answers.
#[test]
fn a_server_on_all_addresses_is_asked_over_both_families() {
    let server = Server::start(&[]);
    let port = server.address.port();
    for listen in [
        format!("0.0.0.0:{port}"),
        format!("[::]:{port}"),
        format!(":{port}"),
        format!("localhost:{port}"),
        format!("unix:/no/such.sock,127.0.0.1:{port}"),
    ] {
        let status = minicap(&["healthcheck"])
            .env("MINICAP_LISTEN", &listen)
            .status();
        assert!(status.unwrap().success(), "{listen}");
    }
    drop(server);
    let said = complaint(&format!("0.0.0.0:{port}"));
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert!(
            said.contains(&format!("no answer from {address}: ")),
            "{said}"
        );
    }
}

#[test]
fn another_server_is_no_good_answer() {
    let address = impostor(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    });
    let said = complaint(&address);
    assert_eq!(
        said,
        format!("expected the status 200 from {address}, but found \"HTTP/1.1 404 Not Found\"")
    );
    let address = impostor(|_| {});
    let said = complaint(&address);
    assert!(
        said.starts_with(&format!("no answer from {address}: ")),
        "{said}"
    );
}

#[test]
fn a_server_of_any_behaviour_has_three_seconds() {
    let nothing_came = |address: &str| format!("no answer from {address}: nothing came within 3 s");
    // Silence.
    let address = impostor(|_| thread::sleep(Duration::from_mins(1)));
    assert_eq!(complaint(&address), nothing_came(&address));
    // A byte from time to time.
    let address = impostor(|stream| {
        while stream.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    assert_eq!(complaint(&address), nothing_came(&address));
    // Endless bytes.
    let address = impostor(|stream| while stream.write_all(&[b'x'; 4_096]).is_ok() {});
    assert!(complaint(&address).starts_with("expected the status 200"));
    // A socket whose owner is busy, so that the connection is not accepted.
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("busy-check.sock");
    let _ = std::fs::remove_file(&path);
    let busy = UnixListener::bind(&path).unwrap();
    socket2::SockRef::from(&busy).listen(0).unwrap();
    let _waiting: Vec<_> = (0..4)
        .map_while(|_| {
            let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
            let socket = socket.unwrap();
            socket.set_nonblocking(true).unwrap();
            let address = socket2::SockAddr::unix(&path).unwrap();
            socket.connect(&address).is_ok().then_some(socket)
        })
        .collect();
    let listen = format!("unix:{}", path.display());
    assert_eq!(complaint(&listen), nothing_came(&listen));
    // One address is silent, and the response of the other counts.
    let server = Server::start(&[]);
    let silent = impostor(|_| thread::sleep(Duration::from_mins(1)));
    let both = format!("{silent},{}", server.address);
    let begun = Instant::now();
    assert!(run(&["healthcheck", "--listen", &both]).status.success());
    assert!(begun.elapsed() < Duration::from_secs(2));
}
