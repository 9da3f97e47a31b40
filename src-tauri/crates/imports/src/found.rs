//! What was found in a source, in the words of Turnout's config.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::names::Names;
use crate::report::Report;
use crate::values::{self, Variables, has_login, is_harmless_header};
use crate::{Env, Kind, Unreadable};

/// Levels of the log, as the config spells them.
const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];

/// A wire format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Anthropic Messages.
    #[default]
    Anthropic,
    /// `OpenAI` Chat Completions.
    OpenaiChat,
    /// `OpenAI` Responses.
    OpenaiResponses,
    /// Gemini.
    Gemini,
    /// Ollama.
    Ollama,
}

impl Dialect {
    /// As the config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }
}

/// How a key is presented: `x-api-key`, `bearer`, `client`, `none`, or a header of this name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Auth {
    /// A word of the config.
    Word(String),
    /// A header of its own.
    Header {
        /// Its name.
        header: String,
    },
}

impl Auth {
    pub(crate) fn word(word: &str) -> Self {
        Self::Word(word.to_owned())
    }

    pub(crate) fn header(name: &str) -> Self {
        Self::Header {
            header: name.to_owned(),
        }
    }
}

/// A key that was found. `Debug` hides a secret.
#[derive(Debug, Clone)]
pub enum Key {
    /// It is in this environment variable.
    Env(String),
    /// It stood in the source.
    Secret(SecretString),
}

/// Models for the three tiers, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tiers {
    /// What opus and its like stand for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub big: Vec<String>,
    /// What sonnet and its like stand for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub middle: Vec<String>,
    /// What haiku and its like stand for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub small: Vec<String>,
}

impl Tiers {
    /// One model for all of them.
    pub(crate) fn all(model: &str) -> Self {
        let one = || vec![model.to_owned()];
        Self {
            big: one(),
            middle: one(),
            small: one(),
        }
    }

    /// Whether no tier has a model.
    pub fn is_empty(&self) -> bool {
        self.big.is_empty() && self.middle.is_empty() && self.small.is_empty()
    }
}

/// Durations, as the config writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Until the connection stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
    /// Until the first semantic event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_event: Option<String>,
    /// Between two arrivals of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<String>,
    /// The attempt as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
}

/// Tries of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u32,
}

/// A provider's own limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u32>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u32>,
    /// Requests at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

/// What a provider's models cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Pricing {
    /// Factor on the price list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<f64>,
    /// Prices of its own, by the names that it has for its models.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Price>,
}

/// A provider. Serialises as its table in the config, without its keys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Provider {
    /// Its name, which the config takes.
    pub name: String,
    /// The wire format that it speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub base_url: String,
    /// How a key is presented; none for what is usual in the dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Its keys.
    #[serde(skip)]
    pub keys: Vec<Key>,
    /// Models for the three tiers.
    #[serde(skip_serializing_if = "Tiers::is_empty")]
    pub models: Tiers,
    /// From globs to its names, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "pairs")]
    pub model_map: Vec<(String, String)>,
    /// Headers added to each request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Durations of its own.
    #[serde(skip_serializing_if = "no_timeouts")]
    pub timeouts: Timeouts,
    /// Tries of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// A proxy for it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Whether it has an endpoint that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_tokens: Option<bool>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Pricing>,
    /// Its limits.
    #[serde(skip_serializing_if = "no_limits")]
    pub limits: Limits,
    /// Whether it is switched on; none for yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

fn no_timeouts(timeouts: &Timeouts) -> bool {
    *timeouts == Timeouts::default()
}

fn no_limits(limits: &Limits) -> bool {
    *limits == Limits::default()
}

fn pairs<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// A provider's place in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name.
    pub provider: String,
    /// The lowest number goes first.
    pub priority: i64,
    /// Its share under the policy `weighted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// Providers that are switched as one. Serialises as its table in the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How the next member is chosen; none for the first in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// How long a failed one rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<String>,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// Facts of a rule that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct When {
    /// Glob on the model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Dialect of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// More input tokens than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_over: Option<u32>,
    /// Whether there are images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_images: Option<bool>,
    /// Whether thinking is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<bool>,
    /// Whether web search is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_search: Option<bool>,
    /// Whether it is one of a client's small helper calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<bool>,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Try this group first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Try this provider first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Ask for this model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// An exception. Serialises as its table in the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Facts that must all hold.
    pub when: When,
    /// What then happens.
    #[serde(rename = "use")]
    pub target: Target,
}

