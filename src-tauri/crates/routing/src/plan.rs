//! From an ask to the ordered places that could serve it. Looks at the config, not at health:
//! that is looked at when a place's turn comes.

use std::sync::Arc;
use std::time::Instant;

use crate::board::Board;
use crate::resolve::Name;
use crate::step::{Ask, Pin, Skipped};
use crate::topology::{Dialect, Group, Mode, Provider};

/// A model at a provider, on behalf of a group; with a key it becomes a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) group: Arc<str>,
    /// Rank of the group within the plan.
    pub(crate) rank: usize,
    pub(crate) provider: Arc<str>,
    pub(crate) model: Arc<str>,
    /// The name sent differs from what the client wrote.
    pub(crate) renamed: bool,
}

/// Where a request may go, in order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) places: Vec<Place>,
    /// What the config alone rules out.
    pub(crate) ruled_out: Vec<Skipped>,
    /// Somebody said where to go: says nothing about where other traffic goes.
    pub(crate) pinned: bool,
    /// A pinned provider serves even if its group is paused.
    pub(crate) ignores_pause: bool,
}

/// Where an ask goes, after pins in the model name are taken out of it.
enum Scope<'a> {
    Anywhere,
    Group(&'a str),
    Provider(&'a str),
}

impl Board {
    pub(crate) fn plan(&self, ask: &Ask, now: Instant) -> Plan {
        let (scope, name) = self.scope(ask);
        let mut plan = Plan {
            pinned: !matches!(scope, Scope::Anywhere),
            ..Plan::default()
        };
        match scope {
            Scope::Provider(wanted) => match self.provider(wanted) {
                Some(provider) => {
                    plan.ignores_pause = true;
                    let group = self.home(&provider.name);
                    self.add(&mut plan, ask, name, provider, (group, 0));
                }
                None => plan.rule_out(wanted, format!("there is no provider named {wanted:?}")),
            },
            Scope::Group(wanted) => match self.group(wanted) {
                Some(group) => self.add_group(&mut plan, ask, name, (group, 0), now),
                None => plan.rule_out(wanted, format!("there is no group named {wanted:?}")),
            },
            Scope::Anywhere => {
                for (rank, group) in self.serving_order().enumerate() {
                    self.add_group(&mut plan, ask, name, (group, rank), now);
                }
            }
        }
        plan
    }

    /// The chosen group, then (in auto mode) the others in file order. Paused ones included.
    pub(crate) fn group_order(&self) -> impl Iterator<Item = &Group> {
        let groups = &self.topology.groups;
        let is_chosen = |group: &&Group| group.name == self.chosen;
        let others = groups
            .iter()
            .filter(move |group| self.mode == Mode::Auto && !is_chosen(group));
        groups.iter().find(is_chosen).into_iter().chain(others)
    }

    /// The groups that serve in this order. Canned text in the middle of real work would be worse than an error, so that
    /// a group of stand-ins only serves where it is chosen.
    pub(crate) fn serving_order(&self) -> impl Iterator<Item = &Group> {
        let practises = self.is_chosen_practice();
        let serves = move |(rank, group): &(usize, &Group)| {
            *rank == 0 || practises || !self.is_practice(group)
        };
        self.group_order()
            .enumerate()
            .filter(serves)
            .map(|(_, group)| group)
    }

    /// Whether a group has nothing but the built-in stand-in.
    fn is_practice(&self, group: &Group) -> bool {
        let dialect = |provider: &str| Some(self.provider(provider)?.dialect);
        let mut members = group
            .members
            .iter()
            .filter_map(|member| dialect(&member.provider))
            .peekable();
        members.peek().is_some() && members.all(|dialect| dialect == Dialect::Practice)
    }

    fn is_chosen_practice(&self) -> bool {
        self.group(&self.chosen)
            .is_some_and(|group| self.is_practice(group))
    }

    fn scope<'a>(&self, ask: &'a Ask) -> (Scope<'a>, Name<'a>) {
        let model = ask.model.as_str();
        if let Some(Pin::Provider(provider)) = &ask.pin {
            return (Scope::Provider(provider), Name::new(model));
        }
        if let Some((prefix, rest)) = model.split_once('/')
            && self.provider(prefix).is_some()
        {
            return (Scope::Provider(prefix), Name::new(rest));
        }
        let (in_name, name) = match model.strip_prefix("group:") {
            Some(group) => (Some(group), Name::new("big")),
            None => (None, Name::new(model)),
        };
        match (&ask.pin, in_name) {
            (Some(Pin::Group(group)), _) => (Scope::Group(group), name),
            (_, Some(group)) => (Scope::Group(Name::new(group).base()), name),
            _ => (Scope::Anywhere, name),
        }
    }

    /// An ask that a person sends elsewhere: what its model name pinned it to is taken out of the name.
    pub fn redirected(&self, ask: &Ask, pin: Pin) -> Ask {
        let (scope, _) = self.scope(ask);
        let model = match (scope, ask.model.split_once('/')) {
            (Scope::Provider(provider), Some((prefix, rest))) if prefix == provider => rest,
            _ if ask.model.starts_with("group:") => "big",
            _ => &ask.model,
        };
        Ask {
            model: model.to_owned(),
            pin: Some(pin),
            ..ask.clone()
        }
    }

    /// The group a pinned provider is shown under: the first in order that has it.
    fn home(&self, provider: &str) -> Arc<str> {
        let has = |group: &&Group| {
            group
                .members
                .iter()
                .any(|member| *member.provider == *provider)
        };
        let home = self
            .group_order()
            .find(has)
            .or_else(|| self.topology.groups.iter().find(has));
        home.map_or_else(|| "".into(), |group| group.name.clone())
    }

    fn add_group(
        &self,
        plan: &mut Plan,
        ask: &Ask,
        name: Name<'_>,
        (group, rank): (&Group, usize),
        now: Instant,
    ) {
        for member in self.in_order(group, now) {
            match self.provider(&member.provider) {
                Some(provider) => self.add(plan, ask, name, provider, (group.name.clone(), rank)),
                None => plan.rule_out(
                    &member.provider,
                    format!("in group {:?} but not among the providers", group.name),
                ),
            }
        }
    }

    fn add(
        &self,
        plan: &mut Plan,
        ask: &Ask,
        name: Name<'_>,
        provider: &Provider,
        (group, rank): (Arc<str>, usize),
    ) {
        if let Some(only) = ask.only
            && provider.dialect != only
            && provider.dialect != Dialect::Practice
        {
            let why = format!("speaks {}, and only {only} has this call", provider.dialect);
            return plan.rule_out(&provider.name, why);
        }
        let models = self
            .lexicons
            .get(&provider.name)
            .map(|lexicon| lexicon.models(&name))
            .unwrap_or_default();
        plan.places.extend(models.into_iter().map(|model| Place {
            group: group.clone(),
            rank,
            provider: provider.name.clone(),
            renamed: *model != *ask.model,
            model,
        }));
    }
}

impl Plan {
    fn rule_out(&mut self, provider: &str, why: String) {
        let skipped = Skipped {
            provider: provider.into(),
            model: None,
            key: None,
            why,
        };
        if !self.ruled_out.contains(&skipped) {
            self.ruled_out.push(skipped);
        }
    }
}
