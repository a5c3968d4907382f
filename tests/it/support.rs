//! A running `minicap`, and a client that sends raw bytes to it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// How long a test waits for anything before it fails: long, since machines may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The text of every captcha of a server started by [`Server::start`].
pub(crate) const TEXT: &str = "aB3xY7";

/// The program, without the variables of this process's environment that would configure it.
pub(crate) fn minicap(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minicap"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MINICAP_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// Runs the program to its end, which must come soon.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let mut command = minicap(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if PATIENCE < begun.elapsed() {
            child.kill().unwrap();
            panic!("{arguments:?} runs on and on");
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
    /// Reads the log until the process ends.
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// A server on a free port whose captchas all have the text [`TEXT`].
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_plain(&[&["--test-text", TEXT], arguments].concat())
    }

    /// A server on a free port.
    pub(crate) fn start_plain(arguments: &[&str]) -> Self {
        let mut command = minicap(&["--listen", "127.0.0.1:0"]);
        Self::spawn(command.args(arguments))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim_end().strip_prefix("miniCAP listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("{line:?}"))
            .parse()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let mut lines = lines.lock().unwrap();
                lines.push_str(&line.unwrap());
                lines.push('\n');
            }
        });
        Server {
            child,
            address,
            log,
            reader: Some(reader),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends a request on a new connection and returns the response.
    pub(crate) fn request(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect();
        client.send(request);
        client.answer()
    }

    /// A new captcha's id.
    pub(crate) fn generate(&self) -> String {
        self.connect().generate()
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log contains `text`.
    pub(crate) fn await_log(&self, text: &str) {
        eventually(
            || self.log().contains(text),
            || format!("{text:?} in:\n{}", self.log()),
        );
    }

    /// Waits until the metrics have this sample.
    pub(crate) fn await_metric(&self, sample: &str) {
        let page = || self.request("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
        eventually(
            || page().text().lines().any(|line| line == sample),
            || format!("{sample:?}"),
        );
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg("-s")
            .arg(name)
            .arg(self.pid().to_string())
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the process, and of its log.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually(
            || {
                status = self.child.try_wait().unwrap();
                status.is_some()
            },
            || "the process should have ended".into(),
        );
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("log of the server:\n{}", self.log());
        }
    }
}

/// Waits until `is_so`, and fails with `what` if that takes too long.
pub(crate) fn eventually(mut is_so: impl FnMut() -> bool, what: impl FnOnce() -> String) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {}", what());
        thread::sleep(Duration::from_millis(5));
    }
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// Received, and not yet part of a response.
    input: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE).unwrap())
    }

    /// A connection from another address of this machine.
    pub(crate) fn connect_from(source: &str, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let source = SocketAddr::new(source.parse().unwrap(), 0);
        socket.bind(&source.into()).unwrap();
        socket.connect_timeout(&address.into(), PATIENCE).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream,
            input: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads the next answer, with its body.
    pub(crate) fn answer(&mut self) -> Answer {
        self.next_answer(true)
    }

    /// Reads the next answer, which is to HEAD.
    pub(crate) fn head_answer(&mut self) -> Answer {
        self.next_answer(false)
    }

    /// Reads the next answer, if it comes whole before the connection ends.
    pub(crate) fn try_answer(&mut self) -> bool {
        loop {
            if let Some((_, bytes)) = Answer::parse(&self.input, true) {
                self.input.drain(..bytes);
                return true;
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return false,
                Ok(bytes) => self.input.extend_from_slice(&buffer[..bytes]),
            }
        }
    }

    fn next_answer(&mut self, has_body: bool) -> Answer {
        loop {
            if let Some((answer, bytes)) = Answer::parse(&self.input, has_body) {
                self.input.drain(..bytes);
                return answer;
            }
            let mut buffer = [0; 16 * 1024];
            let bytes = match self.stream.read(&mut buffer) {
                // System calls are interrupted when a child stops or ends.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.unwrap(),
            };
            assert!(
                bytes != 0,
                "closed within {:?}",
                String::from_utf8_lossy(&self.input)
            );
            self.input.extend_from_slice(&buffer[..bytes]);
        }
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Asserts that the server closes without sending anything more.
    pub(crate) fn assert_closed(&mut self) {
        self.stream.read_to_end(&mut self.input).unwrap();
        assert!(
            self.input.is_empty(),
            "{:?}",
            String::from_utf8_lossy(&self.input)
        );
    }

    pub(crate) fn generate(&mut self) -> String {
        self.send(GENERATE);
        let answer = self.answer();
        assert_eq!(answer.status, 200);
        answer.field("Captcha-Id").unwrap().to_owned()
    }

    /// Sends an answer and returns the status of the response.
    pub(crate) fn validate(&mut self, id: &str, text: &str) -> u16 {
        self.send(validate(id, text));
        self.answer().status
    }
}

/// A request for a picture.
pub(crate) const GENERATE: &str = "POST /api/captcha/generate/ HTTP/1.1\r\nHost: test\r\n\r\n";

/// A request for the server's health.
pub(crate) const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// A request that answers a captcha.
pub(crate) fn validate(id: &str, text: &str) -> String {
    let body = format!(r#"{{"id":"{id}","text":"{text}"}}"#);
    let request = post(
        "/api/captcha/validate/",
        "Content-Type: application/json\r\n",
        body.as_bytes(),
    );
    String::from_utf8(request).unwrap()
}

/// A POST request with these field lines and this body.
pub(crate) fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(input: &[u8], has_body: bool) -> Option<(Self, usize)> {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(head_bytes) = response.parse(input).unwrap() else {
            return None;
        };
        let answer = Answer {
            status: response.code.unwrap(),
            fields: response
                .headers
                .iter()
                .map(|field| {
                    (
                        field.name.to_owned(),
                        str::from_utf8(field.value).unwrap().into(),
                    )
                })
                .collect(),
            body: Vec::new(),
        };
        let length = answer.field("Content-Length").filter(|_| has_body);
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let body = input.get(head_bytes..head_bytes + length)?.to_vec();
        Some((Answer { body, ..answer }, head_bytes + length))
    }

    /// The value of a field; none if there is none. There must not be two.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self
            .fields
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = values.next();
        assert!(
            values.next().is_none(),
            "two fields {name} in {:?}",
            self.fields
        );
        value.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}
