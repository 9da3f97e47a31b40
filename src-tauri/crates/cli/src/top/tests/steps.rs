//! What keys do, from the state to what is asked of the outside.

use daemon::view::{Mode, Payload};

use super::fixture::{blank, calm, now, request, troubled};
use crate::top::act::{Act, Place};
use crate::top::keys::{Action, Context};
use crate::top::rows::{Pane, Row};
use crate::top::state::{Effect, Mood, News, State};
use crate::top::steps::UNCLEAR;

fn press(state: &mut State, actions: &[Action]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for action in actions {
        effects = state.act(*action);
    }
    effects
}

/// What is asked of the instance when these are pressed in a state with trouble.
#[track_caller]
fn asks(actions: &[Action], wanted: Act) {
    assert_eq!(
        press(&mut troubled(), actions),
        [Effect::Do(wanted)],
        "{actions:?}"
    );
}

#[track_caller]
fn refuses(state: &mut State, actions: &[Action], why: &str) {
    assert_eq!(press(state, actions), [], "{actions:?}");
    let said = state.said().unwrap();
    assert_eq!(said.mood, Mood::Bad);
    assert!(said.text.contains(why), "{actions:?}: {}", said.text);
}

#[test]
fn what_keys_ask_of_the_instance() {
    use Action::{
        Disable, Down, Enable, Enter, Fail, Pane as To, Redirect, Release, Reset, Test, Use, Yes,
    };
    let name = |name: &str| name.to_owned();
    asks(&[Use], Act::Use(name("main")));
    asks(&[Down, Down, Down, Enter], Act::Use(name("spare")));
    asks(&[Down, Use], Act::Use(name("main")));
    asks(&[Action::Pause, Yes], Act::Pause(name("main")));
    asks(
        &[To(Pane::Log), Action::Pause, Yes],
        Act::Pause(name("main")),
    );
    asks(&[Action::Mode], Act::Mode(Mode::Manual));
    asks(&[Down, Test], Act::Test(name("anthropic")));
    asks(
        &[To(Pane::Providers), Down, Enable],
        Act::Enable(name("relay")),
    );
    asks(
        &[To(Pane::Providers), Down, Disable, Yes],
        Act::Disable(name("relay")),
    );
    asks(&[To(Pane::Providers), Reset], Act::Reset(name("anthropic")));
    asks(
        &[To(Pane::Providers), Down, Enter, Test],
        Act::Test(name("relay")),
    );
    asks(
        &[To(Pane::Waiting), Release],
        Act::Release(name("req-00000001")),
    );
    asks(
        &[To(Pane::Waiting), Down, Fail, Yes],
        Act::Fail(name("req-00000002")),
    );
    let to = Act::Redirect(name("req-00000001"), Place::Group(name("spare")));
    asks(&[To(Pane::Waiting), Redirect, Down, Yes], to);
    let to = Act::Redirect(name("req-00000001"), Place::Provider(name("openrouter")));
    asks(&[To(Pane::Waiting), Redirect, Action::Last, Yes], to);
}

