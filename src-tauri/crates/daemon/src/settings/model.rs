//! Settings as the rest of the program sees them: defaults filled in, everything checked. Nobody checks again.
//! Holds references to secrets, never their values, except for a literal that stood in the file.

use std::{fmt, net::SocketAddr, time::Duration};

use jiff::Timestamp;

pub use super::{
    scalar::FailoverOn,
    words::{
        Capture, Continuation, Dialect, KeyPolicy, Language, LogFormat, LogLevel, Lossy, Mode,
        NoticeKind, OnQuit, Period, Policy, Scope, Theme, Tier,
    },
};
use crate::secrets::Reference;

/// The whole config, valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where clients call, and who may.
    pub server: Server,
    /// How requests find their way.
    pub routing: Routing,
    /// Accounts at upstreams, in the order of the file.
    pub providers: Vec<Provider>,
    /// Groups in the order of the file, which is their priority.
    pub groups: Vec<Group>,
    /// Rules in the order of the file.
    pub rules: Vec<Rule>,
    /// The history.
    pub ledger: Ledger,
    /// The log.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// The desktop app.
    pub desktop: Desktop,
    pub(super) notices: Vec<String>,
}

impl Settings {
    /// What is valid but does less than it says, in sentences for the log and the UI: nothing that was written is
    /// ignored in silence.
    pub fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

/// Where clients call, and who may.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Address to listen on; loopback unless tokens are required.
    pub listen: SocketAddr,
    /// Whether each client must present a token.
    pub require_token: bool,
    /// Tokens that clients may present.
    pub client_tokens: Vec<ClientToken>,
    /// Token of the admin API.
    pub admin_token: Reference,
    /// Host names accepted besides loopback ones, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Origins of web apps that may call, such as `https://app.example`.
    pub cors_origins: Vec<String>,
    /// Largest request body in bytes.
    pub max_body: usize,
    /// Most memory for embeddings that clients want remembered, in bytes; 0 where none are.
    pub embeddings_cache: usize,
}

/// A token by which a client is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientToken {
    /// Name shown in the history; unique.
    pub name: String,
    /// Where the token is.
    pub token: Reference,
    /// What it may be used for; not empty.
    pub scopes: Vec<Scope>,
    /// Names of groups that exist and may serve it; all where there are none.
    pub groups: Vec<String>,
    /// Globs of the model names that it may ask for; all where there are none.
    pub models: Vec<String>,
    /// How much may be done with it.
    pub limits: Limits,
    /// What may be spent with it, and in which period.
    pub spending: Option<(f64, Period)>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was made, as far as it is known.
    pub created_at: Option<Timestamp>,
}

impl ClientToken {
    /// Whether clients may call with it at this time.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.scopes.contains(&Scope::Inference) && self.expires_at.is_none_or(|at| now < at)
    }

    /// Whether it reaches everything, without limit or end.
    pub(crate) fn is_unbounded(&self) -> bool {
        let is_bounded = !self.groups.is_empty()
            || !self.models.is_empty()
            || self.limits != Limits::default()
            || self.spending.is_some()
            || self.expires_at.is_some();
        !is_bounded
    }

    /// One without bounds, for clients.
    pub(super) fn unbounded(name: &str, token: Reference) -> Self {
        Self {
            name: name.to_owned(),
            token,
            scopes: vec![Scope::Inference],
            groups: Vec::new(),
            models: Vec::new(),
            limits: Limits::default(),
            spending: None,
            expires_at: None,
            created_at: None,
        }
    }
}

/// How requests find their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Whether failover may leave the active group.
    pub mode: Mode,
    /// Whether a conversation stays on its provider while its prompt cache is warm.
    pub sticky: bool,
    /// How long a failed provider rests at first.
    pub cooldown: Duration,
    /// Tries of one candidate.
    pub retry: Retry,
    /// When a provider is no longer tried.
    pub breaker: Breaker,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// Whether requests wait when nothing can serve.
    pub suspend: Suspend,
    /// Active health checks.
    pub health: Health,
    /// Racing a second candidate.
    pub hedge: Hedge,
    /// Who embeds texts for rules, if anybody does.
    pub embeddings: Option<Embeddings>,
    /// What happens to a stream cut after commit.
    pub continuation: Continuation,
    /// What else counts as a provider's failure.
    pub failover_on: Vec<FailoverOn>,
}

/// Who embeds texts for rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embeddings {
    /// The provider.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// How long a request waits for it.
    pub timeout: Duration,
}

/// Tries of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// Pause before the second try.
    pub base: Duration,
    /// Longest pause; not shorter than `base`.
    pub max: Duration,
}

