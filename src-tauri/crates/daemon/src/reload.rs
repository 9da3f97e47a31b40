//! The config while it changes: a valid one is taken in whole, a broken one changes nothing and is told.

use std::path::Path;
use std::time::Duration;

use crate::audit::Noted;
use crate::handle::Daemon;
use crate::loaded::Loaded;
use crate::place::Place;
use crate::secrets::{self, Keychain, Resolved, Resolver};
use crate::settings::watch::{self, Watch};
use crate::settings::{self, Problem, Settings, itemized};

/// A locked keychain is asked again after this long, then with growing pauses.
const ASK_AGAIN: Duration = Duration::from_secs(15);
const ASK_AGAIN_MAX: Duration = Duration::from_mins(5);
/// Problems of a config that one message tells.
const TOLD: usize = 5;

/// As [`gather`]; logs what is to be looked at.
pub(crate) async fn load(
    place: &Place,
    text: String,
    settings: Settings,
    keychain: &Keychain,
    resolver: &Resolver,
) -> (Loaded, Resolved) {
    let (loaded, found) = gather(place, text, settings, keychain, resolver).await;
    loaded.log();
    (loaded, found)
}

/// Fetches the secrets of settings, after moving those that stand in the file into the keychain.
async fn gather(
    place: &Place,
    mut text: String,
    mut settings: Settings,
    keychain: &Keychain,
    resolver: &Resolver,
) -> (Loaded, Resolved) {
    let moved = secrets::move_literals(&place.config, &settings, keychain).await;
    if moved.changed
        && let Ok(now) = watch::read(&place.config)
        && let Ok(meant) = settings::parse(&now)
    {
        (text, settings) = (now, meant);
    }
    let found = resolver.all(&settings).await;
    let loaded = Loaded::new(text, settings, &found, &moved);
    (loaded, found)
}

