//! What a client asks, read whole: its body is stored once and shared by all attempts.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use dialects::{BadRequest, Chain, Dialect, PathFacts, Reply, Scanned, ir};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use http_body_util::BodyExt;
use memchr::memmem;
use routing::{Ask, Candidate, Conversation, Group, Identity, Policy, Rule, Topology};

use crate::{
    choice::{Choice, OwnRules},
    client::{Form, Whole},
    coding::{codings, too_large},
    count,
    exchange::routed,
    refusal::Refusal,
    route::{Endpoint, Route},
    trial::mark,
    waiting::ByHand,
};

/// A request read whole. Its body is stored once and shared by all attempts.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// Where it goes.
    pub(crate) route: Route,
    /// Its method.
    pub(crate) method: Method,
    /// Its path and query as the client called them.
    pub(crate) uri: Uri,
    /// Its query, without the question mark.
    pub(crate) query: Option<String>,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
    /// Its body as routing reads it; `None` for a body that is not a JSON object on a path that may have others.
    pub(crate) message: Option<Scanned>,
    /// What a rule, or its own header, decided for it.
    pub(crate) choice: Choice,
    /// Rules that it brings along.
    pub(crate) own_rules: Arc<[Rule]>,
    /// The groups that may serve it, where its token bounds them.
    pub(crate) groups: Option<Arc<[Arc<str>]>>,
    /// The providers that may not, where it has no login of its own.
    pub(crate) barred: Arc<[Arc<str>]>,
    /// A person tries a provider with it.
    pub(crate) by_hand: Option<ByHand>,
    /// The conversation that it belongs to, where one is looked for.
    pub(crate) conversation: Option<Conversation>,
    /// Tokens of its prompt, roughly; 0 where nobody needs them.
    tokens: u64,
    /// Who speaks in it: the name of the client token presented.
    speaker: String,
    /// Its body understood, for providers of other dialects; read when the first of them is tried.
    typed: OnceLock<Result<Arc<ir::Request>, BadRequest>>,
}

impl Inbound {
    /// Reads the body, at most `max_body` bytes of it, and what routing needs of it.
    pub(crate) async fn read(
        route: Route,
        mut parts: Parts,
        body: axum::body::Body,
        max_body: usize,
    ) -> Result<Self, Refusal> {
        let codings = codings(&parts.headers)?;
        let mut body = collect(&parts.headers, body, max_body).await?;
        // The last one named was put on last.
        for coding in codings.into_iter().rev() {
            body = coding.taken_off(body, max_body).await?;
            parts.headers.remove(header::CONTENT_ENCODING);
        }
        let message = match Scanned::read(body.clone()) {
            Ok(message) if needs_model(&route) && message.model().is_empty() => {
                return Err(Refusal::fatal(
                    StatusCode::BAD_REQUEST,
                    "model: the field is missing or not a string",
                ));
            }
            Ok(message) => Some(message),
            Err(_) if is_free(&route.endpoint) => None,
            Err(error) => return Err(Refusal::fatal(StatusCode::BAD_REQUEST, error.to_string())),
        };
        let query = parts.uri.query().map(str::to_owned);
        let own_rules = parts.extensions.remove::<OwnRules>();
        Ok(Self {
            route,
            method: parts.method,
            query,
            uri: parts.uri,
            headers: parts.headers,
            body,
            message,
            choice: Choice::default(),
            own_rules: own_rules.map_or_else(Arc::default, |own| own.0),
            groups: None,
            barred: Arc::default(),
            by_hand: parts.extensions.remove(),
            conversation: None,
            tokens: 0,
            speaker: String::new(),
            typed: OnceLock::new(),
        })
    }

    /// The same request with another body, which must have the same shape.
    pub(crate) fn with_body(&self, body: Bytes) -> Self {
        Self {
            route: self.route.clone(),
            method: self.method.clone(),
            query: self.query.clone(),
            uri: self.uri.clone(),
            headers: self.headers.clone(),
            message: Scanned::read(body.clone()).ok(),
            body,
            choice: self.choice.clone(),
            own_rules: self.own_rules.clone(),
            groups: self.groups.clone(),
            barred: Arc::clone(&self.barred),
            by_hand: self.by_hand.clone(),
            conversation: self.conversation.clone(),
            tokens: self.tokens,
            speaker: self.speaker.clone(),
            typed: OnceLock::new(),
        }
    }

