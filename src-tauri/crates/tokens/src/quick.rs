//! The estimate that samples.

use crate::{Estimate, Family};

/// Bytes of a sample, and how many of them; a shorter text is looked at whole.
const SAMPLE: usize = 128;
const SAMPLES: usize = 32;

/// The tokens of a text or of a whole request body, by 4 KiB of it, evenly spread.
///
/// Meant for the input count that a stream's first event has to carry before the upstream has told one. Base64 is left
/// out: an image's bytes say nothing about its tokens. On English, German, Chinese, code and JSON it stays within a
/// quarter of what [`crate::text`] says.
pub fn quick(family: Family, bytes: &[u8]) -> Estimate {
    let mut seen = bytes.len();
    let mut thousandths = 0;
    if seen <= SAMPLE * SAMPLES {
        thousandths = weigh(bytes);
    } else {
        let stride = seen / SAMPLES;
        for sample in bytes.chunks_exact(stride).take(SAMPLES) {
            let sample = sample.get(..SAMPLE).unwrap_or(sample);
            if sample.iter().any(|&byte| !is_base64(byte)) {
                thousandths += weigh(sample);
            }
        }
        seen = SAMPLE * SAMPLES;
    }
    let all = u128::from(thousandths) * bytes.len() as u128;
    let tokens = all.div_ceil(seen.max(1) as u128 * 1000);
    Estimate((tokens as u64 * family.percent()).div_ceil(100))
}

/// What bytes are, as far as it matters to how they merge.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Class {
    Lower,
    Upper,
    Digit,
    Blank,
    LineEnd,
    Sign,
    /// First byte of a character of two: Latin with accents, Greek, Cyrillic, Arabic.
    Two,
    /// First byte of a character of three: Chinese, Japanese, Korean, Indian scripts.
    Three,
    /// First byte of a character of four: emoji.
    Four,
    /// Any further byte of such a character.
    Further,
}

const CLASSES: usize = 10;

static CLASS_OF: [Class; 256] = {
    let mut table = [Class::Sign; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b' ' | b'\t' => Class::Blank,
            b'\n' | b'\r' => Class::LineEnd,
            0x80..=0xbf => Class::Further,
            0xc0..=0xdf => Class::Two,
            0xe0..=0xef => Class::Three,
            0xf0.. => Class::Four,
            _ => Class::Sign,
        };
        byte += 1;
    }
    table
};

/// Thousandths of a token for a byte of the second class behind one of the first.
///
/// Fitted by least squares of the relative error to what `o200k_base` makes of 850 pieces of 3 KB: program text in Rust,
/// Python and TypeScript, JSON, Markdown, and prose in English, German, Chinese and seven other languages; then rounded.
/// Half of the pieces are met within 4%, nine in ten within 12%.
static WEIGHTS: [[u32; CLASSES]; CLASSES] = {
    use Class::{Blank, Digit, Four, Further, LineEnd, Lower, Sign, Three, Two, Upper};
    let mut table = [[0; CLASSES]; CLASSES];
    let mut before = 0;
    while before < CLASSES {
        let weights = &mut table[before];
        weights[Lower as usize] = 850;
        weights[Upper as usize] = 850;
        weights[Digit as usize] = 1300;
        weights[LineEnd as usize] = 1210;
        weights[Sign as usize] = 440;
        weights[Two as usize] = 450;
        weights[Three as usize] = 780;
        weights[Four as usize] = 1550;
        before += 1;
    }
    let mut letter = 0;
    while letter < 2 {
        let before = [Lower, Upper][letter];
        table[before as usize][Lower as usize] = 95;
        table[before as usize][Upper as usize] = 95;
        table[Further as usize][before as usize] = 95;
        letter += 1;
    }
    table[Blank as usize][Digit as usize] = 2000;
    table[Digit as usize][Digit as usize] = 330;
    table[LineEnd as usize][LineEnd as usize] = 0;
    table[Sign as usize][Sign as usize] = 225;
    table
};

fn weigh(bytes: &[u8]) -> u64 {
    let mut sum = 0;
    let mut before = Class::Blank;
    for &byte in bytes {
        let class = CLASS_OF[usize::from(byte)];
        sum += u64::from(WEIGHTS[before as usize][class as usize]);
        before = class;
    }
    sum
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}
