//! The operating system's keychain: macOS Keychain, Windows Credential Manager, or the Secret Service.
//!
//! Every call runs on a thread of its own and is waited for no longer than five seconds: a locked collection blocks
//! until somebody answers its prompt. Such a thread must be none of tokio's, or the process could not end before the
//! prompt is answered; and the Secret Service's client may not run inside a runtime at all.
//!
//! The store is opened on first use and dropped as soon as it fails, so that a Secret Service that starts later, or
//! starts again, is found. Never falls back to keeping a secret elsewhere; that is for the caller to decide.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keyring::Error;
use keyring_core::{CredentialStore, Entry};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, oneshot};
use zeroize::Zeroizing;

use super::sealed::SealedError;
use super::sealed_store;

/// The service under which all entries are kept.
const SERVICE: &str = "turnout";
/// An entry that need not exist, to see whether any can be had.
const PROBE: &str = "turnout/probe";
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls at once; those that hang on a prompt hold a thread each until it is answered.
const CALLS: usize = 4;

/// Why the keychain did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// There is none, or it may not be used.
    #[error(
        "no keychain can be reached here ({0}); use env:NAME or file:PATH instead, or have TURNOUT_PASSPHRASE in the environment \
         that Turnout is started in, for a secrets file"
    )]
    Unavailable(String),
    /// It is waiting for somebody to unlock it.
    #[error("the keychain did not answer within 5 s; unlock it if it shows a prompt")]
    Silent,
    /// It is there, and refused.
    #[error("the keychain refused ({0}); unlock it, or make a default collection in its settings")]
    Refused(String),
    /// It holds something that is no text.
    #[error("the keychain's entry \"{0}\" is not text; set it anew")]
    NotText(String),
    /// The secrets file in its place does not open, or cannot be used.
    #[error("{0}")]
    Sealed(String),
    /// Anything else.
    #[error("the keychain failed on \"{name}\": {why}")]
    Failed {
        /// Name of the entry.
        name: String,
        /// What it said.
        why: String,
    },
}

impl KeychainError {
    /// Whether it may work later without anybody changing the config.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Silent | Self::Refused(_) | Self::Unavailable(_))
    }

    /// Whether an own token may be kept in a file instead. Who chose a secrets file wants no secret in plain text.
    pub(super) fn leaves_files(&self) -> bool {
        !matches!(self, Self::Sealed(_))
    }
}

type Opener = dyn Fn() -> keyring::Result<Arc<CredentialStore>> + Send + Sync;

/// A handle to the keychain; clones share it.
#[derive(Clone)]
pub struct Keychain {
    shared: Arc<Shared>,
    calls: Arc<Semaphore>,
    patience: Duration,
    /// It is the secrets file.
    is_file: bool,
}

struct Shared {
    open: Box<Opener>,
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain").finish_non_exhaustive()
    }
}

impl Keychain {
    /// The operating system's. Nothing is opened before the first use.
    pub fn system() -> Self {
        Self::with(platform_store)
    }

    /// None: each call says that there is no keychain.
    pub fn none() -> Self {
        Self::with(|| Err(Error::NoStorageAccess("it was switched off".into())))
    }

    /// The secrets file at `path`, which this passphrase opens. It is made when the first secret is kept.
    pub fn sealed(path: PathBuf, passphrase: SecretString) -> Self {
        Self {
            is_file: true,
            ..Self::with(move || sealed_store::open(&path, passphrase.clone()))
        }
    }

    /// One that cannot be had, for this reason.
    pub(crate) fn unusable(why: SealedError) -> Self {
        let why = Arc::new(why);
        Self {
            is_file: true,
            ..Self::with(move || Err(Error::NoStorageAccess(Box::new(Arc::clone(&why)))))
        }
    }

