//! Errors of the admin API: one set of codes, one shape.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::handle::CommandError;
use crate::settings::Problem;

/// Everything that can go wrong at the admin boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// No token, or a wrong one.
    Unauthorized,
    /// A web page of another origin, or a cookie where only the token will do.
    Forbidden,
    /// No such path or thing.
    NotFound,
    /// The path is right and the method is not.
    MethodNotAllowed,
    /// The call itself is wrong.
    InvalidRequest,
    /// It can't be done as things are.
    Conflict,
    /// It was changed since the caller read it.
    PreconditionFailed,
    /// There is no keychain.
    NoKeychain,
    /// The history can't be read.
    LedgerUnavailable,
    /// A bug.
    Internal,
}

impl Code {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::InvalidRequest => "invalid_request",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::NoKeychain => "no_keychain",
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::Internal => "internal",
        }
    }

    /// What it says, in a few words.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Unauthorized => "no token, or one that is not good for this",
            Self::Forbidden => "the token's scopes, or the page that calls, may not do this",
            Self::NotFound => "there is no such thing",
            Self::MethodNotAllowed => "the path is right and the method is not",
            Self::InvalidRequest => "the call itself is wrong",
            Self::Conflict => "it cannot be done as things are",
            Self::PreconditionFailed => "it was changed since it was read",
            Self::NoKeychain => "there is no keychain",
            Self::LedgerUnavailable => "the history cannot be read",
            Self::Internal => "a bug",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::NoKeychain | Self::LedgerUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that says why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// What is wrong with a config that was sent, with its places.
    pub(crate) errors: Vec<Problem>,
}

/// What every error looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
struct ErrorDetail {
    /// A word for programs.
    code: &'static str,
    /// One sentence for people: what, where, what to do.
    message: String,
    /// The id by which the log names this answer.
    request_id: String,
    /// What is wrong with a config that was sent, with its places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Problem>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            errors: Vec::new(),
        }
    }
}

impl Refusal {
    /// The name in a path is none.
    pub(super) fn nameless() -> Self {
        let told = "nothing has such a name: the one in the path is not UTF-8 text";
        Self::new(Code::NotFound, told)
    }
}

/// The id of an answer, by which logs name it.
pub(super) fn request_id() -> String {
    format!("req-{:012x}", fastrand::u64(..1 << 48))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let id = request_id();
        let (code, message) = (self.code.word(), &self.message);
        if self.code.status().is_server_error() {
            tracing::error!(request_id = %id, "the admin API answered {code}: {message}");
        } else {
            tracing::debug!(request_id = %id, "the admin API answered {code}: {message}");
        }
        let error = ErrorDetail {
            code: self.code.word(),
            message: self.message.clone(),
            request_id: id.clone(),
            errors: self.errors.clone(),
        };
        let body = ErrorBody { error };
        let head = [("x-turnout-request-id", id)];
        let mut response = (self.code.status(), head, Json(body)).into_response();
        // For the audit log.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let code = match &error {
            CommandError::NotFound(_) => Code::NotFound,
            CommandError::Refused(_) => Code::Conflict,
            CommandError::Invalid(_) => Code::InvalidRequest,
            CommandError::NoKeychain(_) => Code::NoKeychain,
        };
        Self::new(code, error.to_string())
    }
}

/// A body that calls take.
pub(crate) trait Shape: DeserializeOwned {
    /// What it looks like: told in the place of what came, which may hold a secret.
    const SHAPE: &'static str;
}

/// A JSON body; anything else is refused in our shape.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Shape, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Refusal::new(
                Code::InvalidRequest,
                body_problem(&rejection, T::SHAPE),
            )),
        }
    }
}

/// A body as it came; one that is too long is refused in our shape.
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Bytes::from_request(request, state).await;
        body.map(Self)
            .map_err(|rejection| Refusal::new(Code::InvalidRequest, rejection.body_text()))
    }
}

fn body_problem(rejection: &JsonRejection, shape: &str) -> String {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            "the body must be JSON, sent with content-type: application/json".into()
        }
        JsonRejection::BytesRejection(rejection) => rejection.body_text(),
        _ => format!("the body must be {shape}"),
    }
}

/// A query; what does not fit is refused in our shape.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        match query {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Refusal::new(
                Code::InvalidRequest,
                query_problem(&rejection.body_text()),
            )),
        }
    }
}

fn query_problem(told: &str) -> String {
    let problem = told
        .strip_prefix("Failed to deserialize query string: ")
        .unwrap_or(told);
    let is_time = ["since:", "until:"]
        .iter()
        .any(|name| problem.starts_with(name));
    let hint = if is_time {
        "; write a time such as 2026-01-31T12:00:00Z"
    } else {
        ""
    };
    format!("the query is wrong: {problem}{hint}")
}

/// The name in a path; nothing is found under one that is no text.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(Refusal::nameless()),
        }
    }
}
