//! The handle of a running instance, and what can go wrong with it. What it can do is in the modules beside this one.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::first_start::FirstStartError;
use crate::instance::Instance;
use crate::place::PlaceError;
use crate::secrets::KeychainError;

/// A running instance. Clones are the same instance; it runs until [`Daemon::stop`].
#[derive(Clone)]
pub struct Daemon(pub(crate) Arc<Instance>);

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Daemon")
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

/// Why an instance could not start: one sentence that names the thing and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another instance holds the data folder.
    #[error("{0}")]
    AlreadyRunning(String),
    /// There is no place for config or data.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// There was no config, and none could be made.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// The secrets file does not open: keys and tokens are in it, and none may be kept elsewhere instead.
    #[error("{0}")]
    Secrets(#[from] KeychainError),
    /// The config is broken; each problem with its line and column.
    #[error("{0}")]
    Config(String),
    /// Something else listens there.
    #[error("{address} is in use by {by}: end that program, or choose another address with --listen or with server.listen in {}", config.display())]
    AddressInUse {
        /// The address.
        address: SocketAddr,
        /// The other program, as far as the system tells.
        by: String,
        /// The config.
        config: PathBuf,
    },
    /// It can't be listened on.
    #[error("{address} cannot be listened on ({source}): choose another address with --listen or with server.listen in {}", config.display())]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
        /// The config.
        config: PathBuf,
    },
    /// Everybody on the network could spend the keys.
    #[error(
        "{0} is not on this machine alone, so server.require_token must be true: set it, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    /// A provider can't be reached as the config says.
    #[error("{0}")]
    Gateway(#[from] gateway::BuildError),
}

/// Why a command to a running instance failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// What was given can't be right.
    #[error("{0}")]
    Invalid(String),
    /// It can't be done as things are.
    #[error("{0}")]
    Refused(String),
    /// There is no keychain, or it does not answer.
    #[error("{0}")]
    NoKeychain(String),
}
