//! The place in a list where the next page goes on. Opaque to callers; survives new rows at the top.

/// Time and id of the last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at_ms: i64,
    pub(crate) id: String,
}

impl Cursor {
    /// As text that is safe in a URL.
    pub(crate) fn encode(&self) -> String {
        let plain = format!("{}.{}", self.at_ms, self.id);
        let mut text = String::with_capacity(plain.len() * 2);
        for byte in plain.bytes() {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(half.into(), 16));
            }
        }
        text
    }

    /// `None` if the text was not made by `encode`.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        if !text.is_ascii() || !text.len().is_multiple_of(2) {
            return None;
        }
        let bytes = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
            .collect::<Option<Vec<u8>>>()?;
        let plain = String::from_utf8(bytes).ok()?;
        let (at_ms, id) = plain.split_once('.')?;
        Some(Self {
            at_ms: at_ms.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor {
            at_ms: -5,
            id: "req.ü".to_owned(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn other_text_is_no_cursor() {
        for bad in ["", "0", "zz", "é", "31", "2e61", "+1"] {
            assert_eq!(Cursor::decode(bad), None, "{bad}");
        }
    }
}
