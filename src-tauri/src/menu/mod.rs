//! The tray as a value: which icon, which menu, for a given state of the app.
//!
//! Pure: no display, no clock, no daemon. `tray` shows what is decided here and nothing else, so
//! that every look of the tray can be tested without one.

mod entries;
mod words;

use std::time::Duration;

use daemon::Locale;
use jiff::civil::DateTime;

use crate::texts::texts;

/// The state of the app as far as the tray tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The chosen group.
    pub(crate) active_group: String,
    /// The provider that a request would go to now, if any can serve.
    pub(crate) active_provider: Option<String>,
    /// Whether failover may leave the chosen group.
    pub(crate) auto: bool,
    /// Requests that wait because nothing can serve them.
    pub(crate) suspended: u64,
    /// Today's cost in USD, a decimal string as the ledger tells it.
    pub(crate) cost_today: String,
    /// The groups in the order of the config.
    pub(crate) groups: Vec<Group>,
    /// What a person should look at, one sentence each.
    pub(crate) problems: Vec<String>,
    /// The practice outage, if the config has a practice provider: whether it is on.
    pub(crate) practice_outage: Option<bool>,
    /// Whether the app starts at login.
    pub(crate) autostart: bool,
    /// The limit that will be hit first, if it is worth a thought.
    pub(crate) forecast: Option<Forecast>,
    /// The client programs of this machine.
    pub(crate) clients: Vec<Client>,
    /// The language of the menu.
    pub(crate) locale: Locale,
}

/// A limit that will be hit if things go on as they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// Whose limit it is.
    pub(crate) provider: String,
    /// Which limit, as the admin API names it.
    pub(crate) what: String,
    /// When, by the local clock.
    pub(crate) at: DateTime,
    /// Whether that is today.
    pub(crate) is_today: bool,
}

/// A client program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its id in the admin API.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Whether it is on this machine.
    pub(crate) installed: bool,
    /// Whether its settings point here.
    pub(crate) connected: bool,
}

/// A group and its providers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Group {
    /// Its name in the config.
    pub(crate) name: String,
    /// Paused by hand.
    pub(crate) paused: bool,
    /// Its providers, in the order they are tried.
    pub(crate) members: Vec<Provider>,
}

/// A provider as a member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Provider {
    /// Its name in the config.
    pub(crate) name: String,
    /// What is known of it.
    pub(crate) health: Health,
    /// The usual time to its first output.
    pub(crate) latency: Option<Duration>,
    /// How long it still rests.
    pub(crate) resting: Option<Duration>,
}

/// Health as three dots can tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Health {
    /// Would not be asked now: open, cooling or switched off.
    Out,
    /// Serves, but not as it should.
    Shaky,
    /// Nothing is known against it.
    #[default]
    Fine,
}

/// Which of the five tray icons is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The chosen group serves.
    Ok,
    /// It serves, but a provider of it is out, or another group had to take over.
    Degraded,
    /// Requests wait.
    Suspended,
    /// Nothing can serve.
    Down,
    /// The chosen group is paused by hand.
    Paused,
}

/// Everything the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tray {
    /// The icon.
    pub(crate) look: Look,
    /// A short text beside the icon where the panel shows one; empty when all is well.
    pub(crate) label: String,
    /// One line for a tooltip, where there are tooltips.
    pub(crate) tooltip: String,
    /// The menu.
    pub(crate) menu: Vec<Entry>,
}

/// One entry of the menu. Ids are what [`Choice::of`] reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Text that does something, or only tells something when it is not enabled.
    Line {
        id: String,
        text: String,
        enabled: bool,
    },
    /// Text with a check mark.
    Check {
        id: String,
        text: String,
        checked: bool,
    },
    /// More entries behind one. Its text must not change: on Linux, a submenu that was built anew
    /// goes on showing its first text, so another text means another menu.
    Submenu {
        id: String,
        text: String,
        entries: Vec<Entry>,
    },
    /// A line between.
    Separator,
}

