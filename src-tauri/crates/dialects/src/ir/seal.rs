//! Opaque reasoning state: signatures and encrypted items that a vendor wants back unchanged.
//!
//! A seal only means something to who made it. Toward a client of another dialect it travels inside an *envelope*:
//! standard base64 of the magic bytes, then JSON that tells form, vendor and model. On the way back the envelope is
//! opened, and the seal goes only to a provider it came from; to any other it is dropped, never sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::Thinking;
use crate::Dialect;

/// Six bytes, so that their base64 is a prefix of the envelope's.
const MAGIC: &[u8; 6] = b"trnt1.";

/// Who made a seal, or is about to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The vendor's name in the capability records; the provider's name where it is none of them.
    #[serde(rename = "v")]
    pub vendor: String,
    /// The model as the provider calls it.
    #[serde(rename = "m")]
    pub model: String,
}

/// A piece of opaque reasoning state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The dialect in whose form it is.
    pub form: Dialect,
    /// Who made it; `None` for one that a client of the same dialect presents as it is, which only that dialect's
    /// providers may judge.
    pub origin: Option<Origin>,
    /// Anthropic `signature` or `redacted_thinking.data`, Responses `encrypted_content`, Gemini `thoughtSignature`.
    pub data: String,
    /// The id of a Responses reasoning item.
    pub id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Enclosed {
    #[serde(rename = "f")]
    form: Dialect,
    #[serde(flatten)]
    origin: Origin,
    #[serde(rename = "d")]
    data: String,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The seal is that of thinking which the vendor does not show ([`Thinking::redacted`]).
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
}

impl Seal {
    /// What every envelope begins with: a body without it holds none.
    pub const PREFIX: &str = "dHJudDEu";

    /// A seal just made by `origin`.
    pub fn new(form: Dialect, origin: &Origin, data: impl Into<String>) -> Self {
        Self {
            form,
            origin: Some(origin.clone()),
            data: data.into(),
            id: None,
        }
    }

    /// Reads what a client of `dialect` presents: an envelope of ours, or a seal in that dialect's own form.
    pub fn presented(dialect: Dialect, data: &str) -> Self {
        Self::open(data).unwrap_or_else(|| Self {
            form: dialect,
            origin: None,
            data: data.to_owned(),
            id: None,
        })
    }

    /// Opens an envelope; `None` when it is none.
    pub fn open(envelope: &str) -> Option<Self> {
        Self::disclose(envelope).map(|(seal, _)| seal)
    }

    /// Opens an envelope and tells whether the thinking it belongs to was redacted.
    fn disclose(envelope: &str) -> Option<(Self, bool)> {
        if !envelope.starts_with(Self::PREFIX) {
            return None;
        }
        let bytes = STANDARD.decode(envelope).ok()?;
        let enclosed: Enclosed = serde_json::from_slice(bytes.strip_prefix(MAGIC)?).ok()?;
        let seal = Self {
            form: enclosed.form,
            origin: Some(enclosed.origin),
            data: enclosed.data,
            id: enclosed.id,
        };
        Some((seal, enclosed.redacted))
    }

    /// The seal in an envelope that any client can carry as a signature.
    pub fn envelope(&self) -> String {
        self.enclose(false)
    }

    fn enclose(&self, redacted: bool) -> String {
        let enclosed = Enclosed {
            form: self.form,
            origin: self.origin.clone().unwrap_or_default(),
            data: self.data.clone(),
            id: self.id.clone(),
            redacted,
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend(serde_json::to_vec(&enclosed).unwrap_or_default());
        STANDARD.encode(bytes)
    }

    /// What a client of `dialect` is given: the seal itself where the form is its own, else an envelope.
    ///
    /// Native seals of the client's own dialect only stand in answers that were not converted, so a converted answer
    /// always gives an envelope unless the forms agree.
    pub fn for_client(&self, dialect: Dialect) -> String {
        if self.form == dialect {
            self.data.clone()
        } else {
            self.envelope()
        }
    }

    /// Whether this target may be sent the seal: same form, and made by the same vendor for the same family of models.
    pub fn fits(&self, form: Dialect, target: &Origin) -> bool {
        self.form == form
            && !self.data.is_empty()
            && self.origin.as_ref().is_none_or(|origin| {
                origin.vendor == target.vendor && family(&origin.model) == family(&target.model)
            })
    }
}

impl Thinking {
    /// Reads what a client of `dialect` presents with `text`: an envelope of ours tells also whether the vendor showed
    /// any of the thinking.
    pub fn presented(dialect: Dialect, data: &str, text: String) -> Self {
        let (seal, redacted) =
            Seal::disclose(data).unwrap_or_else(|| (Seal::presented(dialect, data), false));
        Self {
            text,
            seal: Some(seal),
            redacted,
            ..Self::default()
        }
    }

    /// The seal as a client of `dialect` is given it, see [`Seal::for_client`]; an envelope also tells whether the
    /// thinking is redacted.
    pub fn seal_for_client(&self, dialect: Dialect) -> Option<String> {
        self.seal.as_ref().map(|seal| {
            if seal.form == dialect {
                seal.data.clone()
            } else {
                seal.enclose(self.redacted)
            }
        })
    }
}

/// The part of a model's name that dates and releases leave alone: `claude-opus-4-5-20251101` → `claude-opus-4-5`.
fn family(model: &str) -> &str {
    let plain = model.rsplit('/').next().unwrap_or(model);
    let plain = plain.split(['@', ':', '[']).next().unwrap_or(plain);
    match plain.rsplit_once('-') {
        Some((family, "latest")) => family,
        Some((family, date))
            if date.len() >= 6 && date.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            family
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Seal};
    use crate::Dialect;

    #[test]
    fn an_envelope_goes_back_only_to_who_made_the_seal() {
        let maker = Origin {
            vendor: "openai".to_owned(),
            model: "gpt-6.1-sol-20261001".to_owned(),
        };
        let seal = Seal::new(Dialect::OpenaiResponses, &maker, "gAAA…");
        let envelope = seal.for_client(Dialect::Anthropic);
        assert!(envelope.starts_with(Seal::PREFIX), "{envelope}");
        let back = Seal::presented(Dialect::Anthropic, &envelope);
        assert_eq!(back, seal);
        let same_family = Origin {
            model: "gpt-6.1-sol".to_owned(),
            ..maker.clone()
        };
        let other_vendor = Origin {
            vendor: "azure".to_owned(),
            ..maker.clone()
        };
        assert!(back.fits(Dialect::OpenaiResponses, &same_family));
        assert!(!back.fits(Dialect::OpenaiResponses, &other_vendor));
        assert!(!back.fits(Dialect::Anthropic, &maker));
    }

    #[test]
    fn a_signature_that_is_no_envelope_belongs_to_the_clients_own_dialect() {
        let seal = Seal::presented(Dialect::Anthropic, "EqQBCgIYAhIM");
        assert_eq!((seal.form, seal.origin), (Dialect::Anthropic, None));
    }
}
