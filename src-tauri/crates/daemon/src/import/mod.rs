//! Moving in: the settings of another tool become providers, groups and rules of the config.
//!
//! What a file says is found out by the crate `imports`. Here it is laid beside the config ([`plan`]): what is there
//! already is left alone, names that are taken get a number. Then secrets go to the keychain, and the rest into the config
//! in one edit that is checked before it is written ([`write`]). No secret ever reaches the config.

mod cc_switch;
mod from_env;
mod plan;
mod write;

use std::path::{Path, PathBuf};

use imports::{Found, Kind, Unreadable};
use secrecy::SecretString;
use serde::Serialize;

pub(crate) use self::from_env::config_from_env;
use self::plan::Plan;
use crate::Options;
use crate::first_start::{Surroundings, first_start};
use crate::handle::{CommandError, Daemon};
use crate::place::Place;
use crate::secrets::{self, Keychain, Resolver};
use crate::settings::{self, Settings, edit, watch};

/// What stands for the config where there is none and none is to be written.
const BARE: &str = "version = 1\n[[providers]]\nname = \"practice\"\ndialect = \"practice\"\n\
                    [[groups]]\nname = \"practice\"\nmembers = [{ provider = \"practice\" }]\n";
/// No settings file is larger; databases may be.
const MOST: u64 = 4 << 20;

/// Where settings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of any kind that is known.
    File(PathBuf),
    /// The text of such a file.
    Text(String),
    /// The environment of this process.
    Environment,
}

/// One thing that is told, with where it stands in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportNote {
    /// Its path in the source, such as `providers[1].api_version`.
    pub place: String,
    /// What became of it and why.
    pub what: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Whose settings these were, in words.
    pub source: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Names of providers that are new.
    pub providers: Vec<String>,
    /// Names of groups that are new.
    pub groups: Vec<String>,
    /// Names of rules that are new.
    pub rules: Vec<String>,
    /// Names of client tokens that are new.
    pub tokens: Vec<String>,
    /// Entries of the keychain that hold what was secret.
    pub keychain: Vec<String>,
    /// What was taken.
    pub taken: Vec<ImportNote>,
    /// What means something else here.
    pub changed: Vec<ImportNote>,
    /// What was not taken, and why.
    pub left: Vec<ImportNote>,
    /// What was there already.
    pub known: Vec<ImportNote>,
    /// What the config was given, as TOML.
    pub toml: String,
}

impl ImportReport {
    /// Whether the config has anything new by it.
    pub fn adds_nothing(&self) -> bool {
        self.toml.is_empty()
    }
}

/// What can be read, each in a phrase.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    Kind::FILES.into_iter().map(Kind::about)
}

/// What an import works on.
struct Site<'a> {
    config: &'a Path,
    keychain: &'a Keychain,
    resolver: &'a Resolver,
}

impl Daemon {
    /// Takes in the settings of another tool. Where nothing but practice served, what is new serves at once.
    pub async fn import_settings(
        &self,
        source: Source,
        dry_run: bool,
    ) -> Result<ImportReport, CommandError> {
        let instance = self.instance();
        let site = Site {
            config: &instance.place.config,
            keychain: &instance.keychain,
            resolver: &instance.resolver,
        };
        let practises = is_practice_chosen(self).await;
        let _edit = instance.editing.lock().await;
        let report = site.import(source, dry_run).await?;
        if dry_run || report.adds_nothing() {
            return Ok(report);
        }
        tracing::info!("settings were taken in: {}", report.source);
        self.reload().await.map_err(CommandError::Refused)?;
        if let (true, Some(group)) = (practises, report.groups.first()) {
            self.activate(group)?;
        }
        Ok(report)
    }
}

/// Takes settings in without an instance that runs; a config is made where there is none.
pub async fn import_alone(
    options: &Options,
    source: Source,
    dry_run: bool,
) -> Result<ImportReport, CommandError> {
    let refused = |error: &dyn std::fmt::Display| CommandError::Refused(error.to_string());
    let place = Place::of(options).map_err(|error| refused(&error))?;
    let options = options.at(&place).await;
    if !dry_run {
        place.prepare().map_err(|error| refused(&error))?;
        let around = Surroundings::default();
        let first = first_start(&place.config, &place.data, &options.keychain, &around).await;
        first.map_err(|error| refused(&error))?;
    }
    let resolver = Resolver::new(options.keychain.clone(), &place.config, &place.data);
    let site = Site {
        config: &place.config,
        keychain: &options.keychain,
        resolver: &resolver,
    };
    site.import(source, dry_run).await
}

