//! Known providers, and what one of them is sent.

use dialects::{
    Dialect::{self, Anthropic, Gemini, OpenaiChat, OpenaiResponses},
    PathFacts, Target,
    caps::Caps,
    ir::{Origin, Place},
    vendors::Vendors,
};
use serde_json::{Value, json};

/// A provider, by its address, and the model that is asked for there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Provider(pub(crate) Dialect, &'static str, &'static str);

pub(crate) const CLAUDE: Provider =
    Provider(Anthropic, "https://api.anthropic.com", "claude-opus-4-8");
pub(crate) const CHAT: Provider = Provider(OpenaiChat, "https://api.openai.com/v1", "gpt-4.1");
pub(crate) const RESPONSES: Provider =
    Provider(OpenaiResponses, "https://api.openai.com/v1", "gpt-4.1");
pub(crate) const GOOGLE: Provider = Provider(
    Gemini,
    "https://generativelanguage.googleapis.com",
    "gemini-3-pro",
);

impl Provider {
    pub(crate) const fn new(dialect: Dialect, address: &'static str, model: &'static str) -> Self {
        Self(dialect, address, model)
    }

    fn caps(self) -> Caps {
        let Self(dialect, address, model) = self;
        let table = include_str!("../../../../../config/vendors.toml");
        let record = Vendors::parse(table)
            .unwrap()
            .record(None, address, dialect);
        Caps::clone(&record.caps(model))
    }
}

/// The body that the provider gets, and what is lost, in the client's words; or the place of what is refused.
pub(crate) fn sent(
    client: Dialect,
    body: &Value,
    to: Provider,
) -> Result<(Value, Vec<String>), String> {
    let spell = |place: &Place| client.codec().spell(place);
    let path = PathFacts {
        model: Some("m"),
        ..PathFacts::default()
    };
    let mut body = body.clone();
    body["model"] = json!("m");
    let mut request = client
        .codec()
        .read_request(&serde_json::to_vec(&body).unwrap(), path)
        .unwrap();
    let Provider(dialect, _, model) = to;
    model.clone_into(&mut request.model);
    let target = Target {
        origin: Origin {
            vendor: "v".to_owned(),
            model: model.to_owned(),
        },
        caps: &to.caps(),
        lossy: false,
    };
    let written = dialect.codec().write_request(&request, &target);
    let written = written.map_err(|refusal| spell(&refusal.place))?;
    let lost = written.losses.iter().map(|loss| spell(&loss.place));
    Ok((
        serde_json::from_slice(&written.body).unwrap(),
        lost.collect(),
    ))
}
