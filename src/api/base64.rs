//! Bytes as text, in the Base64 alphabet of RFC 4648 section 4, with padding.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The length of the text for so many bytes.
pub(super) fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends the text for `bytes`.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // All letters are padding at first, so that each is in bounds when it is overwritten.
    out.resize(start + encoded_len(bytes.len()), b'=');
    let (quads, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut();
    let (triples, rest) = bytes.as_chunks();
    for (quad, triple) in quads.iter_mut().zip(triples) {
        *quad = letters(*triple);
    }
    let last = match *rest {
        [a] => Some(([a, 0, 0], 2)),
        [a, b] => Some(([a, b, 0], 3)),
        _ => None,
    };
    if let (Some(quad), Some((triple, used))) = (quads.last_mut(), last) {
        quad[..used].copy_from_slice(&letters(triple)[..used]);
    }
}

fn letters([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    // Six bits each, so every one has its letter.
    [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize])
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn another_encoder_agrees(bytes in vec(any::<u8>(), 0..300)) {
            let mut out = b"before".to_vec();
            write(&bytes, &mut out);
            let expected = BASE64_STANDARD.encode(&bytes);
            prop_assert_eq!(out.len(), 6 + encoded_len(bytes.len()));
            prop_assert_eq!(String::from_utf8(out), Ok(format!("before{expected}")));
        }
    }
}
