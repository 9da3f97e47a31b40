//! Changes to the config that a program asks for: checked before they are written, written so that comments and order
//! stay, taken in at once.

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::sync::MutexGuard;
use toml_edit::DocumentMut;

use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::place::names_key;
use crate::secrets::{self, Reference};
use crate::settings::Group as Written;
use crate::settings::edit::{self, EditError};
use crate::settings::section::{self, Section};
use crate::view::{Group, Provider, Rule};

/// The fields of a thing, as in the config.
type Fields = Map<String, Value>;

impl Daemon {
    /// Adds a provider. Keys that are given as such go to the keychain, and a reference to the config.
    pub async fn add_provider(&self, fields: Fields) -> Result<Provider, CommandError> {
        let mut fields = Section::Providers.fields(fields);
        let name = named(&fields).unwrap_or_default().to_owned();
        let kept = self.keep_keys(&name, &mut fields).await?;
        let added = self.add(Section::Providers, fields).await;
        self.provider(&self.settled(added, kept).await?).await
    }

    /// Sets the given fields of a provider; `null` takes one away.
    pub async fn change_provider(
        &self,
        name: &str,
        fields: Fields,
    ) -> Result<Provider, CommandError> {
        let mut fields = Section::Providers.fields(fields);
        if !self
            .loaded()
            .settings
            .providers
            .iter()
            .any(|it| it.name == name)
        {
            return Err(no_such("provider", name));
        }
        let kept = self.keep_keys(name, &mut fields).await?;
        let changed = self.change(Section::Providers, name, fields).await;
        self.provider(&self.settled(changed, kept).await?).await
    }

    /// Adds a group behind the others.
    pub async fn add_group(&self, fields: Fields) -> Result<Group, CommandError> {
        let name = self
            .add(Section::Groups, Section::Groups.fields(fields))
            .await?;
        self.group(&name)
    }

    /// Sets the given fields of a group; `null` takes one away.
    pub async fn change_group(&self, name: &str, fields: Fields) -> Result<Group, CommandError> {
        let fields = Section::Groups.fields(fields);
        let name = self.change(Section::Groups, name, fields).await?;
        self.group(&name)
    }

    /// Adds a rule behind the others.
    pub async fn add_rule(&self, fields: Fields) -> Result<Rule, CommandError> {
        let name = self.add(Section::Rules, fields).await?;
        self.rule(&name)
    }

    /// Sets the given fields of a rule; `null` takes one away.
    pub async fn change_rule(&self, name: &str, fields: Fields) -> Result<Rule, CommandError> {
        let name = self.change(Section::Rules, name, fields).await?;
        self.rule(&name)
    }

    /// A rule of the config.
    pub fn rule(&self, name: &str) -> Result<Rule, CommandError> {
        let loaded = self.loaded();
        let mut rules = loaded.settings.rules.iter();
        let found = rules.find(|rule| rule.name == name);
        found.map(Rule::of).ok_or_else(|| no_such("rule", name))
    }

    /// Takes a thing out of the config.
    pub async fn remove(&self, section: Section, name: &str) -> Result<(), CommandError> {
        if section == Section::Providers {
            self.is_free(name)?;
        }
        let what = format!("{} {name} was taken out", section.thing());
        self.edit_config(&what, |document| section::remove(document, section, name))
            .await
    }

    /// Refuses what is asked of a provider that groups still have.
    fn is_free(&self, provider: &str) -> Result<(), CommandError> {
        let loaded = self.loaded();
        let has = |group: &&Written| group.members.iter().any(|it| it.provider == provider);
        let groups = loaded.settings.groups.iter().filter(has);
        let names: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(CommandError::Refused(format!(
            "{provider} is in {}: take it out there first",
            names.join(", ")
        )))
    }

    /// Puts the things of a list in another order; those that are not named follow.
    pub async fn reorder(&self, section: Section, order: &[String]) -> Result<(), CommandError> {
        let what = format!("the {}s are in another order", section.thing());
        self.edit_config(&what, |document| section::reorder(document, section, order))
            .await
    }

    /// The name of what was added.
    async fn add(&self, section: Section, fields: Fields) -> Result<String, CommandError> {
        let name = named(&fields).unwrap_or_default().to_owned();
        let what = format!("{} {name} was added", section.thing());
        self.edit_config(&what, |document| section::add(document, section, &fields))
            .await?;
        Ok(name)
    }

