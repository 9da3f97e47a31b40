use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What a client program needs to call this instance. It holds the client token, hence a `Debug` that hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Connect {
    /// Where to call, such as `http://127.0.0.1:7790`.
    pub base_url: String,
    /// The client token to present; `None` where none is demanded.
    pub token: Option<String>,
    /// Environment variables that point Claude Code here.
    pub env: BTreeMap<String, String>,
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Connect {
    /// What a client of `base_url` needs. The two times let Claude Code wait as long as Turnout does; a proxy from the
    /// environment would catch even calls to this machine.
    pub(crate) fn to(base_url: &str, token: Option<&SecretString>) -> Self {
        let token = token.map(|token| token.expose_secret().to_owned());
        let mut env: BTreeMap<String, String> = [
            ("ANTHROPIC_BASE_URL", base_url),
            ("API_TIMEOUT_MS", "3600000"),
            ("CLAUDE_STREAM_IDLE_TIMEOUT_MS", "1800000"),
            ("NO_PROXY", "127.0.0.1,localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(token) = &token {
            env.insert("ANTHROPIC_AUTH_TOKEN".to_owned(), token.clone());
        }
        Self {
            base_url: base_url.to_owned(),
            token,
            env,
        }
    }
}

/// A link that lets a browser in once. It is as good as a token, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Link {
    /// To be opened within a minute.
    pub url: String,
}
