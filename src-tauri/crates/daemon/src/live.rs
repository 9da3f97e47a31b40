//! Requests as they run, in the shape of history rows. It serves the window while the ledger cannot, so it knows
//! no cost; it is bounded, and a request that never ends in it (a lost report) is pushed out by newer ones.

use std::collections::VecDeque;
use std::sync::Arc;

use gateway::{AttemptEnded, AttemptStarted, EndStatus, Ended, Report, Started, Traffic};
use jiff::Timestamp;

use crate::view::{Connection, Request, Today};

/// Requests kept, ended ones included.
const KEPT: usize = 500;

/// The newest requests, and sums over all since the start.
#[derive(Debug, Default)]
pub(crate) struct Live {
    rows: VecDeque<Row>,
    sums: Today,
}

#[derive(Debug)]
struct Row {
    request: Request,
    /// Who tries it, the latest last: more than one where candidates race.
    trying: Vec<AttemptStarted>,
    /// How many bytes have come and gone for it.
    traffic: Arc<Traffic>,
    /// The part of its output tokens that attempts under way have told so far, by their number.
    so_far: Vec<(u32, u64)>,
}

impl Live {
    /// Takes a report in; the row it changed. `mask` tells a key's masked form by its id.
    pub(crate) fn take(
        &mut self,
        report: &Report,
        mask: &dyn Fn(&str) -> String,
    ) -> Option<&Request> {
        match report {
            Report::Started(started) => Some(self.start(started)),
            Report::AttemptStarted(attempt) => {
                let row = self.find(&attempt.id)?;
                row.trying.push(attempt.clone());
                try_candidate(&mut row.request, attempt, mask);
                Some(&row.request)
            }
            Report::Streaming { id, at_ms, .. } => self.change(id, |row| {
                "streaming".clone_into(&mut row.status);
                row.ttft_ms = row.ttft_ms.or(Some(since(row, *at_ms)));
            }),
            Report::Progress {
                id,
                attempt,
                output,
            } => {
                let row = self.find(id)?;
                forget(row, *attempt);
                row.so_far.push((*attempt, *output));
                row.request.output_tokens += output;
                Some(&row.request)
            }
            Report::AttemptEnded(attempt) => {
                if let Some(usage) = &attempt.usage {
                    add(&mut self.sums, usage);
                }
                let row = self.find(&attempt.id)?;
                row.trying.retain(|one| one.attempt != attempt.attempt);
                forget(row, attempt.attempt);
                end_attempt(&mut row.request, attempt);
                if let (true, Some(winner)) = (attempt.hedged, row.trying.last()) {
                    served_by(&mut row.request, winner, mask);
                }
                Some(&row.request)
            }
            Report::Retrying { id, .. } => {
                self.change(id, |row| row.mark = Some("retrying".to_owned()))
            }
            Report::Suspended { id, .. } => {
                self.change(id, |row| row.mark = Some("suspended".to_owned()))
            }
            Report::Ended(ended) => {
                self.sums.failures += u64::from(ended.status == EndStatus::Failed);
                self.change(&ended.id, |row| end(row, ended))
            }
            Report::Switched { id, cost, .. } => self.change(id, |row| {
                row.switch_cost_usd = Some(ledger::Usd::from_pico((*cost).into()).to_string());
            }),
            Report::Planned { .. } | Report::Captured(_) | Report::Changed { .. } => None,
        }
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Request> {
        self.rows.iter().rev().map(|row| &row.request)
    }

    /// The clients of those that have not ended, the newest first.
    pub(crate) fn connections(&self) -> impl Iterator<Item = Connection> {
        let is_under_way = |row: &&Row| {
            let status = row.request.status.as_str();
            matches!(status, "pending" | "forwarding" | "streaming")
        };
        let rows = self.rows.iter().rev().filter(is_under_way);
        rows.map(|row| Connection::of(&row.request, &row.traffic))
    }

    /// The client of the one of this id.
    pub(crate) fn connection(&self, id: &str) -> Option<Connection> {
        let row = self.rows.iter().rev().find(|row| row.request.id == id)?;
        Some(Connection::of(&row.request, &row.traffic))
    }

    /// The one of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Request> {
        self.newest().find(|row| row.id == id)
    }

