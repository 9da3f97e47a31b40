//! The difference between two menus, as small as possible: a menu that is built anew closes under
//! the person's pointer.
//!
//! Pure, as `menu` is.

use crate::menu::Entry;

/// One change of an entry that stays in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The entry.
    pub(crate) id: String,
    /// What becomes of it.
    pub(crate) to: To,
}

/// What an entry changes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    /// Another text.
    Text(String),
    /// Another check mark.
    Mark(bool),
    /// Another answer to being clicked.
    Enabled(bool),
    /// Other entries in a submenu.
    Entries(Vec<Entry>),
}

/// How to turn one menu into the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The entries stay; only these edits.
    Edits(Vec<Edit>),
    /// Entries of the top level came or went: build anew.
    Rebuild,
}

/// How to turn `old` into `new`.
pub(crate) fn change(old: &[Entry], new: &[Entry]) -> Change {
    edits(old, new).map_or(Change::Rebuild, Change::Edits)
}

/// Every check mark of a menu. A host flips the mark of a clicked entry by itself, so after a
/// click all of them are set again.
pub(crate) fn marks(menu: &[Entry]) -> Vec<Edit> {
    menu.iter()
        .flat_map(|entry| match entry {
            Entry::Check { id, checked, .. } => vec![edit(id, To::Mark(*checked))],
            Entry::Submenu { entries, .. } => marks(entries),
            Entry::Line { .. } | Entry::Separator => Vec::new(),
        })
        .collect()
}

/// The edits from `old` to `new`; `None` when they differ in more than looks.
fn edits(old: &[Entry], new: &[Entry]) -> Option<Vec<Edit>> {
    if old.len() != new.len() {
        return None;
    }
    let each: Option<Vec<Vec<Edit>>> = old
        .iter()
        .zip(new)
        .map(|(old, new)| of_one(old, new))
        .collect();
    each.map(|edits| edits.concat())
}

fn of_one(old: &Entry, new: &Entry) -> Option<Vec<Edit>> {
    if old == new {
        return Some(Vec::new());
    }
    if old.id() != new.id() {
        return None;
    }
    let id = new.id()?;
    let retext = |was: &str, text: &str| (was != text).then(|| edit(id, To::Text(text.to_owned())));
    let (text, rest) = match (old, new) {
        (
            Entry::Line {
                text: was,
                enabled: could,
                ..
            },
            Entry::Line { text, enabled, .. },
        ) => (
            retext(was, text),
            (could != enabled).then_some(To::Enabled(*enabled)),
        ),
        (
            Entry::Check {
                text: was,
                checked: had,
                ..
            },
            Entry::Check { text, checked, .. },
        ) => (
            retext(was, text),
            (had != checked).then_some(To::Mark(*checked)),
        ),
        (
            Entry::Submenu {
                text: was,
                entries: had,
                ..
            },
            Entry::Submenu { text, entries, .. },
        ) if was == text => {
            return Some(
                edits(had, entries).unwrap_or_else(|| vec![edit(id, To::Entries(entries.clone()))]),
            );
        }
        _ => return None,
    };
    Some(
        text.into_iter()
            .chain(rest.map(|to| edit(id, to)))
            .collect(),
    )
}

fn edit(id: &str, to: To) -> Edit {
    Edit {
        id: id.to_owned(),
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::{Facts, tests as looks, tray};
    use std::time::Duration;

    fn between(before: &Facts, after: &Facts) -> Change {
        change(&tray(before).menu, &tray(after).menu)
    }

    #[test]
    fn an_unchanged_state_changes_nothing() {
        assert_eq!(
            between(&looks::facts(), &looks::facts()),
            Change::Edits(Vec::new())
        );
    }

    #[test]
    fn switching_groups_refills_the_submenu_and_leaves_the_rest_in_place() {
        let after = Facts {
            active_group: "local".to_owned(),
            ..looks::facts()
        };
        let Change::Edits(edits) = between(&looks::facts(), &after) else {
            panic!("rebuilt although every entry of the top level stays");
        };
        assert!(edits.contains(&edit("group:main", To::Mark(false))));
        assert!(edits.contains(&edit("group:local", To::Mark(true))));
        assert!(edits.contains(&edit("pause", To::Text("Pause local".to_owned()))));
        let refilled = |one: &Edit| matches!(&one.to, To::Entries(entries) if entries.len() == 1);
        assert!(
            edits
                .iter()
                .any(|one| one.id == "providers" && refilled(one))
        );
    }

    #[test]
    fn a_new_latency_is_one_edit() {
        let mut after = looks::facts();
        after.groups[0].members[0].latency = Some(Duration::from_millis(90));
        let told = edit("provider:relay", To::Text("● relay · 90 ms".to_owned()));
        assert_eq!(between(&looks::facts(), &after), Change::Edits(vec![told]));
    }

    #[test]
    fn a_new_group_rebuilds() {
        let mut after = looks::facts();
        after.groups.push(looks::group("spare", &[]));
        assert_eq!(between(&looks::facts(), &after), Change::Rebuild);
    }

    #[test]
    fn a_group_of_another_name_rebuilds() {
        let mut after = looks::facts();
        after.groups[1].name = "remote".to_owned();
        assert_eq!(between(&looks::facts(), &after), Change::Rebuild);
    }

    #[test]
    fn exactly_the_chosen_group_carries_the_mark() {
        let marks = marks(&tray(&looks::facts()).menu);
        assert!(marks.contains(&edit("group:main", To::Mark(true))));
        assert!(marks.contains(&edit("group:local", To::Mark(false))));
    }

    #[test]
    fn marks_of_submenus_are_set_again_too() {
        let marks = marks(&tray(&looks::facts()).menu);
        assert!(marks.contains(&edit("client:claude-code", To::Mark(true))));
    }
}