impl Site<'_> {
    async fn import(&self, source: Source, dry_run: bool) -> Result<ImportReport, CommandError> {
        let text = if dry_run && !self.config.exists() {
            BARE.to_owned()
        } else {
            let text = watch::read(self.config);
            text.map_err(|error| CommandError::Refused(error.to_string()))?
        };
        let settings = settings::parse(&text).map_err(|problems| {
            CommandError::Refused(crate::reload::told(self.config, &problems))
        })?;
        let given = Given::of(source).await?;
        let found = given.read()?;
        let plan = Plan::of(found, &text, &settings, self.resolver).await?;
        if dry_run || plan.is_empty() {
            let names = plan.wished();
            return plan.report(&names, dry_run);
        }
        // Checked with the names that are wished before a secret goes anywhere.
        plan.check(&text)?;
        let mut kept = Kept::default();
        let written = self.write(&plan, &settings, &mut kept).await;
        if written.is_err() {
            kept.forget(self.keychain).await;
        }
        written
    }

    async fn write(
        &self,
        plan: &Plan,
        settings: &Settings,
        kept: &mut Kept,
    ) -> Result<ImportReport, CommandError> {
        for (wish, secret) in plan.secrets() {
            kept.keep(self.keychain, settings, &wish, &secret).await?;
        }
        let names = kept.names();
        edit::edit_valid(self.config, |document| plan.write(document, &names))?;
        plan.report(&names, false)
    }
}

/// Secrets that were put into the keychain for this import: the wished name, the real one, and whether it is new.
#[derive(Default)]
struct Kept(Vec<(String, String, bool)>);

impl Kept {
    async fn keep(
        &mut self,
        keychain: &Keychain,
        settings: &Settings,
        wish: &str,
        secret: &SecretString,
    ) -> Result<(), CommandError> {
        let kept = secrets::keep(settings, keychain, wish, secret).await;
        let (name, is_new) = kept.map_err(|error| {
            CommandError::NoKeychain(format!(
                "the keys in it have no place to go, so nothing was taken: {error}"
            ))
        })?;
        self.0.push((wish.to_owned(), name, is_new));
        Ok(())
    }

    fn names(&self) -> Vec<(String, String)> {
        let names = self.0.iter();
        names
            .map(|(wish, name, _)| (wish.clone(), name.clone()))
            .collect()
    }

    /// Takes back what is new, as nothing points at it.
    async fn forget(self, keychain: &Keychain) {
        for (_, name, _) in self.0.into_iter().filter(|(.., is_new)| *is_new) {
            if let Err(error) = keychain.delete(&name).await {
                tracing::warn!(
                    "the keychain's entry {name} is no longer needed and stays there: {error}"
                );
            }
        }
    }
}

/// What is read, fetched.
enum Given {
    Text(String),
    Rows(Vec<imports::Row>),
    Variables(Vec<(String, String)>),
}

impl Given {
    async fn of(source: Source) -> Result<Self, CommandError> {
        let path = match source {
            Source::Text(text) => return Ok(Self::Text(text)),
            Source::Environment => {
                // What is no text is no key.
                let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                };
                return Ok(Self::Variables(
                    std::env::vars_os().filter_map(text).collect(),
                ));
            }
            Source::File(path) => path,
        };
        let failed = |why: &dyn std::fmt::Display| {
            CommandError::Invalid(format!("{} cannot be read: {why}", path.display()))
        };
        let about = std::fs::metadata(&path).map_err(|error| failed(&error))?;
        if about.is_dir() {
            return Err(failed(&"it is a folder; name the file in it"));
        }
        if cc_switch::is_database(&path).map_err(|error| failed(&error))? {
            return Ok(Self::Rows(
                cc_switch::rows(&path)
                    .await
                    .map_err(|error| failed(&error))?,
            ));
        }
        if about.len() > MOST {
            return Err(failed(&"it is larger than any settings file"));
        }
        let bytes = std::fs::read(&path).map_err(|error| failed(&error))?;
        let text = String::from_utf8(bytes).map_err(|_| failed(&"it is not text"))?;
        Ok(Self::Text(text))
    }

    fn read(&self) -> Result<Found, CommandError> {
        let env: imports::Env<'_> = &|name| std::env::var(name).ok();
        let found = match self {
            Self::Text(text) => imports::read(text, env),
            Self::Rows(rows) => imports::read_cc_switch(rows, env),
            Self::Variables(variables) => imports::read_environment(variables.clone(), env),
        };
        found.map_err(|error| {
            let told = match (self, &error) {
                (Self::Variables(_), Unreadable::Nothing(..)) => {
                    "the environment has no key of a known vendor; set one, such as OPENAI_API_KEY, where Turnout is \
                     started"
                        .to_owned()
                }
                _ => format!("nothing was taken: {error}"),
            };
            CommandError::Invalid(told)
        })
    }
}

async fn is_practice_chosen(daemon: &Daemon) -> bool {
    let groups = daemon.groups().await;
    let active = groups.iter().find(|group| group.active);
    let loaded = daemon.loaded();
    active.is_some_and(|group| {
        let mut members = group.members.iter();
        members.all(|member| plan::is_practice(&loaded.settings, &member.provider))
    })
}
