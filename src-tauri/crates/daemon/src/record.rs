//! From what the gateway reports to what the ledger records: the same facts, keys masked, prices marked.

use gateway::{EndStatus, Report};
use ledger::{End, Event, Mark, Quote};

use crate::view::Explanation;

/// What the reports leave out on purpose.
pub(crate) trait Facts {
    /// A key's masked form by its id.
    fn mask(&self, key: &str) -> String;
    /// What a model costs at a provider, as far as it is known.
    fn quote(&self, provider: &str, model: &str) -> Option<Quote>;
}

/// The event that a report is; `None` for what is not about a request.
pub(crate) fn event(report: &Report, facts: &impl Facts) -> Option<Event> {
    Some(match report {
        Report::Started(started) => Event::Started(self::started(started)),
        Report::AttemptStarted(attempt) => Event::AttemptStarted(ledger::AttemptStarted {
            id: attempt.id.clone(),
            attempt: attempt.attempt,
            at_ms: attempt.at_ms,
            provider: attempt.provider.to_string(),
            key: attempt.key.as_deref().map(|key| facts.mask(key)),
            group: attempt.group.to_string(),
            model: attempt.model.to_string(),
            provider_dialect: attempt.provider_dialect.to_owned(),
            price: facts.quote(&attempt.provider, &attempt.model),
        }),
        Report::Streaming {
            id,
            attempt,
            at_ms,
            ttft_ms,
        } => Event::Streaming(ledger::Streaming {
            id: id.clone(),
            attempt: *attempt,
            at_ms: *at_ms,
            ttft_ms: *ttft_ms,
        }),
        Report::AttemptEnded(attempt) => Event::AttemptEnded(attempt_ended(attempt)),
        Report::Retrying { id, until_ms } => Event::Marked(ledger::Marked {
            id: id.clone(),
            at_ms: jiff::Timestamp::now().as_millisecond(),
            mark: Some(Mark::Retrying),
            why: Some(format!("until {}", moment(*until_ms))),
        }),
        Report::Suspended {
            id,
            at_ms,
            until_ms,
            why,
        } => Event::Marked(ledger::Marked {
            id: id.clone(),
            at_ms: *at_ms,
            mark: Some(Mark::Suspended),
            why: Some(format!("{why}; until {} at the latest", moment(*until_ms))),
        }),
        Report::Planned { id, at_ms, plan } => Event::Routed(ledger::Routed {
            id: id.clone(),
            at_ms: *at_ms,
            explain: Some(explain(plan, facts)?),
            switch_cost: None,
        }),
        Report::Switched { id, at_ms, cost } => Event::Routed(ledger::Routed {
            id: id.clone(),
            at_ms: *at_ms,
            explain: None,
            switch_cost: Some(ledger::Usd::from_pico((*cost).into())),
        }),
        Report::Ended(ended) => Event::Ended(ledger::Ended {
            id: ended.id.clone(),
            at_ms: ended.at_ms,
            duration_ms: ended.duration_ms,
            status: match ended.status {
                EndStatus::Completed => End::Completed,
                EndStatus::Failed => End::Failed,
                EndStatus::Cancelled => End::Cancelled,
            },
            reason: ended.reason.map(|reason| reason.as_str().to_owned()),
            http_status: ended.http_status,
            error: ended.error.clone(),
        }),
        Report::Captured(_) | Report::Changed { .. } | Report::Progress { .. } => return None,
    })
}

/// A plan in the words of `POST /rules/explain`, of bounded length.
fn explain(plan: &gateway::Explanation, facts: &impl Facts) -> Option<String> {
    const MOST: usize = 32;
    let mut plan = plan.clone();
    plan.candidates.truncate(MOST);
    serde_json::to_string(&Explanation::of(plan, |key| facts.mask(key))).ok()
}

fn moment(at_ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

fn started(started: &gateway::Started) -> ledger::Started {
    ledger::Started {
        id: started.id.clone(),
        at_ms: started.at_ms,
        client: started.client.clone(),
        token: started.token.clone(),
        session: started.session.clone(),
        client_dialect: started.client_dialect.to_owned(),
        path: started.path.clone(),
        model_requested: started.model_requested.clone(),
        stream: started.stream,
        rule: started.rule.as_deref().map(str::to_owned),
        replay_of: started.replay_of.as_deref().map(str::to_owned),
    }
}

fn attempt_ended(attempt: &gateway::AttemptEnded) -> ledger::AttemptEnded {
    ledger::AttemptEnded {
        id: attempt.id.clone(),
        attempt: attempt.attempt,
        at_ms: attempt.at_ms,
        duration_ms: attempt.duration_ms,
        http_status: attempt.http_status,
        verdict: attempt.verdict.as_str().to_owned(),
        reason: attempt.reason.map(|reason| reason.as_str().to_owned()),
        error: attempt.error.clone(),
        usage: attempt.usage.as_ref().map(usage),
        service: attempt
            .usage
            .and_then(|usage| usage.service)
            .map(|service| service.as_str().to_owned()),
        model_answered: attempt.model_answered.clone(),
        upstream_id: attempt.upstream_id.clone(),
        losses: attempt.losses.clone(),
        hedged: attempt.hedged,
    }
}

/// Tokens of an attempt.
pub(crate) fn usage(usage: &gateway::Usage) -> ledger::Usage {
    ledger::Usage {
        input: usage.input,
        output: usage.output,
        cache_read: usage.cache_read,
        cache_write_5m: usage.cache_write_5m,
        cache_write_1h: usage.cache_write_1h,
        reasoning: usage.reasoning,
        estimated: usage.estimated,
    }
}
