//! Where a request goes beyond what its path and its model's name say: what its own header wants, else what the first
//! rule that fits it says.

use std::sync::Arc;

use dialects::ir::{self, Effort, Mode};
use http::{HeaderMap, StatusCode};
use routing::{Prefer, Rule, Then, Topology, decide};
use serde::Deserialize;

use crate::{
    facts::Asked,
    gateway::{Live, Shared},
    inbound::Inbound,
    meaning::Embeddings,
    refusal::Refusal,
};

/// The header by which a request brings a rule of its own. It is never forwarded.
const HEADER: &str = "x-turnout-route";
/// What may stand in it.
const SHAPE: &str = "write group=NAME, provider=NAME, model=NAME, effort=LEVEL or max_tokens=NUMBER with commas between \
                     them, or the same as a JSON object";

/// Rules that a request brings along, as an extension: they go before those of the settings.
#[derive(Debug, Clone)]
pub struct OwnRules(pub Arc<[Rule]>);

/// What was decided for a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The rule that decided it.
    pub(crate) rule: Option<Arc<str>>,
    /// What is tried first.
    pub(crate) prefer: Option<Prefer>,
    /// How much the model is to think: a level, or `none`.
    effort: Option<String>,
    /// At most so many tokens are generated.
    max_tokens: Option<u64>,
    /// The request itself wants it so, not the settings.
    pub(crate) by_request: bool,
    /// What was decided otherwise than the settings say, in a sentence.
    pub(crate) note: Option<String>,
}

impl Choice {
    /// Decides: the request's own header, else the first of its own rules that fits, else the first of the settings', but
    /// none of those where path or model name pin it.
    pub(crate) async fn of(
        shared: &Shared,
        live: &Live,
        inbound: &Inbound,
        token: Option<&str>,
        from: Embeddings,
    ) -> Result<Self, Refusal> {
        let topology = &live.snapshot.topology;
        if let Some(then) = in_header(&inbound.headers)? {
            all_known(&then, topology)?;
            return Ok(Self {
                by_request: true,
                ..Self::made(None, &then, inbound)
            });
        }
        let own = Self::by(&inbound.own_rules, shared, live, inbound, token, from).await;
        if own.rule.is_some() || topology.is_pinned(&inbound.ask()) {
            return Ok(Self {
                by_request: own.rule.is_some(),
                ..own
            });
        }
        let by_rules = Self::by(&topology.rules, shared, live, inbound, token, from).await;
        Ok(Self {
            note: own.note.or(by_rules.note),
            ..by_rules
        })
    }

    /// What the first of these rules that fits says.
    async fn by(
        rules: &[Rule],
        shared: &Shared,
        live: &Live,
        inbound: &Inbound,
        token: Option<&str>,
        from: Embeddings,
    ) -> Self {
        if rules.is_empty() {
            return Self::default();
        }
        let embedder = live.snapshot.topology.embedder.as_ref();
        let mut asked = Asked::new(inbound, token);
        let mut rule = decide(rules, &asked);
        let mut note = None;
        // What no rule asks for is not embedded.
        if let Some(embedder) = embedder.filter(|_| asked.was_compared()) {
            let text = routing::Facts::text(&asked);
            let examples = rules.iter().flat_map(|rule| &rule.when.similar_to);
            let examples = examples.flat_map(routing::Examples::written).cloned();
            let meanings = &shared.meanings;
            let examples = examples.collect();
            let compared = meanings.compare(shared, live, embedder, &text, examples, from);
            match compared.await {
                Ok(meaning) => {
                    asked.meaning = Some(meaning);
                    rule = decide(rules, &asked);
                }
                Err(why) => {
                    note = Some(format!("similar_to compared words alone, as {why}"));
                }
            }
        }
        let made = rule.map_or_else(Self::default, |rule| {
            Self::made(Some(rule.name.clone()), &rule.then, inbound)
        });
        Self { note, ..made }
    }

    fn made(rule: Option<Arc<str>>, then: &Then, inbound: &Inbound) -> Self {
        let prefer = Prefer {
            group: then.group.clone(),
            provider: then.provider.clone(),
            // A call without a model, such as one for files, does not get one.
            model: then.model.clone().filter(|_| !inbound.model().is_empty()),
        };
        Self {
            rule,
            prefer: (prefer != Prefer::default()).then_some(prefer),
            effort: then.effort.clone(),
            max_tokens: then.max_tokens.map(u64::from),
            by_request: false,
            note: None,
        }
    }

    /// Whether the request says something else than its client wrote.
    pub(crate) fn changes(&self) -> bool {
        self.effort.is_some() || self.max_tokens.is_some()
    }

