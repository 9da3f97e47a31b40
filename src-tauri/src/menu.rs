//! The tray as a value: which icon, which menu, for a given state of the app.
//!
//! Pure: no display, no clock, no daemon. `tray` shows what is decided here and nothing else, so
//! that every look of the tray can be tested without one.

use std::fmt::Write as _;
use std::time::Duration;

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
    /// Open the window, or bring it to the front.
    OpenWindow,
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

impl Choice {
    /// Reads the id of a clicked entry; `None` for entries that only tell something.
    pub(crate) fn of(id: &str) -> Option<Self> {
        if let Some(group) = id.strip_prefix(GROUP) {
            return Some(Self::Activate(group.to_owned()));
        }
        if id.starts_with(PROVIDER) {
            return Some(Self::OpenWindow);
        }
        Some(match id {
            "pause" => Self::PauseOrResume,
            "mode" => Self::Mode,
            "copy" => Self::CopyBaseUrl,
            "open" | "problem" => Self::OpenWindow,
            "practice" => Self::PracticeOutage,
            "autostart" => Self::Autostart,
            "quit" => Self::Quit,
            _ => return None,
        })
    }
}

/// The tray for a state of the app.
pub(crate) fn tray(facts: &Facts) -> Tray {
    let look = look(facts);
    let label = match look {
        Look::Suspended => format!("{} waiting", facts.suspended),
        Look::Down => "no provider".to_owned(),
        Look::Ok | Look::Degraded | Look::Paused => String::new(),
    };
    Tray {
        look,
        label,
        tooltip: format!("Turnout: {}", status_line(facts)),
        menu: menu(facts),
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
        Some(group) if whole(group) && group.members.iter().any(|m| m.name == *serving) => Look::Ok,
        _ => Look::Degraded,
    }
}

fn whole(group: &Group) -> bool {
    group
        .members
        .iter()
        .all(|member| member.health == Health::Fine)
}

fn chosen(facts: &Facts) -> Option<&Group> {
    facts
        .groups
        .iter()
        .find(|group| group.name == facts.active_group)
}

fn menu(facts: &Facts) -> Vec<Entry> {
    let mut entries = vec![line("status", &status_line(facts), false)];
    if let Some(problem) = facts.problems.first() {
        entries.push(line(
            "problem",
            &problem_text(problem, facts.problems.len()),
            true,
        ));
    }
    entries.push(Entry::Separator);
    entries.extend(facts.groups.iter().map(|group| Entry::Check {
        id: format!("{GROUP}{}", group.name),
        text: group_text(group),
        checked: group.name == facts.active_group,
    }));
    entries.push(Entry::Separator);
    if let Some(group) = chosen(facts) {
        let members = group.members.iter();
        entries.push(Entry::Submenu {
            id: "providers".to_owned(),
            text: "Providers".to_owned(),
            entries: members
                .map(|m| line(&format!("{PROVIDER}{}", m.name), &provider_text(m), true))
                .collect(),
        });
        let verb = if group.paused { "Resume" } else { "Pause" };
        entries.push(line("pause", &format!("{verb} {}", group.name), true));
    }
    entries.push(check("mode", "Automatic failover", facts.auto));
    if let Some(on) = facts.practice_outage {
        entries.push(check("practice", "Practice outage", on));
    }
    entries.extend([
        Entry::Separator,
        line("open", "Open window", true),
        line("copy", "Copy base URL", true),
        Entry::Separator,
        check("autostart", "Start at login", facts.autostart),
        line("quit", "Quit Turnout", true),
    ]);
    entries
}

fn line(id: &str, text: &str, enabled: bool) -> Entry {
    Entry::Line {
        id: id.to_owned(),
        text: text.to_owned(),
        enabled,
    }
}

fn check(id: &str, text: &str, checked: bool) -> Entry {
    Entry::Check {
        id: id.to_owned(),
        text: text.to_owned(),
        checked,
    }
}

/// `main → relay · $0.42 today · 2 waiting`
fn status_line(facts: &Facts) -> String {
    let to = facts.active_provider.as_deref().unwrap_or("no provider");
    let mut text = format!(
        "{} → {to} · ${} today",
        facts.active_group,
        cents(&facts.cost_today)
    );
    if facts.suspended > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " · {} waiting", facts.suspended);
    }
    text
}

/// A decimal string cut to cents; a cost below one cent keeps what makes it differ from nothing.
fn cents(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let whole = if whole.is_empty() { "0" } else { whole };
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    let part = &part[..digits];
    let tiny = whole == "0" && part.starts_with("00") && part.bytes().any(|b| b != b'0');
    let keep = if tiny { 4 } else { 2 };
    format!(
        "{whole}.{}",
        format!("{part:0<keep$}").get(..keep).unwrap_or("00")
    )
}

/// The first problem, short enough for a menu; the window tells them all in full.
fn problem_text(first: &str, count: usize) -> String {
    const WIDTH: usize = 60;
    let mut text = format!("⚠ {first}");
    if text.chars().count() > WIDTH {
        text = text
            .chars()
            .take(WIDTH - 1)
            .collect::<String>()
            .trim_end()
            .to_owned()
            + "…";
    }
    if count > 1 {
        format!("{text} (+{} more)", count - 1)
    } else {
        text
    }
}

fn group_text(group: &Group) -> String {
    let dot = dot(group_health(group));
    if group.paused {
        format!("{dot} {} (paused)", group.name)
    } else {
        format!("{dot} {}", group.name)
    }
}

fn group_health(group: &Group) -> Health {
    let best = group
        .members
        .iter()
        .map(|member| member.health)
        .max()
        .unwrap_or(Health::Out);
    if best == Health::Fine && !whole(group) {
        Health::Shaky
    } else {
        best
    }
}

fn dot(health: Health) -> char {
    match health {
        Health::Fine => '●',
        Health::Shaky => '◐',
        Health::Out => '○',
    }
}

fn provider_text(provider: &Provider) -> String {
    let mut text = format!("{} {}", dot(provider.health), provider.name);
    if let Some(latency) = provider.latency {
        let _ = write!(text, " · {} ms", latency.as_millis());
    }
    if let Some(resting) = provider.resting {
        let _ = write!(text, " · rests {}", roughly(resting));
    }
    text
}

/// A remaining time in steps that do not redraw the menu every second.
fn roughly(left: Duration) -> String {
    match left.as_secs() {
        0..=4 => "a moment".to_owned(),
        seconds @ 5..=59 => format!("{} s", seconds.div_ceil(5) * 5),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
#[path = "menu_tests.rs"]
pub(crate) mod tests;
