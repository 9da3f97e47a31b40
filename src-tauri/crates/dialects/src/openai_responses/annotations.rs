//! Sources of a text, as `annotations` of the Responses reference.

use serde::{Deserialize, Serialize};

use crate::json::Json;

#[derive(Deserialize)]
struct Source {
    r#type: Option<String>,
    url: Option<String>,
    title: Option<String>,
    start_index: Option<u64>,
    end_index: Option<u64>,
    url_citation: Option<Box<Source>>,
}

#[derive(Serialize)]
struct UrlCitation<'a> {
    r#type: &'static str,
    start_index: u64,
    end_index: u64,
    title: &'a str,
    url: &'a str,
}

/// All that can be said of a text's sources. Those of other vendors are told where they name an address.
pub(super) fn all(citations: &[Json], text: &str) -> Vec<Json> {
    let annotations = citations.iter();
    annotations
        .filter_map(|citation| one(citation, text))
        .collect()
}

/// One source; `None` where it has no words here.
pub(super) fn one(citation: &Json, text: &str) -> Option<Json> {
    let source: Source = citation.read().ok()?;
    let kind = source.r#type.as_deref().unwrap_or_default();
    let own = match kind {
        "url_citation" => source.url.is_some() && source.start_index.is_some(),
        "file_citation" | "container_file_citation" | "file_path" => true,
        _ => false,
    };
    if own {
        return Some(citation.clone());
    }
    let inner = source.url_citation.as_deref().unwrap_or(&source);
    let url = inner.url.as_deref()?;
    Some(Json::of(&UrlCitation {
        r#type: "url_citation",
        start_index: inner.start_index.unwrap_or_default(),
        end_index: inner
            .end_index
            .unwrap_or_else(|| text.chars().count() as u64),
        title: inner.title.as_deref().unwrap_or_default(),
        url,
    }))
}
