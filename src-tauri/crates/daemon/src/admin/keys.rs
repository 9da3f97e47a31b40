//! Keys of providers. No answer holds one.
//!
//! A key's id has a slash in it (`relay/0`), so that the rest of the path is read here: `…/keys/relay/0/test`. Its number
//! alone will do as well, and so will the id with `%2F`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::refusal::{Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{Key, List};

pub(super) async fn list(State(daemon): State<Daemon>) -> Json<List<Key>> {
    Json(List::whole(daemon.keys()))
}

#[derive(Deserialize)]
pub(super) struct NewKey {
    #[serde(deserialize_with = "secret")]
    value: SecretString,
}

impl Shape for NewKey {
    const SHAPE: &'static str = r#"{"value": "KEY"}"#;
}

pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

pub(super) async fn add(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(new): Body<NewKey>,
) -> Result<Response, Refusal> {
    let key = daemon.set_key(&name, new.value).await?;
    Ok((StatusCode::CREATED, Json(key)).into_response())
}

pub(super) async fn remove(
    State(daemon): State<Daemon>,
    Path((provider, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    daemon.remove_key(&provider, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `…/test` and `…/rotate`.
pub(super) async fn act(
    State(daemon): State<Daemon>,
    Path((provider, rest)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    match rest.rsplit_once('/') {
        Some((id, "test")) => Ok(Json(daemon.test_key(&provider, id).await?).into_response()),
        Some((id, "rotate")) => {
            let new: NewKey = serde_json::from_slice(&body).map_err(|_| {
                // What came may hold a key, so that it is not repeated.
                let told = format!("the body must be {}", NewKey::SHAPE);
                Refusal::new(Code::InvalidRequest, told)
            })?;
            let key = daemon.rotate_key(&provider, id, new.value).await?;
            Ok(Json(key).into_response())
        }
        _ => Err(Refusal::new(
            Code::NotFound,
            "the admin API has no such path; a key is tried by `/test` and replaced by `/rotate`",
        )),
    }
}
