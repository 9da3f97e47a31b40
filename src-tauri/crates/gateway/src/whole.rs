//! What a provider's answer is, from its head on: an error, a stream to pump, or an answer to be read whole.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use dialects::anthropic::ErrorBody;
use http::{HeaderMap, StatusCode};
use routing::{Signal, Verdict};
use tokio::time::{Instant, timeout_at};

use crate::{
    client::Whole,
    ending::{Ending, Progress, Spare},
    inbound::Endpoint,
    outlet::Outlet,
    pump::{Deadlines, pump},
    refusal::Refusal,
    trial::{Trial, mark},
};

/// As much of an error's body as is read.
const ERROR_BODY: usize = 1 << 20;
/// As much white space as an answer may begin with.
const OPENING: usize = 64 << 10;
/// The largest answer that is read whole.
const WHOLE_BODY: usize = 256 << 20;

/// Takes the provider's answer to wherever it belongs.
pub(crate) async fn receive(
    trial: &Trial<'_>,
    response: reqwest::Response,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let timeouts = &trial.upstream.timeouts;
    let deadlines = Deadlines {
        first_event: trial.started + timeouts.first_event,
        idle: timeouts.idle,
        total: trial.started + timeouts.total,
    };
    if !response.status().is_success() {
        return error_answer(trial, response, deadlines, outlet).await;
    }
    match trial.inbound.route.endpoint {
        Endpoint::Other => raw(trial, response, deadlines, progress, outlet).await,
        Endpoint::Messages | Endpoint::CountTokens => {
            sniff(trial, response, deadlines, progress, outlet).await
        }
    }
}

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

async fn error_answer(
    trial: &Trial<'_>,
    mut response: reqwest::Response,
    deadlines: Deadlines,
    outlet: &mut Outlet,
) -> Ending {
    let (status, headers) = (response.status(), response.headers().clone());
    // An error whose body does not come is an error all the same.
    let body = read_body(&mut response, BytesMut::new(), deadlines, ERROR_BODY).await;
    let is_told = body
        .as_ref()
        .is_ok_and(|body| !body.is_empty() && !is_html(body));
    let body = body.unwrap_or_default();
    let signal = Signal::Status {
        code: status.as_u16(),
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
    match trial.failed(&signal, &error) {
        Ending::Failed {
            verdict: Verdict::ClientFault | Verdict::Ok,
            reason,
            error,
            ..
        } => {
            outlet.whole(refused(
                trial,
                status,
                &headers,
                is_told.then_some(body),
                &error,
            ));
            Ending::Refused { reason, error }
        }
        failed => failed.resting(retry_after(&headers)),
    }
}

/// A provider's refusal of the request: as it is, but for a web page or a body that did not come.
fn refused(
    trial: &Trial<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<Bytes>,
    error: &str,
) -> Whole {
    if let Some(body) = body {
        return Whole {
            status,
            headers: trial.headers(headers),
            body,
        };
    }
    let mut answer =
        Refusal::fatal(status, error).answer(trial.inbound.route.dialect, trial.request_id);
    mark(&mut answer.headers, trial.request_id, Some(trial.candidate));
    answer
}

/// A success on the Messages paths. What it is is told by its first byte, since content types are often wrong.
async fn sniff(
    trial: &Trial<'_>,
    mut response: reqwest::Response,
    deadlines: Deadlines,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let first_by = if trial.inbound.stream() {
        deadlines.first_event
    } else {
        deadlines.total
    };
    let mut opening = BytesMut::new();
    let first = loop {
        match timeout_at(first_by.min(deadlines.total), response.chunk()).await {
            Ok(Ok(Some(bytes))) => opening.extend_from_slice(&bytes),
            Ok(Ok(None)) => return trial.failed(&Signal::Empty, "an empty body"),
            Ok(Err(error)) => return trial.failed(&Signal::Reset, &crate::upstream::told(error)),
            Err(_) => {
                return trial.failed(
                    &Signal::Timeout,
                    "headers, then nothing (timeout \"first_event\")",
                );
            }
        }
        if let Some(byte) = first_byte(&opening) {
            break byte;
        }
        if opening.len() > OPENING {
            return trial.failed(&Signal::Empty, "nothing but white space");
        }
    };
    match first {
        b'<' => trial.failed(&Signal::Html, "a web page instead of an answer"),
        b'{' | b'[' => {
            let body = match read_body(&mut response, opening, deadlines, WHOLE_BODY).await {
                Ok(body) => body,
                Err(cause) => return trial.failed(&Signal::Cut, &cause),
            };
            deliver_whole(
                trial,
                response.status(),
                response.headers(),
                body,
                progress,
                outlet,
            )
        }
        _ => {
            pump(
                trial,
                response,
                opening.freeze(),
                deadlines,
                progress,
                outlet,
            )
            .await
        }
    }
}

fn deliver_whole(
    trial: &Trial<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    if let Some(error) = ErrorBody::read(&body) {
        let signal = Signal::EventError {
            kind: &error.kind,
            message: &error.message,
        };
        return trial.failed(
            &signal,
            &format!(
                "an error under status {}: {}",
                status.as_u16(),
                error.message
            ),
        );
    }
    if let Some(failed) = is_no_message(trial, status, &body) {
        return failed;
    }
    progress.read_whole(&body);
    if trial.inbound.route.endpoint == Endpoint::Messages && is_empty_answer(trial, &body) {
        let spare = Spare {
            status,
            headers: headers.clone(),
            body,
        };
        return trial
            .failed(&Signal::Empty, "an answer with nothing in it")
            .with_spare(spare);
    }
    progress.finished = true;
    outlet.whole(Whole {
        status,
        headers: trial.headers(headers),
        body,
    });
    Ending::Delivered
}

/// What calls itself a success and is none: JSON that is no message, or what the settings count as a failure.
fn is_no_message(trial: &Trial<'_>, status: StatusCode, body: &[u8]) -> Option<Ending> {
    #[derive(serde::Deserialize)]
    struct Message<'a> {
        #[serde(borrow, rename = "content")]
        _content: Vec<&'a serde_json::value::RawValue>,
    }
    let words = || {
        format!(
            "not an answer: {}",
            String::from_utf8_lossy(&body[..body.len().min(2048)])
        )
    };
    if trial.inbound.route.endpoint == Endpoint::Messages
        && serde_json::from_slice::<Message<'_>>(body).is_err()
    {
        let words = words();
        return Some(trial.failed(
            &Signal::EventError {
                kind: "api_error",
                message: &words,
            },
            &words,
        ));
    }
    let signal = Signal::Status {
        code: status.as_u16(),
        body,
        html: false,
    };
    (trial.judge(&signal).0 != Verdict::Ok).then(|| trial.failed(&signal, &words()))
}

