//! A reader that is fed bytes and gives replies. It keeps what it has read of an unfinished reply,
//! so no byte is read twice, however few come at a time.

use std::mem;

use super::{Error, Reply};

/// Longest reply in bytes, line ends included. Replies to the commands of the service have at most a few
/// hundred, and error lines rarely more. Lengths and counts are compared with what is left of it as soon
/// as they are known, so nothing is kept for a reply that would be too long.
pub const REPLY_BYTES_MAX: usize = 8 * 1024;

/// Arrays that may lie within each other. Our commands are answered with one at most.
const DEPTH_MAX: usize = 4;

/// The fewest bytes that an item of an array takes: a type and a line end.
const ITEM_BYTES_MIN: usize = 3;

const LINE_END: &[u8] = b"\r\n";

/// The state of reading; after an error it gives that error for ever.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was fed and has not become part of a reply.
    input: Vec<u8>,
    /// Bytes of `input` that are known to hold no line feed.
    searched: usize,
    /// The length of the bulk that follows; none if a line follows.
    bulk: Option<usize>,
    /// Arrays that lack items, the outermost first.
    open: Vec<Open>,
    /// Bytes that the unfinished reply has taken from `input`.
    taken: usize,
    error: Option<Error>,
}

/// An array that lacks items.
#[derive(Debug)]
struct Open {
    items: Vec<Reply>,
    missing: usize,
}

impl Reader {
    /// Takes bytes as they have come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next reply; none while it is unfinished.
    ///
    /// # Errors
    ///
    /// If the bytes are not a reply. Nothing after them can be read, so the connection cannot be used
    /// any more.
    pub fn reply(&mut self) -> Result<Option<Reply>, Error> {
        match self.error {
            Some(error) => Err(error),
            None => self.read().inspect_err(|error| self.error = Some(*error)),
        }
    }

    /// Whether all that was fed is part of the replies that were given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input.is_empty() && self.taken == 0
    }

    fn read(&mut self) -> Result<Option<Reply>, Error> {
        loop {
            let read = match self.bulk {
                Some(length) => self.read_bulk(length)?,
                None => self.read_line()?,
            };
            match read {
                Read::Partial => return Ok(None),
                Read::Begun => {}
                Read::Whole(reply) => {
                    if let Some(reply) = self.close(reply) {
                        self.taken = 0;
                        return Ok(Some(reply));
                    }
                }
            }
        }
    }

    /// Reads a line: a reply of its own, or how much follows.
    fn read_line(&mut self) -> Result<Read, Error> {
        let Some(line) = self.take_line()? else {
            return Ok(Read::Partial);
        };
        let (kind, rest) = line.split_first().ok_or(Error::Type)?;
        let reply = match kind {
            b'+' => Reply::Simple(rest.to_vec()),
            b'-' => Reply::Error(rest.to_vec()),
            b':' => Reply::Integer(integer(rest)?),
            b'$' | b'*' if rest == b"-1" => Reply::Null,
            b'$' => {
                self.bulk = Some(self.length(rest, 1, LINE_END.len())?);
                return Ok(Read::Begun);
            }
            b'*' => match self.length(rest, ITEM_BYTES_MIN, 0)? {
                0 => Reply::Array(Vec::new()),
                _ if self.open.len() == DEPTH_MAX => return Err(Error::TooDeep),
                missing => {
                    let items = Vec::new();
                    self.open.push(Open { items, missing });
                    return Ok(Read::Begun);
                }
            },
            _ => return Err(Error::Type),
        };
        Ok(Read::Whole(reply))
    }

    /// Takes a line without its end; none while it is unfinished.
    fn take_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let unsearched = &self.input[self.searched..];
        let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.input.len();
            let is_too_long = self.left() <= self.searched;
            return if is_too_long {
                Err(Error::TooLong)
            } else {
                Ok(None)
            };
        };
        let bytes = self.searched + at + 1;
        self.searched = 0;
        if self.left() < bytes {
            return Err(Error::TooLong);
        }
        let mut line = self.take(bytes);
        line.pop();
        let is_ended = line.pop() == Some(b'\r');
        if is_ended && !line.contains(&b'\r') {
            Ok(Some(line))
        } else {
            Err(Error::Line)
        }
    }

    fn read_bulk(&mut self, length: usize) -> Result<Read, Error> {
        let bytes = length + LINE_END.len();
        if self.input.len() < bytes {
            return Ok(Read::Partial);
        }
        let mut bulk = self.take(bytes);
        if !bulk.ends_with(LINE_END) {
            return Err(Error::Bulk);
        }
        bulk.truncate(length);
        self.bulk = None;
        Ok(Read::Whole(Reply::Bulk(bulk)))
    }

    /// Puts a reply into the array that lacks it; returns what is whole by that and lies in no other.
    fn close(&mut self, mut reply: Reply) -> Option<Reply> {
        while let Some(open) = self.open.last_mut() {
            open.items.push(reply);
            open.missing -= 1;
            if 0 < open.missing {
                return None;
            }
            reply = Reply::Array(mem::take(&mut open.items));
            self.open.pop();
        }
        Some(reply)
    }

    /// Bytes that the unfinished reply may still have.
    fn left(&self) -> usize {
        REPLY_BYTES_MAX - self.taken
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        self.taken += bytes;
        self.input.drain(..bytes).collect()
    }

    /// Reads how many things follow, each of at least so many bytes, and `more` bytes behind them.
    fn length(&self, digits: &[u8], bytes_min: usize, more: usize) -> Result<usize, Error> {
        let number = integer(digits)?;
        let number = usize::try_from(number).map_err(|_| Error::Number)?;
        match number.checked_mul(bytes_min) {
            Some(bytes) if bytes <= self.left().saturating_sub(more) => Ok(number),
            _ => Err(Error::TooLong),
        }
    }
}