/// When a provider is no longer tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures within `window` that open it, at least 1.
    pub failures: u32,
    /// How far back failures count.
    pub window: Duration,
    /// How long it stays open before a probe.
    pub recovery: Duration,
    /// Probes at a time, at least 1.
    pub probes: u32,
}

/// How long each phase of an attempt may take; none is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first semantic event.
    pub first_event: Duration,
    /// Whether `first_event` was written by hand, here or in `routing`.
    pub first_event_set: bool,
    /// Between two arrivals of bytes.
    pub idle: Duration,
    /// The attempt as a whole.
    pub total: Duration,
}

/// Whether requests wait when nothing can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspend {
    /// Whether they do.
    pub enabled: bool,
    /// How long one waits.
    pub timeout: Duration,
    /// How many wait at once.
    pub max: u32,
}

/// Active health checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether there are any.
    pub enabled: bool,
    /// Time between two.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
}

/// Racing a second candidate when the first is slow to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hedge {
    /// Whether it is done.
    pub enabled: bool,
    /// When the second starts.
    pub after: HedgeAfter,
}

/// When a second candidate starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeAfter {
    /// At this percentile (1 to 99) of the first's usual time to first token.
    Percentile(u8),
    /// After a fixed time.
    Fixed(Duration),
}

/// One account at one upstream. `Debug` tells neither headers nor proxy, which may carry credentials.
#[derive(Clone, PartialEq)]
pub struct Provider {
    /// Its name; unique.
    pub name: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// What its vendor documents, put right; `None` for a built-in practice provider.
    pub base_url: Option<String>,
    /// Whose endpoint it is, where that is said.
    pub vendor: Option<String>,
    /// Capabilities that differ from what is known of the vendor.
    pub caps: toml::Table,
    /// How a key is presented.
    pub auth: Auth,
    /// Where its keys are; key id `{name}/{index}` is the index in this list.
    pub keys: Vec<Reference>,
    /// What each of these keys may do by itself.
    pub key_limits: Vec<Limits>,
    /// How the next key is chosen.
    pub key_policy: KeyPolicy,
    /// Models for the three tiers, best first.
    pub models: Models,
    /// From globs to names, tried in order.
    pub model_map: Vec<(String, String)>,
    /// Headers added to each request.
    pub headers: Vec<(String, String)>,
    /// How long each phase may take, `routing`'s merged in.
    pub timeouts: Timeouts,
    /// Tries of one candidate, `routing`'s merged in.
    pub retry: Retry,
    /// Proxy for this provider alone.
    pub proxy: Option<String>,
    /// Whether it has a token counting endpoint.
    pub count_tokens: bool,
    /// What happens to what its dialect cannot say.
    pub lossy: Lossy,
    /// What it costs.
    pub price: Price,
    /// Its own limits.
    pub limits: Limits,
    /// Whether it is used at all.
    pub enabled: bool,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("dialect", &self.dialect)
            .field("base_url", &self.base_url)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// The id of its key at `index`, as in the admin API.
    pub fn key_id(&self, index: usize) -> String {
        format!("{}/{index}", self.name)
    }
}

/// How a key is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `x-api-key: KEY`.
    XApiKey,
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
    /// The client's own credential is forwarded.
    Client,
    /// No key.
    None,
}

/// Models for the three tiers, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Models {
    /// What opus and its like stand for.
    pub big: Vec<String>,
    /// What sonnet and its like stand for.
    pub middle: Vec<String>,
    /// What haiku and its like stand for.
    pub small: Vec<String>,
}

/// What a provider costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// Factor on the price table, not negative.
    pub multiplier: f64,
    /// Prices of single models.
    pub models: Vec<(String, ModelPrice)>,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelPrice {
    /// Input.
    pub input: f64,
    /// Output.
    pub output: f64,
    /// Input read from the cache.
    pub cache_read: Option<f64>,
    /// Input written to the cache for five minutes.
    pub cache_write_5m: Option<f64>,
    /// Input written to the cache for an hour.
    pub cache_write_1h: Option<f64>,
}

/// A provider's own limits; none is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub rpm: Option<u32>,
    /// Tokens a minute.
    pub tpm: Option<u32>,
    /// Requests at once.
    pub concurrency: Option<u32>,
}

/// An ordered set of providers that is switched as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name; unique.
    pub name: String,
    /// How the next member is chosen.
    pub policy: Policy,
    /// Overrides `routing.cooldown`.
    pub cooldown: Option<Duration>,
    /// At least one, each provider once.
    pub members: Vec<Member>,
}

