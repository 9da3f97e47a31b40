//! Keys of providers. No answer holds one.
//!
//! A key's id has a slash in it (`relay/0`). Its number alone will do as well, and so will the id with `%2F`.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{Key, List, ProviderTest, SecretStore};

pub(super) fn calls() -> Calls {
    Calls::of("Keys", Entry::Admin)
        .with(
            Call::get("/keys", list)
                .about("The keys of all providers, masked.")
                .asks::<Page>()
                .lists::<Key>(),
        )
        .with(
            Call::get("/keychain", store)
                .about("Where keys that are sent would be kept, and whether that can be had now.")
                .answers::<SecretStore>(),
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
            Call::delete("/providers/{name}/keys/{key}", remove)
                .about("Takes a key out of the config, and out of the keychain.")
                .answers_nothing()
                .edits()
                .fails([Code::InvalidRequest, Code::NoKeychain]),
        )
        .with(
            Call::post("/providers/{name}/keys/{key}/test", test)
                .about("Sends a tiny real request with this key alone and tells how it went.")
                .answers::<ProviderTest>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::post("/providers/{name}/keys/{key}/rotate", rotate)
                .about("Puts another key in the place of one, and forgets the old one.")
                .takes::<NewKey>()
                .answers::<Key>()
                .edits()
                .fails([Code::NoKeychain]),
        )
        .with(Call::delete("/providers/{name}/keys/{key}/{number}", remove).unlisted())
        .with(Call::post("/providers/{name}/keys/{key}/{number}/test", test).unlisted())
        .with(Call::post("/providers/{name}/keys/{key}/{number}/rotate", rotate).unlisted())
}

/// The key that a path names, with its provider.
struct OfProvider {
    provider: String,
    key: String,
}

impl<S: Send + Sync> FromRequestParts<S> for OfProvider {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Ok(Path(mut names)) = Path::<Vec<String>>::from_request_parts(parts, state).await
        else {
            return Err(Refusal::nameless());
        };
        let key = names.split_off(1).join("/");
        let provider = names.pop().unwrap_or_default();
        Ok(Self { provider, key })
    }
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Key>>, Refusal> {
    Ok(Json(page.of(daemon.keys())?))
}

async fn store(State(daemon): State<Daemon>) -> Json<SecretStore> {
    Json(daemon.secret_store().await)
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

async fn remove(State(daemon): State<Daemon>, of: OfProvider) -> Result<StatusCode, Refusal> {
    daemon.remove_key(&of.provider, &of.key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn test(State(daemon): State<Daemon>, of: OfProvider) -> Result<Json<ProviderTest>, Refusal> {
    Ok(Json(daemon.test_key(&of.provider, &of.key).await?))
}

async fn rotate(
    State(daemon): State<Daemon>,
    of: OfProvider,
    Body(new): Body<NewKey>,
) -> Result<Json<Key>, Refusal> {
    let key = daemon.rotate_key(&of.provider, &of.key, new.value).await?;
    Ok(Json(key))
}
