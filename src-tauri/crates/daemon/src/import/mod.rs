//! Moving in: the settings of another tool become providers, groups and rules of the config.
//!
//! What a file says is found out by the crate `imports`. Here it is laid beside the config ([`plan`]): what is there
//! already is left alone, names that are taken get a number. Then secrets go to the keychain, and the rest into the config
//! in one edit that is checked before it is written ([`write`]). No secret ever reaches the config.

mod cc_switch;
mod from_env;
mod given;
pub(crate) mod plan;
mod write;

use std::path::Path;

use imports::Kind;
use secrecy::SecretString;
use serde::Serialize;

pub(crate) use self::from_env::config_from_env;
use self::given::Given;
pub use self::given::Source;
use self::plan::Plan;
use crate::Options;
use crate::audit::Alone;
use crate::first_start::first_start;
use crate::handle::{CommandError, Daemon};
use crate::lock::Lock;
use crate::place::Place;
use crate::place::names_key;
use crate::secrets::{self, Keychain, Reference, Resolver, SecretError};
use crate::settings::{self, Settings, edit, watch};
use crate::view::Health;

/// What stands for the config where there is none and none is to be written.
const BARE: &str = "version = 1\n[[providers]]\nname = \"practice\"\ndialect = \"practice\"\n\
                    [[groups]]\nname = \"practice\"\nmembers = [{ provider = \"practice\" }]\n";

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
    /// What holds at once, and what has to be done before all of it serves, in sentences.
    pub warnings: Vec<String>,
    /// The group that is active since, as nothing but practice served before.
    pub activated: Option<String>,
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
        let given = Given::of(source).await?;
        let _edit = instance.editing.lock().await;
        let (mut report, written) = site.import(given, dry_run).await?;
        let Some(Written { edited, kept }) = written else {
            return Ok(report);
        };
        if let Err(error) = self.take_in_edited(&edited).await {
            kept.forget(&instance.keychain, &instance.place.config)
                .await;
            return Err(error);
        }
        tracing::info!("settings were taken in: {}", report.source);
        if practises && !report.groups.is_empty() {
            self.activate_one(&mut report).await;
        }
        Ok(report)
    }

    /// Makes the first new group active that can serve. What was taken in stays, whether there is one or not.
    async fn activate_one(&self, report: &mut ImportReport) {
        let groups = self.groups().await;
        let can_serve = |name: &&String| {
            let group = groups.iter().find(|group| group.name == **name);
            let mut members = group.into_iter().flat_map(|group| &group.members);
            members.any(|member| member.health != Health::Disabled)
        };
        let Some(name) = report.groups.iter().find(can_serve) else {
            report.warnings.push(
                "no new group was made active: each provider in them is switched off or has no key that can be had"
                    .to_owned(),
            );
            return;
        };
        match self.activate(name) {
            Ok(_) => report.activated = Some(name.clone()),
            Err(error) => report
                .warnings
                .push(format!("group {name} could not be made active: {error}")),
        }
    }
}

/// Takes settings in without an instance that runs; a config is made where there is none.
pub async fn import_alone(
    options: &Options,
    source: Source,
    dry_run: bool,
) -> Result<ImportReport, CommandError> {
    let refused = |error: &dyn std::fmt::Display| CommandError::Refused(error.to_string());
    let given = Given::of(source).await?;
    let place = Place::of(options).map_err(|error| refused(&error))?;
    let options = options.at(&place).await;
    let resolver = Resolver::new(options.keychain.clone(), &place.config, &place.data);
    let site = Site {
        config: &place.config,
        keychain: &options.keychain,
        resolver: &resolver,
    };
    if dry_run {
        return Ok(site.import(given, dry_run).await?.0);
    }
    place.prepare().map_err(|error| refused(&error))?;
    let lock = Lock::take(&place).map_err(|error| refused(&error))?;
    let (keychain, machine) = (&options.keychain, &options.machine);
    let first = first_start(&place.config, &place.data, keychain, machine).await;
    first.map_err(|error| refused(&error))?;
    let alone = Alone::begin(&place, lock);
    let imported = site.import(given, dry_run).await;
    let error = imported.as_ref().err().map(ToString::to_string);
    let recorded = alone.record("import.config", error).await;
    let (mut report, _) = imported?;
    if let Err(why) = recorded {
        let told = format!("the audit log has no entry of this import: {why}");
        report.warnings.push(told);
    }
    Ok(report)
}

