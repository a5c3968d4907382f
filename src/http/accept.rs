//! What a client prefers, by its Accept, Accept-Encoding and Accept-Language fields.
//! Knows only the names of what is offered. The rules are RFC 9110 sections 12.4.2 and
//! 12.5.1 to 12.5.4, and RFC 4647 section 3.4. Nothing is kept and each byte is read a few times, so
//! the limit of a head limits this too.

use super::Fields;
use super::class::{TOKEN, trim_blanks};

/// The highest quality; qualities are whole thousandths.
const QUALITY_MAX: u16 = 1000;

/// The media type among `offered` that a client wants most; of those that it wants equally, the
/// first. None if it wants none of them.
///
/// For each type the most precise range that covers it decides (section 12.5.1). Members that are
/// malformed say nothing; where nothing is said, everything is wanted. A range's parameters do not
/// matter, as no type of ours has any.
#[must_use]
pub fn preferred_type<'a>(fields: &Fields, offered: &[&'a str]) -> Option<&'a str> {
    let ranges = || members(fields, "accept").filter(|(range, _)| is_media_range(range));
    if ranges().next().is_none() {
        return offered.first().copied();
    }
    let mut preferred = None;
    let mut highest = 0;
    for media_type in offered {
        let quality = quality(ranges(), |range| media_precision(range, media_type));
        if highest < quality {
            (preferred, highest) = (Some(*media_type), quality);
        }
    }
    preferred
}

/// Whether a client wants a media type and says so: `*/*` names none.
#[must_use]
pub fn names_type(fields: &Fields, media_type: &str) -> bool {
    let precision = |range: &[u8]| media_precision(range, media_type).filter(|&found| 0 < found);
    0 < quality(members(fields, "accept"), precision)
}

/// The language among `offered` that a client wants most, by the [`lookup_language`] of each of its
/// ranges; of those that it wants equally, the one that it names first. None if it names none of
/// them, for which `*` stands too.
#[must_use]
pub fn preferred_language<'a>(
    fields: &Fields,
    offered: &(impl Iterator<Item = &'a str> + Clone),
) -> Option<&'a str> {
    members(fields, "accept-language")
        .filter(|(_, quality)| 0 < *quality)
        .filter_map(|(range, quality)| Some((lookup_language(range, offered.clone())?, quality)))
        .reduce(|best, next| if best.1 < next.1 { next } else { best })
        .map(|(language, _)| language)
}

/// The language among `offered` that a range names: its own tag, or else the longest to which it
/// can be truncated (RFC 4647 section 3.4), so that `de-AT` finds `de`.
#[must_use]
pub fn lookup_language<'a>(
    range: &[u8],
    offered: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let covers = |tag: &&str| match range.split_at_checked(tag.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(tag.as_bytes()) && matches!(rest, [] | [b'-', ..])
        }
        None => false,
    };
    offered.filter(covers).max_by_key(|tag| tag.len())
}

/// Whether a client wants gzip at least as much as no coding at all. One that does not say so
/// (section 12.5.3) may not know it.
#[must_use]
pub fn prefers_gzip(fields: &Fields) -> bool {
    let quality_of = |names: &[&str]| {
        quality(members(fields, "accept-encoding"), |coding| {
            let is_named = |name: &&str| coding.eq_ignore_ascii_case(name.as_bytes());
            if names.iter().any(is_named) {
                return Some(1);
            }
            (coding == b"*").then_some(0)
        })
    };
    // The second name is the older one of the same (section 8.4.1.3).
    let gzip = quality_of(&["gzip", "x-gzip"]);
    0 < gzip && quality_of(&["identity"]) <= gzip
}

/// By the most precise member that covers what is asked for; without one, it is not wanted. Of
/// members that are equally precise the kindest counts.
fn quality<'a>(
    members: impl Iterator<Item = (&'a [u8], u16)>,
    precision: impl Fn(&[u8]) -> Option<u8>,
) -> u16 {
    members
        .filter_map(|(range, quality)| Some((precision(range)?, quality)))
        .max()
        .map_or(0, |(_, quality)| quality)
}

