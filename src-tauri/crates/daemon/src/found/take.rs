//! What was found becomes providers: in one edit of the config, with a group that has them.

use serde_json::{Map, Value, json};
use toml_edit::DocumentMut;

use super::Candidate;
use crate::handle::{CommandError, Daemon};
use crate::import::{is_practice_chosen, plan::is_practice};
use crate::settings::Settings;
use crate::settings::edit::EditError;
use crate::settings::section::{self, Section};
use crate::view::{FoundKind, Taken};

/// Things for the config, by their fields.
struct Plan {
    providers: Vec<Map<String, Value>>,
    /// Groups that are new.
    groups: Vec<Map<String, Value>>,
    /// The group that is there and gets them behind its members, and their names.
    joined: Option<(String, Vec<String>)>,
    /// The new groups go before those that are there, which only practise.
    goes_first: bool,
}

impl Daemon {
    /// Makes providers of what was found under these ids, and puts them into `group`, which is made if it is not there;
    /// without one each gets a group of its own. Keys stay where they are. Where nothing but practice served, the first
    /// new group serves at once.
    pub async fn take_found(
        &self,
        ids: &[String],
        group: Option<String>,
    ) -> Result<Taken, CommandError> {
        let mut candidates = self.candidates().await;
        let mut taken = Taken::default();
        let mut chosen = Vec::new();
        for id in ids {
            let at = candidates.iter().position(|one| one.told.id == *id);
            let candidate = match at {
                Some(at) => candidates.swap_remove(at),
                None => return Err(self.not_found(id)),
            };
            match candidate.told.provider {
                Some(name) => taken.known.push(name),
                None => chosen.push(candidate),
            }
        }
        if chosen.is_empty() {
            return Ok(taken);
        }
        let practises = is_practice_chosen(self).await;
        let plan = Plan::of(&self.loaded().settings, chosen, group);
        let names: Vec<String> = plan.providers.iter().map(name).collect();
        taken.groups = plan.groups.iter().map(name).collect();
        let what = format!("{} were found on this machine and added", names.join(", "));
        self.edit_config(&what, |document| plan.write(document))
            .await?;
        for name in &names {
            taken.providers.push(self.provider(name).await?);
        }
        if let Some(first) = taken.groups.first().filter(|_| practises) {
            taken.activated = Some(self.activate(first)?.name);
        }
        Ok(taken)
    }

    fn not_found(&self, id: &str) -> CommandError {
        let mut others = self.settings_of_others();
        if others.any(|other| other.kind == FoundKind::Settings && other.id == id) {
            let told = format!("{id} is a file of settings: take it in with POST /import/config");
            return CommandError::Invalid(told);
        }
        CommandError::NotFound(format!(
            "{id} is not on this machine, or no longer: GET /found tells what is"
        ))
    }
}

impl Plan {
    fn of(settings: &Settings, chosen: Vec<Candidate>, group: Option<String>) -> Self {
        let mut used: Vec<String> = settings
            .providers
            .iter()
            .map(|it| it.name.clone())
            .collect();
        let mut providers = Vec::new();
        for candidate in chosen {
            let name = free(&candidate.offer.provider.name, &used);
            used.push(name.clone());
            providers.push(fields(&name, candidate));
        }
        let names: Vec<String> = providers.iter().map(name).collect();
        let existing = group.as_ref().and_then(|wanted| {
            let mut groups = settings.groups.iter();
            groups.find(|group| group.name == *wanted)
        });
        let mut plan = Self {
            providers,
            groups: Vec::new(),
            joined: None,
            goes_first: settings.groups.iter().all(|group| {
                let mut members = group.members.iter();
                members.all(|member| is_practice(settings, &member.provider))
            }),
        };
        match (existing, group) {
            (Some(group), _) => plan.joined = Some((group.name.clone(), names)),
            (None, Some(wanted)) => plan.groups.push(of_group(&wanted, &names)),
            (None, None) => {
                let mut used: Vec<String> =
                    settings.groups.iter().map(|it| it.name.clone()).collect();
                for provider in names {
                    let name = free(&provider, &used);
                    plan.groups.push(of_group(&name, &[provider]));
                    used.push(name);
                }
            }
        }
        plan
    }

    fn write(&self, document: &mut DocumentMut) -> Result<(), EditError> {
        for provider in &self.providers {
            section::add(document, Section::Providers, provider)?;
        }
        for group in &self.groups {
            section::add(document, Section::Groups, group)?;
        }
        if let Some((group, names)) = &self.joined {
            let change = Map::from_iter([("members".to_owned(), joined(document, group, names))]);
            section::change(document, Section::Groups, group, &change)?;
        }
        if self.goes_first && !self.groups.is_empty() {
            let first: Vec<String> = self.groups.iter().map(name).collect();
            section::reorder(document, Section::Groups, &first)?;
        }
        Ok(())
    }
}

fn name(fields: &Map<String, Value>) -> String {
    let name = fields.get("name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// The members of a group as the document has them, which may have changed since, and these behind them.
fn joined(document: &DocumentMut, group: &str, names: &[String]) -> Value {
    let written: Value = toml::from_str(&document.to_string()).unwrap_or_default();
    let groups = written["groups"].as_array().into_iter().flatten();
    let mut there: Vec<Value> = groups
        .filter(|it| it["name"] == group)
        .find_map(|it| it["members"].as_array().cloned())
        .unwrap_or_default();
    let last = there.iter().filter_map(|it| it["priority"].as_i64()).max();
    let first = i32::try_from(last.unwrap_or(0)).unwrap_or(i32::MAX - 1);
    there.extend(members(names, first.saturating_add(1)));
    there.into()
}

fn of_group(name: &str, providers: &[String]) -> Map<String, Value> {
    let members = members(providers, 1).collect();
    Map::from_iter([
        ("name".to_owned(), name.into()),
        ("members".to_owned(), members),
    ])
}

fn members(providers: &[String], first: i32) -> impl Iterator<Item = Value> {
    let numbered = providers.iter().zip(first..);
    numbered.map(|(provider, priority)| json!({ "provider": provider, "priority": priority }))
}

/// The fields of a provider in the config.
fn fields(name: &str, candidate: Candidate) -> Map<String, Value> {
    let Candidate { told, offer } = candidate;
    let provider = offer.provider;
    let mut fields = Map::from_iter([
        ("name".to_owned(), name.into()),
        ("dialect".to_owned(), provider.dialect.into()),
        ("base_url".to_owned(), provider.base_url.into()),
        (
            "auth".to_owned(),
            serde_json::to_value(provider.auth).unwrap_or_default(),
        ),
    ]);
    if let Some(key) = offer.key {
        fields.insert("keys".to_owned(), json!([key]));
    }
    if let Some(models) = provider.models {
        let tiers = json!({ "big": models.big, "middle": models.middle, "small": models.small });
        fields.insert("models".to_owned(), tiers);
    } else if let Some(model) = told.models.first() {
        // A server of this machine knows no names of Claude's: its first model stands for all of them.
        let tiers = json!({ "big": [model], "middle": [model], "small": [model] });
        fields.insert("models".to_owned(), tiers);
    }
    fields
}

/// This name, or with the first number that makes it a new one.
fn free(name: &str, used: &[String]) -> String {
    let is_free = |name: &String| !used.contains(name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}
