//! A document that was read: its values in one list, in the order of the text.
//! It knows what values there are, and neither how they are read nor how they are written.
//!
//! With one list, a document of thousands of values does not take thousands of allocations, for which
//! threads wait for each other with some allocators.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// Most members of an object whose names are compared with each other. With more of them names are
/// looked up in a map, since a body may have thousands of short names.
const COMPARED_MAX: usize = 8;

/// A document, which borrows from the text it was read from.
#[derive(Debug, PartialEq)]
pub struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

/// What a document consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// A number as it is written in the text. It is converted only when it is written again, since for
    /// some numbers that takes ten microseconds.
    Number(&'a str),
    String(Text<'a>),
    /// The nodes from the next one to `end`, exclusive, are its values.
    Array {
        end: usize,
    },
    /// The nodes from the next one to `end`, exclusive, are its members: a name and a value each.
    Object {
        end: usize,
    },
    Name(Text<'a>, Member),
}

/// Where the value of a member is: of repeated names, the first has the value of the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Member {
    /// The value at the next node.
    Own,
    /// The value at this node, that of a later member with the same name.
    At(usize),
    /// None: an earlier member with the same name has the value.
    Repeated,
}

/// A string between its quotes, its escapes as they were sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) has_escapes: bool,
}

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    nodes: &'a [Node<'a>],
    at: usize,
}

/// What a value holds.
pub(super) enum Content<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Text<'a>),
    Array(Elements<'a>),
    Object(Members<'a>),
}

impl<'a> Document<'a> {
    /// The document of these nodes, of which the first is its value.
    pub(super) fn new(nodes: Vec<Node<'a>>) -> Self {
        Document { nodes }
    }

    /// The one value that the document is.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            nodes: &self.nodes,
            at: 0,
        }
    }
}

impl<'a> Value<'a> {
    /// Whether both are the same value, at the same place of the same document.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.nodes, other.nodes) && self.at == other.at
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.content(), Content::Null)
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        matches!(self.content(), Content::Object(_))
    }

    /// The string that it is, its escapes resolved; none if it is something else.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.content() {
            Content::String(text) => Some(text.decode()),
            _ => None,
        }
    }

    /// The member of that name; none where there is none, or where this is not an object.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let Content::Object(mut members) = self.content() else {
            return None;
        };
        let name = Text::plain(name);
        members.find_map(|(known, value)| (known == name).then_some(value))
    }

    pub(super) fn content(self) -> Content<'a> {
        let next = Value {
            at: self.at + 1,
            ..self
        };
        match self.nodes.get(self.at) {
            Some(Node::Bool(value)) => Content::Bool(*value),
            Some(Node::Number(digits)) => Content::Number(digits),
            Some(Node::String(text)) => Content::String(*text),
            Some(Node::Array { end }) => Content::Array(Elements { next, end: *end }),
            Some(Node::Object { end }) => Content::Object(Members { next, end: *end }),
            // A name is not a value, and nothing points beyond the last node.
            Some(Node::Null | Node::Name(..)) | None => Content::Null,
        }
    }

    /// What follows it in the list.
    fn after(self) -> usize {
        match self.nodes.get(self.at) {
            Some(Node::Array { end } | Node::Object { end }) => *end,
            _ => self.at + 1,
        }
    }
}

/// The values of an array.
pub(super) struct Elements<'a> {
    next: Value<'a>,
    end: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let element = self.next;
        (element.at < self.end).then(|| {
            self.next.at = element.after();
            element
        })
    }
}

/// The members of an object: each name once, in the place where it came first, with the value that came
/// last.
pub(super) struct Members<'a> {
    next: Value<'a>,
    end: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<(Text<'a>, Value<'a>)> {
        while self.next.at < self.end {
            let name = self.next;
            let own = Value {
                at: name.at + 1,
                ..name
            };
            self.next.at = own.after();
            match name.nodes.get(name.at) {
                Some(Node::Name(text, Member::Own)) => return Some((*text, own)),
                Some(Node::Name(text, Member::At(at))) => {
                    return Some((*text, Value { at: *at, ..name }));
                }
                _ => {}
            }
        }
        None
    }
}

/// Gives the first of equal names the value of the last, in the object whose members are the nodes
/// from `start` on.
pub(super) fn collapse_repeated_names(nodes: &mut [Node<'_>], start: usize, count: usize) {
    if count < 2 {
        return;
    }
    let mut looked_up: HashMap<Text<'_>, usize> = HashMap::new();
    let mut at = start;
    while let Some(Node::Name(name, _)) = nodes.get(at).copied() {
        let first = if count <= COMPARED_MAX {
            first_named(nodes, start, name)
        } else {
            *looked_up.entry(name).or_insert(at)
        };
        if first != at {
            set_member(nodes, first, Member::At(at + 1));
            set_member(nodes, at, Member::Repeated);
        }
        at = Value { nodes, at: at + 1 }.after();
    }
}

/// The first member of this name, which there is, in the object whose members are the nodes from
/// `start` on.
fn first_named(nodes: &[Node<'_>], start: usize, name: Text<'_>) -> usize {
    let mut at = start;
    while let Some(Node::Name(known, _)) = nodes.get(at)
        && *known != name
    {
        at = Value { nodes, at: at + 1 }.after();
    }
    at
}

fn set_member(nodes: &mut [Node<'_>], at: usize, to: Member) {
    if let Some(Node::Name(_, member)) = nodes.get_mut(at) {
        *member = to;
    }
}

impl<'a> Text<'a> {
    fn plain(raw: &'a str) -> Self {
        Text {
            raw,
            has_escapes: false,
        }
    }

    /// The string with its escapes resolved.
    pub(super) fn decode(self) -> Cow<'a, str> {
        if self.has_escapes {
            Cow::Owned(self.chars().collect())
        } else {
            Cow::Borrowed(self.raw)
        }
    }

    fn chars(self) -> Chars<'a> {
        Chars {
            rest: self.raw.chars(),
            has_escapes: self.has_escapes,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.has_escapes || other.has_escapes {
            self.chars().eq(other.chars())
        } else {
            self.raw == other.raw
        }
    }
}

impl Eq for Text<'_> {}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.chars().for_each(|character| character.hash(state));
    }
}

/// The characters that a string stands for.
struct Chars<'a> {
    rest: std::str::Chars<'a>,
    has_escapes: bool,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' if self.has_escapes => Some(match self.rest.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => self.utf_16(),
                itself => itself,
            }),
            itself => Some(itself),
        }
    }
}

impl Chars<'_> {
    /// The character after a `\u`, or after two of them. The parser has checked that there is one.
    fn utf_16(&mut self) -> char {
        let first = self.code_unit();
        let mut units = [first, 0];
        let mut count = 1;
        if (0xd800..0xdc00).contains(&first) {
            // The backslash and the letter.
            self.rest.nth(1);
            units[1] = self.code_unit();
            count = 2;
        }
        let decoded = char::decode_utf16(units.into_iter().take(count)).next();
        decoded
            .and_then(Result::ok)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn code_unit(&mut self) -> u16 {
        let digits = self.rest.by_ref().take(4);
        digits.fold(0, |unit, c| unit << 4 | hex_digit(c).unwrap_or(0))
    }
}

/// The value of a hexadecimal digit.
pub(super) fn hex_digit(character: char) -> Option<u16> {
    let digit = character.to_digit(16)?;
    u16::try_from(digit).ok()
}
