//! How close a request is in meaning to the examples of a rule: by embeddings of the provider that the settings name.
//!
//! It is called directly, by no rule and no group, and rests after a failure, so that no request waits for it long.
//! Vectors are kept by what was embedded, so that examples are asked for once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use dialects::{
    Dialect, Operation, Target, Usage,
    caps::Caps,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Origin},
};
use http::{HeaderMap, Method};
use routing::{Embedder, Provider, Reason, Verdict};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};

use crate::{
    embed_cache::{Digest, EmbedCache, Vector},
    exchange::{Exchange, spoken},
    forward,
    gateway::{Live, Shared, new_id, unix_ms},
    report::{AttemptEnded, AttemptStarted, EndStatus, Ended, Report, RequestId, Started},
    snapshot::Upstream,
    transport::SendError,
    upstream,
};

/// The client that is told of calls for embeddings.
const CLIENT: &str = "turnout";
/// What is asked for, in whose words.
const DIALECT: Dialect = Dialect::OpenaiChat;
const PATH: &str = "/v1/embeddings";
/// As much of a text as is embedded, in characters; what a request wants stands at its beginning.
const EMBEDDED: usize = 2000;
/// The most memory for vectors, in bytes.
const ROOM: usize = 16 << 20;
/// The largest answer that is read.
const ANSWER: usize = 32 << 20;
/// How long it is not asked again after a failure.
const REST: Duration = Duration::from_secs(10);

