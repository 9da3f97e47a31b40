//! Where a call is made and what of the address stands in its body, for endpoints that keep a dialect but not its
//! paths. What they differ in is data ([`dialects::caps::Calls`]).

use std::borrow::Cow;

use bytes::Bytes;
use dialects::{Operation, caps::Calls, scan};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exchange::Exchange;

/// Stands for the model in a path, or in a base URL.
const MODEL: &str = "{model}";
/// What is encoded of a model's name in a path. The colon of a version and the `@` of a date stay.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':');

/// An address with the model's name where it has a place for one; `None` where there is a place and no model.
pub(crate) fn with_model<'a>(address: &'a str, model: &str) -> Option<Cow<'a, str>> {
    if !address.contains(MODEL) {
        return Some(Cow::Borrowed(address));
    }
    let name = utf8_percent_encode(model, IN_PATH).to_string();
    (!model.is_empty()).then(|| Cow::Owned(address.replace(MODEL, &name)))
}

impl Exchange {
    /// The same where its endpoint wants it.
    pub(crate) fn placed(mut self, calls: &Calls, operation: Operation) -> Self {
        let Some(template) = calls.path(operation) else {
            return self;
        };
        let Some(path) = with_model(template, &self.model) else {
            return self;
        };
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let passes = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            calls.query.iter().any(|known| known == name)
        };
        let query: Vec<&str> = query.split('&').filter(passes).collect();
        let without = template.contains(MODEL).then_some("model");
        let body = match &self.body[..] {
            [whole] => whole.clone(),
            pieces => Bytes::from(pieces.concat()),
        };
        // A body that is no object is the provider's to refuse.
        if let Ok(body) = scan::refit(&body, without, &calls.fields) {
            self.body = body;
        }
        self.path = if query.is_empty() {
            path.into_owned()
        } else {
            format!("{path}?{}", query.join("&"))
        };
        self
    }
}

/// A query with a provider's own parameters, which replace those of the same name.
pub(crate) fn merged(query: Option<&str>, own: &str) -> String {
    fn name(pair: &str) -> &str {
        pair.split('=').next().unwrap_or_default()
    }
    let is_own = |pair: &&str| own.split('&').any(|ours| name(ours) == name(pair));
    let called = query.unwrap_or_default().split('&');
    let others = called.filter(|pair| !pair.is_empty() && !is_own(pair));
    others.chain([own]).collect::<Vec<_>>().join("&")
}
