//! Ids that are made where a dialect has none, or not the right ones.
//!
//! All are functions of what they stand for, so that the same history gives the same ids in the next request and a
//! provider's prompt cache holds.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id of the `number`th call of the answer or turn that `seed` stands for: `call_` and 24 letters and digits, which
/// every dialect takes.
pub(crate) fn call(seed: &str, number: u64) -> String {
    format!(
        "call_{}",
        base62(&[seed.as_bytes(), &number.to_be_bytes()], 24)
    )
}

/// `length` letters and digits that stand for these bytes; at most 32.
pub(crate) fn base62(parts: &[&[u8]], length: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    hasher.finalize().iter().take(length).map(letter).collect()
}

/// `id` where all its characters fit and it is not too long, else one made of it: what fits, and eight characters that
/// keep different ids different.
pub(crate) fn fitting(id: &str, longest: usize, fits: impl Fn(char) -> bool) -> String {
    if !id.is_empty() && id.len() <= longest && id.chars().all(&fits) {
        return id.to_owned();
    }
    let head: String = id
        .chars()
        .filter(|char| fits(*char))
        .take(longest.saturating_sub(9))
        .collect();
    format!("{head}_{}", base62(&[id.as_bytes()], 8))
}

/// The longest id of an end user that OpenAI takes as `user` and `safety_identifier`.
const LONGEST_PERSON: usize = 64;

/// An id of the end user that is short enough; a long one becomes one made of it.
pub(crate) fn person(user: &str) -> Cow<'_, str> {
    if user.len() <= LONGEST_PERSON {
        return Cow::Borrowed(user);
    }
    Cow::Owned(format!("user_{}", base62(&[user.as_bytes()], 32)))
}
