//! For paths that the gateway's owner serves by asking the gateway: who may call them, and errors as its own paths tell
//! them.

use axum::response::Response;
use dialects::Dialect;
use http::{HeaderMap, StatusCode};

use crate::{
    gateway::{Gateway, into_response, new_id, unix_ms},
    refusal::Refusal,
    trial::mark,
};

impl Gateway {
    /// Whether whoever sends these headers may call as a client; the error is the answer that says why not.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let live = self.shared.live.load();
        let admitted = live.snapshot.access.admit(headers, unix_ms());
        admitted
            .map(drop)
            .map_err(|refusal| Box::new(told(&refusal)))
    }

    /// The name of a client token; `None` for what is none of them.
    pub fn client_named(&self, token: &str) -> Option<String> {
        let live = self.shared.live.load();
        let found = live.snapshot.access.find(token.as_bytes());
        found.map(|found| found.name.clone())
    }

    /// The answer to a call that is wrong in itself, in the words of OpenAI's Chat Completions.
    pub fn refuse(&self, status: StatusCode, message: &str) -> Response {
        told(&Refusal::fatal(status, message))
    }
}

fn told(refusal: &Refusal) -> Response {
    let id = new_id();
    let mut answer = refusal.answer(Dialect::OpenaiChat, &id);
    mark(&mut answer.headers, &id, None);
    into_response(answer)
}
