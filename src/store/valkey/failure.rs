//! Why the store could not be used, in words for the operator. The error texts of the server are not
//! repeated, since they may contain what was sent: a password, or the text of a captcha.

use std::fmt;
use std::io;

use super::figures::Outcome;

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection could be made.
    Unreachable(io::Error),
    /// The deadline passed.
    Timeout,
    /// The connection ended before the reply.
    Lost(io::Error),
    /// The reply does not belong to the request.
    Garbled,
    /// The server refused, for one of the known reasons.
    Refused(&'static Refusal),
    /// The server does not know the script that was called.
    UnknownScript,
    /// The server refused, for another reason.
    Unknown,
}

/// A known error reply.
#[derive(Debug)]
pub(super) struct Refusal {
    /// How its line begins.
    code: &'static str,
    /// What it means, for the operator.
    meaning: &'static str,
}

/// The server has no memory left. A script reports it, so the connection can still be used.
pub(super) static FULL: Refusal = Refusal {
    code: "OOM",
    meaning: "its memory is full; give it more by maxmemory, and set maxmemory-policy volatile-ttl",
};

/// The word for a script whose call was garbled.
const GARBLED: &str = "GARBLED";

const CLUSTER: &str = "it is a node of a cluster, which is not supported; expected a server on its \
                       own, or a proxy for the cluster";

const PERMISSIONS: &str = "the user lacks a permission; expected ~minicap:* +evalsha +script|load +get \
                           +set +del +select";

/// The known error replies.
static REFUSALS: [Refusal; 23] = [
    Refusal {
        code: "LOADING",
        meaning: "it is reading its data and serves when it has",
    },
    Refusal {
        code: "READONLY",
        meaning: "it is a replica, which takes nothing new; expected the address of the primary",
    },
    Refusal {
        code: "NOAUTH",
        meaning: "it wants a password; expected one in MINICAP_STORE_PASSWORD or in the address",
    },
    Refusal {
        code: "WRONGPASS",
        meaning: "user or password are wrong",
    },
    Refusal {
        code: "NOPERM",
        meaning: PERMISSIONS,
    },
    Refusal {
        code: "ACL failure in script",
        meaning: PERMISSIONS,
    },
    Refusal {
        code: "The user executing the script can't",
        meaning: PERMISSIONS,
    },
    Refusal {
        code: "BUSY",
        meaning: "a script has kept it busy for long",
    },
    Refusal {
        code: "MISCONF",
        meaning: "it cannot write its data to disk and takes nothing new until it can",
    },
    Refusal {
        code: "NOREPLICAS",
        meaning: "fewer replicas follow it than min-replicas-to-write asks for",
    },
    Refusal {
        code: "MASTERDOWN",
        meaning: "it is a replica that has lost its primary",
    },
    Refusal {
        code: "MOVED",
        meaning: CLUSTER,
    },
    Refusal {
        code: "ASK",
        meaning: CLUSTER,
    },
    Refusal {
        code: "CLUSTERDOWN",
        meaning: CLUSTER,
    },
    Refusal {
        code: "DENIED",
        meaning: "it is in protected mode and has no password; give it one",
    },
    Refusal {
        code: "ERR unknown command",
        meaning: "a command is unknown there; expected Valkey, or Redis 6 or later",
    },
    Refusal {
        code: "ERR max number of clients",
        meaning: "it has all the connections that its maxclients allows",
    },
    Refusal {
        code: "ERR DB index",
        meaning: "it has no database of this number",
    },
    Refusal {
        code: "ERR invalid DB index",
        meaning: "it has no database of this number",
    },
    Refusal {
        code: "ERR SELECT is not allowed",
        meaning: CLUSTER,
    },
    Refusal {
        code: "ERR AUTH",
        meaning: "a password was sent, but it wants none",
    },
    Refusal {
        code: "ERR Client sent AUTH",
        meaning: "a password was sent, but it wants none",
    },
    Refusal {
        code: "ERR invalid password",
        meaning: "user or password are wrong",
    },
];

impl Failure {
    /// What a line of error means.
    pub(super) fn refused(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        if line.starts_with(GARBLED) {
            return Failure::Garbled;
        }
        if line.starts_with("NOSCRIPT") {
            return Failure::UnknownScript;
        }
        let refusals = || REFUSALS.iter().chain([&FULL]);
        let begun = refusals().find(|refusal| line.starts_with(refusal.code));
        // The error of a command in a script may stand within another.
        let holds = |part: &str| {
            let mut places = line.as_bytes().windows(part.len());
            places.any(|place| place == part.as_bytes())
        };
        let is_within = |Refusal { code, .. }: &&Refusal| {
            holds(&format!("-{code} ")) || code.contains(' ') && holds(code)
        };
        let within = || refusals().find(is_within);
        begun
            .or_else(within)
            .map_or(Failure::Unknown, Failure::Refused)
    }