/// A finished answer whose content is an empty list, though output was wanted.
fn is_empty_answer(trial: &Trial<'_>, body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        content: Vec<&'a serde_json::value::RawValue>,
        stop_reason: Option<String>,
    }
    let wants_none = trial
        .inbound
        .message
        .as_ref()
        .is_some_and(dialects::anthropic::Request::wants_no_output);
    let answer = serde_json::from_slice::<Answer<'_>>(body);
    !wants_none
        && answer.is_ok_and(|answer| {
            answer.content.is_empty()
                && answer
                    .stop_reason
                    .as_deref()
                    .is_none_or(|reason| reason == "end_turn")
        })
}

/// Passes an answer through unread: files, batches, lists of models.
async fn raw(
    trial: &Trial<'_>,
    mut response: reqwest::Response,
    deadlines: Deadlines,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    trial.commit(&response, progress, outlet);
    loop {
        match timeout_at(
            (Instant::now() + deadlines.idle).min(deadlines.total),
            response.chunk(),
        )
        .await
        {
            Ok(Ok(Some(bytes))) => {
                let sent = timeout_at(deadlines.total, outlet.send(bytes)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    outlet.abort();
                    return Ending::ClientGone;
                }
            }
            Ok(Ok(None)) => {
                progress.finished = true;
                return Ending::Delivered;
            }
            Ok(Err(error)) => return cut(trial, outlet, &crate::upstream::told(error)),
            Err(_) => return cut(trial, outlet, "it fell silent"),
        }
    }
}

/// A raw answer has no error event: the connection is broken off, so that half an answer is not taken for a whole one.
fn cut(trial: &Trial<'_>, outlet: &mut Outlet, cause: &str) -> Ending {
    outlet.abort();
    let error = format!(
        "{} broke off in the middle of its answer: {cause}",
        trial.candidate.provider
    );
    Ending::Cut {
        reason: routing::Reason::StreamCut,
        error,
    }
}

async fn read_body(
    response: &mut reqwest::Response,
    mut body: BytesMut,
    deadlines: Deadlines,
    limit: usize,
) -> Result<Bytes, String> {
    loop {
        match timeout_at(
            (Instant::now() + deadlines.idle).min(deadlines.total),
            response.chunk(),
        )
        .await
        {
            Ok(Ok(Some(bytes))) if body.len() + bytes.len() > limit => {
                return Err(format!("an answer larger than {limit} bytes"));
            }
            Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
            Ok(Ok(None)) => return Ok(body.freeze()),
            Ok(Err(error)) => {
                return Err(format!(
                    "the answer broke off: {}",
                    crate::upstream::told(error)
                ));
            }
            Err(_) => return Err("the answer stopped in the middle (timeout \"idle\")".to_owned()),
        }
    }
}

fn first_byte(body: &[u8]) -> Option<u8> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().first().copied()
}

fn is_html(body: &[u8]) -> bool {
    first_byte(body) == Some(b'<')
}
