//! The secrets file: where there is no keychain, secrets are kept in one file that a passphrase opens.
//!
//! It is JSON: what the key is made with, and all secrets together, sealed. The key comes from the passphrase by Argon2id
//! (RFC 9106; 19 MiB, two passes, as OWASP's password storage cheat sheet has it) with a salt of the file's own; names and
//! values are sealed by ChaCha20-Poly1305 (RFC 8439) with a new nonce each time, and the head of the file is
//! authenticated with them. Nothing of it is ever written unsealed, and a file that does not open is never replaced.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The version of the file's form.
const VERSION: u32 = 1;
const KIB: u32 = 19 << 10;
const PASSES: u32 = 2;
/// What a file may ask for: one that was tampered with must not eat the memory.
const MOST_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;

/// Why the file did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealedError {
    /// The passphrase is another one.
    #[error(
        "the passphrase does not open the secrets file {}, which stays as it is: set the one that it was made with \
         (TURNOUT_PASSPHRASE or TURNOUT_PASSPHRASE_FILE)",
        .0.display()
    )]
    Passphrase(PathBuf),
    /// It is something else, or damaged.
    #[error("the secrets file {path} is damaged ({1}) and stays as it is: bring it back from a backup, or move it away", path = .0.display())]
    Damaged(PathBuf, String),
    /// It cannot be read or written.
    #[error("the secrets file {path} cannot be used: {1}", path = .0.display())]
    Io(PathBuf, io::Error),
    /// The passphrase's own file cannot be read.
    #[error("TURNOUT_PASSPHRASE_FILE names {path}, which cannot be read: {1}", path = .0.display())]
    NoPassphrase(PathBuf, io::Error),
    /// The system has no randomness, or the key cannot be made.
    #[error("the secrets file cannot be sealed: {0}")]
    Failed(String),
}

/// What the key is made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    head: Head,
    nonce: String,
    secrets: String,
}

/// Names and values, wiped when dropped.
type Secrets = BTreeMap<String, Zeroizing<String>>;

/// The secrets file of a data folder and the passphrase that opens it.
pub(crate) struct SecretsFile {
    path: PathBuf,
    passphrase: SecretString,
    /// The key of the head that it was made with: making one is slow on purpose.
    key: Mutex<Option<(Head, LessSafeKey)>>,
}

impl SecretsFile {
    pub(crate) fn new(path: PathBuf, passphrase: SecretString) -> Self {
        Self {
            path,
            passphrase,
            key: Mutex::new(None),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SealedError> {
        let (_, mut secrets) = self.read()?;
        Ok(secrets.remove(name))
    }

    /// Changes what is in it. Of several processes that do so one waits for the other.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Secrets)) -> Result<(), SealedError> {
        let io = |error| SealedError::Io(self.path.clone(), error);
        let lock = File::create(self.path.with_extension("lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let (head, mut secrets) = self.read()?;
        change(&mut secrets);
        let head = head.map_or_else(Head::new, Ok)?;
        let text = self.seal(&head, &secrets)?;
        write(&self.path, text.as_bytes()).map_err(io)
        // The lock goes with its file.
    }

    /// What is in it; nothing where there is no file yet.
    fn read(&self) -> Result<(Option<Head>, Secrets), SealedError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((None, Secrets::new()));
            }
            Err(error) => return Err(SealedError::Io(self.path.clone(), error)),
        };
        let damaged = |why: &str| SealedError::Damaged(self.path.clone(), why.to_owned());
        let file: Sealed =
            serde_json::from_slice(&text).map_err(|_| damaged("it has another form"))?;
        if file.head.version != VERSION || file.head.kdf != "argon2id" {
            return Err(damaged("a later version of Turnout made it"));
        }
        let nonce = STANDARD.decode(&file.nonce).ok();
        let nonce = nonce.and_then(|nonce| Nonce::try_assume_unique_for_key(&nonce).ok());
        let nonce = nonce.ok_or_else(|| damaged("its nonce is broken"))?;
        let mut sealed = Zeroizing::new(
            STANDARD
                .decode(&file.secrets)
                .map_err(|_| damaged("its content is broken"))?,
        );
        let opened = self.with_key(&file.head, |key| {
            let plain = key.open_in_place(nonce, file.head.aad()?, &mut sealed);
            // Whether the passphrase is wrong or a bit has flipped cannot be told apart.
            let plain = plain.map_err(|_| SealedError::Passphrase(self.path.clone()))?;
            let secrets = serde_json::from_slice::<BTreeMap<String, String>>(plain);
            let secrets = secrets.map_err(|_| damaged("its content has another form"))?;
            Ok(secrets
                .into_iter()
                .map(|(name, secret)| (name, Zeroizing::new(secret)))
                .collect())
        })?;
        Ok((Some(file.head), opened))
    }

