//! Sources of a text, as `annotations` of the Chat reference: `{type: "url_citation", url_citation: {…}}`.

use serde::{Deserialize, Serialize};

use crate::json::Json;

const URL: &str = "url_citation";

#[derive(Deserialize)]
struct Source {
    r#type: String,
    url_citation: Option<Json>,
    url: Option<String>,
    title: Option<String>,
    start_index: Option<u64>,
    end_index: Option<u64>,
}

#[derive(Serialize)]
struct Nested<'a> {
    r#type: &'static str,
    url_citation: Address<'a>,
}

#[derive(Serialize)]
struct Address<'a> {
    url: &'a str,
    title: &'a str,
    start_index: u64,
    end_index: u64,
}

/// One source; `None` where it has no words here. Responses has the same fields, but flat.
pub(crate) fn one(citation: &Json) -> Option<Json> {
    if !citation.text().contains(URL) {
        return None;
    }
    let told: Source = citation
        .read()
        .ok()
        .filter(|told: &Source| told.r#type == URL)?;
    if told.url_citation.is_some() {
        return Some(citation.clone());
    }
    Some(Json::of(&Nested {
        r#type: URL,
        url_citation: Address {
            url: told.url.as_deref()?,
            title: told.title.as_deref().unwrap_or_default(),
            start_index: told.start_index.unwrap_or_default(),
            end_index: told.end_index.unwrap_or_default(),
        },
    }))
}
