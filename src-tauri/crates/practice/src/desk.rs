//! Which scenario answers a call. The first hit wins: header, control queue, credential, model name,
//! marker in the prompt, default.
//!
//! State without IO: what has been ordered by control, and how often each scenario has struck.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::dialect::Refusal;
use crate::scenario::{self, Only, Scenario, ScenarioError};

/// What a credential or a model name begins with where the rest names a scenario.
const PREFIX: &str = "practice-";
const MARKER: (&str, &str) = ("[[practice:", "]]");
const COUNTERS: usize = 10_000;

/// Whether the provider plays dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// It answers.
    #[default]
    None,
    /// Every call answers 529, or 503 where the dialect has no 529.
    Overloaded,
    /// Every connection closes unanswered.
    Refuse,
}

/// What control may order; what is absent stays as it is.
#[derive(Default)]
pub(crate) struct Order {
    /// Scenario of calls that name none.
    pub(crate) default: Option<Usual>,
    /// Scenarios of the next calls, in place of those that wait.
    pub(crate) queue: Option<Vec<Scenario>>,
    /// Whether to play dead.
    pub(crate) outage: Option<Outage>,
}

/// A scenario of calls that name none.
pub(crate) enum Usual {
    /// That of the options.
    OfOptions,
    /// This one.
    Named(Box<Scenario>),
}

/// What of a call may name a scenario.
pub(crate) struct Clues<'a> {
    /// The header `x-practice`.
    pub(crate) header: Option<&'a str>,
    /// The key presented.
    pub(crate) credential: Option<&'a str>,
    /// The model asked for.
    pub(crate) model: &'a str,
    /// The last user text.
    pub(crate) text: &'a str,
    /// Whether a stream is asked for.
    pub(crate) stream: bool,
    /// Whether tools are offered.
    pub(crate) main: bool,
    /// Whether an answer is asked for: the only calls that use up the queue. Others are counted apart.
    pub(crate) answer: bool,
}

/// What control has ordered.
#[derive(Default)]
pub(crate) struct Desk {
    /// Scenario of calls that name none.
    pub(crate) default: Option<Scenario>,
    /// Scenarios of the next calls.
    pub(crate) queue: VecDeque<Scenario>,
    /// Whether the provider plays dead.
    pub(crate) outage: Outage,
    of_options: Option<Scenario>,
    strikes: HashMap<(bool, String), u64>,
}

impl Desk {
    /// Nothing ordered yet.
    pub(crate) fn new(of_options: Option<Scenario>) -> Self {
        Self {
            default: of_options.clone(),
            of_options,
            ..Self::default()
        }
    }

    /// Carries an order out.
    pub(crate) fn order(&mut self, order: Order) {
        match order.default {
            None => {}
            Some(Usual::OfOptions) => self.default.clone_from(&self.of_options),
            Some(Usual::Named(scenario)) => self.default = Some(*scenario),
        }
        if let Some(queue) = order.queue {
            self.queue = queue.into();
        }
        self.outage = order.outage.unwrap_or(self.outage);
    }

    /// Forgets the queue and how often scenarios have struck.
    pub(crate) fn reset(&mut self) {
        self.queue.clear();
        self.strikes.clear();
    }

    /// Chooses, counts the strike, and says what chose.
    pub(crate) fn choose(
        &mut self,
        clues: &Clues<'_>,
    ) -> Result<(Scenario, &'static str), Refusal> {
        let (scenario, source) = self.named(clues)?;
        if scenario.fault.is_none() {
            return Ok((scenario, source));
        }
        if !fits(&scenario, clues) || !self.strikes(&scenario, clues.answer) {
            return Ok((scenario.without_fault(), source));
        }
        Ok((scenario, source))
    }

    fn named(&mut self, clues: &Clues<'_>) -> Result<(Scenario, &'static str), Refusal> {
        if let Some(text) = clues.header {
            return Ok((parsed(text)?, "header"));
        }
        if clues.answer
            && self.queue.front().is_some_and(|next| fits(next, clues))
            && let Some(next) = self.queue.pop_front()
        {
            return Ok((next, "queue"));
        }
        if let Some(text) = clues
            .credential
            .and_then(|key| key.strip_prefix(PREFIX))
            .filter(|text| scenario::is_name(text))
        {
            return Ok((parsed(text)?, "credential"));
        }
        if let Some(text) = clues.model.strip_prefix(PREFIX) {
            let text = text.strip_suffix("[1m]").unwrap_or(text);
            if scenario::is_name(text) {
                return Ok((parsed(text)?, "model"));
            }
            if !matches!(text, "opus" | "sonnet" | "haiku") {
                let error = ScenarioError::Name(text.to_owned());
                return Err(
                    Refusal::not_found(format!("model: {} ({error})", clues.model))
                        .coded("model_not_found"),
                );
            }
        }
        if let Some(text) = marked(clues.text) {
            return Ok((parsed(text)?, "prompt"));
        }
        match &self.default {
            Some(scenario) => Ok((scenario.clone(), "default")),
            None => Ok((parsed("text")?, "default")),
        }
    }

    /// Counts a call, and says whether the fault still strikes.
    fn strikes(&mut self, scenario: &Scenario, answer: bool) -> bool {
        let Some(times) = scenario.times else {
            return true;
        };
        let key = (answer, scenario.text.clone());
        if self.strikes.len() >= COUNTERS && !self.strikes.contains_key(&key) {
            self.strikes.clear();
        }
        let count = self.strikes.entry(key).or_default();
        *count += 1;
        *count <= times
    }
}

fn parsed(text: &str) -> Result<Scenario, Refusal> {
    Scenario::parse(text).map_err(|error| Refusal::bad(error.to_string()))
}

