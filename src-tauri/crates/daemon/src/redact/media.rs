//! Images, sounds and documents in bodies: of these only size and hash are kept.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::bytes::Regex;
use sha2::{Digest as _, Sha256};

use super::Edit;
use super::texts::Text;

/// A string that is shorter may stay.
const SHORT: usize = 256;

/// Fields that hold a file as base64: Anthropic's and Gemini's, OpenAI's, Ollama's.
const FILES: [&[u8]; 5] = [b"data", b"file_data", b"fileData", b"b64_json", b"images"];

/// How base64 of files of these kinds begins.
const BEGINNINGS: [(&[u8], &str); 10] = [
    (b"iVBORw0KGgo", "image/png"),
    (b"/9j/", "image/jpeg"),
    (b"R0lGOD", "image/gif"),
    (b"UklGR", "RIFF (webp or wav)"),
    (b"JVBERi0", "application/pdf"),
    (b"SUQz", "audio/mpeg"),
    (b"//uQ", "audio/mpeg"),
    (b"T2dnUw", "audio/ogg"),
    (b"Qk0", "image/bmp"),
    (b"UEsDB", "application/zip"),
];

static DATA_URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"data:([\w.+/-]*)[^,\s]{0,100};base64,([0-9A-Za-z+/=_-]{64,})").ok()
});

/// Puts notes in the place of media in a text; tells how many.
pub(super) fn edits(text: &Text, edits: &mut Vec<Edit>) -> u32 {
    if let Some(place) = text.whole.clone().filter(|place| place.len() >= SHORT)
        && let Some(kind) = kind_of(&text.bytes, text.is_of_file)
    {
        let instead = note(kind, &text.bytes);
        edits.push(Edit { place, instead });
        return 1;
    }
    let Some(urls) = DATA_URL.as_ref() else {
        return 0;
    };
    let mut count = 0;
    for url in urls.captures_iter(&text.bytes) {
        let (Some(kind), Some(data)) = (url.get(1), url.get(2)) else {
            continue;
        };
        let kind = String::from_utf8_lossy(kind.as_bytes()).into_owned();
        let note = note(&kind, data.as_bytes());
        for (index, place) in text.places(data.range()).into_iter().enumerate() {
            let instead = if index == 0 {
                note.clone()
            } else {
                String::new()
            };
            edits.push(Edit { place, instead });
        }
        count += 1;
    }
    count
}

/// Whether a field holds files.
pub(super) fn holds_files(name: &[u8]) -> bool {
    FILES.contains(&name)
}

/// What a text is, where it is base64 of a file: of a known kind, or of any where its field holds files.
fn kind_of(text: &[u8], is_of_file: bool) -> Option<&'static str> {
    let mut beginnings = BEGINNINGS.iter();
    let known = beginnings.find(|(begin, _)| text.starts_with(begin));
    let kind = known.map(|(_, kind)| *kind);
    let kind = kind.or(is_of_file.then_some("base64"))?;
    text.iter().all(|byte| is_base64(*byte)).then_some(kind)
}

/// Whether a string of a stream is a file by itself, and no piece of a text.
pub(super) fn is_media(name: &[u8], text: &[u8]) -> bool {
    text.len() >= SHORT && kind_of(text, holds_files(name)).is_some()
}

/// What is told of a file that is not kept.
pub(crate) fn note(kind: &str, base64: &[u8]) -> String {
    let plain = STANDARD.decode(base64);
    note_of(kind, plain.as_deref().unwrap_or(base64))
}

/// The same of its bytes.
pub(crate) fn note_of(kind: &str, bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hash = hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a text takes it all
        hex
    });
    format!("[{kind}, {} bytes, sha256 {hash}]", bytes.len())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte)
}
