//! Traces: a span for each request and one for each of its attempts, sent by OTLP to the collector that the environment
//! names. They are made of the gateway's reports, so nothing on the way of the bytes knows of them.
//!
//! Variables are those of the OpenTelemetry specification: `OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT`, `…_HEADERS`, `…_TIMEOUT`,
//! `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_SDK_DISABLED`. Without an
//! endpoint nothing is made and nothing runs. Whatever the protocol variable says, it is protobuf by HTTP.

mod courier;
mod spans;
mod words;

#[cfg(test)]
mod tests;

use std::env;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use self::courier::Courier;
use self::spans::{Ids, Spans};
use crate::instance::hold;

pub(crate) use self::spans::Seller;

/// How long the last spans may take at the end.
const LAST: Duration = Duration::from_secs(5);
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// Whether the environment names a collector. It is looked at once.
pub(crate) fn are_sent() -> bool {
    static SENT: LazyLock<bool> = LazyLock::new(|| {
        let says = |name: &str, word: &str| {
            env::var(name).is_ok_and(|value| value.trim().eq_ignore_ascii_case(word))
        };
        let is_set = |name: &&str| env::var(name).is_ok_and(|value| !value.trim().is_empty());
        ENDPOINTS.iter().any(is_set)
            && !says("OTEL_SDK_DISABLED", "true")
            && !says("OTEL_TRACES_EXPORTER", "none")
    });
    *SENT
}

/// Sends traces.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    spans: Mutex<Spans>,
}

impl Traces {
    /// What the environment wants; `None` where it wants none, or where what it says cannot be done, which is logged.
    /// It must be called within a runtime.
    pub(crate) fn of_environment() -> Option<Self> {
        if !are_sent() {
            return None;
        }
        let exporter = Courier::new().map_err(|error| error.to_string());
        // The exporter's own words have the address, which may hold a password.
        let exporter = exporter.and_then(|courier| {
            SpanExporter::builder()
                .with_http()
                .with_http_client(courier)
                .with_protocol(Protocol::HttpBinary)
                .build()
                .map_err(|_| "the collector's address or a header is none".to_owned())
        });
        match exporter {
            Ok(exporter) => {
                tracing::info!("traces are sent to the collector that the environment names");
                Some(Self::to(exporter))
            }
            Err(error) => {
                tracing::error!(
                    "no traces are sent: {error}; correct {} and restart Turnout",
                    ENDPOINTS[1]
                );
                None
            }
        }
    }

    fn to(exporter: impl opentelemetry_sdk::trace::SpanExporter + 'static) -> Self {
        let ids = Ids::default();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_id_generator(ids.clone())
            .with_resource(resource())
            .build();
        let scope = InstrumentationScope::builder("turnout").with_version(crate::VERSION);
        let tracer = provider.tracer_with_scope(scope.build());
        Self {
            provider,
            spans: Mutex::new(Spans::new(tracer, ids)),
        }
    }

    /// Takes in what happened. `seller` tells who is behind a provider's name.
    pub(crate) fn take(&self, report: &gateway::Report, seller: &dyn Fn(&str) -> Seller) {
        hold(&self.spans).take(report, seller);
    }

    /// Sends what is left, for at most some seconds.
    pub(crate) async fn end(&self) {
        hold(&self.spans).clear();
        let provider = self.provider.clone();
        // It waits for a thread of its own, which waits for this runtime.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST));
        if let Ok(Err(error)) = ended.await {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// Who tells of all this, as far as the environment does not say otherwise.
fn resource() -> Resource {
    let named = Resource::builder().build();
    let is_named = named
        .get(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", crate::VERSION));
    if is_named {
        resource.build()
    } else {
        resource.with_service_name("turnout").build()
    }
}
