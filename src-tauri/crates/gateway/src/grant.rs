//! What a client token is good for: until when, for which calls, groups and models, and how much of it.

use std::sync::Arc;

use http::{Method, StatusCode};
use routing::{Glob, Limits, Topology};

use crate::{choice::Choice, inbound::Inbound, refusal::Refusal, route::Endpoint};

/// What a client token is good for. By default: every call that clients make, and no bounds.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whether models may be called.
    pub inference: bool,
    /// Whether models may be listed.
    pub listing: bool,
    /// The groups that may serve it; all where it is `None`.
    pub groups: Option<Arc<[Arc<str>]>>,
    /// The model names that may be asked for; all where there are none.
    pub models: Vec<Glob>,
    /// How much may be done.
    pub limits: Limits,
    /// Whether it is bounded what may be spent with it, by whoever counts costs.
    pub spending: bool,
    /// From when on it is refused, Unix milliseconds.
    pub expires_at_ms: Option<i64>,
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            inference: true,
            listing: true,
            groups: None,
            models: Vec::new(),
            limits: Limits::default(),
            spending: false,
            expires_at_ms: None,
        }
    }
}

/// A client that was let in by its token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The token's name; `None` where none was asked for and none was presented.
    pub(crate) name: Option<String>,
    /// What it is good for.
    pub(crate) grant: Arc<Grant>,
}

impl Known {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether the token is good for such a call at all.
    pub(crate) fn may_call(&self, method: &Method, endpoint: &Endpoint) -> Result<(), Refusal> {
        let lists = matches!(endpoint, Endpoint::Models | Endpoint::Model(_));
        if !(self.grant.inference || lists && self.grant.listing) {
            let told = "is not good for this call: its scopes do not name \"inference\"";
            return Err(self.forbids(told));
        }
        let asks = !matches!(*method, Method::GET | Method::HEAD | Method::DELETE);
        match self.grant.unread_bound() {
            Some(bound) if asks && *endpoint == Endpoint::Other => {
                let told = format!(
                    "is not good for this call: it is bounded by `{bound}`, and what such a call asks for and uses is passed through unread"
                );
                Err(self.forbids(&told))
            }
            _ => Ok(()),
        }
    }

    /// Whether the token is good for what a request asks for, whoever serves it.
    pub(crate) fn may_ask(&self, inbound: &Inbound, topology: &Topology) -> Result<(), Refusal> {
        let asked = [Some(inbound.model()), own_model(&inbound.choice)];
        for model in asked.into_iter().flatten().filter(|name| !name.is_empty()) {
            if !self.grant.has_model(model, topology) {
                let told = format!("may not ask for the model {model:?}{}", self.grant.offer());
                return Err(self.forbids(&told));
            }
        }
        match topology.out_of_bounds(&inbound.ask()) {
            Some(place) => Err(self.forbids(&format!("may not reach {place}"))),
            None => Ok(()),
        }
    }

    fn forbids(&self, what: &str) -> Refusal {
        let name = self.name().unwrap_or_default();
        let told = format!("the client token {name} {what}");
        Refusal::fatal(StatusCode::FORBIDDEN, told)
    }
}

/// The model that the request itself, not the settings, puts in the place of the one it names.
fn own_model(choice: &Choice) -> Option<&str> {
    let prefer = choice.prefer.as_ref().filter(|_| choice.by_request)?;
    prefer.model.as_deref()
}

impl Grant {
    /// The setting that could not be held where a request is passed through without being understood.
    fn unread_bound(&self) -> Option<&'static str> {
        match () {
            () if !self.models.is_empty() => Some("models"),
            () if self.spending => Some("limits.usd"),
            () if self.limits.tpm.is_some() => Some("limits.tpm"),
            () => None,
        }
    }

    /// Whether a model may be asked for, by its name alone or with its provider before it.
    pub(crate) fn has_model(&self, name: &str, topology: &Topology) -> bool {
        let fits = |name: &str| self.models.iter().any(|glob| glob.fits(name));
        let at_provider = || {
            let (provider, model) = name.split_once('/')?;
            let mut providers = topology.providers.iter();
            providers
                .any(|known| *known.name == *provider)
                .then_some(model)
        };
        self.models.is_empty() || fits(name) || at_provider().is_some_and(fits)
    }

    /// What may be asked for instead.
    fn offer(&self) -> String {
        let names: Vec<&str> = self.models.iter().map(Glob::written).collect();
        format!("; it may ask for {}", names.join(", "))
    }

    /// Whether a group may serve.
    pub(crate) fn has_group(&self, name: &str) -> bool {
        let groups = self.groups.as_ref();
        groups.is_none_or(|groups| groups.iter().any(|group| **group == *name))
    }
}
