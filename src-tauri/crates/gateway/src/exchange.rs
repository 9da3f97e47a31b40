//! How a candidate is asked: in the client's own bytes where it speaks the client's dialect, else in its own.
//!
//! A provider of the same dialect gets the body as it came with only the model's name changed. Any other gets the
//! request written anew from the intermediate form, and its answer is read and written anew on the way back.

use std::sync::Arc;

use bytes::Bytes;
use dialects::{
    BadRequest, Codec, Dialect, Operation, Reply, Target, Written,
    caps::Calls,
    ir::{self, Loss, Origin, Seal, Toolbox},
};
use http::HeaderValue;
use memchr::memmem;

use crate::{
    forward, gateway::unix_ms, inbound::Inbound, memory::Conversation, refusal::Refusal,
    route::Endpoint, snapshot::Upstream, trial::Trial,
};

/// How one candidate is asked.
pub(crate) struct Exchange {
    /// Path and query at the provider, from the version segment on.
    pub(crate) path: String,
    /// The model that is asked; empty where none is.
    pub(crate) model: Arc<str>,
    /// The body in pieces.
    pub(crate) body: Vec<Bytes>,
    /// Headers that go with a body written anew.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What it takes to give the client an answer in its own dialect; `None` where the provider's bytes are passed on.
    pub(crate) conversion: Option<Conversion>,
    /// What was left out or approximated, in the client's names.
    pub(crate) losses: Vec<String>,
}

/// What it takes to give the client an answer in its own dialect.
#[derive(Clone)]
pub(crate) struct Conversion {
    /// The dialect that the provider answers in.
    pub(crate) dialect: Dialect,
    /// Who answers, as seals know it.
    pub(crate) origin: Origin,
    /// The client's tools by the names sent.
    pub(crate) tools: Toolbox,
    /// Whose reasoning is remembered.
    pub(crate) conversation: Conversation,
}

/// Why a candidate cannot be asked.
pub(crate) enum Unaskable {
    /// The request itself cannot be read.
    BadRequest(Refusal),
    /// This candidate cannot be told what the client says; another may.
    Unable(String),
    /// It has no such call; the answer is made here instead.
    NoSuchCall,
}

impl Exchange {
    /// How to ask the candidate of this trial.
    pub(crate) fn of(trial: &Trial<'_>) -> Result<Self, Unaskable> {
        let inbound = trial.inbound;
        let client = inbound.route.dialect;
        let dialect = spoken(trial.upstream, client);
        if inbound.route.endpoint == Endpoint::Count && !trial.upstream.count_tokens {
            return Err(Unaskable::NoSuchCall);
        }
        if dialect == client
            && !trial.without_reasoning
            && !carries_foreign_seal(inbound)
            && !is_changed(inbound)
            && !has_to_adapt(trial)
            && trial.begun().is_none()
        {
            return Ok(Self::same(trial));
        }
        match inbound.route.endpoint {
            Endpoint::Answer | Endpoint::Count => Self::converted(trial, dialect),
            Endpoint::Embed => Self::embedding(trial, dialect),
            Endpoint::Models | Endpoint::Model(_) | Endpoint::Other => Err(Unaskable::NoSuchCall),
        }
    }

    fn same(trial: &Trial<'_>) -> Self {
        let (inbound, model) = (trial.inbound, &trial.candidate.model);
        let route = &inbound.route;
        let renamed = trial.candidate.renamed;
        let mut path = route.path.clone();
        let body = match &inbound.message {
            Some(message) if renamed && route.model.is_none() => message.with_model(model),
            _ => vec![inbound.body.clone()],
        };
        if let (true, Some((_, action))) = (renamed && route.model.is_some(), path.rsplit_once(':'))
        {
            let version = path.split('/').nth(1).unwrap_or("v1beta");
            path = format!("/{version}/models/{model}:{action}");
        }
        if let Some(query) = &inbound.query {
            path = format!("{path}?{query}");
        }
        let exchange = Self {
            path,
            model: Arc::clone(model),
            body,
            headers: Vec::new(),
            conversion: None,
            losses: Vec::new(),
        };
        // Addresses are the endpoint's, whatever the model is.
        let calls = &trial.upstream.vendor.base().calls;
        if *calls == Calls::default() {
            return exchange;
        }
        match route.endpoint {
            Endpoint::Answer => exchange.placed(
                calls,
                Operation::Answer {
                    stream: inbound.stream(),
                },
            ),
            Endpoint::Count => exchange.placed(calls, Operation::Count),
            _ => exchange,
        }
    }

