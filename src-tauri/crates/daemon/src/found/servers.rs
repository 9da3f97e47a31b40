//! Servers of models on this machine: asked for their models, as anything might listen at a port.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, redirect};
use serde_json::Value;

use crate::first_start::{Offer, Surroundings, by_address};
use crate::presets::Preset;

/// One of this machine answers at once or is not there.
const PATIENCE: Duration = Duration::from_millis(500);
/// The largest list that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// Models that are told of a server.
const MOST: usize = 200;
/// Who says that it owns its models, by the name of its preset: ports that others use too.
const OWNERS: [(&str, &str); 2] = [("vllm", "vllm"), ("llama-cpp", "llamacpp")];

/// A server that answered.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) title: String,
    pub(super) models: Vec<String>,
    pub(super) offer: Offer,
}

/// Those that are there; `own` is where this program listens.
pub(super) async fn there(machine: &Surroundings, own: SocketAddr) -> Vec<Server> {
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(PATIENCE)
        .build();
    let Ok(client) = client else {
        return Vec::new();
    };
    let locals = machine.locals();
    let locals = locals.filter(|(_, address)| address.ip().is_loopback() && *address != own);
    let asked = locals.map(|(preset, address)| look(&client, preset, address));
    join_all(asked).await.into_iter().flatten().collect()
}

async fn look(client: &Client, preset: &Preset, address: SocketAddr) -> Option<Server> {
    let offer = by_address(preset, address)?;
    let base = offer.provider.base_url.trim_end_matches('/');
    let (url, list, name) = if preset.provider.dialect == "ollama" {
        (format!("{base}/api/tags"), "models", "name")
    } else {
        (format!("{base}/models"), "data", "id")
    };
    let told = ask(client, &url).await?;
    let told = told.get(list)?.as_array()?;
    let models = told.iter().filter_map(|model| model[name].as_str());
    let owner = told.first().and_then(|model| model["owned_by"].as_str());
    let wanted = OWNERS
        .into_iter()
        .find(|(name, _)| *name == preset.provider.name);
    let title = match wanted {
        Some((_, wanted)) if owner != Some(wanted) => {
            format!("OpenAI-compatible server at {address}")
        }
        _ => preset.title.clone(),
    };
    Some(Server {
        address,
        title,
        models: models.take(MOST).map(str::to_owned).collect(),
        offer,
    })
}

async fn ask(client: &Client, url: &str) -> Option<Value> {
    let mut answer = client.get(url).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > LARGEST {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).ok()
}
