//! A request for embeddings set against the vectors that are kept: the provider is asked for the rest alone.
//!
//! Only for clients that ask for it (`x-turnout-cache: embeddings`). A vector is found again by everything that shapes
//! it: the provider and its address, the model sent, the input, and every other field of the body, known or not.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use dialects::{
    Dialect,
    ir::{EmbedAnswer, EmbedRequest},
    scan::Fields,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use routing::Candidate;
use serde_json::{Value, value::RawValue};
use sha2::{Digest as _, Sha256};

use crate::{
    embed_cache::{Digest, EmbedCache, Vector},
    inbound::Inbound,
    route::Endpoint,
    snapshot::{Auth, Upstream},
};

/// In a request: what may be answered from memory. In an answer: how much of it was.
pub(crate) const CACHE: HeaderName = HeaderName::from_static("x-turnout-cache");

/// Fields that change how vectors are written or who is billed, but not the vectors.
const SHAPELESS: [&str; 4] = ["model", "encoding_format", "user", "keep_alive"];

/// A request for embeddings, set against the vectors that are kept.
pub(crate) struct Recall {
    /// What the client asks for.
    request: EmbedRequest,
    /// One for each input.
    digests: Vec<Digest>,
    known: HashMap<Digest, Vector>,
    /// What the provider is asked for, each once.
    missing: Vec<Digest>,
    /// The request for what is missing; `None` where that is all of it, or nothing.
    rest: Option<Inbound>,
    /// Bytes that may be kept.
    bound: usize,
}

impl Recall {
    /// Sets a request against what is kept; `None` where that was not asked for, or cannot be done.
    pub(crate) fn of(
        cache: &EmbedCache,
        bound: usize,
        inbound: &Inbound,
        upstream: &Upstream,
        candidate: &Candidate,
    ) -> Option<Self> {
        // With the client's own credential it is the provider who decides whether the client may have an answer.
        let asked = inbound.route.endpoint == Endpoint::Embed && is_asked_for(&inbound.headers);
        if !asked || bound == 0 || upstream.auth == Auth::Client {
            return None;
        }
        let codec = inbound.route.dialect.codec();
        let request = codec.read_embed_request(&inbound.body, inbound.path_facts())?;
        let request = request.ok()?;
        let inputs = Inputs::of(inbound.route.dialect, &inbound.body)?;
        let digests = inputs.digests(upstream, &candidate.model)?;
        if digests.is_empty() || digests.len() != request.inputs.len() {
            return None;
        }
        let mut known = HashMap::new();
        let (mut missing, mut places) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (place, (digest, found)) in digests.iter().zip(cache.find(&digests)).enumerate() {
            if let Some(vector) = found {
                known.insert(*digest, vector);
            } else if seen.insert(*digest) {
                missing.push(*digest);
                places.push(place);
            }
        }
        let is_part = !missing.is_empty() && missing.len() < digests.len();
        let rest = match is_part.then(|| inputs.only(&places, &inbound.body)) {
            Some(body) => Some(inbound.with_body(body?)),
            None => None,
        };
        Some(Self {
            request,
            digests,
            known,
            missing,
            rest,
            bound,
        })
    }

    /// The request for what is missing, where that is not all of it.
    pub(crate) fn rest(&self) -> Option<&Inbound> {
        self.rest.as_ref()
    }

    /// Whether the provider need not be asked.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// How much was known, as the value of `x-turnout-cache`.
    pub(crate) fn told(&self) -> HeaderValue {
        HeaderValue::from_static(if self.is_complete() {
            "hit"
        } else if self.known.is_empty() {
            "miss"
        } else {
            "partial"
        })
    }

    /// What the client asks for.
    pub(crate) fn request(&self) -> &EmbedRequest {
        &self.request
    }

    /// Keeps what the provider gave and adds what was known before; `None` where it gave another number of vectors than
    /// it was asked for. Its tokens stay: they are those of what it was asked.
    pub(crate) fn complete(&self, cache: &EmbedCache, given: &EmbedAnswer) -> Option<EmbedAnswer> {
        if given.vectors.len() != self.missing.len() || given.vectors.iter().any(Vec::is_empty) {
            return None;
        }
        let vectors = given.vectors.iter().map(|vector| Vector::from(&**vector));
        let fresh: HashMap<Digest, Vector> = self.missing.iter().copied().zip(vectors).collect();
        let vector = |digest| {
            let vector = fresh.get(digest).or_else(|| self.known.get(digest))?;
            Some(vector.to_vec())
        };
        let vectors = self.digests.iter().map(vector).collect::<Option<_>>()?;
        cache.keep(fresh, self.bound);
        Some(EmbedAnswer {
            model: given.model.clone(),
            vectors,
            tokens: given.tokens,
        })
    }
}

