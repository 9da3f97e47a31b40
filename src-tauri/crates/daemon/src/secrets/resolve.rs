//! From references to values. A secret that cannot be had is a warning, never the end: its provider stays without it.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{Env, Keychain, KeychainError, OWN, Reference, new_token};
use crate::settings::Settings;

/// No key is longer than this.
const MAX_SECRET: usize = 64 << 10;
/// Why a provider gets no admin token.
const ADMIN_TOKEN: &str =
    "it is the admin token, which no provider is told; give the provider a key of its own";
/// Folder in the data folder for this program's own tokens where there is no keychain.
const TOKENS: &str = "tokens";

/// Why a secret could not be had. Names the reference, never the value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// `env:` names a variable that is not set, or empty.
    #[error(
        "the environment variable {0} is not set; set it before the start, or use another reference"
    )]
    NoVariable(String),
    /// `file:` names a file that cannot be read or written.
    #[error("the secret file {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was found is no key.
    #[error("{0} holds no usable secret: {1}")]
    Unusable(String, &'static str),
    /// The keychain has nothing under this name.
    #[error(
        "the keychain has no entry \"{0}\"; set the key in the app or with `{program} keys set`", program = crate::program()
    )]
    NotInKeychain(String),
    /// The keychain did not do it.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// The operating system gives no random bytes.
    #[error("the system gives no random bytes for a new token: {0}")]
    NoRandomness(String),
}

impl SecretError {
    /// Whether the secrets file does not open.
    fn is_sealed(&self) -> bool {
        matches!(self, Self::Keychain(error) if !error.leaves_files())
    }

    /// Whether it may be had later without anybody changing the config.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Keychain(error) if error.may_pass())
    }
}

/// Every secret of one state of the settings. `Debug` tells how many, not which.
#[derive(Clone, Default)]
pub struct Resolved {
    /// Token of the admin API; without one that API is closed.
    pub admin_token: Option<SecretString>,
    /// Names and tokens of clients, those that could be had.
    pub client_tokens: Vec<(String, SecretString)>,
    /// Provider keys by key id (`relay/0`), those that could be had.
    pub keys: HashMap<String, SecretString>,
    /// What could not be had or needs attention, in sentences.
    pub warnings: Vec<String>,
    /// Some may be had later without a change of the config, as a keychain is locked or not there yet.
    pub may_pass: bool,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("client_tokens", &self.client_tokens.len())
            .field("keys", &self.keys.len())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Fetches secrets.
#[derive(Clone)]
pub struct Resolver {
    pub(super) keychain: Keychain,
    config_folder: PathBuf,
    data: PathBuf,
    env: Env,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

impl Resolver {
    /// One for the config at `config`, which relative `file:` paths start from, and its data folder.
    pub fn new(keychain: Keychain, config: &Path, data: &Path) -> Self {
        Self {
            keychain,
            config_folder: config.parent().unwrap_or(Path::new(".")).to_owned(),
            data: data.to_owned(),
            env: Arc::new(|name| std::env::var(name).ok()),
        }
    }

    /// Takes `env:` references from `env` instead of this process's environment.
    #[must_use]
    pub fn with_env(self, env: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            env: Arc::new(env),
            ..self
        }
    }

    /// Fetches one secret.
    pub async fn one(&self, reference: &Reference) -> Result<SecretString, SecretError> {
        let secret = match reference {
            Reference::Keychain(name) => self.kept(name).await?,
            Reference::Env(name) => match (self.env)(name).filter(|value| !value.trim().is_empty())
            {
                Some(value) => SecretString::from(Zeroizing::new(value).trim()),
                None => return Err(SecretError::NoVariable(name.clone())),
            },
            Reference::File(path) => read_secret(&self.path(path))?,
            Reference::Literal(literal) => literal.secret.clone(),
        };
        usable(&secret).map_err(|why| SecretError::Unusable(reference.to_string(), why))?;
        Ok(secret)
    }

