//! A provider's whole answer on its way to the client: looked through for failures in disguise, and in the form that
//! the client asked for, whichever form it came in.

use bytes::Bytes;
use dialects::{
    Dialect, Unreadable,
    anthropic::ErrorBody,
    ir::{self, Answer, Stop},
    scan::Fields,
};
use http::{HeaderMap, StatusCode};
use routing::{Signal, Verdict};

use crate::{
    capture::Incoming,
    client::Whole,
    embeddings::deliver_embeddings,
    ending::{Ending, Progress, Spare},
    hearing,
    outlet::Outlet,
    route::Endpoint,
    trial::Trial,
};

/// What came, and from where.
pub(crate) struct Came<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
}

impl<'a> Came<'a> {
    /// The body of this response.
    pub(crate) fn of(response: &'a Incoming, body: Bytes) -> Self {
        Self {
            status: response.status(),
            headers: response.headers(),
            body,
        }
    }
}

/// Gives the client a whole body.
pub(crate) async fn deliver(
    trial: &Trial<'_>,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    if let Some(failed) = is_failure(trial, &came) {
        return failed;
    }
    // A stream of Gemini's without `alt=sse` is one JSON array, so it comes as a whole.
    let is_array = trial.inbound.route.json_array;
    let is_same = trial.conversion.is_none() && (!trial.inbound.stream() || is_array);
    match (&trial.inbound.route.endpoint, &trial.conversion) {
        (Endpoint::Answer, _) if is_same => pass_on_answer(trial, came, progress, outlet),
        (Endpoint::Answer, _) => {
            let codec = trial.provider_codec();
            match codec.read_answer(&came.body, &trial.origin()) {
                Ok(answer) => deliver_answer(trial, answer, came, progress, outlet).await,
                Err(error) => unreadable(trial, came.status, error, progress),
            }
        }
        (Endpoint::Embed, _) => deliver_embeddings(trial, came, progress, outlet),
        (_, None) => pass_on(trial, came, progress, outlet),
        // Only answers, counts and embeddings are ever written anew.
        (_, Some(_)) => match trial.provider_codec().read_count(&came.body) {
            Some(tokens) => {
                let body = trial.inbound.route.dialect.codec().write_count(tokens);
                give(trial, &came, body, progress, outlet)
            }
            None => trial.estimate(progress, outlet),
        },
    }
}

/// Gives the client an answer in its own dialect as it came. However odd it is, it is the client's to judge, as long as
/// it is an answer at all and not an empty one.
fn pass_on_answer(
    trial: &Trial<'_>,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let field = match trial.inbound.route.dialect {
        Dialect::Anthropic => "content",
        Dialect::OpenaiChat => "choices",
        Dialect::OpenaiResponses => "output",
        Dialect::Gemini => "candidates",
        Dialect::Ollama => "done",
    };
    match trial
        .provider_codec()
        .read_answer(&came.body, &trial.origin())
    {
        Ok(answer) if is_nothing(trial, &answer) => {
            progress.tell_whole(&answer);
            let spare = Spare {
                status: came.status,
                headers: trial.headers(came.headers, false),
                body: came.body,
            };
            return trial
                .failed(&Signal::Empty, "an answer with nothing in it")
                .with_spare(spare);
        }
        Ok(answer) => {
            progress.tell_whole(&answer);
            progress.answer_id = answer.id;
        }
        Err(Unreadable::Malformed(_)) if has(&came.body, field) => {
            if trial.inbound.route.dialect == Dialect::Anthropic {
                progress.read_whole(&came.body);
            }
        }
        Err(error) => return unreadable(trial, came.status, error, progress),
    }
    pass_on(trial, came, progress, outlet)
}

fn has(body: &[u8], field: &'static str) -> bool {
    let fields = Fields::of(body, &[field]);
    fields.is_ok_and(|fields| fields.range(field).is_some())
}

/// A finished answer that says nothing, though output was wanted.
fn is_nothing(trial: &Trial<'_>, answer: &Answer) -> bool {
    let is_rest = trial.begun().is_some();
    let is_wanted = !is_rest && !trial.inbound.wants_no_output();
    answer.is_empty() && answer.stop == Stop::End && is_wanted
}

/// Gives the client a stream that was not asked for as one answer.
pub(crate) async fn deliver_folded(
    trial: &Trial<'_>,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    match hearing::fold(trial.provider_codec(), &trial.origin(), &came.body) {
        Ok(answer) => deliver_answer(trial, answer, came, progress, outlet).await,
        Err(error) => unreadable(trial, came.status, error, progress),
    }
}

