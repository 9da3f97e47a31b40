//! How much room each pane gets. Pure: the one with the keyboard first, then by what matters, and the rest folded to
//! its title.

use ratatui::layout::Rect;

use crate::top::rows::Pane;

/// From this width on panes stand beside each other.
const WIDE: u16 = 140;
/// Lines that a pane gets, besides its title, before another one gets more.
const MODEST: u16 = 4;
/// Lines that the pane with the keyboard gets before any other.
const LEAST_IN_FOCUS: u16 = 7;
/// Who gets room first, among those that do not have the keyboard.
const IMPORTANCE: [Pane; 6] = [
    Pane::Requests,
    Pane::Waiting,
    Pane::Providers,
    Pane::Groups,
    Pane::Troubles,
    Pane::Log,
];

/// Who could fill any screen.
const GREEDY: [Pane; 2] = [Pane::Requests, Pane::Log];

/// Panes beside each other, with their shares of the width in percent.
type Shelf = &'static [(Pane, u16)];

const NARROW: &[Shelf] = &[
    &[(Pane::Groups, 100)],
    &[(Pane::Providers, 100)],
    &[(Pane::Requests, 100)],
    &[(Pane::Waiting, 100)],
    &[(Pane::Troubles, 100)],
    &[(Pane::Log, 100)],
];

const BROAD: &[Shelf] = &[
    &[(Pane::Groups, 38), (Pane::Providers, 62)],
    &[(Pane::Requests, 100)],
    &[(Pane::Waiting, 38), (Pane::Troubles, 62)],
    &[(Pane::Log, 100)],
];

/// Where each pane is; one of height 1 is folded. `wants` tells how many lines a pane has to show below its title.
pub(super) fn places(body: Rect, focus: Pane, wants: impl Fn(Pane) -> u16) -> Vec<(Pane, Rect)> {
    let shelves = if body.width >= WIDE { BROAD } else { NARROW };
    let wanted: Vec<u16> = shelves
        .iter()
        .map(|shelf| {
            shelf
                .iter()
                .map(|(pane, _)| wants(*pane))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let place = |pane: Pane| {
        let holds = |shelf: &&Shelf| shelf.iter().any(|(one, _)| *one == pane);
        shelves.iter().position(|shelf| holds(&shelf))
    };
    let places_of =
        |panes: &[Pane]| -> Vec<usize> { panes.iter().copied().filter_map(place).collect() };
    let heights = Room {
        left: body.height.saturating_sub(wanted.len() as u16),
        heights: vec![1; wanted.len()],
        wanted,
    }
    .shared(place(focus), &places_of(&IMPORTANCE), &places_of(&GREEDY));
    let mut top = body.y;
    let mut places = Vec::new();
    for (shelf, height) in shelves.iter().zip(heights) {
        let mut left = body.x;
        for (place, (pane, share)) in shelf.iter().enumerate() {
            let right = body.x + body.width;
            let is_last = place + 1 == shelf.len();
            // A column between two panes stays free.
            let width = if is_last {
                right - left
            } else {
                body.width * share / 100 - 1
            };
            places.push((*pane, Rect::new(left, top, width, height)));
            left += width + 1;
        }
        top += height;
    }
    places
}

/// Lines being given away.
struct Room {
    wanted: Vec<u16>,
    heights: Vec<u16>,
    left: u16,
}

impl Room {
    /// First the one with the keyboard gets a good part, then each a modest one, then those that want little all of it.
    /// What is left is shared by the greedy, so that it hardly moves where the keyboard goes.
    fn shared(mut self, focus: Option<usize>, order: &[usize], greedy: &[usize]) -> Vec<u16> {
        if let Some(focus) = focus {
            self.give(focus, (self.left / 3).max(LEAST_IN_FOCUS));
        }
        for place in order {
            self.give(*place, MODEST);
        }
        for place in order.iter().filter(|place| !greedy.contains(place)) {
            self.give(*place, u16::MAX);
        }
        let first = focus.filter(|focus| greedy.contains(focus));
        for place in first.iter().chain(greedy) {
            let most = self.heights[*place] - 1 + self.left.div_ceil(3) * 2;
            self.give(*place, most);
        }
        for place in greedy {
            self.give(*place, u16::MAX);
        }
        self.heights
    }

    /// Lines for a pane until it has what it wants, or `most` of them; never a head alone, which tells nothing.
    fn give(&mut self, place: usize, most: u16) {
        let has = self.heights[place] - 1;
        let more = self.wanted[place]
            .min(most)
            .saturating_sub(has)
            .min(self.left);
        if has + more > 1 {
            self.heights[place] += more;
            self.left -= more;
        }
    }
}
