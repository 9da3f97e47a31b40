//! When each provider is ill, and how: known beforehand, so that everybody meets the same faults.

use std::time::Duration;

use fastrand::Rng;

/// The providers; the first is the best.
pub(crate) const PROVIDERS: [&str; 4] = ["a", "b", "c", "d"];

/// A way of being ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody listens.
    Unreachable,
    /// 529.
    Overloaded,
    /// 500.
    Errors,
    /// 429 with the seconds left in `retry-after`.
    Limited,
    /// It takes the request and says nothing.
    Silent,
    /// It answers, ten times as slowly.
    Slow,
    /// It breaks off behind the first words.
    Cuts,
    /// 200, and an error inside.
    Fake,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Unreachable,
    Trouble::Overloaded,
    Trouble::Errors,
    Trouble::Limited,
    Trouble::Silent,
    Trouble::Slow,
    Trouble::Cuts,
    Trouble::Fake,
];

#[derive(Debug, Clone, Copy)]
struct Spell {
    from: Duration,
    until: Duration,
    trouble: Trouble,
}

/// The spells of each provider, in order.
#[derive(Debug)]
pub(crate) struct Weather {
    spells: [Vec<Spell>; PROVIDERS.len()],
}

/// Well for a quarter of an hour, ill for a minute and a half, on average.
const WELL: f64 = 900.0;
const ILL: f64 = 90.0;

impl Weather {
    /// The weather of so long a time.
    pub(crate) fn new(seed: u64, long: Duration) -> Self {
        let mut chance = Rng::with_seed(seed);
        let night = Spell {
            from: long / 2,
            until: long / 2 + Duration::from_mins(3),
            trouble: Trouble::Unreachable,
        };
        let spells = PROVIDERS.map(|_| {
            let mut spells = vec![night];
            let mut at = exponential(&mut chance, WELL);
            while at < long {
                let until = at + exponential(&mut chance, ILL);
                let trouble = TROUBLES[chance.usize(..TROUBLES.len())];
                let from = at;
                spells.push(Spell {
                    from,
                    until,
                    trouble,
                });
                at = until + exponential(&mut chance, WELL);
            }
            spells
        });
        Self { spells }
    }

    /// What is wrong with a provider at a time from the start, and for how long still.
    pub(crate) fn at(&self, provider: usize, time: Duration) -> Option<(Trouble, Duration)> {
        let is_now = |spell: &&Spell| spell.from <= time && time < spell.until;
        let spell = self.spells[provider].iter().find(is_now)?;
        Some((spell.trouble, spell.until.saturating_sub(time)))
    }
}

/// A time that is so long on average.
pub(crate) fn exponential(chance: &mut Rng, mean: f64) -> Duration {
    Duration::from_secs_f64(-mean * (1.0 - chance.f64()).ln())
}
