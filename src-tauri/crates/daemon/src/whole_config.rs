//! The config as a whole: shown without secrets, and written by whoever saw it so.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::handle::{CommandError, Daemon};
use crate::settings::edit::{self, Edited};
use crate::settings::{self, Problem, itemized, watch};
use crate::view::Config;

/// Why a broken file is not shown.
const HIDDEN: &str =
    "the config is not shown while it has a mistake, as what in it is a secret cannot be told";

/// Why the config was left as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// It is not the one that the caller saw.
    #[error("the config was changed since it was read: read it again, and change that")]
    Changed,
    /// The new text is no config.
    #[error("this is not a valid config:{}", itemized(.0))]
    Mistakes(Vec<Problem>),
    /// It could not be written or taken in.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// What tells one text of the config from another; of what stands in it, it tells nothing.
pub(crate) fn etag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut tag = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

impl Daemon {
    /// The file as it stands there. Literal secrets are masked; a file that is broken is not shown, as what in it is a
    /// secret can't be told, which `hidden` says.
    pub(crate) fn config(&self) -> Result<Config, CommandError> {
        let text = self.config_text()?;
        let (toml, errors) = match settings::parse(&text) {
            Ok(_) => (settings::masked(&text), Vec::new()),
            Err(problems) => (None, problems),
        };
        Ok(Config {
            path: self.instance().place.config.clone(),
            hidden: toml.is_none().then_some(HIDDEN),
            toml,
            errors,
            in_use: self.instance().config_problem().is_none(),
            etag: etag(&text),
        })
    }

    /// Puts another text in the place of the config, as it is written, and takes it in. What was shown masked may be
    /// sent masked, and stays what it was. Where `is_seen` does not know the [`etag`] of the text that is there,
    /// nothing is done.
    pub(crate) async fn put_config(
        &self,
        toml: &str,
        is_seen: impl Fn(&str) -> bool,
    ) -> Result<Config, PutError> {
        let _edit = self.instance().editing.lock().await;
        let before = self.config_text()?;
        if !is_seen(&etag(&before)) {
            return Err(PutError::Changed);
        }
        let after =
            settings::unmasked(toml, &before).map_err(|lost| PutError::Mistakes(vec![lost.0]))?;
        settings::parse(&after).map_err(PutError::Mistakes)?;
        if after != before {
            let path = &self.instance().place.config;
            if !edit::put(path, &before, &after).map_err(CommandError::from)? {
                return Err(PutError::Changed);
            }
            tracing::info!("the config was written as a whole");
            self.take_in_edited(&Edited { before, after }).await?;
        }
        Ok(self.config()?)
    }

    pub(crate) fn config_text(&self) -> Result<String, CommandError> {
        let text = watch::read(&self.instance().place.config);
        text.map_err(|unreadable| CommandError::Refused(unreadable.to_string()))
    }

    /// Takes in what was written; where that cannot be, the file has the text of before again.
    pub(crate) async fn take_in_edited(&self, edited: &Edited) -> Result<(), CommandError> {
        let Err(told) = self.reload().await else {
            return Ok(());
        };
        let path = &self.instance().place.config;
        if let Ok(true) = edit::put(path, &edited.after, &edited.before) {
            // What is wrong with that one, if something is, was told before.
            let _ = self.reload().await;
            return Err(CommandError::Refused(told));
        }
        // Somebody changed it since, or keys in it were moved to the keychain.
        Err(CommandError::Refused(format!(
            "{told}; {} has the new text all the same, as it was changed meanwhile: correct it there",
            path.display()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_tags_of_their_own() {
        assert_eq!(etag("a"), etag("a"));
        assert_ne!(etag("a"), etag("b"));
        assert_eq!(etag("").len(), 32);
    }
}
