//! The settings in force, with what of their secrets may be shown and what must be at hand.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use ledger::Quote;
use secrecy::SecretString;

use crate::costs::Costs;
use crate::record::Facts;
use crate::redact::Redactor;
use crate::secrets::{Moved, Reference, Resolved, masked};
use crate::settings::{self, Capture, Settings};
use crate::traces::Seller;
use crate::view::board::ShownKey;
use crate::view::{Problem, ProblemKind};

/// One state of the config, taken in whole. `Debug` tells no secret.
pub(crate) struct Loaded {
    /// The config as text.
    pub(crate) text: String,
    /// What it says.
    pub(crate) settings: Settings,
    /// The token of the admin API; without one, that API is closed.
    pub(crate) admin_token: Option<SecretString>,
    /// Client tokens that could be had, by name, in the config's order.
    presentable: Vec<(String, SecretString)>,
    /// Client tokens as they may be shown, by name; those that could be had.
    pub(crate) client_tokens: HashMap<String, String>,
    /// Provider keys as they may be shown, by key id.
    pub(crate) keys: HashMap<String, ShownKey>,
    /// What is to be looked at.
    pub(crate) problems: Vec<Problem>,
    /// Some secret may be had later without a change of the config.
    pub(crate) may_pass: bool,
    /// What models cost where.
    pub(crate) costs: Costs,
    /// What is taken out of bodies before they are written down; `None` where none are.
    pub(crate) redactor: Option<Arc<Redactor>>,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("keys", &self.keys)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Loaded {
    /// Puts settings and secrets together, and what became of literals.
    pub(crate) fn new(
        text: String,
        settings: Settings,
        resolved: &Resolved,
        moved: &Moved,
    ) -> Self {
        let mut problems: Vec<Problem> = Vec::new();
        let mut told = |kind, messages: &[String]| {
            problems.extend(messages.iter().map(|message| Problem {
                kind,
                message: message.clone(),
            }));
        };
        let of_secrets = if resolved.may_pass {
            ProblemKind::Keychain
        } else {
            ProblemKind::Key
        };
        told(of_secrets, &resolved.warnings);
        told(ProblemKind::Key, &moved.warnings);
        told(ProblemKind::Unused, &settings.notices());
        Self {
            text,
            admin_token: resolved.admin_token.clone(),
            presentable: resolved.client_tokens.clone(),
            client_tokens: resolved
                .client_tokens
                .iter()
                .map(|(name, token)| (name.clone(), masked(token)))
                .collect(),
            keys: shown(&settings, resolved),
            problems,
            may_pass: resolved.may_pass || moved.may_pass,
            costs: Costs::of(&settings),
            redactor: redactor(&settings, resolved).map(Arc::new),
            settings,
        }
    }

    /// The token for clients on this machine: the first that is good for inference now and bounded by nothing, else the
    /// first that is good for inference now.
    pub(crate) fn client_token(&self, now: Timestamp) -> Option<&SecretString> {
        let tokens = self.presentable.iter().filter_map(|(name, secret)| {
            let mut written = self.settings.server.client_tokens.iter();
            let written = written.find(|token| token.name == *name)?;
            written.is_good(now).then_some((written, secret))
        });
        let (free, bounded): (Vec<_>, Vec<_>) =
            tokens.partition(|(written, _)| written.is_unbounded());
        let first = free.first().or(bounded.first());
        first.map(|(_, secret)| *secret)
    }

    /// Who is behind a provider's name.
    pub(crate) fn seller(&self, provider: &str) -> Seller {
        let mut providers = self.settings.providers.iter();
        let Some(provider) = providers.find(|known| known.name == provider) else {
            return Seller::default();
        };
        let url = provider.base_url.as_deref();
        let url = url.and_then(|url| reqwest::Url::parse(url).ok());
        Seller {
            vendor: settings::vendor(provider),
            host: url
                .as_ref()
                .and_then(|url| url.host_str().map(str::to_owned)),
            port: url.and_then(|url| url.port_or_known_default()),
        }
    }

    /// Tells the log what is to be looked at.
    pub(crate) fn log(&self) {
        for problem in &self.problems {
            tracing::warn!("{}", problem.message);
        }
    }
}

/// Knows all that is secret in these settings.
fn redactor(settings: &Settings, resolved: &Resolved) -> Option<Redactor> {
    /// A header's value that is shorter is hardly a credential, and might be any word.
    const HEADER: usize = 16;
    if settings.ledger.capture_bodies == Capture::Off {
        return None;
    }
    let tokens = resolved
        .client_tokens
        .iter()
        .map(|(_, token)| token.clone());
    let providers = settings.providers.iter();
    let headers = providers.flat_map(|provider| &provider.headers);
    let headers = headers.filter(|(_, value)| value.len() >= HEADER);
    let secrets = resolved
        .keys
        .values()
        .cloned()
        .chain(tokens)
        .chain(resolved.admin_token.clone())
        .chain(headers.map(|(_, value)| value.clone().into()));
    Some(Redactor::new(secrets.collect(), &settings.ledger.redact))
}

fn shown(settings: &Settings, resolved: &Resolved) -> HashMap<String, ShownKey> {
    let keys = settings.providers.iter().flat_map(|provider| {
        provider
            .keys
            .iter()
            .enumerate()
            .map(|(index, reference)| (provider.key_id(index), reference))
    });
    keys.map(|(id, reference)| {
        let secret = resolved.keys.get(&id);
        let shown = ShownKey {
            masked: secret.map_or_else(|| "…".to_owned(), masked),
            source: source(reference),
            resolved: secret.is_some(),
        };
        (id, shown)
    })
    .collect()
}

fn source(reference: &Reference) -> String {
    match reference {
        Reference::Literal(_) => "literal".to_owned(),
        other => other.to_string(),
    }
}

impl Facts for Loaded {
    fn mask(&self, key: &str) -> String {
        self.keys
            .get(key)
            .map_or_else(|| "…".to_owned(), |shown| shown.masked.clone())
    }

    fn quote(&self, provider: &str, model: &str) -> Option<Quote> {
        self.costs.quote(provider, model)
    }
}