#[test]
fn the_order_of_a_group_is_changed_from_a_member() {
    let effects = press(&mut calm(), &[Action::Down, Action::Later]);
    let [
        Effect::Do(Act::Order {
            group,
            provider,
            members,
        }),
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!((group.as_str(), provider.as_str()), ("main", "anthropic"));
    let order: Vec<i32> = members.iter().map(|one| one.priority).collect();
    assert_eq!(order, [2, 1]);
}

#[test]
fn what_fits_nothing_that_is_picked_is_refused_with_the_way_to_it() {
    use Action::{Disable, Earlier, Fail, Pane as To, Release, Test, Use};
    for (actions, why) in [
        (vec![Test], "pick a provider"),
        (vec![Earlier], "pick a member"),
        (vec![Action::Down, Earlier], "end of the order"),
        (vec![To(Pane::Requests), Use], "pick a group"),
        (vec![To(Pane::Requests), Disable], "pick a provider"),
        (vec![To(Pane::Requests), Release], "waits"),
        (vec![To(Pane::Log), Fail], "waits"),
    ] {
        refuses(&mut calm(), &actions, why);
    }
}

#[test]
fn what_is_not_easily_taken_back_is_asked_first() {
    for actions in [
        vec![Action::Pause],
        vec![Action::Down, Action::Disable],
        vec![Action::Pane(Pane::Waiting), Action::Fail],
    ] {
        let mut state = troubled();
        assert_eq!(press(&mut state, &actions), []);
        assert_eq!(state.context(), Context::Question);
        // Another key is no answer, which is told.
        assert_eq!(press(&mut state, &[Action::Unclear]), []);
        assert_eq!(state.context(), Context::Question);
        assert_eq!(state.said().unwrap().text, UNCLEAR);
        assert_eq!(press(&mut state, &[Action::No]), []);
        assert_eq!(state.context(), Context::Panes);
    }
}

#[test]
fn a_paused_group_is_resumed_without_a_question() {
    let mut state = calm();
    state.facts.groups[0].paused = true;
    assert_eq!(
        press(&mut state, &[Action::Pause]),
        [Effect::Do(Act::Resume("main".to_owned()))]
    );
}

#[test]
fn without_a_connection_nothing_is_begun() {
    let mut state = calm();
    state.hear(News::Down("gone".to_owned()), now());
    refuses(&mut state, &[Action::Use], "no connection");
}

#[test]
fn how_it_went_is_told_and_so_is_a_refusal() {
    let mut state = calm();
    press(&mut state, &[Action::Use]);
    assert_eq!(state.said().unwrap().mood, Mood::Busy);
    state.hear(News::Done(Ok("main is active".to_owned())), now());
    assert_eq!(state.said().unwrap().mood, Mood::Good);
    state.hear(News::Done(Err("no group named x".to_owned())), now());
    assert_eq!(state.said().unwrap().mood, Mood::Bad);
    state.now = now() + jiff::SignedDuration::from_secs(13);
    assert!(state.said().is_none(), "it does not stand there for ever");
}

#[test]
fn the_picked_request_stays_picked_while_others_come() {
    let mut state = calm();
    press(
        &mut state,
        &[Action::Pane(Pane::Requests), Action::Down, Action::Down],
    );
    let picked = |state: &State| {
        let rows = state.rows(Pane::Requests);
        rows[state.picked(Pane::Requests, &rows)].key()
    };
    let before = picked(&state);
    for number in 50..60 {
        let row = Box::new(request(number, "streaming", 0));
        state.hear(News::Event(Payload::Request(row)), now());
    }
    assert_eq!(picked(&state), before);
    press(&mut state, &[Action::First]);
    let row = Box::new(request(70, "streaming", -1));
    state.hear(News::Event(Payload::Request(row)), now());
    assert_eq!(
        picked(&state),
        "req-00000046",
        "who is on top stays with the newest"
    );
}

#[test]
fn a_filter_keeps_what_fits_and_letters_go_nowhere_else() {
    let mut state = calm();
    press(&mut state, &[Action::Pane(Pane::Requests), Action::Filter]);
    state.paste("HAI\u{1b}\nku");
    assert_eq!(state.rows(Pane::Requests).len(), 1);
    press(&mut state, &[Action::Yes]);
    state.paste("q");
    assert_eq!(state.context(), Context::Panes);
    assert_eq!(state.rows(Pane::Requests).len(), 1);
    press(&mut state, &[Action::Close]);
    assert_eq!(state.rows(Pane::Requests).len(), 5);
}

#[test]
fn a_filtered_group_comes_with_its_members() {
    let mut state = calm();
    press(&mut state, &[Action::Filter]);
    state.paste("openr");
    let rows = state.rows(Pane::Groups);
    assert!(
        matches!(rows.as_slice(), [Row::Group(_), Row::Member(..)]),
        "{rows:?}"
    );
}

#[test]
fn a_request_is_followed_while_it_is_shown() {
    let mut state = calm();
    let id = "req-00000008".to_owned();
    let detail = [Effect::Detail(id)];
    assert_eq!(
        press(&mut state, &[Action::Pane(Pane::Requests), Action::Enter]),
        detail
    );
    let moved = |number| News::Event(Payload::Request(Box::new(request(number, "streaming", 3))));
    assert_eq!(state.hear(moved(8), now()), [], "it is asked for already");
    assert_eq!(state.hear(moved(7), now()), []);
    let told = |id: &str| News::Detail(id.to_owned(), Ok(serde_json::Value::Null));
    assert_eq!(state.hear(told("req-00000007"), now()), []);
    assert_eq!(
        state.hear(told("req-00000008"), now()),
        detail,
        "it moved meanwhile"
    );
    assert_eq!(state.hear(told("req-00000008"), now()), []);
    assert_eq!(state.hear(moved(8), now()), detail);
    press(&mut state, &[Action::Close]);
    assert_eq!(state.hear(moved(8), now()), []);
}

#[test]
fn quitting_is_asked_only_where_it_ends_the_server() {
    let mut state = calm();
    assert_eq!(press(&mut state, &[Action::Quit]), [Effect::Quit]);
    state.serving = true;
    assert_eq!(press(&mut state, &[Action::Quit]), []);
    assert_eq!(press(&mut state, &[Action::No]), []);
    assert_eq!(
        press(&mut state, &[Action::Quit, Action::Yes]),
        [Effect::Quit]
    );
    assert_eq!(press(&mut blank(), &[Action::Quit]), [Effect::Quit]);
}

#[test]
fn a_server_is_not_sent_to_the_background() {
    let mut state = calm();
    assert_eq!(press(&mut state, &[Action::Stop]), [Effect::Stop]);
    state.serving = true;
    refuses(&mut state, &[Action::Stop], "stand still");
}
