//! Rules: listed, explained, added, changed, taken out and put in order.

use axum::extract::State;
use axum::{Extension, Json};
use gateway::Embeddings;
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::auth::Caller;
use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use super::things::{Changed, Created, Fields, Order, created, remove};
use crate::Daemon;
use crate::record::Facts as _;
use crate::settings::section::Section;
use crate::view::{Explanation, List, Rule};

pub(super) fn calls() -> Calls {
    Calls::of("Rules", Entry::Admin)
        .with(
            Call::get("/rules", list)
                .about("The rules in order, those that are switched off too.")
                .asks::<Page>()
                .lists::<Rule>(),
        )
        .with(
            Call::post("/rules", add)
                .about("Adds a rule behind the others.")
                .takes_settings("RuleSettings")
                .creates::<Rule>()
                .edits(),
        )
        .with(
            Call::put("/rules", order)
                .about("Puts rules in another order, of which the first that fits wins; those that are not named follow.")
                .takes::<Order>()
                .lists::<Rule>()
                .fails([Code::NotFound])
                .edits(),
        )
        .with(Call::get("/rules/{name}", show).about("One rule.").answers::<Rule>())
        .with(
            Call::put("/rules/{name}", change)
                .about("Sets fields of a rule.")
                .takes_settings("RuleChange")
                .answers::<Rule>()
                .edits(),
        )
        .with(
            Call::delete("/rules/{name}", remove_rule)
                .about("Takes a rule out.")
                .answers_nothing()
                .edits()
                .fails([Code::InvalidRequest]),
        )
        .with(
            Call::post("/rules/explain", explain)
                .about("Which rule, group and candidates would serve a request, and why. Nothing is sent. What `similar_to` rules compare is only asked of the provider of embeddings with `embed`; without, they compare words alone where its answer is not known, which `notes` tells.")
                .takes::<Question>()
                .answers::<Explanation>()
                .fails([Code::NotFound]),
        )
}

fn rules(daemon: &Daemon) -> Vec<Rule> {
    let loaded = daemon.loaded();
    loaded.settings.rules.iter().map(Rule::of).collect()
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Rule>>, Refusal> {
    Ok(Json(page.of(rules(&daemon))?))
}

async fn show(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Rule> {
    Ok(Json(daemon.rule(&name)?))
}

async fn add(State(daemon): State<Daemon>, Body(Fields(fields)): Body<Fields>) -> Created<Rule> {
    Ok(created(daemon.add_rule(fields).await?))
}

async fn change(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Rule> {
    Ok(Json(daemon.change_rule(&name, fields).await?))
}

async fn remove_rule(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Rules, &name).await
}

/// The first that fits wins.
async fn order(
    State(daemon): State<Daemon>,
    Body(Order { order }): Body<Order>,
) -> Changed<List<Rule>> {
    daemon.reorder(Section::Rules, &order).await?;
    Ok(Json(List::whole(rules(&daemon))))
}

/// A request that is not sent.
#[derive(Deserialize, ToSchema)]
struct Question {
    /// `POST` when not given.
    #[serde(default)]
    method: Option<String>,
    /// The path that a client would call, such as `/v1/messages`.
    path: String,
    /// Its headers, each a string.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    headers: Map<String, Value>,
    /// Its body: an object, or text.
    #[serde(default)]
    body: Value,
    /// Name of the client token that it would present.
    #[serde(default)]
    token: Option<String>,
    /// The provider of embeddings is asked for what rules compare, which may cost: not by a client token.
    #[serde(default)]
    embed: bool,
}

impl Shape for Question {
    const SHAPE: &'static str =
        r#"{"path": "/v1/messages", "headers": {"NAME": "VALUE"}, "body": {"model": "…"}}"#;
}

async fn explain(
    State(daemon): State<Daemon>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<Question>,
) -> Result<Json<Explanation>, Refusal> {
    if asked.embed && matches!(caller, Caller::Client(_)) {
        let told = "only the admin token and the window have embeddings made, as no bounds hold for them: leave out `embed`";
        return Err(Refusal::new(Code::Forbidden, told));
    }
    let token = asked.token.clone();
    let from = if asked.embed {
        Embeddings::Asked
    } else {
        Embeddings::Known
    };
    let request = request(asked)?;
    let gateway = &daemon.instance().gateway;
    let told = gateway.explain(request, token.as_deref(), from).await;
    let told = told.map_err(|why| {
        let code = match why.status {
            StatusCode::NOT_FOUND => Code::NotFound,
            _ => Code::InvalidRequest,
        };
        Refusal::new(code, why.message)
    })?;
    let loaded = daemon.loaded();
    Ok(Json(Explanation::of(told, |key| loaded.mask(key))))
}

fn request(asked: Question) -> Result<Request<axum::body::Body>, Refusal> {
    let body = match asked.body {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let method = asked.method.as_deref().unwrap_or("POST");
    let mut request = Request::builder().method(method).uri(&asked.path);
    for (name, value) in &asked.headers {
        let Some(value) = value.as_str() else {
            let told = format!("headers.{name} must be a string");
            return Err(Refusal::new(Code::InvalidRequest, told));
        };
        // Those of the body as it came; here it is plain, and as long as it is.
        if !["content-length", "content-encoding"].contains(&name.to_ascii_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    let request = request.body(axum::body::Body::from(body));
    request.map_err(|error| {
        let told = format!("there is no such request: {error}");
        Refusal::new(Code::InvalidRequest, told)
    })
}