/// An error under a status of success, in any vendor's form, or what the settings count as a failure. Readers of
/// answers know their own dialect's errors better.
fn is_failure(trial: &Trial<'_>, came: &Came<'_>) -> Option<Ending> {
    let is_answer = trial.inbound.route.endpoint == Endpoint::Answer;
    let error = (!is_answer).then(|| ErrorBody::read(&came.body)).flatten();
    if let Some(error) = error {
        let signal = Signal::EventError {
            kind: &error.kind,
            message: &error.message,
        };
        let told = format!(
            "an error under status {}: {}",
            came.status.as_u16(),
            error.message
        );
        return Some(trial.failed(&signal, &told));
    }
    let signal = Signal::Status {
        code: came.status.as_u16(),
        body: &came.body,
        html: false,
    };
    let fails = trial.judge(&signal).0 != Verdict::Ok;
    fails.then(|| trial.failed(&signal, &not_an_answer(&came.body)))
}

fn not_an_answer(body: &[u8]) -> String {
    let start = String::from_utf8_lossy(&body[..body.len().min(2048)]);
    format!("not an answer: {start}")
}

/// An answer that is an error, or none.
pub(crate) fn unreadable(
    trial: &Trial<'_>,
    status: StatusCode,
    error: Unreadable,
    progress: &mut Progress,
) -> Ending {
    match error {
        Unreadable::Failure(failure) => {
            let told = format!(
                "an error under status {}: {}",
                status.as_u16(),
                failure.message
            );
            trial.failed_as(&failure, &told, progress)
        }
        Unreadable::Malformed(why) => {
            let signal = Signal::EventError {
                kind: "api_error",
                message: &why.0,
            };
            trial.failed(&signal, &format!("not an answer: {why}"))
        }
    }
}

async fn deliver_answer(
    trial: &Trial<'_>,
    answer: Answer,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    progress.tell_whole(&answer);
    if is_nothing(trial, &answer) {
        let spare = written(trial, answer, came);
        return trial
            .failed(&Signal::Empty, "an answer with nothing in it")
            .with_spare(spare);
    }
    progress.finished = true;
    trial.tell_resumed(progress);
    let whole = written(trial, answer, came);
    if !trial.inbound.stream() {
        outlet.whole(whole);
        return Ending::Delivered;
    }
    outlet.open(whole.status, whole.headers, None);
    match outlet.send(whole.body).await {
        Ok(()) => Ending::Delivered,
        Err(_) => Ending::ClientGone,
    }
}

/// The answer as the client wants it: the provider's bytes where they will do, else written anew.
fn written(trial: &Trial<'_>, mut answer: Answer, came: Came<'_>) -> Spare {
    let client = trial.inbound.route.dialect.codec();
    let streams = trial.inbound.stream();
    let headers = |trial: &Trial<'_>| trial.headers(came.headers, streams);
    let came_whole = first_is_brace(&came.body);
    let body = match &trial.conversion {
        None if !streams && came_whole => {
            return Whole {
                status: came.status,
                headers: headers(trial),
                body: came.body,
            };
        }
        None => {
            let reply = trial.reply(ir::Toolbox::default());
            form(client, answer, reply, streams)
        }
        Some(conversion) => {
            conversion.tools.restore_answer(&mut answer);
            let memory = &trial.shared.memory;
            memory.learn(conversion.conversation, &answer);
            let reply = trial.reply(conversion.tools.clone());
            match trial.joint(reply.clone()) {
                Some(joint) => joint.whole(answer),
                None => form(client, answer, reply, streams),
            }
        }
    };
    let mut headers = headers(trial);
    let content_type = if streams {
        trial.inbound.stream_type()
    } else {
        "application/json"
    };
    headers.insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    Whole {
        status: came.status,
        headers,
        body: body.into(),
    }
}

fn form(
    client: &dyn dialects::Codec,
    answer: Answer,
    reply: dialects::Reply,
    streams: bool,
) -> Vec<u8> {
    if !streams {
        return client.write_answer(&answer, &reply);
    }
    let mut writer = client.stream_writer(reply);
    let mut body = Vec::new();
    for event in ir::unfold(answer) {
        writer.write(&event, &mut body);
    }
    body
}

fn first_is_brace(body: &[u8]) -> bool {
    matches!(crate::whole::first_byte(body), Some(b'{' | b'['))
}

/// Gives the client a body in place of the one that came.
pub(crate) fn give(
    trial: &Trial<'_>,
    came: &Came<'_>,
    body: Vec<u8>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    progress.finished = true;
    outlet.whole(Whole {
        status: came.status,
        headers: trial.headers(came.headers, false),
        body: body.into(),
    });
    Ending::Delivered
}

/// Gives the client a body of its own dialect as it came.
pub(crate) fn pass_on(
    trial: &Trial<'_>,
    came: Came<'_>,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    progress.finished = true;
    outlet.whole(Whole {
        status: came.status,
        headers: trial.headers(came.headers, false),
        body: came.body,
    });
    Ending::Delivered
}
