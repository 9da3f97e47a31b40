//! Watches for changes of status, groups and providers and publishes what changed; the status also as a heartbeat.

use std::time::Duration;

use tokio::time::Instant;

use crate::handle::Daemon;
use crate::view::{Group, Payload, Provider, Status};

/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Changes that come together are told together.
const TOGETHER: Duration = Duration::from_millis(50);
/// Between two looks at most, however much happens.
const APART: Duration = Duration::from_millis(200);

/// Publishes until the instance stops.
pub(crate) async fn publish(daemon: Daemon) {
    let stop = daemon.stopping();
    let mut told = Told {
        status: None,
        beat: Instant::now(),
        groups: daemon.groups().await,
        providers: daemon.providers().await,
    };
    loop {
        tokio::select! {
            () = daemon.instance().nudged() => tokio::time::sleep(TOGETHER).await,
            () = tokio::time::sleep_until(told.beat + HEARTBEAT) => {}
            () = stop.cancelled() => return,
        }
        told.look(&daemon).await;
        tokio::time::sleep(APART).await;
    }
}

/// What was published last.
struct Told {
    status: Option<Status>,
    beat: Instant,
    groups: Vec<Group>,
    providers: Vec<Provider>,
}

impl Told {
    async fn look(&mut self, daemon: &Daemon) {
        let (groups, providers) = (daemon.groups().await, daemon.providers().await);
        for group in groups.iter().filter(|group| !self.groups.contains(group)) {
            daemon
                .feed()
                .publish(Payload::Group(Box::new(group.clone())));
        }
        for provider in providers
            .iter()
            .filter(|provider| !self.providers.contains(provider))
        {
            daemon
                .feed()
                .publish(Payload::Provider(Box::new(provider.clone())));
        }
        (self.groups, self.providers) = (groups, providers);
        let due = self.beat.elapsed() >= HEARTBEAT;
        if due {
            self.beat = Instant::now();
        }
        if daemon.feed().is_watched() {
            self.tell_status(daemon.status().await, due, daemon);
        }
    }

    fn tell_status(&mut self, status: Status, due: bool, daemon: &Daemon) {
        let comparable = Status {
            uptime: 0,
            ..status.clone()
        };
        if self
            .status
            .as_ref()
            .is_none_or(|told| told.today != status.today)
        {
            daemon.feed().publish(Payload::Usage(status.today.clone()));
        }
        if due || self.status.as_ref() != Some(&comparable) {
            self.beat = Instant::now();
            daemon.feed().publish(Payload::Status(Box::new(status)));
            self.status = Some(comparable);
        }
    }
}
