//! Routing rules: facts about a request, and what they decide. The first rule whose facts all hold wins.
//!
//! Facts are asked for one at a time, those that cost nothing first, and only by rules that need them.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use crate::resolve::{Glob, Name, Tier};
use crate::similar::{Examples, Profile};
use crate::topology::Dialect;

/// An exception to the order of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its unique name, as the history shows it.
    pub name: Arc<str>,
    /// What must hold.
    pub when: When,
    /// What is done then.
    pub then: Then,
}

/// What must hold of a request; all that is given must. What is not given always holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct When {
    /// The model asked for, without its `[1m]` suffix unless the glob has it too.
    pub model: Option<Glob>,
    /// The tier that the model's name speaks of.
    pub tier: Option<Tier>,
    /// What the client speaks.
    pub dialect: Option<Dialect>,
    /// The client program, without regard to case.
    pub client: Option<String>,
    /// The path called, without pin and query.
    pub path: Option<Glob>,
    /// One of these is in the last user text, without regard to case, also as a part of a word.
    pub keyword: Vec<String>,
    /// Something in the last user text fits.
    pub regex: Option<Expression>,
    /// The last user text is similar to one of these.
    pub similar_to: Option<Examples>,
    /// The prompt has more tokens than this, as far as can be told before it is sent.
    pub tokens_over: Option<u64>,
    /// Whether there are images in the conversation.
    pub has_images: Option<bool>,
    /// Whether tools are offered.
    pub has_tools: Option<bool>,
    /// Whether thinking is asked for.
    pub thinking: Option<bool>,
    /// Whether the vendor's web search is offered.
    pub web_search: Option<bool>,
    /// Whether it is one of a client's small helper calls.
    pub background: Option<bool>,
    /// The hour of the day.
    pub hour: Option<Hours>,
    /// The client token presented, by name.
    pub token: Option<String>,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Then {
    /// This group is asked first.
    pub group: Option<String>,
    /// This provider is asked first.
    pub provider: Option<String>,
    /// This model is asked for.
    pub model: Option<String>,
    /// How much to think.
    pub effort: Option<String>,
    /// At most so many tokens are generated.
    pub max_tokens: Option<u32>,
}

/// What rules may ask about a request. Each is called at most once for a request, unless it says otherwise.
pub trait Facts {
    /// The model asked for, as the client wrote it.
    fn model(&self) -> &str;
    /// What the client speaks.
    fn dialect(&self) -> Dialect;
    /// The client program, where it tells one.
    fn client(&self) -> Option<String>;
    /// The path called, without pin and query.
    fn path(&self) -> String;
    /// Name of the client token presented.
    fn token(&self) -> Option<&str>;
    /// The hour of the day where Turnout runs, from 0 to 23.
    fn hour(&self) -> u8;
    /// What the user said last.
    fn text(&self) -> String;
    /// How close in meaning that is to an example, from -1 to 1; `None` where nobody knows. Called for each example.
    fn closeness(&self, example: &str) -> Option<f64> {
        let _ = example;
        None
    }
    /// Tokens of the prompt.
    fn tokens(&self) -> u64;
    /// Whether there are images in the conversation.
    fn has_images(&self) -> bool;
    /// Whether tools are offered.
    fn has_tools(&self) -> bool;
    /// Whether thinking is asked for.
    fn thinking(&self) -> bool;
    /// Whether the vendor's web search is offered.
    fn web_search(&self) -> bool;
    /// Whether it is one of a client's small helper calls.
    fn background(&self) -> bool;
}

/// The first rule whose facts all hold.
pub fn decide<'a>(rules: &'a [Rule], facts: &impl Facts) -> Option<&'a Rule> {
    let known = Known::new(facts);
    rules.iter().find(|rule| rule.when.holds(&known))
}

impl When {
    fn holds<F: Facts>(&self, known: &Known<'_, F>) -> bool {
        self.fits_the_call(known) && self.fits_the_request(known) && self.fits_the_text(known)
    }

    /// What can be told without reading the body.
    fn fits_the_call<F: Facts>(&self, known: &Known<'_, F>) -> bool {
        let facts = known.facts;
        let name = || Name::new(facts.model());
        holds(self.dialect.as_ref(), |it| *it == facts.dialect())
            && holds(self.model.as_ref(), |it| it.matches(&name()))
            && holds(self.tier.as_ref(), |it| name().tier() == Some(*it))
            && holds(self.path.as_ref(), |it| {
                it.matches(&Name::new(known.path.get(|| facts.path())))
            })
            && holds(self.token.as_ref(), |it| facts.token() == Some(it))
            && holds(self.client.as_ref(), |it| {
                let client = known.client.get(|| facts.client()).as_ref();
                client.is_some_and(|client| client.eq_ignore_ascii_case(it))
            })
            && holds(self.hour.as_ref(), |it| {
                it.has(*known.hour.get(|| facts.hour()))
            })
    }

