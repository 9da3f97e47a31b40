//! The looks of the tray, without a tray.

use std::fmt::Write as _;

use jiff::civil::date;

use super::words::{cents, roughly};
use super::*;

fn provider(name: &str, health: Health) -> Provider {
    Provider {
        name: name.to_owned(),
        health,
        ..Provider::default()
    }
}

pub(crate) fn group(name: &str, members: &[(&str, Health)]) -> Group {
    Group {
        name: name.to_owned(),
        paused: false,
        members: members
            .iter()
            .map(|(name, health)| provider(name, *health))
            .collect(),
    }
}

fn client(id: &str, name: &str, connected: bool) -> Client {
    Client {
        id: id.to_owned(),
        name: name.to_owned(),
        installed: connected,
        connected,
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        active_group: "main".to_owned(),
        active_provider: Some("relay".to_owned()),
        auto: true,
        suspended: 0,
        cost_today: "0.4213".to_owned(),
        groups: vec![
            group("main", &[("relay", Health::Fine), ("router", Health::Fine)]),
            group("local", &[("ollama", Health::Fine)]),
        ],
        problems: Vec::new(),
        practice_outage: None,
        autostart: false,
        forecast: None,
        clients: vec![
            client("claude-code", "Claude Code", true),
            client("codex", "Codex", false),
        ],
        locale: Locale::En,
    }
}

fn text_of(tray: &Tray, wanted: &str) -> String {
    fn find(entries: &[Entry], wanted: &str) -> Option<String> {
        entries.iter().find_map(|entry| match entry {
            Entry::Line { id, text, .. } | Entry::Check { id, text, .. } if id == wanted => {
                Some(text.clone())
            }
            Entry::Submenu { id, text, .. } if id == wanted => Some(text.clone()),
            Entry::Submenu { entries, .. } => find(entries, wanted),
            _ => None,
        })
    }
    find(&tray.menu, wanted).unwrap_or_else(|| panic!("no entry {wanted} in {:#?}", tray.menu))
}

fn has(tray: &Tray, wanted: &str) -> bool {
    tray.menu.iter().any(
        |entry| matches!(entry, Entry::Line { id, .. } | Entry::Check { id, .. } if id == wanted),
    )
}

#[test]
fn the_first_line_tells_where_requests_go_and_what_the_day_cost() {
    assert_eq!(
        text_of(&tray(&facts()), "status"),
        "main → relay · $0.42 today"
    );
    let waiting = Facts {
        suspended: 2,
        active_provider: None,
        ..facts()
    };
    assert_eq!(
        text_of(&tray(&waiting), "status"),
        "main → no provider · $0.42 today · 2 waiting"
    );
}

#[test]
fn money_is_cut_to_cents_unless_that_would_hide_it() {
    assert_eq!(cents("0"), "0.00");
    assert_eq!(cents("12.3"), "12.30");
    assert_eq!(cents("0.00231"), "0.0023");
    assert_eq!(cents("3.999"), "3.99");
    assert_eq!(cents(""), "0.00");
}

#[test]
fn dots_tell_whether_all_some_or_no_providers_serve() {
    let mut facts = facts();
    assert_eq!(text_of(&tray(&facts), "group:main"), "● main");
    facts.groups[0].members[0].health = Health::Out;
    assert_eq!(text_of(&tray(&facts), "group:main"), "◐ main");
    facts.groups[0].members[1].health = Health::Out;
    assert_eq!(text_of(&tray(&facts), "group:main"), "○ main");
}

#[test]
fn a_provider_line_tells_latency_and_rest() {
    let mut facts = facts();
    let relay = &mut facts.groups[0].members[0];
    relay.latency = Some(Duration::from_millis(230));
    relay.resting = Some(Duration::from_secs(41));
    relay.health = Health::Out;
    assert_eq!(
        text_of(&tray(&facts), "provider:relay"),
        "○ relay · 230 ms · rests 45 s"
    );
}

