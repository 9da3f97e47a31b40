//! The config as text: shown without secrets, checked, written, and taken in anew.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::openapi::{Call, Calls, Entry};
use super::refusal::{Body, Code, Raw, Refusal, Shape};
use crate::Daemon;
use crate::settings;
use crate::view::{Config, ConfigCheck, Reloaded};
use crate::whole_config::PutError;

/// The media type of the text itself.
const TOML: &str = "application/toml";

pub(super) fn calls() -> Calls {
    Calls::of("Config", Entry::Admin)
        .with(
            Call::get("/config", show)
                .about("The config as it stands in the file, secrets masked.\n\nClient tokens are told it without its comments: people \
                    write there what only they are to read.")
                .answers::<Config>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::put("/config", put)
                .about("Writes the whole config, comments included, and takes it in.\n\nA text that is no valid config changes \
                    nothing; `error.errors` tells each mistake with its line and column. What `GET /config` masked may be \
                    sent back masked and stays what it was. With `If-Match` it is only written over the text of that `etag`.")
                .asks_header("If-Match", "The `etag` of the config that was changed.")
                .takes::<Candidate>()
                .or_text(TOML)
                .answers::<Config>()
                .edits()
                .fails([Code::PreconditionFailed]),
        )
        .with(
            Call::post("/config/check", check)
                .about("Whether a text would be a valid config, and what is wrong with it where. Nothing is changed.")
                .takes::<Candidate>()
                .answers::<ConfigCheck>(),
        )
        .with(
            Call::post("/reload", reload)
                .about("Takes the config in as it stands in the file, and asks the keychain anew.")
                .answers::<Reloaded>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::post("/config/reload", reload)
                .about("Another name for `POST /reload`.")
                .deprecated()
                .answers::<Reloaded>()
                .fails([Code::Conflict]),
        )
}

async fn show(
    State(daemon): State<Daemon>,
    Extension(caller): Extension<Caller>,
) -> Result<Tagged, Refusal> {
    let mut config = daemon.config()?;
    if let Caller::Client(_) = caller {
        config.toml = config.toml.as_deref().and_then(settings::uncommented);
    }
    Ok(Tagged(config))
}

async fn put(
    State(daemon): State<Daemon>,
    headers: HeaderMap,
    Sent(toml): Sent,
) -> Result<Tagged, Refusal> {
    let seen = headers.get(header::IF_MATCH);
    let seen = seen.map(|seen| seen.to_str().unwrap_or_default());
    let is_seen = |etag: &str| match seen {
        None | Some("*") => true,
        Some(seen) => seen
            .split(',')
            .any(|seen| seen.trim().trim_matches('"') == etag),
    };
    Ok(Tagged(daemon.put_config(&toml, is_seen).await?))
}

/// The config, with its tag in the header too.
struct Tagged(Config);

impl IntoResponse for Tagged {
    fn into_response(self) -> Response {
        let etag = format!("\"{}\"", self.0.etag);
        ([(header::ETAG, etag)], Json(self.0)).into_response()
    }
}

/// A whole config: in JSON, or the text itself.
struct Sent(String);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let media = request.headers().get(header::CONTENT_TYPE);
        let media = media
            .and_then(|media| media.to_str().ok())
            .unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        let is_json = media.eq_ignore_ascii_case("application/json");
        if !is_json && !media.eq_ignore_ascii_case(TOML) {
            return Err(Refusal::new(
                Code::InvalidRequest,
                format!(
                    "send the text itself with content-type: {TOML}, or {} with content-type: application/json",
                    Candidate::SHAPE
                ),
            ));
        }
        if is_json {
            let Body(Candidate { toml }) = Body::from_request(request, state).await?;
            return Ok(Self(toml));
        }
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| {
            Refusal::new(
                Code::InvalidRequest,
                "the config is not UTF-8 text; send it as UTF-8",
            )
        })
    }
}

impl From<PutError> for Refusal {
    fn from(error: PutError) -> Self {
        let told = error.to_string();
        match error {
            PutError::Changed => Self::new(Code::PreconditionFailed, told),
            PutError::Mistakes(errors) => Self {
                errors,
                ..Self::new(Code::InvalidRequest, told)
            },
            PutError::Command(error) => error.into(),
        }
    }
}

/// A config that is not there yet.
#[derive(Deserialize, ToSchema)]
#[schema(as = ConfigText)]
struct Candidate {
    /// The whole text.
    toml: String,
}

impl Shape for Candidate {
    const SHAPE: &'static str = r#"{"toml": "TEXT"}"#;
}

async fn check(Body(candidate): Body<Candidate>) -> Json<ConfigCheck> {
    let errors = settings::parse(&candidate.toml).err().unwrap_or_default();
    Json(ConfigCheck {
        valid: errors.is_empty(),
        errors,
    })
}

pub(super) async fn reload(State(daemon): State<Daemon>) -> Result<Json<Reloaded>, Refusal> {
    match daemon.reload().await {
        Ok(()) => Ok(Json(Reloaded {
            reloaded: true,
            problems: daemon.status().await.problems,
        })),
        Err(told) => Err(Refusal::new(Code::Conflict, told)),
    }
}
