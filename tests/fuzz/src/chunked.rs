//! A body is the same in whatever pieces it comes, keeps its limit, and takes no byte after its end.

use minicap::http::{BodyDecoder, Error, Framing};

use super::{LIMITS, cuts, split_first_line};

/// The first line is the announced length, or any word for a chunked body; the body follows.
pub fn check(input: &[u8]) {
    let (form, input) = split_first_line(input);
    let length = str::from_utf8(form).ok().and_then(|form| form.parse().ok());
    let framing = length.map_or(Framing::Chunked, Framing::Length);
    let whole = decode([input], framing);
    assert_eq!(decode(input.chunks(1), framing), whole, "byte by byte");
    let mut ends = cuts(input);
    ends.push(input.len());
    let starts = [0].into_iter().chain(ends.iter().copied());
    let pieces = starts.zip(&ends).map(|(start, &end)| &input[start..end]);
    assert_eq!(decode(pieces, framing), whole, "cut");
    let Ok((body, taken, true)) = whole else {
        return;
    };
    if let Framing::Length(length) = framing {
        assert_eq!((body.as_slice(), taken as u64), (&input[..taken], length));
    }
    let again = decode([&input[..taken]], framing);
    assert_eq!(again, Ok((body.clone(), taken, true)));
    let chunks = [
        format!("{:x}\r\n", body.len()).as_bytes(),
        &body,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let simplest = if body.is_empty() {
        &b"0\r\n\r\n"[..]
    } else {
        &chunks
    };
    let again = decode([simplest], Framing::Chunked);
    assert_eq!(again, Ok((body, simplest.len(), true)), "encoded again");
}

/// The data of a body, how many bytes of input it took, and whether it is complete.
fn decode<'input>(
    pieces: impl IntoIterator<Item = &'input [u8]>,
    framing: Framing,
) -> Result<(Vec<u8>, usize, bool), Error> {
    let mut decoder = BodyDecoder::new(framing, &LIMITS)?;
    let mut body = Vec::new();
    let mut taken_bytes = 0;
    let mut finished = decoder.advance(&[], &mut body)?.finished;
    for piece in pieces {
        let taken = decoder.advance(piece, &mut body)?;
        assert!(taken.finished || taken.bytes == piece.len(), "left behind");
        assert!(!finished || taken.bytes == 0, "taken after the end");
        assert!(body.len() <= LIMITS.body_bytes_max, "beyond the limit");
        taken_bytes += taken.bytes;
        finished = taken.finished;
    }
    Ok((body, taken_bytes, finished))
}
