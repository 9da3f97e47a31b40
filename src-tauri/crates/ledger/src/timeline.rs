//! The life of one request in the order in which it went: what was recorded as it happened, and what the rows
//! of the request and of its attempts tell.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::event::Mark;
use crate::read::time;
use crate::record::{EventCells, RELEASED, ROUTED};
use crate::row::{AttemptRow, Detail};

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TimelineEvent {
    /// When; `null` for what a crash left without a time.
    pub at: Option<Timestamp>,
    /// `arrived`, `routed`, `attempt_started`, `streaming`, `attempt_ended`, `switched`, `retrying`, `suspended`,
    /// `released`, and at the end `completed`, `failed` or `cancelled`.
    pub name: String,
    /// The attempt it is about.
    pub attempt: Option<u32>,
    /// What more there is to say of it, in a few words.
    pub detail: Option<String>,
}

/// An event with its place among those of the same time: the attempt it follows or belongs to, and its turn there.
type Placed = ((bool, Option<Timestamp>, u32, u8), TimelineEvent);

/// Everything that happened, in order.
pub(crate) fn timeline(detail: &Detail, stored: &[EventCells]) -> Vec<TimelineEvent> {
    let arrived = event("arrived", Some(detail.started_at), None);
    let mut all = vec![placed(0, 0, arrived.with(detail.model_requested.clone()))];
    for cells in stored {
        all.push(told(detail, cells));
    }
    for attempt in &detail.attempts {
        all.extend(steps(attempt));
    }
    all.extend(releases(detail, stored));
    if matches!(detail.status.as_str(), "completed" | "failed" | "cancelled") {
        let at = detail
            .duration_ms
            .and_then(|ms| after(detail.started_at, ms));
        let status = detail.http_status.map(|status| format!("HTTP {status}"));
        let why = detail.error.clone().or(status);
        all.push(placed(
            u32::MAX,
            0,
            event(&detail.status, at, None).with(why),
        ));
    }
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, event)| event).collect()
}

fn told(detail: &Detail, cells: &EventCells) -> Placed {
    let at = time(cells.at);
    let event = event(&cells.name, Some(at), None);
    if cells.name == ROUTED {
        let way = cells.detail.as_deref().and_then(way);
        return placed(0, 1, event.with(way));
    }
    let begun = detail
        .attempts
        .iter()
        .filter(|attempt| attempt.started_at <= at);
    placed(begun.count() as u32, 3, event.with(cells.detail.clone()))
}

fn steps(attempt: &AttemptRow) -> Vec<Placed> {
    let number = Some(attempt.attempt);
    let step = |turn, name, at, detail| {
        placed(attempt.attempt, turn, event(name, at, number).with(detail))
    };
    let begun = attempt.started_at;
    let parts = [attempt.provider.as_deref(), attempt.model.as_deref()];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let mut steps = vec![step(
        0,
        "attempt_started",
        Some(begun),
        Some(parts.join(", ")),
    )];
    if let Some(ttft) = attempt.ttft_ms {
        steps.push(step(1, "streaming", after(begun, ttft), None));
    }
    if let Some(verdict) = &attempt.verdict {
        let at = attempt.duration_ms.and_then(|ms| after(begun, ms));
        let why = attempt
            .error
            .as_deref()
            .map(|error| format!("{verdict}: {error}"));
        steps.push(step(
            2,
            "attempt_ended",
            at,
            why.or_else(|| Some(verdict.clone())),
        ));
    }
    steps
}

/// Requests that were suspended are released by the attempt that they waited for.
fn releases(detail: &Detail, stored: &[EventCells]) -> Vec<Placed> {
    let marks = stored
        .iter()
        .filter(|cells| cells.name == Mark::Suspended.as_str());
    let mut releases: Vec<Placed> = Vec::new();
    for mark in marks {
        let begun = detail.attempts.iter().map(|attempt| attempt.started_at);
        let Some(at) = begun.filter(|at| *at > time(mark.at)).min() else {
            continue;
        };
        let is_told = |cells: &EventCells| {
            cells.name == RELEASED && (mark.at..=at.as_millisecond()).contains(&cells.at)
        };
        let event = event(RELEASED, Some(at), None);
        let before = detail
            .attempts
            .iter()
            .filter(|attempt| attempt.started_at < at);
        let release = placed(before.count() as u32, 4, event);
        if !stored.iter().any(is_told) && releases.last() != Some(&release) {
            releases.push(release);
        }
    }
    releases
}

/// The way that a plan took, in words.
fn way(explain: &str) -> Option<String> {
    let plan: Value = serde_json::from_str(explain).ok()?;
    let word = |name: &str| plan.get(name).and_then(Value::as_str);
    let places = plan.get("candidates").and_then(Value::as_array);
    let is_usable = |place: &&Value| place.get("usable") == Some(&Value::Bool(true));
    let places = places.filter(|places| !places.is_empty()).map(|places| {
        let usable = places.iter().filter(is_usable).count();
        format!("{usable} of {} places can serve", places.len())
    });
    let parts = [
        word("group").map(|group| format!("group {group}")),
        word("rule").map(|rule| format!("rule {rule}")),
        places,
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn after(at: Timestamp, ms: u64) -> Option<Timestamp> {
    let later = SignedDuration::from_millis(i64::try_from(ms).ok()?);
    at.checked_add(later).ok()
}

fn event(name: &str, at: Option<Timestamp>, attempt: Option<u32>) -> TimelineEvent {
    TimelineEvent {
        at,
        name: name.to_owned(),
        attempt,
        detail: None,
    }
}

impl TimelineEvent {
    fn with(self, detail: Option<String>) -> Self {
        let detail = detail.filter(|detail| !detail.is_empty());
        Self { detail, ..self }
    }
}

/// What has no time comes last.
fn placed(attempt: u32, turn: u8, event: TimelineEvent) -> Placed {
    ((event.at.is_none(), event.at, attempt, turn), event)
}