fn is_asked_for(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case("embeddings"))
}

/// The fields of an object as they are written.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The inputs of a body.
struct Inputs<'a> {
    /// The field that holds an input.
    name: &'static str,
    /// The field that holds the list of them, with its items; `None` where there is but one.
    list: Option<(&'static str, Vec<&'a RawValue>)>,
    contents: Vec<&'a RawValue>,
    /// The other fields that shape a vector. All inputs share them.
    settings: Object<'a>,
}

impl<'a> Inputs<'a> {
    fn of(dialect: Dialect, body: &'a [u8]) -> Option<Self> {
        let mut fields: Object<'a> = serde_json::from_slice(body).ok()?;
        fields.retain(|name, value| !SHAPELESS.contains(&&**name) && value.get() != "null");
        if dialect == Dialect::Gemini {
            return match fields.remove("requests") {
                Some(requests) => Self::of_requests(requests, &fields),
                None => Self::of_one("content", fields),
            };
        }
        let Some(input) = fields.get("input").copied() else {
            return Self::of_one("prompt", fields);
        };
        let items: Vec<&RawValue> = serde_json::from_str(input.get()).unwrap_or_default();
        // A list of numbers is one input, told in tokens.
        if items.is_empty() || items[0].get().starts_with(|c: char| c.is_ascii_digit()) {
            return Self::of_one("input", fields);
        }
        fields.remove("input");
        Some(Self {
            name: "input",
            contents: items.clone(),
            list: Some(("input", items)),
            settings: fields,
        })
    }

    fn of_one(name: &'static str, mut fields: Object<'a>) -> Option<Self> {
        let content = fields.remove(name)?;
        Some(Self {
            name,
            list: None,
            contents: vec![content],
            settings: fields,
        })
    }

    /// A batch of Gemini's. One whose requests differ in more than what is embedded is left alone.
    fn of_requests(requests: &'a RawValue, outer: &Object<'a>) -> Option<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(requests.get()).ok()?;
        let mut contents = Vec::new();
        let mut shared: Option<Object<'a>> = None;
        for item in &items {
            let mut fields: Object<'a> = serde_json::from_str(item.get()).ok()?;
            fields.retain(|name, value| !SHAPELESS.contains(&&**name) && value.get() != "null");
            contents.push(fields.remove("content")?);
            let is_same = |shared: &Object<'a>| plain(shared) == plain(&fields);
            if !shared.as_ref().is_none_or(is_same) {
                return None;
            }
            shared = Some(fields);
        }
        let shared = shared.filter(|_| outer.is_empty())?;
        Some(Self {
            name: "content",
            list: Some(("requests", items)),
            contents,
            settings: shared,
        })
    }

    fn digests(&self, upstream: &Upstream, model: &str) -> Option<Vec<Digest>> {
        let mut base = Sha256::new();
        let settings = plain(&self.settings)?;
        for part in [
            &*upstream.name,
            &upstream.base_url,
            model,
            self.name,
            &settings,
        ] {
            base.update((part.len() as u64).to_le_bytes());
            base.update(part);
        }
        let digest = |content: &&RawValue| {
            let value: Value = serde_json::from_str(content.get()).ok()?;
            let hash = base.clone().chain_update(value.to_string());
            Some(hash.finalize().into())
        };
        self.contents.iter().map(digest).collect()
    }

    /// The body with only the inputs at these places; everything else of it is left as it is written.
    fn only(&self, places: &[usize], body: &Bytes) -> Option<Bytes> {
        let (name, items) = self.list.as_ref()?;
        let range = Fields::of(body, &[name]).ok()?.range(name)?;
        let kept: Vec<&str> = places.iter().map(|place| items[*place].get()).collect();
        let list = format!("[{}]", kept.join(","));
        Some(
            [&body[..range.start], list.as_bytes(), &body[range.end..]]
                .concat()
                .into(),
        )
    }
}

/// Fields in one spelling, however they were written.
fn plain(fields: &Object<'_>) -> Option<String> {
    let read = |(name, value): (&String, &&RawValue)| {
        let value: Value = serde_json::from_str(value.get()).ok()?;
        Some((name.clone(), value))
    };
    let fields: Option<serde_json::Map<_, _>> = fields.iter().map(read).collect();
    serde_json::to_string(&fields?).ok()
}
