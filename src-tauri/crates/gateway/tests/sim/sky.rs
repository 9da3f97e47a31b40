//! The weather over the providers, and what each of them does in it: the truth that the gateway cannot see.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialects::Dialect;
use tokio::time::Instant;

use crate::play::Play;

/// How a provider is doing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Weather {
    /// It answers everything.
    Well,
    /// A part of what it is asked goes wrong, each time in another way.
    Flaky(f64),
    /// Everything goes wrong in the same way.
    Ill(Play),
}

/// A provider, seen from above.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) dialect: Dialect,
    pub(crate) weather: Weather,
    /// Since when it has answered everything, its owner has let it serve, and its limits have not mattered.
    pub(crate) good: Option<Instant>,
    /// Since when it has shown itself to be usable.
    pub(crate) usable: Option<Instant>,
    /// Its last trouble said how long it lasts, or was its key's: it rests for as long.
    pub(crate) rests_long: bool,
    /// It once refused a key, and may be thought to refuse it still: nobody waits for that to pass.
    pub(crate) refused: bool,
    /// Since when its owner has let it serve.
    pub(crate) enabled: Option<Instant>,
    /// It may be full, or leave the settings: what it could do proves nothing.
    pub(crate) unsure: bool,
}

/// One request of the gateway's to a provider.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) request: usize,
    pub(crate) provider: Arc<str>,
    pub(crate) play: Play,
    /// Tokens that it tells, or told the beginning of.
    pub(crate) usage: dialects::Usage,
    /// When the gateway wanted no more of it.
    pub(crate) closed: Option<Instant>,
}

/// Everything above the gateway.
#[derive(Debug, Default)]
pub(crate) struct Sky {
    pub(crate) places: HashMap<Arc<str>, Place>,
    /// Since when each group has been in service.
    pub(crate) groups: HashMap<Arc<str>, Option<Instant>>,
    pub(crate) members: HashMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) sendings: Vec<Sending>,
    /// How often each request was sent.
    pub(crate) asked: HashMap<usize, u64>,
}

impl Sky {
    /// Changes the weather over a provider.
    pub(crate) fn turn(&mut self, name: &str, weather: Weather, now: Instant) {
        let Some(place) = self.places.get_mut(name) else {
            return;
        };
        place.rests_long |= match &weather {
            Weather::Well => false,
            Weather::Flaky(_) => true,
            Weather::Ill(play) => play.rests_long(),
        };
        let is_well = weather == Weather::Well;
        place.good = (is_well && place.enabled.is_some()).then(|| match place.weather {
            Weather::Well => place.good.unwrap_or(now),
            _ => now,
        });
        place.weather = weather;
    }

    /// Its owner lets it serve, or does not.
    pub(crate) fn enable(&mut self, name: &str, enabled: bool, now: Instant) {
        if let Some(place) = self.places.get_mut(name)
            && place.enabled.is_some() != enabled
        {
            place.enabled = enabled.then_some(now);
            place.good = (enabled && place.weather == Weather::Well).then_some(now);
        }
    }

    /// A provider that could have served a request of this scope all the time since `began`, and showed it; or, where
    /// requests wait, for so long that it ought to have been found out.
    pub(crate) fn owed<'a>(
        &'a self,
        scope: &'a Scope,
        began: Instant,
        ended: Instant,
        waited: Duration,
    ) -> Option<&'a Arc<str>> {
        /// A provider that broke is looked at every half second while somebody waits.
        const FOUND_WITHIN: Duration = Duration::from_secs(40);
        let found = ended - waited.min(FOUND_WITHIN);
        let serves = |place: &Place| {
            let long_since = |at: Option<Instant>, by: Instant| at.is_some_and(|at| at <= by);
            let is_sure = long_since(place.good, began);
            let is_known = long_since(place.usable, began);
            let is_found = !place.rests_long && waited >= FOUND_WITHIN;
            !place.unsure && (is_sure && is_known || is_found && long_since(place.good, found))
        };
        self.in_service(scope, began)
            .find(|name| serves(&self.places[*name]))
    }

    /// Providers in this scope whose owners have let them serve since then.
    pub(crate) fn in_service<'a>(
        &'a self,
        scope: &'a Scope,
        since: Instant,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        let long_since = move |at: Option<Instant>| at.is_some_and(|at| at <= since);
        let is_meant = |group: &Arc<str>| match scope {
            Scope::Group(name) if name != group => false,
            _ => long_since(self.groups[group]),
        };
        let names: Vec<&Arc<str>> = if let Scope::Provider(name) = scope {
            vec![name]
        } else {
            let groups = self.members.iter().filter(|(name, _)| is_meant(name));
            groups.flat_map(|(_, members)| members).collect()
        };
        let names = names.into_iter();
        names.filter(move |name| long_since(self.places[*name].enabled))
    }
}

/// Where a request may go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    All,
    Group(Arc<str>),
    Provider(Arc<str>),
}
