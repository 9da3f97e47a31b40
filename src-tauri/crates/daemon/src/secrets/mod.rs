//! Secrets: where they are said to be, how they are fetched, and how they are kept.
//!
//! A value lives in a [`SecretString`], which neither prints nor serialises and is wiped when dropped. Messages name
//! references, never values. Servers without a keychain use `env:` and `file:`, or a file that a passphrase
//! opens ([`sealed`]), which is behind the same [`Keychain`].

mod keychain;
mod literal;
mod own;
mod reference;
mod resolve;
mod sealed;
mod sealed_store;
#[cfg(test)]
mod sealed_tests;

#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret as _, SecretString};

pub(crate) use self::literal::keep;
pub(crate) use self::sealed::{SealedError, passphrase};
pub use self::{
    keychain::{Keychain, KeychainError},
    literal::{KeepError, Kept, Moved, keep_key, move_literals, replace_key},
    reference::{Literal, Malformed, Reference},
    resolve::{Resolved, Resolver, SecretError},
};

/// Where environment variables are looked up.
pub(crate) type Env = std::sync::Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Name under which the token of the local clients is kept in the keychain.
pub const CLIENT_TOKEN: &str = "turnout/client";
/// Name under which the token of the admin API is kept in the keychain.
pub const ADMIN_TOKEN: &str = "turnout/admin";
/// Names that belong to this program itself: a missing one is made, not asked for.
const OWN: &str = "turnout/";

/// A key as it may be shown: `…` and its last four characters, or `…` alone where four would tell too much.
pub fn masked(secret: &SecretString) -> String {
    let characters: Vec<char> = secret.expose_secret().chars().collect();
    if characters.len() < 12 {
        return "…".to_owned();
    }
    format!(
        "…{}",
        characters[characters.len() - 4..]
            .iter()
            .collect::<String>()
    )
}

/// A new token: `turnout-` and 32 bytes from the operating system, in the alphabet of URLs.
pub fn new_token() -> Result<SecretString, SecretError> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| SecretError::NoRandomness(error.to_string()))?;
    let mut token = String::with_capacity(64);
    token.push_str("turnout-");
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_usize, |word, (at, byte)| {
            word | usize::from(*byte) << (16 - 8 * at)
        });
        for at in 0..=chunk.len() {
            token.push(char::from(ALPHABET[word >> (18 - 6 * at) & 63]));
        }
    }
    Ok(token.into())
}