    fn converted(trial: &Trial<'_>, dialect: Dialect) -> Result<Self, Unaskable> {
        let client = trial.inbound.route.dialect.codec();
        let typed = trial
            .inbound
            .typed()
            .map_err(|error| unreadable(client, error))?;
        let mut request = ir::Request::clone(&typed);
        request.model = trial.candidate.model.to_string();
        let conversation = trial.conversation(&request);
        if trial.without_reasoning {
            forget_reasoning(&mut request);
        } else {
            trial.shared.memory.complete(conversation, &mut request);
        }
        let counting = trial.inbound.route.endpoint == Endpoint::Count;
        if !counting {
            trial.inbound.choice.apply(&mut request);
        }
        if let Some(begun) = trial.begun() {
            let rest = begun.rest_of(request);
            let why = "the rest of an answer that began cannot be asked for";
            request = rest.ok_or_else(|| Unaskable::Unable(why.to_owned()))?;
        }
        let codec = dialect.codec();
        let written = trial.with_target(|target| {
            if counting {
                codec.write_count_request(&request, target)
            } else {
                Some(codec.write_request(&request, target))
            }
        });
        let operation = if counting {
            Operation::Count
        } else {
            Operation::Answer {
                stream: request.stream,
            }
        };
        Self::of_written(trial, codec, operation, written, conversation)
    }

    fn embedding(trial: &Trial<'_>, dialect: Dialect) -> Result<Self, Unaskable> {
        let client = trial.inbound.route.dialect.codec();
        let read = client.read_embed_request(&trial.inbound.body, trial.inbound.path_facts());
        let mut request = read
            .ok_or(Unaskable::NoSuchCall)?
            .map_err(|error| unreadable(client, error))?;
        request.model = trial.candidate.model.to_string();
        let codec = dialect.codec();
        let written = trial.with_target(|target| codec.write_embed_request(&request, target));
        let operation = Operation::Embed {
            batch: request.inputs.len() > 1,
        };
        Self::of_written(trial, codec, operation, written, Conversation::default())
    }

    fn of_written(
        trial: &Trial<'_>,
        codec: &'static dyn Codec,
        operation: Operation,
        written: Option<Result<Written, ir::Refusal>>,
        conversation: Conversation,
    ) -> Result<Self, Unaskable> {
        let client = trial.inbound.route.dialect.codec();
        let written = written.ok_or(Unaskable::NoSuchCall)?.map_err(|refusal| {
            Unaskable::Unable(format!("{}: {}", client.spell(&refusal.place), refusal.why))
        })?;
        let conversion = Conversion {
            dialect: codec.dialect(),
            origin: trial.origin(),
            tools: written.tools,
            conversation,
        };
        let mut losses = spelled(client, &written.losses);
        if codec.dialect() == client.dialect() {
            losses.extend(forward::betas_left_out(
                &trial.inbound.headers,
                trial.upstream,
            ));
        }
        let model = &trial.candidate.model;
        let exchange = Self {
            path: codec.endpoint(operation, model),
            model: Arc::clone(model),
            body: vec![Bytes::from(written.body)],
            headers: written.headers,
            conversion: Some(conversion),
            losses,
        };
        Ok(exchange.placed(&trial.upstream.vendor.caps(model).calls, operation))
    }
}

/// Losses as the value of `x-turnout-loss`.
pub(crate) fn loss_header(losses: &[String]) -> Option<HeaderValue> {
    const SHOWN: usize = 20;
    if losses.is_empty() {
        return None;
    }
    let mut told = losses[..losses.len().min(SHOWN)].join(", ");
    if losses.len() > SHOWN {
        told.push_str(", …");
    }
    HeaderValue::from_str(&told)
        .or_else(|_| HeaderValue::from_str(&told.escape_default().to_string()))
        .ok()
}

