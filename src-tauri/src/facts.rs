//! From what the daemon tells to what the tray shows.
//!
//! The reading is pure (`of`); `gather` is the one place that asks the daemon.

use std::time::Duration;

use daemon::view::{self, Health as Told, Mode};
use jiff::Timestamp;

use crate::menu::{Facts, Group, Health, Provider};

/// Asks the daemon for its state.
pub(crate) async fn gather(daemon: &daemon::Daemon, autostart: bool) -> Facts {
    let (status, groups, providers) = (
        daemon.status().await,
        daemon.groups().await,
        daemon.providers().await,
    );
    of(&status, &groups, &providers, autostart, Timestamp::now())
}

/// What the tray shows of a state of the daemon at `now`.
pub(crate) fn of(
    status: &view::Status,
    groups: &[view::Group],
    providers: &[view::Provider],
    autostart: bool,
    now: Timestamp,
) -> Facts {
    let practice = providers
        .iter()
        .any(|provider| provider.dialect == "practice");
    Facts {
        active_group: status.active_group.clone(),
        active_provider: status.active_provider.clone(),
        auto: status.mode == Mode::Auto,
        suspended: status.suspended,
        cost_today: status.today.cost_usd.clone(),
        groups: groups.iter().map(|told| group(told, now)).collect(),
        problems: status
            .problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
        practice_outage: practice.then_some(status.practice_outage),
        autostart,
    }
}

fn group(told: &view::Group, now: Timestamp) -> Group {
    let mut members: Vec<&view::Member> = told.members.iter().collect();
    members.sort_by_key(|member| member.priority);
    Group {
        name: told.name.clone(),
        paused: told.paused,
        members: members
            .into_iter()
            .map(|member| provider(member, now))
            .collect(),
    }
}

fn provider(told: &view::Member, now: Timestamp) -> Provider {
    Provider {
        name: told.provider.clone(),
        health: match told.health {
            Told::Healthy | Told::Unknown => Health::Fine,
            Told::Degraded | Told::HalfOpen => Health::Shaky,
            Told::Open | Told::Cooling | Told::Disabled => Health::Out,
        },
        latency: told.ttft_ms.map(Duration::from_millis),
        resting: told
            .cooling_until
            .and_then(|until| Duration::try_from(until.duration_since(now)).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(
        name: &str,
        priority: i32,
        health: Told,
        cooling_until: Option<Timestamp>,
    ) -> view::Member {
        view::Member {
            provider: name.to_owned(),
            priority,
            weight: 1,
            health,
            cooling_until,
            ttft_ms: None,
            success_rate: None,
        }
    }

    #[test]
    fn members_stand_in_the_order_they_are_tried() {
        let told = view::Group {
            name: "main".to_owned(),
            active: true,
            paused: false,
            state: view::GroupState::Active,
            policy: "priority".to_owned(),
            cooling_until: None,
            members: vec![
                member("second", 2, Told::Healthy, None),
                member("first", 1, Told::Open, None),
            ],
        };
        let got = group(&told, Timestamp::UNIX_EPOCH);
        let names: Vec<&str> = got
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["first", "second"]);
        assert_eq!(got.members[0].health, Health::Out);
    }

    #[test]
    fn a_rest_that_is_over_is_not_told() {
        let now = Timestamp::from_second(1_000).unwrap();
        let until = |second| Some(Timestamp::from_second(second).unwrap());
        let resting = |second| provider(&member("p", 1, Told::Cooling, until(second)), now).resting;
        assert_eq!(resting(1_030), Some(Duration::from_secs(30)));
        assert_eq!(resting(990), None);
    }

    #[test]
    fn a_provider_not_tried_yet_counts_as_fine() {
        assert_eq!(
            provider(&member("p", 1, Told::Unknown, None), Timestamp::UNIX_EPOCH).health,
            Health::Fine
        );
    }
}