/// What an import changed.
struct Written {
    edited: edit::Edited,
    kept: Kept,
}

impl Site<'_> {
    /// What was found, and what was changed for it, if something was.
    async fn import(
        &self,
        given: Given,
        dry_run: bool,
    ) -> Result<(ImportReport, Option<Written>), CommandError> {
        let text = if dry_run && !self.config.exists() {
            BARE.to_owned()
        } else {
            let text = watch::read(self.config);
            text.map_err(|error| CommandError::Refused(error.to_string()))?
        };
        let settings = settings::parse(&text).map_err(|problems| {
            CommandError::Refused(crate::reload::told(self.config, &problems))
        })?;
        let found = given.read()?;
        let plan = Plan::of(found, &text, &settings, self.resolver).await?;
        if dry_run || plan.is_empty() {
            let names = plan.wished();
            let mut report = plan.report(&names, dry_run)?;
            report.warnings = self.warnings(&plan).await;
            if !names.is_empty()
                && let Err(error) = self.keychain.answers().await
            {
                report.warnings.push(format!(
                    "the keys in it have no place to go, so that nothing would be taken: {error}"
                ));
            }
            return Ok((report, None));
        }
        // Checked with the names that are wished before a secret goes anywhere.
        plan.check(&text)?;
        let mut kept = Kept::default();
        match self.write(&plan, &settings, &mut kept).await {
            Ok((report, edited)) => {
                let written = edited.map(|edited| Written { edited, kept });
                Ok((report, written))
            }
            Err(error) => {
                kept.forget(self.keychain, self.config).await;
                Err(error)
            }
        }
    }

    async fn write(
        &self,
        plan: &Plan,
        settings: &Settings,
        kept: &mut Kept,
    ) -> Result<(ImportReport, Option<edit::Edited>), CommandError> {
        for (wish, secret) in plan.secrets() {
            kept.keep(self.keychain, settings, &wish, &secret).await?;
        }
        let names = kept.names();
        let edited = edit::edit_valid(self.config, |document| plan.write(document, &names))?;
        let mut report = plan.report(&names, false)?;
        report.warnings = self.warnings(plan).await;
        Ok((report, edited))
    }

    /// What new things refer to and is not there, and what of them does not wait until somebody chooses it.
    async fn warnings(&self, plan: &Plan) -> Vec<String> {
        let mut warnings = Vec::new();
        warnings.extend(plan.rules_at_once());
        for reference in plan.references() {
            let Ok(reference) = Reference::parse(reference, false) else {
                continue;
            };
            if let Err(error @ SecretError::NoVariable(_)) = self.resolver.one(&reference).await {
                let warning = format!("{error}, and restart Turnout");
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
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
    async fn forget(self, keychain: &Keychain, config: &Path) {
        let new = self.0.into_iter().filter(|(.., is_new)| *is_new);
        for (_, name, _) in new.filter(|(_, name, _)| !names_key(config, name)) {
            if let Err(error) = keychain.delete(&name).await {
                tracing::warn!(
                    "the keychain's entry {name} is no longer needed and stays there: {error}"
                );
            }
        }
    }
}

pub(crate) async fn is_practice_chosen(daemon: &Daemon) -> bool {
    let groups = daemon.groups().await;
    let active = groups.iter().find(|group| group.active);
    let loaded = daemon.loaded();
    active.is_some_and(|group| {
        let mut members = group.members.iter();
        members.all(|member| plan::is_practice(&loaded.settings, &member.provider))
    })
}
