//! Keys of providers. No answer holds one.
//!
//! A key's id has a slash in it (`relay/0`), so that the rest of the path is read here: `…/keys/relay/0/test`. Its number
//! alone will do as well, and so will the id with `%2F`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Raw, Refusal, Shape};
use crate::Daemon;
use crate::view::{Key, List, ProviderTest};

pub(super) fn calls() -> Calls {
    Calls::of("Keys", Entry::Admin)
        .with(
            Call::get("/keys", list)
                .about("The keys of all providers, masked.")
                .asks::<Page>()
                .lists::<Key>(),
        )
        .with(
            Call::post("/providers/{name}/keys", add)
                .about("Adds a key to a provider's pool and keeps it in the keychain.")
                .takes::<NewKey>()
                .creates::<Key>()
                .edits()
                .fails([Code::NoKeychain]),
        )
        .with(
            Call::delete("/providers/{name}/keys/{*key}", remove)
                .about("Takes a key out of the config, and out of the keychain.")
                .answers_nothing()
                .edits()
                .fails([Code::InvalidRequest, Code::NoKeychain]),
        )
        .with(Call::unlisted_post("/providers/{name}/keys/{*key}", act))
        .with(
            Call::elsewhere(Method::POST, "/providers/{name}/keys/{key}/test")
                .about("Sends a tiny real request with this key alone and tells how it went.")
                .answers::<ProviderTest>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::elsewhere(Method::POST, "/providers/{name}/keys/{key}/rotate")
                .about("Puts another key in the place of one, and forgets the old one.")
                .takes::<NewKey>()
                .answers::<Key>()
                .edits()
                .fails([Code::NoKeychain]),
        )
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Key>>, Refusal> {
    Ok(Json(page.of(daemon.keys())?))
}

/// A key that a provider gave out.
#[derive(Deserialize, ToSchema)]
struct NewKey {
    /// The key itself, which no answer repeats.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    value: SecretString,
}

impl Shape for NewKey {
    const SHAPE: &'static str = r#"{"value": "KEY"}"#;
}

pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

async fn add(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(new): Body<NewKey>,
) -> Result<Response, Refusal> {
    let key = daemon.set_key(&name, new.value).await?;
    Ok((StatusCode::CREATED, Json(key)).into_response())
}

async fn remove(
    State(daemon): State<Daemon>,
    Path((provider, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    daemon.remove_key(&provider, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `…/test` and `…/rotate`.
async fn act(
    State(daemon): State<Daemon>,
    Path((provider, rest)): Path<(String, String)>,
    Raw(body): Raw,
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
