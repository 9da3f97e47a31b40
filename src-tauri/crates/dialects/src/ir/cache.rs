//! Marks by which a client tells what of its prompt is worth caching.

use std::borrow::Cow;

/// "Cache the prompt up to here."
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheMark {
    /// For how long; the vendor's default where `None`.
    pub ttl: Option<Ttl>,
}

/// How long a cache entry lives, as vendors spell it: `5m`, `1h` (Anthropic), `30m`, `12h` (OpenAI).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ttl(pub Cow<'static, str>);
