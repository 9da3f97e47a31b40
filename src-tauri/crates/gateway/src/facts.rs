//! What rules may know of a request. The body is read only when a rule asks for something that stands in it, and once.

use std::{cell::Cell, sync::Arc};

use dialects::{
    Dialect,
    ir::{Hosted, MediaKind, Mode, Part, Request, Role, Source, ToolKind, Turn},
};
use routing::Facts;

use crate::{exchange::routed, inbound::Inbound, meaning::Meaning, route::Endpoint};

/// A request as rules see it.
pub(crate) struct Asked<'a> {
    pub(crate) inbound: &'a Inbound,
    /// Name of the client token presented.
    pub(crate) token: Option<&'a str>,
    /// Its last words set against the examples of rules.
    pub(crate) meaning: Option<Meaning>,
    /// Some rule wanted that and there was none.
    compared: Cell<bool>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(inbound: &'a Inbound, token: Option<&'a str>) -> Self {
        Self {
            inbound,
            token,
            meaning: None,
            compared: Cell::new(false),
        }
    }

    /// Whether some rule wanted to know what its last words mean, and there are any.
    pub(crate) fn was_compared(&self) -> bool {
        self.compared.get() && !self.text().trim().is_empty()
    }

    /// The request understood; `None` for calls that are no conversation, and for bodies that cannot be read.
    fn request(&self) -> Option<Arc<Request>> {
        let endpoint = &self.inbound.route.endpoint;
        let is_talk = matches!(endpoint, Endpoint::Answer | Endpoint::Count);
        is_talk.then(|| self.inbound.typed().ok()).flatten()
    }

    fn tells(&self, test: impl FnOnce(&Request) -> bool) -> bool {
        self.request().is_some_and(|request| test(&request))
    }
}

impl Facts for Asked<'_> {
    fn model(&self) -> &str {
        self.inbound.model()
    }

    fn dialect(&self) -> routing::Dialect {
        routed(self.inbound.route.dialect)
    }

    fn client(&self) -> Option<String> {
        self.inbound.client()
    }

    fn path(&self) -> String {
        let route = &self.inbound.route;
        match route.dialect {
            // As the client calls it: the provider knows it without.
            Dialect::Ollama => format!("/ollama{}", route.path),
            _ => route.path.clone(),
        }
    }

    fn token(&self) -> Option<&str> {
        self.token
    }

    fn hour(&self) -> u8 {
        jiff::Zoned::now().hour().unsigned_abs()
    }

    fn text(&self) -> String {
        let request = self.request();
        request.map_or_else(String::new, |request| last_words(&request))
    }

    fn closeness(&self, example: &str) -> Option<f64> {
        self.compared.set(true);
        self.meaning.as_ref()?.closeness(example)
    }

    fn tokens(&self) -> u64 {
        self.inbound.count()
    }

    fn has_images(&self) -> bool {
        self.tells(|request| request.parts().any(is_image))
    }

    fn has_tools(&self) -> bool {
        self.tells(|request| !request.tools.is_empty())
    }

    fn thinking(&self) -> bool {
        self.tells(thinks)
    }

    fn web_search(&self) -> bool {
        let is_search = |kind: &ToolKind| matches!(kind, ToolKind::Hosted(Hosted::WebSearch(_)));
        self.tells(|request| request.tools.iter().any(|tool| is_search(&tool.kind)))
    }

    /// Claude Code's titles, summaries and probes come without tools and without thinking; its real work has both.
    fn background(&self) -> bool {
        self.inbound.route.endpoint == Endpoint::Answer
            && self.inbound.client().as_deref() == Some("claude-code")
            && self.tells(|request| request.tools.is_empty() && !thinks(request))
    }
}

fn thinks(request: &Request) -> bool {
    match request.reasoning.mode {
        Mode::Off => false,
        Mode::On | Mode::Adaptive | Mode::BetweenTools => true,
        // Anthropic's effort is about the answer as a whole; with others it is about thinking.
        Mode::Unset => request.dialect != Some(Dialect::Anthropic) && !request.reasoning.is_unset(),
    }
}

fn is_image(part: &Part) -> bool {
    match part {
        Part::Media(media) => {
            media.kind == MediaKind::Image
                || matches!(&media.source, Source::Parts(parts) if parts.iter().any(is_image))
        }
        Part::Result(result) => result.parts.iter().any(is_image),
        _ => false,
    }
}

/// What the user said last: the text of the last turn that has any of the user's own. Clients put context of their own
/// into the user's turns, each in a tag that goes round the whole part (Claude Code `<system-reminder>`, Codex
/// `<environment_context>`, Gemini CLI `<session_context>`); that is left out.
fn last_words(request: &Request) -> String {
    let of_user = |turn: &&Turn| turn.role == Role::User;
    let words = |turn: &Turn| {
        let texts = turn.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        let own: Vec<&str> = texts.filter(|text| !is_context(text)).collect();
        own.join("\n")
    };
    let mut turns = request.turns.iter().rev().filter(of_user).map(words);
    turns
        .find(|words| !words.trim().is_empty())
        .unwrap_or_default()
}

/// Whether one tag goes round the whole of a text.
fn is_context(text: &str) -> bool {
    let text = text.trim();
    let tag = text
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag);
    let is_name = |tag: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !tag.is_empty() && tag.chars().all(plain)
    };
    tag.filter(is_name)
        .is_some_and(|tag| text.ends_with(&format!("</{tag}>")))
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