/// What a model costs: US dollars for a million tokens. Serialises as its entry in the config.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// The model.
    #[serde(skip)]
    pub model: String,
    /// Input.
    pub input: f64,
    /// Output.
    pub output: f64,
    /// Input read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<f64>,
    /// Input written to the cache for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<f64>,
}

/// A single setting of the config.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its path, such as `routing.retry.attempts`.
    pub path: &'static str,
    /// What it says.
    pub value: Value,
    /// Where it stood in the source.
    pub place: String,
}

/// A token that clients present.
#[derive(Debug, Clone)]
pub struct ClientToken {
    /// Its name.
    pub name: String,
    /// The token.
    pub key: Key,
    /// Where it stood in the source.
    pub place: String,
}

/// Everything that a source says. `Debug` hides secrets.
#[derive(Debug)]
pub struct Found {
    /// Whose it was.
    pub kind: Kind,
    /// Providers, in the order of the source.
    pub providers: Vec<Provider>,
    /// Groups, the first goes first.
    pub groups: Vec<Group>,
    /// Rules, the first that fits wins.
    pub rules: Vec<Rule>,
    /// Prices of models.
    pub prices: Vec<Price>,
    /// Settings.
    pub settings: Vec<Setting>,
    /// Tokens that clients present.
    pub tokens: Vec<ClientToken>,
    /// What became of each part.
    pub report: Report,
}

/// What was found so far, while a source is read.
pub(crate) struct Reading<'e> {
    pub(crate) kind: Kind,
    pub(crate) providers: Vec<Provider>,
    pub(crate) groups: Vec<Group>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) prices: Vec<Price>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) tokens: Vec<ClientToken>,
    pub(crate) report: Report,
    pub(crate) env: Env<'e>,
    pub(crate) provider_names: Names,
    pub(crate) group_names: Names,
    pub(crate) rule_names: Names,
}

impl<'e> Reading<'e> {
    pub(crate) fn new(kind: Kind, env: Env<'e>) -> Self {
        Self {
            kind,
            providers: Vec::new(),
            groups: Vec::new(),
            rules: Vec::new(),
            prices: Vec::new(),
            settings: Vec::new(),
            tokens: Vec::new(),
            report: Report::default(),
            env,
            provider_names: Names::default(),
            group_names: Names::default(),
            rule_names: Names::default(),
        }
    }

    /// A source that has nothing to serve with is told as such.
    pub(crate) fn finished(self) -> Result<Found, Unreadable> {
        if self.providers.is_empty() && self.settings.is_empty() && self.prices.is_empty() {
            return Err(Unreadable::Nothing(self.kind, self.report));
        }
        Ok(Found {
            kind: self.kind,
            providers: self.providers,
            groups: self.groups,
            rules: self.rules,
            prices: self.prices,
            settings: self.settings,
            tokens: self.tokens,
            report: self.report,
        })
    }

    /// Takes a provider and tells so.
    pub(crate) fn provider(&mut self, place: &str, provider: Provider) {
        let keys = match provider.keys.as_slice() {
            [] => "no key".to_owned(),
            [Key::Env(name)] => format!("its key in the environment variable {name}"),
            [Key::Secret(_)] => "its key".to_owned(),
            keys => format!("{} keys", keys.len()),
        };
        let what = format!(
            "provider {}: {} at {}, {keys}",
            provider.name,
            provider.dialect.name(),
            provider.base_url
        );
        let subject = format!("provider {}", provider.name);
        self.report.made(place, subject, what);
        self.providers.push(provider);
    }

    /// Takes a group and tells so; one without members is none.
    pub(crate) fn group(&mut self, place: &str, group: Group) {
        if group.members.is_empty() {
            return;
        }
        let names: Vec<&str> = group
            .members
            .iter()
            .map(|member| &*member.provider)
            .collect();
        let what = format!("group {}: {}", group.name, names.join(", "));
        let subject = format!("group {}", group.name);
        self.report.made(place, subject, what);
        self.groups.push(group);
    }

