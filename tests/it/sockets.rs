//! Unix sockets, and sockets that a service manager passes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, PATIENCE, eventually, minicap, run};

/// A request of a connection of its own.
const ENDING: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

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
    // Each test has its own folder, since starts in one folder wait for each other.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.d"));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

fn is_healthy(mut stream: impl Read + Write) -> bool {
    stream.write_all(ENDING.as_bytes()).unwrap();
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
    // A socket on which a process listens is in use.
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
    // A client that connects before the start is served after it.
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

#[test]
fn a_service_is_restarted_on_a_busy_socket_that_is_passed_and_every_request_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let start = || start_with(listener.try_clone().unwrap().into(), "").0;
    let is_over = AtomicBool::new(false);
    let visit = || {
        let mut visits = 0;
        while !is_over.load(Ordering::Relaxed) {
            Client::connect(address).generate();
            visits += 1;
        }
        visits
    };
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..8).map(|_| scope.spawn(visit)).collect();
        let mut service = start();
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(100));
            service.stop();
            service = start();
        }
        is_over.store(true, Ordering::Relaxed);
        for visitor in visitors {
            assert!(5 < visitor.join().unwrap(), "the socket should be busy");
        }
        service.stop();
    });
}

/// A proxy sends a request into a connection that it has got, and cannot send it again elsewhere.
#[test]
fn a_client_that_connects_to_a_unix_socket_is_answered_although_the_service_ends() {
    let path = socket_path("ending.sock");
    let listen = format!("unix:{}", path.display());
    let (service, _) = Process::start(&mut minicap(&["--listen", &listen]));
    // The service cannot remove its socket for the moment.
    let folder = fs::File::open(path.parent().unwrap()).unwrap();
    folder.lock().unwrap();
    thread::scope(|scope| {
        let end = scope.spawn(|| service.stop());
        thread::sleep(Duration::from_millis(300));
        let mut late = unix(&path);
        late.write_all(ENDING.as_bytes()).unwrap();
        folder.unlock().unwrap();
        let mut answer = String::new();
        late.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 "), "{answer:?}");
        end.join().unwrap();
    });
}

#[test]
fn a_start_does_not_wait_for_ever_for_a_folder_that_another_program_locks() {
    let path = socket_path("locked.sock");
    let folder = fs::File::open(path.parent().unwrap()).unwrap();
    folder.lock().unwrap();
    let output = run(&["--listen", &format!("unix:{}", path.display())]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("its folder stays locked by another program"),
        "{said}"
    );
}

/// The error at the start if the passed descriptor is not a listening socket.
fn refusal(fd: OwnedFd) -> String {
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {} --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_minicap")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdin(Stdio::from(fd));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "nothing is announced");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_passed_and_does_not_listen_ends_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_near, far) = UnixStream::pair().unwrap();
    let unbound = |domain| socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
    for (fd, what) in [
        (OwnedFd::from(connected), "is a connected socket"),
        (far.into(), "is a connected socket"),
        (
            UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            "is a datagram socket",
        ),
        (
            UnixDatagram::unbound().unwrap().into(),
            "is a datagram socket",
        ),
        (
            unbound(socket2::Domain::IPV4).into(),
            "is a socket that does not listen",
        ),
        (
            unbound(socket2::Domain::UNIX).into(),
            "is a socket that does not listen",
        ),
        (
            fs::File::open("/dev/null").unwrap().into(),
            "is not a socket",
        ),
    ] {
        let said = refusal(fd);
        let expected = format!(
            "minicap: cannot listen on what LISTEN_FDS passes: descriptor 3 {what}; expected a \
             stream socket that listens, as a unit with ListenStream= and without Accept=yes \
             passes it\n"
        );
        assert!(said.ends_with(&expected), "{said}");
    }
    let mut command = Command::new("sh");
    let script = format!(
        "exec 3<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec {}",
        env!("CARGO_BIN_EXE_minicap")
    );
    let output = command.args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("descriptor 3 is not open; expected"),
        "{said}"
    );
}

#[test]
fn a_listener_that_accepts_no_more_ends_the_service() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let same = listener.try_clone().unwrap();
    let mut command = Command::new("sh");
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {}",
        env!("CARGO_BIN_EXE_minicap")
    );
    command
        .args(["-c", &script])
        .stdin(Stdio::from(OwnedFd::from(listener)));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = [0; 64];
    assert!(0 < child.stdout.take().unwrap().read(&mut line).unwrap());
    // Every accept fails from now on.
    socket2::SockRef::from(&same)
        .shutdown(std::net::Shutdown::Read)
        .unwrap();
    eventually(|| child.try_wait().unwrap().is_some(), || "the end".into());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(" error cannot accept on=http://127.0.0.1:"),
        "{said}"
    );
    assert!(
        said.contains("minicap: cannot continue: cannot accept on "),
        "{said}"
    );
}