/// How precisely a range names a media type, if it covers it.
fn media_precision(range: &[u8], media_type: &str) -> Option<u8> {
    let media_type = media_type.as_bytes();
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    let kind = range.strip_suffix(b"/*")?;
    let own = media_type.split(|&byte| byte == b'/').next()?;
    if kind.eq_ignore_ascii_case(own) {
        return Some(1);
    }
    (kind == b"*").then_some(0)
}

/// ```text
/// media-range = ( "*/*" / ( type "/" "*" ) / ( type "/" subtype ) ) parameters  ; section 12.5.1
/// ```
fn is_media_range(range: &[u8]) -> bool {
    let mut parts = range.split(|&byte| byte == b'/');
    let (Some(kind), Some(subtype), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_token = |part: &[u8]| !part.is_empty() && TOKEN.holds(part);
    is_token(kind) && is_token(subtype) && (kind != b"*" || subtype == b"*")
}

/// The members of all fields of a name, each with its quality.
/// ```text
/// Accept          = #( media-range [ weight ] )                    ; section 12.5.1
/// Accept-Encoding = #( codings [ weight ] )                        ; section 12.5.3
/// Accept-Language = #( language-range [ weight ] )                 ; section 12.5.4
/// ```
fn members<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = (&'a [u8], u16)> {
    fields
        .all(name)
        .flat_map(|value| split(value, b','))
        .filter_map(member)
}

/// ```text
/// weight = OWS ";" OWS "q=" qvalue                                 ; section 12.4.2
/// ```
fn member(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = split(member, b';').map(trim_blanks);
    let range = parts.next()?;
    let weight = parts.find_map(|part| match part {
        [b'q' | b'Q', b'=', value @ ..] => Some(value),
        _ => None,
    });
    match weight {
        None => Some((range, QUALITY_MAX)),
        Some(value) => Some((range, qvalue(value)?)),
    }
}

/// ```text
/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3( "0" ) ] )   ; section 12.4.2
/// ```
fn qvalue(text: &[u8]) -> Option<u16> {
    let (whole, decimals): (_, &[u8]) = match text {
        [whole] => (whole, &[]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    if !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let places = [100, 10, 1];
    let thousandths = decimals.iter().zip(places);
    let thousandths = thousandths.map(|(digit, place)| u16::from(digit - b'0') * place);
    match (whole, thousandths.sum()) {
        (b'0', thousandths) => Some(thousandths),
        (b'1', 0) => Some(QUALITY_MAX),
        _ => None,
    }
}

/// Where a byte of a field value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// Within quotes, where separators are text (section 5.6.4).
    Quoted,
    /// After a backslash within quotes.
    Escaped,
}

/// The parts between separators.
fn split(bytes: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut place = Place::Outside;
    bytes.split(move |&byte| {
        let is_separator = place == Place::Outside && byte == separator;
        place = match (place, byte) {
            (Place::Outside, b'"') | (Place::Escaped, _) => Place::Quoted,
            (Place::Quoted, b'"') => Place::Outside,
            (Place::Quoted, b'\\') => Place::Escaped,
            (place, _) => place,
        };
        is_separator
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{HeadParser, Limits, Progress};
    use super::*;

    const PNG: Option<&str> = Some("image/png");
    const JSON: Option<&str> = Some("application/json");

    /// Fields of this name with these values, as a parser of heads has them.
    fn fields(name: &str, values: &[&str]) -> Fields {
        let mut head = "GET / HTTP/1.1\r\nHost: h\r\n".to_owned();
        for value in values {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        match HeadParser::default().advance(head.as_bytes(), &Limits::DEFAULT) {
            Ok(Progress::Complete(head, _)) => head.fields,
            other => panic!("{other:?} for {head:?}"),
        }
    }

    fn preferred(values: &[&str]) -> Option<&'static str> {
        preferred_type(
            &fields("accept", values),
            &["image/png", "application/json"],
        )
    }

    #[track_caller]
    fn check_types(rows: &[(&str, Option<&str>)]) {
        for (value, expected) in rows {
            assert_eq!(preferred(&[value]), *expected, "{value:?}");
        }
    }

    #[test]
    fn nothing_said_is_everything_wanted() {
        assert_eq!(preferred(&[]), PNG);
        check_types(&[("", PNG), (",", PNG), (" , \t,", PNG)]);
    }

    #[test]
    fn ranges_cover_types_by_name_and_by_star() {
        check_types(&[
            ("image/png", PNG),
            ("application/json", JSON),
            ("APPLICATION/Json", JSON),
            ("*/*", PNG),
            ("image/*", PNG),
            ("IMAGE/*", PNG),
            ("application/*", JSON),
            ("text/html", None),
            ("text/*", None),
            ("image/jpeg, image/webp", None),
            ("image/pn", None),
            ("image/png2", None),
            ("imag/*", None),
            ("image/p*", None),
            ("application/problem+json", None),
        ]);
    }

    #[test]
    fn the_higher_quality_wins_and_the_first_offered_of_equals() {
        check_types(&[
            ("application/json, image/png", PNG),
            ("image/png, application/json", PNG),
            ("application/json, */*", PNG),
            ("application/json, text/plain, */*", PNG),
            ("application/json, */*;q=0.8", JSON),
            ("application/json;q=0.9, image/png;q=0.8", JSON),
            ("application/json;q=0.8, image/png;q=0.9", PNG),
            ("application/json;q=0.001, text/html", JSON),
            ("image/png;q=0.999, application/json;q=1", JSON),
            ("text/html, image/*;q=0.5, */*;q=0.8", JSON),
            ("text/html,application/xml;q=0.9,image/webp,*/*;q=0.8", PNG),
        ]);
    }

    /// Section 12.5.1: whatever the order.
    #[test]
    fn the_most_precise_range_decides() {
        check_types(&[
            ("*/*;q=1, image/*;q=0.1, application/json;q=0.2", JSON),
            ("application/json;q=0.2, image/*;q=0.1, */*;q=1", JSON),
            ("image/png;q=0.1, image/*, application/json;q=0.5", JSON),
            ("image/*, image/png;q=0.1, application/json;q=0.5", JSON),
            ("image/png, image/*;q=0.1, application/json;q=0.5", PNG),
        ]);
    }

    #[test]
    fn quality_zero_refuses() {
        check_types(&[
            ("image/png;q=0", None),
            ("*/*;q=0", None),
            ("*/*;q=0.000, text/html", None),
            ("image/png;q=0, */*", JSON),
            ("image/*;q=0, */*;q=0.1", JSON),
            ("application/json;q=0, image/png;q=0", None),
            ("image/png;q=0, image/*", None),
            ("image/*;q=0, image/png;q=0.1", PNG),
            ("application/json, */*;q=0", JSON),
        ]);
    }

    #[test]
    fn one_range_said_twice_counts_as_the_kinder() {
        check_types(&[
            ("image/png;q=0, image/png", PNG),
            ("application/json, application/json;q=0", JSON),
        ]);
    }

    /// Section 12.4.2.
    #[test]
    fn qualities_have_up_to_three_decimals() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.123", Some(123)),
            ("1", Some(1000)),
            ("1.", Some(1000)),
            ("1.000", Some(1000)),
            ("", None),
            (".5", None),
            ("1.001", None),
            ("1.0000", None),
            ("0.1234", None),
            ("2", None),
            ("00.5", None),
            ("0,5", None),
            ("0.5x", None),
            ("0x5", None),
            ("-0", None),
            ("+1", None),
            ("1e0", None),
            ("\"1\"", None),
        ] {
            assert_eq!(qvalue(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn malformed_members_say_nothing() {
        check_types(&[
            ("application/json;q=", PNG),
            ("application/json;q=x", PNG),
            ("image/png;q=1.5, application/json", JSON),
            ("image/png;q=-1, application/json;q=0.1", JSON),
            ("json, application/json", JSON),
            ("*, application/json", JSON),
            ("*/png, application/json", JSON),
            ("image/, application/json", JSON),
            ("/png, application/json", JSON),
            ("image/png/x, application/json", JSON),
            ("image / png, application/json", JSON),
            ("im age/png, application/json", JSON),
            ("é/png, application/json", JSON),
            ("*", PNG),
            ("json", PNG),
            ("text/html;q=x", PNG),
            (";q=1", PNG),
        ]);
    }

    #[test]
    fn parameters_are_passed_over_and_quotes_hide_separators() {
        check_types(&[
            ("application/json;charset=utf-8", JSON),
            ("application/json ; Q=0.5 , image/png\t;\tq=0.4", JSON),
            ("application/json;;q=0.5;, image/png;q=0.4", JSON),
            ("application/json;a=b;q=0.5;c=d, image/png;q=0.4", JSON),
            ("application/json;q=0.5;q=0, image/png;q=0.4", JSON),
            (r#"text/html;a=",image/png", application/json"#, JSON),
            (r#"image/png;a=";q=0", application/json;q=0.9"#, PNG),
            (r#"text/html;a="\",image/png", application/json"#, JSON),
            (r#"text/html;a="\\", application/json"#, JSON),
            // One that is never closed holds all the rest.
            (r#"text/html;a="b, application/json"#, None),
            ("text/html;a=b\\, application/json", JSON),
        ]);
    }

    #[test]
    fn several_fields_are_one_list() {
        assert_eq!(preferred(&["image/png;q=0.1", "application/json"]), JSON);
        assert_eq!(preferred(&["", "application/json"]), JSON);
        // A quote does not reach beyond its line.
        assert_eq!(preferred(&["text/html;a=\"b", "application/json"]), JSON);
    }

    #[test]
    fn gzip_is_sent_to_those_who_want_it_no_less_than_none() {
        for (value, expected) in [
            ("", false),
            ("gzip", true),
            ("GZip", true),
            ("x-gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br", false),
            ("deflate, identity", false),
            ("*", true),
            ("*;q=0", false),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("gzip;q=0.5", true),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0.5, identity;q=0.5", true),
            ("gzip;q=0.5, *", false),
            ("gzip;q=0.001, *;q=0", true),
            ("identity;q=0, *;q=0.1", true),
            ("gzip;q=x", false),
            ("gzipped", false),
        ] {
            let fields = fields("accept-encoding", &[value]);
            assert_eq!(prefers_gzip(&fields), expected, "{value:?}");
        }
        assert!(!prefers_gzip(&fields("accept-encoding", &[])));
    }

    #[test]
    fn a_type_is_named_by_its_range_or_that_of_its_kind() {
        for (value, expected) in [
            ("audio/wav", true),
            ("Audio/WAV;q=0.001", true),
            ("audio/*", true),
            ("text/html, audio/*;q=0.1, */*", true),
            ("audio/*;q=0, audio/wav", true),
            ("audio/*, audio/wav;q=0", false),
            ("audio/wav;q=0", false),
            ("audio/wav;q=2", false),
            ("*/*", false),
            ("audio/ogg", false),
            ("audio", false),
            ("image/*, audio/wave", false),
            ("", false),
        ] {
            let fields = fields("accept", &[value]);
            assert_eq!(names_type(&fields, "audio/wav"), expected, "{value:?}");
        }
        assert!(!names_type(&fields("accept", &[]), "audio/wav"));
    }

    const LANGUAGES: [&str; 4] = ["en", "de", "pt", "pt-BR"];

    /// RFC 4647 section 3.4.
    #[test]
    fn a_range_finds_the_longest_tag_that_it_can_be_truncated_to() {
        for (range, expected) in [
            ("en", Some("en")),
            ("EN-gb", Some("en")),
            ("de-Latn-DE-1996", Some("de")),
            ("pt", Some("pt")),
            ("pt-PT", Some("pt")),
            ("pt-br", Some("pt-BR")),
            ("pt-BR-x-private", Some("pt-BR")),
            ("fr", None),
            ("e", None),
            ("eng", None),
            ("en_GB", None),
            ("*", None),
            ("*-de", None),
            ("", None),
            ("-", None),
        ] {
            let found = lookup_language(range.as_bytes(), LANGUAGES.into_iter());
            assert_eq!(found, expected, "{range:?}");
        }
    }

    /// RFC 9110 section 12.5.4.
    #[test]
    fn the_language_of_the_highest_quality_that_is_offered_wins() {
        let preferred = |values: &[&str]| {
            preferred_language(&fields("accept-language", values), &LANGUAGES.into_iter())
        };
        for (value, expected) in [
            ("de", Some("de")),
            ("da, en-gb;q=0.8, en;q=0.7", Some("en")),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Some("en")),
            ("en;q=0.7, de;q=0.8", Some("de")),
            ("de, en", Some("de")),
            ("en, de", Some("en")),
            ("de;q=0, en;q=0.1", Some("en")),
            ("de;q=0", None),
            ("de;q=x", None),
            ("*", None),
            ("fr", None),
            ("", None),
            (",;", None),
        ] {
            assert_eq!(preferred(&[value]), expected, "{value:?}");
        }
        assert_eq!(preferred(&["fr", "en;q=0.5", "de;q=0.6"]), Some("de"));
        assert_eq!(preferred(&[]), None);
    }

    const RANGES: [&str; 6] = [
        "*/*",
        "image/*",
        "image/png",
        "application/*",
        "application/json",
        "text/html",
    ];

    /// The kindest quality that is said for exactly this range.
    fn said(list: &[(usize, u16)], range: &str) -> Option<u16> {
        let same = list.iter().filter(|(index, _)| RANGES[*index] == range);
        same.map(|(_, quality)| *quality).max()
    }

    proptest! {
        /// Looking up the ranges one after the other, most precise first, says the same.
        #[test]
        fn a_plain_reading_agrees(list in vec((0..RANGES.len(), 0_u16..=1000), 0..8)) {
            let plain = |media_type: &str, star: &str| {
                let found = said(&list, media_type).or(said(&list, star)).or(said(&list, "*/*"));
                found.unwrap_or(if list.is_empty() { 1000 } else { 0 })
            };
            let (png, json) = (plain("image/png", "image/*"), plain("application/json", "application/*"));
            let expected = match (png, json) {
                (0, 0) => None,
                (png, json) if png < json => JSON,
                _ => PNG,
            };
            let written: Vec<String> = list
                .iter()
                .map(|(index, quality)| {
                    format!("{};q={}.{:03}", RANGES[*index], quality / 1000, quality % 1000)
                })
                .collect();
            prop_assert_eq!(preferred(&[&written.join(", ")]), expected);
            let values: Vec<&str> = written.iter().map(String::as_str).collect();
            prop_assert_eq!(preferred(&values), expected);
        }

        /// Whatever a client writes, there is an answer.
        #[test]
        fn no_value_is_too_odd(value in r#"([ -~]|[*/;,q="\\.01]){0,60}"#) {
            let _ = preferred(&[&value]);
            let _ = names_type(&fields("accept", &[&value]), "audio/wav");
            let _ = prefers_gzip(&fields("accept-encoding", &[&value]));
            let _ = preferred_language(&fields("accept-language", &[&value]), &LANGUAGES.into_iter());
        }
    }
}