/// A provider's place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name of a provider that exists.
    pub provider: String,
    /// The lowest goes first.
    pub priority: i32,
    /// Share under the policy `weighted`, at least 1.
    pub weight: u32,
}

/// An exception to the groups' order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name; unique.
    pub name: String,
    /// Whether it is looked at.
    pub enabled: bool,
    /// What must hold.
    pub when: When,
    /// What then happens.
    pub target: Target,
}

/// Facts about a request; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct When {
    /// Glob on the model asked for.
    pub model: Option<String>,
    /// Tier of the model asked for.
    pub tier: Option<Tier>,
    /// Dialect of the client.
    pub dialect: Option<Dialect>,
    /// Name of the client program.
    pub client: Option<String>,
    /// Path called.
    pub path: Option<String>,
    /// Words of which one must be in the last user text.
    pub keyword: Vec<String>,
    /// Regular expression on the last user text.
    pub regex: Option<String>,
    /// Example utterances.
    pub similar_to: Vec<String>,
    /// How similar, from 0 to 1.
    pub threshold: Option<f64>,
    /// More input tokens than this.
    pub tokens_over: Option<u32>,
    /// Whether there are images.
    pub has_images: Option<bool>,
    /// Whether there are tools.
    pub has_tools: Option<bool>,
    /// Whether thinking is asked for.
    pub thinking: Option<bool>,
    /// Whether web search is asked for.
    pub web_search: Option<bool>,
    /// Whether it is one of a client's small helper calls.
    pub background: Option<bool>,
    /// Hours of the day.
    pub hour: Option<String>,
    /// Name of the client token.
    pub token: Option<String>,
}

/// What a rule does; at least one is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Name of a group that exists.
    pub group: Option<String>,
    /// Name of a provider that exists.
    pub provider: Option<String>,
    /// Model to ask for.
    pub model: Option<String>,
    /// Effort to ask for.
    pub effort: Option<String>,
    /// Bound on the answer.
    pub max_tokens: Option<u32>,
}

/// How the budget of a token's own dollars is called; no other one may be called so.
pub(crate) const OF_TOKEN: &str = "of token ";

/// `ledger.url` where no history is kept.
pub(crate) const NO_LEDGER: &str = "none";

/// The history of requests, tokens and cost. `Debug` hides the URL, which may carry a password.
#[derive(Clone, PartialEq)]
pub struct Ledger {
    /// Where it is kept; `sqlite://` alone means the data folder.
    pub url: String,
    /// How long single requests are kept.
    pub retention: Duration,
    /// How long entries of the audit log are kept.
    pub audit_retention: Duration,
    /// Which bodies are kept.
    pub capture_bodies: Capture,
    /// The most that is kept of a body, in bytes.
    pub capture_max_body: usize,
    /// The most that is kept of all bodies, compressed, in bytes.
    pub capture_max_total: u64,
    /// How long bodies are kept.
    pub capture_retention: Duration,
    /// What is taken out of bodies beside what is known as secret: regular expressions.
    pub redact: Vec<String>,
    /// Spending marks.
    pub budgets: Vec<Budget>,
    /// Prices in the place of the list's, at every provider.
    pub prices: Vec<(String, ModelPrice)>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

/// A spending mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Its name; unique.
    pub name: String,
    /// US dollars, more than zero.
    pub limit_usd: f64,
    /// How long it runs.
    pub per: Period,
    /// Only what came with this client token.
    pub token: Option<String>,
    /// Only what was tried at providers of this group.
    pub group: Option<String>,
    /// Only what was tried at this provider.
    pub provider: Option<String>,
    /// Shares of the limit at which the user is told; `then` happens at the largest.
    pub at: Vec<f64>,
    /// What happens.
    pub then: Then,
}

/// What happens at a spending mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// The user is told.
    Notify,
    /// This group becomes active.
    Group(String),
    /// Requests are refused.
    Block,
}

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// How much.
    pub level: LogLevel,
    /// For people or for programs.
    pub format: LogFormat,
    /// Whether it also goes into rotating files.
    pub file: bool,
}

/// Traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telemetry {
    /// Whether each attempt tells its provider that it is part of the trace.
    pub propagate: bool,
}

/// The desktop app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desktop {
    /// Whether it starts at login.
    pub autostart: bool,
    /// What is worth a notification.
    pub notifications: Vec<NoticeKind>,
    /// Language of menus and pages.
    pub language: Language,
    /// Colours of the window.
    pub theme: Theme,
    /// What quitting does to connected clients.
    pub on_quit: OnQuit,
}
