//! From an ask to the ordered places that could serve it. Looks at the config, not at health:
//! that is looked at when a place's turn comes.

use std::sync::Arc;
use std::time::Instant;

use crate::board::Board;
use crate::price::Foreseen;
use crate::resolve::Name;
use crate::step::{Ask, Pin, Prefer, Skipped};
use crate::topology::{Dialect, Group, Mode, Policy, Provider, Topology};

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
#[derive(Debug, Clone, Default)]
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
                    match self.home(ask, &provider.name) {
                        Some(group) => self.add(&mut plan, ask, name, provider, (group, 0)),
                        None => plan.rule_out(wanted, OUT_OF_BOUNDS),
                    }
                }
                None => plan.rule_out(wanted, format!("there is no provider named {wanted:?}")),
            },
            Scope::Group(wanted) => match self.group(wanted) {
                Some(group) if !ask.may_reach(&group.name) => plan.rule_out("", OUT_OF_BOUNDS),
                Some(group) => self.add_group(&mut plan, ask, name, (group, 0), now),
                None => plan.rule_out(wanted, format!("there is no group named {wanted:?}")),
            },
            Scope::Anywhere => self.add_all(&mut plan, ask, name, now),
        }
        plan
    }

    /// What is preferred, then the rest.
    fn add_all(&self, plan: &mut Plan, ask: &Ask, name: Name<'_>, now: Instant) {
        let prefer = ask.prefer.as_ref();
        let group = prefer
            .and_then(|it| it.group.as_deref())
            .and_then(|group| self.group(group))
            .filter(|group| ask.may_reach(&group.name));
        let provider = prefer
            .and_then(|it| it.provider.as_deref())
            .and_then(|provider| self.provider(provider));
        let home = provider.and_then(|provider| self.home(ask, &provider.name));
        let provider = provider.filter(|_| home.is_some());
        let is_preferred = group.is_some() || provider.is_some();
        plan.pinned = is_preferred && self.mode == Mode::Manual;
        if let Some(provider) = provider {
            let has = |group: &&Group| has_member(group, &provider.name);
            let named = group.filter(has).map(|group| group.name.clone());
            let home = named.or(home).unwrap_or_default();
            self.add(plan, ask, name, provider, (home, 0));
            if self.mode == Mode::Manual && group.is_none() {
                return;
            }
        }
        // A model that is wanted of a provider is no name to others.
        let of_provider = prefer.is_some_and(|it| it.provider.is_some() && it.model.is_some());
        let name = if of_provider {
            Name::new(&ask.model)
        } else {
            name
        };
        let preferred = plan.places.len();
        let first = group.map_or_else(|| self.first_for(ask), |group| &*group.name);
        let ranks = usize::from(provider.is_some())..;
        let serving = self.serving_from(first);
        let serving = serving.filter(|group| ask.may_reach(&group.name));
        for (rank, group) in ranks.zip(serving) {
            self.add_group(plan, ask, name, (group, rank), now);
        }
        if let Some(provider) = provider {
            let rest = plan.places.split_off(preferred);
            let others = rest.into_iter().filter(|it| it.provider != provider.name);
            plan.places.extend(others);
        }
    }

    /// The chosen group, or the first that may serve an ask which that one may not.
    fn first_for<'a>(&'a self, ask: &Ask) -> &'a str {
        if ask.may_reach(&self.chosen) {
            return &self.chosen;
        }
        let mut groups = self.topology.groups.iter();
        let first = groups.find(|group| ask.may_reach(&group.name));
        first.map_or(&*self.chosen, |group| &*group.name)
    }

    /// The chosen group, then (in auto mode) the others in file order. Paused ones included.
    pub(crate) fn group_order(&self) -> impl Iterator<Item = &Group> {
        self.groups_from(&self.chosen)
    }

    /// The same with another group in the place of the chosen one.
    fn groups_from<'a>(&'a self, first: &'a str) -> impl Iterator<Item = &'a Group> {
        let groups = &self.topology.groups;
        let is_first = move |group: &&Group| *group.name == *first;
        let others = groups
            .iter()
            .filter(move |group| self.mode == Mode::Auto && !is_first(group));
        groups.iter().find(is_first).into_iter().chain(others)
    }

    /// The groups that serve in this order where nothing is preferred.
    pub(crate) fn serving_order(&self) -> impl Iterator<Item = &Group> {
        self.serving_from(&self.chosen)
    }

    /// The groups that serve, one first. Canned text in the middle of real work would be worse than an error, so that a
    /// group of stand-ins only serves where it is chosen or first.
    fn serving_from<'a>(&'a self, first: &'a str) -> impl Iterator<Item = &'a Group> {
        let practises = self.is_chosen_practice();
        let serves = move |(rank, group): &(usize, &Group)| {
            *rank == 0 || practises || !self.is_practice(group)
        };
        self.groups_from(first)
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
        let model = ask.wanted();
        if let Some(Pin::Provider(provider)) = &ask.pin {
            return (Scope::Provider(provider), Name::new(model));
        }
        let (in_name, name) = match self.topology.pin_in(model) {
            Some((Narrow::Provider(provider), rest)) => {
                return (Scope::Provider(provider), Name::new(rest));
            }
            Some((Narrow::Group(group), big)) => (Some(group), Name::new(big)),
            None => (None, Name::new(model)),
        };
        match (&ask.pin, in_name) {
            (Some(Pin::Group(group)), _) => (Scope::Group(group), name),
            (_, Some(group)) => (Scope::Group(group), name),
            _ => (Scope::Anywhere, name),
        }
    }

    /// An ask that a person sends elsewhere: what its model name pinned it to is taken out of the name, and what a rule
    /// preferred is forgotten.
    pub fn redirected(&self, ask: &Ask, pin: Pin) -> Ask {
        let plain = Ask {
            prefer: None,
            groups: None,
            ..ask.clone()
        };
        let (scope, _) = self.scope(&plain);
        let model = match (scope, ask.model.split_once('/')) {
            (Scope::Provider(provider), Some((prefix, rest))) if prefix == provider => Some(rest),
            _ if ask.model.starts_with("group:") => Some("big"),
            _ => None,
        };
        let prefer = model.map(|model| Prefer {
            model: Some(model.to_owned()),
            ..Prefer::default()
        });
        Ask {
            pin: Some(pin),
            prefer,
            ..plain
        }
    }

    /// The group that a provider is shown under where no group was asked for: the first in order that has it, one that
    /// is not paused before one that is; no name where none has it. `None` if the ask may not reach it.
    fn home(&self, ask: &Ask, provider: &str) -> Option<Arc<str>> {
        let has = |group: &&Group| has_member(group, provider) && ask.may_reach(&group.name);
        let is_up = |group: &&Group| !self.paused.contains(&group.name);
        let home = self
            .group_order()
            .filter(is_up)
            .find(has)
            .or_else(|| self.group_order().find(has))
            .or_else(|| self.topology.groups.iter().find(has));
        match home {
            Some(group) => Some(group.name.clone()),
            None => ask.groups.is_none().then(|| "".into()),
        }
    }

    fn add_group(
        &self,
        plan: &mut Plan,
        ask: &Ask,
        name: Name<'_>,
        (group, rank): (&Group, usize),
        now: Instant,
    ) {
        let is_cheapest = group.policy == Policy::Cheapest;
        let home = is_cheapest.then(|| self.home_of(ask, now)).flatten();
        let of = Foreseen {
            ask,
            name,
            home: home.as_ref(),
        };
        for member in self.in_order(group, Some(&of), now) {
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
        if ask.barred.contains(&provider.name) {
            return plan.rule_out(&provider.name, NO_LOGIN);
        }
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

fn has_member(group: &Group, provider: &str) -> bool {
    let mut members = group.members.iter();
    members.any(|member| *member.provider == *provider)
}

/// Why a place is not tried that the ask is barred from.
const NO_LOGIN: &str =
    "it is asked with its client's own login, which a request that is sent again does not have";

/// Why a place is not tried whose group may not serve the ask.
const OUT_OF_BOUNDS: &str = "the client token may not reach it";

/// A pin that is part of a model's name.
enum Narrow<'a> {
    Provider(&'a str),
    Group(&'a str),
}

impl Topology {
    /// Whether path or model name say where a request goes, so that no rule has a say in it.
    pub fn is_pinned(&self, ask: &Ask) -> bool {
        ask.pin.is_some() || self.pin_in(&ask.model).is_some()
    }

    /// The place out of its groups that an ask wants to go to, by its path, its model's name or a rule.
    pub fn out_of_bounds(&self, ask: &Ask) -> Option<String> {
        ask.groups.as_ref()?;
        let reaches = |provider: &str| {
            let mut groups = self.groups.iter();
            groups.any(|group| has_member(group, provider) && ask.may_reach(&group.name))
        };
        let (pinned_group, pinned_provider) = match &ask.pin {
            Some(Pin::Group(group)) => (Some(group.as_str()), None),
            Some(Pin::Provider(provider)) => (None, Some(provider.as_str())),
            None => (None, None),
        };
        let (named_group, named_provider) = match self.pin_in(ask.wanted()) {
            Some((Narrow::Group(group), _)) => (Some(group), None),
            Some((Narrow::Provider(provider), _)) => (None, Some(provider)),
            None => (None, None),
        };
        let prefer = ask.prefer.as_ref();
        let groups = [
            pinned_group,
            named_group,
            prefer.and_then(|it| it.group.as_deref()),
        ];
        let providers = [
            pinned_provider,
            named_provider,
            prefer.and_then(|it| it.provider.as_deref()),
        ];
        let group = groups.into_iter().flatten().find(|it| !ask.may_reach(it));
        let provider = providers.into_iter().flatten().find(|it| !reaches(it));
        let group = group.map(|name| format!("the group {name:?}"));
        group.or_else(|| provider.map(|name| format!("the provider {name:?}")))
    }

    /// The pin in a model's name, and what the name is without it.
    fn pin_in<'a>(&self, model: &'a str) -> Option<(Narrow<'a>, &'a str)> {
        if let Some((prefix, rest)) = model.split_once('/')
            && self.provider(prefix).is_some()
        {
            return Some((Narrow::Provider(prefix), rest));
        }
        let group = model.strip_prefix("group:")?;
        // A group alone means its best.
        Some((Narrow::Group(Name::new(group).base()), "big"))
    }
}

impl Plan {
    fn rule_out(&mut self, provider: &str, why: impl Into<String>) {
        let skipped = Skipped {
            provider: provider.into(),
            model: None,
            key: None,
            why: why.into(),
        };
        if !self.ruled_out.contains(&skipped) {
            self.ruled_out.push(skipped);
        }
    }
}