    /// The name that the thing has now.
    async fn change(
        &self,
        section: Section,
        name: &str,
        fields: Fields,
    ) -> Result<String, CommandError> {
        let what = format!("{} {name} was changed", section.thing());
        self.edit_config(&what, |document| {
            section::change(document, section, name, &fields)
        })
        .await?;
        Ok(named(&fields).unwrap_or(name).to_owned())
    }

    /// Changes the config file and takes it in. Nothing is written that would not be a valid config, and what
    /// cannot be taken in is taken back.
    pub(crate) async fn edit_config(
        &self,
        what: &str,
        change: impl Fn(&mut DocumentMut) -> Result<(), EditError>,
    ) -> Result<(), CommandError> {
        let _edit = self.instance().editing.lock().await;
        let Some(edited) = edit::edit_valid(&self.instance().place.config, change)? else {
            return Ok(());
        };
        tracing::info!("{what}");
        self.take_in_edited(&edited).await
    }

    /// Puts the keys themselves that a provider's fields have into the keychain, and references in their places, so that
    /// the config is written once and never without its keys.
    async fn keep_keys(
        &self,
        name: &str,
        fields: &mut Fields,
    ) -> Result<Keeping<'_>, CommandError> {
        let instance = self.instance();
        // Two at once would choose the same name.
        let one = instance.setting_key.lock().await;
        let mut keeping = Keeping {
            new: Vec::new(),
            _one: one,
        };
        let Some(Value::Array(keys)) = fields.get_mut("keys") else {
            return Ok(keeping);
        };
        let is_in_table = |key: &Value| key["secret"].as_str().is_some_and(is_literal);
        if keys.iter().any(is_in_table) {
            let told = "a key with limits of its own is named by a reference: put it into the keychain first, with POST /providers/{name}/keys";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        let is_key = |key: &Value| key.as_str().is_some_and(is_literal);
        if keys.iter().any(is_key) && !instance.keychain.available().await {
            let told = "there is no keychain to put a key into; give references such as \"env:NAME\" or \"file:PATH\"";
            return Err(CommandError::NoKeychain(told.to_owned()));
        }
        let loaded = self.loaded();
        let keys = keys.iter_mut().enumerate().filter(|(_, key)| is_key(key));
        for (index, key) in keys {
            let secret = SecretString::from(key.as_str().unwrap_or_default().trim());
            let wish = format!("{name}/{index}");
            let kept = secrets::keep(&loaded.settings, &instance.keychain, &wish, &secret).await;
            match kept {
                Ok((kept, is_new)) => {
                    *key = format!("keychain:{kept}").into();
                    keeping.new.extend(is_new.then_some(kept));
                }
                Err(error) => return self.settled(Err(error.into()), keeping).await,
            }
        }
        Ok(keeping)
    }

    /// What came of an edit. Keys that were kept for one that was not made are taken back.
    async fn settled<T>(
        &self,
        made: Result<T, CommandError>,
        kept: Keeping<'_>,
    ) -> Result<T, CommandError> {
        if made.is_err() {
            for name in &kept.new {
                if names_key(&self.instance().place.config, name) {
                    continue; // the file has the new text all the same
                }
                if let Err(error) = self.instance().keychain.delete(name).await {
                    tracing::warn!(
                        "the keychain's entry {name} is no longer needed and stays there: {error}"
                    );
                }
            }
        }
        made
    }
}

/// Keys that were put into the keychain for an edit that is still to be made.
struct Keeping<'a> {
    /// New entries' names.
    new: Vec<String>,
    _one: MutexGuard<'a, ()>,
}

fn named(fields: &Fields) -> Option<&str> {
    fields.get("name").and_then(Value::as_str)
}

/// Whether it is a key itself. What the environment fills in is none.
fn is_literal(text: &str) -> bool {
    !text.contains("${") && matches!(Reference::parse(text, false), Ok(Reference::Literal(_)))
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        let told = error.to_string();
        match error {
            EditError::NoProvider(_) | EditError::Unknown(..) => Self::NotFound(told),
            EditError::Nameless(_) | EditError::Invalid(_) | EditError::WrongType(_) => {
                Self::Invalid(told)
            }
            EditError::Taken(..)
            | EditError::Io { .. }
            | EditError::Broken { .. }
            | EditError::Contended { .. } => Self::Refused(told),
        }
    }
}
