//! A group's members in the order in which they are asked, and one of them moved. Pure.

use daemon::view::{Group, Member};

/// Where a member is to be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    /// Before the one before it.
    Earlier,
    /// Behind the one behind it.
    Later,
    /// Its number one less, which goes first.
    Less,
    /// Its number one more.
    More,
}

/// The members, the lowest priority number first, those of one number as the config has them.
pub(crate) fn by_priority(group: &Group) -> Vec<&Member> {
    let mut members: Vec<&Member> = group.members.iter().collect();
    members.sort_by_key(|member| member.priority);
    members
}

/// The members as the config has them, with one moved; `None` where it is at the end of the way already.
///
/// Moved past another, both exchange their numbers; where these are the same, its own gets a step better or worse.
pub(crate) fn moved(group: &Group, provider: &str, shift: Shift) -> Option<Vec<Member>> {
    let order = by_priority(group);
    let place = order.iter().position(|one| one.provider == provider)?;
    let own = order[place].priority;
    let past = match shift {
        Shift::Earlier => Some(*order.get(place.checked_sub(1)?)?),
        Shift::Later => Some(*order.get(place + 1)?),
        Shift::Less | Shift::More => None,
    };
    let is_up = matches!(shift, Shift::Earlier | Shift::Less);
    let step = if is_up { -1 } else { 1 };
    let (own, exchanged) = match past {
        Some(past) if past.priority != own => (past.priority, Some((&past.provider, own))),
        _ => (own.checked_add(step)?, None),
    };
    let mut members = group.members.clone();
    for member in &mut members {
        if member.provider == provider {
            member.priority = own;
        } else if let Some((other, number)) = exchanged
            && member.provider == *other
        {
            member.priority = number;
        }
    }
    Some(members)
}
