//! What a key does to the interface, and what it asks of the outside. Pure.

use daemon::view::{Mode, Request};

use super::act::{Act, Place};
use super::facts::under_way;
use super::keys::{Action, Context};
use super::order::{Shift, moved};
use super::rows::{Pane, Row};
use super::state::{Detail, Effect, Followed, Input, Link, Mood, State, Subject};

/// Rows that a page key goes.
const PAGE: usize = 10;
/// What is told beside a question that something else than its answers was typed at.
pub(crate) const UNCLEAR: &str = "y or n?";
/// Letters that a filter has at most.
const FILTER: usize = 60;

impl State {
    /// Takes pasted text in: only a filter wants any.
    pub(crate) fn paste(&mut self, text: &str) {
        if matches!(self.input, Input::Filter) {
            for letter in text.chars().filter(|letter| !letter.is_control()) {
                self.act(Action::Letter(letter));
            }
        }
    }

    /// Does what a key means; what is to be done outside.
    pub(crate) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Redraw => return vec![Effect::Redraw],
            Action::Stop => return self.stop(),
            Action::Quit => return self.quit(),
            _ => {}
        }
        match self.context() {
            Context::Filter => {
                self.filter(action);
                Vec::new()
            }
            Context::Question => self.answer(action),
            Context::Choice => self.choose(action),
            Context::Help => {
                self.help = self.help.and_then(|at| scrolled(at, action));
                Vec::new()
            }
            Context::Detail => self.in_detail(action),
            Context::Panes => self.in_panes(action),
        }
    }

    /// Scrolled no further than to the last line: `most` lines can be above the screen.
    pub(crate) fn bound(&mut self, most: usize) {
        if let Some(at) = &mut self.help {
            *at = most.min(*at);
        } else if let Some(detail) = &mut self.detail {
            detail.scroll = most.min(detail.scroll);
        }
    }

    fn stop(&mut self) -> Vec<Effect> {
        if self.serving {
            self.say(
                Mood::Bad,
                "Turnout serves from this terminal and would stand still; q ends it".to_owned(),
            );
            return Vec::new();
        }
        vec![Effect::Stop]
    }

    fn in_panes(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Help => self.help = Some(0),
            Action::Pane(pane) => self.focus = pane,
            Action::NextPane => self.focus = self.focus.step(1),
            Action::PreviousPane => self.focus = self.focus.step(-1),
            Action::Filter => self.input = Input::Filter,
            Action::Close => self.panes[self.focus.index()].filter.clear(),
            Action::Enter => return self.enter(),
            Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => self.pick(action),
            _ => return self.wish(action),
        }
        Vec::new()
    }

    fn quit(&mut self) -> Vec<Effect> {
        if !self.serving {
            return vec![Effect::Quit];
        }
        let is_running = |row: &&Request| under_way(row);
        let in_flight = self.facts.requests.iter().filter(is_running).count() as u64;
        self.ask(Input::End { in_flight });
        Vec::new()
    }

    /// Asks a question, in whose place nothing else is told.
    fn ask(&mut self, question: Input) {
        self.input = question;
        self.hush();
    }

    fn in_detail(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Help => self.help = Some(0),
            Action::Pane(pane) => (self.focus, self.detail) = (pane, None),
            _ => {
                let Some(detail) = &mut self.detail else {
                    return Vec::new();
                };
                match scrolled(detail.scroll, action) {
                    None => self.detail = None,
                    Some(scroll) if scroll != detail.scroll => detail.scroll = scroll,
                    Some(_) => return self.wish(action),
                }
            }
        }
        Vec::new()
    }

    fn pick(&mut self, action: Action) {
        let rows = self.rows(self.focus);
        let last = rows.len().saturating_sub(1);
        let at = self.picked(self.focus, &rows);
        let to = match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => at + 1,
            Action::PageUp => at.saturating_sub(PAGE),
            Action::PageDown => at + PAGE,
            Action::Last => last,
            _ => 0,
        };
        let key = rows.get(to.min(last)).map(Row::key);
        // Who is on top stays on top, where new rows come in.
        let stays = to == 0 && !matches!(self.focus, Pane::Groups | Pane::Providers);
        self.panes[self.focus.index()].picked = key.filter(|_| !stays);
    }

    fn enter(&mut self) -> Vec<Effect> {
        let rows = self.rows(self.focus);
        let Some(row) = rows.get(self.picked(self.focus, &rows)).copied() else {
            return Vec::new();
        };
        let of = match row {
            Row::Group(_) => return self.wish(Action::Use),
            Row::Trouble(trouble) if trouble.request.is_none() => Subject::Trouble(trouble.clone()),
            Row::Line(line) => Subject::Line(line.clone()),
            row => match (row.request(), row.provider()) {
                (Some(id), _) => Subject::Request(Followed::new(id)),
                (None, Some(name)) => Subject::Provider(name.to_owned()),
                (None, None) => return Vec::new(),
            },
        };
        self.detail = Some(Detail { of, scroll: 0 });
        self.following(None)
    }

    fn filter(&mut self, action: Action) {
        let browse = &mut self.panes[self.focus.index()];
        match action {
            Action::Letter(letter) if browse.filter.chars().count() < FILTER => {
                browse.filter.push(letter);
            }
            Action::Erase => {
                browse.filter.pop();
            }
            Action::EraseAll => browse.filter.clear(),
            Action::Yes => self.input = Input::None,
            Action::No => {
                browse.filter.clear();
                self.input = Input::None;
            }
            Action::Up | Action::Down => self.pick(action),
            _ => {}
        }
    }

    fn answer(&mut self, action: Action) -> Vec<Effect> {
        if action == Action::Unclear {
            self.say(Mood::Bad, UNCLEAR.to_owned());
            return Vec::new();
        }
        let asked = std::mem::replace(&mut self.input, Input::None);
        match (action, asked) {
            (Action::Yes, Input::End { .. }) => vec![Effect::Quit],
            (Action::Yes, Input::Ask(act)) => self.begin(act),
            _ => Vec::new(),
        }
    }

    fn choose(&mut self, action: Action) -> Vec<Effect> {
        let Input::Choose {
            request,
            places,
            at,
        } = &mut self.input
        else {
            return Vec::new();
        };
        let last = places.len().saturating_sub(1);
        match action {
            Action::Up => *at = at.saturating_sub(1),
            Action::Down => *at = (*at + 1).min(last),
            Action::First | Action::PageUp => *at = 0,
            Action::Last | Action::PageDown => *at = last,
            Action::Yes => {
                let place = places.get(*at).cloned();
                let act = place.map(|place| Act::Redirect(request.clone(), place));
                self.input = Input::None;
                return act.map_or_else(Vec::new, |act| self.begin(act));
            }
            Action::No => self.input = Input::None,
            _ => {}
        }
        Vec::new()
    }

    /// What the person wants of the thing that is picked or shown: asked, begun, or refused with the reason.
    fn wish(&mut self, action: Action) -> Vec<Effect> {
        match self.meant(action) {
            Ok(Meant::Act(act)) if act.question().is_some() => self.ask(Input::Ask(act)),
            Ok(Meant::Act(act)) => return self.begin(act),
            Ok(Meant::Choose(request)) => {
                let groups = self.facts.groups.iter();
                let groups = groups.map(|group| Place::Group(group.name.clone()));
                let providers = self.facts.providers.iter();
                let providers = providers.map(|one| Place::Provider(one.name.clone()));
                self.input = Input::Choose {
                    request,
                    places: groups.chain(providers).collect(),
                    at: 0,
                };
            }
            Ok(Meant::Nothing) => {}
            Err(why) => self.say(Mood::Bad, why.to_owned()),
        }
        Vec::new()
    }

    fn begin(&mut self, act: Act) -> Vec<Effect> {
        if let Link::Down { .. } = self.link {
            self.say(
                Mood::Bad,
                "there is no connection: nothing was changed".to_owned(),
            );
            return Vec::new();
        }
        self.say(Mood::Busy, act.doing());
        vec![Effect::Do(act)]
    }

    fn meant(&self, action: Action) -> Result<Meant, &'static str> {
        let rows = self.rows(self.focus);
        let row = rows.get(self.picked(self.focus, &rows)).copied();
        let provider = match &self.detail {
            Some(Detail {
                of: Subject::Provider(name),
                ..
            }) => Some(name.as_str()),
            Some(_) => None,
            None => row.and_then(|row| row.provider()),
        };
        let provider = provider.map(str::to_owned);
        let provider = provider.ok_or("pick a provider first, with 2 or as a member of a group");
        let waiting = match &self.detail {
            Some(Detail {
                of: Subject::Request(followed),
                ..
            }) => Some(followed.id.as_str()),
            Some(_) => None,
            None => row.and_then(|row| row.request()),
        };
        let waiting = waiting.filter(|id| self.facts.waiting.iter().any(|one| one.id == *id));
        let waiting = waiting.map(str::to_owned);
        let waiting = waiting.ok_or("only a request that waits can be sent on; 4 lists those");
        Ok(Meant::Act(match action {
            Action::Use => {
                let group = row.and_then(|row| row.group());
                Act::Use(group.ok_or("pick a group first, with 1")?.name.clone())
            }
            Action::Pause => self.pause(row)?,
            Action::Mode => Act::Mode(match self.facts.status.as_ref().map(|told| told.mode) {
                Some(Mode::Auto) => Mode::Manual,
                _ => Mode::Auto,
            }),
            Action::Earlier => shifted(row, Shift::Earlier)?,
            Action::Later => shifted(row, Shift::Later)?,
            Action::Less => shifted(row, Shift::Less)?,
            Action::More => shifted(row, Shift::More)?,
            Action::Enable => Act::Enable(provider?),
            Action::Disable => Act::Disable(provider?),
            Action::Test => Act::Test(provider?),
            Action::Reset => Act::Reset(provider?),
            Action::Release => Act::Release(waiting?),
            Action::Fail => Act::Fail(waiting?),
            Action::Redirect => return Ok(Meant::Choose(waiting?)),
            _ => return Ok(Meant::Nothing),
        }))
    }

    /// The picked group, else the active one.
    fn pause(&self, row: Option<Row<'_>>) -> Result<Act, &'static str> {
        let active = || self.facts.groups.iter().find(|group| group.active);
        let group = row.and_then(|row| row.group()).or_else(active);
        let group = group.ok_or("there is no group to pause")?;
        let name = group.name.clone();
        Ok(if group.paused {
            Act::Resume(name)
        } else {
            Act::Pause(name)
        })
    }
}

/// What a key means for what is picked.
enum Meant {
    Act(Act),
    /// A place is to be chosen for this request.
    Choose(String),
    Nothing,
}

fn shifted(row: Option<Row<'_>>, shift: Shift) -> Result<Act, &'static str> {
    let Some(Row::Member(group, member)) = row else {
        return Err("pick a member of a group first, with 1");
    };
    let members = moved(group, &member.provider, shift);
    Ok(Act::Order {
        group: group.name.clone(),
        provider: member.provider.clone(),
        members: members.ok_or("it is at the end of the order already")?,
    })
}

/// Where lines are scrolled to; `None` when they are closed.
fn scrolled(at: usize, action: Action) -> Option<usize> {
    Some(match action {
        Action::Close => return None,
        Action::Up => at.saturating_sub(1),
        Action::Down => at + 1,
        Action::PageUp => at.saturating_sub(PAGE),
        Action::PageDown | Action::Last => at + PAGE,
        Action::First => 0,
        _ => at,
    })
}
