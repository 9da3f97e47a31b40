use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clients::Surroundings;

use secrecy::SecretString;

use crate::first_start;
use crate::place::Place;
use crate::secrets::{self, Keychain};

/// How an instance is started. The default is what a person gets who starts the app with no arguments.
#[derive(Debug, Clone)]
pub struct Options {
    /// The config file; the platform's place for it if `None`.
    pub config: Option<PathBuf>,
    /// The data folder; the platform's place for it if `None`.
    pub data_dir: Option<PathBuf>,
    /// Listen here instead of where the config says. Port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// Where keys are kept. Without one, `keychain:` references are problems.
    pub keychain: Keychain,
    /// What opens the secrets file of the data folder, which stands for a keychain that there is not; from
    /// `TURNOUT_PASSPHRASE` or `TURNOUT_PASSPHRASE_FILE` if `None`.
    pub passphrase: Option<SecretString>,
    /// Where there is no config, make one from the variables of the older Claude Code proxy.
    pub from_env: bool,
    /// How long running streams may take to finish at [`crate::Daemon::stop`].
    pub grace: Duration,
    /// Where the settings of client programs are.
    pub surroundings: Surroundings,
    /// Where keys and local servers are found that could be providers.
    pub machine: first_start::Surroundings,
    /// Seed of everything random in routing; from the system if `None`.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: None,
            data_dir: None,
            listen: None,
            keychain: Keychain::system(),
            passphrase: None,
            from_env: false,
            grace: Duration::from_secs(30),
            surroundings: Surroundings::of_process(),
            machine: first_start::Surroundings::default(),
            seed: None,
        }
    }
}

impl Options {
    /// The same with the secrets file of this place for a keychain, where a passphrase is given and either the file
    /// exists or no other keychain answers: what a working keychain holds is not put aside by a variable.
    pub async fn at(&self, place: &Place) -> Self {
        let mut options = self.clone();
        let given = self.given_passphrase();
        if matches!(given, Ok(None)) {
            return options;
        }
        let path = place.secrets();
        if !path.exists() && self.keychain.available().await {
            tracing::info!(
                "a passphrase is set and not needed: the system's keychain answers, and there is no secrets file {}",
                path.display()
            );
            return options;
        }
        match given {
            Ok(None) => {}
            Ok(Some(passphrase)) => {
                tracing::info!(
                    "secrets are kept in {}, the system's keychain is not used",
                    path.display()
                );
                options.keychain = Keychain::sealed(path, passphrase);
            }
            Err(error) => options.keychain = Keychain::unusable(error),
        }
        options
    }

    /// The secrets file, if there is one that a person has to give the passphrase of: no keychain answers, and none is
    /// set.
    pub async fn locked_secrets(&self) -> Option<PathBuf> {
        let path = Place::of(self).ok()?.secrets();
        let is_asked = path.exists() && matches!(self.given_passphrase(), Ok(None));
        (is_asked && !self.keychain.available().await).then_some(path)
    }

    fn given_passphrase(&self) -> Result<Option<SecretString>, secrets::SealedError> {
        if self.passphrase.is_some() {
            return Ok(self.passphrase.clone());
        }
        secrets::passphrase(&|name| std::env::var(name).ok())
    }
}