#[test]
fn a_socket_has_the_mode_that_is_asked_for() {
    for (mode, expected) in [("0600", 0o600), ("0666", 0o666), ("777", 0o777)] {
        let path = socket_path("mode.sock");
        let listen = format!("unix:{}", path.display());
        let arguments = ["--listen", &listen, "--socket-mode", mode];
        let (process, _) = Process::start(&mut minicap(&arguments));
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, expected);
        process.stop();
    }
}

/// A thread that looks at the folder all the time never sees another mode.
#[test]
fn the_mode_holds_from_the_moment_the_socket_exists() {
    let path = socket_path("moment.sock");
    let listen = format!("unix:{}", path.display());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(metadata) = fs::symlink_metadata(&path) {
                    seen.insert(metadata.permissions().mode() & 0o777);
                }
            }
            seen
        });
        for _ in 0..10 {
            let arguments = ["--listen", &listen, "--socket-mode", "0620"];
            Process::start(&mut minicap(&arguments)).0.stop();
        }
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(watcher.join().unwrap(), BTreeSet::from([0o620]));
    });
}

#[test]
fn a_path_that_is_not_utf8_is_listened_on_as_it_is() {
    let folder = socket_path("bytes.sock").with_file_name("");
    let path = folder.join(OsStr::from_bytes(b"\xff\xfe.sock"));
    let _ = fs::remove_file(&path);
    let mut listen = OsString::from("unix:");
    listen.push(&path);
    let (process, _) = Process::start(minicap(&["--listen"]).arg(listen));
    assert!(is_healthy(unix(&path)));
    process.stop();
    assert!(!path.exists());
}

#[test]
fn only_the_socket_that_was_made_is_removed_at_the_end() {
    let path = socket_path("successor.sock");
    let listen = format!("unix:{}", path.display());
    let (process, _) = Process::start(&mut minicap(&["--listen", &listen]));
    fs::remove_file(&path).unwrap();
    let (successor, _) = Process::start(&mut minicap(&["--listen", &listen]));
    process.stop();
    assert!(is_healthy(unix(&path)), "the successor's socket stays");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    successor.stop();
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
}

#[test]
fn of_two_that_start_at_once_on_one_path_exactly_one_wins() {
    let path = socket_path("race.sock");
    let listen = format!("unix:{}", path.display());
    for _ in 0..20 {
        // Both find a socket that a dead process left behind.
        let _ = fs::remove_file(&path);
        drop(UnixListener::bind(&path).unwrap());
        let children: Vec<Child> = (0..2)
            .map(|_| {
                let mut command = minicap(&["--listen", &listen]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        // The one that fails prints nothing on standard output and ends.
        let is_winner = |child: &mut Child| {
            let stdout = child.stdout.as_mut().unwrap();
            0 < stdout.read(&mut [0; 16]).unwrap()
        };
        let mut children: Vec<_> = children
            .into_iter()
            .map(|mut child| (is_winner(&mut child), child))
            .collect();
        assert!(is_healthy(unix(&path)));
        let winners = children.iter().filter(|(is_winner, _)| *is_winner).count();
        for (is_winner, child) in &mut children {
            if *is_winner {
                child.kill().unwrap();
            }
            let status = child.wait().unwrap();
            if !*is_winner {
                let mut said = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut said)
                    .unwrap();
                assert_eq!(status.code(), Some(1), "{said}");
                assert!(said.contains("cannot listen on unix:"), "{said}");
                assert!(said.contains(" in use (os error "), "{said}");
            }
        }
        assert_eq!(winners, 1);
    }
}

#[test]
fn a_start_does_not_hang_on_a_socket_whose_owner_is_busy() {
    let path = socket_path("busy.sock");
    let busy = UnixListener::bind(&path).unwrap();
    // It accepts no connection, and its queue is full.
    socket2::SockRef::from(&busy).listen(0).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    let connect = || {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.connect(&address).is_ok().then_some(socket)
    };
    let _waiting: Vec<_> = (0..4).map_while(|_| connect()).collect();
    assert!(connect().is_none(), "there should be no room");
    let begun = Instant::now();
    let output = run(&["--listen", &format!("unix:{}", path.display())]);
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(" in use (os error "), "{said}");
    // Nor does it keep signals waiting: the second ends it, before it gives up by itself.
    let listen = format!("unix:{}", path.display());
    let mut child = minicap(&["--listen", &listen])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    for signal in ["TERM", "INT"] {
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.unwrap().success());
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    fs::remove_file(&path).unwrap();
}
