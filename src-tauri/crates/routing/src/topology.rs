//! What the config says about providers and groups, as plain data. Never holds a secret.
//!
//! The daemon makes it out of validated settings; this crate trusts it, and where it names
//! something that does not exist (a member without a provider) that is skipped with a reason.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::load::Limits;
use crate::price::Prices;
use crate::rule::Rule;
use crate::words::words;

words! {
    /// Whether failover may leave the chosen group.
    #[derive(Default)]
    pub enum Mode {
        /// Failover may leave the chosen group.
        #[default]
        Auto = "auto",
        /// Requests stay in the chosen group, whatever happens there.
        Manual = "manual",
    }
}

words! {
    /// A wire format a provider speaks.
    pub enum Dialect {
        /// Anthropic Messages.
        Anthropic = "anthropic",
        /// `OpenAI` Chat Completions.
        OpenaiChat = "openai-chat",
        /// `OpenAI` Responses.
        OpenaiResponses = "openai-responses",
        /// Google Gemini.
        Gemini = "gemini",
        /// Ollama's own.
        Ollama = "ollama",
        /// The built-in stand-in, which answers in whatever dialect it is asked.
        Practice = "practice",
    }
}

/// When a second candidate races one that is slow to begin its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeAfter {
    /// When it takes longer than this share of its last answers did, in percent (1 to 99).
    Percentile(u8),
    /// After a fixed time.
    Fixed(Duration),
}

words! {
    /// In which order the keys of a pool are used.
    #[derive(Default)]
    pub enum KeyPolicy {
        /// Each key in turn.
        #[default]
        RoundRobin = "round-robin",
        /// The first key that works; the next one only when it does not.
        FillFirst = "fill-first",
        /// The key with the fewest uses since the start.
        LeastUsed = "least-used",
    }
}

words! {
    /// How a group orders its members. Equals stand in the order of priority.
    #[derive(Default)]
    pub enum Policy {
        /// Lowest priority number first, then file order.
        #[default]
        Priority = "priority",
        /// In turns, in proportion to weight.
        Weighted = "weighted",
        /// Each member in turn.
        RoundRobin = "round-robin",
        /// Fewest requests in flight first.
        LeastBusy = "least-busy",
        /// Lowest time to first token first.
        Fastest = "fastest",
        /// Lowest expected cost of the request first, what is in a cache counted as such; unknown prices come last.
        Cheapest = "cheapest",
    }
}

/// Everything routing knows from the config.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// Mode at start; [`crate::Board::set_mode`] changes it while running.
    pub mode: Mode,
    /// How long a failed provider rests at first; doubles on repeats, up to ten minutes.
    pub cooldown: Duration,
    /// Tries of one candidate, unless its provider says otherwise.
    pub retry: Retry,
    /// When a provider and model is taken out of service.
    pub breaker: BreakerPolicy,
    /// Statuses and body patterns that count as provider failures besides the built-in ones.
    pub failover_on: Vec<Pattern>,
    /// Conversations stay with their provider while its prompt cache is warm.
    pub sticky: bool,
    /// When a second candidate races one that is slow to begin; `None` where none does.
    pub hedge: Option<HedgeAfter>,
    /// All providers, in file order.
    pub providers: Vec<Provider>,
    /// All groups; file order is the priority between them.
    pub groups: Vec<Group>,
    /// Rules that are switched on, in file order. The board never looks at them: who asks it does, by
    /// [`crate::decide`].
    pub rules: Vec<Rule>,
    /// What tokens cost where.
    pub prices: Prices,
    /// Who tells how close texts are in meaning, for `similar_to` of rules; without one, their words are compared.
    pub embedder: Option<Embedder>,
}

/// Who embeds texts for rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedder {
    /// The provider, in whatever group or none.
    pub provider: Arc<str>,
    /// The model, as it is called there.
    pub model: String,
    /// How long a request waits for it.
    pub timeout: Duration,
}

