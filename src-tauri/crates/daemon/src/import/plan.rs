//! What an import adds, laid beside the config that is there.

use imports::{Found, Key, Note, Price, Report};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item};

use super::{ImportNote, ImportReport};
use crate::handle::CommandError;
use crate::secrets::{Reference, Resolver};
use crate::settings::section::{self, Section};
use crate::settings::{self, Dialect, Settings};

/// A key that a provider or a client token is given.
pub(super) enum Planned {
    /// It stays where it is.
    Reference(String),
    /// It goes to the keychain, under this name or one like it.
    Secret(String, SecretString),
}

/// A thing for the config: the fields that are written, and the keys that belong to it.
pub(super) struct Thing {
    pub(super) section: Section,
    pub(super) fields: Map<String, Value>,
    pub(super) keys: Vec<Planned>,
}

impl Thing {
    pub(super) fn name(&self) -> &str {
        self.fields
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// All that is added.
pub(super) struct Plan {
    pub(super) things: Vec<Thing>,
    pub(super) prices: Vec<Price>,
    pub(super) settings: Vec<(&'static str, Value)>,
    /// Groups go before those that are there, which only practise.
    pub(super) goes_first: bool,
    source: String,
    told: Report,
    known: Vec<Note>,
}

/// From the names of the source to the names in the config. None for what could not be taken.
type Names = Vec<(String, Option<String>)>;

fn renamed(names: &Names, name: &str) -> Option<String> {
    let found = names.iter().find(|(source, _)| source == name);
    found.and_then(|(_, name)| name.clone())
}

/// Whether a provider is the built-in stand-in.
pub(crate) fn is_practice(settings: &Settings, provider: &str) -> bool {
    let provider = settings.provider(provider);
    provider.is_some_and(|provider| provider.dialect == Dialect::Practice)
}

/// What a plan is made from.
struct Beside<'a> {
    settings: &'a Settings,
    document: DocumentMut,
    resolver: &'a Resolver,
}

impl Plan {
    pub(super) async fn of(
        found: Found,
        text: &str,
        settings: &Settings,
        resolver: &Resolver,
    ) -> Result<Self, CommandError> {
        let document = text.parse::<DocumentMut>();
        let document =
            document.map_err(|error| CommandError::Refused(error.message().to_owned()))?;
        let mut beside = Beside {
            settings,
            document,
            resolver,
        };
        let mut groups = settings.groups.iter();
        let mut plan = Self {
            things: Vec::new(),
            prices: Vec::new(),
            settings: Vec::new(),
            goes_first: groups.all(|group| {
                let mut members = group.members.iter();
                members.all(|member| is_practice(settings, &member.provider))
            }),
            source: found.kind.about().to_owned(),
            told: found.report,
            known: Vec::new(),
        };
        let mut providers = Names::new();
        for provider in found.providers {
            let source = provider.name.clone();
            let name = plan.provider(provider, &mut beside).await;
            providers.push((source, name));
        }
        let mut groups = Names::new();
        for group in found.groups {
            let source = group.name.clone();
            let name = plan.group(group, &providers, &mut beside);
            groups.push((source, name));
        }
        for rule in found.rules {
            plan.rule(rule, &providers, &groups, &mut beside);
        }
        for token in found.tokens {
            plan.token(token, &mut beside).await;
        }
        for price in found.prices {
            plan.price(price, &beside);
        }
        for setting in found.settings {
            plan.setting(setting, &beside);
        }
        Ok(plan)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.things.is_empty() && self.prices.is_empty() && self.settings.is_empty()
    }

    pub(super) fn secrets(&self) -> Vec<(String, SecretString)> {
        let keys = self.things.iter().flat_map(|thing| &thing.keys);
        let secrets = keys.filter_map(|key| match key {
            Planned::Secret(wish, secret) => Some((wish.clone(), secret.clone())),
            Planned::Reference(_) => None,
        });
        secrets.collect()
    }

    /// Where keys are that stay there.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        let keys = self.things.iter().flat_map(|thing| &thing.keys);
        keys.filter_map(|key| match key {
            Planned::Reference(reference) => Some(&**reference),
            Planned::Secret(..) => None,
        })
    }

    /// That new rules go before the group that is active, where something serves already.
    pub(super) fn rules_at_once(&self) -> Option<String> {
        let rules = self.things.iter();
        let rules = rules.filter(|thing| thing.section == Section::Rules);
        let names: Vec<&str> = rules.map(Thing::name).collect();
        let program = crate::program();
        match names.as_slice() {
            _ if self.goes_first => None,
            [] => None,
            [name] => Some(format!(
                "the new rule {name} holds at once, whichever group is active: requests that fit it go where it says, and \
                 no longer to your group; `{program} rules disable {name}` switches it off"
            )),
            names => Some(format!(
                "the new rules {} hold at once, whichever group is active: requests that fit one go where it says, and no \
                 longer to your group; `{program} rules disable NAME` switches one off",
                names.join(", ")
            )),
        }
    }

    /// The names that secrets are to have in the keychain.
    pub(super) fn wished(&self) -> Vec<(String, String)> {
        let secrets = self.secrets().into_iter();
        secrets.map(|(wish, _)| (wish.clone(), wish)).collect()
    }

    pub(super) fn report(
        &self,
        names: &[(String, String)],
        dry_run: bool,
    ) -> Result<ImportReport, CommandError> {
        let of = |section: Section| {
            let things = self
                .things
                .iter()
                .filter(move |thing| thing.section == section);
            things.map(|thing| thing.name().to_owned()).collect()
        };
        let (providers, groups) = (of(Section::Providers), of(Section::Groups));
        let (rules, tokens) = (of(Section::Rules), of(Section::Tokens));
        let toml = self.added(names)?;
        Ok(ImportReport {
            dry_run,
            providers,
            groups,
            rules,
            tokens,
            keychain: names.iter().map(|(_, name)| name.clone()).collect(),
            toml,
            source: self.source.clone(),
            taken: told(&self.told.taken),
            changed: told(&self.told.changed),
            left: told(&self.told.left),
            known: told(&self.known),
            warnings: Vec::new(),
            activated: None,
        })
    }

    /// Says that something is there already instead of that it was taken.
    fn known(&mut self, subject: &str) {
        let (known, taken) = std::mem::take(&mut self.told.taken)
            .into_iter()
            .partition(|note| note.subject.as_deref() == Some(subject));
        self.told.taken = taken;
        self.known
            .extend(Vec::into_iter(known).map(|note: Note| Note {
                what: format!("{subject} is there already"),
                ..note
            }));
    }

    /// Says that something could not be taken after all.
    fn drop(&mut self, subject: &str, why: &str) {
        let (gone, taken): (Vec<Note>, _) = std::mem::take(&mut self.told.taken)
            .into_iter()
            .partition(|note| note.subject.as_deref() == Some(subject));
        self.told.taken = taken;
        self.told.left.extend(gone.into_iter().map(|note| Note {
            what: why.to_owned(),
            ..note
        }));
    }

    fn renamed(&mut self, what: &str, from: &str, to: &str) {
        if from != to {
            self.told.changed.push(Note {
                place: format!("{what} {from}"),
                what: format!("it is called {to} here, as the config has another {from}"),
                subject: None,
            });
        }
    }

    /// The name of a provider in the config.
    async fn provider(
        &mut self,
        provider: imports::Provider,
        beside: &mut Beside<'_>,
    ) -> Option<String> {
        let subject = format!("provider {}", provider.name);
        let mut fields = fields(&provider);
        let meant = match meant(&fields) {
            Ok(meant) => meant,
            Err(why) => {
                self.drop(&subject, &why);
                return None;
            }
        };
        if let Some(name) = beside.same_provider(&meant, &provider.keys).await {
            self.known(&subject);
            return Some(name);
        }
        let name = self.free(Section::Providers, &provider.name, beside);
        self.renamed("provider", &provider.name, &name);
        fields.insert("name".to_owned(), name.clone().into());
        let keys = provider.keys.into_iter().enumerate();
        let keys = keys.map(|(index, key)| planned(key, || format!("{name}/{index}")));
        let keys = keys.collect();
        self.things.push(Thing {
            section: Section::Providers,
            fields,
            keys,
        });
        Some(name)
    }

    fn group(
        &mut self,
        mut group: imports::Group,
        providers: &Names,
        beside: &mut Beside<'_>,
    ) -> Option<String> {
        let subject = format!("group {}", group.name);
        group
            .members
            .retain_mut(|member| match renamed(providers, &member.provider) {
                Some(name) => {
                    member.provider = name;
                    true
                }
                None => false,
            });
        if group.members.is_empty() {
            self.drop(&subject, "none of its providers could be taken");
            return None;
        }
        // Whoever takes the same in again may have changed the group since.
        let is_new = |provider: &str| self.has(Section::Providers, provider);
        let has_new = group.members.iter().any(|member| is_new(&member.provider));
        if !has_new && beside.has(Section::Groups, &group.name) {
            self.known(&subject);
            return Some(group.name);
        }
        let name = self.free(Section::Groups, &group.name, beside);
        self.renamed("group", &group.name, &name);
        group.name.clone_from(&name);
        self.things.push(Thing {
            section: Section::Groups,
            fields: fields(&group),
            keys: Vec::new(),
        });
        Some(name)
    }

    fn rule(
        &mut self,
        mut rule: imports::Rule,
        providers: &Names,
        groups: &Names,
        beside: &mut Beside<'_>,
    ) {
        let subject = format!("rule {}", rule.name);
        let target = &mut rule.target;
        let (of_group, of_provider) = (target.group.is_some(), target.provider.is_some());
        target.group = target.group.take().and_then(|name| renamed(groups, &name));
        target.provider = target
            .provider
            .take()
            .and_then(|name| renamed(providers, &name));
        if (of_group && target.group.is_none()) || (of_provider && target.provider.is_none()) {
            return self.drop(&subject, "what it points at could not be taken");
        }
        let group = target
            .group
            .as_deref()
            .is_some_and(|name| self.has(Section::Groups, name));
        let provider = target
            .provider
            .as_deref()
            .is_some_and(|name| self.has(Section::Providers, name));
        if !group && !provider && beside.has(Section::Rules, &rule.name) {
            return self.known(&subject);
        }
        let name = self.free(Section::Rules, &rule.name, beside);
        self.renamed("rule", &rule.name, &name);
        rule.name = name;
        self.things.push(Thing {
            section: Section::Rules,
            fields: fields(&rule),
            keys: Vec::new(),
        });
    }

    async fn token(&mut self, token: imports::ClientToken, beside: &mut Beside<'_>) {
        let subject = format!("client token {}", token.name);
        for there in &beside.settings.server.client_tokens {
            if beside.is_same(&there.token, &token.key).await {
                return self.known(&subject);
            }
        }
        let name = self.free(Section::Tokens, &token.name, beside);
        self.renamed("client token", &token.name, &name);
        let key = planned(token.key, || {
            format!("{}-{name}", crate::secrets::CLIENT_TOKEN)
        });
        self.things.push(Thing {
            section: Section::Tokens,
            fields: Map::from_iter([("name".to_owned(), name.into())]),
            keys: vec![key],
        });
    }

    fn price(&mut self, price: Price, beside: &Beside<'_>) {
        let subject = format!("price of {}", price.model);
        let mut there = beside.settings.ledger.prices.iter();
        if there.any(|(model, _)| model.eq_ignore_ascii_case(&price.model)) {
            return self.known(&subject);
        }
        self.prices.push(price);
    }

    fn setting(&mut self, setting: imports::Setting, beside: &Beside<'_>) {
        if setting.path == "server.listen" {
            let why = "clients call server.listen of the config, which stays";
            return self.drop(setting.path, why);
        }
        match written(&beside.document, setting.path) {
            None => match self.concerns_others(&setting, beside) {
                Some(why) => {
                    let line = format!("{} = {}", setting.path, text_of(&setting.value));
                    let why = format!("{why}; write {line} into the config if you want that");
                    self.drop(setting.path, &why);
                }
                None => self.settings.push((setting.path, setting.value)),
            },
            Some(there) if there == text_of(&setting.value) => self.known(setting.path),
            Some(there) => {
                let why = format!(
                    "the config says {} = {there} already, which stays",
                    setting.path
                );
                self.drop(setting.path, &why);
            }
        }
    }

    /// Why a setting is not for an import to change: settings are not of the imported providers alone, and what was kept
    /// so far is not deleted for them.
    fn concerns_others(
        &self,
        setting: &imports::Setting,
        beside: &Beside<'_>,
    ) -> Option<&'static str> {
        if !self.goes_first {
            return Some("it would concern the providers that were there, too");
        }
        let mut document = beside.document.clone();
        super::write::set(&mut document, setting.path, &setting.value).ok()?;
        let with = settings::parse(&document.to_string()).ok()?;
        let keeps_less = with.ledger.retention < beside.settings.ledger.retention;
        keeps_less.then_some("history that is kept longer now would be deleted")
    }

