//! A rest after a failure: of a key, of a provider, or of one model at a provider.
//!
//! Knows nothing about who rests or why.

use std::time::{Duration, Instant};

/// Doubling ends here, unless the configured cooldown itself is longer.
const LONGEST: Duration = Duration::from_mins(10);

/// No upstream is believed that it wants to be left alone for longer than this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24 * 31);

/// Whether something rests, and how often it has had to since it last worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cooldown {
    until: Option<Instant>,
    repeats: u32,
    /// The upstream said itself how long.
    wished: bool,
}

impl Cooldown {
    /// Starts a rest: as long as the upstream asked for, else `base` doubled by the rests since
    /// it last worked.
    ///
    /// What comes in during a rest began before it, so that it is no repeat; a longer wish of the
    /// upstream prolongs the rest all the same. Answers the end of a rest that has just begun.
    pub(crate) fn rest(
        &mut self,
        base: Duration,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<Instant> {
        let wish = retry_after.map(|wish| now + wish.min(LONGEST_RETRY_AFTER));
        if let Some(until) = self.until(now) {
            self.wished |= wish > Some(until);
            self.until = wish.max(Some(until));
            return None;
        }
        self.wished = wish.is_some();
        let until = wish.unwrap_or_else(|| now + doubled(base, self.repeats));
        self.until = Some(until);
        self.repeats = self.repeats.saturating_add(1);
        self.until(now)
    }

    /// It worked: the next rest is a first one again. A rest that is under way goes on, as what
    /// worked began before it.
    pub(crate) fn worked(&mut self, now: Instant) {
        if self.until(now).is_none() {
            *self = Self::default();
        }
    }

    /// The end of the rest that is under way.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// The end of a rest whose length the upstream did not name: it may have recovered before.
    pub(crate) fn guessed(&self, now: Instant) -> Option<Instant> {
        self.until(now).filter(|_| !self.wished)
    }

    /// Ends such a rest now; the next one is longer all the same.
    pub(crate) fn cut_short(&mut self) {
        if !self.wished {
            self.until = None;
        }
    }

    /// Whether it has failed since it last worked.
    pub(crate) fn is_marked(&self) -> bool {
        self.repeats > 0
    }
}

/// `base` doubled `times` times, at most ten minutes or `base`.
pub(crate) fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(times))
        .min(LONGEST.max(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_on_each_repeat_up_to_ten_minutes() {
        let mut now = Instant::now();
        let mut cooldown = Cooldown::default();
        let mut rests = Vec::new();
        for _ in 0..6 {
            let until = cooldown.rest(60 * SECOND, None, now).unwrap();
            rests.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(rests, [60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn a_cooldown_longer_than_ten_minutes_is_kept_as_it_is() {
        assert_eq!(doubled(Duration::from_hours(1), 3), Duration::from_hours(1));
    }

    #[test]
    fn retry_after_wins_over_doubling_in_both_directions() {
        let now = Instant::now();
        for wish in [SECOND, 7200 * SECOND] {
            let mut cooldown = Cooldown::default();
            assert_eq!(
                cooldown.rest(60 * SECOND, Some(wish), now),
                Some(now + wish)
            );
        }
    }

    #[test]
    fn failures_that_arrive_during_a_rest_neither_double_nor_restart_it() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        let until = cooldown.rest(60 * SECOND, None, now).unwrap();
        assert_eq!(cooldown.rest(60 * SECOND, None, now + SECOND), None);
        assert_eq!(cooldown.until(now), Some(until));
        assert_eq!(
            cooldown.rest(60 * SECOND, None, until),
            Some(until + 120 * SECOND)
        );
    }

    #[test]
    fn a_longer_retry_after_prolongs_a_rest_and_a_shorter_one_does_not() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        cooldown.rest(60 * SECOND, None, now);
        cooldown.rest(60 * SECOND, Some(90 * SECOND), now);
        cooldown.rest(60 * SECOND, Some(5 * SECOND), now);
        assert_eq!(cooldown.until(now), Some(now + 90 * SECOND));
    }

    #[test]
    fn a_success_resets_the_doubling_but_does_not_end_a_rest() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        let until = cooldown.rest(60 * SECOND, None, now).unwrap();
        cooldown.worked(now + SECOND);
        assert_eq!(cooldown.until(now + SECOND), Some(until));
        cooldown.worked(until);
        assert_eq!(
            cooldown.rest(60 * SECOND, None, until),
            Some(until + 60 * SECOND)
        );
    }

    #[test]
    fn an_absurd_retry_after_does_not_overflow() {
        let now = Instant::now();
        let until = Cooldown::default()
            .rest(SECOND, Some(Duration::MAX), now)
            .unwrap();
        assert_eq!(until - now, LONGEST_RETRY_AFTER);
    }
}
