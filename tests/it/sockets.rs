//! Other ways to listen: Unix sockets, and sockets that a service manager passes.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::{HEALTH, PATIENCE, eventually, minicap, run};

/// A process that listens somewhere; killed when dropped.
struct Process(Child);

impl Process {
    /// Starts it and reads its first line.
    fn start(command: &mut Command) -> (Self, String) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = Vec::new();
        let mut stdout = child.stdout.take().unwrap();
        let mut byte = [0];
        while stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        (Process(child), String::from_utf8(line).unwrap())
    }

    fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        eventually(|| self.0.try_wait().unwrap().is_some(), || "the end".into());
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn socket_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

fn is_healthy(mut stream: impl Read + Write) -> bool {
    stream
        .write_all(
            HEALTH
                .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(r#"{"status":"ok"}"#)
}

fn unix(path: &PathBuf) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn serves_on_a_unix_socket_and_removes_it_at_the_end() {
    let path = socket_path("serve.sock");
    let listen = format!("unix:{}", path.display());
    let (process, line) = Process::start(&mut minicap(&["--listen", &listen]));
    assert_eq!(line, format!("miniCAP listening on {listen}"));
    let metadata = fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    assert!(is_healthy(unix(&path)));
    assert!(run(&["healthcheck", "--listen", &listen]).status.success());
    process.stop();
    assert!(!path.exists());
    assert_eq!(
        run(&["healthcheck", "--listen", &listen]).status.code(),
        Some(1)
    );
}

#[test]
fn a_socket_that_was_left_over_is_replaced_and_no_other_file() {
    let path = socket_path("stale.sock");
    drop(UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let (process, _) = Process::start(&mut minicap(&["--listen", &listen]));
    assert!(is_healthy(unix(&path)));
    // While somebody listens there, it is in use.
    let second = run(&["--listen", &listen]);
    assert_eq!(second.status.code(), Some(1));
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(
        error.contains(&format!("cannot listen on {listen}: ")),
        "{error}"
    );
    assert!(is_healthy(unix(&path)));
    process.stop();
    fs::write(&path, "precious").unwrap();
    assert_eq!(run(&["--listen", &listen]).status.code(), Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
}

/// Starts the program with `socket` as descriptor 3, as a service manager does.
fn start_with(socket: OwnedFd, options: &str) -> (Process, String) {
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {} {options}",
        env!("CARGO_BIN_EXE_minicap")
    );
    Process::start(
        Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::from(socket)),
    )
}

#[test]
fn a_passed_tcp_socket_goes_before_the_default() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Whoever connects before the start is served after it.
    let early = TcpStream::connect(address).unwrap();
    let (process, line) = start_with(listener.into(), "");
    assert_eq!(line, format!("miniCAP listening on http://{address}"));
    assert!(is_healthy(early));
    process.stop();
}

#[test]
fn a_passed_unix_socket_stays_at_the_end() {
    let path = socket_path("passed.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (process, line) = start_with(listener.into(), "");
    assert_eq!(
        line,
        format!("miniCAP listening on unix:{}", path.display())
    );
    assert!(is_healthy(unix(&path)));
    process.stop();
    assert!(path.exists(), "it belongs to who has passed it");
    fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_passed_and_what_the_operator_asks_for_are_both_listened_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let path = socket_path("both.sock");
    let listen = format!("unix:{}", path.display());
    let (process, line) = start_with(listener.into(), &format!("--listen {listen}"));
    assert_eq!(
        line,
        format!("miniCAP listening on http://{address}, {listen}")
    );
    assert!(is_healthy(TcpStream::connect(address).unwrap()));
    assert!(is_healthy(unix(&path)));
    process.stop();
}