    /// Sums since the start; no cost.
    pub(crate) fn sums(&self) -> Today {
        Today {
            cost_usd: "0".to_owned(),
            ..self.sums.clone()
        }
    }

    fn start(&mut self, started: &Started) -> &Request {
        self.sums.requests += 1;
        if self.rows.len() == KEPT {
            self.rows.pop_front();
        }
        self.rows.push_back(Row {
            request: row(started),
            trying: Vec::new(),
            traffic: Arc::clone(&started.traffic),
            so_far: Vec::new(),
        });
        &self.rows[self.rows.len() - 1].request
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Request)) -> Option<&Request> {
        let row = &mut self.find(id)?.request;
        change(row);
        Some(row)
    }

    fn find(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.iter_mut().rev().find(|row| row.request.id == id)
    }
}

/// What an attempt has told so far counts no more: it has told more since, or all.
fn forget(row: &mut Row, attempt: u32) {
    let told = row.so_far.extract_if(.., |(one, _)| *one == attempt);
    let told: u64 = told.map(|(_, output)| output).sum();
    row.request.output_tokens -= told;
}

fn row(started: &Started) -> Request {
    Request {
        id: started.id.to_string(),
        started_at: Timestamp::from_millisecond(started.at_ms).unwrap_or_default(),
        status: "pending".to_owned(),
        client: started.client.clone(),
        token: started.token.clone(),
        session: started.session.clone(),
        client_dialect: Some(started.client_dialect.to_owned()),
        path: Some(started.path.clone()),
        model_requested: Some(started.model_requested.clone()),
        stream: started.stream,
        rule: started.rule.as_deref().map(str::to_owned),
        ..Request::default()
    }
}

fn try_candidate(row: &mut Request, attempt: &AttemptStarted, mask: &dyn Fn(&str) -> String) {
    "forwarding".clone_into(&mut row.status);
    row.mark = None;
    row.attempts = row.attempts.max(attempt.attempt);
    served_by(row, attempt, mask);
}

fn served_by(row: &mut Request, attempt: &AttemptStarted, mask: &dyn Fn(&str) -> String) {
    row.key = attempt.key.as_deref().map(mask);
    row.provider = Some(attempt.provider.to_string());
    row.group = Some(attempt.group.to_string());
    row.model_used = Some(attempt.model.to_string());
    row.provider_dialect = Some(attempt.provider_dialect.to_owned());
}

fn end_attempt(row: &mut Request, attempt: &AttemptEnded) {
    if !attempt.hedged {
        row.model_answered.clone_from(&attempt.model_answered);
    }
    let Some(usage) = &attempt.usage else { return };
    row.input_tokens += usage.input;
    row.output_tokens += usage.output;
    row.cache_read_tokens += usage.cache_read;
    row.cache_write_5m_tokens += usage.cache_write_5m;
    row.cache_write_1h_tokens += usage.cache_write_1h;
    row.cache_write_tokens += usage.cache_write_5m + usage.cache_write_1h;
    row.reasoning_tokens += usage.reasoning;
    row.estimated |= usage.estimated;
}

fn end(row: &mut Request, ended: &Ended) {
    end_word(ended.status).clone_into(&mut row.status);
    row.mark = None;
    row.reason = ended.reason.map(|reason| reason.as_str().to_owned());
    row.http_status = ended.http_status;
    row.duration_ms = Some(ended.duration_ms);
    row.error.clone_from(&ended.error);
}

pub(crate) fn end_word(status: EndStatus) -> &'static str {
    match status {
        EndStatus::Completed => "completed",
        EndStatus::Failed => "failed",
        EndStatus::Cancelled => "cancelled",
    }
}

