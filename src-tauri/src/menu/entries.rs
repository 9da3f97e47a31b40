//! The entries of the menu, from top to bottom.

use super::{CLIENT, Client, Entry, Facts, GROUP, Group, PROVIDER, chosen, words};
use crate::texts::Texts;

pub(super) fn menu(facts: &Facts, texts: &Texts) -> Vec<Entry> {
    let mut entries = news(facts, texts);
    entries.push(Entry::Separator);
    entries.extend(facts.groups.iter().map(|group| Entry::Check {
        id: format!("{GROUP}{}", group.name),
        text: words::group(group, texts),
        checked: group.name == facts.active_group,
    }));
    entries.push(Entry::Separator);
    if let Some(group) = chosen(facts) {
        entries.extend(of_chosen(group, texts));
    }
    entries.push(check("mode", texts.automatic, facts.auto));
    if let Some(on) = facts.practice_outage {
        entries.push(check("practice", texts.practice_outage, on));
    }
    entries.extend([
        Entry::Separator,
        Entry::Submenu {
            id: "clients".to_owned(),
            text: texts.clients.to_owned(),
            entries: clients(&facts.clients, texts),
        },
        line("copy", texts.copy),
        line("open", texts.open),
        Entry::Separator,
        check("autostart", texts.autostart, facts.autostart),
        line("quit", texts.quit),
    ]);
    entries
}

/// What is now, what is wrong, and what will be.
fn news(facts: &Facts, texts: &Texts) -> Vec<Entry> {
    let mut entries = vec![Entry::Line {
        id: "status".to_owned(),
        text: words::status_line(facts, texts),
        enabled: false,
    }];
    if let Some(problem) = facts.problems.first() {
        let text = words::problem(problem, facts.problems.len(), texts);
        entries.push(line("problem", &text));
    }
    if let Some(forecast) = &facts.forecast {
        entries.push(line("forecast", &words::forecast(forecast, texts)));
    }
    entries
}

/// The chosen group's providers, and what can be done with it.
fn of_chosen(group: &Group, texts: &Texts) -> [Entry; 2] {
    let members = group.members.iter();
    let providers = members.map(|member| {
        let text = words::provider(member, texts);
        line(&format!("{PROVIDER}{}", member.name), &text)
    });
    let verb = if group.paused {
        texts.resume
    } else {
        texts.pause
    };
    [
        Entry::Submenu {
            id: "providers".to_owned(),
            text: texts.providers.to_owned(),
            entries: providers.collect(),
        },
        line("pause", &verb(&group.name)),
    ]
}

fn clients(clients: &[Client], texts: &Texts) -> Vec<Entry> {
    let mut entries: Vec<Entry> = clients
        .iter()
        .map(|client| {
            let is_there = client.installed || client.connected;
            let text = if is_there {
                client.name.clone()
            } else {
                (texts.not_installed)(&client.name)
            };
            let id = format!("{CLIENT}{}", client.id);
            check(&id, &text, client.connected)
        })
        .collect();
    if !entries.is_empty() {
        entries.push(Entry::Separator);
    }
    entries.push(line("clients-more", texts.other_clients));
    entries
}

fn line(id: &str, text: &str) -> Entry {
    Entry::Line {
        id: id.to_owned(),
        text: text.to_owned(),
        enabled: true,
    }
}

fn check(id: &str, text: &str, checked: bool) -> Entry {
    Entry::Check {
        id: id.to_owned(),
        text: text.to_owned(),
        checked,
    }
}