    /// What is asked of routing.
    pub(crate) fn ask(&self) -> Ask {
        let is_alien = self.route.endpoint == Endpoint::Other;
        Ask {
            model: self.model().to_owned(),
            pin: self.route.pin.clone(),
            only: is_alien.then(|| routed(self.route.dialect)),
            prefer: self.choice.prefer.clone(),
            conversation: self.conversation.clone(),
            key: self.by_hand.as_ref().and_then(|it| it.0.clone()),
            forced: self.by_hand.is_some(),
            tokens: self.tokens,
            groups: self.groups.clone(),
            barred: Arc::clone(&self.barred),
        }
    }

    /// Finds out what routing goes by in this topology beside the model.
    pub(crate) fn prepare(&mut self, topology: &Topology, token: Option<&str>) {
        if topology.sticky {
            self.recognise(token);
        }
        let is_cheapest = |group: &Group| group.policy == Policy::Cheapest;
        if topology.groups.iter().any(is_cheapest) {
            self.tokens = self.estimate();
        }
    }

    /// Finds out which conversation it belongs to: the client's session, else what was said before under the same token.
    fn recognise(&mut self, token: Option<&str>) {
        /// What Anthropic's caches keep a prompt for, unless a client pays for an hour.
        const SHORT: Duration = Duration::from_mins(5);
        if self.route.endpoint != Endpoint::Answer {
            return;
        }
        token.unwrap_or_default().clone_into(&mut self.speaker);
        let said = || {
            let message = self.message.as_ref()?;
            let chain = message.chain(&self.speaker, self.model())?;
            Some(Identity::Said {
                before: chain.before.into(),
                whole: chain.whole,
            })
        };
        let session = self.session().map(|id| Identity::Session(id.into()));
        let long = memmem::find(&self.body, b"\"1h\"").is_some();
        self.conversation = session.or_else(said).map(|id| Conversation {
            id,
            warm: if long { Duration::from_hours(1) } else { SHORT },
        });
    }

    /// The mark of an answer that its client can go on from by its id.
    pub(crate) fn mark_of(&self, answer_id: &str) -> Option<u64> {
        let names_answers = self.route.dialect == Dialect::OpenaiResponses;
        let is_known = names_answers && self.conversation.is_some();
        is_known.then(|| Chain::answer(&self.speaker, answer_id))
    }

    /// The model asked for; empty where there is none.
    pub(crate) fn model(&self) -> &str {
        let in_body = || self.message.as_ref().map_or("", Scanned::model);
        self.route.model.as_deref().unwrap_or_else(in_body)
    }

    /// Whether a stream was asked for.
    pub(crate) fn stream(&self) -> bool {
        let in_body = |message: &Scanned| match self.route.dialect {
            Dialect::Ollama => message.stream_unless_denied(),
            _ => message.stream(),
        };
        let told = self.route.stream;
        told.unwrap_or_else(|| self.message.as_ref().is_some_and(in_body))
    }

    /// Whether an answer is asked for as a stream.
    pub(crate) fn is_event_stream(&self) -> bool {
        self.route.endpoint == Endpoint::Answer && self.stream()
    }

    /// The request in the intermediate form.
    pub(crate) fn typed(&self) -> Result<Arc<ir::Request>, BadRequest> {
        let read = || {
            let codec = self.route.dialect.codec();
            let counting = self.route.endpoint == Endpoint::Count;
            let request = if counting {
                codec.read_count_request(&self.body, self.path_facts())
            } else {
                codec.read_request(&self.body, self.path_facts())
            };
            request.map(Arc::new)
        };
        self.typed.get_or_init(read).clone()
    }

    /// Whether no output is wanted at all, so that an empty answer is a good one.
    pub(crate) fn wants_no_output(&self) -> bool {
        self.message.as_ref().is_some_and(Scanned::wants_no_output)
    }

    /// What keeps a silent stream to this client alive; empty where nothing does.
    pub(crate) fn keep_alive(&self) -> Bytes {
        match self.route.dialect {
            // SDKs skip it wherever it comes, before `message_start` too.
            Dialect::Anthropic => Bytes::from_static(b"event: ping\ndata: {\"type\":\"ping\"}\n\n"),
            // White space may stand between the elements of an array, and before it.
            _ if self.route.json_array => Bytes::from_static(b"\n"),
            dialect => {
                let mut out = Vec::new();
                dialect
                    .codec()
                    .stream_writer(self.bare_reply())
                    .keep_alive(&mut out);
                Bytes::from(out)
            }
        }
    }

