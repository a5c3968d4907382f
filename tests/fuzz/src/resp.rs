//! Replies are the same in whatever pieces their bytes come, and when written and read again.

use std::io::Write;

use minicap::resp::{Error, REPLY_BYTES_MAX, Reader, Reply};

use super::cuts;

/// The input is what a server sends.
pub fn check(input: &[u8]) {
    let whole = read([input]);
    assert_eq!(read(input.chunks(1)), whole, "byte by byte");
    let mut ends = cuts(input);
    ends.push(input.len());
    let starts = [0].into_iter().chain(ends.iter().copied());
    let pieces = starts.zip(&ends).map(|(start, &end)| &input[start..end]);
    assert_eq!(read(pieces), whole, "cut");
    let (replies, rest) = whole;
    let mut written = Vec::new();
    for reply in &replies {
        let begin = written.len();
        write(reply, &mut written);
        assert!(written.len() - begin <= REPLY_BYTES_MAX, "beyond the limit");
    }
    if rest == Ok(true) {
        assert_eq!(written.len(), input.len(), "left behind");
    }
    assert_eq!(read([written.as_slice()]), (replies, Ok(true)), "again");
}

/// The replies, and then the error, or whether nothing is left.
fn read<'input>(
    pieces: impl IntoIterator<Item = &'input [u8]>,
) -> (Vec<Reply>, Result<bool, Error>) {
    let mut reader = Reader::default();
    let mut replies = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Err(error)),
            }
        }
    }
    (replies, Ok(reader.is_empty()))
}

fn write(reply: &Reply, out: &mut Vec<u8>) {
    match reply {
        Reply::Simple(text) => write_line(b'+', text, out),
        Reply::Error(text) => write_line(b'-', text, out),
        Reply::Integer(number) => write_line(b':', number.to_string().as_bytes(), out),
        Reply::Null => write_line(b'$', b"-1", out),
        Reply::Bulk(bytes) => {
            write_line(b'$', bytes.len().to_string().as_bytes(), out);
            out.write_all(bytes).unwrap();
            out.write_all(b"\r\n").unwrap();
        }
        Reply::Array(items) => {
            write_line(b'*', items.len().to_string().as_bytes(), out);
            for item in items {
                write(item, out);
            }
        }
    }
}

fn write_line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}
