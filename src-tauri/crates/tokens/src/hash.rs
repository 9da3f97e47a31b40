//! Where a token stands in the vocabulary's hash table; used by the build script that writes it and by what reads it.

/// Slots of the table, a power of two; linear probing.
pub(crate) const SLOTS: usize = 1 << 18;
/// Bits of a slot that hold a fingerprint of the token; the rest is its rank. All bits set: empty.
pub(crate) const FINGERPRINT: u32 = 14;
/// Tokens between two entries of the table of offsets.
pub(crate) const BLOCK: usize = 16;

/// The slot where the search for a token begins.
pub(crate) fn slot(token: &[u8]) -> usize {
    (hash(token) >> 46) as usize
}

/// What of a token's hash is kept in its slot, so that most others need not be compared.
pub(crate) fn fingerprint(token: &[u8]) -> u32 {
    (hash(token) >> 16) as u32 & ((1 << FINGERPRINT) - 1)
}

/// Multiply and fold, eight bytes at a time: quick for the short strings that tokens are, and the same everywhere.
fn hash(token: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = token.len() as u64;
    for chunk in token.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product =
            u128::from(hash ^ u64::from_le_bytes(word)) * u128::from(FACTOR) + u128::from(FACTOR);
        hash = (product >> 64) as u64 ^ product as u64;
    }
    hash.wrapping_mul(FACTOR)
}
