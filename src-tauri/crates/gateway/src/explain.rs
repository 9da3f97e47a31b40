//! Where a request would go, and why, without sending it anywhere.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use routing::Explained;

use crate::{
    choice::Choice,
    gateway::{Gateway, Live, unix_ms},
    inbound::Inbound,
    meaning::Embeddings,
    refusal::Refusal,
    route::{Endpoint, Route},
};

/// Where a request would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The rule that decides it.
    pub rule: Option<Arc<str>>,
    /// The group that would serve it: that of the first place that can, else of the first one at all.
    pub group: Option<Arc<str>>,
    /// What was decided otherwise than the settings say, in sentences.
    pub notes: Vec<String>,
    /// Every place it could go to, in order.
    pub candidates: Vec<Explained>,
}

impl Explanation {
    pub(crate) fn of(choice: &Choice, candidates: Vec<Explained>) -> Self {
        let first = candidates
            .iter()
            .find(|one| one.usable)
            .or(candidates.first());
        Self {
            rule: choice.rule.clone(),
            notes: choice.note.clone().into_iter().collect(),
            group: first
                .map(|one| one.group.clone())
                .filter(|group| !group.is_empty()),
            candidates,
        }
    }
}

/// A request that would not be sent anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unexplained {
    /// The status that its client would get.
    pub status: StatusCode,
    /// Why, in one sentence.
    pub message: String,
}

impl From<Refusal> for Unexplained {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status,
            message: refusal.message,
        }
    }
}

impl Gateway {
    /// Tells where a request would go now, and changes nothing by it. It need not present a client token; `token` is
    /// the name of the one it would present, where its headers have none. Rules that compare meaning do so with
    /// embeddings of `from`, else by words alone, which a note tells.
    pub async fn explain(
        &self,
        request: Request<Body>,
        token: Option<&str>,
        from: Embeddings,
    ) -> Result<Explanation, Unexplained> {
        let live = self.shared.live.load_full();
        let route = Route::of(
            request.method(),
            request.uri().path(),
            request.uri().query(),
            request.headers(),
        );
        let route = live.known(route, request.uri().path())?;
        if matches!(route.endpoint, Endpoint::Models | Endpoint::Model(_)) {
            let told = format!("{} is answered by Turnout itself", request.uri().path());
            return Err(Refusal::fatal(StatusCode::BAD_REQUEST, told).into());
        }
        let access = &live.snapshot.access;
        let presented = access.admit(request.headers(), unix_ms());
        let presented = presented.ok().filter(|known| known.name.is_some());
        let known = presented.unwrap_or_else(|| access.known_as(token));
        let token = known.name();
        let (parts, body) = request.into_parts();
        let max_body = live.snapshot.limits.max_body;
        let mut inbound = Inbound::read(route, parts, body, max_body).await?;
        inbound.groups.clone_from(&known.grant.groups);
        inbound.choice = Choice::of(&self.shared, &live, &inbound, token, from).await?;
        known.may_ask(&inbound, &live.snapshot.topology)?;
        inbound.prepare(&live.snapshot.topology, token);
        let ask = inbound.ask();
        let candidates = self.board(|board, now| board.explain(&ask, now));
        Ok(Explanation::of(&inbound.choice, candidates))
    }
}

impl Live {
    /// The route of a call, or why there is none.
    pub(crate) fn known(&self, route: Option<Route>, path: &str) -> Result<Route, Refusal> {
        let Some(route) = route else {
            let told = format!(
                "{path} is not a path of Turnout: clients call /v1/…, /v1beta/… or /ollama/api/… here"
            );
            return Err(Refusal::fatal(StatusCode::NOT_FOUND, told));
        };
        match self.snapshot.unknown_pin(&route) {
            Some(unknown) => Err(Refusal::fatal(StatusCode::NOT_FOUND, unknown)),
            None => Ok(route),
        }
    }
}
