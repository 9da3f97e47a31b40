//! Groups by model: several providers serve several models, each model in an order of its own.

use crate::found::{Group, Member, Reading, Rule, Target, When};
use crate::names::fitting;

/// Who serves what is asked for by this glob, the first goes first.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) place: String,
    pub(crate) glob: String,
    pub(crate) members: Vec<Member>,
}

/// Makes a group of all providers, and for each route that has another order a group and a rule of its own.
pub(crate) fn settle(
    found: &mut Reading<'_>,
    place: &str,
    all: &[Member],
    policy: Option<&str>,
    routes: Vec<Route>,
) {
    let policy = policy.map(str::to_owned);
    let name = found.kind.group();
    let name = found.group_names.give(name, place, &mut found.report);
    let mut made = vec![(all.to_vec(), name.clone())];
    found.group(
        place,
        Group {
            name,
            policy: policy.clone(),
            cooldown: None,
            members: all.to_vec(),
        },
    );
    let is_usual = |members: &[Member]| order(members) == order(all);
    if routes.iter().all(|route| is_usual(&route.members)) {
        return;
    }
    for route in routes {
        let known = made.iter().find(|(members, _)| *members == route.members);
        let group = if let Some((_, name)) = known {
            name.clone()
        } else {
            let wish = fitting(route.glob.trim_matches('*'));
            let name = found
                .group_names
                .give(&wish, &route.place, &mut found.report);
            let group = Group {
                name: name.clone(),
                policy: policy.clone(),
                cooldown: None,
                members: route.members.clone(),
            };
            found.group(&route.place, group);
            made.push((route.members, name.clone()));
            name
        };
        let name = found
            .rule_names
            .give(&route.glob, &route.place, &mut found.report);
        let rule = Rule {
            name,
            when: When {
                model: Some(route.glob),
                ..When::default()
            },
            target: Target {
                group: Some(group),
                ..Target::default()
            },
        };
        found.rule(&route.place, rule);
    }
}

/// The providers by rank, as priorities are only compared.
fn order(members: &[Member]) -> Vec<(usize, &str)> {
    let mut ranks: Vec<i64> = members.iter().map(|member| member.priority).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let rank = |member: &Member| ranks.iter().position(|rank| *rank == member.priority);
    let mut order: Vec<(usize, &str)> = members
        .iter()
        .map(|member| (rank(member).unwrap_or_default(), &*member.provider))
        .collect();
    order.sort_unstable();
    order
}