    /// Whether the server and the connection can still be used.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Failure::Refused(refusal) if std::ptr::eq(*refusal, &raw const FULL))
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Failure::Unreachable(_) => Outcome::Unreachable,
            Failure::Timeout => Outcome::Timeout,
            Failure::Lost(_) => Outcome::Lost,
            Failure::Garbled => Outcome::Garbled,
            Failure::Refused(_) | Failure::UnknownScript | Failure::Unknown => Outcome::Refused,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable(error) => write!(f, "no connection: {error}"),
            Failure::Timeout => f.write_str("no answer within --store-timeout"),
            Failure::Lost(error) => write!(f, "the connection ended before the answer: {error}"),
            Failure::Garbled => f.write_str("what it sent is no answer to what it was asked"),
            Failure::Refused(Refusal { code, meaning }) => write!(f, "{code}: {meaning}"),
            Failure::UnknownScript => f.write_str("it forgets scripts as soon as it has them"),
            Failure::Unknown => f.write_str("it refused, for a reason that is not known here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_refuses_with_has_a_meaning() {
        for (line, begin) in [
            (
                "LOADING Valkey is loading the dataset in memory",
                "LOADING: it is reading",
            ),
            (
                "READONLY You can't write against a read only replica.",
                "READONLY: it is a replica,",
            ),
            (
                "ERR Error running script (call to f_0): @user_script:1: @user_script: 1: -READONLY \
                 You can't write against a read only replica.",
                "READONLY: it is a replica,",
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                "OOM: its memory",
            ),
            (
                "NOAUTH Authentication required.",
                "NOAUTH: it wants a password",
            ),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                "WRONGPASS: user or",
            ),
            (
                "NOPERM this user has no permissions to run the 'set' command",
                "NOPERM: the user",
            ),
            (
                "ERR ACL failure in script: User a has no permissions to run the 'set' command",
                "ACL failure in script: the user lacks",
            ),
            (
                "ERR The user executing the script can't run this command or subcommand script: 0",
                "The user executing the script can't: the user lacks",
            ),
            ("BUSY Valkey is busy running a script.", "BUSY: a script"),
            (
                "MISCONF Errors writing to the AOF file",
                "MISCONF: it cannot",
            ),
            (
                "NOREPLICAS Not enough good replicas to write.",
                "NOREPLICAS: fewer",
            ),
            ("MASTERDOWN Link with MASTER is down", "MASTERDOWN: it is"),
            ("MOVED 3999 127.0.0.1:6381", "MOVED: it is a node"),
            ("ASK 3999 127.0.0.1:6381", "ASK: it is a node"),
            (
                "CLUSTERDOWN Hash slot not served",
                "CLUSTERDOWN: it is a node",
            ),
            (
                "DENIED Redis is running in protected mode",
                "DENIED: it is in",
            ),
            (
                "ERR max number of clients reached",
                "ERR max number of clients: it has",
            ),
            ("ERR DB index is out of range", "ERR DB index: it has no"),
            (
                "ERR AUTH <password> called without any password",
                "ERR AUTH: a password",
            ),
            ("GARBLED", "what it sent is no answer"),
            ("ERR anything else", "it refused, for a reason"),
            ("", "it refused, for a reason"),
        ] {
            let said = Failure::refused(line.as_bytes()).to_string();
            assert!(said.starts_with(begin), "{line}: {said}");
        }
    }

    /// What a server does not understand it repeats.
    #[test]
    fn what_was_sent_is_never_repeated() {
        let line = "ERR unknown command 'AUTX', with args beginning with: 'minicap' 'hunter2' ";
        let failure = Failure::refused(line.as_bytes());
        assert!(!format!("{failure} {failure:?}").contains("hunter2"));
    }

    #[test]
    fn a_full_server_is_the_one_failure_that_harms_nothing() {
        assert!(Failure::Refused(&FULL).is_harmless());
        let other = Failure::refused(b"LOADING");
        assert!(!other.is_harmless() && !Failure::Timeout.is_harmless());
    }
}
