//! What a provider's answer is, from its head on: an error, a stream to pump, or an answer to be read whole.

use bytes::{Bytes, BytesMut};
use dialects::Framing;
use routing::Signal;
use tokio::time::{Instant, timeout_at};

use crate::{
    capture::Incoming,
    deliver::{Came, deliver, deliver_folded},
    ending::{Ending, Progress},
    error_answer::error_answer,
    outlet::Outlet,
    pump::{Deadlines, pump},
    route::Endpoint,
    trial::Trial,
};

/// As much white space as an answer may begin with.
const OPENING: usize = 64 << 10;
/// The largest answer that is read whole.
const WHOLE_BODY: usize = 256 << 20;

/// Takes the provider's answer to wherever it belongs.
pub(crate) async fn receive(
    trial: &Trial<'_>,
    response: Incoming,
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
        return error_answer(trial, response, deadlines, progress, outlet).await;
    }
    match trial.inbound.route.endpoint {
        Endpoint::Other => raw(trial, response, deadlines, progress, outlet).await,
        _ => sniff(trial, response, deadlines, progress, outlet).await,
    }
}

/// A success on a path that is understood. What it is is told by its first byte, since content types are often wrong.
async fn sniff(
    trial: &Trial<'_>,
    mut response: Incoming,
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
    let streams = trial.inbound.is_event_stream();
    let in_lines = trial.provider_codec().framing() == Framing::Lines;
    match first {
        b'<' => return trial.failed(&Signal::Html, "a web page instead of an answer"),
        b'{' if streams && in_lines => {}
        b'{' | b'[' => {
            let body = match read_body(&mut response, opening, deadlines, WHOLE_BODY).await {
                Ok(body) => body,
                Err(cause) => return trial.failed(&Signal::Cut, &cause),
            };
            return deliver(trial, Came::of(&response, body), progress, outlet).await;
        }
        _ if streams => {}
        // A stream, though none was asked for.
        _ => {
            let body = match read_body(&mut response, opening, deadlines, WHOLE_BODY).await {
                Ok(body) => body,
                Err(cause) => return trial.failed(&Signal::Cut, &cause),
            };
            return deliver_folded(trial, Came::of(&response, body), progress, outlet).await;
        }
    }
    let first = opening.freeze();
    pump(trial, response, first, deadlines, progress, outlet).await
}

/// Passes an answer through unread: files, batches, lists of models.
async fn raw(
    trial: &Trial<'_>,
    mut response: Incoming,
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
        resume: None,
    }
}

/// Reads what is left of a body.
pub(crate) async fn read_body(
    response: &mut Incoming,
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

/// The first byte that says something.
pub(crate) fn first_byte(body: &[u8]) -> Option<u8> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().first().copied()
}

/// Whether a body is a web page.
pub(crate) fn is_html(body: &[u8]) -> bool {
    first_byte(body) == Some(b'<')
}