    /// Content type of a stream to this client.
    pub(crate) fn stream_type(&self) -> &'static str {
        match self.route.dialect {
            Dialect::Anthropic => "text/event-stream; charset=utf-8",
            dialect => dialect
                .codec()
                .stream_writer(self.bare_reply())
                .content_type(),
        }
    }

    /// What a stream to this client is written as.
    pub(crate) fn form(&self) -> Form {
        Form {
            dialect: self.route.dialect,
            json_array: self.route.json_array,
        }
    }

    fn bare_reply(&self) -> Reply {
        let request = ir::Request {
            model: self.model().to_owned(),
            ..ir::Request::default()
        };
        Reply {
            request: Arc::new(request),
            json_array: self.route.json_array,
            ..Reply::default()
        }
    }

    /// Tokens of the prompt, roughly and at once.
    pub(crate) fn estimate(&self) -> u64 {
        let family = tokens::Family::of_model(self.model());
        tokens::quick(family, &self.body).tokens()
    }

    /// Tokens of the prompt, counted with a tokenizer; roughly where the request cannot be read.
    pub(crate) fn count(&self) -> u64 {
        self.typed()
            .map_or_else(|_| self.estimate(), |request| count::prompt(&request))
    }

    /// An answer to a token count by an estimate of our own.
    pub(crate) fn counted(&self, request_id: &str, candidate: Option<&Candidate>) -> Whole {
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert("x-turnout-estimated", HeaderValue::from_static("true"));
        mark(&mut headers, request_id, candidate);
        Whole {
            status: StatusCode::OK,
            headers,
            body: self.route.dialect.codec().write_count(self.count()).into(),
        }
    }

    /// What the path alone tells.
    pub(crate) fn path_facts(&self) -> PathFacts<'_> {
        PathFacts {
            model: self.route.model.as_deref(),
            stream: Some(self.stream()),
        }
    }

    /// The client's session, as its header or its metadata tells it.
    pub(crate) fn session(&self) -> Option<String> {
        let told = self
            .headers
            .get("x-claude-code-session-id")
            .and_then(|value| value.to_str().ok());
        told.map(str::to_owned)
            .or_else(|| self.message.as_ref()?.session())
    }

    /// Which program calls: the ids of the clients we know, else the product its user agent names.
    pub(crate) fn client(&self) -> Option<String> {
        let agent = self.headers.get(header::USER_AGENT)?.to_str().ok()?;
        let product = agent
            .split(['/', ' '])
            .next()
            .filter(|product| !product.is_empty())?;
        Some(
            match product {
                "claude-cli" | "claude-code" => "claude-code",
                "codex_cli_rs" | "codex_exec" | "codex" => "codex",
                // Its own name goes on with what it runs in: `GeminiCLI-tui`, `GeminiCLI-a2a-server`.
                "gemini-cli" => "gemini-cli",
                product if is_gemini_cli(product) => "gemini-cli",
                other => other,
            }
            .to_owned(),
        )
    }
}

fn is_gemini_cli(product: &str) -> bool {
    let surface = product.strip_prefix("GeminiCLI");
    surface.is_some_and(|surface| surface.is_empty() || surface.starts_with('-'))
}

/// Whether the body must name a model.
fn needs_model(route: &Route) -> bool {
    route.model.is_none() && !is_free(&route.endpoint)
}

/// Whether the body may be anything.
fn is_free(endpoint: &Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Other | Endpoint::Models | Endpoint::Model(_)
    )
}

/// Collects a body into one piece of memory, made as large as the client announces.
async fn collect(
    headers: &HeaderMap,
    mut body: axum::body::Body,
    max_body: usize,
) -> Result<Bytes, Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let announced: usize = announced.unwrap_or(0);
    if announced > max_body {
        return Err(too_large(max_body));
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::fatal(
                StatusCode::BAD_REQUEST,
                format!("the request body broke off: {error}"),
            )
        })?;
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > max_body {
                return Err(too_large(max_body));
            }
            if whole.is_empty() && data.len() >= announced {
                whole = BytesMut::from(data); // it came in one piece: no copy
            } else {
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(whole.freeze())
}
