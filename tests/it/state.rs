//! `--state`: captchas that are kept over a restart.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::{GENERATE, HEALTH, Server, TEXT, eventually, run};

/// The path of a state in an empty folder of this test.
fn state(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("captchas")
}

/// The names in the folder of a state.
fn names(state: &Path) -> Vec<String> {
    let entries = fs::read_dir(state.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn start(state: &Path) -> Server {
    Server::start(&["--state", state.to_str().unwrap()])
}

fn stop(mut server: Server) {
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// Why a start ends.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = run(&[&["--listen", "127.0.0.1:0", "--log", "off"], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_captcha_with_its_attempts_outlasts_a_restart() {
    let state = state("attempts");
    let server = start(&state);
    let mut client = server.connect();
    let [solved, failed] = [(); 2].map(|()| client.generate());
    for id in [&solved, &failed] {
        assert_eq!([(); 2].map(|()| client.validate(id, "x")), [400, 400]);
    }
    drop(client);
    stop(server);
    let server = start(&state);
    let mut client = server.connect();
    let statuses = [(); 2].map(|()| client.validate(&solved, TEXT));
    assert_eq!(statuses, [200, 404]);
    let statuses = ["x", TEXT].map(|text| client.validate(&failed, text));
    assert_eq!(statuses, [400, 404]);
    drop(client);
    // Captchas that had ended before this restart are not in the file either.
    stop(server);
    let server = start(&state);
    let mut client = server.connect();
    let statuses = [&solved, &failed].map(|id| client.validate(id, TEXT));
    assert_eq!(statuses, [404, 404]);
}

#[test]
fn nothing_that_was_used_comes_back_after_a_crash() {
    let state = state("crash");
    let server = start(&state);
    let [used, unused] = [(); 2].map(|()| server.generate());
    stop(server);
    assert_eq!(names(&state), ["captchas", "captchas.lock"]);
    let mut server = start(&state);
    assert_eq!(server.connect().validate(&used, TEXT), 200);
    assert_eq!(names(&state), ["captchas.lock"]);
    server.signal("KILL");
    server.wait();
    let server = start(&state);
    let mut client = server.connect();
    let statuses = [&used, &unused].map(|id| client.validate(id, TEXT));
    assert_eq!(statuses, [404, 404]);
}

#[test]
fn every_end_in_good_order_keeps_the_captchas() {
    let state = state("signals");
    let path = state.to_str().unwrap();
    for signal in ["TERM", "INT", "QUIT", "HUP"] {
        // If the tests run with SIGHUP ignored, the server would inherit that.
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_minicap")]);
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--test-text",
            TEXT,
            "--state",
            path,
        ]);
        let mut server = Server::spawn(&mut command);
        let id = server.generate();
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0));
        server.await_log(" info captchas saved alive=1\n");
        let server = start(&state);
        server.await_log(" info captchas restored alive=1 expired=0 evicted=0\n");
        assert_eq!(server.connect().validate(&id, TEXT), 200, "SIG{signal}");
        stop(server);
    }
}

#[test]
fn a_captcha_that_is_made_while_the_service_stops_is_kept() {
    let state = state("stopping");
    let path = state.to_str().unwrap();
    let mut server = Server::start(&["--state", path, "--drain", "1"]);
    let mut client = server.connect();
    client.send(&GENERATE[..20]);
    // A later request is answered, so the server has received the beginning of this one.
    assert_eq!(server.request(HEALTH).status, 200);
    server.signal("TERM");
    server.await_log(" info leaving seconds=1");
    let early = server.generate();
    let is_closed = || std::net::TcpStream::connect(server.address).is_err();
    eventually(is_closed, || "the server to stop accepting".into());
    client.send(&GENERATE[20..]);
    let late = client.answer().field("Captcha-Id").unwrap().to_owned();
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
    let server = start(&state);
    for id in [early, late] {
        assert_eq!(server.connect().validate(&id, TEXT), 200);
    }
}

#[test]
fn a_life_goes_on_while_the_service_is_off() {
    let state = state("expiry");
    let server = Server::start(&["--state", state.to_str().unwrap(), "--ttl", "1"]);
    let id = server.generate();
    stop(server);
    thread::sleep(Duration::from_millis(1_010));
    let server = start(&state);
    server.await_log(" info captchas restored alive=0 expired=1 evicted=0\n");
    assert_eq!(server.connect().validate(&id, TEXT), 404);
}

