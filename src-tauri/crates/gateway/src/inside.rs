//! For paths that the gateway's owner serves by asking the gateway: who may call them, and errors as its own paths tell
//! them.

use axum::response::Response;
use dialects::Dialect;
use http::{HeaderMap, StatusCode};

use crate::{
    gateway::{Gateway, into_response, new_id},
    refusal::Refusal,
    trial::mark,
};

impl Gateway {
    /// Whether whoever sends these headers may call as a client; the error is the answer that says why not.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let live = self.shared.live.load();
        let admitted = live.snapshot.access.admit(headers);
        admitted.map(drop).map_err(|refusal| told(&refusal))
    }

    /// The answer to a call that is wrong in itself, in the words of OpenAI's Chat Completions.
    pub fn refuse(&self, status: StatusCode, message: &str) -> Response {
        *told(&Refusal::fatal(status, message))
    }
}

fn told(refusal: &Refusal) -> Box<Response> {
    let id = new_id();
    let mut answer = refusal.answer(Dialect::OpenaiChat, &id);
    mark(&mut answer.headers, &id, None);
    Box::new(into_response(answer))
}
