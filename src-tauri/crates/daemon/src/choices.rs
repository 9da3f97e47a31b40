//! What was chosen while running: group, paused groups, mode, providers switched by hand. It survives restarts in the
//! data folder and never reaches the config.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::place::write_whole;
use crate::view::Mode;

/// The choices themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Choices {
    /// The chosen group; the first of the config if none was chosen.
    pub(crate) group: Option<String>,
    /// The budget that chose it, if one did.
    pub(crate) taken: Option<Taken>,
    /// The chosen mode; the config's if none was chosen.
    pub(crate) mode: Option<Mode>,
    /// Groups paused by hand.
    pub(crate) paused: BTreeSet<String>,
    /// Providers switched on or off by hand.
    pub(crate) enabled: BTreeMap<String, bool>,
}

/// That a budget chose the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The budget's name.
    pub(crate) by: String,
    /// The group that somebody had chosen before.
    pub(crate) from: String,
    /// When.
    pub(crate) at: Timestamp,
}

impl Choices {
    /// Chooses a group where `before` was the chosen one, for a budget if one does, and resumes it. A budget that
    /// chooses again what it chose has been in charge since then.
    pub(crate) fn choose(
        &mut self,
        group: &str,
        before: &str,
        budget: Option<&str>,
        at: Timestamp,
    ) {
        let was_kept = self.group.as_deref() == Some(before);
        let taken = self.taken.take().filter(|_| was_kept);
        self.taken = budget.and_then(|by| match taken {
            Some(taken) if before == group && taken.by == by => Some(taken),
            taken => {
                let from = taken.map_or_else(|| before.to_owned(), |taken| taken.from);
                (from != group).then(|| Taken {
                    by: by.to_owned(),
                    from,
                    at,
                })
            }
        });
        self.group = Some(group.to_owned());
        self.paused.remove(group);
    }
}

/// The choices with their file.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    choices: Mutex<Choices>,
}

impl Kept {
    /// Reads the file. A missing one means no choices; a broken one too, which is logged, since a start must not
    /// depend on it.
    pub(crate) fn open(path: PathBuf) -> Self {
        let choices = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(
                    "{} is damaged ({error}): the first group of the config is chosen",
                    path.display()
                );
                Choices::default()
            }),
            Err(_) => Choices::default(),
        };
        Self {
            path,
            choices: Mutex::new(choices),
        }
    }

    pub(crate) fn get(&self) -> Choices {
        self.choices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the choices and writes them. A failure to write is logged: what was chosen holds until the end.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Choices) -> T) -> T {
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        let before = choices.clone();
        let done = change(&mut choices);
        if *choices == before {
            return done;
        }
        let text = serde_json::json!(*choices).to_string();
        if let Err(error) = write_whole(&self.path, &text) {
            tracing::warn!(
                "{} cannot be written ({error}): the choice is forgotten at the end",
                self.path.display()
            );
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state.json");
        let kept = Kept::open(path.clone());
        kept.change(|choices| {
            choices.group = Some("second".into());
            choices.taken = Some(Taken {
                by: "daily".into(),
                from: "first".into(),
                at: Timestamp::UNIX_EPOCH,
            });
            choices.mode = Some(Mode::Manual);
            choices.paused.insert("first".into());
            choices.enabled.insert("relay".into(), false);
        });
        assert_eq!(Kept::open(path).get(), kept.get());
    }

    #[test]
    fn a_takeover_lasts_until_a_person_chooses_and_tells_who_took_over_from_whom_since_when() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut choices = Choices::default();
        let mut before = "main";
        for (second, group, by, taken) in [
            (1, "night", Some("daily"), Some(("daily", "main", 1))),
            // The next period of the same budget.
            (2, "night", Some("daily"), Some(("daily", "main", 1))),
            // Another budget has a say now.
            (3, "night", Some("monthly"), Some(("monthly", "main", 3))),
            (4, "cheap", Some("monthly"), Some(("monthly", "main", 4))),
            (5, "night", Some("monthly"), Some(("monthly", "main", 5))),
            // Nothing takes over from itself.
            (6, "main", Some("daily"), None),
            (7, "night", Some("daily"), Some(("daily", "main", 7))),
            (8, "night", None, None),
            (9, "night", Some("daily"), None),
        ] {
            choices.choose(group, before, by, at(second));
            before = group;
            let told = choices.taken.as_ref();
            let told = told.map(|taken| (&*taken.by, &*taken.from, taken.at.as_second()));
            assert_eq!(told, taken, "at {second}");
            assert_eq!(choices.group.as_deref(), Some(group));
        }

        // The kept group is no longer in the config: what took over from what is of no meaning any more.
        choices.choose("cheap", "first", Some("daily"), at(10));
        let taken = choices.taken.unwrap();
        assert_eq!((&*taken.from, taken.at), ("first", at(10)));
    }

    #[test]
    fn a_damaged_file_means_no_choices() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state.json");
        std::fs::write(&path, "{\"group\":").unwrap();
        assert_eq!(Kept::open(path).get(), Choices::default());
    }
}
