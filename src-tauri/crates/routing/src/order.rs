//! In which order a group's members are asked: its policy. Looks at who is well only to share out turns among those
//! who can take one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::health::ProviderHealth;
use crate::price::Foreseen;
use crate::topology::{Group, Member, Policy};

/// A time to first token counts half as much when this old, so that a slow provider is measured again some day.
const HALF_LIFE: Duration = Duration::from_mins(5);

/// What the policies that take turns remember of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns {
    /// Who served last.
    last: Option<Arc<str>>,
    /// How far each member is ahead of its share (smooth weighted round-robin).
    credit: HashMap<Arc<str>, i64>,
}

impl Board {
    /// The members of a group in the order in which its policy asks them; `of` is the request, where there is one.
    pub(crate) fn in_order<'a>(
        &self,
        group: &'a Group,
        of: Option<&Foreseen<'_>>,
        now: Instant,
    ) -> Vec<&'a Member> {
        let mut members = members_by_priority(group);
        match group.policy {
            Policy::Priority => {}
            Policy::RoundRobin => self.rotate(group, &mut members),
            Policy::Weighted => {
                // Stable: equals stay in the order of priority.
                members.sort_by_key(|member| std::cmp::Reverse(self.standing(group, member, now)));
            }
            Policy::LeastBusy => {
                self.rotate(group, &mut members);
                members.sort_by_key(|member| self.in_flight(&member.provider));
            }
            Policy::Fastest => {
                members.sort_by_key(|member| {
                    let health = self.health.get(&member.provider);
                    health.and_then(|health| faded(health, now))
                });
            }
            Policy::Cheapest => {
                let expected = |member: &Member| self.expected_cost(member, of?);
                // Where no price is known, by what the config says of the provider's.
                let factor = |member: &Member| self.provider(&member.provider).map(|it| it.cost);
                members.sort_by_cached_key(|member| match expected(member) {
                    Some(cost) => (false, cost, None),
                    None => (true, 0, factor(member)),
                });
            }
        }
        members
    }

    /// Begins behind the one that served last.
    fn rotate(&self, group: &Group, members: &mut [&Member]) {
        let last = self
            .turns
            .get(&group.name)
            .and_then(|turns| turns.last.as_ref());
        let served = |member: &&Member| Some(&member.provider) == last;
        if let Some(at) = members.iter().position(served) {
            members.rotate_left(at + 1);
        }
    }

    /// What a member's claim to the next turn is; those that cannot take one gather none.
    fn standing(&self, group: &Group, member: &Member, now: Instant) -> i64 {
        let credit = self
            .turns
            .get(&group.name)
            .and_then(|turns| turns.credit.get(&member.provider))
            .copied()
            .unwrap_or_default();
        if self.is_up(&member.provider, now) {
            credit + i64::from(member.weight)
        } else {
            credit
        }
    }

    /// A request goes to `provider` on behalf of a group: its turn is taken.
    pub(crate) fn take_turn(&mut self, group: &str, provider: &Arc<str>, now: Instant) {
        let topology = self.topology.clone();
        let Some(group) = topology.groups.iter().find(|one| *one.name == *group) else {
            return;
        };
        match group.policy {
            Policy::Priority | Policy::Fastest | Policy::Cheapest => return,
            Policy::RoundRobin | Policy::LeastBusy => {
                let turns = self.turns.entry(group.name.clone()).or_default();
                turns.last = Some(provider.clone());
                return;
            }
            Policy::Weighted => {}
        }
        let up: Vec<&Member> = group
            .members
            .iter()
            .filter(|member| member.provider == *provider || self.is_up(&member.provider, now))
            .collect();
        let turns = self.turns.entry(group.name.clone()).or_default();
        // Who cannot serve neither gathers credit nor keeps it: it would get a burst when it comes back.
        turns
            .credit
            .retain(|name, _| up.iter().any(|member| member.provider == *name));
        let mut all = 0;
        for member in up {
            all += i64::from(member.weight);
            *turns.credit.entry(member.provider.clone()).or_default() += i64::from(member.weight);
        }
        *turns.credit.entry(provider.clone()).or_default() -= all;
        // Whose model rests while others of it work gathers no burst either.
        for credit in turns.credit.values_mut() {
            *credit = (*credit).clamp(-all, all);
        }
    }

    /// Whether a provider as a whole can serve now.
    fn is_up(&self, name: &str, now: Instant) -> bool {
        let Some(provider) = self.provider(name) else {
            return false;
        };
        let health = self.health.get(&provider.name);
        let is_well = |health: &ProviderHealth| {
            let policy = &self.topology.breaker;
            let mut models = health.models.values().peekable();
            let any = models.peek().is_none() || models.any(|one| one.bar(policy, now).is_none());
            any && health.bar(provider, now).is_none()
        };
        self.is_enabled(provider)
            && health.is_none_or(is_well)
            && self.room(provider, now).is_none()
    }
}

/// Time to first token, faded by age; unknown comes first, so that everybody is measured.
fn faded(health: &ProviderHealth, now: Instant) -> Option<Duration> {
    let (ttft, at) = (health.ttft?, health.timed?);
    let age = now.saturating_duration_since(at).as_secs_f64() / HALF_LIFE.as_secs_f64();
    Some(ttft.mul_f64((-age).exp2()))
}

/// Lowest priority number first; ties keep file order.
fn members_by_priority(group: &Group) -> Vec<&Member> {
    let mut members = group.members.iter().collect::<Vec<_>>();
    members.sort_by_key(|member| member.priority);
    members
}
