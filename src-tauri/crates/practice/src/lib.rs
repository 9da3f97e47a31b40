//! The built-in stand-in provider: it answers without a network or a key, and fails on command.
//!
//! It is how a new user sees Turnout work in the first minute, how a "practice outage" shows a
//! failover, and what tests put in a provider's place. It must never call anything, and nothing in
//! it may be reached from outside the machine: listen on loopback.
//!
//! What a call is answered with is its *scenario*, `NAME[;key=value]…` ([`Scenario::parse`],
//! [`scenario::KEYS`]), for example `cut;after=3;how=rst;times=1`. The first hit wins:
//!
//! 1. the header `x-practice`,
//! 2. the queue set by control, one entry an answer,
//! 3. a credential `practice-SCENARIO`,
//! 4. a model name `practice-SCENARIO` (such as `practice-429`),
//! 5. a marker `[[practice:SCENARIO]]` in the last user text, which survives any proxy,
//! 6. the default set by control or by [`Options::scenario`].
//!
//! It speaks Anthropic Messages, `OpenAI` Chat and Responses, Gemini (`/v1beta/models/…`) and Ollama
//! (`/api/…`), and refuses what the real servers refuse in their own words. Beside their calls there is
//! `/v1/practice/echo`, which gives any request its own body back. Control: `POST /practice/control`,
//! `GET /practice/state`, `/practice/requests?since=N`, `/practice/last-body`, `/practice/last-answer`.
//!
//! The refusals make it the judge of a proxy's conversions, so nothing foreign is let through: not
//! a field of another dialect, not a signature or an encrypted thought that no practice provider
//! made. A test that wants a field of its own in an `OpenAI` request calls it `x_…`.
//!
//! The way of a request: [`provider`](Provider) reads it by a dialect, `desk` chooses the scenario,
//! `script` writes the answer, the dialect prints it, `fault` plans what goes on the wire, `wire`
//! sends it. A new dialect implements one trait and joins one list.

mod anthropic;
mod control;
mod desk;
mod dialect;
mod embedding;
mod fault;
mod gemini;
mod models;
mod odd;
mod ollama;
mod openai;
mod options;
mod provider;
mod record;
mod respond;
mod sample;
pub mod scenario;
mod script;
mod seal;
mod serve;
#[cfg(test)]
mod socket_tests;
mod wire;

pub use desk::Outage;
pub use options::Options;
pub use provider::{Provider, State};
pub use record::{Brief, Counts, Outcome};
pub use scenario::{Scenario, ScenarioError};
pub use script::{Stop, Usage};
pub use serve::serve;