impl Trial<'_> {
    /// The dialect that the candidate answers in.
    pub(crate) fn provider_codec(&self) -> &'static dyn Codec {
        let client = self.inbound.route.dialect;
        let conversion = self.conversion.as_ref();
        conversion
            .map_or(client, |conversion| conversion.dialect)
            .codec()
    }

    /// Which conversation the request belongs to.
    fn conversation(&self, request: &ir::Request) -> Conversation {
        let token = self
            .live
            .snapshot
            .access
            .admit(&self.inbound.headers, unix_ms());
        let token = token.ok().and_then(|known| known.name);
        let session = self.inbound.session();
        Conversation::of(token.as_deref(), session.as_deref(), request)
    }

    /// Who is asked, as seals know it.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            vendor: self.upstream.sealer().to_owned(),
            model: self.candidate.model.to_string(),
        }
    }

    /// What the writer of an answer has to know.
    pub(crate) fn reply(&self, tools: Toolbox) -> Reply {
        Reply {
            request: self.inbound.typed().unwrap_or_else(|_| Arc::default()),
            tools,
            request_id: self.request_id.to_string(),
            now: unix_ms() / 1000,
            since: Some(self.started.into_std()),
            input_estimate: self.inbound.estimate(),
            json_array: self.inbound.route.json_array,
        }
    }

    fn with_target<R>(&self, write: impl FnOnce(&Target<'_>) -> R) -> R {
        let dialect = spoken(self.upstream, self.inbound.route.dialect);
        let caps = self.upstream.vendor.spoken(dialect);
        let caps = caps.caps(&self.candidate.model);
        write(&Target {
            origin: self.origin(),
            caps: &caps,
            lossy: self.upstream.lossy,
        })
    }
}

/// The dialect in which a provider answers a client of `client`.
pub(crate) fn spoken(upstream: &Upstream, client: Dialect) -> Dialect {
    match upstream.dialect {
        routing::Dialect::Anthropic => Dialect::Anthropic,
        routing::Dialect::OpenaiChat => Dialect::OpenaiChat,
        routing::Dialect::OpenaiResponses => Dialect::OpenaiResponses,
        routing::Dialect::Gemini => Dialect::Gemini,
        routing::Dialect::Ollama => Dialect::Ollama,
        routing::Dialect::Practice => client,
    }
}

/// The same name in routing's words.
pub(crate) fn routed(dialect: Dialect) -> routing::Dialect {
    match dialect {
        Dialect::Anthropic => routing::Dialect::Anthropic,
        Dialect::OpenaiChat => routing::Dialect::OpenaiChat,
        Dialect::OpenaiResponses => routing::Dialect::OpenaiResponses,
        Dialect::Gemini => routing::Dialect::Gemini,
        Dialect::Ollama => routing::Dialect::Ollama,
    }
}

/// Whether a rule makes the request say something else than its client wrote. Token counts are of what was written.
fn is_changed(inbound: &Inbound) -> bool {
    inbound.route.endpoint == Endpoint::Answer && inbound.choice.changes()
}

/// Whether a request of Anthropic's own dialect must be written anew: for clouds that refuse what they do not know, and
/// where Anthropic is asked for another model than the client knows of, whose thinking or sampling may be set otherwise.
fn has_to_adapt(trial: &Trial<'_>) -> bool {
    let is_typed = matches!(
        trial.inbound.route.endpoint,
        Endpoint::Answer | Endpoint::Count
    );
    if trial.upstream.dialect != routing::Dialect::Anthropic || !is_typed {
        return false;
    }
    let messages = &trial.upstream.vendor.base().messages;
    if messages.strict || !(messages.first_party && trial.candidate.renamed) {
        return messages.strict;
    }
    let caps = |model: &str| trial.upstream.vendor.caps(model);
    caps(trial.inbound.model()) != caps(&trial.candidate.model)
}

/// Whether the conversation holds reasoning state of another vendor in an envelope of ours, which no provider may see:
/// it then goes through the intermediate form even where the dialects agree.
fn carries_foreign_seal(inbound: &Inbound) -> bool {
    inbound.route.endpoint == Endpoint::Answer
        && memmem::find(&inbound.body, Seal::PREFIX.as_bytes()).is_some()
}

/// Takes the reasoning out of a conversation: what a model thought, and what its vendor sealed.
fn forget_reasoning(request: &mut ir::Request) {
    for turn in &mut request.turns {
        turn.parts
            .retain(|part| !matches!(part, ir::Part::Thinking(_)));
        for part in &mut turn.parts {
            if let ir::Part::Call(call) = part {
                call.seal = None;
            }
        }
    }
}

/// A client's request that its own dialect cannot read.
pub(crate) fn unreadable(client: &dyn Codec, error: BadRequest) -> Unaskable {
    let message = match error {
        BadRequest::Misshapen(error) => error.to_string(),
        BadRequest::Refused(refusal) => {
            format!("{}: {}", client.spell(&refusal.place), refusal.why)
        }
    };
    Unaskable::BadRequest(Refusal::fatal(http::StatusCode::BAD_REQUEST, message))
}

/// Losses in the client's names, each once.
fn spelled(client: &dyn Codec, losses: &[Loss]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for loss in losses {
        let place = client.spell(&loss.place);
        if !told.contains(&place) {
            told.push(place);
        }
    }
    told
}
