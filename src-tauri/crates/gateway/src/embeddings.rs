//! Embeddings on their way to the client: as they came, written anew in its dialect, or put together with those that
//! are kept.

use std::borrow::Cow;

use dialects::{
    Codec, Usage,
    ir::{EmbedAnswer, EmbedRequest},
    scan::Fields,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use routing::Signal;

use crate::{
    client::Whole,
    deliver::{Came, give, pass_on, unreadable},
    embed_recall::Recall,
    ending::{Ending, Progress},
    outlet::Outlet,
    trial::Trial,
};

/// Gives the client what a provider answered.
pub(crate) fn deliver_embeddings(
    trial: &Trial<'_>,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let codec = trial.provider_codec();
    let is_whole = trial.recall.is_none_or(|recall| recall.rest().is_none());
    let passes_on = trial.conversion.is_none() && is_whole;
    if passes_on && trial.recall.is_none() {
        tell_or_estimate(trial, progress, &told_beside(codec, &came.body));
        return pass_on(trial, came, progress, outlet);
    }
    let mut answer = match codec.read_embeddings(&came.body) {
        Ok(answer) => answer,
        // It is the client's to judge.
        Err(_) if passes_on => {
            tell_or_estimate(trial, progress, &EmbedAnswer::default());
            return pass_on(trial, came, progress, outlet);
        }
        Err(error) => return unreadable(trial, came.status, error, progress),
    };
    tell_or_estimate(trial, progress, &answer);
    if let Some(recall) = trial.recall {
        match recall.complete(&trial.shared.embeddings, &answer) {
            Some(all) => answer = all,
            None if is_whole => {}
            None => {
                let why = "another number of embeddings than it was asked for";
                return trial.failed(&Signal::Empty, why);
            }
        }
    }
    if passes_on {
        return pass_on(trial, came, progress, outlet);
    }
    let Some(request) = request(trial) else {
        return trial.failed(&Signal::Empty, "embeddings that nobody asked for");
    };
    let client = trial.inbound.route.dialect.codec();
    let body = client.write_embeddings(&answer, &request);
    give(trial, &came, body, progress, outlet)
}

/// What the client asked for.
fn request<'a>(trial: &'a Trial<'_>) -> Option<Cow<'a, EmbedRequest>> {
    if let Some(recall) = trial.recall {
        return Some(Cow::Borrowed(recall.request()));
    }
    let inbound = trial.inbound;
    let client = inbound.route.dialect.codec();
    let read = client.read_embed_request(&inbound.body, inbound.path_facts())?;
    read.ok().map(Cow::Owned)
}

/// Answers with what is kept. Nobody was asked, so no tokens were used.
pub(crate) fn deliver_remembered(
    trial: &Trial<'_>,
    recall: &Recall,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let none = EmbedAnswer {
        tokens: Some(0),
        ..EmbedAnswer::default()
    };
    let Some(answer) = recall.complete(&trial.shared.embeddings, &none) else {
        return trial.failed(&Signal::Empty, "embeddings that are not kept");
    };
    tell(progress, &answer);
    progress.finished = true;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    trial.mark(&mut headers);
    let client = trial.inbound.route.dialect.codec();
    outlet.whole(Whole {
        status: StatusCode::OK,
        headers,
        body: client.write_embeddings(&answer, recall.request()).into(),
    });
    Ending::Unasked
}

fn tell(progress: &mut Progress, answer: &EmbedAnswer) {
    let usage = answer.tokens.map(|input| Usage {
        input,
        ..Usage::default()
    });
    progress.tell(usage, answer.model.clone());
}

/// Takes over what a provider's answer tells; where it tells no tokens, those it was sent are estimated.
fn tell_or_estimate(trial: &Trial<'_>, progress: &mut Progress, answer: &EmbedAnswer) {
    tell(progress, answer);
    if progress.usage.is_none() {
        let rest = trial.recall.and_then(Recall::rest);
        progress.usage = Some(Usage {
            input: rest.unwrap_or(trial.inbound).estimate(),
            estimated: true,
            ..Usage::default()
        });
    }
}

/// What an answer tells beside its vectors, which may be megabytes and are not read for it.
fn told_beside(codec: &dyn Codec, body: &[u8]) -> EmbedAnswer {
    const FIELDS: [&str; 5] = [
        "model",
        "usage",
        "usageMetadata",
        "usage_metadata",
        "prompt_eval_count",
    ];
    let Ok(fields) = Fields::of(body, &FIELDS) else {
        return EmbedAnswer::default();
    };
    let mut short = br#"{"data":[],"embeddings":[]"#.to_vec();
    for name in FIELDS {
        if let Some(range) = fields.range(name) {
            short.extend_from_slice(format!(",\"{name}\":").as_bytes());
            short.extend_from_slice(&body[range]);
        }
    }
    short.push(b'}');
    codec.read_embeddings(&short).unwrap_or_default()
}