    /// A secret of the keychain; for an own token, else what is kept in its file meanwhile.
    async fn kept(&self, name: &str) -> Result<SecretString, SecretError> {
        let file = self.token_file(name);
        match self.keychain.get(name).await {
            Ok(Some(secret)) => Ok(secret),
            _ if name.starts_with(OWN) && file.exists() => read_secret(&file),
            Ok(None) => Err(SecretError::NotInKeychain(name.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// Fetches all secrets of `settings` at once, and makes this program's own tokens where they do not exist yet.
    pub async fn all(&self, settings: &Settings) -> Resolved {
        let keys = settings.providers.iter().flat_map(|provider| {
            let named = move |(index, reference)| (provider, index, reference);
            provider.keys.iter().enumerate().map(named)
        });
        let (admin, clients, keys) = tokio::join!(
            self.own(&settings.server.admin_token),
            join_all(
                settings
                    .server
                    .client_tokens
                    .iter()
                    .map(|client| self.own(&client.token))
            ),
            join_all(keys.map(|(provider, index, reference)| async move {
                (provider, index, reference, self.one(reference).await)
            })),
        );
        let mut resolved = Resolved::default();
        resolved.admin_token = resolved.take(admin, "admin token, so the admin API is closed");
        for (client, outcome) in settings.server.client_tokens.iter().zip(clients) {
            if let Some(secret) = resolved.take(outcome, &format!("client token {}", client.name)) {
                resolved.client_tokens.push((client.name.clone(), secret));
            }
        }
        for (provider, index, reference, outcome) in keys {
            let id = provider.key_id(index);
            let outcome = outcome.and_then(|secret| resolved.foreign(reference, secret));
            // One that is switched off may be switched on while running; what it lacks until then is no news.
            let secret = if provider.enabled {
                self.warn_of_readers(reference, &mut resolved.warnings);
                resolved.take(outcome.map(Had::plain), &format!("key {id}"))
            } else {
                outcome.ok()
            };
            resolved.keys.extend(secret.map(|secret| (id, secret)));
        }
        resolved
    }

    /// A token of this program itself: made where it does not exist, kept in a file where there is no keychain.
    async fn own(&self, reference: &Reference) -> Result<Had, SecretError> {
        match reference {
            Reference::Keychain(name) if name.starts_with(OWN) => {
                match self.kept_or_made(name).await {
                    Ok(secret) => Ok(Had::plain(secret)),
                    Err(error) if error.is_sealed() => Err(error),
                    Err(error) => {
                        let file = self.token_file(name);
                        let warning = format!(
                            "{error}; until then the token in {} is used",
                            file.display()
                        );
                        let secret = read_or_make(&file)?;
                        Ok(Had {
                            secret,
                            warning: Some((warning, error.may_pass())),
                        })
                    }
                }
            }
            Reference::File(path) if self.path(path).starts_with(self.data.join(TOKENS)) => {
                read_or_make(&self.path(path)).map(Had::plain)
            }
            other => self.one(other).await.map(Had::plain),
        }
    }

    /// An own token from the keychain. One that was kept in a file meanwhile moves there, so that clients keep working.
    async fn kept_or_made(&self, name: &str) -> Result<SecretString, SecretError> {
        if let Some(secret) = self.keychain.get(name).await? {
            return Ok(secret);
        }
        let file = self.token_file(name);
        let secret = if file.exists() {
            read_secret(&file)?
        } else {
            new_token()?
        };
        self.keychain.set(name, &secret).await?;
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(
                "the token file {} is no longer needed and could not be removed: {error}",
                file.display()
            );
        }
        Ok(secret)
    }

    /// Makes sure that an own token exists, in the keychain or else in a file, and tells where.
    pub(crate) async fn kept_own(&self, name: &str) -> Result<Reference, SecretError> {
        match self.kept_or_made(name).await {
            Ok(_) => Ok(Reference::Keychain(name.to_owned())),
            Err(SecretError::Keychain(error)) if error.leaves_files() => {
                let file = self.token_file(name);
                read_or_make(&file)?;
                Ok(Reference::File(file.display().to_string()))
            }
            Err(other) => Err(other),
        }
    }

    /// Where an own token is kept without a keychain.
    pub(crate) fn token_file(&self, name: &str) -> PathBuf {
        self.data
            .join(TOKENS)
            .join(name.trim_start_matches(OWN).replace(['/', '\\', ':'], "-"))
    }

    /// A `file:` path: `~/` is the home folder, a relative one starts at the config's folder.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        let home = || directories::BaseDirs::new().map(|base| base.home_dir().to_owned());
        match written
            .strip_prefix("~/")
            .and_then(|rest| home().map(|home| home.join(rest)))
        {
            Some(path) => path,
            None => self.config_folder.join(written),
        }
    }

    fn warn_of_readers(&self, reference: &Reference, warnings: &mut Vec<String>) {
        if let Some(path) = self.open_file(reference) {
            warnings.push(format!(
                "other users may read the secret file {}; chmod 600 it",
                path.display()
            ));
        }
    }

    /// The file of a secret that other users may read.
    #[cfg(unix)]
    pub(crate) fn open_file(&self, reference: &Reference) -> Option<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        let Reference::File(path) = reference else {
            return None;
        };
        let path = self.path(path);
        let about = std::fs::metadata(&path).ok()?;
        let is_open = about.permissions().mode() & 0o077 != 0;
        // Mounted secrets (/run/secrets) are often readable by design of the one who mounts them.
        (is_open && !path.starts_with("/run")).then_some(path)
    }

    #[cfg(not(unix))]
    pub(crate) fn open_file(&self, _: &Reference) -> Option<PathBuf> {
        None
    }
}

/// A secret and what to tell about how it was had.
struct Had {
    secret: SecretString,
    warning: Option<(String, bool)>,
}

impl Had {
    fn plain(secret: SecretString) -> Self {
        Self {
            secret,
            warning: None,
        }
    }
}

impl Resolved {
    /// A provider's key, unless it is the admin token: a provider that got it could change everything. It may be a client
    /// token, as one Turnout can be the provider of another.
    pub(crate) fn foreign(
        &self,
        reference: &Reference,
        secret: SecretString,
    ) -> Result<SecretString, SecretError> {
        let admin = self.admin_token.as_ref();
        if admin.is_some_and(|token| token.expose_secret() == secret.expose_secret()) {
            return Err(SecretError::Unusable(reference.to_string(), ADMIN_TOKEN));
        }
        Ok(secret)
    }

