//! Loops: a request that comes back to the gateway that sent it is refused before it goes round.
//!
//! Each gateway adds itself to the `Via` header of what it sends (RFC 9110, section 7.6.3), under a pseudonym that says
//! nothing about it and changes with each start.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::program;
use crate::refusal::Refusal;

/// A gateway as it is named in `Via`.
#[derive(Debug, Clone)]
pub(crate) struct Via {
    pseudonym: Arc<str>,
}

impl Default for Via {
    fn default() -> Self {
        Self {
            pseudonym: format!("{:016x}", fastrand::u64(..)).into(),
        }
    }
}

impl Via {
    /// Adds this gateway to what a request came through.
    pub(crate) fn add(&self, headers: &mut HeaderMap) {
        if let Ok(element) = HeaderValue::try_from(format!("1.1 {}", self.pseudonym)) {
            headers.append(header::VIA, element);
        }
    }

    /// Refuses what this gateway has sent itself.
    pub(crate) fn refuse_loop(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let told = headers.get_all(header::VIA).into_iter();
        let mut elements = told
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let is_own = |element: &str| element.split_whitespace().nth(1) == Some(&*self.pseudonym);
        if elements.any(is_own) {
            return Err(Refusal::fatal(
                StatusCode::LOOP_DETECTED,
                format!(
                    "this request has been here before: the base_url of a provider leads back to Turnout; \
                     `{} providers` lists where each leads",
                    program()
                ),
            ));
        }
        Ok(())
    }
}