#[test]
fn a_rest_is_told_in_coarse_steps() {
    assert_eq!(
        roughly(Duration::from_secs(3), texts(Locale::En)),
        "a moment"
    );
    assert_eq!(roughly(Duration::from_secs(56), texts(Locale::En)), "60 s");
    assert_eq!(roughly(Duration::from_secs(61), texts(Locale::En)), "2 min");
}

#[test]
fn each_state_has_its_icon() {
    let look = |facts: &Facts| tray(facts).look;
    assert_eq!(look(&facts()), Look::Ok);

    let mut shaky = facts();
    shaky.groups[0].members[1].health = Health::Out;
    assert_eq!(look(&shaky), Look::Degraded);

    let elsewhere = Facts {
        active_provider: Some("ollama".to_owned()),
        ..facts()
    };
    assert_eq!(look(&elsewhere), Look::Degraded, "another group serves");

    assert_eq!(
        look(&Facts {
            suspended: 1,
            ..facts()
        }),
        Look::Suspended
    );
    assert_eq!(
        look(&Facts {
            active_provider: None,
            ..facts()
        }),
        Look::Down
    );

    let mut paused = Facts {
        active_provider: None,
        ..facts()
    };
    paused.groups[0].paused = true;
    assert_eq!(look(&paused), Look::Paused);
}

#[test]
fn a_label_stands_beside_the_icon_only_when_something_is_wrong() {
    assert_eq!(tray(&facts()).label, "");
    assert_eq!(
        tray(&Facts {
            suspended: 3,
            ..facts()
        })
        .label,
        "3 waiting"
    );
}

#[test]
fn pause_turns_into_resume() {
    let mut facts = facts();
    assert_eq!(text_of(&tray(&facts), "pause"), "Pause main");
    facts.groups[0].paused = true;
    assert_eq!(text_of(&tray(&facts), "pause"), "Resume main");
    assert_eq!(text_of(&tray(&facts), "group:main"), "● main (paused)");
}

#[test]
fn the_practice_entry_is_there_only_with_a_practice_provider() {
    assert!(!has(&tray(&facts()), "practice"));
    assert!(has(
        &tray(&Facts {
            practice_outage: Some(false),
            ..facts()
        }),
        "practice"
    ));
}

#[test]
fn the_first_problem_is_told_and_the_others_counted() {
    let long = "The history cannot be written, since the disk that holds /home/me is full: free some space";
    let facts = Facts {
        problems: vec![long.to_owned(), "two".to_owned()],
        ..facts()
    };
    let text = text_of(&tray(&facts), "problem");
    assert_eq!(
        text,
        "⚠ The history cannot be written, since the disk that holds… (+1 more)"
    );
}

/// Every entry, those of submenus too.
fn all_entries(entries: &[Entry]) -> Vec<&Entry> {
    let mut all = Vec::new();
    for entry in entries {
        all.push(entry);
        if let Entry::Submenu { entries, .. } = entry {
            all.extend(all_entries(entries));
        }
    }
    all
}

#[test]
fn every_entry_that_can_be_clicked_is_understood() {
    for entry in all_entries(&tray(&everything(Locale::En)).menu) {
        match entry {
            Entry::Line {
                id, enabled: true, ..
            }
            | Entry::Check { id, .. } => {
                assert!(Choice::of(id).is_some(), "{id}");
            }
            Entry::Line { id, .. } => assert_eq!(Choice::of(id), None, "{id}"),
            Entry::Submenu { .. } | Entry::Separator => {}
        }
    }
    assert_eq!(
        Choice::of("group:my:group"),
        Some(Choice::Activate("my:group".to_owned()))
    );
}

