//! Model names: what a client wrote, what it pins, and what to send to a provider instead.
//!
//! Order at a provider: its `model_map`, then its own names, then tiers, then the name unchanged.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::topology::{Provider, Tiers};
use crate::words::words;

/// What Claude Code appends to ask for the long context window.
const LONG_CONTEXT: &str = "[1m]";

words! {
    /// What opus, sonnet and haiku (and other names) stand for.
    pub enum Tier {
        /// Opus and its like.
        Big = "big",
        /// Sonnet and its like.
        Middle = "middle",
        /// Haiku and its like.
        Small = "small",
    }
}

/// A model name as asked, in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    /// As written, less a pin that was part of it.
    pub(crate) whole: &'a str,
    /// The same without the long-context suffix.
    base: &'a str,
}

impl<'a> Name<'a> {
    pub(crate) fn new(whole: &'a str) -> Self {
        Self {
            whole,
            base: without_suffix(whole).unwrap_or(whole),
        }
    }

    /// What is matched: the name without the long-context suffix.
    pub(crate) fn base(&self) -> &'a str {
        self.base
    }

    fn is_long(&self) -> bool {
        self.base.len() < self.whole.len()
    }

    /// The tier the name speaks of.
    pub(crate) fn tier(&self) -> Option<Tier> {
        let name = self.base.to_ascii_lowercase();
        let speaks_of = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if name == "big" || speaks_of(&["opus", "fable", "mythos"]) {
            Some(Tier::Big)
        } else if name == "middle" || speaks_of(&["sonnet"]) {
            Some(Tier::Middle)
        } else if name == "small" || speaks_of(&["haiku"]) {
            Some(Tier::Small)
        } else {
            None
        }
    }
}

fn without_suffix(name: &str) -> Option<&str> {
    let at = name.len().checked_sub(LONG_CONTEXT.len())?;
    let (base, suffix) = name.split_at_checked(at)?;
    suffix.eq_ignore_ascii_case(LONG_CONTEXT).then_some(base)
}

/// A provider's model names, made ready for look-up.
#[derive(Debug, Clone)]
pub(crate) struct Lexicon {
    map: Vec<Entry>,
    big: Vec<Arc<str>>,
    middle: Vec<Arc<str>>,
    small: Vec<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Entry {
    glob: Glob,
    target: Arc<str>,
}

/// A glob over names, without regard to case; two are equal when they are written alike.
#[derive(Debug, Clone)]
pub struct Glob {
    written: String,
    matcher: Matcher,
    /// The pattern itself ends in the suffix, so that it wants a name that does.
    long_only: bool,
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

#[derive(Debug, Clone)]
enum Matcher {
    Glob(GlobMatcher),
    /// What is no valid glob stands for itself.
    Literal(String),
}

impl Glob {
    /// Reads a glob. What is none stands for itself.
    pub fn new(written: &str) -> Self {
        let base = without_suffix(written);
        let pattern = base.unwrap_or(written);
        let matcher = GlobBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .map_or_else(
                |_| Matcher::Literal(pattern.to_owned()),
                |glob| Matcher::Glob(glob.compile_matcher()),
            );
        Self {
            written: written.to_owned(),
            matcher,
            long_only: base.is_some(),
        }
    }

    /// As it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it fits a model name as a client writes it.
    pub fn fits(&self, name: &str) -> bool {
        self.matches(&Name::new(name))
    }

    pub(crate) fn matches(&self, name: &Name<'_>) -> bool {
        (name.is_long() || !self.long_only)
            && match &self.matcher {
                Matcher::Glob(glob) => glob.is_match(name.base),
                Matcher::Literal(literal) => literal.eq_ignore_ascii_case(name.base),
            }
    }
}

impl Lexicon {
    pub(crate) fn new(provider: &Provider) -> Self {
        let Tiers { big, middle, small } = &provider.models;
        Self {
            map: provider
                .model_map
                .iter()
                .map(|(glob, target)| Entry {
                    glob: Glob::new(glob),
                    target: target.as_str().into(),
                })
                .collect(),
            big: nearest([big, middle, small]),
            middle: nearest([middle, big, small]),
            small: nearest([small, middle, big]),
        }
    }