/// What a piece of input was.
enum Read {
    /// Unfinished.
    Partial,
    /// The beginning of a reply.
    Begun,
    /// A reply, perhaps within another.
    Whole(Reply),
}

/// Reads a number in the one way that it is written: no plus, no zero in front.
fn integer(text: &[u8]) -> Result<i64, Error> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_one_way = match digits {
        [] => false,
        [b'0', ..] => text == b"0",
        _ => digits.iter().all(u8::is_ascii_digit),
    };
    let text = str::from_utf8(text).ok().filter(|_| is_one_way);
    text.and_then(|text| text.parse().ok()).ok_or(Error::Number)
}

#[cfg(test)]
mod tests {
    use super::super::write_command;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What comes of the pieces: the replies, and the error or whether there is nothing left.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Reply>, Result<bool, Error>) {
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

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.into())
    }

    #[track_caller]
    fn reads(input: &str, reply: Reply) {
        assert_eq!(
            read([input.as_bytes()]),
            (vec![reply], Ok(true)),
            "{input:?}"
        );
        for end in 0..input.len() {
            let (replies, rest) = read([&input.as_bytes()[..end]]);
            assert_eq!(
                (replies.len(), rest),
                (0, Ok(end == 0)),
                "{end} of {input:?}"
            );
        }
    }

    #[track_caller]
    fn refuses(input: &[u8], error: Error) {
        let text = String::from_utf8_lossy(input);
        assert_eq!(read([input]), (vec![], Err(error)), "{text:?}");
        let (replies, end) = read(input.chunks(1));
        assert_eq!(
            (replies.len(), end),
            (0, Err(error)),
            "{text:?} byte by byte"
        );
    }

    #[test]
    fn reads_every_type() {
        reads("+OK\r\n", Reply::Simple("OK".into()));
        reads("+\r\n", Reply::Simple("".into()));
        reads("-ERR no\r\n", Reply::Error("ERR no".into()));
        for number in [0, 1, -1, i64::MAX, i64::MIN] {
            reads(&format!(":{number}\r\n"), Reply::Integer(number));
        }
        reads("$3\r\na\rb\r\n", bulk("a\rb"));
        reads("$2\r\n\r\n\r\n", bulk("\r\n"));
        reads("$0\r\n\r\n", bulk(""));
        reads("$-1\r\n", Reply::Null);
        reads("*-1\r\n", Reply::Null);
        reads("*0\r\n", Reply::Array(vec![]));
        let inner = Reply::Array(vec![Reply::Null, bulk("ab")]);
        let outer = Reply::Array(vec![inner, Reply::Array(vec![]), Reply::Integer(7)]);
        reads("*3\r\n*2\r\n$-1\r\n$2\r\nab\r\n*0\r\n:7\r\n", outer);
    }

    #[test]
    fn refuses_what_is_no_reply() {
        for input in [
            "\r\n",
            "OK\r\n",
            "_\r\n",
            "%1\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ] {
            refuses(input.as_bytes(), Error::Type);
        }
        for input in ["+OK\n", "\n", "+a\rb\r\n", "+\r\r\n", "$1\n"] {
            refuses(input.as_bytes(), Error::Line);
        }
        for kind in [":", "$", "*"] {
            for number in [
                "", "-", "+1", "01", "00", "-0", "-01", " 1", "1 ", "1a", "--1", "0x1",
            ] {
                refuses(format!("{kind}{number}\r\n").as_bytes(), Error::Number);
            }
            refuses(
                format!("{kind}9223372036854775808\r\n").as_bytes(),
                Error::Number,
            );
        }
        refuses(b"$-2\r\n", Error::Number);
        refuses(b"*-2\r\n", Error::Number);
        refuses(b"$2\r\nabc\r\n", Error::Bulk);
        refuses(b"$2\r\nab\n\n", Error::Bulk);
    }

    #[test]
    fn a_reply_of_the_greatest_length_is_the_last_that_is_read() {
        let line = |bytes| format!("+{}\r\n", "a".repeat(bytes - 3));
        assert_eq!(read([line(REPLY_BYTES_MAX).as_bytes()]).1, Ok(true));
        refuses(line(REPLY_BYTES_MAX + 1).as_bytes(), Error::TooLong);
        refuses(&b"+".repeat(REPLY_BYTES_MAX), Error::TooLong);
        let length = REPLY_BYTES_MAX - "$8181\r\n\r\n".len();
        let bulk = |length| format!("${length}\r\n{}\r\n", "a".repeat(length));
        assert_eq!(read([bulk(length).as_bytes()]).1, Ok(true));
        refuses(bulk(length + 1).as_bytes(), Error::TooLong);
        let items = (REPLY_BYTES_MAX - "*2728\r\n".len()) / ITEM_BYTES_MIN;
        let array = |items| format!("*{items}\r\n{}", "+\r\n".repeat(items));
        assert_eq!(read([array(items).as_bytes()]).1, Ok(true));
        refuses(array(items + 1).as_bytes(), Error::TooLong);
    }

    /// Nothing is kept in the hope of what cannot come.
    #[test]
    fn a_length_that_is_too_great_is_refused_as_soon_as_it_is_known() {
        for input in [
            "$8192\r\n",
            "*8192\r\n",
            "$9223372036854775807\r\n",
            "*4611686018427387904\r\n",
        ] {
            refuses(input.as_bytes(), Error::TooLong);
        }
        let rest = format!("*2\r\n+{}\r\n$8000\r\n", "a".repeat(200));
        refuses(rest.as_bytes(), Error::TooLong);
    }

    #[test]
    fn arrays_lie_within_each_other_to_a_depth() {
        let input = |depth| "*1\r\n".repeat(depth) + ":1\r\n";
        assert_eq!(read([input(DEPTH_MAX).as_bytes()]).1, Ok(true));
        refuses(input(DEPTH_MAX + 1).as_bytes(), Error::TooDeep);
        refuses(input(1_000).as_bytes(), Error::TooDeep);
    }

    #[test]
    fn an_error_is_the_last_that_is_read() {
        let mut reader = Reader::default();
        reader.feed(b"+OK\r\n?\r\n+OK\r\n");
        assert_eq!(reader.reply(), Ok(Some(Reply::Simple("OK".into()))));
        assert_eq!(reader.reply(), Err(Error::Type));
        reader.feed(b"+OK\r\n");
        assert_eq!(reader.reply(), Err(Error::Type));
    }

    /// A reply and how it is written.
    fn written() -> impl Strategy<Value = (Reply, Vec<u8>)> {
        let line = |kind: char, name: fn(Vec<u8>) -> Reply| {
            "[ -~]{0,20}".prop_map(move |text| {
                (
                    name(text.clone().into()),
                    format!("{kind}{text}\r\n").into(),
                )
            })
        };
        let bulk = vec(any::<u8>(), 0..20).prop_map(|bytes| {
            let length = format!("${}\r\n", bytes.len());
            let written = [length.as_bytes(), &bytes, b"\r\n"].concat();
            (Reply::Bulk(bytes), written)
        });
        let leaf = prop_oneof![
            line('+', Reply::Simple),
            line('-', Reply::Error),
            any::<i64>()
                .prop_map(|number| (Reply::Integer(number), format!(":{number}\r\n").into())),
            bulk,
            prop_oneof!["[$]", "[*]"]
                .prop_map(|kind| (Reply::Null, format!("{kind}-1\r\n").into())),
        ];
        leaf.prop_recursive(3, 20, 5, |item| {
            vec(item, 0..5).prop_map(|items| {
                let (replies, written): (Vec<Reply>, Vec<Vec<u8>>) = items.into_iter().unzip();
                let count = format!("*{}\r\n", replies.len()).into_bytes();
                (Reply::Array(replies), [count, written.concat()].concat())
            })
        })
    }

    proptest! {
        #[test]
        fn replies_are_read_as_they_were_written_in_whatever_pieces_they_come(
            written in vec(written(), 0..5),
            mut cuts in vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let (replies, written): (Vec<_>, Vec<_>) = written.into_iter().unzip();
            let written = written.concat();
            let mut ends: Vec<usize> = cuts.drain(..).map(|cut| cut.index(written.len() + 1)).collect();
            ends.push(written.len());
            ends.sort_unstable();
            let starts = [0].into_iter().chain(ends.iter().copied());
            let pieces = starts.zip(&ends).map(|(start, end)| &written[start..*end]);
            prop_assert_eq!(read(pieces), (replies.clone(), Ok(true)));
            prop_assert_eq!(read(written.chunks(1)), (replies, Ok(true)));
        }

        #[test]
        fn a_command_reads_as_an_array_of_its_arguments(
            arguments in vec(vec(any::<u8>(), 0..40), 1..8),
        ) {
            let slices: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let mut written = Vec::new();
            write_command(&slices, &mut written);
            let array = Reply::Array(arguments.into_iter().map(Reply::Bulk).collect());
            prop_assert_eq!(read([written.as_slice()]), (vec![array], Ok(true)));
        }

        #[test]
        fn any_bytes_read_the_same_in_one_piece_and_byte_by_byte(
            input in vec(prop_oneof![
                prop::sample::select(&b"+-:$*0123456789\r\n"[..]),
                any::<u8>(),
            ], 0..60),
        ) {
            prop_assert_eq!(read([input.as_slice()]), read(input.chunks(1)));
        }
    }
}