/// Where embeddings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embeddings {
    /// The provider is asked for those that are not known yet, which may cost.
    Asked,
    /// Nobody is asked.
    Known,
}

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
        shared: &Shared,
        live: &Live,
        embedder: &Embedder,
        text: &str,
        examples: Vec<String>,
        from: Embeddings,
    ) -> Result<Meaning, String> {
        let all: Vec<String> = std::iter::once(text)
            .chain(examples.iter().map(String::as_str))
            .map(|text| text.chars().take(EMBEDDED).collect())
            .collect();
        let mut vectors = self
            .vectors(shared, live, embedder, &all, from)
            .await?
            .into_iter();
        let text = vectors.next().ok_or("nothing was embedded")?;
        Ok(Meaning {
            text,
            examples: examples.into_iter().zip(vectors).collect(),
        })
    }

    async fn vectors(
        &self,
        shared: &Shared,
        live: &Live,
        embedder: &Embedder,
        texts: &[String],
        from: Embeddings,
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
            if from == Embeddings::Known {
                return Err(format!(
                    "{name} was not asked for their meaning, which may cost"
                ));
            }
            self.may_ask(name)?;
            let inputs = missing.iter().map(|at| texts[*at].clone()).collect();
            let booked = Booked::begin(shared, provider, upstream, &embedder.model);
            let asking = ask(live, provider, upstream, &embedder.model, inputs);
            let asked = timeout(embedder.timeout, asking).await;
            let asked = asked.unwrap_or_else(|_| Err(Failed::in_time()));
            booked.end(&asked);
            let vectors = match asked {
                Ok(answer) => answer.vectors,
                Err(failed) => return Err(self.fail(format!("{name} {}", failed.why))),
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
) -> Result<EmbedAnswer, Failed> {
    let codec = spoken(upstream, DIALECT).codec();
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
    let unable = || Failed::unasked("failed: its dialect has no embeddings");
    let written = written.ok_or_else(unable)?;
    let written = written.map_err(|refusal| Failed::unasked(refusal.why))?;
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
    let sent = sent.await;
    let mut response = sent.map_err(|error| match error {
        SendError::Connect(why) => Failed::of(None, format!("cannot be reached: {why}")),
        SendError::Reset(why) => Failed::of(None, format!("broke off: {why}")),
        SendError::Address(why) => Failed::unasked(format!("failed: {why}")),
    })?;
    let status = response.status();
    let failed = |why: &str| Failed::of(Some(status.as_u16()), format!("failed: {why}"));
    if !status.is_success() {
        return Err(failed(&format!("HTTP {}", status.as_u16())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failed(&upstream::told(error)))?
    {
        if body.len() + chunk.len() > ANSWER {
            return Err(failed("its answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    let answer = codec.read_embeddings(&body);
    let answer = answer.map_err(|_| failed("its answer holds no embeddings"))?;
    if answer.vectors.len() != count {
        return Err(failed("another number of embeddings than asked for"));
    }
    Ok(answer)
}

/// Why there are no embeddings.
struct Failed {
    status: Option<u16>,
    reason: Reason,
    /// What the provider did.
    why: String,
}

impl Failed {
    fn of(status: Option<u16>, why: impl Into<String>) -> Self {
        let reason = match status {
            None => Reason::Network,
            Some(401..=403) => Reason::Auth,
            Some(429) => Reason::RateLimited,
            Some(503 | 529) => Reason::Overloaded,
            Some(400..=499) => Reason::InvalidRequest,
            Some(_) => Reason::ServerError,
        };
        Self {
            status,
            reason,
            why: why.into(),
        }
    }

    /// What could not be asked at all.
    fn unasked(why: impl Into<String>) -> Self {
        Self {
            reason: Reason::InvalidRequest,
            ..Self::of(None, why)
        }
    }

    fn in_time() -> Self {
        Self {
            reason: Reason::Timeout,
            ..Self::of(None, "did not answer in time")
        }
    }
}

/// A call of Turnout's own, told like a request, since it is paid for like one. It counts as given up where it is not
/// told how it ended.
struct Booked<'a> {
    shared: &'a Shared,
    id: RequestId,
    began: Instant,
    ended: bool,
}

impl<'a> Booked<'a> {
    fn begin(shared: &'a Shared, provider: &Provider, upstream: &Upstream, model: &str) -> Self {
        let (id, at_ms) = (new_id(), unix_ms());
        shared.report(Report::Started(Started {
            id: id.clone(),
            at_ms,
            client: Some(CLIENT.to_owned()),
            token: None,
            session: None,
            client_dialect: DIALECT.as_str(),
            path: PATH.to_owned(),
            model_requested: model.to_owned(),
            stream: false,
            rule: None,
            replay_of: None,
            trace: None,
            traffic: Arc::default(),
        }));
        shared.report(Report::AttemptStarted(AttemptStarted {
            id: id.clone(),
            attempt: 1,
            at_ms,
            provider: provider.name.clone(),
            key: provider.keys.first().cloned(),
            group: "".into(),
            model: model.into(),
            provider_dialect: upstream.dialect.as_str(),
        }));
        Self {
            shared,
            id,
            began: Instant::now(),
            ended: false,
        }
    }

    fn end(mut self, asked: &Result<EmbedAnswer, Failed>) {
        let (status, verdict) = match asked {
            Ok(_) => (EndStatus::Completed, Verdict::Ok),
            Err(_) => (EndStatus::Failed, Verdict::NextProvider),
        };
        self.told(status, verdict, Some(asked));
    }

    fn told(
        &mut self,
        status: EndStatus,
        verdict: Verdict,
        asked: Option<&Result<EmbedAnswer, Failed>>,
    ) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let (answer, failed) = match asked {
            Some(Ok(answer)) => (Some(answer), None),
            Some(Err(failed)) => (None, Some(failed)),
            None => (None, None),
        };
        let duration_ms = self.began.elapsed().as_millis() as u64;
        let reason = failed.map(|failed| failed.reason);
        let error = failed.map(|failed| format!("the provider {}", failed.why));
        let http_status = answer
            .map(|_| 200)
            .or(failed.and_then(|failed| failed.status));
        let used = answer.and_then(|answer| answer.tokens);
        self.shared.report(Report::AttemptEnded(AttemptEnded {
            id: self.id.clone(),
            attempt: 1,
            at_ms: unix_ms(),
            duration_ms,
            http_status,
            verdict,
            reason,
            error: error.clone(),
            usage: used.map(|input| Usage {
                input,
                ..Usage::default()
            }),
            model_answered: answer.and_then(|answer| answer.model.clone()),
            upstream_id: None,
            losses: Vec::new(),
            hedged: false,
        }));
        self.shared.report(Report::Ended(Ended {
            id: self.id.clone(),
            at_ms: unix_ms(),
            duration_ms,
            status,
            reason,
            http_status,
            error,
        }));
    }
}

impl Drop for Booked<'_> {
    fn drop(&mut self) {
        self.told(EndStatus::Cancelled, Verdict::Cancelled, None);
    }
}
