//! The table of keys.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::top::keys::{Action, Context, DOING, MOVING, action};
use crate::top::rows::Pane;

use Context::{Choice, Detail, Filter, Help, Panes, Question};
use KeyCode::Char;

fn plain(context: Context, code: KeyCode) -> Option<Action> {
    action(context, KeyEvent::new(code, KeyModifiers::NONE))
}

fn control(context: Context, letter: char) -> Option<Action> {
    action(context, KeyEvent::new(Char(letter), KeyModifiers::CONTROL))
}

#[test]
fn what_keys_mean_where() {
    for (context, code, wanted) in [
        (Panes, Char('q'), Some(Action::Quit)),
        (Panes, Char('a'), Some(Action::Use)),
        (Panes, KeyCode::Enter, Some(Action::Enter)),
        (Panes, Char('K'), Some(Action::Earlier)),
        (Panes, Char('k'), Some(Action::Up)),
        (Panes, KeyCode::Up, Some(Action::Up)),
        (Panes, Char('='), Some(Action::More)),
        (Panes, Char('3'), Some(Action::Pane(Pane::Requests))),
        (Panes, Char('9'), None),
        (Panes, KeyCode::F(1), None),
        (Detail, Char('q'), Some(Action::Close)),
        (Detail, KeyCode::Esc, Some(Action::Close)),
        (Detail, Char('t'), Some(Action::Test)),
        (Detail, Char('/'), None),
        (Help, Char('?'), Some(Action::Close)),
        (Help, Char('j'), Some(Action::Down)),
        (Help, Char('d'), None),
        (Filter, Char('q'), Some(Action::Letter('q'))),
        (Filter, Char('?'), Some(Action::Letter('?'))),
        (Filter, KeyCode::Backspace, Some(Action::Erase)),
        (Filter, KeyCode::Enter, Some(Action::Yes)),
        (Filter, KeyCode::Esc, Some(Action::No)),
        (Question, Char('y'), Some(Action::Yes)),
        (Question, Char('n'), Some(Action::No)),
        (Question, KeyCode::Enter, Some(Action::Unclear)),
        (Question, Char('j'), Some(Action::Unclear)),
        (Choice, KeyCode::Enter, Some(Action::Yes)),
        (Choice, Char('q'), Some(Action::No)),
        (Choice, Char('j'), Some(Action::Down)),
        (Choice, Char('d'), None),
    ] {
        assert_eq!(plain(context, code), wanted, "{context:?} {code:?}");
    }
}

#[test]
fn what_keys_mean_with_control() {
    for (context, letter, wanted) in [
        (Panes, 'c', Some(Action::Quit)),
        (Detail, 'c', Some(Action::Quit)),
        (Filter, 'c', Some(Action::No)),
        (Question, 'c', Some(Action::No)),
        (Panes, 'z', Some(Action::Stop)),
        (Panes, 'l', Some(Action::Redraw)),
        (Filter, 'u', Some(Action::EraseAll)),
        (Panes, 'd', Some(Action::PageDown)),
        (Panes, 'a', None),
        (Panes, 'q', None),
    ] {
        assert_eq!(
            control(context, letter),
            wanted,
            "{context:?} ctrl-{letter}"
        );
    }
}

#[test]
fn a_key_that_is_let_go_means_nothing() {
    let mut key = KeyEvent::new(Char('q'), KeyModifiers::NONE);
    key.kind = KeyEventKind::Release;
    assert_eq!(action(Panes, key), None);
}

#[test]
fn what_keys_mean_with_alt() {
    let pressed = |context, modifiers| action(context, KeyEvent::new(Char('q'), modifiers));
    let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
    assert_eq!(pressed(Panes, KeyModifiers::ALT), None);
    assert_eq!(pressed(Panes, both), None);
    assert_eq!(pressed(Filter, KeyModifiers::ALT), None);
    assert_eq!(pressed(Filter, both), Some(Action::Letter('q')));
}

#[test]
fn no_key_means_two_things_and_each_that_is_told_does_something() {
    let mut seen = BTreeSet::new();
    for binding in MOVING.iter().chain(DOING) {
        for code in binding.keys {
            assert!(seen.insert(format!("{code:?}")), "{code:?} is bound twice");
            assert_eq!(plain(Panes, *code), Some(binding.action));
        }
        assert!(!binding.keys.is_empty());
        assert_eq!(binding.named.is_empty(), binding.told.is_empty());
    }
}
