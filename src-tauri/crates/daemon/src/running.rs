//! How another process finds and speaks to the instance that runs on a data folder.

use secrecy::SecretString;

use crate::Options;
use crate::lock;
use crate::place::{Place, PlaceError};
use crate::secrets::{ADMIN_TOKEN, Reference, Resolver};
use crate::settings::{self, Settings};

/// An instance running in another process.
#[derive(Debug)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub base_url: String,
    /// Its version.
    pub version: String,
    /// The token of its admin API.
    pub token: SecretString,
}

/// Why no running instance can be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum RunningError {
    /// None runs on this data folder.
    #[error(
        "no Turnout runs on the data folder {0}: start the app, or `{program} serve`", program = crate::program()
    )]
    None(String),
    /// One runs, but its admin token can't be read.
    #[error("Turnout runs at {0}, but its admin token cannot be read: {1}")]
    NoToken(String, String),
    /// There is no data folder to look at.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

impl Running {
    /// The instance that runs on the data folder of these options.
    pub async fn find(options: &Options) -> Result<Self, RunningError> {
        let place = Place::of(options)?;
        let Some(found) = lock::running(&place) else {
            return Err(RunningError::None(place.data.display().to_string()));
        };
        let token = admin_token(&place, &options.at(&place).await).await;
        let token = token.map_err(|why| RunningError::NoToken(found.base_url.clone(), why))?;
        Ok(Self {
            pid: found.pid,
            base_url: found.base_url,
            version: found.version,
            token,
        })
    }
}

async fn admin_token(place: &Place, options: &Options) -> Result<SecretString, String> {
    let resolver = Resolver::new(options.keychain.clone(), &place.config, &place.data);
    match read(place) {
        // It is only read: one that is made here is not the one that the instance has.
        Some(settings) => match resolver.one(&settings.server.admin_token).await {
            Ok(token) => Ok(token),
            Err(error) => Err(match options.locked_secrets().await {
                Some(path) => format!(
                    "the secrets file {} is closed here: set TURNOUT_PASSPHRASE or TURNOUT_PASSPHRASE_FILE as where Turnout runs",
                    path.display()
                ),
                None => error.to_string(),
            }),
        },
        // It may be broken, so that the instance goes on with the one before, or name variables that are set where the
        // instance runs: its token is most likely what it says, else the usual.
        None => resolver
            .one(&token_of(place).unwrap_or_else(|| Reference::Keychain(ADMIN_TOKEN.to_owned())))
            .await
            .map_err(|error| {
                format!(
                    "{error}, and the config {} cannot be read: see `{} check`",
                    place.config.display(),
                    crate::program()
                )
            }),
    }
}

fn read(place: &Place) -> Option<Settings> {
    let text = settings::watch::read(&place.config).ok()?;
    settings::parse(&text).ok()
}

/// The place of the admin token, read alone.
fn token_of(place: &Place) -> Option<Reference> {
    let text = settings::watch::read(&place.config).ok()?;
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    let token = document.get("server")?.get("admin_token")?.as_str()?;
    Reference::parse(&settings::filled_in(token)?, token.contains("${")).ok()
}
