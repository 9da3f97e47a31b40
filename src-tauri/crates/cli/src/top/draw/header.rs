//! The first lines: what serves, how much goes through, what it cost today, and what a person should look at.

use daemon::view::{BudgetState, Status};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{grid, words};
use crate::figure::{short, uptime};
use crate::screen::Tone;
use crate::top::look::Look;
use crate::top::state::{Link, State};

/// Shares of a budget from which on it is told.
const NEARLY: f64 = 0.8;
/// Warnings at most, where there is room for them; the rest is counted.
const WARNINGS: usize = 3;
/// Lines from which on there is.
const TALL: u16 = 30;
/// Seconds of the sparkline.
const SPARK: usize = 60;

pub(super) fn lines(state: &State, look: Look, area: Rect) -> Vec<Line<'static>> {
    let width = area.width.into();
    let warned = if area.height < TALL { 1 } else { WARNINGS };
    let mut lines = vec![serving(state, look, width), flow(state, look, width)];
    lines.extend(warnings(state, look, width, warned));
    lines
}

/// The version, then how long it runs, are left out where what matters more has no room.
fn serving(state: &State, look: Look, width: usize) -> Line<'static> {
    let name = Span::styled(" turnout", look.accent());
    let Some(status) = &state.facts.status else {
        return Line::from(name);
    };
    let faint = look.style(Tone::Faint);
    let mut right = vec![Span::raw(format!("{} in flight", status.in_flight))];
    if status.suspended > 0 {
        let told = format!("  {} waiting", status.suspended);
        right.push(Span::styled(told, look.style(Tone::Warn)));
    }
    let up = status.uptime as i64 + state.now.as_second() - state.facts.status_at.as_second();
    let up = format!("  up {}", uptime(up.max(0) as u64));
    let version = format!(" {}", status.version);
    let left = |version: &str, up: &str| {
        let mut spans = vec![name.clone(), Span::styled(format!("{version}  "), faint)];
        spans.extend(way(status, look));
        spans.push(Span::raw(format!("  {}", status.mode)));
        spans.push(Span::styled(up.to_owned(), faint));
        spans
    };
    let room = width.saturating_sub(sum(&right) + 3);
    let forms = [left(&version, &up), left(&version, ""), left("", "")];
    let [.., shortest] = &forms;
    let fitting = forms.iter().find(|form| sum(form) <= room);
    apart(fitting.unwrap_or(shortest).clone(), right, width)
}

/// Group and provider that serve now; after a failover, the group that was chosen too.
fn way(status: &Status, look: Look) -> Vec<Span<'static>> {
    let arrow = look.arrow();
    let chosen = status.active_group.clone();
    let strong = look.style(Tone::Strong);
    let Some(provider) = status.active_provider.clone() else {
        let sign = look.sign("✗", "x");
        let told = format!(" {arrow} {sign} nothing can serve");
        return vec![
            Span::styled(chosen, strong),
            Span::styled(told, look.style(Tone::Bad)),
        ];
    };
    let mut spans = vec![Span::styled(chosen.clone(), strong)];
    if let Some(group) = status
        .serving_group
        .clone()
        .filter(|group| *group != chosen)
    {
        let told = format!(" {arrow} {group}");
        spans.push(Span::styled(told, look.style(Tone::Warn)));
    }
    spans.push(Span::raw(format!(" {arrow} ")));
    spans.push(Span::styled(provider, look.style(Tone::Good)));
    spans
}

fn flow(state: &State, look: Look, width: usize) -> Line<'static> {
    let faint = look.style(Tone::Faint);
    let (requests, tokens) = state.facts.flow.rates(state.now);
    let mut left = vec![
        Span::raw(format!(" {} ", words::rate(requests))),
        Span::styled("req/s  ", faint),
        Span::raw(format!("{} ", words::rate(tokens))),
        Span::styled("tok/s  ", faint),
    ];
    if width >= 140 {
        let bars = look.spark(&state.facts.flow.tokens(state.now, SPARK));
        left.push(Span::styled(bars, look.style(Tone::Good)));
    }
    let Some(status) = &state.facts.status else {
        return Line::from(left);
    };
    let today = &status.today;
    let mut right = vec![
        Span::styled("today  ", faint),
        Span::raw(short(today.requests)),
        Span::styled(" req  ", faint),
    ];
    if today.failures > 0 {
        let told = format!("{} failed  ", short(today.failures));
        right.push(Span::styled(told, look.style(Tone::Bad)));
    }
    let read = today.input_tokens + today.cache_read_tokens + today.cache_write_tokens;
    right.extend([
        Span::raw(short(read)),
        Span::styled(" in  ", faint),
        Span::raw(short(today.output_tokens)),
        Span::styled(" out  ", faint),
        Span::styled(words::dollars(&today.cost_usd), look.style(Tone::Strong)),
    ]);
    apart(left, right, width)
}