fn since(row: &Request, at_ms: i64) -> u64 {
    at_ms
        .saturating_sub(row.started_at.as_millisecond())
        .max(0)
        .unsigned_abs()
}

fn add(sums: &mut Today, usage: &gateway::Usage) {
    sums.input_tokens += usage.input;
    sums.output_tokens += usage.output;
    sums.cache_read_tokens += usage.cache_read;
    sums.cache_write_tokens += usage.cache_write_5m + usage.cache_write_1h;
    sums.reasoning_tokens += usage.reasoning;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take<'a>(live: &'a mut Live, report: &Report) -> Option<&'a Request> {
        live.take(report, &|_| "…".to_owned())
    }

    fn started(id: &str) -> Report {
        Report::Started(Started {
            id: id.into(),
            at_ms: 1_000,
            client: None,
            token: None,
            session: None,
            client_dialect: "anthropic",
            path: "/v1/messages".into(),
            model_requested: "m".into(),
            stream: true,
            rule: None,
            replay_of: None,
            trace: None,
            traffic: Arc::default(),
        })
    }

    fn ended(id: &str, status: EndStatus) -> Report {
        Report::Ended(Ended {
            id: id.into(),
            at_ms: 2_000,
            duration_ms: 1_000,
            status,
            reason: None,
            http_status: Some(200),
            error: None,
        })
    }

    #[test]
    fn a_row_follows_its_reports() {
        let mut live = Live::default();
        assert_eq!(take(&mut live, &started("a")).unwrap().status, "pending");
        let streaming = Report::Streaming {
            id: "a".into(),
            attempt: 1,
            at_ms: 1_250,
            ttft_ms: 50,
        };
        let row = take(&mut live, &streaming).unwrap();
        assert_eq!((row.status.as_str(), row.ttft_ms), ("streaming", Some(250)));
        let retrying = Report::Retrying {
            id: "a".into(),
            until_ms: 0,
        };
        assert_eq!(
            take(&mut live, &retrying).unwrap().mark.as_deref(),
            Some("retrying")
        );
        let row = take(&mut live, &ended("a", EndStatus::Failed)).unwrap();
        assert_eq!((row.status.as_str(), row.mark.as_deref()), ("failed", None));
        assert_eq!((live.sums().requests, live.sums().failures), (1, 1));
    }

    #[test]
    fn what_was_told_so_far_gives_way_to_what_is_told_at_the_end() {
        let mut live = Live::default();
        take(&mut live, &started("a"));
        for (output, sum) in [(10, 10), (25, 25)] {
            let progress = Report::Progress {
                id: "a".into(),
                attempt: 1,
                output,
            };
            assert_eq!(take(&mut live, &progress).unwrap().output_tokens, sum);
        }
        let told = Report::AttemptEnded(AttemptEnded {
            id: "a".into(),
            attempt: 1,
            at_ms: 2_000,
            duration_ms: 1_000,
            http_status: Some(200),
            verdict: routing::Verdict::Ok,
            reason: None,
            error: None,
            usage: Some(gateway::Usage {
                output: 22,
                ..gateway::Usage::default()
            }),
            model_answered: None,
            upstream_id: None,
            losses: Vec::new(),
            hedged: false,
        });
        assert_eq!(take(&mut live, &told).unwrap().output_tokens, 22);
        assert_eq!(live.sums().output_tokens, 22);
    }

    #[test]
    fn rows_are_bounded_and_a_report_about_none_changes_nothing() {
        let mut live = Live::default();
        for id in 0..=KEPT {
            take(&mut live, &started(&id.to_string()));
        }
        assert_eq!(live.newest().count(), KEPT);
        assert_eq!(take(&mut live, &ended("0", EndStatus::Completed)), None);
        assert!(live.get("500").is_some());
    }
}
