//! Answers that call themselves errors: judged, and told to the client where no other provider can help.

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use dialects::{
    anthropic::ErrorBody,
    ir::{Failure, FailureKind, Part, Request},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use memchr::memmem;
use routing::{Reason, Signal, Verdict};

use crate::{
    capture::Incoming,
    client::Whole,
    ending::{Ending, Progress},
    hearing::kind_of,
    outlet::Outlet,
    pump::Deadlines,
    refusal::Refusal,
    route::Endpoint,
    trial::{Trial, mark},
    whole::{is_html, read_body},
};

/// As much of an error's body as is read.
const ERROR_BODY: usize = 1 << 20;

/// A provider's `retry-after`: milliseconds first, as the SDKs read it, then seconds or an HTTP date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// A failure in the words that routing judges.
pub(crate) fn signal_of(failure: &Failure) -> Signal<'_> {
    Signal::EventError {
        kind: kind_of(failure),
        message: &failure.message,
    }
}

impl Trial<'_> {
    /// What is made of a failure that came under a status of success. `told` is what happened, for people.
    pub(crate) fn failed_as(
        &self,
        failure: &Failure,
        told: &str,
        progress: &mut Progress,
    ) -> Ending {
        if failure.kind == FailureKind::ContextTooLong {
            progress.too_long = true;
            return self.too_long(self.refusal(failure, HeaderMap::new()), told);
        }
        self.failed(&signal_of(failure), told)
            .resting(failure.retry_after.map(Duration::from_secs))
    }

    /// A conversation that does not fit may fit a model with a larger window. Where there is none, its client can make it
    /// shorter, when it is told in the words that it knows.
    fn too_long(&self, refusal: Whole, told: &str) -> Ending {
        self.failed_for(Verdict::NextProvider, Reason::InvalidRequest, told)
            .with_spare(refusal)
    }

    /// A provider's refusal in the client's dialect.
    fn refusal(&self, failure: &Failure, mut headers: HeaderMap) -> Whole {
        let client = self.inbound.route.dialect.codec();
        let (status, body) = client.write_failure(failure, self.request_id);
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        self.mark(&mut headers);
        Whole {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
            headers,
            body: body.into(),
        }
    }
}

/// What is made of an answer that calls itself an error.
pub(crate) async fn error_answer(
    trial: &Trial<'_>,
    mut response: Incoming,
    deadlines: Deadlines,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let (status, headers) = (response.status(), response.headers().clone());
    // An error whose body does not come is an error all the same.
    let body = read_body(&mut response, BytesMut::new(), deadlines, ERROR_BODY).await;
    let is_told = body
        .as_ref()
        .is_ok_and(|body| !body.is_empty() && !is_html(body));
    let body: Bytes = body.unwrap_or_default();
    let failure = trial.provider_codec().read_failure(status.as_u16(), &body);
    let signal = Signal::Status {
        // OpenAI tells a quota that is used up under the status of a limit that passes.
        code: match failure.kind {
            FailureKind::Billing => StatusCode::PAYMENT_REQUIRED.as_u16(),
            _ => status.as_u16(),
        },
        body: &body,
        html: is_html(&body),
    };
    let told = ErrorBody::read(&body)
        .map(|error| error.message)
        .filter(|message| !message.is_empty());
    let error = match told {
        Some(message) => format!("HTTP {}: {message}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    if trial.inbound.route.endpoint == Endpoint::Count && matches!(status.as_u16(), 404 | 405 | 501)
    {
        return trial.estimate(progress, outlet); // it has no such call, whatever the settings say
    }
    if refuses_a_seal(trial, status, &body) {
        trial.refused_seal.store(true, Ordering::Relaxed);
        return trial.failed(&signal, &error);
    }
    match trial.failed(&signal, &error) {
        Ending::Failed {
            verdict: Verdict::ClientFault | Verdict::Ok,
            error,
            ..
        } if failure.kind == FailureKind::ContextTooLong => {
            progress.too_long = true;
            let told = is_told.then_some(&body);
            trial.too_long(refused(trial, status, &headers, told, &error), &error)
        }
        Ending::Failed {
            verdict: Verdict::ClientFault | Verdict::Ok,
            reason,
            error,
            ..
        } => {
            let told = is_told.then_some(&body);
            let answer = refused(trial, status, &headers, told, &error);
            outlet.refuse(answer, reason, error)
        }
        failed => {
            let told = failure.retry_after.map(Duration::from_secs);
            let rest = retry_after(&headers).or(told);
            failed.resting(rest)
        }
    }
}

/// Whether the provider refuses reasoning state that it did not make, as it comes with a conversation that moved here.
fn refuses_a_seal(trial: &Trial<'_>, status: StatusCode, body: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [
        b"signature", // Anthropic: Invalid `signature` in `thinking` block; Gemini: thought_signature
        b"encrypted_content", // Responses
        b"encrypted content",
        b"Item 'rs_",
        b"Item with id 'rs_",
    ];
    status == StatusCode::BAD_REQUEST
        && trial.inbound.route.endpoint == Endpoint::Answer
        && !trial.without_reasoning
        && WORDS
            .iter()
            .any(|words| memmem::find(body, words).is_some())
        && trial
            .inbound
            .typed()
            .is_ok_and(|request| has_reasoning(&request))
}

/// Whether a conversation holds anything that its vendor sealed, so that leaving it out changes the request.
fn has_reasoning(request: &Request) -> bool {
    request.parts().any(|part| match part {
        Part::Thinking(_) => true,
        Part::Call(call) => call.seal.is_some(),
        _ => false,
    })
}

/// A provider's refusal of the request: as it is, or in the client's dialect where the provider speaks another; a web
/// page or a body that did not come is replaced by words of our own.
fn refused(
    trial: &Trial<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<&Bytes>,
    error: &str,
) -> Whole {
    match (body, &trial.conversion) {
        (Some(body), None) => {
            return Whole {
                status,
                headers: trial.headers(headers, false),
                body: body.clone(),
            };
        }
        (Some(body), Some(_)) => {
            let failure = trial.provider_codec().read_failure(status.as_u16(), body);
            return trial.refusal(&failure, trial.headers(headers, false));
        }
        (None, _) => {}
    }
    let mut answer =
        Refusal::fatal(status, error).answer(trial.inbound.route.dialect, trial.request_id);
    mark(&mut answer.headers, trial.request_id, Some(trial.candidate));
    answer
}
