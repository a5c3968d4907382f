//! What the tests of several files share: feeding bytes in every way they can be cut.

use super::{BodyDecoder, Error, Framing, Head, HeadParser, Limits, Progress};

/// Reads a head from `input` whole, in two pieces cut at every place, and byte by byte; all must
/// agree, and before its last byte has come a head is unfinished.
pub(super) fn read_in_all_pieces(input: &[u8], limits: &Limits) -> Result<Progress<Head>, Error> {
    let shown = input.escape_ascii();
    let whole = read_at(input, [], limits);
    for cut in 0..input.len() {
        assert_eq!(
            read_at(input, [cut], limits),
            whole,
            "cut at {cut}: {shown}"
        );
        if matches!(whole, Ok(Progress::Complete(_, taken)) if cut < taken) {
            let part = read_at(&input[..cut], [], limits);
            assert_eq!(part, Ok(Progress::Partial), "only {cut} bytes: {shown}");
        }
    }
    assert_eq!(
        read_at(input, 0..input.len(), limits),
        whole,
        "byte by byte: {shown}"
    );
    whole
}

/// Reads a head from `input` as it grows to each of `cuts` and then to its end.
pub(super) fn read_at(
    input: &[u8],
    cuts: impl IntoIterator<Item = usize>,
    limits: &Limits,
) -> Result<Progress<Head>, Error> {
    let mut parser = HeadParser::default();
    for cut in cuts {
        match parser.advance(&input[..cut], limits) {
            Ok(Progress::Partial) => {}
            done => return done,
        }
    }
    parser.advance(input, limits)
}

/// A body's data, how many bytes it took, and whether that was all of it.
pub(super) type Decoded = Result<(Vec<u8>, usize, bool), Error>;

/// Decodes `input` whole, in two pieces cut at every place, and byte by byte; all must agree.
pub(super) fn decode_in_all_pieces(input: &[u8], framing: Framing, limits: &Limits) -> Decoded {
    let whole = decode_pieces([input], framing, limits);
    for cut in 0..=input.len() {
        let (first, second) = input.split_at(cut);
        let halves = decode_pieces([first, second], framing, limits);
        assert_eq!(halves, whole, "cut at {cut}: {}", input.escape_ascii());
    }
    let dripped = decode_pieces(input.chunks(1), framing, limits);
    assert_eq!(dripped, whole, "byte by byte: {}", input.escape_ascii());
    whole
}

/// Decodes a body that comes in these pieces. Each must be taken whole until the body has ended.
pub(super) fn decode_pieces<'input>(
    pieces: impl IntoIterator<Item = &'input [u8]>,
    framing: Framing,
    limits: &Limits,
) -> Decoded {
    let mut decoder = BodyDecoder::new(framing, limits)?;
    let mut body = Vec::new();
    let mut taken_bytes = 0;
    let mut finished = decoder.advance(&[], &mut body)?.finished;
    for piece in pieces {
        let taken = decoder.advance(piece, &mut body)?;
        assert!(
            taken.finished || taken.bytes == piece.len(),
            "bytes were left behind"
        );
        assert!(
            !finished || taken.bytes == 0,
            "bytes were taken after the end"
        );
        taken_bytes += taken.bytes;
        finished = taken.finished;
    }
    Ok((body, taken_bytes, finished))
}
