//! How a member of a group is moved.

use super::fixture::group;
use crate::top::order::{Shift, by_priority, moved};

#[track_caller]
fn check(priorities: [i32; 3], which: usize, shift: Shift, wanted: Option<[i32; 3]>) {
    let names = ["a", "b", "c"];
    let members: Vec<(&str, i32, &str)> = names
        .into_iter()
        .zip(priorities)
        .map(|(name, priority)| (name, priority, "healthy"))
        .collect();
    let group = group("main", "active", &members);
    let now = moved(&group, names[which], shift);
    let now = now.map(|members| {
        let names: Vec<String> = members.iter().map(|one| one.provider.clone()).collect();
        assert_eq!(names, ["a", "b", "c"], "the order of the config stays");
        members.iter().map(|one| one.priority).collect::<Vec<_>>()
    });
    assert_eq!(
        now,
        wanted.map(Vec::from),
        "{priorities:?} {which} {shift:?}"
    );
}

#[test]
fn moved_past_another_both_exchange_their_numbers() {
    check([1, 2, 3], 2, Shift::Earlier, Some([1, 3, 2]));
    check([1, 2, 3], 0, Shift::Later, Some([2, 1, 3]));
    check([10, 5, 20], 2, Shift::Earlier, Some([20, 5, 10]));
}

#[test]
fn of_those_that_share_a_number_one_gets_a_better_or_a_worse_one() {
    check([1, 1, 1], 2, Shift::Earlier, Some([1, 1, 0]));
    check([1, 1, 2], 0, Shift::Later, Some([2, 1, 2]));
}

#[test]
fn who_is_first_or_last_already_stays() {
    check([1, 2, 3], 0, Shift::Earlier, None);
    check([1, 2, 3], 2, Shift::Later, None);
    check([i32::MIN, 2, 3], 0, Shift::Less, None);
}

#[test]
fn a_number_can_be_changed_by_itself() {
    check([1, 2, 3], 1, Shift::Less, Some([1, 1, 3]));
    check([1, 2, 3], 1, Shift::More, Some([1, 3, 3]));
}

#[test]
fn members_are_told_by_priority_and_then_as_the_config_has_them() {
    let group = group(
        "g",
        "active",
        &[("a", 2, "healthy"), ("b", 1, "open"), ("c", 2, "healthy")],
    );
    let names: Vec<&str> = by_priority(&group)
        .iter()
        .map(|one| &*one.provider)
        .collect();
    assert_eq!(names, ["b", "a", "c"]);
}
