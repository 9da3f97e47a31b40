//! The whole of the interface as a value: what the instance told, and where the person is in it. Pure.

use daemon::view::{LogLine, Payload, Request};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::act::{Act, Place};
use super::facts::{Facts, Look, Trouble};
use super::keys::Context;
use super::rows::{Pane, Row, rows};

/// Seconds for which an outcome stands in the footer.
const TOLD_FOR: i64 = 12;

/// What comes from outside.
#[derive(Debug)]
pub(crate) enum News {
    /// The instance is there; what it has in its history and its log.
    Up {
        look: Box<Look>,
        requests: Vec<Request>,
        log: Vec<LogLine>,
    },
    /// It is not there, and why.
    Down(String),
    Event(Payload),
    Look(Box<Look>),
    Waiting(Result<Vec<daemon::view::Suspended>, String>),
    /// The detail of a request.
    Detail(String, Result<Value, String>),
    /// How something went that was asked for.
    Done(Result<String, String>),
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Quit,
    /// To the background, as the terminal's stop key does.
    Stop,
    Redraw,
    Do(Act),
    /// Ask for the detail of a request.
    Detail(String),
    /// Ask who waits.
    Waiting,
}

/// Whether the instance can be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    Down { why: String, since: Timestamp },
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Busy,
    Good,
    Bad,
}

/// A sentence in the footer.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) mood: Mood,
    pub(crate) text: String,
    at: Timestamp,
}

/// One thing in full.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    pub(crate) of: Subject,
    /// Lines that are above the screen.
    pub(crate) scroll: usize,
}

/// A question to the instance, asked once at a time.
#[derive(Debug, Clone, Default)]
struct Asking {
    asked: bool,
    /// Something moved since it was asked.
    moved: bool,
}

impl Asking {
    /// Whether it is to be asked now; else it is so when the answer has come.
    fn ask(&mut self) -> bool {
        self.moved = self.asked;
        !std::mem::replace(&mut self.asked, true)
    }

    /// Takes note of an answer; whether that is out of date already.
    fn answered(&mut self) -> bool {
        self.asked = false;
        std::mem::take(&mut self.moved)
    }
}

/// A request that is followed while it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followed {
    pub(crate) id: String,
    /// What was last told of it.
    pub(crate) told: Option<Result<Value, String>>,
    asking: Asking,
}

impl Followed {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// Asks for it, once at a time.
    fn ask(&mut self) -> Vec<Effect> {
        if self.asking.ask() {
            vec![Effect::Detail(self.id.clone())]
        } else {
            Vec::new()
        }
    }

    /// Takes an answer in; asks again if it is out of date already.
    fn answer(&mut self, told: Result<Value, String>) -> Vec<Effect> {
        self.told = Some(told);
        if self.asking.answered() {
            self.ask()
        } else {
            Vec::new()
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Subject {
    Request(Followed),
    Provider(String),
    Trouble(Trouble),
    Line(LogLine),
}

/// What keys go to before anything else.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    None,
    Filter,
    /// Whether this is really to be done.
    Ask(Act),
    /// Whether this program is to end, with the server in it.
    End {
        in_flight: u64,
    },
    /// Where a waiting request goes: the places, and which is chosen.
    Choose {
        request: String,
        places: Vec<Place>,
        at: usize,
    },
}

impl Input {
    /// What is to be answered with yes or no.
    pub(crate) fn question(&self) -> Option<String> {
        match self {
            Self::Ask(act) => act.question(),
            Self::End { in_flight: 0 } => {
                Some("End Turnout? Nobody is served any more.".to_owned())
            }
            Self::End { in_flight } => Some(format!(
                "End Turnout? Nobody is served any more; {in_flight} in flight may finish."
            )),
            _ => None,
        }
    }
}

/// Where the person is in a pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browse {
    /// Key of the row that is picked; the first one where there is none.
    pub(crate) picked: Option<String>,
    pub(crate) filter: String,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) facts: Facts,
    pub(crate) link: Link,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    /// Whether the instance is in this very process.
    pub(crate) serving: bool,
    pub(crate) focus: Pane,
    pub(crate) panes: [Browse; 6],
    pub(crate) detail: Option<Detail>,
    pub(crate) help: Option<usize>,
    pub(crate) input: Input,
    said: Option<Said>,
    /// Who waits.
    waiting_asked: Asking,
}

impl State {
    pub(crate) fn new(now: Timestamp, zone: TimeZone, serving: bool) -> Self {
        Self {
            facts: Facts::default(),
            link: Link::Down {
                why: String::new(),
                since: now,
            },
            now,
            zone,
            serving,
            focus: Pane::Groups,
            panes: Default::default(),
            detail: None,
            help: None,
            input: Input::None,
            said: None,
            waiting_asked: Asking::default(),
        }
    }