    fn take(&mut self, outcome: Result<Had, SecretError>, what: &str) -> Option<SecretString> {
        let (secret, warning) = match outcome {
            Ok(Had { secret, warning }) => (Some(secret), warning),
            Err(error) => (
                None,
                Some((format!("no {what}: {error}"), error.may_pass())),
            ),
        };
        if let Some((warning, may_pass)) = warning {
            self.may_pass |= may_pass;
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        secret
    }
}

/// A key travels in a header: no white space, no control characters.
fn usable(secret: &SecretString) -> Result<(), &'static str> {
    let text = secret.expose_secret();
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > MAX_SECRET {
        return Err("it is larger than any key");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it holds white space or several lines; it must hold the key and nothing else");
    }
    Ok(())
}

fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let failed = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_SECRET as u64 {
        return Err(SecretError::Unusable(
            format!("file:{}", path.display()),
            "it is larger than any key",
        ));
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(failed)?);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| SecretError::Unusable(format!("file:{}", path.display()), "it is not text"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(SecretError::Unusable(
            format!("file:{}", path.display()),
            "it is empty",
        ));
    }
    Ok(text.into())
}

/// Makes a folder for tokens, which its owner alone can enter.
pub(super) fn make_token_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Reads an own token, or makes one that its owner alone can read.
pub(crate) fn read_or_make(path: &Path) -> Result<SecretString, SecretError> {
    let failed = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    if path.exists() {
        return read_secret(path);
    }
    let secret = new_token()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    make_token_folder(folder).map_err(failed)?;
    // Temporary files are their owner's alone (0600) from the first byte.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    writeln!(file, "{}", secret.expose_secret()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(secret),
        // Another process made it in the same moment: its token counts.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => read_secret(path),
        Err(error) => Err(failed(error.error)),
    }
}