impl Default for Topology {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            cooldown: Duration::from_mins(1),
            retry: Retry::default(),
            breaker: BreakerPolicy::default(),
            failover_on: Vec::new(),
            sticky: false,
            hedge: None,
            providers: Vec::new(),
            groups: Vec::new(),
            rules: Vec::new(),
            prices: Prices::default(),
            embedder: None,
        }
    }
}

/// Tries of one candidate within one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, the first one included; 0 counts as 1.
    pub attempts: u32,
    /// Pause before the second try; doubles with each further one.
    pub base: Duration,
    /// Longest pause before jitter.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 2,
            base: Duration::from_millis(250),
            max: Duration::from_secs(4),
        }
    }
}

/// When a provider and model is taken out of service, and how it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures within `window` that open it; 0 counts as 1.
    pub failures: u32,
    /// How long a failure counts.
    pub window: Duration,
    /// How long it stays open the first time; doubles each time a probe fails.
    pub recovery: Duration,
    /// Requests let through at one time to see whether it works again; 0 counts as 1.
    pub probes: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self {
            failures: 5,
            window: minute,
            recovery: minute,
            probes: 1,
        }
    }
}

/// One entry of `routing.failover_on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// An HTTP status.
    Status(u16),
    /// Text anywhere in the body, compared without regard to ASCII case.
    Body(String),
}

impl Pattern {
    /// Reads an entry as written in the config: three digits are a status, the rest is body text.
    pub fn parse(written: &str) -> Self {
        match written.parse::<u16>() {
            Ok(status) if (100..=599).contains(&status) => Self::Status(status),
            _ => Self::Body(written.to_owned()),
        }
    }
}

/// One account at one upstream, as far as routing is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its unique name.
    pub name: Arc<str>,
    /// The wire format it speaks.
    pub dialect: Dialect,
    /// Whether the config lets it serve.
    pub enabled: bool,
    /// Why it does not, where it is not switched off: a clause for people, such as `it has no key`.
    pub lacks: Option<String>,
    /// Key ids such as `relay/0`; empty when it needs no key.
    pub keys: Vec<Arc<str>>,
    /// What its owner lets single keys do, by id; the provider's own limits hold besides.
    pub key_limits: HashMap<Arc<str>, Limits>,
    /// In which order keys are used.
    pub key_policy: KeyPolicy,
    /// What the tiers stand for here.
    pub models: Tiers,
    /// Globs over the asked model name and the name to send instead; first match wins.
    pub model_map: Vec<(String, String)>,
    /// Overrides [`Topology::retry`].
    pub retry: Option<Retry>,
    /// What its owner lets it do.
    pub limits: Limits,
    /// Price in thousandths of the list price.
    pub cost: u32,
}

impl Provider {
    /// The list price itself, as [`Self::cost`] counts.
    pub const LIST_PRICE: u32 = 1000;

    /// An enabled provider without keys, models or maps.
    pub fn new(name: impl Into<Arc<str>>, dialect: Dialect) -> Self {
        Self {
            name: name.into(),
            dialect,
            enabled: true,
            lacks: None,
            keys: Vec::new(),
            key_limits: HashMap::new(),
            key_policy: KeyPolicy::RoundRobin,
            models: Tiers::default(),
            model_map: Vec::new(),
            retry: None,
            limits: Limits::default(),
            cost: Self::LIST_PRICE,
        }
    }
}

/// Models of a provider by tier, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tiers {
    /// What opus, fable and mythos stand for.
    pub big: Vec<String>,
    /// What sonnet stands for.
    pub middle: Vec<String>,
    /// What haiku stands for.
    pub small: Vec<String>,
}

/// An ordered set of providers that is switched as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its unique name.
    pub name: Arc<str>,
    /// How members are ordered.
    pub policy: Policy,
    /// Overrides [`Topology::cooldown`] for members that fail while serving this group.
    pub cooldown: Option<Duration>,
    /// Its providers, in file order.
    pub members: Vec<Member>,
}

/// A provider's place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name of the provider.
    pub provider: Arc<str>,
    /// Lowest goes first; ties keep file order.
    pub priority: i32,
    /// Share of the traffic under the weighted policy.
    pub weight: u32,
}
