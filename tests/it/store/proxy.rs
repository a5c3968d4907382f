//! A proxy between a service and its store that delays, loses or changes bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to the bytes in both directions. A piece is what one read returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Each piece is delayed for this long.
    Delay(Duration),
    /// Each byte is sent by itself.
    Split,
    /// One piece of so many is cut short, and the connection ends.
    Cut(u32),
    /// In one piece of so many a byte is changed.
    Garble(u32),
    /// One reply of so many is sent twice. (Commands are not: a command that arrives twice is carried
    /// out twice, so that a wrong answer counts twice and a captcha may begin again after its end.)
    Double(u32),
    /// Replies are dropped.
    Swallow,
}

/// A running proxy. It ends with the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
}

impl Proxy {
    /// A proxy to a server.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        let of_connections = Arc::clone(&fault);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                for (is_answer, (from, to)) in [(false, (client, server)), (true, back)] {
                    let fault = Arc::clone(&of_connections);
                    thread::spawn(move || pass(from, &to, &fault, is_answer));
                }
            }
        });
        Proxy { address, fault }
    }

    /// Changes the fault.
    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

/// Passes bytes on until either side closes.
fn pass(mut from: TcpStream, mut to: &TcpStream, fault: &Mutex<Fault>, is_answer: bool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let piece = &mut buffer[..count];
        let fault = *fault.lock().unwrap();
        let place = fastrand::usize(..count);
        let is_hit = |of: u32| fastrand::u32(..of) == 0;
        let mut is_last = false;
        let mut out = piece.to_vec();
        match fault {
            Fault::Delay(time) => thread::sleep(time),
            Fault::Cut(of) if is_hit(of) => {
                out.truncate(place);
                is_last = true;
            }
            Fault::Garble(of) if is_hit(of) => out[place] ^= fastrand::u8(1..),
            Fault::Double(of) if is_answer && is_hit(of) => {
                let _ = to.write_all(piece);
                // The copy arrives before the next request to the store, or while that is under way.
                thread::sleep(Duration::from_micros(fastrand::u64(..200)));
            }
            Fault::Swallow if is_answer => out.clear(),
            _ => {}
        }
        let sent = if fault == Fault::Split {
            out.iter().try_for_each(|byte| to.write_all(&[*byte]))
        } else {
            to.write_all(&out)
        };
        if sent.is_err() || is_last {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
