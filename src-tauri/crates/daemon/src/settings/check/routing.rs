//! `[routing]`: times, tries and thresholds.

use std::time::Duration;

use super::{
    super::{
        model::{
            Breaker, Embeddings, Health, Hedge, HedgeAfter, Provider, Retry, Routing, Suspend,
            Timeouts,
        },
        raw,
        reader::Field,
        scalar::duration,
        words::{Continuation, Dialect, Mode},
    },
    Check, or, part, values,
};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn routing(check: &mut Check<'_>, raw: &raw::Routing) -> Routing {
    let defaults = Timeouts {
        connect: 10 * SECOND,
        first_event: 90 * SECOND,
        first_event_set: false,
        idle: 90 * SECOND,
        total: 900 * SECOND,
    };
    let default_retry = Retry {
        attempts: 2,
        base: Duration::from_millis(250),
        max: 4 * SECOND,
    };
    Routing {
        mode: or(&raw.mode, Mode::Auto),
        sticky: or(&raw.sticky, true),
        cooldown: raw.cooldown.as_ref().map_or(60 * SECOND, |at| at.value.0),
        retry: retry(check, &raw.retry, default_retry),
        breaker: breaker(check, part(&raw.breaker, &raw::Breaker::default())),
        timeouts: timeouts(check, &raw.timeouts, defaults),
        suspend: suspend(check, part(&raw.suspend, &raw::Suspend::default())),
        health: health(check, part(&raw.health, &raw::Health::default())),
        hedge: hedge(check, part(&raw.hedge, &raw::Hedge::default())),
        // Told of once the providers are known.
        embeddings: None,
        continuation: or(&raw.r#continue, Continuation::Off),
        failover_on: raw
            .failover_on
            .as_ref()
            .map(|list| values(&list.value))
            .unwrap_or_default(),
    }
}

/// Tries of one candidate: what is written over what holds otherwise.
pub(super) fn retry(check: &mut Check<'_>, field: &Field<raw::Retry>, under: Retry) -> Retry {
    let Some(at) = field else { return under };
    let raw = &at.value;
    let base = raw.base.as_ref().map_or(under.base, |at| at.value.0);
    // A longer first pause alone lifts the longest one, instead of contradicting a default nobody wrote.
    let max = raw
        .max
        .as_ref()
        .map_or(under.max.max(base), |at| at.value.0);
    if let Some(at) = raw.max.as_ref().filter(|_| max < base) {
        check.tell(
            &at.span,
            "`retry.max` is shorter than `retry.base`; it is the longest pause between tries",
        );
    }
    Retry {
        attempts: check.some(&raw.attempts, under.attempts, "retry.attempts"),
        base,
        max,
    }
}

/// Phase timeouts: what is written over what holds otherwise.
pub(super) fn timeouts(
    check: &mut Check<'_>,
    field: &Field<raw::Timeouts>,
    under: Timeouts,
) -> Timeouts {
    let Some(at) = field else { return under };
    let raw = &at.value;
    Timeouts {
        connect: check.time(&raw.connect, under.connect, "timeouts.connect"),
        first_event: check.time(&raw.first_event, under.first_event, "timeouts.first_event"),
        first_event_set: under.first_event_set || raw.first_event.is_some(),
        idle: check.time(&raw.idle, under.idle, "timeouts.idle"),
        total: check.time(&raw.total, under.total, "timeouts.total"),
    }
}

fn breaker(check: &mut Check<'_>, raw: &raw::Breaker) -> Breaker {
    Breaker {
        failures: check.some(&raw.failures, 5, "breaker.failures"),
        window: check.time(&raw.window, 60 * SECOND, "breaker.window"),
        recovery: check.time(&raw.recovery, 60 * SECOND, "breaker.recovery"),
        probes: check.some(&raw.probes, 1, "breaker.probes"),
    }
}

fn suspend(check: &mut Check<'_>, raw: &raw::Suspend) -> Suspend {
    Suspend {
        enabled: or(&raw.enabled, true),
        timeout: check.time(&raw.timeout, 300 * SECOND, "suspend.timeout"),
        max: check.some(&raw.max, 100, "suspend.max"),
    }
}

fn health(check: &mut Check<'_>, raw: &raw::Health) -> Health {
    Health {
        enabled: or(&raw.enabled, true),
        interval: check.time(&raw.interval, 30 * SECOND, "health.interval"),
        timeout: check.time(&raw.timeout, 5 * SECOND, "health.timeout"),
    }
}

/// Who embeds texts for rules: a provider that there is, and whose dialect can do so.
pub(super) fn embeddings(
    check: &mut Check<'_>,
    raw: &raw::Routing,
    providers: &[Provider],
) -> Option<Embeddings> {
    let at = raw.embeddings.as_ref()?;
    let model = check.need(&at.value.model, &at.span, "embeddings.model");
    let provider = check.need(&at.value.provider, &at.span, "embeddings.provider")?;
    let place = at.value.provider.as_ref().map_or(&at.span, |at| &at.span);
    check.provider_exists(&provider, place, providers);
    let mut known = providers.iter();
    let dialect = known.find(|it| it.name == provider).map(|it| it.dialect);
    if dialect == Some(Dialect::Anthropic) {
        let told = format!(
            "provider \"{provider}\" speaks anthropic, which has no embeddings; name one of another dialect"
        );
        check.tell(place, told);
    }
    let timeout = check.time(&at.value.timeout, SECOND, "embeddings.timeout");
    Some(Embeddings {
        provider,
        model: model?,
        timeout,
    })
}

fn hedge(check: &mut Check<'_>, raw: &raw::Hedge) -> Hedge {
    let mut after = HedgeAfter::Percentile(95);
    if let Some(at) = &raw.after {
        let percentile = at
            .value
            .strip_prefix('p')
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..100).contains(n));
        let fixed = duration(&at.value).filter(|time| !time.is_zero());
        match (percentile, fixed) {
            (Some(percentile), _) => after = HedgeAfter::Percentile(percentile),
            (None, Some(time)) => after = HedgeAfter::Fixed(time),
            (None, None) => check.tell(
                &at.span,
                format!("`hedge.after` cannot be \"{}\"; write a percentile such as \"p95\" or a duration such as \"2s\"", at.value),
            ),
        }
    }
    Hedge {
        enabled: or(&raw.enabled, false),
        after,
    }
}
