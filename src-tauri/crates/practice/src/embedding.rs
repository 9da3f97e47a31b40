//! Vectors for texts: the same text has the same vector at every provider, of length one.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The most dimensions that may be asked for.
pub(crate) const MOST_DIMENSIONS: usize = 4096;

/// A request for embeddings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Embed {
    /// Model asked for.
    pub(crate) model: String,
    /// Texts, in order.
    pub(crate) texts: Vec<String>,
    /// Dimensions of each vector, those of the model where the request names none.
    pub(crate) dimensions: usize,
    /// Input tokens, estimated.
    pub(crate) tokens: u64,
    /// What the dialect that read the request needs again to print the answer.
    pub(crate) notes: Value,
}

/// The vector of a text.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let seed = Sha256::digest(text);
    let numbers = (0u64..).flat_map(|block| {
        let mut hash = Sha256::new();
        hash.update(seed);
        hash.update(block.to_le_bytes());
        let bytes: [u8; 32] = hash.finalize().into();
        bytes.map(|byte| f32::from(byte) - 127.5)
    });
    let raw: Vec<f32> = numbers.take(dimensions.min(MOST_DIMENSIONS)).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    raw.iter().map(|number| number / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_unit_long_and_belong_to_their_text() {
        for dimensions in [1, 3, 256, 1536] {
            let made = vector("hello", dimensions);
            let length: f32 = made.iter().map(|number| number * number).sum();
            assert_eq!(made.len(), dimensions);
            assert!((length - 1.0).abs() < 1e-4, "{length}");
            assert_eq!(made, vector("hello", dimensions));
        }
        assert_ne!(vector("hello", 8), vector("hullo", 8));
    }
}
