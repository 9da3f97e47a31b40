//! `[[groups]]`: who is in them, and in which order.

use std::ops::Range;

use super::{
    super::{
        model::{Group, Member, Provider},
        raw,
        reader::{At, suggestion},
        words::Policy,
    },
    Check, or,
};

/// The group that stands for all providers where the config has no group.
const IMPLICIT: &str = "default";

pub(super) fn groups(
    check: &mut Check<'_>,
    document: &raw::Document,
    providers: &[Provider],
) -> Vec<Group> {
    let list = document
        .groups
        .as_ref()
        .filter(|list| !list.value.is_empty());
    let Some(list) = list else {
        return implicit(check, document, providers);
    };
    let mut names = Vec::new();
    let mut groups = Vec::new();
    for At { span, value } in &list.value {
        let group = group(check, value, span, providers);
        if let (false, Some(at)) = (group.name.is_empty(), &value.name) {
            check.unique(&mut names, &group.name, &at.span, "group");
        }
        groups.push(group);
    }
    groups
}

fn implicit(check: &mut Check<'_>, document: &raw::Document, providers: &[Provider]) -> Vec<Group> {
    let span = document
        .groups
        .as_ref()
        .map_or(0..0, |list| list.span.clone());
    if !providers.is_empty() {
        check.notice(
            &span,
            &format!("there is no group, so one called \"{IMPLICIT}\" holds all providers in the order of the file"),
        );
    }
    let members = providers
        .iter()
        .zip(1..)
        .map(|(provider, priority)| Member {
            provider: provider.name.clone(),
            priority,
            weight: 1,
        })
        .collect();
    vec![Group {
        name: IMPLICIT.to_owned(),
        policy: Policy::Priority,
        cooldown: None,
        members,
    }]
}

fn group(
    check: &mut Check<'_>,
    raw: &raw::Group,
    span: &Range<usize>,
    providers: &[Provider],
) -> Group {
    let name = check.name(&raw.name, span, "name").unwrap_or_default();
    let mut members: Vec<Member> = Vec::new();
    let list = raw.members.as_ref();
    if list.is_none_or(|list| list.value.is_empty()) {
        let place = list.map_or(span, |list| &list.span);
        check.missing(
            place,
            format!("group \"{name}\" has no members; add {{ provider = \"NAME\" }} to `members`"),
        );
    }
    for At { span, value } in list.iter().flat_map(|list| &list.value) {
        let Some(member) = member(check, value, span, providers) else {
            continue;
        };
        if members
            .iter()
            .any(|other| other.provider == member.provider)
        {
            let place = value.provider.as_ref().map_or(span, |at| &at.span);
            check.tell(
                place,
                format!(
                    "group \"{name}\" holds provider \"{}\" twice",
                    member.provider
                ),
            );
        } else {
            members.push(member);
        }
    }
    Group {
        name,
        policy: or(&raw.policy, Policy::Priority),
        cooldown: raw.cooldown.as_ref().map(|at| at.value.0),
        members,
    }
}

fn member(
    check: &mut Check<'_>,
    raw: &raw::Member,
    span: &Range<usize>,
    providers: &[Provider],
) -> Option<Member> {
    let weight = check.some(&raw.weight, 1, "weight");
    let priority = raw.priority.as_ref().map_or(1, |at| {
        i32::try_from(at.value).unwrap_or_else(|_| {
            check.tell(
                &at.span,
                "`priority` must be between -2147483648 and 2147483647",
            );
            1
        })
    });
    let provider = check.need(&raw.provider, span, "provider")?;
    let place = raw.provider.as_ref().map_or(span, |at| &at.span);
    check.provider_exists(&provider, place, providers);
    Some(Member {
        provider,
        priority,
        weight,
    })
}

impl Check<'_> {
    /// Tells a provider that is named but not there.
    pub(super) fn provider_exists(
        &mut self,
        name: &str,
        span: &Range<usize>,
        providers: &[Provider],
    ) {
        // A provider whose name was refused may be the one that is meant.
        if !providers
            .iter()
            .any(|provider| provider.name == name || provider.name.is_empty())
        {
            let known: Vec<&str> = providers
                .iter()
                .map(|provider| provider.name.as_str())
                .collect();
            self.tell(
                span,
                format!(
                    "there is no provider \"{name}\"; {}",
                    suggestion(name, &known)
                ),
            );
        }
    }

    /// Tells a group that is named but not there.
    pub(super) fn group_exists(&mut self, name: &str, span: &Range<usize>, groups: &[Group]) {
        if !groups
            .iter()
            .any(|group| group.name == name || group.name.is_empty())
        {
            let known: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
            self.tell(
                span,
                format!("there is no group \"{name}\"; {}", suggestion(name, &known)),
            );
        }
    }
}
