//! The secrets file behind the interface of the system's keychains, so that `keychain:NAME` means either.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use keyring::{Error, Result};
use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialPersistence, CredentialStore, Entry};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::sealed::{SealedError, SecretsFile};

/// Opens the secrets file as a store. A passphrase that does not open it is told here.
pub(super) fn open(path: &Path, passphrase: SecretString) -> Result<Arc<CredentialStore>> {
    let file = SecretsFile::new(path.to_owned(), passphrase);
    file.get("").map_err(told)?;
    Ok(Arc::new(Store(Arc::new(file))))
}

struct Store(Arc<SecretsFile>);

struct Secret {
    file: Arc<SecretsFile>,
    name: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secrets file")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the secrets file", self.name)
    }
}

impl CredentialStoreApi for Store {
    fn vendor(&self) -> String {
        "Turnout's secrets file".to_owned()
    }

    fn id(&self) -> String {
        "secrets-file".to_owned()
    }

    fn build(&self, _: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        let credential: Arc<Credential> = Arc::new(Secret {
            file: Arc::clone(&self.0),
            name: user.to_owned(),
        });
        Ok(Entry::new_with_credential(credential))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn persistence(&self) -> CredentialPersistence {
        CredentialPersistence::UntilDelete
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl CredentialApi for Secret {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(secret).map_err(|_| Error::BadEncoding(Vec::new()))?;
        let text = Zeroizing::new(text.to_owned());
        let changed = self.file.change(|secrets| {
            secrets.insert(self.name.clone(), text);
        });
        changed.map_err(told)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let secret = self.file.get(&self.name).map_err(told)?;
        secret.map_or(Err(Error::NoEntry), |secret| Ok(secret.as_bytes().to_vec()))
    }

    fn delete_credential(&self) -> Result<()> {
        let mut was_there = false;
        let changed = self
            .file
            .change(|secrets| was_there = secrets.remove(&self.name).is_some());
        changed.map_err(told)?;
        if was_there {
            Ok(())
        } else {
            Err(Error::NoEntry)
        }
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((String::new(), self.name.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

fn told(error: SealedError) -> Error {
    Error::NoStorageAccess(Box::new(error))
}

/// What the secrets file said, if the error is of it.
pub(super) fn cause(error: &Error) -> Option<String> {
    let Error::NoStorageAccess(cause) = error else {
        return None;
    };
    let own = cause.downcast_ref::<SealedError>();
    let own = own.or_else(|| cause.downcast_ref::<Arc<SealedError>>().map(AsRef::as_ref));
    own.map(ToString::to_string)
}
