//! The list of keys, from the table that decides what they do, and what the signs mean.

use daemon::view::Health;
use ratatui::text::{Line, Span};

use super::rule;
use crate::screen::Tone;
use crate::top::keys::{Binding, DOING, MOVING};
use crate::top::look::Look;

/// Columns of the keys' names.
const KEYS: usize = 18;
/// From this width on both lists stand beside each other.
const BESIDE: usize = 120;

pub(super) fn lines(look: Look, width: usize) -> Vec<Line<'static>> {
    let moving = bindings(MOVING, look);
    let doing = bindings(DOING, look);
    let mut lines = vec![rule("Keys", &[], width, true, look)];
    if width >= BESIDE {
        lines.extend(beside(moving, doing, width / 2));
    } else {
        lines.extend(moving);
        lines.push(Line::default());
        lines.extend(doing);
    }
    lines.push(Line::default());
    lines.push(rule("Signs of providers", &[], width, false, look));
    lines.extend(signs(look));
    lines
}

fn bindings(bindings: &[Binding], look: Look) -> Vec<Line<'static>> {
    let told = bindings.iter().filter(|binding| !binding.told.is_empty());
    told.map(|binding| {
        let named = if look.unicode {
            binding.named.to_owned()
        } else {
            ascii(binding.named)
        };
        let gap = " ".repeat(KEYS.saturating_sub(named.chars().count()));
        Line::from(vec![
            Span::raw(" "),
            Span::styled(named, look.accent()),
            Span::raw(gap),
            Span::raw(binding.told),
        ])
    })
    .collect()
}

fn ascii(named: &str) -> String {
    named
        .replace('↓', "down")
        .replace('↑', "up")
        .replace('→', "right")
        .replace('←', "left")
        .replace('…', "-")
}

fn beside(left: Vec<Line<'static>>, right: Vec<Line<'static>>, width: usize) -> Vec<Line<'static>> {
    let rows = left.len().max(right.len());
    let mut right = right.into_iter();
    let mut left = left.into_iter();
    (0..rows)
        .map(|_| {
            let mut line = left.next().unwrap_or_default();
            let gap = width.saturating_sub(line.width());
            line.push_span(Span::raw(" ".repeat(gap)));
            line.spans.extend(right.next().unwrap_or_default().spans);
            line
        })
        .collect()
}

fn signs(look: Look) -> Vec<Line<'static>> {
    let told = [
        (Health::Healthy, "it serves"),
        (
            Health::Degraded,
            "it serves, with failures lately, or some of its keys or models rest",
        ),
        (Health::Cooling, "it said for how long not to call it"),
        (Health::Open, "it failed too often and is not tried"),
        (Health::HalfOpen, "it is being tried again, carefully"),
        (Health::Disabled, "it is switched off"),
        (Health::Unknown, "it was not tried yet"),
    ];
    told.into_iter()
        .map(|(health, told)| {
            let (sign, word, tone) = look.health(health);
            Line::from(vec![
                Span::styled(format!(" {sign} {word:<11}"), look.style(tone)),
                Span::styled(told, look.style(Tone::Plain)),
            ])
        })
        .collect()
}
