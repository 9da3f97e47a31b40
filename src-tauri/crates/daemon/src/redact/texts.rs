//! The texts of a body, whatever it is: each with the places that its letters have in the bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::media::{holds_files, is_media};

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No JSON: one text.
    Plain,
    /// One JSON value: each string and number is a text.
    Json,
    /// Server-sent events, or JSON values one after another: the strings of one field, in order, are one text.
    Stream,
}

impl Kind {
    fn of(body: &[u8]) -> Self {
        let start = body.trim_ascii_start();
        let is_event = [&b"data:"[..], b"event:", b"id:", b"retry:", b":"];
        let mut lines = start.split(|byte| *byte == b'\n').skip(1);
        match start.first() {
            _ if is_event.iter().any(|word| start.starts_with(word)) => Self::Stream,
            // Gemini streams an array, Ollama a line for each value.
            Some(b'[') => Self::Stream,
            Some(b'{') if lines.any(|line| line.starts_with(b"{")) => Self::Stream,
            Some(b'{' | b'"') => Self::Json,
            _ => Self::Plain,
        }
    }
}

/// A text with its escapes undone.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// Where each byte stands: the place's begin and length.
    at: Vec<(u32, u8)>,
    /// The string's place, where it is a single one.
    pub(super) whole: Option<Range<usize>>,
    /// It stands in a field that files stand in.
    pub(super) is_of_file: bool,
}

impl Text {
    /// Where a part of it stands, in as few places as there are.
    pub(super) fn places(&self, part: Range<usize>) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        for (begin, length) in &self.at[part] {
            let (begin, end) = (*begin as usize, *begin as usize + usize::from(*length));
            match places.last_mut() {
                Some(last) if last.start <= begin && begin <= last.end => {
                    last.end = last.end.max(end);
                }
                _ => places.push(begin..end),
            }
        }
        places
    }

    /// Adds what stands at a place, with JSON's escapes undone.
    fn add(&mut self, body: &[u8], place: Range<usize>) {
        let mut at = place.start;
        while at < place.end {
            let (decoded, length) = match body[at] {
                b'\\' => unescaped(&body[at..place.end]),
                byte => ([byte, 0, 0], 1),
            };
            let used = decoded.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            for byte in &decoded[..used] {
                self.bytes.push(*byte);
                self.at.push((at as u32, length as u8));
            }
            at += length;
        }
    }
}

/// The letter that an escape stands for, as up to three bytes, and the escape's length.
fn unescaped(escape: &[u8]) -> ([u8; 3], usize) {
    let plain = |byte: u8| ([byte, 0, 0], 2);
    match escape.get(1) {
        None => ([b'\\', 0, 0], 1),
        Some(b'n') => plain(b'\n'),
        Some(b'r') => plain(b'\r'),
        Some(b't') => plain(b'\t'),
        Some(b'b' | b'f') => plain(b' '),
        Some(b'u') => {
            let digits = escape
                .get(2..6)
                .and_then(|hex| std::str::from_utf8(hex).ok());
            let number = digits.and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let Some(number) = number else {
                return plain(b'u');
            };
            // Half of a pair is no letter of its own, and no part of any secret.
            let letter = char::from_u32(number).filter(|letter| *letter != '\0');
            let mut bytes = [0; 3];
            match letter.map(char::len_utf8) {
                Some(length) if length <= bytes.len() => {
                    letter.unwrap_or('?').encode_utf8(&mut bytes);
                }
                _ => bytes[0] = b'?',
            }
            (bytes, 6)
        }
        Some(byte) => plain(*byte),
    }
}

/// A word of JSON.
#[derive(Debug)]
enum Word {
    /// A string between its quotes, which a colon follows.
    Name(Range<usize>),
    /// A string between its quotes.
    Value(Range<usize>),
    /// A number, or whatever else stands outside of strings.
    Bare(Range<usize>),
    /// Where an object or an array begins.
    Open(usize),
    /// Where one ends.
    Close(usize),
}

/// What was read of a body.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) kind: Kind,
    pub(super) said: Vec<Text>,
    /// Tables of how likely each piece of a text was: they tell it again, and other texts beside it, piece by piece.
    pub(super) likely: Vec<Range<usize>>,
}

/// Fields that hold such tables.
const LIKELY: [&[u8]; 3] = [b"logprobs", b"top_logprobs", b"logprobsResult"];
/// Fields that tell which of several texts a piece belongs to.
const WHICH: [&[u8]; 3] = [b"index", b"output_index", b"content_index"];
/// Objects and arrays further within others are read as a part of those.
const DEEP: usize = 64;

