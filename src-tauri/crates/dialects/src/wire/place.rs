//! Where in a JSON text a byte stands, as a path: `messages[2].content[0].text`.
//!
//! serde tells line and column of what it stumbled over. Walking the text once more to that point gives the path,
//! without a second copy of every type's decoder that keeps track of it.

/// The path of the value that holds byte `at` of `text`; `.` for the value as a whole.
pub(super) fn path_at(text: &[u8], at: usize) -> String {
    let mut walk = Walk::default();
    let mut index = 0;
    while index < text.len().min(at + 1) {
        index = walk.step(text, index, at);
    }
    walk.path()
}

/// The byte that a line and a column of serde's (both from 1) stand for.
pub(super) fn byte_of(text: &[u8], line: usize, column: usize) -> usize {
    let ends = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1);
    let start = std::iter::once(0)
        .chain(ends)
        .nth(line.saturating_sub(1))
        .unwrap_or(0);
    start + column.saturating_sub(1)
}

#[derive(Default)]
struct Walk {
    open: Vec<Level>,
}

enum Level {
    /// An object and the key whose value is being read; `awaits` while the next string is a key.
    Object { key: Option<String>, awaits: bool },
    /// A list and the position being read.
    List(usize),
}

impl Walk {
    /// Takes one byte, or one whole string; gives where to go on.
    fn step(&mut self, text: &[u8], index: usize, at: usize) -> usize {
        match text[index] {
            // What stumbles over an opening bracket wanted something else than a list or an object there.
            b'{' | b'[' if index == at => {}
            b'{' => self.open.push(Level::Object {
                key: None,
                awaits: true,
            }),
            b'[' => self.open.push(Level::List(0)),
            // What stumbles at the end of a list or an object is that list or object.
            b'}' | b']' => drop(self.open.pop()),
            b',' if index < at => match self.open.last_mut() {
                Some(Level::List(position)) => *position += 1,
                Some(Level::Object { key, awaits }) => (*key, *awaits) = (None, true),
                None => {}
            },
            b'"' => return self.string(text, index),
            _ => {}
        }
        index + 1
    }

    fn string(&mut self, text: &[u8], start: usize) -> usize {
        let mut end = start + 1;
        while end < text.len() && text[end] != b'"' {
            end += if text[end] == b'\\' { 2 } else { 1 };
        }
        if let Some(Level::Object {
            key,
            awaits: awaits @ true,
        }) = self.open.last_mut()
        {
            let plain = &text[(start + 1).min(text.len())..end.min(text.len())];
            (*key, *awaits) = (Some(String::from_utf8_lossy(plain).into_owned()), false);
        }
        end + 1
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for level in &self.open {
            match level {
                Level::List(position) => {
                    path.push('[');
                    path.push_str(&position.to_string());
                    path.push(']');
                }
                Level::Object { key: Some(key), .. } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                Level::Object { key: None, .. } => {}
            }
        }
        if path.is_empty() {
            ".".to_owned()
        } else {
            path
        }
    }
}
