//! Keys of providers: kept in the keychain, tried, replaced and forgotten. A value is kept nowhere else, and answers are
//! masked.

use secrecy::{ExposeSecret as _, SecretString};

use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::place::names_key;
use crate::reload::told;
use crate::secrets::{self, KeepError, Kept, Reference};
use crate::settings::{self, edit};
use crate::view::{Key, ProviderTest, SecretStore};

impl Daemon {
    /// Where a key would be kept now.
    pub async fn secret_store(&self) -> SecretStore {
        let keychain = &self.instance().keychain;
        SecretStore {
            available: keychain.available().await,
            file: keychain.is_file(),
        }
    }

    /// Stores a key in the keychain and adds its reference to the provider in the config.
    pub async fn set_key(&self, provider: &str, value: SecretString) -> Result<Key, CommandError> {
        let value = bare(&value)?;
        let instance = self.instance();
        // Two at once would choose the same name.
        let _one = instance.setting_key.lock().await;
        let _edit = instance.editing.lock().await;
        let loaded = self.loaded();
        if loaded.settings.provider(provider).is_none() {
            return Err(no_such("provider", provider));
        }
        self.can_be_taken_in()?;
        let kept = secrets::keep_key(
            &instance.place.config,
            &loaded.settings,
            &instance.keychain,
            provider,
            &value,
        )
        .await?;
        let reference = self.take_in_kept(kept).await?;
        let known = self
            .keys()
            .into_iter()
            .find(|key| key.provider == provider && key.source == reference);
        known.ok_or_else(|| {
            CommandError::Refused(format!(
                "the key was kept as {reference}, but the config in use lacks it"
            ))
        })
    }

    /// Puts another value in a key's place.
    pub async fn rotate_key(
        &self,
        provider: &str,
        id: &str,
        value: SecretString,
    ) -> Result<Key, CommandError> {
        let value = bare(&value)?;
        let instance = self.instance();
        let _one = instance.setting_key.lock().await;
        let _edit = instance.editing.lock().await;
        let index = self.key_index(provider, id)?;
        let loaded = self.loaded();
        self.can_be_taken_in()?;
        let kept = secrets::replace_key(
            &instance.place.config,
            &loaded.settings,
            &instance.keychain,
            (provider, index),
            &value,
        )
        .await?;
        self.take_in_kept(kept).await?;
        tracing::info!("key {provider}/{index} has another value");
        let key = format!("{provider}/{index}");
        let known = self.keys().into_iter().find(|known| known.id == key);
        known.ok_or_else(|| no_such("key", &key))
    }

    /// Takes a key out of the config and out of the keychain.
    pub async fn remove_key(&self, provider: &str, id: &str) -> Result<(), CommandError> {
        let instance = self.instance();
        let _one = instance.setting_key.lock().await;
        let _edit = instance.editing.lock().await;
        let index = self.key_index(provider, id)?;
        let loaded = self.loaded();
        let keys = loaded.settings.provider(provider).map(|known| &known.keys);
        let reference = keys.and_then(|keys| keys.get(index));
        self.can_be_taken_in()?;
        if let Some(edited) = edit::remove_key(&instance.place.config, provider, index)? {
            self.take_in_edited(&edited).await?;
        }
        tracing::info!("key {provider}/{index} was taken out");
        // Only what nothing needs any more: a removal that is refused loses no key.
        if let Some(Reference::Keychain(name)) = reference
            && !names_key(&instance.place.config, name)
        {
            instance.keychain.delete(name).await.map_err(|error| {
                CommandError::NoKeychain(format!(
                    "the config has the key {provider}/{index} no more, but its entry {name} stays in the keychain: \
                     {error}"
                ))
            })?;
        }
        Ok(())
    }

    /// Refuses to touch a key while the config as it stands could not be taken in.
    fn can_be_taken_in(&self) -> Result<(), CommandError> {
        let parsed = settings::parse(&self.config_text()?);
        parsed.map(drop).map_err(|problems| {
            let told = told(&self.instance().place.config, &problems);
            CommandError::Refused(format!("the keys stay as they are: {told}"))
        })
    }

    /// Takes in a key that was kept, and tells its reference. Where that cannot be, the config and the keychain are as
    /// before.
    async fn take_in_kept(&self, kept: Kept) -> Result<String, CommandError> {
        let taken_in = match &kept.edited {
            Some(edited) => self.take_in_edited(edited).await,
            None => self.reload().await.map_err(CommandError::Refused),
        };
        let reference = kept.reference.clone();
        let Err(error) = taken_in else {
            return Ok(reference);
        };
        let instance = self.instance();
        let undone = kept.undo(&instance.place.config, &instance.keychain);
        Err(match undone.await {
            Ok(()) => error,
            Err(why) => CommandError::Refused(format!(
                "{error}; what {reference} held before could not be put back, so set that key anew: {why}"
            )),
        })
    }

    /// Sends a tiny request with this key, whether it rests or not.
    pub async fn test_key(&self, provider: &str, id: &str) -> Result<ProviderTest, CommandError> {
        let index = self.key_index(provider, id)?;
        self.try_out(provider, Some(&format!("{provider}/{index}")))
            .await
    }

    /// Where a key stands in its provider's list: by its id, or by its number alone.
    fn key_index(&self, provider: &str, id: &str) -> Result<usize, CommandError> {
        let loaded = self.loaded();
        let known = loaded.settings.provider(provider);
        let known = known.ok_or_else(|| no_such("provider", provider))?;
        let own = id
            .strip_prefix(provider)
            .and_then(|rest| rest.strip_prefix('/'));
        let index = own.unwrap_or(id).parse().ok();
        index
            .filter(|index| *index < known.keys.len())
            .ok_or_else(|| no_such("key", id))
    }
}

impl From<KeepError> for CommandError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Keychain(error) => Self::NoKeychain(error.to_string()),
            KeepError::Config(error) => error.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// A pasted key without the white space around it. A key travels in a header, so it has none inside.
fn bare(value: &SecretString) -> Result<SecretString, CommandError> {
    let text = value.expose_secret().trim();
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(CommandError::Invalid(
            "a key is one word without white space: give the key and nothing else".into(),
        ));
    }
    Ok(text.into())
}
