//! The scripts that the store runs, how they are called, and what they return. Knows no connection.
//!
//! Everything is sent twice. A call has its arguments one by one and again all in one, and a script
//! that finds a difference changes nothing. A script returns its result twice, each time with the
//! call's nonce and the captcha's key. So a reply that is late, doubled or garbled is recognised:
//! checksums of TCP have only 16 bits, and proxies may be faulty.

use crate::resp::{Reply, write_command};
use crate::store::Id;

/// The prefix of all keys.
const KEY_PREFIX: &str = "minicap:";

/// Numbers of arguments of a script, besides the nonce.
const ARGUMENTS_MAX: usize = 2;

/// A script and what it is called by.
pub(super) struct Script {
    text: &'static str,
    /// SHA-1 of the text in hexadecimal digits, by which the server knows it.
    sha1: &'static str,
}

/// Begins a captcha's life: lifetime in milliseconds, and the captcha as it is kept. Says `stored`,
/// or `full` if there is no memory left.
pub(super) static INSERT: Script = Script {
    text: include_str!("insert.lua"),
    sha1: "13de1a39abedbc0446b1810f9e9dbf4c89740280",
};

/// Judges an answer: its form. Says `right`, `wrong` and how many wrong ones are left, or `unknown`.
pub(super) static JUDGE: Script = Script {
    text: include_str!("judge.lua"),
    sha1: "79ed00a257869f7e402c10cfe77e560310136071",
};

impl Script {
    /// The command that makes the script known to a server.
    pub(super) fn load(&self) -> Vec<u8> {
        let mut command = Vec::new();
        write_command(&[b"SCRIPT", b"LOAD", self.text.as_bytes()], &mut command);
        command
    }

    /// Whether a reply says that this script, and no other, is known now.
    pub(super) fn is_loaded(&self, reply: &Reply) -> bool {
        matches!(reply, Reply::Bulk(sha1) if sha1 == self.sha1.as_bytes())
    }
}

/// One call of a script.
pub(super) struct Call {
    /// The nonce, a space, and the captcha's key.
    about: String,
    command: Vec<u8>,
}

impl Call {
    /// A call of a script about a captcha. Every call has a new nonce. A late reply names the
    /// nonce and the key of its own call, and the connection that it could come on is closed by then.
    pub(super) fn new(script: &Script, nonce: u64, id: Id, arguments: &[&str]) -> Self {
        let nonce = format!("{nonce:016x}");
        let key = format!("{KEY_PREFIX}{id}");
        let about = format!("{nonce} {key}");
        let mut all = about.clone();
        for argument in arguments {
            all.push(' ');
            all.push_str(argument);
        }
        let mut words: Vec<&[u8]> = Vec::with_capacity(6 + ARGUMENTS_MAX);
        words.extend([b"EVALSHA", script.sha1.as_bytes(), b"1", key.as_bytes()]);
        words.push(nonce.as_bytes());
        words.extend(arguments.iter().map(|argument| argument.as_bytes()));
        words.push(all.as_bytes());
        let mut command = Vec::new();
        write_command(&words, &mut command);
        Call { about, command }
    }

    /// The bytes to send.
    pub(super) fn command(&self) -> &[u8] {
        &self.command
    }

    /// What a reply says of this call, which is neither about another nor an error.
    pub(super) fn words<'a>(&self, reply: &'a Reply) -> Option<&'a str> {
        let Reply::Array(items) = reply else {
            return None;
        };
        let [Reply::Bulk(said), Reply::Bulk(again)] = items.as_slice() else {
            return None;
        };
        let said = str::from_utf8(said).ok().filter(|_| said == again)?;
        said.strip_prefix(&self.about)?.strip_prefix(' ')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Reader;
    use sha1::{Digest, Sha1};
    use std::fmt::Write;

    fn call() -> Call {
        let id = Id::parse("3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10").unwrap();
        Call::new(&JUDGE, 0x2a, id, &["abc"])
    }

    /// A reply with these texts.
    fn said(texts: &[&str]) -> Reply {
        Reply::Array(
            texts
                .iter()
                .map(|text| Reply::Bulk((*text).into()))
                .collect(),
        )
    }

    fn read(bytes: &[u8]) -> Option<Reply> {
        let mut reader = Reader::default();
        reader.feed(bytes);
        reader.reply().ok().flatten()
    }

    #[test]
    fn scripts_are_called_by_their_digests() {
        for script in [&INSERT, &JUDGE] {
            let mut digest = String::new();
            for byte in Sha1::digest(script.text) {
                write!(digest, "{byte:02x}").unwrap();
            }
            assert_eq!(script.sha1, digest, "{}", script.text);
            assert!(script.is_loaded(&Reply::Bulk(digest.into())));
        }
        assert!(!INSERT.is_loaded(&Reply::Bulk(JUDGE.sha1.into())));
        assert!(!INSERT.is_loaded(&Reply::Simple("OK".into())));
    }

    #[test]
    fn a_call_says_everything_twice() {
        let key = "minicap:3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10";
        let nonce = "000000000000002a";
        let all = format!("{nonce} {key} abc");
        let words = ["EVALSHA", JUDGE.sha1, "1", key, nonce, "abc", &all];
        assert_eq!(read(call().command()), Some(said(&words)));
    }

    #[test]
    fn a_reply_is_about_the_call_or_says_nothing() {
        let about = "000000000000002a minicap:3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10";
        let right = format!("{about} right");
        assert_eq!(call().words(&said(&[&right, &right])), Some("right"));
        let later = right.replace("2a ", "2b ");
        let other = right.replace("10 ", "11 ");
        for texts in [
            &[later.as_str(), &later][..],
            &[&other, &other],
            &[&right, &later],
            &[&right],
            &[&right, &right, &right],
            &["right", "right"],
            &[about, about],
            &["", ""],
            &[],
        ] {
            assert_eq!(call().words(&said(texts)), None, "{texts:?}");
        }
        assert_eq!(call().words(&Reply::Bulk(right.clone().into())), None);
        assert_eq!(call().words(&Reply::Simple(right.into())), None);
    }

    /// Whichever byte of a reply is changed to whichever other, it says the same or nothing.
    #[test]
    fn no_byte_that_is_changed_makes_another_verdict() {
        let said = "000000000000002a minicap:3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10 wrong 2";
        let length = said.len();
        let reply = format!("*2\r\n${length}\r\n{said}\r\n${length}\r\n{said}\r\n").into_bytes();
        assert_eq!(call().words(&read(&reply).unwrap()), Some("wrong 2"));
        for place in 0..reply.len() {
            let mut changed = reply.clone();
            for byte in (0..=u8::MAX).filter(|byte| *byte != reply[place]) {
                changed[place] = byte;
                let reply = read(&changed);
                let words = reply
                    .as_ref()
                    .and_then(|reply| call().words(reply).map(str::to_owned));
                assert_eq!(words, None, "byte {place} is {byte}");
            }
        }
    }
}
