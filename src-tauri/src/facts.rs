//! From what the daemon tells to what the tray shows.
//!
//! The reading is pure (`of`); `gather` is the one place that asks the daemon.

use std::time::Duration;

use daemon::view::{self, Health as Told, Mode};
use daemon::{Daemon, Locale};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::menu::{Client, Facts, Forecast, Group, Health, Provider};

/// A limit that will be hit sooner was told by the vendor's minute, and is over as soon.
const SOON: SignedDuration = SignedDuration::from_mins(2);

/// What the app knows besides the daemon's state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Whether it starts at login.
    pub(crate) autostart: bool,
    /// The client programs, as they were last looked at.
    pub(crate) clients: Vec<Client>,
    /// The language of the menu.
    pub(crate) locale: Locale,
}

/// Asks the daemon for its state.
pub(crate) async fn gather(daemon: &Daemon, around: Around) -> Facts {
    let (status, groups, providers) = (
        daemon.status().await,
        daemon.groups().await,
        daemon.providers().await,
    );
    of(&status, &groups, &providers, around, &Zoned::now())
}

/// The client programs of this machine. This reads their settings files; one that cannot be read is no client.
pub(crate) async fn clients(daemon: &Daemon) -> Vec<Client> {
    match daemon.clients().await {
        Ok(standings) => standings
            .into_iter()
            .map(|standing| Client {
                id: standing.id.to_owned(),
                name: standing.name.to_owned(),
                installed: standing.installed,
                connected: standing.connected,
            })
            .collect(),
        Err(error) => {
            tracing::debug!(%error, "the client programs could not be looked at");
            Vec::new()
        }
    }
}

/// What the tray shows of a state of the daemon at `now`.
pub(crate) fn of(
    status: &view::Status,
    groups: &[view::Group],
    providers: &[view::Provider],
    around: Around,
    now: &Zoned,
) -> Facts {
    let practice = providers
        .iter()
        .any(|provider| provider.dialect == "practice");
    let forecasts = providers
        .iter()
        .filter_map(|provider| provider.forecast.as_ref());
    Facts {
        active_group: status.active_group.clone(),
        active_provider: status.active_provider.clone(),
        auto: status.mode == Mode::Auto,
        suspended: status.suspended,
        cost_today: status.today.cost_usd.clone(),
        groups: groups
            .iter()
            .map(|told| group(told, now.timestamp()))
            .collect(),
        problems: status
            .problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
        practice_outage: practice.then_some(status.practice_outage),
        autostart: around.autostart,
        forecast: first(forecasts, now),
        clients: around.clients,
        locale: around.locale,
    }
}

/// The limit that will be hit first, those of the next moments left out.
fn first<'a>(forecasts: impl Iterator<Item = &'a view::Forecast>, now: &Zoned) -> Option<Forecast> {
    let soonest = forecasts
        .filter(|told| told.at.duration_since(now.timestamp()) >= SOON)
        .min_by_key(|told| told.at)?;
    let at = soonest.at.to_zoned(now.time_zone().clone()).datetime();
    Some(Forecast {
        provider: soonest.provider.clone(),
        what: soonest.what.clone(),
        at,
        is_today: at.date() == now.date(),
    })
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
            lacks: None,
            cooling_until,
            resting: Vec::new(),
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
    fn the_first_limit_that_is_not_over_in_a_moment_is_told_by_the_local_clock() {
        let now: Zoned = "2026-11-22T23:30:00[Europe/Berlin]".parse().unwrap();
        let told = |provider: &str, minutes: i64| view::Forecast {
            at: now.timestamp() + SignedDuration::from_mins(minutes),
            what: "5h".to_owned(),
            scope: "provider".to_owned(),
            provider: provider.to_owned(),
            key: None,
            model: None,
        };
        let all = [told("late", 90), told("soon", 1), told("first", 20)];
        let got = first(all.iter(), &now).unwrap();
        assert_eq!((got.provider.as_str(), got.is_today), ("first", true));
        let got = first(all[..2].iter(), &now).unwrap();
        assert_eq!(got.at.to_string(), "2026-11-23T01:00:00");
        assert!(!got.is_today);
        assert_eq!(first(all[1..2].iter(), &now), None);
    }

    #[test]
    fn a_provider_not_tried_yet_counts_as_fine() {
        assert_eq!(
            provider(&member("p", 1, Told::Unknown, None), Timestamp::UNIX_EPOCH).health,
            Health::Fine
        );
    }
}
