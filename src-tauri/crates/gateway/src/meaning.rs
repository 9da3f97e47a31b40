//! How close a request is in meaning to the examples of a rule: by embeddings of the provider that the settings name.
//!
//! It is called directly, by no rule and no group, and rests after a failure, so that no request waits for it long.
//! Vectors are kept by what was embedded, so that examples are asked for once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use dialects::{
    Dialect, Operation, Target,
    caps::Caps,
    ir::{EmbedInput, EmbedRequest, Origin},
};
use http::{HeaderMap, Method};
use routing::{Embedder, Provider};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};

use crate::{
    embed_cache::{Digest, EmbedCache, Vector},
    exchange::{Exchange, spoken},
    forward,
    gateway::Live,
    snapshot::Upstream,
    upstream,
};

/// As much of a text as is embedded, in characters; what a request wants stands at its beginning.
const EMBEDDED: usize = 2000;
/// The most memory for vectors, in bytes.
const ROOM: usize = 16 << 20;
/// The largest answer that is read.
const ANSWER: usize = 32 << 20;
/// How long it is not asked again after a failure.
const REST: Duration = Duration::from_secs(10);

/// What is known of the meaning of texts.
#[derive(Default)]
pub(crate) struct Meanings {
    vectors: EmbedCache,
    /// Since when it fails.
    failed: Mutex<Option<Instant>>,
}

/// A request's words set against examples.
#[derive(Debug)]
pub(crate) struct Meaning {
    text: Vector,
    examples: HashMap<String, Vector>,
}

impl Meaning {
    /// How close the words are to an example: the cosine of the angle between the two, from -1 to 1.
    pub(crate) fn closeness(&self, example: &str) -> Option<f64> {
        let example = self.examples.get(example)?;
        let dot = |one: &[f32], other: &[f32]| -> f64 {
            let both = one.iter().zip(other);
            both.map(|(one, other)| f64::from(*one) * f64::from(*other))
                .sum()
        };
        let length = (dot(&self.text, &self.text) * dot(example, example)).sqrt();
        (length > 0.0 && self.text.len() == example.len())
            .then(|| dot(&self.text, example) / length)
    }
}

impl Meanings {
    /// Sets `text` against `examples`, or says in a clause why that cannot be done now.
    pub(crate) async fn compare(
        &self,
        live: &Live,
        embedder: &Embedder,
        text: &str,
        examples: Vec<String>,
    ) -> Result<Meaning, String> {
        let all: Vec<String> = std::iter::once(text)
            .chain(examples.iter().map(String::as_str))
            .map(|text| text.chars().take(EMBEDDED).collect())
            .collect();
        let mut vectors = self.vectors(live, embedder, &all).await?.into_iter();
        let text = vectors.next().ok_or("nothing was embedded")?;
        Ok(Meaning {
            text,
            examples: examples.into_iter().zip(vectors).collect(),
        })
    }

    async fn vectors(
        &self,
        live: &Live,
        embedder: &Embedder,
        texts: &[String],
    ) -> Result<Vec<Vector>, String> {
        let name = &embedder.provider;
        let providers = &live.snapshot.topology.providers;
        let provider = providers.iter().find(|one| one.name == *name);
        let upstream = live.snapshot.upstreams.get(name);
        let (Some(provider), Some(upstream)) = (provider, upstream) else {
            return Err(format!("{name} cannot be used"));
        };
        let digest = |text: &String| digest(&[name, &upstream.base_url, &embedder.model, text]);
        let digests: Vec<Digest> = texts.iter().map(digest).collect();
        let mut found = self.vectors.find(&digests);
        let missing: Vec<usize> = (0..texts.len()).filter(|at| found[*at].is_none()).collect();
        if !missing.is_empty() {
            self.may_ask(name)?;
            let inputs = missing.iter().map(|at| texts[*at].clone()).collect();
            let asked = timeout(
                embedder.timeout,
                ask(live, provider, upstream, &embedder.model, inputs),
            );
            let vectors = match asked.await {
                Ok(Ok(vectors)) => vectors,
                Ok(Err(why)) => return Err(self.fail(format!("{name} failed: {why}"))),
                Err(_) => return Err(self.fail(format!("{name} did not answer in time"))),
            };
            for (at, vector) in missing.iter().zip(vectors) {
                let vector: Vector = vector.into();
                self.vectors.keep([(digests[*at], vector.clone())], ROOM);
                found[*at] = Some(vector);
            }
        }
        let all: Option<Vec<Vector>> = found.into_iter().collect();
        all.ok_or_else(|| format!("{name} gave another number of embeddings than asked for"))
    }

    fn may_ask(&self, name: &str) -> Result<(), String> {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(at) if at.elapsed() < REST => {
                Err(format!("{name} failed lately and is not asked yet"))
            }
            _ => Ok(()),
        }
    }

    fn fail(&self, why: String) -> String {
        tracing::warn!("rules compare words alone: {why}");
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        *failed = Some(Instant::now());
        why
    }
}

fn digest(parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Calls a provider for embeddings, with its first key.
async fn ask(
    live: &Live,
    provider: &Provider,
    upstream: &Upstream,
    model: &str,
    inputs: Vec<String>,
) -> Result<Vec<Vec<f32>>, String> {
    let dialect = spoken(upstream, Dialect::OpenaiChat);
    let codec = dialect.codec();
    let request = EmbedRequest {
        model: model.to_owned(),
        inputs: inputs.into_iter().map(EmbedInput::Text).collect(),
        ..EmbedRequest::default()
    };
    let (count, caps) = (request.inputs.len(), Caps::default());
    let target = Target {
        origin: Origin::default(),
        caps: &caps,
        lossy: true,
    };
    let written = codec.write_embed_request(&request, &target);
    let written =
        written.ok_or_else(|| format!("its dialect {} has no embeddings", dialect.as_str()))?;
    let written = written.map_err(|refusal| refusal.why.clone())?;
    let key = provider.keys.first().map(|key| &**key);
    let headers = forward::request_headers(
        &HeaderMap::new(),
        upstream,
        key.and_then(|id| upstream.keys.get(id)),
        &live.snapshot.access,
        forward::Base::Converted(&written.headers),
    );
    let exchange = Exchange {
        path: codec.endpoint(Operation::Embed { batch: count > 1 }, model),
        body: vec![Bytes::from(written.body)],
        headers: Vec::new(),
        conversion: None,
        model: model.into(),
        losses: Vec::new(),
    };
    let sent = upstream::send(&live.pools, upstream, key, headers, Method::POST, &exchange);
    let mut response = sent.await.map_err(|error| format!("{error:?}"))?;
    if !response.status().is_success() {
        return Err(format!("HTTP {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(upstream::told)? {
        if body.len() + chunk.len() > ANSWER {
            return Err("its answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let answer = codec.read_embeddings(&body);
    let answer = answer.map_err(|_| "its answer holds no embeddings".to_owned())?;
    if answer.vectors.len() != count {
        return Err("another number of embeddings than asked for".to_owned());
    }
    Ok(answer.vectors)
}
