//! After sleep, and on another network, open connections are dead without knowing it and what is known of providers is
//! out of date: both are dropped then. The desktop app hears of it from the system; what no system tells is seen by the
//! clocks here.

use std::time::{Duration, Instant, SystemTime};

use crate::handle::Daemon;

/// Between two looks at the clocks.
const TICK: Duration = Duration::from_secs(5);
/// A look that comes so much later than it was due has slept through the time between.
const LATE: Duration = Duration::from_secs(15);

/// Why nothing that was known before is sure to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The machine slept.
    Slept,
    /// It is on another network, or on one again.
    Network,
}

impl Daemon {
    /// Drops idle connections to providers and has those that broke looked at anew, at once.
    pub async fn woken(&self, why: Woken) {
        let instance = self.instance();
        // A change of the config puts connections into place too.
        let _one = instance.reloading.lock().await;
        let told = match why {
            Woken::Slept => "the machine slept",
            Woken::Network => "the network changed",
        };
        match instance.gateway.reconnect() {
            Ok(()) => tracing::info!("{told}: connections to providers are made anew"),
            Err(error) => tracing::error!("{told}, but no new connections can be made: {error}"),
        }
        instance.nudge();
    }
}

/// Looks at the clocks until the instance stops.
pub(crate) async fn watch(daemon: Daemon) {
    let stop = daemon.stopping();
    let mut clocks = Clocks::at(SystemTime::now(), Instant::now());
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => return,
        }
        if clocks.slept(SystemTime::now(), Instant::now()) {
            daemon.woken(Woken::Slept).await;
        }
    }
}

/// When the clocks were looked at last.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    wall: SystemTime,
    awake: Instant,
}

impl Clocks {
    fn at(wall: SystemTime, awake: Instant) -> Self {
        Self { wall, awake }
    }

    /// Whether the machine slept since the last look. The wall's clock goes on meanwhile; the monotonic one stands still
    /// or goes on, as the system has it, so that the later of both counts. A wall's clock that was put forward looks the
    /// same, and does no harm.
    fn slept(&mut self, wall: SystemTime, awake: Instant) -> bool {
        let by_wall = wall.duration_since(self.wall).unwrap_or_default();
        let by_awake = awake.saturating_duration_since(self.awake);
        *self = Self { wall, awake };
        by_wall.max(by_awake) >= TICK + LATE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Whether these passings of the two clocks between two looks mean that the machine slept.
    fn slept(by_wall: Duration, by_awake: Duration) -> bool {
        let (wall, awake) = (SystemTime::now(), Instant::now());
        Clocks::at(wall, awake).slept(wall + by_wall, awake + by_awake)
    }

    #[test]
    fn a_night_is_seen_whether_or_not_the_monotonic_clock_stands_still() {
        assert!(slept(HOUR * 8, TICK));
        assert!(slept(HOUR * 8, HOUR * 8));
        assert!(slept(TICK + LATE, TICK));
    }

    #[test]
    fn a_look_that_is_a_little_late_is_no_sleep() {
        assert!(!slept(TICK, TICK));
        assert!(!slept(TICK * 2, TICK * 2));
    }

    #[test]
    fn a_clock_that_is_put_back_is_no_sleep() {
        let (wall, awake) = (SystemTime::now(), Instant::now());
        assert!(!Clocks::at(wall, awake).slept(wall - HOUR, awake + TICK));
    }

    #[test]
    fn one_night_is_one_sleep() {
        let (wall, awake) = (SystemTime::now(), Instant::now());
        let mut clocks = Clocks::at(wall, awake);
        assert!(clocks.slept(wall + HOUR, awake + TICK));
        assert!(!clocks.slept(wall + HOUR + TICK, awake + TICK * 2));
    }
}