/// What is wrong with a config: one mistake in one line, several in one of their own each.
pub(crate) fn told(config: &Path, problems: &[Problem]) -> String {
    let mut shown: Vec<String> = problems
        .iter()
        .take(TOLD)
        .map(ToString::to_string)
        .collect();
    if let more @ 1.. = problems.len().saturating_sub(TOLD) {
        shown.push(format!("and {more} more"));
    }
    let count = match problems.len() {
        1 => "a mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    let config = config.display();
    format!("the config {config} has {count}:{}", itemized(&shown))
}

/// Follows the config file until the instance stops.
pub(crate) async fn follow(daemon: Daemon, mut watch: Watch) {
    let stop = daemon.stopping();
    let mut pause = ASK_AGAIN;
    loop {
        let ask_again = daemon.loaded().may_pass;
        tokio::select! {
            text = watch.next() => match text {
                Some(Ok(text)) => daemon.changed_on_disk(text).await,
                Some(Err(unreadable)) => daemon.refuse(unreadable.to_string()),
                None => return,
            },
            () = tokio::time::sleep(pause), if ask_again => {
                daemon.ask_again().await;
                pause = (pause * 2).min(ASK_AGAIN_MAX);
                continue;
            }
            () = stop.cancelled() => return,
        }
        pause = ASK_AGAIN;
    }
}

impl Daemon {
    /// Takes the config as it stands in the file, and fetches all secrets anew. The error says what is wrong with it.
    pub async fn reload(&self) -> Result<(), String> {
        let config = &self.instance().place.config;
        match watch::read(config) {
            Ok(text) => self.apply(text).await,
            Err(unreadable) => {
                self.refuse(unreadable.to_string());
                Err(unreadable.to_string())
            }
        }
    }

    async fn changed_on_disk(&self, text: String) {
        // What a call is writing is that call's to take in.
        let _edit = self.instance().editing.lock().await;
        let text = watch::read(&self.instance().place.config).unwrap_or(text);
        if text == self.loaded().text {
            // Our own edit, or a mistake taken back.
            *self.instance().config_problem() = None;
            return self.instance().nudge();
        }
        self.on_behalf("config file", self.apply(text)).await;
    }

    /// Takes in what no call asked for, and writes down what is otherwise since.
    async fn on_behalf(&self, actor: &str, change: impl Future<Output = Result<(), String>>) {
        let noted = Noted::default();
        // What is wrong was logged and is kept for the status.
        let _ = noted.during(change).await;
        let changes = noted.take();
        if !changes.is_empty() {
            let entry = self.entry(actor, "config.update", None, None, changes);
            self.record_audit(entry).await;
        }
    }

    async fn apply(&self, text: String) -> Result<(), String> {
        let instance = self.instance();
        let _one = instance.reloading.lock().await;
        let settings = match settings::parse(&text) {
            Ok(settings) => settings,
            Err(problems) => {
                let told = told(&instance.place.config, &problems);
                self.refuse(told.clone());
                return Err(told);
            }
        };
        self.keeps_tokens(&settings)?;
        let (loaded, resolved) = load(
            &instance.place,
            text,
            settings,
            &instance.keychain,
            &instance.resolver,
        )
        .await;
        self.take_in(loaded, &resolved).await?;
        tracing::info!("the config was taken in");
        Ok(())
    }

    async fn take_in(&self, mut loaded: Loaded, resolved: &Resolved) -> Result<(), String> {
        self.keeps_tokens(&loaded.settings)?;
        let instance = self.instance();
        let practice = instance.practice.start(&loaded.settings).await;
        let snapshot = settings::snapshot(&loaded.settings, resolved, &practice);
        if let Err(error) = instance.gateway.replace(snapshot) {
            let told = format!(
                "the config {} cannot be used: {error}",
                instance.place.config.display()
            );
            self.refuse(told.clone());
            return Err(told);
        }
        let before = self.loaded().redactor.clone();
        if let (Some(now), Some(before)) = (&loaded.redactor, before) {
            loaded.redactor = Some(now.after(&before).into());
        }
        let noting = self.noting();
        self.drop_overruled(&loaded.settings);
        // The board may have forgotten a choice whose group or provider was away, or whose provider could not serve.
        self.restore();
        instance.practice.keep_only(&loaded.settings);
        instance.loaded.store(loaded.into());
        drop(noting);
        instance.budgets.look_again();
        *instance.config_problem() = None;
        instance.nudge();
        Ok(())
    }

    /// An address that others on the network reach was taken at the start, so without tokens everybody there could
    /// spend the keys: such settings are refused.
    fn keeps_tokens(&self, settings: &Settings) -> Result<(), String> {
        let instance = self.instance();
        if instance.address.ip().is_loopback() || settings.server.require_token {
            return Ok(());
        }
        let told = format!(
            "the config {} cannot be used: Turnout listens on {}, where everybody on the network could spend the keys; \
             set server.require_token = true, or restart it on a loopback address",
            instance.place.config.display(),
            instance.address
        );
        self.refuse(told.clone());
        Err(told)
    }

    /// Forgets what was chosen while running where the config now says otherwise than before: the later word counts,
    /// now and after a restart.
    fn drop_overruled(&self, new: &Settings) {
        let before = self.loaded();
        let old = &before.settings;
        let overruled = |name: &str| {
            let pair = old.provider(name).zip(new.provider(name));
            pair.is_some_and(|(old, new)| old.enabled != new.enabled)
        };
        self.instance().kept.change(|choices| {
            if old.routing.mode != new.routing.mode {
                choices.mode = None;
            }
            choices.enabled.retain(|name, _| !overruled(name));
        });
    }

    /// Asks for the secrets that could not be had, and tries anew to move those that stand in the file; takes the
    /// settings in anew if something is otherwise now.
    async fn ask_again(&self) {
        let instance = self.instance();
        let _one = instance.reloading.lock().await;
        let before = self.loaded();
        let (loaded, resolved) = gather(
            &instance.place,
            before.text.clone(),
            before.settings.clone(),
            &instance.keychain,
            &instance.resolver,
        )
        .await;
        let same = loaded.text == before.text
            && loaded.keys == before.keys
            && loaded.problems == before.problems;
        if same {
            return;
        }
        tracing::info!("the keychain was asked again and answered otherwise");
        loaded.log();
        self.on_behalf("Turnout", self.take_in(loaded, &resolved))
            .await;
    }

    fn refuse(&self, told: String) {
        tracing::error!("the settings before stay in use, as {told}");
        *self.instance().config_problem() = Some(told);
        self.instance().nudge();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::Options;

    const CONFIG: &str = "version = 1\n[server]\nrequire_token = false\nadmin_token = \"env:PATH\"\n\
        [[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
        keys = [\"sk-literal-0123456789\"]\n";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_literal_is_warned_about_until_the_keychain_is_there_and_takes_it() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        std::fs::write(&config, CONFIG).unwrap();
        let unlocked = Arc::new(AtomicBool::new(false));
        let store = keyring_core::mock::Store::new().unwrap();
        let opened = Arc::clone(&unlocked);
        let keychain = Keychain::with(move || {
            if opened.load(Ordering::SeqCst) {
                Ok(store.clone())
            } else {
                Err(keyring_core::Error::NoDefaultStore)
            }
        });
        let options = Options {
            config: Some(config.clone()),
            data_dir: Some(home.path().join("data")),
            listen: Some(([127, 0, 0, 1], 0).into()),
            keychain,
            ..Options::default()
        };
        let daemon = Daemon::start(options).await.unwrap();
        let warned = async |part: &str| {
            let problems = daemon.status().await.problems;
            problems.iter().any(|told| told.message.contains(part))
        };
        assert!(daemon.loaded().may_pass);
        daemon.ask_again().await;
        assert!(warned("stands in the config as a literal").await);

        unlocked.store(true, Ordering::SeqCst);
        daemon.ask_again().await;
        assert!(warned("was moved to the keychain").await);
        let text = std::fs::read_to_string(&config).unwrap();
        assert!(text.contains("keychain:relay/0"), "{text}");
        assert!(!text.contains("sk-literal"), "{text}");
        assert_eq!(daemon.keys()[0].source, "keychain:relay/0");
        daemon.stop().await;
    }
}
