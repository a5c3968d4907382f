//! The path of a target is unchanged, and the values in its query are those that a simple decoder
//! finds.

use minicap::http::{HeadParser, Limits, Progress, Target};

/// Large limits: the targets made here are three times as long as the input.
const LIMITS: Limits = Limits {
    target_bytes_max: 256 * 1024,
    head_bytes_max: 512 * 1024,
    ..Limits::DEFAULT
};

/// The input is the target of a request.
pub fn check(input: &[u8]) {
    let Some(target) = read(input) else {
        return;
    };
    if input.starts_with(b"/") {
        let (path, query) = split(input, b'?');
        assert_eq!(target.path, path);
        assert_eq!(target.query.as_deref(), query);
    }
    assert!(target.query.is_some() || target.query_value("theme").is_none());
    let query = target.query.clone().unwrap_or_default();
    let pairs: Vec<_> = query
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| split(pair, b'='))
        .map(|(name, value)| (decode_form(name), decode_form(value.unwrap_or_default())))
        .collect();
    let escaped = pairs.iter().fold(b"/".to_vec(), |out, (name, value)| {
        let separator = if out.len() == 1 { b"?" } else { b"&" };
        [&out, &separator[..], &escape(name), b"=", &escape(value)].concat()
    });
    let again = read(&escaped).unwrap();
    let names = pairs.iter().map(|(name, _)| name.as_slice());
    for name in names.chain([b"theme".as_slice()]).take(16) {
        let last = pairs.iter().rfind(|(known, _)| known == name);
        let expected = last.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        if let Ok(name) = str::from_utf8(name) {
            assert_eq!(target.query_value(name), expected, "{name:?}");
            assert_eq!(again.query_value(name), expected, "{name:?} escaped");
        }
    }
}

/// The target of a request for it; none if that is not a request, or has more than the target.
fn read(target: &[u8]) -> Option<Target> {
    let head = [b"GET ", target, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    match HeadParser::default().advance(&head, &LIMITS) {
        Ok(Progress::Complete(read, taken)) if taken == head.len() => {
            (read.fields.iter().count() == 1).then_some(read.target)
        }
        _ => None,
    }
}

fn split(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |&byte| byte == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

fn decode_form(bytes: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    decode(&spaced)
}

/// Decodes by splitting at percent signs.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.split(|&byte| byte == b'%');
    let mut decoded = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        match digits.and_then(|digits| str::from_utf8(digits).ok()) {
            Some(digits) => {
                decoded.push(u8::from_str_radix(digits, 16).unwrap());
                decoded.extend_from_slice(&part[2..]);
            }
            None => decoded.extend([b"%", part].concat()),
        }
    }
    decoded
}

fn escape(bytes: &[u8]) -> Vec<u8> {
    let escapes = bytes.iter().map(|byte| format!("%{byte:02x}").into_bytes());
    escapes.flatten().collect()
}
