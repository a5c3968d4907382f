//! The protocol of Valkey and Redis as values: commands to bytes, bytes to replies. Knows no socket
//! and no command.
//!
//! The rules are those of version 2 ("Redis serialization protocol specification", RESP2). Where they
//! leave a choice, the reader refuses.

mod reader;

use std::io::Write;

pub use reader::{REPLY_BYTES_MAX, Reader};

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A line of text, such as `OK`.
    Simple(Vec<u8>),
    /// A line that begins with the kind of error, a word in capitals.
    Error(Vec<u8>),
    /// A number.
    Integer(i64),
    /// Any bytes.
    Bulk(Vec<u8>),
    /// Nothing, where there could be any bytes or an array.
    Null,
    /// Replies in a row.
    Array(Vec<Reply>),
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The first byte names no type of version 2.
    Type,
    /// A line has a carriage return or a line feed that does not end it.
    Line,
    /// A length or a number is not written in its one way, or does not fit 64 bits.
    Number,
    /// A bulk does not end where it should.
    Bulk,
    /// The reply is longer than [`REPLY_BYTES_MAX`].
    TooLong,
    /// Arrays lie within arrays too deeply.
    TooDeep,
}

/// Appends a command, with its name as the first argument.
pub fn write_command(arguments: &[&[u8]], out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "*{}\r\n", arguments.len());
    for argument in arguments {
        let _ = write!(out, "${}\r\n", argument.len());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}
