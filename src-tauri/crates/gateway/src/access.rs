//! Who calls: the client token, compared in constant time, and which headers carry it.

use http::{HeaderMap, header::AUTHORIZATION};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::{
    grant::Known,
    program,
    refusal::Refusal,
    snapshot::{Access, ClientToken},
};

/// The header that carries the client token beside a credential meant for the provider.
const TURNOUT_TOKEN: &str = "x-turnout-token";
/// Headers that may carry a credential; none of them is ever forwarded but for `auth = "client"`.
pub(crate) const CREDENTIALS: [&str; 4] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    TURNOUT_TOKEN,
];

/// An extension of a request that Turnout makes by itself, such as the test of a provider: it presents no client token,
/// and what bounds one does not bound it.
#[derive(Debug, Clone, Copy)]
pub struct Own;

impl Access {
    /// Who presents a token, or why the call is refused; `now_ms` is the time, Unix milliseconds. Without
    /// `require_token` a call may come without one, and a known one is still named, and holds.
    pub(crate) fn admit(&self, headers: &HeaderMap, now_ms: i64) -> Result<Known, Refusal> {
        let presented: Vec<&[u8]> = CREDENTIALS
            .iter()
            .flat_map(|name| credentials(headers, name))
            .collect();
        if let Some(token) = presented.iter().find_map(|value| self.find(value)) {
            return token.admit(now_ms);
        }
        match (self.require_token, presented.is_empty()) {
            (false, _) => Ok(Known::default()),
            (true, true) => Err(Refusal::unauthorized(&format!(
                "this Turnout asks for a client token: send it as `x-api-key`, `Authorization: Bearer`, \
                 `x-goog-api-key` or `x-turnout-token`, and not in the address (`{} env` prints the settings for \
                 Claude Code)",
                program()
            ))),
            (true, false) => Err(Refusal::unauthorized(&format!(
                "the client token is not one that this Turnout knows: `{} env` prints the right one",
                program()
            ))),
        }
    }

    /// Whoever would present the token of this name.
    pub(crate) fn known_as(&self, name: Option<&str>) -> Known {
        let mut tokens = self.client_tokens.iter();
        let token = tokens.find(|token| Some(token.name.as_str()) == name);
        Known {
            name: name.map(str::to_owned),
            grant: token.map(|token| token.grant.clone()).unwrap_or_default(),
        }
    }

    /// Whether this header value is one of our own tokens, which no provider may see.
    pub(crate) fn is_ours(&self, value: &[u8]) -> bool {
        self.find(bare(value)).is_some()
    }

    /// Looks at every token whatever matches, so that the time taken tells nothing.
    pub(crate) fn find(&self, value: &[u8]) -> Option<&ClientToken> {
        self.client_tokens.iter().fold(None, |found, token| {
            let same = bool::from(token.secret.expose_secret().as_bytes().ct_eq(value));
            if same { Some(token) } else { found }
        })
    }
}

impl ClientToken {
    fn admit(&self, now_ms: i64) -> Result<Known, Refusal> {
        let expired = self.grant.expires_at_ms.filter(|at| *at <= now_ms);
        if expired.is_some() {
            let name = &self.name;
            return Err(Refusal::unauthorized(&format!(
                "the client token {name} has expired: ask for another one (`{} tokens add` makes it)",
                program()
            )));
        }
        Ok(Known {
            name: Some(self.name.clone()),
            grant: self.grant.clone(),
        })
    }
}

fn credentials<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let bearer = name == AUTHORIZATION.as_str();
    headers.get_all(name).iter().map(move |value| {
        if bearer {
            bare(value.as_bytes())
        } else {
            value.as_bytes()
        }
    })
}

/// A credential without its `Bearer` scheme, which is written in any case.
fn bare(value: &[u8]) -> &[u8] {
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => value,
    }
}
