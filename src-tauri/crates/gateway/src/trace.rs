//! The trace that a request is part of (W3C Trace Context, level 1), as its client tells it, and the ids of what is done
//! for it here. Ids follow from the request's own, so that whoever tells of traces and whoever sends requests on need
//! not speak to each other.

use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

/// Where a trace has come to.
const PARENT: &str = "traceparent";
/// What vendors have noted along it.
const STATE: &str = "tracestate";

/// Where a client's trace has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: u128,
    /// The client's span in it.
    pub span: u64,
    /// Whether the client records it.
    pub sampled: bool,
}

/// What providers are told of the trace of a request, beside the headers of a client of their own dialect, which go
/// through as they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Nothing more.
    #[default]
    Off,
    /// What the client said, in a conversion too.
    Client,
    /// That each attempt is a span of it ([`span_of`]).
    Attempts,
}

impl TraceParent {
    /// What the client's headers tell; `None` where they tell none, more than one, or what is none.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut told = headers.get_all(PARENT).into_iter();
        let (one, None) = (told.next()?, told.next()) else {
            return None;
        };
        Self::read(one.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = hex(parts.next()?, 16)? as u64;
        let flags = hex(parts.next()?, 2)?;
        // Later versions may have more to say; this one may not, and 255 is none.
        let is_whole = version > 0 || parts.next().is_none();
        (version < 255 && trace > 0 && span > 0 && is_whole).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    (text.len() == digits && text.bytes().all(is_hex))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

/// The trace of a request whose client tells none.
pub fn trace_of(request: &str) -> u128 {
    let digest = Sha256::digest(request);
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    u128::from_be_bytes(bytes).max(1)
}

/// The span of an attempt, or with 0 that of the request itself.
pub fn span_of(request: &str, attempt: u32) -> u64 {
    let digest = Sha256::digest(format!("{request}/{attempt}"));
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(bytes).max(1)
}

/// Tells a provider of the trace, as far as it is to know more than it was told. Headers that the settings name stay.
pub(crate) fn tell(
    propagation: Propagation,
    client: &HeaderMap,
    (request, attempt): (&str, u32),
    headers: &mut HeaderMap,
) {
    let client_parent = client.get(PARENT);
    let came = TraceParent::of(client);
    let parent = match propagation {
        Propagation::Off => return,
        Propagation::Client => client_parent.cloned(),
        Propagation::Attempts => {
            let trace = came.map_or_else(|| trace_of(request), |came| came.trace);
            let flags = u8::from(came.is_none_or(|came| came.sampled));
            let span = span_of(request, attempt);
            HeaderValue::try_from(format!("00-{trace:032x}-{span:016x}-{flags:02x}")).ok()
        }
    };
    let Some(parent) = parent else { return };
    let there = headers.get(PARENT);
    if there.is_none() || there == client_parent {
        headers.insert(HeaderName::from_static(PARENT), parent);
    }
    if propagation == Propagation::Attempts && came.is_none() {
        // A new trace: what was noted along another is none of its business.
        if headers.get_all(STATE).iter().eq(client.get_all(STATE)) {
            headers.remove(STATE);
        }
        return;
    }
    if client_parent.is_some() && !headers.contains_key(STATE) {
        for state in client.get_all(STATE) {
            headers.append(HeaderName::from_static(STATE), state.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn of(value: &str) -> Option<TraceParent> {
        TraceParent::read(value)
    }

    #[test]
    fn a_traceparent_is_read_as_the_specification_has_it() {
        let told = of(WELL).unwrap();
        assert_eq!(told.trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((told.span, told.sampled), (0xb7ad_6b71_6920_3331, true));
        assert!(!of(&WELL.replace("-01", "-02")).unwrap().sampled);
        let later = format!("{}-more", WELL.replacen("00", "01", 1));
        assert_eq!(of(&later), of(WELL));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let mut twice = HeaderMap::new();
        twice.append(PARENT, HeaderValue::from_static(WELL));
        assert!(TraceParent::of(&twice).is_some());
        twice.append(PARENT, HeaderValue::from_static(WELL));
        assert_eq!(TraceParent::of(&twice), None);
    }

    #[test]
    fn each_attempt_is_a_span_of_its_own_and_the_same_each_time() {
        let spans = [span_of("a", 0), span_of("a", 1), span_of("b", 1)];
        assert!(spans[0] != spans[1] && spans[1] != spans[2] && spans[0] != spans[2]);
        assert_eq!(span_of("a", 1), spans[1]);
        assert_ne!(trace_of("a"), trace_of("b"));
    }

    #[test]
    fn a_provider_is_told_as_much_as_is_wanted() {
        let mut client = HeaderMap::new();
        client.insert(PARENT, HeaderValue::from_static(WELL));
        client.insert(STATE, HeaderValue::from_static("a=1"));
        let told = |propagation, client: &HeaderMap| {
            let mut headers = HeaderMap::new();
            tell(propagation, client, ("req-1", 2), &mut headers);
            let text = |name| {
                let value = headers.get(name)?;
                Some(value.to_str().unwrap().to_owned())
            };
            (text(PARENT), text(STATE))
        };
        let state = || Some("a=1".to_owned());
        assert_eq!(told(Propagation::Off, &client), (None, None));
        assert_eq!(
            told(Propagation::Client, &client),
            (Some(WELL.to_owned()), state())
        );
        let span = span_of("req-1", 2);
        let own = format!("00-0af7651916cd43dd8448eb211c80319c-{span:016x}-01");
        assert_eq!(told(Propagation::Attempts, &client), (Some(own), state()));
        let nobody = HeaderMap::new();
        assert_eq!(told(Propagation::Client, &nobody), (None, None));
        let new = format!("00-{:032x}-{span:016x}-01", trace_of("req-1"));
        assert_eq!(told(Propagation::Attempts, &nobody), (Some(new), None));
    }

    #[test]
    fn a_new_trace_has_nothing_of_the_one_that_could_not_be_read() {
        let mut client = HeaderMap::new();
        client.insert(PARENT, HeaderValue::from_static("00-none"));
        client.insert(STATE, HeaderValue::from_static("a=1"));
        // As they go through to a provider of the client's dialect, and with one of the settings' own.
        for (own, expected) in [(None, None), (Some("own=1"), Some("own=1"))] {
            let mut headers = client.clone();
            if let Some(own) = own {
                headers.insert(STATE, HeaderValue::from_static(own));
            }
            tell(Propagation::Attempts, &client, ("req-1", 1), &mut headers);
            assert_ne!(headers[PARENT], "00-none");
            assert_eq!(
                headers.get(STATE).map(|state| state.to_str().unwrap()),
                expected
            );
        }
    }
}
