//! From a request to what is delivered: which dialect, which scenario, which answer.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::anthropic::Anthropic;
use crate::desk::{self, Clues};
use crate::dialect::{Call, Dialect, Refusal};
use crate::embedding::{self, Embed};
use crate::fault::{self, Delivery, Outpour, Reply, Setting};
use crate::gemini::Gemini;
use crate::ollama::Ollama;
use crate::openai::chat::OpenAiChat;
use crate::openai::responses::OpenAiResponses;
use crate::options::Options;
use crate::provider::Provider;
use crate::record::Ticket;
use crate::scenario::{self, Failure, Scenario};
use crate::script::{self, Ask, Usage};

/// The dialects that answer, in the order in which they are asked whether a call is theirs. The first
/// one refuses what looks like nobody's. OpenAI's are taken under any prefix, so the others come before it.
const DIALECTS: &[&dyn Dialect] = &[
    &Anthropic,
    &Gemini::Events,
    &Gemini::Array,
    &Ollama::CHAT,
    &Ollama::GENERATE,
    &OpenAiResponses,
    &OpenAiChat,
];

/// A request told to a dialect.
pub(crate) struct Addressed {
    dialect: &'static dyn Dialect,
    call: Option<Call>,
}

/// Finds the dialect of a request.
pub(crate) fn addressed(parts: &Parts) -> Addressed {
    let called = DIALECTS
        .iter()
        .find_map(|dialect| Some((*dialect, dialect.call(parts)?)));
    if let Some((dialect, call)) = called {
        return Addressed {
            dialect,
            call: Some(call),
        };
    }
    let owner = DIALECTS.iter().find(|dialect| dialect.owns(parts));
    Addressed {
        dialect: *owner.unwrap_or(&DIALECTS[0]),
        call: None,
    }
}

impl Addressed {
    /// The header in which an answer tells its request id.
    pub(crate) fn request_id_header(&self) -> &'static str {
        self.dialect.request_id_header()
    }
}

impl Provider {
    /// What answers a request; refusals included.
    pub(crate) fn delivery(
        &self,
        to: &Addressed,
        parts: &Parts,
        body: Result<Bytes, Refusal>,
        ticket: &Ticket,
        request_id: &str,
    ) -> Delivery {
        self.admitted(to.dialect, parts)
            .and(body)
            .and_then(|body| match &to.call {
                Some(call) => self.scripted(to.dialect, call, parts, &body, ticket, request_id),
                None => pass_through(parts, body),
            })
            .unwrap_or_else(|refusal| self.failed(to, &Failure::from(refusal), request_id))
    }

    /// An error answer.
    pub(crate) fn failed(&self, to: &Addressed, failure: &Failure, request_id: &str) -> Delivery {
        let setting = self.setting(to.dialect, "", request_id);
        Delivery::Answer(fault::error(failure, &setting))
    }

    fn admitted(&self, dialect: &dyn Dialect, parts: &Parts) -> Result<(), Refusal> {
        let Some(key) = &self.options().require_key else {
            return Ok(());
        };
        match dialect.credential(parts) {
            Some(given) if given == key => Ok(()),
            given => Err(dialect.stranger(given.is_some())),
        }
    }