    /// A name that nothing in the config and nothing that is new has.
    fn free(&self, section: Section, wish: &str, beside: &mut Beside<'_>) -> String {
        let is_free = |name: &String, beside: &mut Beside<'_>| {
            !beside.has(section, name) && !self.has(section, name)
        };
        let numbered = (2..).map(|number| format!("{wish}-{number}"));
        let mut names = std::iter::once(wish.to_owned()).chain(numbered);
        names
            .find(|name| is_free(name, beside))
            .unwrap_or_else(|| wish.to_owned())
    }

    fn has(&self, section: Section, name: &str) -> bool {
        let mut things = self.things.iter().filter(|thing| thing.section == section);
        things.any(|thing| thing.name() == name)
    }
}

impl Beside<'_> {
    fn has(&mut self, section: Section, name: &str) -> bool {
        let names = section::names(&mut self.document, section);
        names.iter().any(|there| there == name)
    }

    /// The provider of the config that has this address and these keys.
    async fn same_provider(&self, meant: &settings::Provider, keys: &[Key]) -> Option<String> {
        for there in &self.settings.providers {
            let is_alike = there.dialect == meant.dialect
                && there.base_url == meant.base_url
                && there.keys.len() == keys.len();
            if is_alike && self.are_same(&there.keys, keys).await {
                return Some(there.name.clone());
            }
        }
        None
    }

    async fn are_same(&self, there: &[Reference], keys: &[Key]) -> bool {
        for (there, key) in there.iter().zip(keys) {
            if !self.is_same(there, key).await {
                return false;
            }
        }
        true
    }

    async fn is_same(&self, there: &Reference, key: &Key) -> bool {
        match (there, key) {
            (Reference::Env(there), Key::Env(name)) => there == name,
            (there, Key::Secret(secret)) => {
                let there = self.resolver.one(there).await;
                there.is_ok_and(|there| there.expose_secret() == secret.expose_secret())
            }
            _ => false,
        }
    }
}