fn fits(scenario: &Scenario, clues: &Clues<'_>) -> bool {
    match scenario.only {
        Only::All => true,
        Only::Stream => clues.stream,
        Only::Main => clues.main,
    }
}

/// The last marker in a text.
fn marked(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once(MARKER.0)?;
    rest.split_once(MARKER.1).map(|(scenario, _)| scenario)
}

/// What command-line clients put around the texts that they add to a turn on their own: Claude Code, Gemini CLI, Codex.
const ADDED: [(&str, &str); 3] = [
    ("<system-reminder>", "</system-reminder>"),
    ("<session_context>", "</session_context>"),
    ("<environment_context>", "</environment_context>"),
];

/// The text as its user wrote it: without markers, and without what the client added.
pub(crate) fn unmarked(text: &str) -> String {
    let text = without(text, MARKER);
    let text = ADDED
        .into_iter()
        .fold(text, |text, tag| without(&text, tag));
    text.trim().to_owned()
}

/// The text without anything that stands between these two; what is not closed stays.
fn without(text: &str, (open, close): (&str, &str)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((_, after)) = after.split_once(close) else {
            break;
        };
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn clues() -> Clues<'static> {
        Clues {
            header: None,
            credential: None,
            model: "m",
            text: "",
            stream: true,
            main: false,
            answer: true,
        }
    }

    fn scenario(text: &str) -> Scenario {
        Scenario::parse(text).expect("parses")
    }

    fn chosen(desk: &mut Desk, clues: &Clues<'_>) -> (String, &'static str, bool) {
        let (scenario, source) = desk.choose(clues).expect("chosen");
        (scenario.text.clone(), source, scenario.fault.is_some())
    }

    #[test]
    fn the_first_clue_wins() {
        let mut desk = Desk {
            default: Some(scenario("503")),
            ..Desk::default()
        };
        let mut all = Clues {
            header: Some("hang"),
            credential: Some("practice-429"),
            model: "practice-529",
            text: "do [[practice:cut]] it",
            ..clues()
        };
        desk.queue.push_back(scenario("500"));
        assert_eq!(chosen(&mut desk, &all).1, "header");
        all.header = None;
        assert_eq!(chosen(&mut desk, &all).1, "queue");
        assert_eq!(chosen(&mut desk, &all).1, "credential");
        all.credential = Some("sk-other");
        assert_eq!(chosen(&mut desk, &all), ("529".to_owned(), "model", true));
        all.model = "practice-sonnet[1m]";
        assert_eq!(chosen(&mut desk, &all), ("cut".to_owned(), "prompt", true));
        all.text = "plain";
        assert_eq!(chosen(&mut desk, &all), ("503".to_owned(), "default", true));
        desk.default = None;
        assert_eq!(
            chosen(&mut desk, &all),
            ("text".to_owned(), "default", false)
        );
    }

    #[test]
    fn times_bounds_the_strikes_of_one_text() {
        let mut desk = Desk::default();
        let two = Clues {
            text: "[[practice:529;times=2]]",
            ..clues()
        };
        let other = Clues {
            text: "[[practice:529;times=2;id=b]]",
            ..clues()
        };
        let strikes: Vec<bool> = (0..3).map(|_| chosen(&mut desk, &two).2).collect();
        assert_eq!(strikes, [true, true, false]);
        assert!(chosen(&mut desk, &other).2);
        assert!(
            chosen(
                &mut desk,
                &Clues {
                    answer: false,
                    ..two
                }
            )
            .2,
            "counting calls have counters of their own"
        );
        desk.reset();
        assert!(
            chosen(
                &mut desk,
                &Clues {
                    text: "[[practice:529;times=2]]",
                    ..clues()
                }
            )
            .2
        );
    }

    #[test]
    fn only_spares_calls_and_neither_counts_nor_dequeues_for_them() {
        let mut desk = Desk::default();
        desk.queue.push_back(scenario("529;only=main"));
        assert_eq!(chosen(&mut desk, &clues()).1, "default");
        assert_eq!(
            chosen(
                &mut desk,
                &Clues {
                    main: true,
                    ..clues()
                }
            ),
            ("529;only=main".to_owned(), "queue", true)
        );
        let side = Clues {
            header: Some("500;only=stream;times=1"),
            stream: false,
            ..clues()
        };
        assert!(!chosen(&mut desk, &side).2);
        assert!(
            chosen(
                &mut desk,
                &Clues {
                    stream: true,
                    ..side
                }
            )
            .2
        );
    }

    #[test]
    fn an_unknown_practice_model_is_not_found_and_a_bad_scenario_is_named() {
        let mut desk = Desk::default();
        let refusal = desk
            .choose(&Clues {
                model: "practice-42x",
                ..clues()
            })
            .expect_err("refused");
        assert_eq!(refusal.status, StatusCode::NOT_FOUND);
        let refusal = desk
            .choose(&Clues {
                header: Some("529;when=now"),
                ..clues()
            })
            .expect_err("refused");
        assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
        assert!(refusal.message.contains("`when`"));
        assert!(
            desk.choose(&Clues {
                credential: Some("practice-key-1"),
                model: "glm-4.6",
                ..clues()
            })
            .is_ok()
        );
    }

    #[test]
    fn markers_are_not_echoed() {
        assert_eq!(
            unmarked("say [[practice:cut;after=2]] hello [[practice:x"),
            "say  hello [[practice:x"
        );
    }

    #[test]
    fn what_clients_add_is_not_echoed() {
        for added in ["system-reminder", "session_context", "environment_context"] {
            let text = format!("<{added}>\nIt is Monday.\n</{added}>\nsay hello <{added}>");
            assert_eq!(unmarked(&text), format!("say hello <{added}>"));
        }
    }
}
