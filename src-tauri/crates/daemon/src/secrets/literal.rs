//! Keys on their way into the keychain: literals that stood in the config, and new ones. A literal leaves the file only
//! when the keychain has shown that it holds it.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::{ADMIN_TOKEN, Keychain, KeychainError, Literal, Reference};
use crate::place::names_key;
use crate::settings::{
    Settings,
    edit::{self, EditError, Edited},
};

/// Names tried for one secret before giving up.
const NAMES: usize = 100;

/// What became of the literals in a config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The config file changed.
    pub changed: bool,
    /// What to tell, in sentences: each literal, moved or not, is warned about.
    pub warnings: Vec<String>,
    /// Some stayed for want of a keychain, which may be there later.
    pub may_pass: bool,
}

/// Moves each literal secret of `config` into the keychain and puts a reference in its place. Where there is no
/// keychain, they stay, are used and warned about.
pub async fn move_literals(config: &Path, settings: &Settings, keychain: &Keychain) -> Moved {
    let mut moved = Moved::default();
    let mut silent = None;
    for (what, wish, literal) in literals(settings) {
        // One that hangs is not waited for once more for each literal.
        let outcome = match &silent {
            Some(error) => Err(KeychainError::clone(error).into()),
            None => move_one(config, settings, keychain, &wish, &literal.secret).await,
        };
        if let Err(KeepError::Keychain(error)) = &outcome {
            moved.may_pass |= error.may_pass();
            silent = Some(error.clone());
        }
        moved.warnings.push(match &outcome {
            Ok(name) => format!(
                "{what} stood in the config as a literal; it was moved to the keychain as keychain:{name} and should \
                 be replaced by a new one if anybody else could read the file"
            ),
            Err(error) => format!(
                "{what} stands in the config as a literal, where whatever reads the file can take it ({error})"
            ),
        });
        moved.changed |= outcome.is_ok();
    }
    moved
}

/// A key that was put into the keychain, and what undoes that.
#[derive(Debug)]
pub struct Kept {
    /// What the config calls it.
    pub reference: String,
    /// The change of the config, where that did not name it.
    pub edited: Option<Edited>,
    /// The entry of the keychain that was written, if one was, and what it held before.
    entry: Option<(String, Option<SecretString>)>,
}

impl Kept {
    /// Puts back what the keychain held before. An entry that the config was changed to name stays as long as it does.
    pub async fn undo(self, config: &Path, keychain: &Keychain) -> Result<(), KeychainError> {
        match self.entry {
            None => Ok(()),
            Some((name, Some(before))) => keychain.set(&name, &before).await,
            Some((name, None)) if self.edited.is_some() && names_key(config, &name) => Ok(()),
            Some((name, None)) => keychain.delete(&name).await,
        }
    }
}

/// Keeps a new key of `provider` in the keychain: under the first of its references that has no entry yet, else under a
/// new one that is added to the config.
pub async fn keep_key(
    config: &Path,
    settings: &Settings,
    keychain: &Keychain,
    provider: &str,
    value: &SecretString,
) -> Result<Kept, KeepError> {
    let Some(known) = settings.provider(provider) else {
        return Err(EditError::NoProvider(provider.to_owned()).into());
    };
    for reference in &known.keys {
        if let Reference::Keychain(name) = reference
            && keychain.get(name).await?.is_none()
        {
            put(keychain, name, value).await?;
            return Ok(Kept {
                reference: reference.to_string(),
                edited: None,
                entry: Some((name.clone(), None)),
            });
        }
    }
    let wish = known.key_id(known.keys.len());
    named(settings, keychain, &wish, value, |reference| {
        edit::add_key(config, provider, reference)
    })
    .await
}

/// Keeps another value for a key: under its name in the keychain where it has one, else under a new one that the config
/// then names.
pub async fn replace_key(
    config: &Path,
    settings: &Settings,
    keychain: &Keychain,
    (provider, index): (&str, usize),
    value: &SecretString,
) -> Result<Kept, KeepError> {
    let known = settings.provider(provider);
    let id = format!("{provider}/{index}");
    let Some(reference) = known.and_then(|known| known.keys.get(index)) else {
        return Err(EditError::Unknown("key", id).into());
    };
    let Reference::Keychain(name) = reference else {
        return named(settings, keychain, &id, value, |reference| {
            edit::replace_key(config, provider, index, reference)
        })
        .await;
    };
    let kept = Kept {
        reference: reference.to_string(),
        edited: None,
        entry: Some((name.clone(), keychain.get(name).await?)),
    };
    if let Err(error) = put(keychain, name, value).await {
        kept.undo(config, keychain).await?;
        return Err(error);
    }
    Ok(kept)
}

