//! The rows of each pane, as they are picked and filtered. Pure.

use daemon::view::{Group, LogLine, Member, Provider, Request, Suspended};

use super::facts::{Facts, Trouble, asked, under_way};
use super::order::by_priority;

/// A part of the screen that lists things of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Groups,
    Providers,
    Requests,
    Waiting,
    Troubles,
    Log,
}

impl Pane {
    /// In the order of the screen and of the number keys.
    pub(crate) const ALL: [Self; 6] = [
        Self::Groups,
        Self::Providers,
        Self::Requests,
        Self::Waiting,
        Self::Troubles,
        Self::Log,
    ];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Groups => "Groups",
            Self::Providers => "Providers",
            Self::Requests => "Requests",
            Self::Waiting => "Waiting",
            Self::Troubles => "Failures",
            Self::Log => "Log",
        }
    }

    /// The one so many places further, around the end.
    pub(crate) fn step(self, by: isize) -> Self {
        let count = Self::ALL.len() as isize;
        let place = (self.index() as isize + by).rem_euclid(count);
        Self::ALL[place as usize]
    }
}

/// One line of a pane.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    Group(&'a Group),
    Member(&'a Group, &'a Member),
    Provider(&'a Provider),
    Request(&'a Request),
    Waiting(&'a Suspended),
    Trouble(&'a Trouble),
    Line(&'a LogLine),
}

impl<'a> Row<'a> {
    /// What it is known by while rows come and go.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Group(group) => group.name.clone(),
            // No name of the config holds a control character.
            Self::Member(group, member) => format!("{}\n{}", group.name, member.provider),
            Self::Provider(provider) => provider.name.clone(),
            Self::Request(request) => request.id.clone(),
            Self::Waiting(waiting) => waiting.id.clone(),
            Self::Trouble(trouble) => format!("{} {}", trouble.at, trouble.who),
            Self::Line(line) => line.id.to_string(),
        }
    }

    /// The group that it is, or is in.
    pub(crate) fn group(&self) -> Option<&'a Group> {
        match self {
            Self::Group(group) | Self::Member(group, _) => Some(group),
            _ => None,
        }
    }

    /// The provider that it is about.
    pub(crate) fn provider(&self) -> Option<&'a str> {
        match self {
            Self::Member(_, member) => Some(&member.provider),
            Self::Provider(provider) => Some(&provider.name),
            _ => None,
        }
    }

    /// The request that it is about.
    pub(crate) fn request(&self) -> Option<&'a str> {
        match self {
            Self::Request(request) => Some(&request.id),
            Self::Waiting(waiting) => Some(&waiting.id),
            Self::Trouble(trouble) => trouble.request.as_deref(),
            _ => None,
        }
    }

    /// Whether a text, in small letters, occurs in it.
    fn has(&self, text: &str) -> bool {
        let any = |words: &[&str]| words.iter().any(|word| word.to_lowercase().contains(text));
        let of = |word: &'a Option<String>| word.as_deref().unwrap_or_default();
        match self {
            Self::Group(group) => {
                let mut members = group.members.iter();
                any(&[&group.name]) || members.any(|member| any(&[&member.provider]))
            }
            Self::Member(group, member) => any(&[&group.name, &member.provider]),
            Self::Provider(one) => any(&[&one.name, &one.dialect, &one.base_url]),
            Self::Request(one) => any(&[
                &one.id,
                &one.status,
                asked(one),
                of(&one.model_used),
                of(&one.client),
                of(&one.provider),
                of(&one.reason),
                of(&one.error),
            ]),
            Self::Waiting(one) => any(&[&one.id, &one.model_requested, &one.reason]),
            Self::Trouble(one) => any(&[&one.what, &one.who, &one.why]),
            Self::Line(one) => any(&[&one.level, &one.target, &one.message]),
        }
    }
}

/// The rows of a pane in which `filter` occurs.
pub(crate) fn rows<'a>(facts: &'a Facts, pane: Pane, filter: &str) -> Vec<Row<'a>> {
    let filter = filter.to_lowercase();
    let mut rows = all(facts, pane);
    if !filter.is_empty() {
        rows.retain(|row| row.has(&filter));
    }
    rows
}

fn all(facts: &Facts, pane: Pane) -> Vec<Row<'_>> {
    match pane {
        Pane::Groups => {
            let groups = facts.groups.iter();
            let with_members = groups.flat_map(|group| {
                let members = by_priority(group).into_iter();
                let members = members.map(move |member| Row::Member(group, member));
                std::iter::once(Row::Group(group)).chain(members)
            });
            with_members.collect()
        }
        Pane::Providers => facts.providers.iter().map(Row::Provider).collect(),
        Pane::Requests => {
            let (running, ended): (Vec<&Request>, Vec<&Request>) =
                facts.requests.iter().partition(|row| under_way(row));
            running.into_iter().chain(ended).map(Row::Request).collect()
        }
        Pane::Waiting => facts.waiting.iter().map(Row::Waiting).collect(),
        Pane::Troubles => facts.troubles.iter().map(Row::Trouble).collect(),
        Pane::Log => facts.log.iter().map(Row::Line).collect(),
    }
}
