//! The `o200k_base` vocabulary: the rank of a byte string, looked up in constant tables.

use crate::hash::{BLOCK, FINGERPRINT, SLOTS, fingerprint, slot};

/// All tokens, one after the other, in the order of their ranks.
static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bytes.bin"));
/// The length of each token.
static LENGTHS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lengths.bin"));
/// Where every [`BLOCK`]th token begins, as little-endian `u32`.
static BLOCKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blocks.bin"));
/// The hash table, as little-endian `u32`.
static SLOTS_TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/slots.bin"));

/// Rank of a byte string that is a token: the lower it is, the earlier it is merged.
pub(crate) fn rank(token: &[u8]) -> Option<u32> {
    let fingerprint = fingerprint(token);
    let mut at = slot(token);
    loop {
        let entry = word(SLOTS_TABLE, at)?;
        if entry == u32::MAX {
            return None;
        }
        let rank = entry >> FINGERPRINT;
        if entry & ((1 << FINGERPRINT) - 1) == fingerprint && bytes(rank) == Some(token) {
            return Some(rank);
        }
        at = (at + 1) % SLOTS;
    }
}

/// The bytes of the token of a rank.
fn bytes(rank: u32) -> Option<&'static [u8]> {
    let rank = rank as usize;
    let block = rank / BLOCK;
    let before = LENGTHS.get(block * BLOCK..rank)?;
    let start = word(BLOCKS, block)? as usize
        + before
            .iter()
            .map(|&length| usize::from(length))
            .sum::<usize>();
    BYTES.get(start..start + usize::from(*LENGTHS.get(rank)?))
}

fn word(table: &[u8], index: usize) -> Option<u32> {
    let bytes = table.get(index * 4..index * 4 + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