/// Keeps a secret under a name like the wished one, and has the config name it.
async fn named(
    settings: &Settings,
    keychain: &Keychain,
    wish: &str,
    value: &SecretString,
    edit: impl FnOnce(&str) -> Result<Option<Edited>, EditError>,
) -> Result<Kept, KeepError> {
    let (name, is_new) = keep(settings, keychain, wish, value).await?;
    let reference = format!("keychain:{name}");
    match edit(&reference) {
        Ok(edited) => Ok(Kept {
            reference,
            edited,
            entry: is_new.then_some((name, None)),
        }),
        Err(error) => {
            // Not left behind where nothing points at it.
            if is_new {
                keychain.delete(&name).await?;
            }
            Err(error.into())
        }
    }
}

/// Why a secret could not be put into the keychain or the config.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The keychain did not do it.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// The config could not be changed.
    #[error(transparent)]
    Config(#[from] EditError),
    /// The keychain said it did it, but gives back something else.
    #[error("the keychain did not keep the secret")]
    NotKept,
    /// Far too many entries of the same name.
    #[error("the keychain has no free name like \"{0}\"")]
    NoName(String),
}

async fn move_one(
    config: &Path,
    settings: &Settings,
    keychain: &Keychain,
    wish: &str,
    secret: &SecretString,
) -> Result<String, KeepError> {
    let (name, _) = keep(settings, keychain, wish, secret).await?;
    edit::replace_literal(config, secret, &format!("keychain:{name}"))?;
    Ok(name)
}

/// Puts a secret under the wished name, or one like it if that is taken. Tells the name and whether the entry is new.
pub(crate) async fn keep(
    settings: &Settings,
    keychain: &Keychain,
    wish: &str,
    secret: &SecretString,
) -> Result<(String, bool), KeepError> {
    for number in 1..=NAMES {
        let name = if number == 1 {
            wish.to_owned()
        } else {
            format!("{wish}-{number}")
        };
        match keychain.get(&name).await? {
            Some(there) if there.expose_secret() == secret.expose_secret() => {
                return Ok((name, false));
            }
            Some(_) => continue,
            // Free, but meant for another key that is still to be set.
            None if is_referenced(settings, &name) => continue,
            None => {}
        }
        put(keychain, &name, secret).await?;
        return Ok((name, true));
    }
    Err(KeepError::NoName(wish.to_owned()))
}

/// Puts a secret under exactly this name and reads it back.
async fn put(keychain: &Keychain, name: &str, secret: &SecretString) -> Result<(), KeepError> {
    keychain.set(name, secret).await?;
    let kept = keychain.get(name).await?;
    let same = kept.is_some_and(|kept| kept.expose_secret() == secret.expose_secret());
    same.then_some(()).ok_or(KeepError::NotKept)
}

/// Whether the config names this entry of the keychain.
fn is_referenced(settings: &Settings, name: &str) -> bool {
    let server = &settings.server;
    let tokens = server.client_tokens.iter().map(|client| &client.token);
    let keys = settings
        .providers
        .iter()
        .flat_map(|provider| &provider.keys);
    std::iter::once(&server.admin_token)
        .chain(tokens)
        .chain(keys)
        .any(|reference| matches!(reference, Reference::Keychain(other) if other == name))
}

/// Each literal that stands in the file itself: what it is, and the name it should get.
fn literals<'s>(settings: &'s Settings) -> Vec<(String, String, &'s Literal)> {
    let mut found = Vec::new();
    let mut note = |what: String, wish: String, reference: &'s Reference| {
        if let Reference::Literal(literal) = reference
            && !literal.expanded
        {
            found.push((what, wish, literal));
        }
    };
    note(
        "the admin token".to_owned(),
        ADMIN_TOKEN.to_owned(),
        &settings.server.admin_token,
    );
    for client in &settings.server.client_tokens {
        let wish = format!("turnout/client-{}", client.name);
        note(
            format!("the client token {}", client.name),
            wish,
            &client.token,
        );
    }
    for provider in &settings.providers {
        for (index, key) in provider.keys.iter().enumerate() {
            note(
                format!("key {}", provider.key_id(index)),
                provider.key_id(index),
                key,
            );
        }
    }
    found
}
