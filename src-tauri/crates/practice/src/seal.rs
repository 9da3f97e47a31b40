//! What a provider hands out and wants back unchanged: signatures of thinking, encrypted reasoning.
//!
//! A seal proves that this provider, or another practice provider, made it, and holds the text it was
//! made for. It is no secret: anybody who reads this file can make one. Made-up and foreign ones
//! don't open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};

const PREFIX: &str = "practice-";

/// A seal around `text`: `practice-TEXT.DIGEST`, in characters that need no escape anywhere.
pub(crate) fn seal(text: &str) -> String {
    format!("{PREFIX}{}.{}", BASE64.encode(text), digest(text))
}

/// The text that a seal was made for; `None` where no practice provider made it.
pub(crate) fn open(seal: &str) -> Option<String> {
    let (text, given) = seal.strip_prefix(PREFIX)?.split_once('.')?;
    let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    (digest(&text) == given).then_some(text)
}

fn digest(text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update("practice seal\n");
    hash.update(text);
    BASE64.encode(&hash.finalize()[..15])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unchanged_seal_opens() {
        let whole = seal("thought 🚂");
        assert_eq!(open(&whole).as_deref(), Some("thought 🚂"));
        for at in 0..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(open(&changed), None, "{changed}");
        }
        for foreign in [
            "",
            "practice-",
            "practice-.",
            "EqQBCgIYAhIM1gbcDa9GJwZA2b3h",
        ] {
            assert_eq!(open(foreign), None, "{foreign}");
        }
    }
}
