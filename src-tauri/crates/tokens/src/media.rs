//! What images and files cost, by the rules the vendors publish.

use base64::Engine as _;

use crate::Family;

/// Something in a prompt that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// An image of known size.
    Image {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
    },
    /// An image that is asked to be read in low detail.
    SmallImage,
    /// An image whose size cannot be known, such as one given by URL.
    UnknownImage,
    /// A PDF file or the like.
    Document {
        /// Its size.
        bytes: u64,
    },
    /// Recorded sound.
    Audio {
        /// Its size.
        bytes: u64,
    },
}

/// Longest piece of base64 that is decoded to find an image's size; four of it make three bytes. A photograph may carry
/// a preview of up to 64 KiB before its header.
const HEADS: [usize; 2] = [1 << 10, 1 << 17];

impl Media {
    /// An image by its first bytes: PNG, JPEG, GIF or WebP.
    pub fn image(bytes: &[u8]) -> Self {
        imagesize::blob_size(bytes).map_or(Self::UnknownImage, |size| Self::Image {
            width: size.width as u64,
            height: size.height as u64,
        })
    }

    /// An image in base64, of which only the head is decoded.
    pub fn image_base64(text: &str) -> Self {
        let text = text.as_bytes();
        for head in HEADS {
            let whole = head.min(text.len()) / 4 * 4;
            let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(&text[..whole]) else {
                break;
            };
            let media = Self::image(&bytes);
            if media != Self::UnknownImage || whole < head {
                return media;
            }
        }
        Self::UnknownImage
    }

    pub(crate) fn tokens(self, family: Family) -> u64 {
        match self {
            Self::Image { width, height } => image(family, width.max(1), height.max(1)),
            Self::SmallImage => match family {
                Family::Gpt => GPT_BASE,
                Family::Gemini => GEMINI_TILE,
                _ => image(family, 512, 512),
            },
            Self::UnknownImage => image(family, 1024, 1024),
            Self::Document { bytes } => bytes.div_ceil(PAGE_BYTES) * page(family),
            Self::Audio { bytes } => bytes.div_ceil(AUDIO_BYTES) * AUDIO_TOKENS,
        }
    }
}

/// Bytes of a page in a usual PDF; a guess, since counting pages would mean to decompress the file.
const PAGE_BYTES: u64 = 50_000;
/// Bytes of a second of compressed speech at 128 kbit/s.
const AUDIO_BYTES: u64 = 16_000;
/// Tokens of a second of sound (Google, "Audio understanding").
const AUDIO_TOKENS: u64 = 32;
/// Pixels of one Claude token (Anthropic, "Vision": width × height / 750).
const CLAUDE_PIXELS: u64 = 750;
/// OpenAI, "Images and vision": what an image costs before its tiles, and each tile.
const GPT_BASE: u64 = 85;
const GPT_TILE: u64 = 170;
/// OpenAI, "Images and vision": the most patches of 32 × 32 pixels, and tokens for each in hundredths.
const PATCHES: u64 = 1536;
const PATCH_PERCENT: u64 = 162;
/// Google, "Understand and count tokens": tokens of a small image and of each tile of 768 pixels.
const GEMINI_TILE: u64 = 258;

/// Tokens of a page: its picture and, with Claude, its text too (Anthropic, "PDF support": 1,500 to 3,000).
fn page(family: Family) -> u64 {
    match family {
        Family::Claude | Family::ClaudeFour => 2_500,
        Family::Gemini => GEMINI_TILE,
        _ => 1_000,
    }
}

fn image(family: Family, width: u64, height: u64) -> u64 {
    match family {
        // Larger ones are scaled down, to 1,568 pixels or 2,576 at the longer edge and so many tokens.
        Family::ClaudeFour => claude(width, height, 1_568, 1_600),
        Family::Claude => claude(width, height, 2_576, 4_784),
        Family::Gpt => {
            let (width, height) = fitted(width, height, 2_048);
            let short = width.min(height);
            let scale = |edge: u64| {
                if short > 768 {
                    edge * 768 / short
                } else {
                    edge
                }
            };
            GPT_BASE + GPT_TILE * scale(width).div_ceil(512) * scale(height).div_ceil(512)
        }
        Family::GptSmall => {
            let patches = width.div_ceil(32).saturating_mul(height.div_ceil(32));
            patches.min(PATCHES) * PATCH_PERCENT / 100
        }
        Family::Gemini if width <= 384 && height <= 384 => GEMINI_TILE,
        Family::Gemini => {
            let (width, height) = fitted(width, height, 3_072);
            GEMINI_TILE * width.div_ceil(768) * height.div_ceil(768)
        }
        // Qwen's models see 28 × 28 pixels a token; the rest is of that order and taken to be the same.
        _ => {
            let patches = width.div_ceil(28).saturating_mul(height.div_ceil(28));
            patches.min(4_096)
        }
    }
}

fn claude(width: u64, height: u64, edge: u64, most: u64) -> u64 {
    let (width, height) = fitted(width, height, edge);
    (width * height).div_ceil(CLAUDE_PIXELS).min(most)
}

/// The size after the longer edge was brought down to `edge`.
fn fitted(width: u64, height: u64, edge: u64) -> (u64, u64) {
    let long = width.max(height);
    if long <= edge {
        return (width, height);
    }
    let scale = |side: u64| (u128::from(side) * u128::from(edge) / u128::from(long)) as u64;
    (scale(width).max(1), scale(height).max(1))
}
