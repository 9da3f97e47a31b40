//! How alike two texts are, by their words and letters alone: no model, no network, always the same answer.
//!
//! A text is counted as words and as runs of three characters (which find inflected and misspelt words, and scripts
//! without spaces), both without regard to case; two texts are as similar as the cosine of the angle between their
//! counts. It knows nothing of meaning: synonyms are not alike, and "not" changes little.

use std::collections::HashMap;

/// As much of a text as is compared, in characters; what a request wants stands at its beginning.
const COMPARED: usize = 2000;

/// Example utterances to which a text may be similar.
#[derive(Debug, Clone)]
pub struct Examples {
    written: Vec<String>,
    threshold: f64,
    profiles: Vec<Profile>,
}

impl PartialEq for Examples {
    fn eq(&self, other: &Self) -> bool {
        // The profiles follow from the rest.
        self.written == other.written && self.threshold.total_cmp(&other.threshold).is_eq()
    }
}

impl Examples {
    /// How similar is similar enough, unless something else is said: about half of what is said is said alike.
    pub const THRESHOLD: f64 = 0.5;

    /// Examples that a text is held against. `threshold` is from 0 (any text) to 1 (the same words).
    pub fn new(written: Vec<String>, threshold: Option<f64>) -> Self {
        Self {
            profiles: written.iter().map(|text| Profile::of(text)).collect(),
            written,
            threshold: threshold.unwrap_or(Self::THRESHOLD),
        }
    }

    /// The examples as they were written.
    pub fn written(&self) -> &[String] {
        &self.written
    }

    /// Whether a text is similar to one of them: in meaning where `closeness` knows that, else by its words.
    pub(crate) fn matches<'a>(
        &self,
        text: impl Fn() -> &'a Profile,
        closeness: impl Fn(&str) -> Option<f64>,
    ) -> bool {
        let mut examples = self.written.iter().zip(&self.profiles);
        examples.any(|(written, profile)| {
            let found = closeness(written).unwrap_or_else(|| profile.cosine(text()));
            found >= self.threshold
        })
    }
}

/// A text as counts of its words and of its runs of three characters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    counts: HashMap<Box<str>, f64>,
    length: f64,
}

impl Profile {
    pub(crate) fn of(text: &str) -> Self {
        let mut counts: HashMap<Box<str>, f64> = HashMap::new();
        let mut count = |feature: Box<str>| *counts.entry(feature).or_default() += 1.0;
        let text: String = text.chars().take(COMPARED).collect();
        let text = text.to_lowercase();
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            if word.is_empty() {
                continue;
            }
            // Four characters at least, so that a word never counts as one of the runs.
            count(format!("  {word}  ").into());
            let letters: Vec<char> = format!(" {word} ").chars().collect();
            for run in letters.windows(3) {
                count(run.iter().collect());
            }
        }
        // In a fixed order, so that rounding is the same each time.
        let mut squares: Vec<f64> = counts.values().map(|count| count * count).collect();
        squares.sort_by(f64::total_cmp);
        Self {
            length: squares.iter().sum::<f64>().sqrt(),
            counts,
        }
    }

    /// From 0 (nothing in common) to 1 (the same counts).
    pub(crate) fn cosine(&self, other: &Self) -> f64 {
        if self.counts.is_empty() || other.counts.is_empty() {
            return 0.0;
        }
        // Products of whole numbers: their sum is exact in any order.
        let shared = self.counts.iter().filter_map(|(feature, count)| {
            let there = other.counts.get(feature)?;
            Some(count * there)
        });
        (shared.sum::<f64>() / (self.length * other.length)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> f64 {
        Profile::of(one).cosine(&Profile::of(other))
    }

    #[test]
    fn the_same_words_are_alike_whatever_their_case_and_punctuation() {
        for (one, other) in [
            ("Translate this!", "translate THIS"),
            ("über", "ÜBER"),
            ("翻译这个", "翻译这个"),
        ] {
            assert!(alike(one, other) > 0.999, "{one} {other}");
        }
    }

    #[test]
    fn nothing_is_like_an_empty_text() {
        for (one, other) in [("", ""), ("a", ""), ("", "a"), ("!?", "!?")] {
            assert!(alike(one, other).abs() < f64::EPSILON, "{one:?} {other:?}");
        }
    }

    #[test]
    fn the_usual_threshold_parts_what_is_said_alike_from_what_is_not() {
        let example = "translate this text into German";
        for text in [
            "Translate the text into German",
            "please translate this text into French",
            "translating this text into german",
        ] {
            let found = alike(example, text);
            assert!(found >= Examples::THRESHOLD, "{text}: {found}");
        }
        for text in [
            "fix the failing test in main.rs",
            "what is the weather in Berlin",
            "write a text adventure",
        ] {
            let found = alike(example, text);
            assert!(found < Examples::THRESHOLD, "{text}: {found}");
        }
    }
}
