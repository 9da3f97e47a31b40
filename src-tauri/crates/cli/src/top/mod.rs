//! `top`: the running instance as an interface in the terminal.
//!
//! What is shown is a value ([`state::State`]) that folds what the instance tells and what keys say; drawing is a function
//! of it ([`draw::draw`]). Only the loop here, the link and the terminal touch the outside. It decides nothing about
//! routing: every wish is a call of the admin API.

mod act;
mod draw;
mod facts;
mod flow;
mod keys;
mod link;
mod look;
mod order;
mod rows;
pub(crate) mod sse;
mod state;
mod steps;
mod stopping;
mod terminal;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use self::link::Heard;
use self::look::Look;
use self::state::{Effect, News, State};
use self::stopping::{Stopping, Told};
use self::terminal::Terminal;
use crate::admin::{Admin, segment};
use crate::home::Home;

pub(crate) use self::terminal::demand;

/// Between two pictures at least.
const FRAME: Duration = Duration::from_millis(100);
/// Clocks go on by the second.
const CLOCK: Duration = Duration::from_secs(1);
/// News that may wait to be shown; the link waits where there are more.
const NEWS: usize = 512;

/// Shows the instance of this home until the person quits or `ended` comes true. `serving` tells that the instance is in
/// this process, which then ends with the interface.
pub(crate) async fn run(
    home: &Home,
    serving: bool,
    ended: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let look = Look::of(|name| std::env::var(name).ok());
    let (sender, mut heard) = mpsc::channel(NEWS);
    let mut top = Top {
        state: State::new(Timestamp::now(), TimeZone::system(), serving),
        look,
        terminal: Terminal::take()?,
        admin: None,
        calls: JoinSet::new(),
    };
    let mut link = pin!(link::follow(home, &sender));
    let mut ended = pin!(ended);
    let mut stopping = Stopping::listen()?;
    let mut input = EventStream::new();
    let mut clock = interval(CLOCK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = Instant::now();
    let mut is_stale = true;
    loop {
        let goes_on = tokio::select! {
            biased;
            () = &mut ended => false,
            told = stopping.told() => match told {
                Told::Stop => top.stand_still()?,
                Told::Gone => false,
            },
            event = input.next() => {
                // Keys are answered at once.
                next = Instant::now();
                match event {
                    Some(Ok(event)) => top.typed(event)?,
                    // The terminal is gone.
                    Some(Err(_)) | None => false,
                }
            }
            () = sleep_until(next), if is_stale => {
                top.draw()?;
                next = Instant::now() + FRAME;
                is_stale = false;
                continue;
            }
            Some(news) = heard.recv() => top.hear(news)?,
            Some(Ok(news)) = top.calls.join_next() => top.hear(Heard::News(news))?,
            _ = clock.tick() => true,
            () = &mut link => false,
        };
        if !goes_on {
            return Ok(());
        }
        is_stale = true;
    }
}

struct Top {
    state: State,
    look: Look,
    terminal: Terminal,
    admin: Option<Arc<Admin>>,
    calls: JoinSet<News>,
}

impl Top {
    fn draw(&mut self) -> anyhow::Result<()> {
        self.state.now = Timestamp::now();
        let (state, look) = (&mut self.state, self.look);
        self.terminal.draw(|frame| {
            let area: Rect = frame.area();
            state.bound(draw::overflow(state, look, area));
            draw::draw(state, look, frame);
        })
    }

    /// Takes a key in; whether the interface goes on.
    fn typed(&mut self, event: Event) -> anyhow::Result<bool> {
        self.state.now = Timestamp::now();
        let effects = match event {
            Event::Key(key) => match keys::action(self.state.context(), key) {
                Some(action) => self.state.act(action),
                None => Vec::new(),
            },
            Event::Paste(text) => {
                self.state.paste(&text);
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.follow(effects)
    }

    fn hear(&mut self, heard: Heard) -> anyhow::Result<bool> {
        match heard {
            Heard::Instance(admin) => {
                self.admin = Some(admin);
                Ok(true)
            }
            Heard::News(news) => {
                let effects = self.state.hear(news, Timestamp::now());
                self.follow(effects)
            }
        }
    }

    fn follow(&mut self, effects: Vec<Effect>) -> anyhow::Result<bool> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(false),
                Effect::Redraw => self.terminal.forget()?,
                Effect::Stop => return self.stand_still(),
                Effect::Do(act) => self.call(|admin: Arc<Admin>| async move {
                    let done = act::perform(&admin, &act).await;
                    News::Done(done.map_err(|error| crate::sentence(&error)))
                }),
                Effect::Detail(id) => self.call(|admin: Arc<Admin>| async move {
                    let told = admin.get(&format!("/requests{}", segment(&id))).await;
                    News::Detail(id, told.map_err(|error| crate::sentence(&error)))
                }),
                Effect::Waiting => self.call(|admin: Arc<Admin>| async move {
                    let waiting = link::waiting(&admin).await;
                    News::Waiting(waiting.map_err(|error| crate::sentence(&error)))
                }),
            }
        }
        Ok(true)
    }

    /// Asks the instance without waiting for it.
    fn call<F>(&mut self, ask: impl FnOnce(Arc<Admin>) -> F)
    where
        F: Future<Output = News> + Send + 'static,
    {
        if let Some(admin) = &self.admin {
            self.calls.spawn(ask(Arc::clone(admin)));
        }
    }

    /// Stops this process as the terminal's stop key would, with the terminal given back meanwhile.
    fn stand_still(&mut self) -> anyhow::Result<bool> {
        self.terminal.away(stopping::stop)?;
        Ok(true)
    }
}