    /// One that opens its store by `open`, for tests and other stores.
    pub fn with(
        open: impl Fn() -> keyring::Result<Arc<CredentialStore>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                open: Box::new(open),
                store: Mutex::new(None),
            }),
            calls: Arc::new(Semaphore::new(CALLS)),
            patience: PATIENCE,
            is_file: false,
        }
    }

    /// One that is waited for no longer than `patience`.
    #[cfg(test)]
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether there is a keychain that answers. Asks for an entry that need not exist.
    pub async fn available(&self) -> bool {
        self.answers().await.is_ok()
    }

    /// Whether it is a secrets file instead of the operating system's keychain.
    pub(crate) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Why it does not answer, if it does not.
    pub(crate) async fn answers(&self) -> Result<(), KeychainError> {
        self.get(PROBE).await.map(drop)
    }

    /// Whether a secrets file that stands for the keychain opens. Any other keychain may come later and is no error.
    pub(crate) async fn check_opens(&self) -> Result<(), KeychainError> {
        if self.is_file {
            self.answers().await?;
        }
        Ok(())
    }

    /// The secret called `name`, if there is one.
    pub async fn get(&self, name: &str) -> Result<Option<SecretString>, KeychainError> {
        self.call(name, move |entry| match entry.get_secret() {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let text =
                    std::str::from_utf8(&bytes).map_err(|_| Error::BadEncoding(Vec::new()))?;
                Ok(Some(SecretString::from(text)))
            }
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Keeps `secret` as `name`, in the place of what was there.
    pub async fn set(&self, name: &str, secret: &SecretString) -> Result<(), KeychainError> {
        let secret = secret.clone();
        self.call(name, move |entry| {
            entry.set_secret(secret.expose_secret().as_bytes())
        })
        .await
    }

    /// Forgets `name`. It is no error if there was nothing.
    pub async fn delete(&self, name: &str) -> Result<(), KeychainError> {
        self.call(name, move |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            other => other,
        })
        .await
    }

    /// Runs `work` on a thread of its own, twice if the first store turned out dead.
    async fn call<T: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, KeychainError> {
        let shared = Arc::clone(&self.shared);
        let calls = Arc::clone(&self.calls);
        let owned = name.to_owned();
        let answer = async move {
            let permit = calls
                .acquire_owned()
                .await
                .map_err(|_| KeychainError::Silent)?;
            let (sender, receiver) = oneshot::channel();
            let thread = std::thread::Builder::new().name("keychain".to_owned());
            let spawned = thread.spawn(move || {
                // Nobody listens any more if the wait was given up.
                drop(sender.send(shared.attempt(&owned, &work)));
                drop(permit);
            });
            spawned.map_err(|error| KeychainError::Unavailable(error.to_string()))?;
            receiver
                .await
                .map_err(|_| KeychainError::Unavailable("its client crashed".to_owned()))?
        };
        tokio::time::timeout(self.patience, answer)
            .await
            .unwrap_or(Err(KeychainError::Silent))
    }
}

impl Shared {
    fn attempt<T>(
        &self,
        name: &str,
        work: &dyn Fn(&Entry) -> keyring::Result<T>,
    ) -> Result<T, KeychainError> {
        let once = || {
            let store = self.opened()?;
            store
                .build(SERVICE, name, None)
                .and_then(|entry| work(&entry))
                .map_err(|error| {
                    if is_dead(&error) {
                        self.forget(&store);
                    }
                    (error, false)
                })
        };
        let outcome = match once() {
            // The session is gone or the daemon was started anew: once more with a new store.
            Err((error, false)) if is_dead(&error) => once(),
            other => other,
        };
        outcome.map_err(|(error, opening)| described(name, &error, opening))
    }

    /// The open store; the error is marked as one of opening.
    fn opened(&self) -> Result<Arc<CredentialStore>, (Error, bool)> {
        if let Some(store) = self.held().as_ref() {
            return Ok(Arc::clone(store));
        }
        // Opened without the lock, as it may take long; of two at once the later one stays.
        let store = (self.open)().map_err(|error| (error, true))?;
        *self.held() = Some(Arc::clone(&store));
        Ok(store)
    }

    /// Drops a dead store, unless another call has already put a new one in its place.
    fn forget(&self, dead: &Arc<CredentialStore>) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|store| Arc::ptr_eq(store, dead)) {
            *held = None;
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Arc<CredentialStore>>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errors of the connection rather than of the entry: no session, unknown service, broken bus.
fn is_dead(error: &Error) -> bool {
    matches!(error, Error::PlatformFailure(_))
}

fn described(name: &str, error: &Error, opening: bool) -> KeychainError {
    let why = error.to_string();
    match error {
        _ if let Some(told) = sealed_store::cause(error) => KeychainError::Sealed(told),
        _ if opening => KeychainError::Unavailable(why),
        Error::NoStorageAccess(_) => KeychainError::Refused(why),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => KeychainError::NotText(name.to_owned()),
        Error::PlatformFailure(_) if why.contains("ServiceUnknown") => {
            KeychainError::Unavailable(why)
        }
        _ => KeychainError::Failed {
            name: name.to_owned(),
            why,
        },
    }
}

#[cfg(target_os = "macos")]
fn platform_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(target_os = "windows")]
fn platform_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn platform_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}
