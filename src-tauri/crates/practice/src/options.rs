//! How a practice provider is set up.

use std::time::Duration;

use crate::scenario::{Scenario, ScenarioError};

/// Settings of a practice provider, fixed for its life.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name, told in answers so that one sees who answered; `practice` is not told.
    pub name: String,
    /// Time before the first byte of each answer, unless the scenario says.
    pub latency: Duration,
    /// Time between the events of a stream, unless the scenario says.
    pub pace: Duration,
    /// The key that callers have to present; any or none will do where this is `None`.
    pub require_key: Option<String>,
    /// Scenario of calls that name none, as [`Scenario::parse`] reads it; `None` is `text`.
    pub scenario: Option<String>,
    /// Whether `/practice/…` answers: control, state and recorded requests, credentials included.
    pub control: bool,
    /// How many requests are kept with headers and body; bodies are bounded to 64 MiB in all.
    pub record: usize,
    /// Largest request body in bytes; the real server takes 32 MiB.
    pub max_body: usize,
    /// How long [`crate::serve`] lets running answers go on once it is told to stop.
    pub drain: Duration,
}

impl Default for Options {
    /// A stand-alone provider for tests: controllable, with a record of 200 requests.
    fn default() -> Self {
        Self {
            name: "practice".to_owned(),
            latency: Duration::ZERO,
            pace: Duration::ZERO,
            require_key: None,
            scenario: None,
            control: true,
            record: 200,
            max_body: 32 << 20,
            drain: Duration::from_secs(1),
        }
    }
}

impl Options {
    /// A provider inside the app: paced so that a person sees it stream, nothing recorded, and
    /// controlled by method calls alone.
    pub fn embedded(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            pace: Duration::from_millis(20),
            control: false,
            record: 0,
            max_body: 256 << 20,
            ..Self::default()
        }
    }

    /// Checks the scenario.
    pub(crate) fn default_scenario(&self) -> Result<Option<Scenario>, ScenarioError> {
        self.scenario.as_deref().map(Scenario::parse).transpose()
    }
}