    /// Puts what was decided into a request.
    pub(crate) fn apply(&self, request: &mut ir::Request) {
        if let Some(most) = self.max_tokens {
            // A bound: a client that wants less gets less.
            let asked = request.max_tokens.unwrap_or(most);
            request.max_tokens = Some(asked.min(most));
        }
        let Some(effort) = &self.effort else { return };
        let reasoning = &mut request.reasoning;
        reasoning.budget = None;
        reasoning.effort = Effort::of(effort);
        match (reasoning.effort, reasoning.mode) {
            (None, _) => reasoning.mode = Mode::Off,
            (Some(_), Mode::Off) => reasoning.mode = Mode::On,
            (Some(_), _) => {}
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    group: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    effort: Option<String>,
    max_tokens: Option<u32>,
}

/// What the header says, if there is one.
fn in_header(headers: &HeaderMap) -> Result<Option<Then>, Refusal> {
    let mut values = Vec::new();
    for value in headers.get_all(HEADER) {
        let text = std::str::from_utf8(value.as_bytes());
        values.push(text.map_err(|_| wrong("it is not UTF-8 text"))?);
    }
    if values.is_empty() {
        return Ok(None);
    }
    let text = values.join(",");
    let text = text.trim();
    let written = if text.starts_with('{') {
        serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?
    } else {
        in_pairs(text)?
    };
    let then = Then {
        group: written.group,
        provider: written.provider,
        model: written.model,
        effort: written.effort,
        max_tokens: written.max_tokens,
    };
    let is_level = |word: &String| word == "none" || Effort::of(word).is_some();
    if let Some(word) = then.effort.as_ref().filter(|word| !is_level(word)) {
        return Err(wrong(&format!("{word:?} is no effort")));
    }
    if then.max_tokens == Some(0) {
        return Err(wrong("max_tokens must be at least 1"));
    }
    if then == Then::default() {
        return Err(wrong("it says nothing"));
    }
    Ok(Some(then))
}

/// Reads `group=NAME, model=NAME`.
fn in_pairs(text: &str) -> Result<Written, Refusal> {
    let mut written = Written {
        group: None,
        provider: None,
        model: None,
        effort: None,
        max_tokens: None,
    };
    for pair in text.split(',').map(str::trim) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(wrong(&format!("{pair:?} is not NAME=VALUE")));
        };
        let (name, value) = (name.trim(), value.trim());
        if value.is_empty() {
            return Err(wrong(&format!("{name:?} has no value")));
        }
        let before = match name {
            "group" => written.group.replace(value.to_owned()).is_some(),
            "provider" => written.provider.replace(value.to_owned()).is_some(),
            "model" => written.model.replace(value.to_owned()).is_some(),
            "effort" => written.effort.replace(value.to_owned()).is_some(),
            "max_tokens" => {
                let number = value.parse();
                let number = number.map_err(|_| wrong(&format!("{value:?} is no number")))?;
                written.max_tokens.replace(number).is_some()
            }
            _ => return Err(wrong(&format!("it knows no {name:?}"))),
        };
        if before {
            return Err(wrong(&format!("{name:?} stands there twice")));
        }
    }
    Ok(written)
}

fn wrong(why: &str) -> Refusal {
    let told = format!("the header {HEADER} cannot be read, since {why}: {SHAPE}");
    Refusal::fatal(StatusCode::BAD_REQUEST, told)
}

/// Refuses names that nothing has.
fn all_known(then: &Then, topology: &Topology) -> Result<(), Refusal> {
    let missing = |what: &str, name: &str| {
        let told = format!("the header {HEADER} asks for a {what} {name:?}, and there is none");
        Refusal::fatal(StatusCode::NOT_FOUND, told)
    };
    if let Some(name) = &then.group
        && !topology.groups.iter().any(|group| *group.name == **name)
    {
        return Err(missing("group", name));
    }
    if let Some(name) = &then.provider
        && !topology.providers.iter().any(|one| *one.name == **name)
    {
        return Err(missing("provider", name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Option<Then>, Refusal> {
        in_header(&HeaderMap::from_iter([(
            http::HeaderName::from_static(HEADER),
            http::HeaderValue::from_bytes(header.as_bytes()).unwrap(),
        )]))
    }

    #[test]
    fn the_header_is_read_as_pairs_and_as_json() {
        let all = Then {
            group: Some("本地".into()),
            provider: Some("b c".into()),
            model: Some("d=e".into()),
            effort: Some("high".into()),
            max_tokens: Some(9),
        };
        for header in [
            "group=本地,provider=b c, model=d=e ,effort=high,max_tokens=9",
            r#" {"group": "本地", "provider": "b c", "model": "d=e", "effort": "high", "max_tokens": 9}"#,
        ] {
            assert_eq!(read(header), Ok(Some(all.clone())), "{header}");
        }
        assert_eq!(in_header(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_header_that_cannot_be_read_is_refused_with_what_is_wrong() {
        for (header, part) in [
            ("", "not NAME=VALUE"),
            ("main", "not NAME=VALUE"),
            ("group=", "no value"),
            ("group=a,group=b", "twice"),
            ("grupo=a", "knows no"),
            ("effort=huge", "no effort"),
            ("max_tokens=many", "no number"),
            ("max_tokens=0", "at least 1"),
            ("{}", "says nothing"),
            (r#"{"group": 1}"#, "expected a string"),
            (r#"{"grupo": "a"}"#, "unknown field"),
        ] {
            let refusal = read(header).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
            assert!(refusal.message.contains(part), "{}", refusal.message);
        }
    }

    #[test]
    fn a_request_is_bounded_and_never_widened() {
        let choice = |effort: Option<&str>, max_tokens| Choice {
            effort: effort.map(str::to_owned),
            max_tokens,
            ..Choice::default()
        };
        for (asked, most, expected) in [
            (None, Some(5), Some(5)),
            (Some(9), Some(5), Some(5)),
            (Some(3), Some(5), Some(3)),
            (Some(3), None, Some(3)),
        ] {
            let mut request = ir::Request {
                max_tokens: asked,
                ..ir::Request::default()
            };
            choice(None, most).apply(&mut request);
            assert_eq!(request.max_tokens, expected, "{asked:?} {most:?}");
        }
        for (word, before, mode, effort) in [
            ("none", Mode::Adaptive, Mode::Off, None),
            ("low", Mode::Off, Mode::On, Some(Effort::Low)),
            ("max", Mode::Adaptive, Mode::Adaptive, Some(Effort::Max)),
            ("high", Mode::Unset, Mode::Unset, Some(Effort::High)),
        ] {
            let mut request = ir::Request::default();
            request.reasoning.mode = before;
            request.reasoning.budget = Some(31_999);
            choice(Some(word), None).apply(&mut request);
            let told = &request.reasoning;
            assert_eq!((told.mode, told.effort, told.budget), (mode, effort, None));
        }
    }
}
