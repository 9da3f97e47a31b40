//! What a running instance looks like: status, groups, providers, keys. Changes nothing.

use jiff::Zoned;
use routing::View;

use crate::handle::{CommandError, Daemon};
use crate::lifecycle::ledger_place;
use crate::settings::{Provider as Config, Settings};
use crate::view::board::{self, Clocks};
use crate::view::{
    Group, GroupSummary, Key, Problem, ProblemKind, Provider, Status, Suspended, Takeover, Today,
};

impl Daemon {
    /// What `GET /api/v1/status` answers.
    pub async fn status(&self) -> Status {
        let (view, clocks) = self.look();
        let instance = self.instance();
        let practice_outage = instance.practice.outage();
        let config_problem = instance.config_problem().clone();
        let today = self.today().await;
        let groups = view.groups.iter().map(|group| board::group(group, clocks));
        Status {
            version: crate::VERSION.to_owned(),
            uptime: instance.since.elapsed().as_secs(),
            mode: view.mode.into(),
            active_group: view.chosen.to_string(),
            takeover: self.takeover(&view),
            active_provider: view.serving.as_deref().map(ToOwned::to_owned),
            serving_group: serving_group(&view),
            in_flight: instance.gateway.in_flight() as u64,
            suspended: instance.gateway.waiting() as u64,
            resting: board::rests(&view, clocks),
            groups: groups
                .map(|group| GroupSummary {
                    name: group.name,
                    state: group.state,
                })
                .collect(),
            budgets: self.budgets(),
            forecast: view
                .providers
                .iter()
                .filter_map(|provider| provider.forecasts.first())
                .min_by_key(|forecast| forecast.at)
                .map(|forecast| board::forecast(forecast, clocks)),
            problems: self.problems(),
            config_problem,
            listen: instance.address.to_string(),
            base_url: self.base_url(),
            practice_outage,
            today,
        }
    }

    /// The budget that chose the active group.
    fn takeover(&self, view: &View) -> Option<Takeover> {
        let choices = self.instance().kept.get();
        let is_active = choices.group.as_deref() == Some(&*view.chosen);
        let taken = choices.taken.filter(|_| is_active)?;
        let is_there = view.groups.iter().any(|group| *group.name == *taken.from);
        Some(Takeover {
            budget: taken.by,
            from: is_there.then_some(taken.from),
            since: taken.at,
        })
    }

    /// What `GET /api/v1/suspended` answers.
    pub fn suspended(&self) -> Vec<Suspended> {
        let waiting = self.instance().gateway.suspended();
        waiting
            .iter()
            .enumerate()
            .map(|(index, waits)| Suspended::of(index + 1, waits))
            .collect()
    }

    /// What `GET /api/v1/groups` answers.
    #[allow(clippy::unused_async)] // callers need not know that nothing is waited for
    pub async fn groups(&self) -> Vec<Group> {
        let (view, clocks) = self.look();
        view.groups
            .iter()
            .map(|group| board::group(group, clocks))
            .collect()
    }

    /// The providers' names, in the order of the config.
    pub fn provider_names(&self) -> Vec<String> {
        let loaded = self.loaded();
        let providers = loaded.settings.providers.iter();
        providers.map(|provider| provider.name.clone()).collect()
    }

    /// What `GET /api/v1/providers` answers.
    #[allow(clippy::unused_async)] // callers need not know that nothing is waited for
    pub async fn providers(&self) -> Vec<Provider> {
        let (view, clocks) = self.look();
        let loaded = self.loaded();
        let providers = view.providers.iter();
        providers
            .filter_map(|told| {
                let config = loaded.settings.provider(&told.name)?;
                let groups = groups_with(&loaded.settings, &told.name);
                Some(board::provider(
                    told,
                    config,
                    self.base_url_of(config),
                    groups,
                    clocks,
                ))
            })
            .collect()
    }

    /// What `GET /api/v1/keys` answers.
    pub fn keys(&self) -> Vec<Key> {
        let (view, clocks) = self.look();
        let loaded = self.loaded();
        let providers = loaded.settings.providers.iter();
        providers
            .flat_map(|provider| {
                let told = view
                    .providers
                    .iter()
                    .find(|told| *told.name == *provider.name);
                board::keys(provider, told, &loaded.keys, clocks)
            })
            .collect()
    }

    pub(crate) fn group(&self, name: &str) -> Result<Group, CommandError> {
        let (view, clocks) = self.look();
        let found = view.groups.iter().find(|group| *group.name == *name);
        found
            .map(|group| board::group(group, clocks))
            .ok_or_else(|| no_such("group", name))
    }

    pub(crate) async fn provider(&self, name: &str) -> Result<Provider, CommandError> {
        let found = self
            .providers()
            .await
            .into_iter()
            .find(|provider| provider.name == name);
        found.ok_or_else(|| no_such("provider", name))
    }