#[test]
fn clicks_lead_to_the_page_about_what_was_clicked() {
    let page = |id| match Choice::of(id) {
        Some(Choice::Open(page)) => page,
        other => panic!("{id} opens no page but means {other:?}"),
    };
    assert_eq!(page("open"), None);
    assert_eq!(page("forecast").unwrap(), "/providers");
    assert_eq!(page("provider:a b").unwrap(), "/providers?provider=a%20b");
    assert_eq!(page::client("codex", false), "/clients?connect=codex");
    assert_eq!(page::client("codex", true), "/clients?disconnect=codex");
}

/// A state in which every entry and every part of every text is there.
fn everything(locale: Locale) -> Facts {
    let mut all = Facts {
        suspended: 2,
        problems: vec!["1".to_owned(), "2".to_owned()],
        practice_outage: Some(true),
        autostart: true,
        forecast: Some(Forecast {
            provider: "relay".to_owned(),
            what: "7d".to_owned(),
            at: date(2026, 11, 24).at(9, 5, 0, 0),
            is_today: false,
        }),
        locale,
        ..facts()
    };
    all.groups[0].paused = true;
    let relay = &mut all.groups[0].members[0];
    relay.health = Health::Shaky;
    relay.latency = Some(Duration::from_millis(231));
    let router = &mut all.groups[0].members[1];
    router.health = Health::Out;
    router.resting = Some(Duration::from_secs(41));
    all
}

/// The tray as a person sees it, drawn in text.
fn picture(tray: &Tray) -> String {
    fn draw(entries: &[Entry], indent: usize, out: &mut String) {
        for entry in entries {
            let (mark, text, below): (_, &str, &[Entry]) = match entry {
                Entry::Separator => ("   ", "────", &[]),
                Entry::Line { text, enabled, .. } => {
                    (if *enabled { "   " } else { " · " }, text, &[])
                }
                Entry::Check { text, checked, .. } => {
                    (if *checked { "[x]" } else { "[ ]" }, text, &[])
                }
                Entry::Submenu { text, entries, .. } => (" ▸ ", text, entries),
            };
            writeln!(out, "{:indent$}{mark} {text}", "").unwrap();
            draw(below, indent + 4, out);
        }
    }
    let mut out = format!("{:?} {:?}\n{}\n", tray.look, tray.label, tray.tooltip);
    draw(&tray.menu, 0, &mut out);
    out
}

#[test]
fn the_menu_in_each_state_and_language() {
    let mut degraded = facts();
    degraded.active_provider = Some("router".to_owned());
    degraded.groups[0].members[0].health = Health::Out;
    degraded.groups[0].members[0].resting = Some(Duration::from_secs(41));
    let mut down = facts();
    down.active_provider = None;
    for group in &mut down.groups {
        group
            .members
            .iter_mut()
            .for_each(|m| m.health = Health::Out);
    }
    let states = [
        ("ok", facts()),
        ("degraded", degraded),
        ("down", down),
        ("first_start", Facts::default()),
        ("everything", everything(Locale::En)),
    ];
    for (name, state) in states {
        let chinese = Facts {
            locale: Locale::ZhCn,
            ..state.clone()
        };
        let pictures = [picture(&tray(&state)), picture(&tray(&chinese))];
        insta::assert_snapshot!(name, pictures.join("\n"));
    }
}

#[test]
fn nothing_of_a_chinese_menu_is_left_in_english() {
    const NAMES: [&str; 11] = [
        "main", "local", "relay", "router", "ollama", "Claude", "Code", "Codex", "Turnout", "ms",
        "token",
    ];
    let shown = tray(&everything(Locale::ZhCn));
    let mut texts = vec![shown.label.clone(), shown.tooltip.clone()];
    texts.extend(
        all_entries(&shown.menu)
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Line { text, .. }
                | Entry::Check { text, .. }
                | Entry::Submenu { text, .. } => Some(text.clone()),
                Entry::Separator => None,
            }),
    );
    for text in texts {
        let mut foreign = text
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .filter(|word| !word.is_empty() && !NAMES.contains(word));
        assert_eq!(foreign.next(), None, "in {text:?}");
    }
}