    fn scripted(
        &self,
        dialect: &dyn Dialect,
        call: &Call,
        parts: &Parts,
        body: &Bytes,
        ticket: &Ticket,
        request_id: &str,
    ) -> Result<Delivery, Refusal> {
        dialect.check_headers(&parts.headers)?;
        let named;
        let call = match call {
            Call::ModelInBody => {
                named = Call::Model(dialect.read_model(body)?);
                &named
            }
            told => told,
        };
        let mut embed = Embed::default();
        let mut ask = match call {
            Call::Answer => dialect.read(parts, body, false)?,
            Call::Count => dialect.read(parts, body, true)?,
            Call::Embed => {
                embed = dialect.read_embed(parts, body)?;
                asked(&embed)
            }
            Call::Model(id) => Ask {
                model: id.clone(),
                ..Ask::default()
            },
            Call::Models | Call::ModelInBody | Call::Fixed(_) => Ask::default(),
        };
        let clues = Clues {
            header: parts
                .headers
                .get("x-practice")
                .and_then(|value| value.to_str().ok()),
            credential: dialect.credential(parts),
            // Asking about a model is not asking it.
            model: if matches!(call, Call::Model(_)) {
                ""
            } else {
                &ask.model
            },
            text: &ask.user_text,
            stream: ask.stream,
            main: !ask.tools.is_empty(),
            answer: *call == Call::Answer,
        };
        let (scenario, source) = self.desk().choose(&clues)?;
        ticket.chosen(&scenario.text, source, dialect.name(), &ask);
        ask.user_text = desk::unmarked(&ask.user_text);
        let reply = match call {
            Call::Answer => self.told(dialect, &scenario, &ask, ticket),
            Call::Count => {
                let tokens = scenario.wish.usage_in.unwrap_or(ask.tokens);
                Reply::Whole(dialect.count(tokens), None)
            }
            Call::Embed => embedded(dialect, &embed),
            Call::Models => {
                Reply::Whole(dialect.models(parts.uri.query().unwrap_or_default()), None)
            }
            Call::Model(id) => match dialect.model(id) {
                Some(body) => Reply::Whole(body, None),
                None => return Ok(self.unknown_model(dialect, id, request_id)),
            },
            Call::ModelInBody => return Err(Refusal::not_found("Not Found")),
            Call::Fixed(body) => Reply::Whole(Bytes::from_static(body.as_bytes()), None),
        };
        let setting = self.setting(dialect, &ask.model, request_id);
        Ok(fault::plan(&scenario, reply, &setting))
    }

    fn told(
        &self,
        dialect: &dyn Dialect,
        scenario: &Scenario,
        ask: &Ask,
        ticket: &Ticket,
    ) -> Reply {
        let mut script = script::write(scenario, ask, &self.options().name, &self.id(ticket));
        script.created = now();
        if ask.stream {
            Reply::Stream(dialect.frames(&script))
        } else {
            Reply::Whole(dialect.whole(&script), Some(script.usage))
        }
    }

    fn unknown_model(&self, dialect: &dyn Dialect, id: &str, request_id: &str) -> Delivery {
        let failure = Failure {
            about_model: true,
            ..scenario::plain(StatusCode::NOT_FOUND)
        };
        let setting = self.setting(dialect, id, request_id);
        Delivery::Answer(fault::error(&failure, &setting))
    }

    fn setting<'a>(
        &self,
        dialect: &'a dyn Dialect,
        model: &'a str,
        request_id: &'a str,
    ) -> Setting<'a> {
        let Options { latency, pace, .. } = *self.options();
        Setting {
            dialect,
            request_id,
            model,
            latency,
            pace,
        }
    }
}

/// Unix seconds.
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// What of a request for embeddings may choose a scenario.
fn asked(embed: &Embed) -> Ask {
    Ask {
        model: embed.model.clone(),
        user_text: embed.texts.last().cloned().unwrap_or_default(),
        tokens: embed.tokens,
        ..Ask::default()
    }
}

fn embedded(dialect: &dyn Dialect, embed: &Embed) -> Reply {
    let vectors: Vec<_> = embed
        .texts
        .iter()
        .map(|text| embedding::vector(text, embed.dimensions))
        .collect();
    let usage = Usage {
        input: embed.tokens,
        ..Usage::default()
    };
    Reply::Whole(dialect.embeddings(embed, &vectors), Some(usage))
}

/// `/v1/practice/echo` gives any request its own body back; other paths are not found.
fn pass_through(parts: &Parts, body: Bytes) -> Result<Delivery, Refusal> {
    if parts.uri.path() != "/v1/practice/echo" {
        return Err(Refusal::not_found("Not Found"));
    }
    let mut out: Outpour = fault::whole(body, None);
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        out.headers[0].1 = kind.clone();
    }
    if let Ok(method) = HeaderValue::from_str(parts.method.as_str()) {
        out.headers
            .push((HeaderName::from_static("x-practice-method"), method));
    }
    Ok(Delivery::Answer(out))
}
