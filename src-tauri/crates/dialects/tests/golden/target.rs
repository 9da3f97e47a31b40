//! The providers that requests are written for, and the clients that answers are written for.

use std::sync::Arc;

use dialects::{
    Dialect, Reply, Target,
    caps::Caps,
    ir::{Origin, Request},
    vendors::Vendors,
};

/// A provider.
pub(crate) struct Provider {
    pub(crate) dialect: Dialect,
    vendor: &'static str,
    model: &'static str,
}

/// One provider of each dialect: whose dialect it is, with a model of today. Chat is spoken by everybody, so there it
/// is one of which nothing is known.
const TARGETS: [Provider; 5] = [
    provider(Dialect::Anthropic, "anthropic", "claude-sonnet-5"),
    provider(Dialect::OpenaiChat, "", "some-model"),
    provider(Dialect::OpenaiResponses, "openai", "gpt-5.5"),
    provider(Dialect::Gemini, "gemini", "gemini-3.1-pro-preview"),
    provider(Dialect::Ollama, "ollama", "llama3.2"),
];

const fn provider(dialect: Dialect, vendor: &'static str, model: &'static str) -> Provider {
    Provider {
        dialect,
        vendor,
        model,
    }
}

impl Provider {
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            vendor: self.vendor.to_owned(),
            model: self.model.to_owned(),
        }
    }

    pub(crate) fn model(&self) -> String {
        self.model.to_owned()
    }

    /// As a request is written for it.
    pub(crate) fn with<'a>(&self, caps: &'a Caps, lossy: bool) -> Target<'a> {
        Target {
            origin: self.origin(),
            caps,
            lossy,
        }
    }

    fn caps(&self, vendors: &Vendors) -> Arc<Caps> {
        let vendor = Some(self.vendor).filter(|vendor| !vendor.is_empty());
        vendors.record(vendor, "", self.dialect).caps(self.model)
    }
}

/// The providers, each with what it can take as the shipped records have it.
pub(crate) fn targets() -> [(Provider, Arc<Caps>); 5] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../config/vendors.toml");
    let vendors = Vendors::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    TARGETS.map(|target| {
        let caps = target.caps(&vendors);
        (target, caps)
    })
}

/// Who answers in captures of this dialect.
pub(crate) fn origin(dialect: Dialect) -> Origin {
    let of = |target: &&Provider| target.dialect == dialect;
    TARGETS.iter().find(of).unwrap().origin()
}

/// A client that asked for the model `asked`, streamed and with usage.
pub(crate) fn reply(client: Dialect, stream: bool) -> Reply {
    Reply {
        request: Arc::new(Request {
            dialect: Some(client),
            model: "asked".to_owned(),
            stream,
            stream_usage: true,
            ..Request::default()
        }),
        request_id: "req_1".to_owned(),
        now: 1_800_000_000,
        input_estimate: 7,
        ..Reply::default()
    }
}
