//! A request that nothing can serve waits until something can, or until it has waited enough.

use std::time::Duration;

use routing::{Ask, Exhausted, Failover};
use tokio::time::Instant;

use crate::{
    attempts::Driver,
    gateway::unix_ms,
    refusal::Refusal,
    report::Report,
    route::Endpoint,
    waiting::{Go, Suspended, Way},
};

/// Until when a request waits, over all the times that it does.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    until: Option<Instant>,
    /// When it began to wait, Unix milliseconds.
    since_ms: Option<i64>,
}

/// What came of waiting.
pub(crate) enum Waited {
    /// It is served.
    Served(Box<Go>),
    /// It does not wait.
    Not,
    /// It has waited enough, or a person gave it up.
    Enough(Refusal),
    /// Its client is gone.
    Gone,
}

impl Driver {
    /// Whether requests like this one wait at all, by the settings and its client.
    pub(crate) fn may_suspend(&self) -> bool {
        let endpoint = &self.inbound.route.endpoint;
        let is_asking = matches!(endpoint, Endpoint::Answer | Endpoint::Embed);
        self.patient && is_asking && self.shared.live.load().snapshot.limits.suspend.enabled
    }

    /// Waits until something can serve the request. `last` is what went wrong last.
    pub(crate) async fn suspend(
        &mut self,
        (ask, run): (Ask, Failover),
        exhausted: &Exhausted,
        last: Option<&str>,
        patience: &mut Patience,
    ) -> Waited {
        let rules = self.shared.live.load().snapshot.limits.suspend;
        let until = *patience
            .until
            .get_or_insert_with(|| Instant::now() + rules.timeout);
        let left = until.saturating_duration_since(Instant::now());
        let why = Refusal::exhausted(exhausted, last).message;
        if left.is_zero() {
            return Waited::Enough(enough(rules.timeout, &why));
        }
        let at_ms = unix_ms();
        let until_ms = at_ms + left.as_millis() as i64;
        let told = Suspended {
            id: self.request_id.clone(),
            since_ms: *patience.since_ms.get_or_insert(at_ms),
            until_ms,
            model: ask.model.clone(),
            pin: ask.pin.clone(),
            why: why.clone(),
        };
        let room = &self.shared.waiting;
        let Some(mut seat) = room.enter(
            &self.shared,
            self.seat.take(),
            rules.max,
            (told, ask, run),
            last,
        ) else {
            return Waited::Not;
        };
        self.shared.report(Report::Suspended {
            id: self.request_id.clone(),
            at_ms,
            until_ms,
            why: why.clone(),
        });
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Waited::Gone,
            way = &mut seat.way => match way {
                Ok(Way::Go(go)) => {
                    self.seat = Some(seat);
                    Waited::Served(go)
                }
                Ok(Way::Fail) => Waited::Enough(given_up(&why)),
                Ok(Way::Stop) | Err(_) => Waited::Enough(stopping()),
            },
            () = tokio::time::sleep(left) => Waited::Enough(enough(rules.timeout, &why)),
        }
    }
}

/// It has waited as long as the settings allow.
fn enough(timeout: Duration, why: &str) -> Refusal {
    let told = format!(
        "nothing could serve this request within {} s, as long as routing.suspend lets it wait: {why}",
        timeout.as_secs()
    );
    Refusal::passing(crate::refusal::overloaded(), told, Some(30))
}

fn stopping() -> Refusal {
    let told = "this request waited for a provider when Turnout was stopped; ask again";
    Refusal::passing(http::StatusCode::SERVICE_UNAVAILABLE, told, Some(5))
}

/// A person gave it up.
pub(crate) fn given_up(why: &str) -> Refusal {
    let told = format!("this request waited for a provider and was given up: {why}");
    Refusal::fatal(http::StatusCode::SERVICE_UNAVAILABLE, told)
}
