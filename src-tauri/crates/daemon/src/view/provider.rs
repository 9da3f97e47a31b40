use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Health;

/// One account at one upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub dialect: String,
    /// Where it is.
    pub base_url: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// How it is.
    pub health: Health,
    /// What it lacks, for which it is not asked, in one sentence; `None` where it is switched off by hand besides.
    #[serde(default)]
    pub lacks: Option<String>,
    /// Until when it rests, if it does.
    pub cooling_until: Option<Timestamp>,
    /// The models that rest at it while it does not rest as a whole: requests for others still go to it.
    #[serde(default)]
    pub resting: Vec<ModelRest>,
    /// What went wrong last, in one sentence.
    pub last_error: Option<String>,
    /// Typical milliseconds to the first semantic output.
    pub ttft_ms: Option<u64>,
    /// Share of recent attempts that went well, 0 to 1.
    pub success_rate: Option<f64>,
    /// Limits that the config sets, as written there; `null` for none.
    pub limits: serde_json::Value,
    /// Models by tier.
    pub models: Models,
    /// How many keys it has.
    pub keys: usize,
    /// Groups it is a member of.
    pub groups: Vec<String>,
    /// The limit that will be hit first, if things go on as they do.
    #[serde(default)]
    pub forecast: Option<Forecast>,
    /// What its vendor told of its limits, as far as they are not whole again.
    #[serde(default)]
    pub quotas: Vec<Quota>,
}

/// A model that rests at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelRest {
    /// Its name there.
    pub model: String,
    /// Until when.
    pub until: Timestamp,
}

/// What is left of a vendor's limit, as its last answer told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Quota {
    /// Id of the key that has it, where one has.
    pub key: Option<String>,
    /// The model that it is for, where it is for one.
    pub model: Option<String>,
    /// Which limit: `requests`, `tokens`, `input_tokens`, `output_tokens`, or `5h` and `7d` of a subscription.
    pub what: String,
    /// What `left` counts: `count`, or `share` (0 to 1) of a subscription's.
    pub unit: String,
    /// What is left of it.
    pub left: f64,
    /// When it is whole again.
    pub resets_at: Timestamp,
    /// When this was told.
    pub told_at: Timestamp,
    /// When nothing is left of it, if things go on as they do; `None` if it is whole again before, or nothing can be told.
    pub used_up_at: Option<Timestamp>,
}

/// Models by tier, the best first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Models {
    /// What opus and the like stand for.
    #[serde(default)]
    pub big: Vec<String>,
    /// What sonnet and the like stand for.
    #[serde(default)]
    pub middle: Vec<String>,
    /// What haiku and the like stand for.
    #[serde(default)]
    pub small: Vec<String>,
}

/// One credential of a provider. Never the credential itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Key {
    /// `PROVIDER/INDEX`.
    pub id: String,
    /// Whose it is.
    pub provider: String,
    /// `…` and its last four characters; only `…` while its value is unknown.
    pub masked: String,
    /// Where the value comes from: `keychain:NAME`, `env:NAME`, `file:PATH` or `literal`.
    pub source: String,
    /// `ready`, `cooling`, `rejected` (the provider refused it), `missing` (there is no
    /// value), `unused` (the provider's `auth` presents none).
    pub state: String,
    /// How often it was used since the start.
    pub uses: u64,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// Until when it rests, if it does.
    pub cooling_until: Option<Timestamp>,
    /// Limits of its own that the config sets, as written there.
    #[serde(default)]
    pub limits: serde_json::Value,
    /// The limit of it that will be hit first, if things go on as they do.
    #[serde(default)]
    pub forecast: Option<Forecast>,
}

/// Where keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretStore {
    /// Whether a key that is sent can be kept: without it, the config takes references such as `env:NAME` only.
    pub available: bool,
    /// Whether it is a secrets file that a passphrase opens, instead of the operating system's keychain.
    pub file: bool,
}

/// A limit that will be hit if things go on as they do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Forecast {
    /// When.
    pub at: Timestamp,
    /// Which limit: `requests`, `tokens`, `input_tokens`, `output_tokens`, `5h` or `7d` of the vendor's, `rpm` or `tpm` of
    /// the owner's.
    pub what: String,
    /// What has it: a `model` (at a key), a `key`, or the `provider`.
    pub scope: String,
    /// Whose it is.
    pub provider: String,
    /// Id of the key.
    pub key: Option<String>,
    /// The model.
    pub model: Option<String>,
}

/// What a tiny real request to one provider told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderTest {
    /// Whether it answered well.
    pub ok: bool,
    /// The provider.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// The model that says it answered.
    pub model_answered: Option<String>,
    /// Milliseconds until the answer was there.
    pub latency_ms: u64,
    /// HTTP status of the answer.
    pub http_status: Option<u16>,
    /// The request as it stands in the history.
    pub request_id: Option<String>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
}

/// A model that a provider lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ListedModel {
    /// Its name, as requests say it.
    pub id: String,
    /// A name for people.
    pub name: Option<String>,
    /// The most tokens it reads.
    pub context: Option<u64>,
    /// The most tokens it writes.
    pub max_output: Option<u64>,
    /// Whether it embeds instead of answering.
    pub embeds: bool,
}