/// What a click asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Make this group the chosen one.
    Activate(String),
    /// Pause the chosen group, or resume it when it is paused.
    PauseOrResume,
    /// Switch between automatic and manual mode.
    Mode,
    /// Put the base URL on the clipboard.
    CopyBaseUrl,
    /// Open the window, or bring it to the front: at this page, if there is one.
    Open(Option<String>),
    /// Show what connecting this client would change, or disconnecting it, if it is connected.
    Client(String),
    /// Switch the practice outage.
    PracticeOutage,
    /// Switch the start at login.
    Autostart,
    /// End the app.
    Quit,
}

impl Entry {
    /// What a click on it is told by; `None` for a separator.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Line { id, .. } | Self::Check { id, .. } | Self::Submenu { id, .. } => Some(id),
            Self::Separator => None,
        }
    }
}

const GROUP: &str = "group:";
const PROVIDER: &str = "provider:";
const CLIENT: &str = "client:";

impl Choice {
    /// Reads the id of a clicked entry; `None` for entries that only tell something.
    pub(crate) fn of(id: &str) -> Option<Self> {
        let behind = |prefix| id.strip_prefix(prefix).map(str::to_owned);
        if let Some(group) = behind(GROUP) {
            return Some(Self::Activate(group));
        }
        if let Some(provider) = behind(PROVIDER) {
            return Some(Self::Open(Some(page::provider(&provider))));
        }
        if let Some(client) = behind(CLIENT) {
            return Some(Self::Client(client));
        }
        let page = |path: &str| Some(Self::Open(Some(path.to_owned())));
        Some(match id {
            "pause" => Self::PauseOrResume,
            "mode" => Self::Mode,
            "copy" => Self::CopyBaseUrl,
            "open" => Self::Open(None),
            "problem" => return page("/overview"),
            "forecast" => return page("/providers"),
            "clients-more" => return page("/clients"),
            "practice" => Self::PracticeOutage,
            "autostart" => Self::Autostart,
            "quit" => Self::Quit,
            _ => return None,
        })
    }
}

/// Addresses of the window's pages.
pub(crate) mod page {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

    /// What of a name may stand in a query as it is.
    const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

    /// The page of a provider.
    pub(crate) fn provider(name: &str) -> String {
        format!(
            "/providers?provider={}",
            utf8_percent_encode(name, IN_QUERY)
        )
    }

    /// The page that shows what connecting or disconnecting a client changes.
    pub(crate) fn client(id: &str, connected: bool) -> String {
        let step = if connected { "disconnect" } else { "connect" };
        format!("/clients?{step}={}", utf8_percent_encode(id, IN_QUERY))
    }
}

/// The tray for a state of the app.
pub(crate) fn tray(facts: &Facts) -> Tray {
    let texts = texts(facts.locale);
    let look = look(facts);
    let label = match look {
        Look::Suspended => (texts.waiting)(facts.suspended),
        Look::Down => texts.no_provider.to_owned(),
        Look::Ok | Look::Degraded | Look::Paused => String::new(),
    };
    Tray {
        look,
        label,
        tooltip: format!("Turnout: {}", words::status_line(facts, texts)),
        menu: entries::menu(facts, texts),
    }
}

fn look(facts: &Facts) -> Look {
    let chosen = chosen(facts);
    let Some(serving) = &facts.active_provider else {
        return match chosen {
            _ if facts.suspended > 0 => Look::Suspended,
            Some(group) if group.paused => Look::Paused,
            _ => Look::Down,
        };
    };
    match chosen {
        _ if facts.suspended > 0 => Look::Suspended,
        Some(group) if group.paused => Look::Paused,
        Some(group) if group.is_whole() && group.members.iter().any(|m| m.name == *serving) => {
            Look::Ok
        }
        _ => Look::Degraded,
    }
}

fn chosen(facts: &Facts) -> Option<&Group> {
    facts
        .groups
        .iter()
        .find(|group| group.name == facts.active_group)
}

impl Group {
    /// Whether nothing is known against any of its providers.
    fn is_whole(&self) -> bool {
        self.members
            .iter()
            .all(|member| member.health == Health::Fine)
    }

    /// The health of its best provider, and never `Fine` while another one's is worse.
    fn health(&self) -> Health {
        let best = self.members.iter().map(|member| member.health).max();
        match best.unwrap_or(Health::Out) {
            Health::Fine if !self.is_whole() => Health::Shaky,
            best => best,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
