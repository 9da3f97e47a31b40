//! What a person tells a running instance to do. Each command is kept across restarts where it should be, and its
//! changes are published.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use routing::{Board, Change, UnknownGroup};

use crate::choices::Choices;
use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::settings::{self, Dialect, edit};
use crate::view::{self, Group, Mode, Provider};

impl Daemon {
    /// Chooses a group, and resumes it if it was paused.
    pub fn activate(&self, group: &str) -> Result<Group, CommandError> {
        self.choose_group(group, None)
    }

    /// Chooses a group for a budget, which is remembered until somebody chooses one.
    pub(crate) fn take_over(&self, group: &str, budget: &str) -> Result<Group, CommandError> {
        self.choose_group(group, Some(budget))
    }

    fn choose_group(&self, group: &str, budget: Option<&str>) -> Result<Group, CommandError> {
        self.steer(group, |board, choices, now| {
            let before = board.chosen().to_owned();
            let changes = board.choose(group, now)?;
            choices.choose(group, &before, budget, Timestamp::now());
            Ok(changes)
        })
    }

    /// Takes a group out until it is resumed.
    pub fn pause(&self, group: &str) -> Result<Group, CommandError> {
        self.steer(group, |board, choices, now| {
            let changes = board.pause(group, now)?;
            choices.paused.insert(group.to_owned());
            Ok(changes)
        })
    }

    /// Brings a paused group back.
    pub fn resume(&self, group: &str) -> Result<Group, CommandError> {
        self.steer(group, |board, choices, now| {
            let changes = board.resume(group, now)?;
            choices.paused.remove(group);
            Ok(changes)
        })
    }

    /// Whether failover may leave the chosen group.
    pub fn set_mode(&self, mode: Mode) {
        self.instance()
            .gateway
            .board(|board, _| board.set_mode(mode.into()));
        self.choose(|choices| choices.mode = Some(mode));
        tracing::info!("mode is {mode}");
        self.instance().nudge();
    }

    /// Switches a provider on or off.
    pub async fn set_enabled(
        &self,
        provider: &str,
        enabled: bool,
    ) -> Result<Provider, CommandError> {
        let switched = self
            .instance()
            .gateway
            .board(|board, _| board.set_enabled(provider, enabled));
        switched.map_err(|_| no_such("provider", provider))?;
        let in_config = self
            .loaded()
            .settings
            .provider(provider)
            .map(|config| config.enabled);
        self.choose(|choices| {
            if in_config == Some(enabled) {
                choices.enabled.remove(provider);
            } else {
                choices.enabled.insert(provider.to_owned(), enabled);
            }
        });
        self.instance().nudge();
        self.provider(provider).await
    }

    /// Forgets breakers and cooldowns of a provider.
    pub async fn reset(&self, provider: &str) -> Result<Provider, CommandError> {
        let changes = self
            .instance()
            .gateway
            .board(|board, now| board.reset(provider, now));
        self.changed(&changes.map_err(|_| no_such("provider", provider))?);
        self.provider(provider).await
    }

    /// Sets how providers share the traffic of their groups, in the config; all of them or none. Answers the groups.
    pub async fn set_weights(
        &self,
        weights: BTreeMap<String, u32>,
    ) -> Result<Vec<Group>, CommandError> {
        let instance = self.instance();
        if let Some(problem) = instance.config_problem().clone() {
            let told = format!("the config has a mistake and cannot be changed now: {problem}");
            return Err(CommandError::Refused(told));
        }
        let loaded = self.loaded();
        for provider in weights.keys() {
            if loaded.settings.provider(provider).is_none() {
                return Err(no_such("provider", provider));
            }
            let groups = &loaded.settings.groups;
            let is_it = |member: &settings::Member| member.provider == *provider;
            if !groups.iter().any(|group| group.members.iter().any(is_it)) {
                let told = format!("{provider} is in no group, so that it has no weight");
                return Err(CommandError::Invalid(told));
            }
        }
        let _edit = instance.editing.lock().await;
        let config = instance.place.config.clone();
        let edited = tokio::task::spawn_blocking(move || edit::set_weights(&config, &weights));
        let changed = edited
            .await
            .map_err(|error| CommandError::Refused(error.to_string()))?
            .map_err(|error| CommandError::Refused(error.to_string()))?;
        if changed {
            self.reload().await.map_err(CommandError::Refused)?;
        }
        Ok(self.groups().await)
    }

    /// Makes a practice provider fail (the one that serves, if one does), or all serve again. Without any, nothing
    /// happens.
    pub fn practice_outage(&self, on: bool) {
        let serving = self
            .look()
            .0
            .serving
            .map(|serving| serving.to_string())
            .filter(|name| self.is_practice(name));
        let hit = on.then(|| serving.unwrap_or_default());
        let is_changed = {
            let _noting = self.noting();
            self.instance().practice.set_outage(hit.as_deref())
        };
        if is_changed {
            tracing::info!("the practice outage is {}", if on { "on" } else { "off" });
        }
        self.instance().nudge();
    }

    fn choose<T>(&self, change: impl FnOnce(&mut Choices) -> T) -> T {
        let _noting = self.noting();
        self.instance().kept.change(change)
    }

    /// What a client needs to call this instance.
    pub fn connect(&self) -> view::Connect {
        let loaded = self.loaded();
        let token = loaded.client_token(Timestamp::now());
        view::Connect::to(&self.base_url(), token)
    }

    /// Notice kinds that the config wants shown.
    pub fn notifications(&self) -> Vec<view::NoticeKind> {
        use crate::settings::NoticeKind as Written;
        let wanted = self.loaded().settings.desktop.notifications.clone();
        let kind = |written| match written {
            Written::Failover => view::NoticeKind::Failover,
            Written::Recovery => view::NoticeKind::Recovery,
            Written::AllDown => view::NoticeKind::AllDown,
            Written::Auth => view::NoticeKind::Auth,
            Written::Budget => view::NoticeKind::Budget,
        };
        wanted.into_iter().map(kind).collect()
    }

    /// Settles the board on what was chosen before, as far as the config still has it.
    pub(crate) fn restore(&self) {
        let choices = self.instance().kept.get();
        self.instance().gateway.board(|board, now| {
            // What the config no longer has is left out; so are the changes, which are no news.
            if let Some(group) = &choices.group {
                let _ = board.choose(group, now);
            }
            for group in &choices.paused {
                let _ = board.pause(group, now);
            }
            if let Some(mode) = choices.mode {
                board.set_mode(mode.into());
            }
            for (provider, enabled) in &choices.enabled {
                let _ = board.set_enabled(provider, *enabled);
            }
        });
    }

    fn is_practice(&self, provider: &str) -> bool {
        self.loaded()
            .settings
            .provider(provider)
            .is_some_and(|config| config.dialect == Dialect::Practice)
    }

    /// Changes the board and what is kept of it in one step: of two who choose at the same time, whoever is the last on
    /// the board is the one who is kept.
    fn steer(
        &self,
        group: &str,
        act: impl FnOnce(&mut Board, &mut Choices, Instant) -> Result<Vec<Change>, UnknownGroup>,
    ) -> Result<Group, CommandError> {
        let changes = self.choose(|choices| {
            let gateway = &self.instance().gateway;
            gateway.board(|board, now| act(board, choices, now))
        });
        self.changed(&changes.map_err(|_| no_such("group", group))?);
        self.group(group)
    }
}
