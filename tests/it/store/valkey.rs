//! A running Valkey or Redis, and a client for its own commands.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use minicap::resp::{Reader, Reply, write_command};

use crate::support::{PATIENCE, eventually};

/// A server; killed when dropped.
pub(crate) struct Valkey {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where it has its files and its Unix socket.
    folder: PathBuf,
    options: Vec<String>,
}

impl Valkey {
    /// A server on a free port with these options; none where there is no such program.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        program()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("minicap-store-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        // Another process may take the port before the server does; then another port is tried.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = free.local_addr().unwrap();
            drop(free);
            let options: Vec<String> = options.iter().map(|option| (*option).into()).collect();
            let mut server = Valkey {
                child: spawn(&folder, address, &options),
                address,
                folder: folder.clone(),
                options,
            };
            if server.is_up() {
                return Some(server);
            }
        }
        panic!("it does not start");
    }

    /// The value of `--store`.
    pub(crate) fn url(&self) -> String {
        format!("valkey://{}", self.address)
    }

    /// The path of its Unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Kills it, if it lives.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Restarts it at its address, without its data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.folder, self.address, &self.options);
        assert!(self.is_up(), "it does not start again");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    /// The answer to a command, its words with spaces between them.
    pub(crate) fn ask(&self, command: &str) -> Reply {
        let arguments: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        ask(self.address, &[&arguments]).pop().unwrap()
    }

    /// Sends a command that must succeed.
    #[track_caller]
    pub(crate) fn order(&self, command: &str) {
        assert_eq!(self.ask(command), Reply::Simple("OK".into()), "{command}");
    }

    /// How many keys it has.
    pub(crate) fn key_count(&self) -> usize {
        match self.ask("DBSIZE") {
            Reply::Integer(count) => count.try_into().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until it listens. False if it has ended because another process has its port.
    fn is_up(&mut self) -> bool {
        let mut has_ended = false;
        let address = self.address;
        eventually(
            || {
                has_ended = self.child.try_wait().unwrap().is_some();
                has_ended || TcpStream::connect(address).is_ok()
            },
            || "a server of captchas".into(),
        );
        !has_ended
    }
}

impl Drop for Valkey {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sends commands on one connection, and returns the answer to each.
pub(crate) fn ask(address: SocketAddr, commands: &[&[&[u8]]]) -> Vec<Reply> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = Reader::default();
    let mut replies = Vec::new();
    for command in commands {
        let mut bytes = Vec::new();
        write_command(command, &mut bytes);
        stream.write_all(&bytes).unwrap();
        loop {
            if let Some(reply) = reader.reply().unwrap() {
                replies.push(reply);
                break;
            }
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap();
            assert!(count != 0, "it has closed the connection");
            reader.feed(&buffer[..count]);
        }
    }
    replies
}

fn spawn(folder: &Path, address: SocketAddr, options: &[String]) -> Child {
    let mut command = Command::new(program().unwrap());
    let port = address.port().to_string();
    let socket = folder.join("socket");
    command
        .args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--unixsocket",
        ])
        .arg(socket)
        .args(["--daemonize", "no", "--dir"])
        .arg(folder)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The program to start. If there is none, says so, or fails.
fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("STORE_SERVER") {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = ["valkey-server", "redis-server"].iter().find_map(|name| {
        let mut places = env::split_paths(&path).map(|folder| folder.join(name));
        places.find(|place| place.is_file())
    });
    if found.is_none() {
        assert!(
            env::var_os("NOTHING_SKIPPED").is_none(),
            "neither valkey-server nor redis-server is there"
        );
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        // Not with `eprintln!`, whose output is not shown for tests that succeed.
        let line = format!("passed over, without valkey-server or redis-server: {name}\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    found
}
