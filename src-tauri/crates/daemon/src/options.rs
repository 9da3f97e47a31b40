use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clients::Surroundings;

use crate::secrets::Keychain;

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
    /// How long running streams may take to finish at [`crate::Daemon::stop`].
    pub grace: Duration,
    /// Where the settings of client programs are.
    pub surroundings: Surroundings,
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
            grace: Duration::from_secs(30),
            surroundings: Surroundings::of_process(),
            seed: None,
        }
    }
}
