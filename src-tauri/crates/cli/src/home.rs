//! Which config and data folder a command is about, and the instance that runs there.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use daemon::{Options, Running, RunningError};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::admin::Admin;
use crate::shell::quoted;

/// The places that the command line, or the environment, or the platform names.
pub(crate) struct Home {
    config: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    /// What a person answered who was asked: nobody is asked twice, and never inside a running interface.
    passphrase: OnceCell<Option<SecretString>>,
}

/// The running instance of a home.
pub(crate) struct Instance {
    pub(crate) admin: Admin,
    pub(crate) base_url: String,
}

impl Home {
    pub(crate) fn new(config: Option<PathBuf>, data_dir: Option<PathBuf>) -> Self {
        Self {
            config,
            data_dir,
            passphrase: OnceCell::new(),
        }
    }

    /// Where the daemon crate is to look; the rest of the options as they are by default.
    pub(crate) fn options(&self) -> Options {
        Options {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            ..Options::default()
        }
    }

    /// The same with the passphrase of a secrets file that a person at this terminal is asked for, once.
    pub(crate) async fn unlocked(&self) -> Options {
        let options = self.options();
        let passphrase = self.passphrase.get_or_init(|| asked(&options)).await;
        Options {
            passphrase: passphrase.clone(),
            ..options
        }
    }

    /// How this program is called for this home from any folder, for people to copy.
    pub(crate) fn called(&self) -> String {
        let program = std::env::current_exe().unwrap_or_else(|_| "turnoutd".into());
        let flags = [("--config", &self.config), ("--data-dir", &self.data_dir)];
        let places = flags
            .into_iter()
            .filter_map(|(flag, place)| Some((flag, place.as_ref()?)));
        places.fold(quoted(&program.to_string_lossy()), |line, (flag, place)| {
            let place = std::path::absolute(place).unwrap_or_else(|_| place.clone());
            format!("{line} {flag} {}", quoted(&place.to_string_lossy()))
        })
    }

    /// The instance that runs here, or a sentence on how to start one.
    pub(crate) async fn running(&self) -> anyhow::Result<Instance> {
        self.instance(self.found().await.map_err(|error| match error {
            RunningError::None(data) => {
                let start = self.start();
                anyhow!("no Turnout runs on the data folder {data}: start it with `{start}`")
            }
            other => other.into(),
        })?)
    }

    /// The instance that runs here, for what can be done without one.
    pub(crate) async fn running_if_any(&self) -> anyhow::Result<Option<Instance>> {
        match self.found().await {
            Ok(found) => self.instance(found).map(Some),
            Err(RunningError::None(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    async fn found(&self) -> Result<Running, RunningError> {
        // reqwest asks for the process's TLS provider even where only loopback is called.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Running::find(&self.unlocked().await).await
    }

    fn instance(&self, found: Running) -> anyhow::Result<Instance> {
        let Running {
            base_url, token, ..
        } = found;
        let admin = Admin::new(&base_url, token, self.start())
            .context("the running instance cannot be called")?;
        Ok(Instance { admin, base_url })
    }

    fn start(&self) -> String {
        format!("{} serve", self.called())
    }
}

/// What the person at this terminal says to open the secrets file with, if there is one that is closed.
async fn asked(options: &Options) -> Option<SecretString> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let path = options.locked_secrets().await?;
    let asked = format!("passphrase of {}: ", path.display());
    let answer = tokio::task::spawn_blocking(move || rpassword::prompt_password(asked)).await;
    let given = answer.ok()?.ok()?;
    (!given.is_empty()).then(|| given.into())
}