fn told(notes: &[Note]) -> Vec<ImportNote> {
    let notes = notes.iter().map(|note| ImportNote {
        place: note.place.clone(),
        what: note.what.clone(),
    });
    notes.collect()
}

fn planned(key: Key, wish: impl FnOnce() -> String) -> Planned {
    match key {
        Key::Env(name) => Planned::Reference(format!("env:{name}")),
        Key::Secret(secret) => Planned::Secret(wish(), secret),
    }
}

pub(super) fn fields(thing: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(thing) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The provider as the config would mean it, alone; or what the config says against it.
fn meant(fields: &Map<String, Value>) -> Result<settings::Provider, String> {
    let mut document: DocumentMut = "version = 1\n".parse().unwrap_or_default();
    section::add(&mut document, Section::Providers, fields).map_err(|error| error.to_string())?;
    let settings = settings::parse(&document.to_string()).map_err(|problems| {
        let told: Vec<String> = problems
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        told.join("; ")
    })?;
    let provider = settings.providers.into_iter().next();
    provider.ok_or_else(|| "it is no provider".to_owned())
}

/// What a document says at a path such as `routing.retry.attempts`.
fn written(document: &DocumentMut, path: &str) -> Option<String> {
    let mut at: &Item = document.as_item();
    for step in path.split('.') {
        at = at.as_table_like()?.get(step)?;
    }
    at.as_value().map(|value| {
        let mut value = value.clone();
        value.decor_mut().clear();
        value.to_string()
    })
}

fn text_of(value: &Value) -> String {
    section::toml(value)
        .map(|value| value.to_string())
        .unwrap_or_default()
}