    /// The board, and the clocks to read it by.
    pub(crate) fn look(&self) -> (View, Clocks) {
        let instance = self.instance();
        let (view, now) = instance.gateway.board(|board, now| (board.view(now), now));
        (view, instance.clocks(now))
    }

    fn base_url_of(&self, config: &Config) -> String {
        let built_in = || self.instance().practice.base_url(&config.name);
        config
            .base_url
            .clone()
            .or_else(built_in)
            .unwrap_or_default()
    }

    fn problems(&self) -> Vec<Problem> {
        let instance = self.instance();
        let mut problems = instance.standing.clone();
        if let Some(message) = instance.config_problem().clone() {
            problems.push(Problem {
                kind: ProblemKind::Config,
                message,
            });
        }
        problems.extend(self.needs_restart());
        if let Some(health) = instance
            .ledger
            .as_ref()
            .map(ledger::Ledger::health)
            .filter(|health| health.degraded)
        {
            let message = health
                .last_error
                .unwrap_or_else(|| "the history cannot be written".to_owned());
            problems.push(Problem {
                kind: ProblemKind::Ledger,
                message,
            });
        }
        problems.extend(self.loaded().problems.iter().cloned());
        problems
    }

    /// What the config says otherwise than at the start, and what is only read there.
    fn needs_restart(&self) -> Vec<Problem> {
        let (instance, loaded) = (self.instance(), self.loaded());
        let settings = &loaded.settings;
        let (wanted, bound) = (settings.server.listen, instance.address);
        let mut told = Vec::new();
        // Port 0 was given any free port.
        let same = wanted == bound || (wanted.port() == 0 && wanted.ip() == bound.ip());
        if !same && !instance.address_given {
            told.push(format!(
                "server.listen is {wanted} in the config, but Turnout listens on {bound} until it is restarted"
            ));
        }
        if settings.log != instance.log {
            told.push(
                "[log] was changed in the config, but Turnout logs as before until it is restarted"
                    .to_owned(),
            );
        }
        let now = ledger_place(&instance.place, &settings.ledger.url);
        let then = &instance.ledger_place;
        if let Ok(now) = now
            && now != *then
        {
            let said = |place: &Option<ledger::Place>| {
                place
                    .as_ref()
                    .map_or_else(|| "no history".to_owned(), ToString::to_string)
            };
            let (now, then) = (said(&now), said(then));
            told.push(format!(
                "ledger.url means {now} in the config, but it stays {then} until Turnout is restarted"
            ));
        }
        let problem = |message| Problem {
            kind: ProblemKind::Restart,
            message,
        };
        told.into_iter().map(problem).collect()
    }

    /// Sums since midnight, from the ledger; without it, since the start and without cost.
    async fn today(&self) -> Today {
        let Some(ledger) = &self.instance().ledger else {
            return self.instance().live().sums();
        };
        let midnight = Zoned::now()
            .start_of_day()
            .map_or(0, |start| start.timestamp().as_millisecond());
        match ledger.today(midnight).await {
            Ok(totals) => Today {
                requests: totals.requests,
                failures: totals.failures,
                input_tokens: totals.tokens.input_tokens,
                output_tokens: totals.tokens.output_tokens,
                cache_read_tokens: totals.tokens.cache_read_tokens,
                cache_write_tokens: totals.tokens.cache_write_tokens,
                reasoning_tokens: totals.tokens.reasoning_tokens,
                cost_usd: totals.cost_usd.to_string(),
            },
            Err(error) => {
                tracing::warn!(
                    "the sums of today cannot be read, those since the start are shown: {error}"
                );
                self.instance().live().sums()
            }
        }
    }
}

pub(crate) fn no_such(what: &str, name: &str) -> CommandError {
    // What a thing is called may have more words than the command that lists it.
    let command = what.split(' ').next_back().unwrap_or(what);
    CommandError::NotFound(format!(
        "there is no {what} named {name:?}; `{} {command}s` lists them",
        crate::program()
    ))
}

fn serving_group(view: &View) -> Option<String> {
    let serving = view.serving.as_ref()?;
    let has = |group: &&routing::GroupView| {
        !group.paused && group.members.iter().any(|one| one.provider == *serving)
    };
    let chosen = view.groups.iter().filter(|group| group.active).find(has);
    chosen
        .or_else(|| view.groups.iter().find(has))
        .map(|group| group.name.to_string())
}

fn groups_with(settings: &Settings, provider: &str) -> Vec<String> {
    let has = |group: &&crate::settings::Group| {
        group
            .members
            .iter()
            .any(|member| member.provider == provider)
    };
    settings
        .groups
        .iter()
        .filter(has)
        .map(|group| group.name.clone())
        .collect()
}