    pub(crate) fn context(&self) -> Context {
        match (&self.input, self.help, &self.detail) {
            (Input::Filter, ..) => Context::Filter,
            (Input::Ask(_) | Input::End { .. }, ..) => Context::Question,
            (Input::Choose { .. }, ..) => Context::Choice,
            (Input::None, Some(_), _) => Context::Help,
            (Input::None, None, Some(_)) => Context::Detail,
            (Input::None, None, None) => Context::Panes,
        }
    }

    /// The sentence that stands in the footer now.
    pub(crate) fn said(&self) -> Option<&Said> {
        self.said.as_ref().filter(|said| {
            said.mood == Mood::Busy || self.now.as_second() - said.at.as_second() < TOLD_FOR
        })
    }

    pub(crate) fn rows(&self, pane: Pane) -> Vec<Row<'_>> {
        rows(&self.facts, pane, &self.panes[pane.index()].filter)
    }

    /// The place of the picked row.
    pub(crate) fn picked(&self, pane: Pane, rows: &[Row<'_>]) -> usize {
        let picked = self.panes[pane.index()].picked.as_ref();
        let place = picked.and_then(|key| rows.iter().position(|row| row.key() == *key));
        place.unwrap_or(0)
    }

    /// Takes news in; what is to be asked for since.
    pub(crate) fn hear(&mut self, news: News, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        match news {
            News::Up {
                look,
                requests,
                log,
            } => {
                self.link = Link::Up;
                self.waiting_asked = Asking::default();
                self.facts.history(requests, now);
                self.facts.look(*look, now);
                self.facts.lines(log);
                if let Some(followed) = self.followed() {
                    // Whoever was asked before answers no more.
                    followed.asking = Asking::default();
                    return followed.ask();
                }
            }
            News::Down(why) => self.down(why, now),
            News::Look(look) => self.facts.look(*look, now),
            News::Waiting(waiting) => {
                match waiting {
                    Ok(waiting) => self.facts.waiting = waiting,
                    Err(text) => self.say(Mood::Bad, text),
                }
                if self.waiting_asked.answered() {
                    return self.ask_who_waits();
                }
            }
            News::Event(event) => return self.event(event, now),
            News::Detail(id, told) => {
                if let Some(followed) = self.followed().filter(|followed| followed.id == id) {
                    return followed.answer(told);
                }
            }
            News::Done(Ok(text)) => self.say(Mood::Good, text),
            News::Done(Err(text)) => self.say(Mood::Bad, text),
        }
        Vec::new()
    }

    fn down(&mut self, why: String, now: Timestamp) {
        let since = match &self.link {
            Link::Down { since, .. } => *since,
            Link::Up => now,
        };
        self.link = Link::Down { why, since };
    }

    fn event(&mut self, event: Payload, now: Timestamp) -> Vec<Effect> {
        let about = match &event {
            Payload::Request(row) => Some(row.id.clone()),
            Payload::Connection(connection) => Some(connection.id.clone()),
            _ => None,
        };
        let moves_waiting = matches!(event, Payload::Connection(_) | Payload::Status(_));
        self.facts.take(event, now);
        let mut effects = about.map_or_else(Vec::new, |id| self.following(Some(&id)));
        if moves_waiting {
            effects.extend(self.ask_who_waits());
        }
        effects
    }

    /// Asks who waits, if what is known of it is out of date. A request that is tried again and again is at times not
    /// among them, so that one answer is not enough.
    fn ask_who_waits(&mut self) -> Vec<Effect> {
        if self.facts.waiting_is_stale() && self.waiting_asked.ask() {
            vec![Effect::Waiting]
        } else {
            Vec::new()
        }
    }

    /// The request that is shown in full.
    fn followed(&mut self) -> Option<&mut Followed> {
        match &mut self.detail {
            Some(Detail {
                of: Subject::Request(followed),
                ..
            }) => Some(followed),
            _ => None,
        }
    }

    /// Asks again for the request that is shown in full, if it is the one that moved.
    pub(super) fn following(&mut self, moved: Option<&str>) -> Vec<Effect> {
        match self.followed() {
            Some(followed) if moved.is_none_or(|moved| moved == followed.id) => followed.ask(),
            _ => Vec::new(),
        }
    }

    /// What was told has been read.
    pub(super) fn hush(&mut self) {
        self.said = None;
    }

    pub(super) fn say(&mut self, mood: Mood, text: String) {
        let at = self.now;
        self.said = Some(Said { mood, text, at });
    }
}