    /// The names to send for an asked one, best first; never empty.
    pub(crate) fn models(&self, name: &Name<'_>) -> Vec<Arc<str>> {
        if let Some(entry) = self.map.iter().find(|entry| entry.glob.matches(name)) {
            return vec![entry.target.clone()];
        }
        for own in [&self.big, &self.middle, &self.small].into_iter().flatten() {
            if **own == *name.whole || **own == *name.base {
                return vec![own.clone()];
            }
        }
        let tier = match name.tier() {
            Some(Tier::Big) => &self.big,
            Some(Tier::Middle) => &self.middle,
            Some(Tier::Small) => &self.small,
            None => return vec![name.whole.into()],
        };
        if tier.is_empty() {
            vec![name.whole.into()]
        } else {
            tier.clone()
        }
    }
}

/// The first list that has anything in it.
fn nearest(lists: [&Vec<String>; 3]) -> Vec<Arc<str>> {
    let list = lists.into_iter().find(|list| !list.is_empty());
    list.into_iter()
        .flatten()
        .map(|model| Arc::from(model.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Dialect;

    fn provider(tiers: [&[&str]; 3], map: &[(&str, &str)]) -> Provider {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let [big, middle, small] = tiers;
        Provider {
            models: Tiers {
                big: list(big),
                middle: list(middle),
                small: list(small),
            },
            model_map: map
                .iter()
                .map(|(glob, to)| ((*glob).to_owned(), (*to).to_owned()))
                .collect(),
            ..Provider::new("relay", Dialect::Anthropic)
        }
    }

    #[track_caller]
    fn check(provider: &Provider, asked: &str, expected: &[&str]) {
        let models = Lexicon::new(provider).models(&Name::new(asked));
        assert_eq!(
            models.iter().map(|model| &**model).collect::<Vec<_>>(),
            expected,
            "{asked}"
        );
    }

    const FULL: [&[&str]; 3] = [&["glm-4.6", "deepseek-v3.2"], &["glm-4.5"], &["qwen3-8b"]];

    // PITFALLS 133
    #[test]
    fn tiers_are_told_by_name() {
        let relay = provider(FULL, &[]);
        for asked in [
            "claude-opus-4-6",
            "Claude-OPUS",
            "claude-fable-1",
            "mythos",
            "big",
            "opus[1m]",
        ] {
            check(&relay, asked, &["glm-4.6", "deepseek-v3.2"]);
        }
        for asked in ["claude-sonnet-4-5-20250929", "middle"] {
            check(&relay, asked, &["glm-4.5"]);
        }
        for asked in ["claude-haiku-4-5", "small"] {
            check(&relay, asked, &["qwen3-8b"]);
        }
    }

    #[test]
    fn names_that_are_no_tier_go_unchanged() {
        let relay = provider(FULL, &[]);
        for asked in [
            "gpt-5",
            "bigcode/starcoder",
            "smaller",
            "",
            "meta/llama-4[1m]",
            "[1m]",
        ] {
            check(&relay, asked, &[asked]);
        }
    }

    #[test]
    fn a_missing_tier_falls_to_the_nearest() {
        let (none, some): (&[&str], &[&str]) = (&[], &["m"]);
        check(&provider([none, &["mid"], &["low"]], &[]), "opus", &["mid"]);
        check(&provider([none, none, &["low"]], &[]), "opus", &["low"]);
        check(
            &provider([&["top"], none, &["low"]], &[]),
            "sonnet",
            &["top"],
        );
        check(&provider([none, none, &["low"]], &[]), "sonnet", &["low"]);
        check(
            &provider([&["top"], &["mid"], none], &[]),
            "haiku",
            &["mid"],
        );
        check(&provider([some, none, none], &[]), "haiku", &["m"]);
    }

    #[test]
    fn a_provider_with_neither_gets_the_name_unchanged() {
        let plain = provider([&[], &[], &[]], &[]);
        for asked in ["claude-opus-4-6", "claude-sonnet-4-5[1m]", "big"] {
            check(&plain, asked, &[asked]);
        }
    }

    #[test]
    fn maps_come_before_tiers_and_the_first_match_wins() {
        let relay = provider(
            FULL,
            &[
                ("claude-sonnet-4-*", "one"),
                ("claude-*", "two"),
                ("x/*", "three"),
            ],
        );
        check(&relay, "claude-sonnet-4-5", &["one"]);
        check(&relay, "claude-sonnet-4-5[1m]", &["one"]);
        check(&relay, "Claude-Opus-4-6", &["two"]);
        check(&relay, "x/y/z", &["three"]);
        check(&relay, "sonnet", &["glm-4.5"]);
    }

    #[test]
    fn a_map_can_ask_for_the_long_context_suffix() {
        let relay = provider(FULL, &[("claude-*[1m]", "long"), ("claude-*", "short")]);
        check(&relay, "claude-opus[1m]", &["long"]);
        check(&relay, "claude-opus[1M]", &["long"]);
        check(&relay, "claude-opus", &["short"]);
        check(&relay, "claude-1", &["short"]);
    }

    #[test]
    fn a_providers_own_name_comes_before_its_tier() {
        let own = provider([&["claude-opus-4-6", "claude-opus-4-5"], &[], &[]], &[]);
        check(&own, "claude-opus-4-5", &["claude-opus-4-5"]);
        check(&own, "claude-opus-4-5[1m]", &["claude-opus-4-5"]);
        check(
            &own,
            "claude-opus-4-1",
            &["claude-opus-4-6", "claude-opus-4-5"],
        );
    }

    #[test]
    fn what_is_no_valid_glob_stands_for_itself() {
        let odd = provider(FULL, &[("a[b", "odd")]);
        check(&odd, "a[b", &["odd"]);
        check(&odd, "ab", &["ab"]);
    }

    #[test]
    fn suffix_is_found_only_at_the_end_and_never_inside_a_character() {
        assert_eq!(without_suffix("é1m]"), None);
        assert_eq!(without_suffix("[1m]x"), None);
        assert_eq!(without_suffix("x[1m]"), Some("x"));
    }
}
