//! The terminal, taken over and given back: at the end, at a panic, and while this program stands still.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::thread;

use anyhow::Context;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;

use crate::WrongUse;

/// A terminal that shows nothing but this program until it is dropped.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

/// Wrong use where there is no terminal, or one that can move no cursor.
pub(crate) fn demand(instead: &str) -> anyhow::Result<()> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    if io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb {
        return Ok(());
    }
    anyhow::bail!(WrongUse(format!(
        "this needs a terminal to draw on and to read keys from; without one there is {instead}"
    )))
}

impl Terminal {
    pub(super) fn take() -> anyhow::Result<Self> {
        let told = "the terminal cannot be taken over";
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        enter().context(told)?;
        restore_at_panic();
        let inner = ratatui::Terminal::new(backend).inspect_err(|_| leave());
        Ok(Self {
            inner: inner.context(told)?,
        })
    }

    pub(super) fn draw(
        &mut self,
        draw: impl FnOnce(&mut ratatui::Frame<'_>),
    ) -> anyhow::Result<()> {
        self.inner
            .draw(draw)
            .context("the terminal cannot be drawn on")?;
        Ok(())
    }

    /// Everything is drawn anew next time.
    pub(super) fn forget(&mut self) -> anyhow::Result<()> {
        self.inner
            .clear()
            .context("the terminal cannot be drawn on")
    }

    /// Gives the terminal back, lets `while_away` happen, and takes it again.
    pub(super) fn away(&mut self, while_away: impl FnOnce()) -> anyhow::Result<()> {
        leave();
        while_away();
        enter().context("the terminal cannot be taken over again")?;
        self.forget()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a panic the hook has given it back, and what was told since stands there.
        if !thread::panicking() {
            leave();
            drop(panic::take_hook());
        }
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    let entered = execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    );
    entered.inspect_err(|_| leave())
}

/// As far as it goes: where the terminal is gone, nothing of it has to be put back.
fn leave() {
    let mut out = io::stdout();
    let _ = execute!(
        out,
        cursor::Show,
        DisableBracketedPaste,
        LeaveAlternateScreen
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// A panic of this thread is told on the terminal as it was before; one of another thread, which ends a single request,
/// goes to the log and leaves the screen alone.
fn restore_at_panic() {
    let drawing = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        if thread::current().id() == drawing {
            leave();
            before(told);
        } else {
            tracing::error!("a task panicked: {told}");
        }
    }));
}