#[test]
fn with_less_room_the_oldest_are_left_out() {
    let state = state("room");
    let server = start(&state);
    let ids = [(); 5].map(|()| server.generate());
    stop(server);
    let server = Server::start(&["--state", state.to_str().unwrap(), "--capacity", "2"]);
    server.await_log(" info captchas restored alive=2 expired=0 evicted=3\n");
    let statuses = ids.map(|id| server.connect().validate(&id, TEXT));
    assert_eq!(statuses, [404, 404, 404, 200, 200]);
}

#[test]
fn what_cannot_be_gone_on_with_is_put_aside() {
    let state = state("damaged");
    let aside = state.with_extension("unreadable");
    let server = start(&state);
    server.generate();
    stop(server);
    let whole = fs::read(&state).unwrap();
    let changed = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    for (bytes, error) in [
        (vec![], "\"it is cut short\""),
        (whole[..whole.len() - 1].to_vec(), "\"it is cut short\""),
        (
            [&whole[..], b"\0"].concat(),
            "\"it goes on behind its end\"",
        ),
        (b"[captchas]\n".repeat(9), "\"it begins otherwise\""),
        (changed(26), "\"it is of another version\""),
        (changed(whole.len() - 1), "\"its checksum is another\""),
    ] {
        fs::write(&state, &bytes).unwrap();
        let server = start(&state);
        let name = aside.display();
        server.await_log(&format!(
            " error captchas cannot be restored error={error} aside={name}\n"
        ));
        assert_eq!(server.request(HEALTH).status, 200);
        assert_eq!(names(&state), ["captchas.lock", "captchas.unreadable"]);
        assert_eq!(fs::read(&aside).unwrap(), bytes);
        stop(server);
    }
}

#[test]
fn nobody_else_reads_the_texts() {
    let state = state("mode");
    // A file as an end that was interrupted may have left it, with another mode.
    let new = state.with_extension("new");
    fs::write(&new, "texts").unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o644)).unwrap();
    let script = format!(
        "umask 0; exec {} --listen 127.0.0.1:0 --state {}",
        env!("CARGO_BIN_EXE_minicap"),
        state.display()
    );
    let server = Server::spawn(Command::new("sh").args(["-c", &script]));
    assert_eq!(names(&state), ["captchas.lock"]);
    server.generate();
    stop(server);
    assert_eq!(names(&state), ["captchas", "captchas.lock"]);
    for name in [&state, &state.with_extension("lock")] {
        let mode = fs::metadata(name).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{}", name.display());
    }
}

#[test]
fn a_full_disk_costs_the_captchas_and_not_the_end() {
    let state = state("full");
    // No file may grow; to write is an error, and sends no signal.
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} --listen 127.0.0.1:0 --state {}",
        env!("CARGO_BIN_EXE_minicap"),
        state.display()
    );
    let mut server = Server::spawn(Command::new("sh").args(["-c", &script]));
    let id = server.generate();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let name = state.display();
    server.await_log(&format!(" error captchas are lost file={name} error="));
    server.await_log(" info stopped\n");
    assert_eq!(names(&state), ["captchas.lock"]);
    assert_eq!(start(&state).connect().validate(&id, TEXT), 404);
}

#[test]
fn one_process_has_the_file() {
    let state = state("lock");
    let path = state.to_str().unwrap();
    let server = start(&state);
    let id = server.generate();
    assert_eq!(
        refused(&["--state", path]),
        format!("minicap: another process keeps its captchas in {path}\n")
    );
    stop(server);
    assert_eq!(start(&state).connect().validate(&id, TEXT), 200);
}

#[test]
fn a_start_that_cannot_listen_leaves_the_captchas_in_their_file() {
    let state = state("address");
    let path = state.to_str().unwrap();
    let server = start(&state);
    let id = server.generate();
    stop(server);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    assert!(refused(&["--listen", &address, "--state", path]).contains(&address));
    assert_eq!(start(&state).connect().validate(&id, TEXT), 200);
}

#[test]
fn a_path_that_can_keep_nothing_ends_the_start() {
    let state = state("path");
    let folder = state.parent().unwrap();
    let nowhere = folder.join("missing/captchas");
    let said = refused(&["--state", nowhere.to_str().unwrap()]);
    assert!(said.starts_with("minicap: cannot keep captchas in ") && said.contains("No such file"));
    fs::create_dir(&state).unwrap();
    let path = state.to_str().unwrap();
    let said = format!("minicap: cannot read {path}: it is not a regular file\n");
    assert_eq!(refused(&["--state", path]), said);
    fs::remove_dir(&state).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    assert_eq!(refused(&["--state", path]), said);
}
