//! What the terminal can show, and what meaning looks like there. Colour only ever repeats what a sign or a word says.

use daemon::view::{GroupState, Health};
use ratatui::style::{Color, Modifier, Style};

use crate::screen::Tone;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Colours: the sixteen that every terminal has, in the person's own palette.
    pub(crate) colour: bool,
    /// Signs beyond ASCII.
    pub(crate) unicode: bool,
}

impl Look {
    /// By the environment: `NO_COLOR`, and the locale by POSIX's order of its variables.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(given);
        let is_utf8 = |locale: String| {
            let locale = locale.to_ascii_lowercase();
            locale.ends_with("utf-8") || locale.ends_with("utf8") || locale.contains("utf-8@")
        };
        Self {
            colour: given("NO_COLOR").is_none(),
            unicode: cfg!(windows) || locale.is_some_and(is_utf8),
        }
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |color| if self.colour { style.fg(color) } else { style };
        match tone {
            Tone::Plain => style,
            Tone::Good => coloured(Color::Green),
            Tone::Warn => coloured(Color::Yellow),
            Tone::Bad if self.colour => style.fg(Color::Red),
            Tone::Bad | Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Faint => style.add_modifier(Modifier::DIM),
        }
    }

    /// Of what has the keyboard.
    pub(crate) fn accent(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if self.colour {
            style.fg(Color::Cyan)
        } else {
            style
        }
    }

    /// Of the picked row.
    pub(crate) const fn picked() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// One of two spellings.
    pub(crate) const fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    pub(crate) const fn dots(self) -> &'static str {
        self.sign("…", "~")
    }

    pub(crate) const fn arrow(self) -> &'static str {
        self.sign("→", "->")
    }

    /// Sign, word and tone of a provider's health.
    pub(crate) const fn health(self, health: Health) -> (&'static str, &'static str, Tone) {
        match health {
            Health::Healthy => (self.sign("●", "+"), "healthy", Tone::Good),
            Health::Degraded => (self.sign("◐", "!"), "degraded", Tone::Warn),
            Health::Open => (self.sign("✗", "x"), "open", Tone::Bad),
            Health::HalfOpen => (self.sign("◌", "?"), "probing", Tone::Warn),
            Health::Cooling => (self.sign("◔", "z"), "resting", Tone::Warn),
            Health::Disabled => (self.sign("–", "-"), "off", Tone::Faint),
            Health::Unknown => (self.sign("○", "o"), "untried", Tone::Faint),
        }
    }

    /// As [`Self::health`], with the word for one that is off since it `lacks` something.
    pub(crate) fn standing(
        self,
        health: Health,
        lacks: Option<&str>,
    ) -> (&'static str, &'static str, Tone) {
        match (health, lacks) {
            (Health::Disabled, Some(_)) => (self.sign("–", "-"), "no key", Tone::Warn),
            _ => self.health(health),
        }
    }

    /// Sign, word and tone of a group.
    pub(crate) const fn group(
        self,
        state: GroupState,
        active: bool,
    ) -> (&'static str, &'static str, Tone) {
        match (state, active) {
            (GroupState::Active, _) => (self.sign("▶", ">"), "active", Tone::Good),
            (GroupState::Cooling, true) => (self.sign("▶", ">"), "active, resting", Tone::Warn),
            (GroupState::Paused, true) => (self.sign("▶", ">"), "active, paused", Tone::Warn),
            (GroupState::Standby, _) => (" ", "standby", Tone::Faint),
            (GroupState::Cooling, false) => (" ", "resting", Tone::Warn),
            (GroupState::Paused, false) => (self.sign("‖", "="), "paused", Tone::Warn),
        }
    }

    /// Values as bars of a letter each, between 0 and the largest; a value above 0 is never without a bar.
    pub(crate) fn spark(self, values: &[u64]) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];
        let bars = if self.unicode { BARS } else { ASCII };
        // Values that are all alike are no wall.
        let most = values.iter().copied().max().unwrap_or(0).max(1) * 5 / 4 + 1;
        let bar = |value: &u64| match value {
            0 => ' ',
            value => bars[((value * 7).div_ceil(most) as usize).min(7)],
        };
        values.iter().map(bar).collect()
    }
}