/// What the body is, and its texts.
pub(super) fn texts(body: &[u8]) -> Texts {
    let kind = Kind::of(body);
    let mut read = Texts {
        kind,
        said: Vec::new(),
        likely: Vec::new(),
    };
    if kind == Kind::Plain {
        // The bytes as they stand are looked through anyway.
        return read;
    }
    let mut name: &[u8] = b"";
    let mut is_named = false;
    let mut depth = 0_usize;
    let mut table = None;
    let mut speakers = Speakers::default();
    let mut alone = |name: &[u8], place: Range<usize>| {
        let mut text = Text {
            is_of_file: holds_files(name),
            ..Text::default()
        };
        text.add(body, place.clone());
        text.whole = Some(place);
        read.said.push(text);
    };
    for word in words(body) {
        let was_named = std::mem::take(&mut is_named);
        match word {
            Word::Name(place) => {
                name = &body[place.clone()];
                is_named = true;
                alone(b"", place);
            }
            Word::Open(at) => {
                if was_named && table.is_none() && LIKELY.contains(&name) {
                    table = Some((at, depth));
                }
                depth += 1;
                speakers.open();
            }
            Word::Close(at) => {
                depth = depth.saturating_sub(1);
                if let Some((begin, outer)) = table
                    && depth <= outer
                {
                    read.likely.push(begin..at + 1);
                    table = None;
                }
                speakers.close();
            }
            Word::Bare(place) => {
                if WHICH.contains(&name) {
                    speakers.which(&body[place.clone()]);
                }
                alone(b"", place);
            }
            Word::Value(place)
                if kind == Kind::Json
                    || place.len() > LONG
                    || is_media(name, &body[place.clone()]) =>
            {
                alone(name, place);
            }
            Word::Value(place) => speakers.say(name, place),
        }
    }
    read.said.extend(speakers.texts(body));
    read
}

/// The pieces of a stream by field, and by which of several texts they belong to where objects tell that.
#[derive(Debug, Default)]
struct Speakers<'a> {
    open: Vec<Object<'a>>,
    /// Objects and arrays that are open beyond [`DEEP`].
    deeper: usize,
    said: Vec<Piece<'a>>,
}

/// A field's name and what the objects around it tell of which text it is, and its place.
type Piece<'a> = (Vec<&'a [u8]>, Range<usize>);

#[derive(Debug, Default)]
struct Object<'a> {
    which: Vec<&'a [u8]>,
    said: Vec<Piece<'a>>,
}

impl<'a> Speakers<'a> {
    fn open(&mut self) {
        if self.open.len() < DEEP {
            self.open.push(Object::default());
        } else {
            self.deeper += 1;
        }
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(Object { which, mut said }) = self.open.pop() else {
            return;
        };
        for (speaker, _) in &mut said {
            speaker.extend(&which);
        }
        self.all().append(&mut said);
    }

    fn all(&mut self) -> &mut Vec<Piece<'a>> {
        match self.open.last_mut() {
            Some(object) => &mut object.said,
            None => &mut self.said,
        }
    }

    fn which(&mut self, which: &'a [u8]) {
        if let Some(object) = self.open.last_mut() {
            object.which.push(which);
        }
    }

    fn say(&mut self, name: &'a [u8], place: Range<usize>) {
        self.all().push((vec![name], place));
    }

    /// All pieces of a field as one text; where it is said by several, what each says as well.
    fn texts(mut self, body: &[u8]) -> Vec<Text> {
        while !self.open.is_empty() {
            self.deeper = 0;
            self.close();
        }
        let mut fields: BTreeMap<&[u8], Text> = BTreeMap::new();
        let mut speakers: BTreeMap<Vec<&[u8]>, Text> = BTreeMap::new();
        for (speaker, place) in self.said {
            let name = speaker.first().copied().unwrap_or_default();
            fields.entry(name).or_default().add(body, place.clone());
            if speaker.len() > 1 {
                speakers.entry(speaker).or_default().add(body, place);
            }
        }
        // One who speaks alone was heard.
        let is_heard = |speaker: &[&[u8]], text: &Text| {
            let field = speaker.first().and_then(|name| fields.get(name));
            field.is_some_and(|field| field.bytes.len() == text.bytes.len())
        };
        let several: Vec<Text> = speakers
            .into_iter()
            .filter(|(speaker, text)| !is_heard(speaker, text))
            .map(|(_, text)| text)
            .collect();
        fields.into_values().chain(several).collect()
    }
}

/// A string that is longer is no piece of a text that comes bit by bit.
const LONG: usize = 64 << 10;

fn words(body: &[u8]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'"' => {
                let (end, next) = string_end(body, at + 1);
                let rest = body[next..].iter().find(|byte| !byte.is_ascii_whitespace());
                words.push(if rest == Some(&b':') {
                    Word::Name(at + 1..end)
                } else {
                    Word::Value(at + 1..end)
                });
                at = next;
            }
            byte if is_between(byte) => {
                match byte {
                    b'{' | b'[' => words.push(Word::Open(at)),
                    b'}' | b']' => words.push(Word::Close(at)),
                    _ => {}
                }
                at += 1;
            }
            _ => {
                let rest = &body[at..];
                let length = rest
                    .iter()
                    .position(|byte| *byte == b'"' || is_between(*byte))
                    .unwrap_or(rest.len());
                words.push(Word::Bare(at..at + length));
                at += length;
            }
        }
    }
    words
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"{}[],:".contains(&byte)
}

/// Where a string ends that begins here, and where to go on behind it. A line's end ends it too: it was none then.
fn string_end(body: &[u8], from: usize) -> (usize, usize) {
    let mut at = from;
    while at < body.len() {
        match body[at] {
            b'"' => return (at, at + 1),
            b'\n' => return (at, at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (body.len(), body.len())
}
