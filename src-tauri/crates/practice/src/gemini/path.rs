//! The calls as paths and queries tell them.

use http::Method;
use http::request::Parts;

/// A call and the model it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The model without its collection; empty for the list.
    pub(super) model: &'a str,
    /// What is asked of it.
    pub(super) action: Action,
}

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A whole answer.
    Generate,
    /// A stream.
    Stream,
    /// A token count.
    Count,
    /// A vector.
    Embed,
    /// Vectors.
    BatchEmbed,
    /// Its description.
    Describe,
    /// The list of all.
    List,
}

/// The names of query parameters that every call takes.
const KNOWN: &[&str] = &[
    "alt",
    "key",
    "access_token",
    "oauth_token",
    "callback",
    "fields",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// The call that a request makes; `None` where the path is none of this API's.
pub(super) fn target(parts: &Parts) -> Option<Target<'_>> {
    let rest = ["/v1beta/", "/v1alpha/", "/v1/"]
        .iter()
        .find_map(|version| parts.uri.path().strip_prefix(version))?;
    let post = parts.method == Method::POST;
    if !post {
        return (parts.method == Method::GET).then(|| described(rest))?;
    }
    let (model, action) = [":", "%3A", "%3a"]
        .iter()
        .find_map(|colon| rest.rsplit_once(colon))?;
    let action = match action {
        "generateContent" => Action::Generate,
        "streamGenerateContent" => Action::Stream,
        "countTokens" => Action::Count,
        "embedContent" => Action::Embed,
        "batchEmbedContents" => Action::BatchEmbed,
        _ => return None,
    };
    Some(Target {
        model: single(super::model::bare(model))?,
        action,
    })
}

/// The value of a query parameter, as it is written.
pub(super) fn query<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    pairs(parts)
        .find(|(given, _)| *given == name)
        .map(|(_, value)| value)
}

/// A query parameter that the API does not have.
pub(super) fn unknown_query(parts: &Parts) -> Option<&str> {
    let known = |name: &str| KNOWN.contains(&name.trim_start_matches('$'));
    pairs(parts)
        .map(|(name, _)| name)
        .find(|name| !name.is_empty() && !known(name))
}

fn pairs(parts: &Parts) -> impl Iterator<Item = (&str, &str)> {
    let query = parts.uri.query().unwrap_or_default();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn described(rest: &str) -> Option<Target<'_>> {
    if rest == "models" {
        return Some(Target {
            model: "",
            action: Action::List,
        });
    }
    let name = rest
        .strip_prefix("models/")
        .or_else(|| rest.strip_prefix("tunedModels/"))?;
    Some(Target {
        model: single(name)?,
        action: Action::Describe,
    })
}

fn single(model: &str) -> Option<&str> {
    (!model.is_empty() && !model.contains('/')).then_some(model)
}
