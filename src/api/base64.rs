//! Bytes as text, in the Base64 alphabet of RFC 4648 section 4, with padding.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The length of the text for so many bytes.
pub(super) fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends the text for `bytes`.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    let (triples, rest) = bytes.as_chunks();
    for triple in triples {
        out.extend_from_slice(&letters(*triple));
    }
    match *rest {
        [a] => {
            let [first, second, ..] = letters([a, 0, 0]);
            out.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [a, b] => {
            let [first, second, third, _] = letters([a, b, 0]);
            out.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
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