    /// What is told by the parts of the request, whatever they say.
    fn fits_the_request<F: Facts>(&self, known: &Known<'_, F>) -> bool {
        let facts = known.facts;
        holds(self.has_tools.as_ref(), |it| {
            *it == *known.has_tools.get(|| facts.has_tools())
        }) && holds(self.thinking.as_ref(), |it| {
            *it == *known.thinking.get(|| facts.thinking())
        }) && holds(self.web_search.as_ref(), |it| {
            *it == *known.web_search.get(|| facts.web_search())
        }) && holds(self.background.as_ref(), |it| {
            *it == *known.background.get(|| facts.background())
        }) && holds(self.has_images.as_ref(), |it| {
            *it == *known.has_images.get(|| facts.has_images())
        })
    }

    /// What its words tell.
    fn fits_the_text<F: Facts>(&self, known: &Known<'_, F>) -> bool {
        let text = || known.text.get(|| known.facts.text()).as_str();
        let lower = || known.lower.get(|| text().to_lowercase()).as_str();
        let says = |word: &String| lower().contains(&word.to_lowercase());
        (self.keyword.is_empty() || self.keyword.iter().any(says))
            && holds(self.regex.as_ref(), |it| it.0.is_match(text()))
            && holds(self.similar_to.as_ref(), |it| {
                let profile = || known.profile.get(|| Profile::of(text()));
                it.matches(profile, |example| known.facts.closeness(example))
            })
            && holds(self.tokens_over.as_ref(), |it| {
                *known.tokens.get(|| known.facts.tokens()) > *it
            })
    }
}

/// Whether a fact holds; one that is not asked for does.
fn holds<T>(wanted: Option<&T>, test: impl FnOnce(&T) -> bool) -> bool {
    wanted.is_none_or(test)
}

/// What is known of a request so far.
struct Known<'a, F> {
    facts: &'a F,
    client: Once<Option<String>>,
    path: Once<String>,
    hour: Once<u8>,
    text: Once<String>,
    lower: Once<String>,
    profile: Once<Profile>,
    tokens: Once<u64>,
    has_images: Once<bool>,
    has_tools: Once<bool>,
    thinking: Once<bool>,
    web_search: Once<bool>,
    background: Once<bool>,
}

impl<'a, F: Facts> Known<'a, F> {
    fn new(facts: &'a F) -> Self {
        Self {
            facts,
            client: Once::new(),
            path: Once::new(),
            hour: Once::new(),
            text: Once::new(),
            lower: Once::new(),
            profile: Once::new(),
            tokens: Once::new(),
            has_images: Once::new(),
            has_tools: Once::new(),
            thinking: Once::new(),
            web_search: Once::new(),
            background: Once::new(),
        }
    }
}

/// A fact that is asked for once.
struct Once<T>(OnceCell<T>);

impl<T> Once<T> {
    fn new() -> Self {
        Self(OnceCell::new())
    }

    fn get(&self, ask: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(ask)
    }
}

/// A regular expression; two are equal when they are written alike.
#[derive(Clone)]
pub struct Expression(regex::Regex);

impl Expression {
    /// Reads an expression. `(?i)` at its start makes it disregard case. The error is one sentence or more of what is
    /// wrong with it.
    pub fn new(written: &str) -> Result<Self, String> {
        let read = regex::Regex::new(written);
        read.map(Self).map_err(|error| error.to_string())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

/// Hours of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours([bool; 24]);

impl Hours {
    /// Reads hours such as `9-17` (from nine until it strikes five), `22-6` (over midnight), `13` (that hour) and
    /// lists of these, with commas between them. `None` for anything else.
    pub fn parse(written: &str) -> Option<Self> {
        let mut hours = [false; 24];
        for part in written.split(',') {
            let (from, to) = match part.split_once('-') {
                Some((from, to)) => (hour(from)?, hour(to)?),
                None => (hour(part)?, hour(part)? + 1),
            };
            if from == 24 || from == to {
                return None;
            }
            // Over midnight it goes on from zero.
            let end = if to > from { to } else { to + 24 };
            (from..end).for_each(|at| hours[at % 24] = true);
        }
        Some(Self(hours))
    }

    fn has(&self, hour: u8) -> bool {
        self.0.get(usize::from(hour)).copied().unwrap_or_default()
    }
}

fn hour(written: &str) -> Option<usize> {
    let digits = written.trim();
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let hour: usize = plain.then(|| digits.parse().ok())??;
    (hour <= 24).then_some(hour)
}
