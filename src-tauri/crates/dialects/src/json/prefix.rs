//! Tells of a text that arrives in pieces whether it still can become one JSON value, and whether it is one already.
//!
//! Tool arguments are streamed as pieces of JSON. Some SDKs fail on the first character that is not JSON, so a bad
//! piece must be noticed before it is sent on.

/// The text so far cannot become one JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON near byte {0}")]
pub struct NotJson(pub usize);

/// A JSON value on its way. Numbers are checked for their characters only.
#[derive(Debug, Clone, Default)]
pub struct Prefix {
    open: Vec<Bracket>,
    state: State,
    seen: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Object,
    Array,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// A value must come.
    #[default]
    Value,
    /// A value or the end of the array just opened.
    FirstItem,
    /// A key or the end of the object just opened.
    FirstKey,
    /// A key must come.
    Key,
    /// A colon must come.
    Colon,
    /// Inside a string; a key or a value.
    Text { key: bool },
    /// Behind a backslash.
    Escape { key: bool },
    /// Hexadecimal digits that must still come.
    Hex { key: bool, left: u8 },
    /// Inside a number.
    Number,
    /// Inside `true`, `false` or `null`: what must still come.
    Word(&'static [u8]),
    /// A value is over: a comma or a closing bracket must come, or the end.
    After,
}

impl Prefix {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &str) -> Result<(), NotJson> {
        for byte in piece.bytes() {
            self.state = self.next(byte).ok_or(NotJson(self.seen))?;
            self.seen += 1;
        }
        Ok(())
    }

    /// Whether the text so far is one whole value. A number at the top level counts as whole.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty() && matches!(self.state, State::After | State::Number)
    }

    /// Whether nothing but white space has come.
    pub fn is_blank(&self) -> bool {
        self.open.is_empty() && self.state == State::Value
    }

    fn next(&mut self, byte: u8) -> Option<State> {
        let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match self.state {
            State::Text { key } => Self::in_text(byte, key),
            State::Escape { key } => match byte {
                b'u' => Some(State::Hex { key, left: 4 }),
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(State::Text { key }),
                _ => None,
            },
            State::Hex { key, left } if byte.is_ascii_hexdigit() => Some(match left {
                1 => State::Text { key },
                _ => State::Hex {
                    key,
                    left: left - 1,
                },
            }),
            State::Hex { .. } => None,
            State::Number if matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-') => {
                Some(State::Number)
            }
            State::Number | State::After if is_space => Some(State::After),
            State::Number | State::After => self.after(byte),
            State::Word(rest) => match rest.split_first() {
                Some((first, [])) if *first == byte => Some(State::After),
                Some((first, left)) if *first == byte => Some(State::Word(left)),
                _ => None,
            },
            state if is_space => Some(state),
            State::FirstItem if byte == b']' => self.close(Bracket::Array),
            State::FirstKey if byte == b'}' => self.close(Bracket::Object),
            State::FirstKey | State::Key => (byte == b'"').then_some(State::Text { key: true }),
            State::Colon => (byte == b':').then_some(State::Value),
            State::Value | State::FirstItem => self.value(byte),
        }
    }

    fn in_text(byte: u8, key: bool) -> Option<State> {
        match byte {
            b'"' if key => Some(State::Colon),
            b'"' => Some(State::After),
            b'\\' => Some(State::Escape { key }),
            0..0x20 => None,
            _ => Some(State::Text { key }),
        }
    }

    fn value(&mut self, byte: u8) -> Option<State> {
        match byte {
            b'{' => {
                self.open.push(Bracket::Object);
                Some(State::FirstKey)
            }
            b'[' => {
                self.open.push(Bracket::Array);
                Some(State::FirstItem)
            }
            b'"' => Some(State::Text { key: false }),
            b'-' | b'0'..=b'9' => Some(State::Number),
            b't' => Some(State::Word(b"rue")),
            b'f' => Some(State::Word(b"alse")),
            b'n' => Some(State::Word(b"ull")),
            _ => None,
        }
    }

    fn after(&mut self, byte: u8) -> Option<State> {
        match (byte, self.open.last()?) {
            (b',', Bracket::Object) => Some(State::Key),
            (b',', Bracket::Array) => Some(State::Value),
            (b'}', Bracket::Object) => self.close(Bracket::Object),
            (b']', Bracket::Array) => self.close(Bracket::Array),
            _ => None,
        }
    }

    fn close(&mut self, bracket: Bracket) -> Option<State> {
        (self.open.pop()? == bracket).then_some(State::After)
    }
}