    fn seal(&self, head: &Head, secrets: &Secrets) -> Result<String, SealedError> {
        let mut nonce = [0; 12];
        random(&mut nonce)?;
        let failed = |error: serde_json::Error| SealedError::Failed(error.to_string());
        let texts: BTreeMap<&str, &str> = secrets
            .iter()
            .map(|(name, secret)| (&**name, &***secret))
            .collect();
        let mut content = Zeroizing::new(serde_json::to_vec(&texts).map_err(failed)?);
        self.with_key(head, |key| {
            let unique = Nonce::assume_unique_for_key(nonce);
            let sealed = key.seal_in_place_append_tag(unique, head.aad()?, &mut *content);
            sealed.map_err(|_| SealedError::Failed("the content is too large".to_owned()))
        })?;
        let file = Sealed {
            head: head.clone(),
            nonce: STANDARD.encode(nonce),
            secrets: STANDARD.encode(&*content),
        };
        serde_json::to_string_pretty(&file).map_err(failed)
    }

    fn with_key<T>(
        &self,
        head: &Head,
        work: impl FnOnce(&LessSafeKey) -> Result<T, SealedError>,
    ) -> Result<T, SealedError> {
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_with, key)) = &*kept
            && made_with == head
        {
            return work(key);
        }
        let key = head.key(&self.passphrase, &self.path)?;
        let done = work(&key);
        *kept = Some((head.clone(), key));
        done
    }
}

impl Head {
    fn new() -> Result<Self, SealedError> {
        let mut salt = [0; 16];
        random(&mut salt)?;
        Ok(Self {
            version: VERSION,
            kdf: "argon2id".to_owned(),
            memory_kib: KIB,
            passes: PASSES,
            salt: STANDARD.encode(salt),
        })
    }

    fn key(&self, passphrase: &SecretString, path: &Path) -> Result<LessSafeKey, SealedError> {
        let damaged = |why: &str| SealedError::Damaged(path.to_owned(), why.to_owned());
        if self.memory_kib > MOST_KIB || self.passes > MOST_PASSES {
            return Err(damaged("it asks for more memory or time than any"));
        }
        let salt = STANDARD
            .decode(&self.salt)
            .map_err(|_| damaged("its salt is broken"))?;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32));
        let params = params.map_err(|error| damaged(&error.to_string()))?;
        let mut bytes = Zeroizing::new([0; 32]);
        let secret = passphrase.expose_secret().as_bytes();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret, &salt, bytes.as_mut_slice())
            .map_err(|error| damaged(&error.to_string()))?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_slice());
        let key = key.map_err(|_| SealedError::Failed("the key has another length".to_owned()))?;
        Ok(LessSafeKey::new(key))
    }

    /// The head itself, authenticated with the content.
    fn aad(&self) -> Result<Aad<Vec<u8>>, SealedError> {
        let head = serde_json::to_vec(self);
        head.map(Aad::from)
            .map_err(|error| SealedError::Failed(error.to_string()))
    }
}

fn random(bytes: &mut [u8]) -> Result<(), SealedError> {
    getrandom::fill(bytes).map_err(|error| SealedError::Failed(error.to_string()))
}

/// Replaces the file as a whole, so that a crash leaves the old one or the new one. Its owner alone can read it (0600).
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The passphrase that the environment gives: `TURNOUT_PASSPHRASE`, or the file that `TURNOUT_PASSPHRASE_FILE` names.
pub(crate) fn passphrase(
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretString>, SealedError> {
    let filled = |name: &str| env(name).filter(|text| !text.is_empty());
    if let Some(passphrase) = filled("TURNOUT_PASSPHRASE") {
        return Ok(Some(passphrase.into()));
    }
    let Some(path) = filled("TURNOUT_PASSPHRASE_FILE").map(PathBuf::from) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path).map(Zeroizing::new);
    let text = text.map_err(|error| SealedError::NoPassphrase(path.clone(), error))?;
    let passphrase = text.trim_end_matches(['\r', '\n']);
    if passphrase.is_empty() {
        let empty = io::Error::new(io::ErrorKind::InvalidData, "it is empty");
        return Err(SealedError::NoPassphrase(path, empty));
    }
    Ok(Some(passphrase.into()))
}
