//! The models on offer, of all groups or of what the path pins, in the caller's shape.
//!
//! What a provider lists itself is fetched when somebody asks and kept for a while; what the settings name is added. A
//! provider that cannot be reached adds only what the settings say.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use dialects::{Dialect, Operation, ir::Model};
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use routing::{Group, Pin, Provider};
use tokio::time::{Instant, timeout};

use crate::{
    client::Whole,
    exchange::{Exchange, spoken},
    forward,
    gateway::{Gateway, Live, Shared},
    grant::Grant,
    refusal::Refusal,
    route::{Endpoint, Route},
    snapshot::{Access, Upstream},
    transport::SendError,
    upstream,
};

/// How long a provider's own list is kept.
const KEPT: Duration = Duration::from_mins(10);
/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest list that is read.
const LIST: usize = 8 << 20;

/// When a list was fetched, and what it says; by provider.
type Lists = HashMap<Arc<str>, (Instant, Arc<[Model]>)>;

/// Providers' own lists.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Lists>);

impl Shelf {
    /// Forgets all lists: providers or their keys have changed.
    pub(crate) fn clear(&self) {
        self.lists().clear();
    }

    fn fresh(&self, provider: &str) -> Option<Arc<[Model]>> {
        let (at, models) = self.lists().get(provider)?.clone();
        (at.elapsed() < KEPT).then_some(models)
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a call for the list of models, or for one of them.
pub(crate) async fn answer(
    shared: &Shared,
    live: &Live,
    route: &Route,
    grant: &Grant,
) -> Result<Whole, Refusal> {
    let providers = in_scope(live, route.pin.as_ref(), grant);
    let lists = providers
        .iter()
        .map(|provider| of_provider(shared, live, provider, route.dialect));
    let mut models: Vec<Model> = Vec::new();
    let topology = &live.snapshot.topology;
    let listed = join_all(lists).await.into_iter().flatten();
    for model in listed.filter(|model| grant.has_model(&model.id, topology)) {
        if !models.iter().any(|known| known.id == model.id) {
            models.push(model);
        }
    }
    let codec = route.dialect.codec();
    let body = match &route.endpoint {
        Endpoint::Model(wanted) => {
            let wanted = wanted.strip_prefix("models/").unwrap_or(wanted);
            let found = models.iter().find(|model| model.id == wanted);
            let missing = || {
                let told =
                    format!("there is no model named {wanted:?}; GET the list for those there are");
                Refusal::fatal(StatusCode::NOT_FOUND, told)
            };
            codec.write_model(found.ok_or_else(missing)?)
        }
        _ => codec.write_models(&models),
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(Whole {
        status: StatusCode::OK,
        headers,
        body: Bytes::from(body),
    })
}

/// The providers that a path may mean and a token may reach, each once, in the order of the groups.
fn in_scope<'a>(live: &'a Live, pin: Option<&Pin>, grant: &Grant) -> Vec<&'a Provider> {
    let topology = &live.snapshot.topology;
    let provider = |name: &str| {
        topology
            .providers
            .iter()
            .find(|provider| *provider.name == *name)
    };
    let mut found: Vec<&Provider> = Vec::new();
    if let Some(Pin::Provider(name)) = pin {
        let has = |group: &&Group| group.members.iter().any(|it| *it.provider == **name);
        let mut homes = topology.groups.iter().filter(has);
        let may = grant.groups.is_none() || homes.any(|group| grant.has_group(&group.name));
        found.extend(provider(name).filter(|_| may));
    } else {
        let groups = topology.groups.iter().filter(|group| match pin {
            Some(Pin::Group(name)) => *group.name == **name,
            _ => true,
        });
        let groups = groups.filter(|group| grant.has_group(&group.name));
        for member in groups.flat_map(|group| &group.members) {
            let known = found.iter().any(|known| known.name == member.provider);
            found.extend(provider(&member.provider).filter(|_| !known));
        }
    }
    found.retain(|provider| provider.enabled);
    found
}

/// What the settings name, then what the provider lists.
async fn of_provider(
    shared: &Shared,
    live: &Live,
    provider: &Provider,
    client: Dialect,
) -> Vec<Model> {
    let Some(upstream) = live.snapshot.upstreams.get(&provider.name) else {
        return Vec::new();
    };
    let dialect = spoken(upstream, client);
    let tiers = &provider.models;
    let named = tiers.big.iter().chain(&tiers.middle).chain(&tiers.small);
    let plain = named.map(|name| Model {
        id: String::from(&**name),
        ..Model::default()
    });
    let listed = match shared.shelf.fresh(&provider.name) {
        Some(listed) => listed,
        None => fetch(shared, live, provider, upstream, dialect).await,
    };
    let known = |model: Model| known(model, upstream, &listed);
    let mut models: Vec<Model> = plain.map(known).collect();
    let listed_too = listed.iter().cloned().map(known);
    models.extend(listed_too);
    models
}

/// A model with what its provider, or else the capability records, know of it.
fn known(model: Model, upstream: &Upstream, listed: &[Model]) -> Model {
    let told = listed.iter().find(|listed| listed.id == model.id).cloned();
    let model = told.unwrap_or(model);
    let caps = upstream.vendor.caps(&model.id);
    Model {
        context: model.context.or(caps.context_window),
        max_output: model.max_output.or(caps.max_output),
        images: model.images.or(Some(caps.images)),
        tools: model.tools.or(Some(caps.tools)),
        owned_by: model.owned_by.or_else(|| Some(upstream.name.to_string())),
        ..model
    }
}

async fn fetch(
    shared: &Shared,
    live: &Live,
    provider: &Provider,
    upstream: &Upstream,
    dialect: Dialect,
) -> Arc<[Model]> {
    let asked = timeout(PATIENCE, ask(live, provider, upstream, dialect)).await;
    let models: Arc<[Model]> = match asked {
        Ok(Ok(models)) => models.into(),
        Ok(Err(why)) => {
            tracing::debug!("{} lists no models: {why}", provider.name);
            return Arc::default();
        }
        Err(_) => return Arc::default(),
    };
    let kept = (Instant::now(), Arc::clone(&models));
    shared.shelf.lists().insert(provider.name.clone(), kept);
    models
}

impl Gateway {
    /// The models that a provider lists itself, asked for now.
    ///
    /// # Errors
    /// Why there is no list, as what is said of the provider.
    pub async fn listed(&self, provider: &str) -> Result<Vec<Model>, String> {
        let live = self.shared.live.load_full();
        let mut providers = live.snapshot.topology.providers.iter();
        let found = providers.find(|one| *one.name == *provider);
        let upstream = live.snapshot.upstreams.get(provider);
        let (Some(provider), Some(upstream)) = (found, upstream) else {
            return Err("it cannot be called as the settings are".to_owned());
        };
        let dialect = spoken(upstream, Dialect::Anthropic);
        let asked = timeout(PATIENCE, ask(&live, provider, upstream, dialect)).await;
        let late = |_| format!("it did not answer within {} s", PATIENCE.as_secs());
        asked.map_err(late)?
    }
}

/// Calls a provider for its list of models.
async fn call(
    live: &Live,
    provider: &Provider,
    upstream: &Upstream,
    dialect: Dialect,
) -> Result<reqwest::Response, SendError> {
    let key = provider.keys.first().map(|key| &**key);
    let headers = headers(upstream, key, &live.snapshot.access, dialect);
    let exchange = exchange(dialect);
    upstream::send(&live.pools, upstream, key, headers, Method::GET, &exchange).await
}

/// The call that asks a provider for its list of models, which costs nothing: the address, and the headers with the key
/// of this id.
///
/// # Errors
/// The provider's base is no address, or names a model.
pub fn models_call(
    upstream: &Upstream,
    key: Option<&str>,
    access: &Access,
) -> Result<(Url, HeaderMap), SendError> {
    let dialect = spoken(upstream, Dialect::Anthropic);
    let url = upstream::address(upstream, key, &exchange(dialect))?;
    Ok((url, headers(upstream, key, access, dialect)))
}

fn headers(upstream: &Upstream, key: Option<&str>, access: &Access, dialect: Dialect) -> HeaderMap {
    let secret = key.and_then(|id| upstream.keys.get(id));
    let version = [("anthropic-version", "2023-06-01".to_owned())];
    let written = if dialect == Dialect::Anthropic {
        &version[..]
    } else {
        &[]
    };
    let base = forward::Base::Converted(written);
    forward::request_headers(&HeaderMap::new(), upstream, secret, access, base)
}

fn exchange(dialect: Dialect) -> Exchange {
    Exchange {
        path: dialect.codec().endpoint(Operation::Models, ""),
        body: vec![Bytes::new()],
        headers: Vec::new(),
        conversion: None,
        model: Arc::default(),
        losses: Vec::new(),
    }
}

/// Whether a provider answers at all, other than with a fault of its own.
pub(crate) async fn is_there(live: &Live, name: &str) -> bool {
    let providers = &live.snapshot.topology.providers;
    let provider = providers.iter().find(|provider| *provider.name == *name);
    let (Some(provider), Some(upstream)) = (provider, live.snapshot.upstreams.get(name)) else {
        return false;
    };
    let dialect = spoken(upstream, Dialect::Anthropic);
    let answered = call(live, provider, upstream, dialect).await;
    answered.is_ok_and(|response| !response.status().is_server_error())
}

async fn ask(
    live: &Live,
    provider: &Provider,
    upstream: &Upstream,
    dialect: Dialect,
) -> Result<Vec<Model>, String> {
    let sent = call(live, provider, upstream, dialect).await;
    let mut response = sent.map_err(|error| match error {
        SendError::Connect(told) | SendError::Reset(told) | SendError::Address(told) => told,
    })?;
    if !response.status().is_success() {
        return Err(format!("it answers HTTP {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(upstream::told)? {
        if body.len() + chunk.len() > LIST {
            return Err("its list is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let codec = dialect.codec();
    codec.read_models(&body).map_err(|error| error.to_string())
}
