//! The `minicap` command: arguments in, exit code out. Builds the parts and joins them.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod healthcheck;
mod render;
mod state_file;

use std::env;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minicap::api::App;
use minicap::captcha::Font;
use minicap::config::{self, Command, Config, UnknownVariable};
use minicap::entropy::Entropy;
use minicap::log::Log;
use minicap::server::{Address, Figures, Listener, Server};
use minicap::store::memory::{Memory, Reaper};
use minicap::store::{Store, Valkey, valkey};
use minicap::sys::{self, Inherited};

use state_file::StateFile;

/// The exit code for a wrong command line; that for a failure is 1.
const USAGE_ERROR: u8 = 2;

/// How long the end waits until the last lines of the log are written.
const LOG_FLUSH_TIME: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let command = match config::parse(env::args_os().skip(1), env::vars_os()) {
        Ok(command) => command,
        Err(error) => {
            complain(&error);
            return USAGE_ERROR.into();
        }
    };
    let result = match command {
        Command::Serve { config, unknown } => serve(*config, &unknown),
        Command::Render(render) => render::run(&render),
        Command::Healthcheck { listen, path } => healthcheck::run(&listen, &path),
        Command::Help(command) => print(&config::usage(command)),
        Command::Version => print(concat!("minicap ", env!("CARGO_PKG_VERSION"), "\n")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal stops it.
fn serve(config: Config, unknown: &[UnknownVariable]) -> Result<(), String> {
    // Before anything else opens descriptors.
    let inherited = sys::inherited(
        env::var("LISTEN_PID").ok().as_deref(),
        env::var("LISTEN_FDS").ok().as_deref(),
    );
    let log = Log::start(config.log).map_err(|error| format!("cannot start the log: {error}"))?;
    log_panics(log.clone());
    for UnknownVariable { name, nearest } in unknown {
        let message = "unknown environment variable";
        match nearest {
            Some(nearest) => log.warn(message, &[("name", name), ("nearest", nearest)]),
            None => log.warn(message, &[("name", name)]),
        }
    }
    let served = serve_on(inherited, config, &log);
    log.flush(LOG_FLUSH_TIME);
    served
}

fn serve_on(inherited: Vec<Inherited>, config: Config, log: &Log) -> Result<(), String> {
    // Fails here if there are no random bytes, and not at the first request.
    Entropy::default().byte();
    let stop = sys::termination().map_err(|error| format!("cannot handle signals: {error}"))?;
    let state_file = config.state.clone().map(StateFile::claim).transpose()?;
    // Before the file of captchas is read, so that it stays if an address is in use.
    let listeners = listeners(inherited, &config)?;
    match config.valkey.clone() {
        Some(address) => {
            let store = store_on_server(address, &config, log);
            serve_from(store, listeners, config, &stop, log)?;
        }
        None => serve_memory(state_file, listeners, config, &stop, log)?,
    }
    log.info("stopped", &[]);
    Ok(())
}

/// Serves captchas that are kept in memory, and in the file of `--state` while the service is off.
fn serve_memory(
    state_file: Option<StateFile>,
    listeners: Vec<Listener>,
    config: Config,
    stop: &UnixStream,
    log: &Log,
) -> Result<(), String> {
    let settings = config.store;
    let new = || {
        let memory = Memory::new(settings, Instant::now());
        memory.map_err(|_| format!("no memory for {} captchas", settings.capacity))
    };
    let memory = Arc::new(match &state_file {
        Some(file) => file.restore(new, log)?,
        None => new()?,
    });
    let store = Store::Memory(Arc::clone(&memory));
    let served = Reaper::start(Arc::clone(&memory))
        .map_err(|error| format!("cannot start the thread that removes expired captchas: {error}"))
        .and_then(|_reaper| serve_from(store, listeners, config, stop, log));
    if let Some(file) = state_file {
        file.save(&memory, log);
    }
    served
}

/// The store that several processes share. It is checked once, so that the log says at the start if it
/// cannot be used. The service starts all the same.
fn store_on_server(address: valkey::Address, config: &Config, log: &Log) -> Store {
    let settings = valkey::Settings {
        address,
        timeout: config.store_timeout,
        ttl: config.store.ttl,
        attempts: config.store.attempts,
    };
    let store = Store::Valkey(Arc::new(Valkey::new(settings, log.clone())));
    let mut handle = store.handle();
    let begun = thread::Builder::new().spawn(move || handle.check(Instant::now()));
    if let Err(error) = begun {
        log.warn("cannot start a thread", &[("error", &error)]);
    }
    store
}

/// Serves captchas that are kept in `store` until `stop` becomes readable.
fn serve_from(
    store: Store,
    listeners: Vec<Listener>,
    config: Config,
    stop: &UnixStream,
    log: &Log,
) -> Result<(), String> {
    if config.api.test_text.is_some() {
        log.warn(
            "every captcha has the text of --test-text: the service protects nothing",
            &[],
        );
    }
    warn_of_guesses(&config, log);
    let workers = config.server.workers();
    let font = Arc::new(Font::new());
    let figures = Arc::new(Figures::default());
    let metrics_listener = config.metrics_listen.as_ref().map(|_| listeners.len() - 1);
    let names = names(&listeners, metrics_listener);
    let app = App::new(
        config.api,
        metrics_listener,
        store,
        font,
        Arc::clone(&figures),
        log.clone(),
    );
    let server = Server::new(
        listeners,
        Arc::new(app),
        config.server,
        figures,
        log.clone(),
    );
    announce(format!("miniCAP listening on {names}\n"), log);
    log.info("started", &[("address", &names), ("workers", &workers)]);
    server
        .run(stop)
        .map_err(|error| format!("cannot continue: {error}"))
}

/// Warns if guessing succeeds too often: with all attempts that a captcha allows, more than once in ten
/// thousand captchas.
fn warn_of_guesses(config: &Config, log: &Log) {
    const CAPTCHAS_MIN: u64 = 10_000;
    let (api, attempts) = (&config.api, config.store.attempts);
    let warn = |texts: u64, message| {
        if texts < CAPTCHAS_MIN * u64::from(attempts) {
            log.warn(message, &[("texts", &texts), ("attempts", &attempts)]);
        }
    };
    warn(
        api.captcha.alphabet.texts(api.captcha.length),
        "texts are too easy to guess: raise --length or add characters to --alphabet",
    );
    if api.audio {
        let digits = u32::try_from(api.audio_length).unwrap_or(u32::MAX);
        warn(
            10_u64.saturating_pow(digits),
            "sounds are too easy to guess: raise --audio-length",
        );
    }
}

/// The sockets that a service manager passes, and those of the operator's addresses, the one for the
/// metrics last. The default address is used only if no socket is passed.
fn listeners(inherited: Vec<Inherited>, config: &Config) -> Result<Vec<Listener>, String> {
    let own: &[Address] = if inherited.is_empty() || config.is_listen_given {
        &config.listen
    } else {
        &[]
    };
    // All are checked before any is made.
    let inherited = inherited.into_iter().map(Listener::inherit);
    let mut listeners = inherited
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("cannot listen on what LISTEN_FDS passes: {error}"))?;
    for address in own.iter().chain(&config.metrics_listen) {
        let listener = Listener::bind(address, config.socket_mode);
        listeners.push(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?);
    }
    Ok(listeners)
}

/// The addresses, for the operator.
fn names(listeners: &[Listener], metrics_listener: Option<usize>) -> String {
    let names = listeners.iter().enumerate().map(|(place, listener)| {
        let what = if Some(place) == metrics_listener {
            "metrics on "
        } else {
            ""
        };
        format!("{what}{listener}")
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Prints a line on standard output, which the log has as well. Standard output may be full, closed, or
/// never read, so a thread of its own prints, and the service starts meanwhile.
fn announce(line: String, log: &Log) {
    let announced = thread::Builder::new().spawn({
        let log = log.clone();
        move || {
            if let Err(error) = print(&line) {
                log.warn(&error, &[]);
            }
        }
    });
    if let Err(error) = announced {
        log.warn("cannot start a thread", &[("error", &error)]);
    }
}

/// Makes a panic one line of the log. A panic of the main thread ends the process, so its reason is
/// printed on standard error at once, at every level of the log.
fn log_panics(log: Log) {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        if thread::current().id() == main {
            let message = info.payload_as_str().unwrap_or("");
            complain(&format!("panic at {place}: {message}"));
            return;
        }
        log.error(
            "panic",
            &[
                ("place", &place),
                ("message", &info.payload_as_str().unwrap_or("")),
            ],
        );
    }));
}

/// Prints on standard error why the process ends. If that fails, nothing can be done about it.
fn complain(error: &str) {
    let _ = writeln!(io::stderr(), "minicap: {error}");
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| format!("cannot write to standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::path::Path;
    use std::process::{self, Stdio};

    /// Names the socket that the child of `a_panic_is_logged` serves on, and makes it that child.
    const CHILD_SOCKET: &str = "SOCKET_OF_A_CHILD_THAT_PANICS";

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Serves on this socket, and panics in another thread. How a process takes panics is one for all
    /// of its threads, so this one is made for that.
    fn serve_and_panic(socket: &Path) {
        let options = [
            "--listen".into(),
            format!("unix:{}", socket.display()).into(),
        ];
        let Ok(Command::Serve { config, unknown }) = config::parse(options, []) else {
            unreachable!("serving is what it does without a command");
        };
        thread::spawn(move || serve(*config, &unknown));
        let end = Instant::now() + PATIENCE;
        while UnixStream::connect(socket).is_err() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
        thread::sleep(PATIENCE);
    }

    #[test]
    fn a_panic_is_logged() {
        if let Some(socket) = env::var_os(CHILD_SOCKET) {
            return serve_and_panic(Path::new(&socket));
        }
        let socket = env::temp_dir().join(format!("minicap-panic-{}.sock", process::id()));
        let mut child = process::Command::new(env::current_exe().unwrap())
            .args(["--exact", "tests::a_panic_is_logged", "--nocapture"])
            .env(CHILD_SOCKET, &socket)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("on purpose"));
        child.kill().unwrap();
        child.wait().unwrap();
        let _ = std::fs::remove_file(socket);
        let line = line.unwrap().unwrap();
        let (_, said) = line.split_once(' ').unwrap();
        let place = format!("error panic place={}:", file!());
        assert!(said.starts_with(&place), "{line}");
        assert!(said.ends_with(" message=\"on purpose\""), "{line}");
    }
}
