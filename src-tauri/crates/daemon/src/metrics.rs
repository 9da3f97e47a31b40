//! What Prometheus is told of what happened since the start: counters and histograms, fed by the gateway's reports.
//!
//! Label values come from the config and from a few fixed words, but for models, which a client may name as it likes:
//! providers and models have a bounded number of values, and those that come later count as `other`.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use gateway::{AttemptEnded, AttemptStarted, Ended, Report};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use routing::Change;

use crate::record::Facts;
use crate::view::Request;

/// Providers with series of their own.
const PROVIDERS: usize = 64;
/// Models with series of their own.
const MODELS: usize = 128;
/// Attempts under way that are remembered. Those that are forgotten count as `other` when they end.
const UNDER_WAY: usize = 10_000;
/// What stands for values beyond the bounds, and for those that are unknown.
const OTHER: &str = "other";
/// Upper bounds of the buckets of whole requests and attempts, in seconds.
const DURATIONS: [f64; 11] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0,
];
/// Upper bounds of the buckets until the first semantic output, in seconds.
const FIRST_TOKENS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 60.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    dialect: String,
    status: &'static str,
    code: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDialect {
    dialect: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProvider {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    provider: String,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    provider: String,
    verdict: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSwitch {
    from: String,
    to: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTokens {
    provider: String,
    model: String,
    kind: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Counters and histograms since the start.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<OfRequest, Counter>,
    suspensions: Counter,
    attempts: Family<OfModel, Counter>,
    verdicts: Family<OfVerdict, Counter>,
    failovers: Family<OfSwitch, Counter>,
    tokens: Family<OfTokens, Counter>,
    cost: Family<OfModel, Counter<f64, AtomicU64>>,
    request_duration: Histograms<OfDialect>,
    attempt_duration: Histograms<OfProvider>,
    ttft: Histograms<OfProvider>,
    providers: Bounded<PROVIDERS>,
    models: Bounded<MODELS>,
    under_way: HashMap<(Arc<str>, u32), AttemptStarted>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let long = || Histogram::new(DURATIONS);
        let metrics = Self {
            registry: Registry::with_prefix("turnout"),
            requests: Family::default(),
            suspensions: Counter::default(),
            attempts: Family::default(),
            verdicts: Family::default(),
            failovers: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            request_duration: Family::new_with_constructor(long),
            attempt_duration: Family::new_with_constructor(long),
            ttft: Family::new_with_constructor(|| Histogram::new(FIRST_TOKENS)),
            providers: Bounded::default(),
            models: Bounded::default(),
            under_way: HashMap::new(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let requests = self.requests.clone();
        registry.register("requests", "Requests that have ended", requests);
        let suspensions = self.suspensions.clone();
        let help = "Times that a request began to wait until something could serve it";
        registry.register("suspensions", help, suspensions);
        let attempts = self.attempts.clone();
        registry.register("attempts", "Attempts that were begun", attempts);
        let verdicts = self.verdicts.clone();
        let help = "Attempts that have ended, by what was made of them";
        registry.register("verdicts", help, verdicts);
        let failovers = self.failovers.clone();
        let help = "Times that traffic went to another provider since one failed";
        registry.register("failovers", help, failovers);
        let tokens = self.tokens.clone();
        registry.register("tokens", "Tokens as providers told them", tokens);
        let cost = self.cost.clone();
        let help = "What tokens of known price cost, in US dollars";
        registry.register("cost_usd", help, cost);
        let duration = self.request_duration.clone();
        let help = "From the arrival of a request to its end";
        registry.register_with_unit("request_duration", help, Unit::Seconds, duration);
        let duration = self.attempt_duration.clone();
        let help = "From the start of an attempt to its end";
        registry.register_with_unit("attempt_duration", help, Unit::Seconds, duration);
        let ttft = self.ttft.clone();
        let help = "From the start of an attempt to its first semantic output";
        registry.register_with_unit("ttft", help, Unit::Seconds, ttft);
        self
    }

    /// Takes a report in. `row` is the request that it is about, as it is now.
    pub(crate) fn take(&mut self, report: &Report, row: Option<&Request>, facts: &impl Facts) {
        match report {
            Report::AttemptStarted(attempt) => self.begin(attempt),
            Report::Streaming {
                id,
                attempt,
                ttft_ms,
                ..
            } => {
                let provider = self.provider_of(id, *attempt);
                let ttft = self.ttft.get_or_create(&OfProvider { provider });
                ttft.observe(seconds(*ttft_ms));
            }
            Report::AttemptEnded(attempt) => self.end_attempt(attempt, facts),
            Report::Suspended { .. } => {
                self.suspensions.inc();
            }
            Report::Ended(ended) => self.end(ended, row),
            Report::Changed { .. }
            | Report::Started(_)
            | Report::Planned { .. }
            | Report::Captured(_)
            | Report::Progress { .. }
            | Report::Switched { .. }
            | Report::Retrying { .. } => {}
        }
    }

    /// Takes in what routing changed.
    pub(crate) fn changed(&mut self, change: &Change) {
        let Change::Failover { from, to, why, .. } = change else {
            return;
        };
        let switch = OfSwitch {
            from: self.providers.label(from),
            to: self.providers.label(to),
            reason: why.as_str(),
        };
        self.failovers.get_or_create(&switch).inc();
    }

    /// Everything in the text format of `OpenMetrics`, without its end.
    pub(crate) fn write(&self, text: &mut String) -> fmt::Result {
        prometheus_client::encoding::text::encode_registry(text, &self.registry)
    }

    fn begin(&mut self, attempt: &AttemptStarted) {
        let labels = self.labels(attempt);
        self.attempts.get_or_create(&labels).inc();
        if self.under_way.len() == UNDER_WAY {
            // So many are not under way: the ends of most were lost.
            self.under_way.clear();
        }
        let id = (attempt.id.clone(), attempt.attempt);
        self.under_way.insert(id, attempt.clone());
    }

    fn end_attempt(&mut self, ended: &AttemptEnded, facts: &impl Facts) {
        let begun = self.under_way.remove(&(ended.id.clone(), ended.attempt));
        let OfModel { provider, model } = begun.as_ref().map_or_else(
            || OfModel {
                provider: OTHER.to_owned(),
                model: OTHER.to_owned(),
            },
            |begun| self.labels(begun),
        );
        let verdict = OfVerdict {
            provider: provider.clone(),
            verdict: ended.verdict.as_str(),
            reason: ended.reason.map_or("", routing::Reason::as_str),
        };
        self.verdicts.get_or_create(&verdict).inc();
        let of_provider = OfProvider {
            provider: provider.clone(),
        };
        let duration = self.attempt_duration.get_or_create(&of_provider);
        duration.observe(seconds(ended.duration_ms));
        let Some(usage) = &ended.usage else { return };
        let kinds = [
            ("input", usage.input),
            ("output", usage.output),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write_5m + usage.cache_write_1h),
            ("reasoning", usage.reasoning),
        ];
        for (kind, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
            let labels = OfTokens {
                provider: provider.clone(),
                model: model.clone(),
                kind,
            };
            self.tokens.get_or_create(&labels).inc_by(count);
        }
        if let Some(dollars) = begun.and_then(|begun| cost(&begun, ended, facts)) {
            let labels = OfModel { provider, model };
            self.cost.get_or_create(&labels).inc_by(dollars);
        }
    }

    fn end(&mut self, ended: &Ended, row: Option<&Request>) {
        let dialect = row.and_then(|row| row.client_dialect.clone());
        let dialect = dialect.unwrap_or_else(|| OTHER.to_owned());
        let status = OfRequest {
            dialect: dialect.clone(),
            status: crate::live::end_word(ended.status),
            code: ended.http_status.map_or(0, u32::from),
        };
        self.requests.get_or_create(&status).inc();
        let duration = self.request_duration.get_or_create(&OfDialect { dialect });
        duration.observe(seconds(ended.duration_ms));
    }

    fn labels(&mut self, attempt: &AttemptStarted) -> OfModel {
        OfModel {
            provider: self.providers.label(&attempt.provider),
            model: self.models.label(&attempt.model),
        }
    }

    fn provider_of(&mut self, id: &Arc<str>, attempt: u32) -> String {
        let begun = self.under_way.get(&(id.clone(), attempt));
        let name = begun.map(|begun| begun.provider.clone());
        name.map_or_else(|| OTHER.to_owned(), |name| self.providers.label(&name))
    }
}

/// What an attempt cost in dollars, as far as the price is known. A float will do for a graph; the ledger has it exactly.
fn cost(begun: &AttemptStarted, ended: &AttemptEnded, facts: &impl Facts) -> Option<f64> {
    let usage = ended.usage.map(|usage| crate::record::usage(&usage))?;
    let quote = facts.quote(&begun.provider, &begun.model)?;
    let (cost, _) = quote.cost(begun.at_ms, None, &usage)?;
    cost.total().to_string().parse().ok()
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// Label values of which the first `MOST` are told apart.
#[derive(Debug, Default)]
struct Bounded<const MOST: usize>(HashSet<Box<str>>);

impl<const MOST: usize> Bounded<MOST> {
    fn label(&mut self, value: &str) -> String {
        if self.0.contains(value) {
            return value.to_owned();
        }
        if self.0.len() == MOST {
            return OTHER.to_owned();
        }
        self.0.insert(value.into());
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_bound_are_one() {
        let mut bounded = Bounded::<2>::default();
        let labels = ["a", "b", "c", "a", "d"].map(|value| bounded.label(value));
        assert_eq!(labels, ["a", "b", "other", "a", "other"]);
    }
}
