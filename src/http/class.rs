//! The bytes that grammar rules allow, as tables, and the searches over them.
//! Knows bytes, not messages. The rules are RFC 9110 section 5 and RFC 3986 appendix A.

/// A set of bytes.
pub(super) struct Class([bool; 256]);

/// ```text
/// token = 1*tchar
/// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
///       / DIGIT / ALPHA                                            ; RFC 9110 section 5.6.2
/// ```
pub(super) static TOKEN: Class = Class::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// ```text
/// reg-name = *( unreserved / pct-encoded / sub-delims )            ; RFC 3986 section 3.2.2
/// ```
pub(super) static REG_NAME: Class = Class::alphanumeric_and(b"-._~%!$&'()*+,;=");

/// ```text
/// IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) ; RFC 3986 section 3.2.2
/// ```
pub(super) static IP_FUTURE: Class = Class::alphanumeric_and(b"-._~!$&'()*+,;=:");

/// ```text
/// unreserved / pct-encoded / gen-delims without "#" / sub-delims   ; RFC 3986 section 2
/// "\" / "^" / "`" / "{" / "|" / "}"                                ; not in RFC 3986
/// ```
/// The second row is what browsers leave raw in a path or query (the query percent-encode set of
/// the WHATWG URL Standard). Each of these bytes can only mean itself, so accepting them is safe.
pub(super) static TARGET: Class = Class::alphanumeric_and(b"-._~%:/?[]@!$&'()*+,;=\\^`{|}");

impl Class {
    /// Letters, digits and the bytes named.
    const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut members = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            members[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        let mut index = 0;
        while index < others.len() {
            members[others[index] as usize] = true;
            index += 1;
        }
        Self(members)
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte)] // 256 entries: every byte has one.
    }

    /// Where the first byte that is not of this class stands.
    pub(super) fn first_outside(&self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|&byte| !self.contains(byte))
    }

    /// Whether all bytes are of this class, as none are.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        self.first_outside(bytes).is_none()
    }
}

/// Whether these bytes are a token, such as the name of a field (RFC 9110 section 5.6.2).
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && TOKEN.holds(bytes)
}

/// Space or tab.
/// ```text
/// OWS = *( SP / HTAB )                                             ; RFC 9110 section 5.6.3
/// ```
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a field value may hold this byte, blanks included.
/// ```text
/// field-content = field-vchar [ 1*( SP / HTAB / field-vchar ) field-vchar ]
/// field-vchar   = VCHAR / obs-text
/// obs-text      = %x80-FF                                          ; RFC 9110 section 5.5
/// ```
pub(super) fn is_field_content(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7E | 0x80..)
}

/// The bytes without blanks at either end.
pub(super) fn trim_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Where `needle` first stands. Looks at blocks without a branch inside, which the compiler turns
/// into one comparison of vectors.
pub(super) fn find(needle: u8, haystack: &[u8]) -> Option<usize> {
    const BLOCK_BYTES: usize = 32;
    let (blocks, _) = haystack.as_chunks::<BLOCK_BYTES>();
    let lacks = |block: &[u8; BLOCK_BYTES]| {
        let hits = block
            .iter()
            .fold(0, |hits, &byte| hits | u8::from(byte == needle));
        hits == 0
    };
    let skipped = BLOCK_BYTES * blocks.iter().take_while(|block| lacks(block)).count();
    let rest = haystack.get(skipped..)?;
    Some(skipped + rest.iter().position(|&byte| byte == needle)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(class: &Class) -> String {
        (0..=u8::MAX)
            .filter(|&byte| class.contains(byte))
            .map(char::from)
            .collect()
    }

    /// Spelled out in byte order, independently of how the tables are built.
    #[test]
    fn classes_hold_what_their_rules_say() {
        let digits = "0123456789";
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let lower = "abcdefghijklmnopqrstuvwxyz";
        let rows = [
            (&TOKEN, format!("!#$%&'*+-.{digits}{upper}^_`{lower}|~")),
            (&REG_NAME, format!("!$%&'()*+,-.{digits};={upper}_{lower}~")),
            (
                &IP_FUTURE,
                format!("!$&'()*+,-.{digits}:;={upper}_{lower}~"),
            ),
            (
                &TARGET,
                format!("!$%&'()*+,-./{digits}:;=?@{upper}[\\]^_`{lower}{{|}}~"),
            ),
        ];
        for (class, expected) in rows {
            assert_eq!(members(class), expected);
        }
    }

    #[test]
    fn field_content_is_all_but_controls() {
        for byte in 0..=u8::MAX {
            let expected = matches!(byte, b'\t' | 0x20..=0x7E | 0x80..=0xFF);
            assert_eq!(is_field_content(byte), expected, "{byte:#04x}");
        }
    }

    /// The plain search agrees, for every length around the block and every place.
    #[test]
    fn find_agrees_with_position() {
        for len in 0..100 {
            let mut haystack = vec![b'.'; len];
            assert_eq!(find(b'\n', &haystack), None);
            for at in (0..len).rev() {
                haystack[at] = b'\n';
                assert_eq!(find(b'\n', &haystack), Some(at));
            }
        }
    }

    #[test]
    fn trims_spaces_and_tabs_alone() {
        let rows: [(&[u8], &[u8]); 5] = [
            (b"", b""),
            (b" \t ", b""),
            (b"a", b"a"),
            (b"\t a b \t", b"a b"),
            (b"\x0ba\r", b"\x0ba\r"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(trim_blanks(bytes), expected);
        }
    }
}
