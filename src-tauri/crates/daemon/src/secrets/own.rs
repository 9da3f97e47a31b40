//! Tokens of this program itself that are made while it runs: kept where such tokens are, renewed, forgotten.

use std::io::{self, Write as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::{ADMIN_TOKEN, KeychainError, OWN, Reference, Resolver, SecretError, new_token};

/// Names tried for one token before giving up.
const NAMES: usize = 100;

impl Resolver {
    /// Makes a token and keeps it under the wished name, or one like it where that is taken: in the keychain, or else in a
    /// file of its own.
    pub(crate) async fn make_own(
        &self,
        wish: &str,
    ) -> Result<(Reference, SecretString), SecretError> {
        for number in 1..=NAMES {
            let name = match number {
                1 => wish.to_owned(),
                number => format!("{wish}-{number}"),
            };
            let is_kept = matches!(self.keychain.get(&name).await, Ok(Some(_)));
            if is_kept || self.token_file(&name).exists() {
                continue;
            }
            let reference = self.kept_own(&name).await?;
            let secret = self.one(&reference).await?;
            return Ok((reference, secret));
        }
        let told = "it has a hundred entries of this name already";
        Err(SecretError::Unusable(format!("keychain:{wish}"), told))
    }

    /// Puts a new token in the place of the one of this name. A keychain that is only locked is not got around: what it
    /// holds would come back with it.
    pub(crate) async fn renew_own(
        &self,
        name: &str,
    ) -> Result<(Reference, SecretString), SecretError> {
        let secret = new_token()?;
        let file = self.token_file(name);
        match self.keychain.set(name, &secret).await {
            Ok(()) => {
                remove(&file)?;
                Ok((Reference::Keychain(name.to_owned()), secret))
            }
            Err(error) if error == KeychainError::Silent || !error.leaves_files() => {
                Err(error.into())
            }
            Err(_) => {
                write(&file, &secret)?;
                Ok((Reference::File(file.display().to_string()), secret))
            }
        }
    }

    /// The token of this name as it is kept now: in the keychain, or else in its file.
    pub(crate) async fn kept_under(&self, name: &str) -> Option<SecretString> {
        if let Ok(Some(secret)) = self.keychain.get(name).await {
            return Some(secret);
        }
        let text = std::fs::read_to_string(self.token_file(name)).ok()?;
        Some(text.trim().into())
    }

    /// Puts the token of before in the place of one that was renewed and could not be taken in.
    pub(crate) async fn put_back_own(
        &self,
        reference: &Reference,
        before: Option<SecretString>,
    ) -> Result<(), SecretError> {
        let Some(before) = before else {
            return self.forget_own(reference).await;
        };
        match reference {
            Reference::Keychain(name) => Ok(self.keychain.set(name, &before).await?),
            Reference::File(written) => write(&self.path(written), &before),
            _ => Ok(()),
        }
    }

    /// Forgets a token of this program itself. What somebody keeps elsewhere stays there.
    pub(crate) async fn forget_own(&self, reference: &Reference) -> Result<(), SecretError> {
        match reference {
            Reference::Keychain(name) if name.starts_with(OWN) => {
                if self.keychain.available().await {
                    self.keychain.delete(name).await?;
                }
                remove(&self.token_file(name))
            }
            Reference::File(written) => {
                let path = self.path(written);
                let beside = self.token_file(ADMIN_TOKEN);
                match beside.parent() {
                    Some(folder) if path.starts_with(folder) => remove(&path),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

fn remove(path: &Path) -> Result<(), SecretError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed(path, source)),
        _ => Ok(()),
    }
}

/// Writes a token so that a crash leaves the old one or the new one, and its owner alone can read it.
fn write(path: &Path, secret: &SecretString) -> Result<(), SecretError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    super::resolve::make_token_folder(folder).map_err(|source| failed(path, source))?;
    let written = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{}", secret.expose_secret())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> SecretError {
    SecretError::File {
        path: path.to_owned(),
        source,
    }
}