    /// Takes a rule and tells so.
    pub(crate) fn rule(&mut self, place: &str, rule: Rule) {
        let subject = format!("rule {}", rule.name);
        self.report.made(place, subject.clone(), subject);
        self.rules.push(rule);
    }

    /// Takes a setting and tells so.
    pub(crate) fn setting(&mut self, place: &str, path: &'static str, value: impl Into<Value>) {
        let value = value.into();
        if self.settings.iter().any(|setting| setting.path == path) {
            let why = format!("{path} is said elsewhere in it already");
            self.report.left(place, why);
            return;
        }
        self.report.made(place, path, format!("{path} = {value}"));
        self.settings.push(Setting {
            path,
            value,
            place: place.to_owned(),
        });
    }

    /// Takes a token that clients present. One that anybody could guess is none.
    pub(crate) fn client_token(&mut self, place: &str, name: &str, text: &str, how: Variables) {
        const SHORTEST: usize = 8;
        let key = match values::key(text, how) {
            Some(Key::Secret(_)) if text.len() < SHORTEST => None,
            key => key,
        };
        match key {
            Some(key) => {
                let what = format!("client token {name}: clients that have it go on to be let in");
                self.report.made(place, format!("client token {name}"), what);
                self.tokens.push(ClientToken {
                    name: name.to_owned(),
                    key,
                    place: place.to_owned(),
                });
            }
            None => self.report.left(
                place,
                "it is too short or an example, so that anybody could guess it; Turnout makes a token of its own",
            ),
        }
    }

    /// A text as the config writes it; one with a variable that is not set is told as left.
    pub(crate) fn written(&mut self, place: &str, text: &str, how: Variables) -> Option<String> {
        match values::written(text, how, self.env) {
            Ok(text) => Some(text),
            Err(name) => {
                let why =
                    format!("the environment variable {name} is not set; set it and import again");
                self.report.left(place, why);
                None
            }
        }
    }

    /// Headers for each request. What carries a credential has no place in a config.
    pub(crate) fn headers(
        &mut self,
        table: Option<crate::table::Table>,
        how: Variables,
    ) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        for (name, item) in table.into_iter().flat_map(crate::table::Table::items) {
            let place = item.place.clone();
            let Some(value) = item.text(&mut self.report) else {
                continue;
            };
            let only_variable = matches!(values::key(&value, how), Some(Key::Env(_)));
            if !is_harmless_header(&name) && !only_variable {
                self.report.left(
                    place,
                    "its value may be a credential and would stand in the config for all to read; give it as a key, or as \
                     ${NAME} under the provider's headers",
                );
            } else if let Some(value) = self.written(&place, &value, how) {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// The proxy of all providers but those on this machine, unless its URL holds a password.
    pub(crate) fn proxy(&mut self, place: &str, url: &str) -> Option<String> {
        if has_login(url) {
            self.report.left(
                place,
                "a proxy's password has no place in the config; write the URL by hand with ${NAME} in it",
            );
            return None;
        }
        self.report.taken(
            place,
            "each provider that is not on this machine is called by this proxy",
        );
        Some(url.to_owned())
    }

    /// Takes a price and tells so.
    pub(crate) fn price(&mut self, place: &str, price: Price) {
        let subject = format!("price of {}", price.model);
        self.report.made(place, subject.clone(), subject);
        self.prices.push(price);
    }

    /// The level of the log, in the words of the config.
    pub(crate) fn log_level(&mut self, place: &str, level: &str) {
        let lower = level.to_lowercase();
        let level = match lower.as_str() {
            "warning" => "warn",
            "critical" | "fatal" => "error",
            other if LEVELS.contains(&other) => other,
            _ => {
                self.report.left(place, "Turnout has no such level");
                return;
            }
        };
        self.setting(place, "log.level", level);
    }

    /// Members in the order in which they stand, the first goes first.
    pub(crate) fn members<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<Member> {
        let numbered = names.into_iter().zip(1..);
        let members = numbered.map(|(name, priority)| Member {
            provider: name.clone(),
            priority,
            weight: None,
        });
        members.collect()
    }
}
