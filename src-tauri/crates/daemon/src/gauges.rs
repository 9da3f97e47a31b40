//! What Prometheus is told of the present: made anew for each scrape, so that nothing has to be kept up to date.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::handle::Daemon;
use crate::process;

/// Providers and groups that are told of, at most.
const MOST: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderState {
    provider: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyState {
    provider: String,
    key: String,
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GroupState {
    group: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBudget {
    budget: String,
}

impl Daemon {
    /// What `GET /metrics` answers, in the text format of `OpenMetrics`.
    pub(crate) fn metrics_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        self.instance().metrics().write(&mut text)?;
        let mut registry = Registry::with_prefix("turnout");
        self.tell_board(&mut registry);
        self.tell_load(&mut registry);
        self.tell_budgets(&mut registry);
        self.tell_process(&mut registry);
        encode_registry(&mut text, &registry)?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    /// The state that a thing is in has the value 1; the others have no series.
    fn tell_board(&self, registry: &mut Registry) {
        let (view, _) = self.look();
        let providers = Family::<ProviderState, Gauge>::default();
        let groups = Family::<GroupState, Gauge>::default();
        let keys = Family::<KeyState, Gauge>::default();
        for told in view.providers.iter().take(MOST) {
            let provider = told.name.to_string();
            let state = told.health.as_str();
            providers
                .get_or_create(&ProviderState { provider, state })
                .set(1);
        }
        for told in view.groups.iter().take(MOST) {
            let (group, state) = (told.name.to_string(), told.state.as_str());
            groups.get_or_create(&GroupState { group, state }).set(1);
        }
        for told in self.keys().into_iter().take(MOST) {
            let state = KeyState {
                provider: told.provider,
                key: told.id,
                state: told.state,
            };
            keys.get_or_create(&state).set(1);
        }
        let help = "How a provider is, its breakers included: healthy, degraded, open, half_open, cooling, disabled, \
                    unknown";
        registry.register("breaker_state", help, providers);
        let help = "What a group does: active, standby, cooling, paused";
        registry.register("group_state", help, groups);
        let help = "How a provider's key is: ready, cooling, rejected, missing, unused";
        registry.register("key_state", help, keys);
    }

    fn tell_load(&self, registry: &mut Registry) {
        let instance = self.instance();
        let gateway = &instance.gateway;
        let in_flight = gauge(gateway.in_flight());
        registry.register("in_flight", "Requests under way", in_flight);
        let suspended = gauge(gateway.waiting());
        let help = "Requests that wait until something can serve them";
        registry.register("suspended", help, suspended);
        let lost = ConstCounter::new(gateway.reports_lost());
        let help = "Reports that did not get to metrics and history, since there were too many";
        registry.register("reports_lost", help, lost);
        let health = instance.ledger.as_ref().map(ledger::Ledger::health);
        let up = health.as_ref().is_some_and(|health| !health.degraded);
        registry.register(
            "ledger_up",
            "Whether the history is written",
            gauge(up.into()),
        );
        if let Some(health) = health {
            let help = "Records that wait to be written to the history";
            registry.register("ledger_queued", help, gauge(health.queued));
            let writer = instance.ledger.as_ref().map(ledger::Ledger::writer);
            let dropped = writer.map_or(0, |writer| writer.bodies_lost());
            let lost = ConstCounter::new(gateway.captures_lost() + dropped);
            let help =
                "Requests whose bodies were to be kept and were not, since there were too many";
            registry.register("bodies_lost", help, lost);
            let help = "Records that the history does not have";
            registry.register("ledger_lost", help, ConstCounter::new(health.lost));
        }
    }

    fn tell_budgets(&self, registry: &mut Registry) {
        let spent = Family::<OfBudget, Gauge<f64, AtomicU64>>::default();
        let limits = Family::<OfBudget, Gauge<f64, AtomicU64>>::default();
        for told in self.budgets().into_iter().take(MOST) {
            let of = OfBudget { budget: told.name };
            spent
                .get_or_create(&of)
                .set(told.spent_usd.parse().unwrap_or_default());
            limits
                .get_or_create(&of)
                .set(told.limit_usd.parse().unwrap_or_default());
        }
        let help = "What was spent of a budget since its period began, in US dollars";
        registry.register("budget_spent_usd", help, spent);
        let help = "The limit of a budget, in US dollars";
        registry.register("budget_limit_usd", help, limits);
    }

    fn tell_process(&self, registry: &mut Registry) {
        let info = Info::new([("version", crate::VERSION)]);
        registry.register("build", "The running program", info);
        let uptime = ConstGauge::new(self.instance().since.elapsed().as_secs_f64());
        registry.register_with_unit("uptime", "Since the start", Unit::Seconds, uptime);
        let Some(process) = process::look() else {
            return;
        };
        let resident = gauge(process.resident_bytes as usize);
        let help = "Memory that is resident";
        registry.register_with_unit("process_resident_memory", help, Unit::Bytes, resident);
        let threads = gauge(process.threads as usize);
        registry.register("process_threads", "Threads", threads);
        let files = gauge(process.open_files as usize);
        registry.register("process_open_fds", "Open file descriptors", files);
    }
}

fn gauge(value: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