fn warnings(state: &State, look: Look, width: usize, most: usize) -> Vec<Line<'static>> {
    let mut told = told(state);
    let more = told.len().saturating_sub(most);
    told.truncate(most);
    let mut lines: Vec<Line<'_>> = told
        .into_iter()
        .map(|(tone, text)| {
            let text = format!(" {} {text}", look.sign("▲", "!"));
            Line::styled(grid::cut(&text, width, look), look.style(tone))
        })
        .collect();
    if more > 0
        && let Some(last) = lines.last_mut()
    {
        let room = width.saturating_sub(10);
        let text: String = last.iter().map(|span| span.content.as_ref()).collect();
        let style = last.style;
        *last = Line::styled(
            format!("{}  +{more} more", grid::cut(&text, room, look)),
            style,
        );
    }
    lines
}

/// What should be looked at, the worst first.
fn told(state: &State) -> Vec<(Tone, String)> {
    let mut told = Vec::new();
    if let Link::Down { why, since } = &state.link {
        let seconds = (state.now.as_second() - since.as_second()).max(0) as u64;
        let text = if why.is_empty() {
            "connecting".to_owned()
        } else {
            format!(
                "no connection for {}, trying again: {why}",
                words::watch(seconds)
            )
        };
        told.push((Tone::Bad, text));
    }
    let Some(status) = &state.facts.status else {
        return told;
    };
    if let Some(takeover) = &status.takeover {
        let from = takeover.from.as_ref();
        let text = format!(
            "{} has taken over{} since {}, by the budget {}",
            status.active_group,
            from.map_or_else(String::new, |from| format!(" from {from}")),
            words::ahead(takeover.since, state.now, &state.zone),
            takeover.budget,
        );
        told.push((Tone::Warn, text));
    }
    for budget in &status.budgets {
        let tone = match budget.state {
            BudgetState::Blocked => Tone::Bad,
            BudgetState::Reached => Tone::Warn,
            BudgetState::Ok if budget.share >= NEARLY => Tone::Warn,
            BudgetState::Ok => continue,
        };
        let what = match budget.state {
            BudgetState::Blocked => "; requests are refused",
            _ => "",
        };
        let text = format!(
            "budget {}: {:.0} % of {} a {}{what}, anew at {}",
            budget.name,
            budget.share * 100.0,
            words::dollars(&budget.limit_usd),
            budget.per,
            words::ahead(budget.until, state.now, &state.zone),
        );
        told.push((tone, text));
    }
    told.extend(
        status
            .config_problem
            .iter()
            .map(|problem| (Tone::Bad, problem.clone())),
    );
    let others = status.problems.iter().filter(|problem| {
        status
            .config_problem
            .as_ref()
            .is_none_or(|told| !problem.message.contains(told))
    });
    told.extend(others.map(|problem| (Tone::Warn, problem.message.clone())));
    if let Some(ahead) = &status.forecast {
        let what = ahead.what.replace('_', " ");
        let at = words::ahead(ahead.at, state.now, &state.zone);
        told.push((
            Tone::Warn,
            format!("limit ahead at {at}: {what} of {}", ahead.provider),
        ));
    }
    if status.practice_outage {
        told.push((
            Tone::Warn,
            "the practice providers are made to fail".to_owned(),
        ));
    }
    told
}

/// One part at the left edge and one at the right, the latter only where it fits.
fn apart(left: Vec<Span<'static>>, right: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let gap = width.saturating_sub(sum(&left) + sum(&right) + 1);
    let mut spans = left;
    if gap > 0 {
        spans.push(Span::raw(" ".repeat(gap)));
        spans.extend(right);
    }
    Line::from(spans)
}

fn sum(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}
