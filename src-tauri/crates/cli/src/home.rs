//! Which config and data folder a command is about, and the instance that runs there.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use daemon::{Options, Running, RunningError};

use crate::admin::Admin;
use crate::shell::quoted;

/// The places that the command line, or the environment, or the platform names.
pub(crate) struct Home {
    config: Option<PathBuf>,
    data_dir: Option<PathBuf>,
}

/// The running instance of a home.
pub(crate) struct Instance {
    pub(crate) admin: Admin,
    pub(crate) base_url: String,
}

impl Home {
    pub(crate) fn new(config: Option<PathBuf>, data_dir: Option<PathBuf>) -> Self {
        Self { config, data_dir }
    }

    /// Where the daemon crate is to look; the rest of the options as they are by default.
    pub(crate) fn options(&self) -> Options {
        Options {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            ..Options::default()
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
        // reqwest asks for the process's TLS provider even where only loopback is called.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start = format!("{} serve", self.called());
        let found = Running::find(&self.options()).await;
        let Running {
            base_url, token, ..
        } = found.map_err(|error| match error {
            RunningError::None(data) => {
                anyhow!("no Turnout runs on the data folder {data}: start it with `{start}`")
            }
            other => other.into(),
        })?;
        let admin =
            Admin::new(&base_url, token, start).context("the running instance cannot be called")?;
        Ok(Instance { admin, base_url })
    }
}
