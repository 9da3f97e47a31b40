//! Answers of the admin API as tables and lists of facts.

mod access;
mod doctor;
mod history;
mod log;
mod prices;
mod replay;
mod rules;

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::figure::{
    count, counted, failure, key, list, millis, money, rate, short, text, time, tokens_in, uptime,
};
use crate::screen::{Cell, Screen, Table, Tone};

pub(crate) use self::access::{audit, client_tokens, validated};
pub(crate) use self::doctor::findings;
use self::history::tokens;
pub(crate) use self::history::{history, request};
pub(crate) use self::log::LogView;
pub(crate) use self::prices::prices;
pub(crate) use self::replay::{bodies, replay};
pub(crate) use self::rules::{explanation, models, rules, waiting};

/// `GET /status`.
pub(crate) fn status<W: Write>(
    screen: &mut Screen<W>,
    status: &Value,
    base_url: &str,
) -> io::Result<()> {
    let today = status.get("today").unwrap_or(&Value::Null);
    screen.fact(
        "turnout",
        &format!("{} at {base_url}", text(status, "version")).into(),
    )?;
    screen.fact("up", &uptime(count(status, "uptime")).into())?;
    screen.fact("mode", &text(status, "mode").into())?;
    screen.fact("active group", &text(status, "active_group").into())?;
    if let Some(told) = takeover(status) {
        screen.fact("taken over", &Cell::new(told, Tone::Warn))?;
    }
    // A budget of one token refuses that one alone.
    let spent = list(status, "budgets")
        .iter()
        .find(|budget| text(budget, "state") == "blocked" && text(budget, "token") == "-");
    let serving = match text(status, "active_provider") {
        _ if spent.is_some() => {
            let name = spent.map_or("-", |budget| text(budget, "name"));
            Cell::new(format!("nobody: the budget {name} is used up"), Tone::Bad)
        }
        "-" => Cell::new("none: every provider rests or has no key", Tone::Bad),
        provider => Cell::new(
            format!("{provider} (group {})", text(status, "serving_group")),
            Tone::Strong,
        ),
    };
    screen.fact("serving", &serving)?;
    screen.fact("in flight", &count(status, "in_flight").to_string().into())?;
    if count(status, "suspended") > 0 {
        screen.fact(
            "waiting",
            &Cell::new(count(status, "suspended").to_string(), Tone::Warn),
        )?;
    }
    for rest in list(status, "resting") {
        let until = time(rest, "until");
        let told = match (text(rest, "model"), text(rest, "provider")) {
            ("-", provider) => format!("{provider} until {until}"),
            (model, provider) => format!("{model} at {provider} until {until}"),
        };
        screen.fact("resting", &Cell::new(told, Tone::Warn))?;
    }
    let sums = format!(
        "{}, {} failed, {} tokens in, {} out, {}",
        counted(count(today, "requests"), "request"),
        count(today, "failures"),
        short(tokens_in(today)),
        short(count(today, "output_tokens")),
        money(today, "cost_usd"),
    );
    screen.fact("today", &sums.into())?;
    budgets(screen, list(status, "budgets"))?;
    if let Some(told) = foreseen(status) {
        screen.fact("ahead", &Cell::new(told, Tone::Warn))?;
    }
    for problem in list(status, "problems") {
        screen.fact("look at", &Cell::new(text(problem, "message"), Tone::Warn))?;
    }
    screen.line("")?;
    let mut table = Table::new(&["GROUP", "STATE"]);
    for group in list(status, "groups") {
        let name = text(group, "name");
        let active = name == text(status, "active_group");
        table.row(vec![name.into(), state(text(group, "state"), active)]);
    }
    screen.table(&table)
}

/// That a budget chose the active group, and the way back.
fn takeover(status: &Value) -> Option<String> {
    let takeover = status.get("takeover").filter(|told| told.is_object())?;
    let name = text(takeover, "budget");
    let budgets = list(status, "budgets");
    let budget = budgets.iter().find(|budget| text(budget, "name") == name);
    let share = budget.map_or_else(String::new, |budget| format!(", {}", share(budget)));
    let back = match text(takeover, "from") {
        "-" => String::new(),
        from => format!("; back to {from}: {} use {from}", daemon::program()),
    };
    Some(format!(
        "{} has taken over since {} (budget {name}{share}){back}",
        text(status, "active_group"),
        time(takeover, "since"),
    ))
}

/// What was spent of a budget: `116 %`, `12 times`.
fn share(budget: &Value) -> String {
    let share = budget.get("share").and_then(Value::as_f64);
    match share.unwrap_or_default() {
        share if share < 10.0 => format!("{:.0} %", share * 100.0),
        share => format!("{share:.0} times"),
    }
}

/// `GET /budgets`: a line each.
pub(crate) fn budgets<W: Write>(screen: &mut Screen<W>, budgets: &[Value]) -> io::Result<()> {
    for budget in budgets {
        let told = format!(
            "{}: {} of {} a {} ({}), anew at {}",
            text(budget, "name"),
            money(budget, "spent_usd"),
            money(budget, "limit_usd"),
            text(budget, "per"),
            share(budget),
            time(budget, "until"),
        );
        let cell = match text(budget, "state") {
            "blocked" => Cell::new(format!("{told}; requests are refused"), Tone::Bad),
            "reached" => Cell::new(told, Tone::Warn),
            _ => told.into(),
        };
        screen.fact("budget", &cell)?;
    }
    Ok(())
}

/// The state of a group: being the active one is a fact besides what it does.
fn state(word: &str, active: bool) -> Cell {
    match word {
        "cooling" if active => Cell::new("active, resting", Tone::Warn),
        "paused" if active => Cell::new("active, paused", Tone::Warn),
        _ => Cell::word(word),
    }
}

/// How to see what follows a page.
pub(crate) fn more<W: Write>(screen: &mut Screen<W>, answer: &Value, json: bool) -> io::Result<()> {
    match answer.get("next_cursor").and_then(Value::as_str) {
        Some(cursor) if !json => {
            let told = format!("more: a higher --limit, or --cursor {cursor}");
            screen.line(Tone::Faint.painted(&told))
        }
        _ => Ok(()),
    }
}

fn is(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool) == Some(true)
}

/// A group after it was steered, as one sentence: what it is, and what keeps it from serving.
pub(crate) fn standing(group: &Value) -> String {
    let name = text(group, "name");
    let word = text(group, "state");
    let active = is(group, "active");
    let until = time(group, "cooling_until");
    let is_off = |member: &Value| text(member, "health") == "disabled";
    let lacks = |member: &Value| text(member, "lacks") != "-";
    let off = names_of(group, |member| is_off(member) && !lacks(member));
    let keyless = names_of(group, |member| is_off(member) && lacks(member));
    match (word, active) {
        ("cooling", true) if until != "-" => format!("{name} is active; it rests until {until}"),
        ("cooling", false) if until != "-" => format!("{name} rests until {until}"),
        ("cooling", _) => {
            let is = if active { "active" } else { "not paused" };
            let told = |names: &[&str], one: &str, more: &str| match names {
                [] => None,
                [name] => Some(format!("{name} {one}")),
                names => Some(format!("{} {more}", names.join(", "))),
            };
            let whys = [
                told(&off, "is switched off", "are switched off"),
                told(&keyless, "has no key", "have no key"),
            ];
            let whys: Vec<String> = whys.into_iter().flatten().collect();
            let colon = if whys.is_empty() { "" } else { ": " };
            let whys = whys.join("; ");
            format!("{name} is {is}, but nothing in it can serve{colon}{whys}")
        }
        ("standby", _) => format!("{name} stands by"),
        _ => format!("{name} is {word}"),
    }
}

fn names_of(group: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<&str> {
    let members = list(group, "members").iter();
    members
        .filter(|member| wanted(member))
        .map(|member| text(member, "provider"))
        .collect()
}

/// `GET /groups`: a row a member.
pub(crate) fn groups<W: Write>(screen: &mut Screen<W>, groups: &[Value]) -> io::Result<()> {
    let mut table = Table::new(&[
        "GROUP",
        "STATE",
        "POLICY",
        ">PRIO",
        "PROVIDER",
        "HEALTH",
        ">TTFT",
        ">OK",
        "RESTS UNTIL",
    ])
    .sparing(&["POLICY", "TTFT", "OK", "PRIO"]);
    for group in groups {
        let mut first = true;
        for member in list(group, "members") {
            let (name, state, policy) = if first {
                (
                    text(group, "name"),
                    state(text(group, "state"), is(group, "active")),
                    text(group, "policy"),
                )
            } else {
                ("", Cell::default(), "")
            };
            first = false;
            table.row(vec![
                Cell::new(name, Tone::Strong),
                state,
                policy.into(),
                member
                    .get("priority")
                    .and_then(Value::as_i64)
                    .unwrap_or_default()
                    .to_string()
                    .into(),
                text(member, "provider").into(),
                health(member),
                millis(member, "ttft_ms").into(),
                rate(member, "success_rate").into(),
                rests(member).into(),
            ]);
        }
    }
    screen.table(&table)
}

/// The health of a provider or member: one that has no key was not switched off by anybody.
fn health(one: &Value) -> Cell {
    match (text(one, "health"), text(one, "lacks")) {
        (word, "-") => Cell::word(word),
        ("disabled", _) => Cell::new("no key", Tone::Warn),
        (word, _) => Cell::word(word),
    }
}

/// Until when a member rests; where only models of it do, until the first is back, with its name.
fn rests(member: &Value) -> String {
    let until = time(member, "cooling_until");
    let first = list(member, "resting").iter();
    match first.min_by_key(|rest| text(rest, "until")) {
        Some(first) if until == "-" => {
            let others = list(member, "resting").len() - 1;
            let others = if others == 0 {
                String::new()
            } else {
                format!(" +{others}")
            };
            format!(
                "{} ({}{others})",
                time(first, "until"),
                text(first, "model")
            )
        }
        _ => until,
    }
}

/// `GET /providers`.
pub(crate) fn providers<W: Write>(screen: &mut Screen<W>, providers: &[Value]) -> io::Result<()> {
    let mut table = Table::new(&[
        "PROVIDER",
        "DIALECT",
        "HEALTH",
        ">TTFT",
        ">OK",
        "BASE URL",
        "LAST ERROR",
    ])
    .sparing(&["TTFT", "OK", "DIALECT"]);
    for provider in providers {
        table.row(vec![
            Cell::new(text(provider, "name"), Tone::Strong),
            text(provider, "dialect").into(),
            health(provider),
            millis(provider, "ttft_ms").into(),
            rate(provider, "success_rate").into(),
            text(provider, "base_url").into(),
            failure(text(provider, "last_error")).into(),
        ]);
    }
    screen.table(&table)?;
    for told in providers.iter().filter_map(foreseen) {
        screen.line(&told)?;
    }
    Ok(())
}

/// The limit that something will hit, if things go on as they do.
fn foreseen(value: &Value) -> Option<String> {
    let forecast = value.get("forecast").filter(|told| told.is_object())?;
    let of = match (text(forecast, "key"), text(forecast, "model")) {
        ("-", "-") => text(forecast, "provider").to_owned(),
        ("-", model) => format!("{model} at {}", text(forecast, "provider")),
        (key, "-") => key.to_owned(),
        (key, model) => format!("{model} with {key}"),
    };
    let what = text(forecast, "what").replace('_', " ");
    Some(format!("limit at {} ({what}, {of})", time(forecast, "at")))
}

/// The key pools of the providers.
pub(crate) fn keys<W: Write>(screen: &mut Screen<W>, keys: &[Value]) -> io::Result<()> {
    if keys.is_empty() {
        let program = daemon::program();
        return screen.line(format!("no keys yet: {program} keys set PROVIDER"));
    }
    let mut table = Table::new(&[
        "PROVIDER",
        "KEY",
        "VALUE",
        "STATE",
        ">USES",
        "LAST USED",
        "RESTS UNTIL",
    ])
    .sparing(&["PROVIDER", "USES", "LAST USED"]);
    for one in keys {
        table.row(vec![
            text(one, "provider").into(),
            text(one, "id").into(),
            match text(one, "state") {
                "missing" => "-".into(),
                _ => key(text(one, "masked")).into(),
            },
            Cell::word(text(one, "state")),
            count(one, "uses").to_string().into(),
            time(one, "last_used_at").into(),
            time(one, "cooling_until").into(),
        ]);
    }
    screen.table(&table)
}

/// `GET /usage`: a row a value, and the sum of all.
///
/// Days and hours are told as they are in `zone`. What is summed by where it was tried counts tries in FAILED and P95, of
/// which the whole has no sum.
pub(crate) fn usage<W: Write>(
    screen: &mut Screen<W>,
    usage: &Value,
    by: &str,
    zone: &TimeZone,
) -> io::Result<()> {
    let (heading, form) = match by {
        "day" => ("DAY", Some("%Y-%m-%d")),
        "hour" => ("HOUR", Some("%Y-%m-%d %H:%M")),
        _ => ("WHAT", None),
    };
    let of_tries = counts_tries(by);
    let (failed, slowest, spare): (_, _, &[&str]) = if of_tries {
        let spare = &["TTFT", "CACHED", "P95 OF TRIES", "FAILED TRIES"];
        (">FAILED TRIES", ">P95 OF TRIES", spare)
    } else {
        (
            ">FAILED",
            ">P95 TIME",
            &["TTFT", "CACHED", "P95 TIME", "FAILED"],
        )
    };
    let mut table = Table::new(&[
        heading,
        ">REQUESTS",
        failed,
        ">IN",
        ">CACHED",
        ">OUT",
        ">COST",
        ">TTFT",
        slowest,
    ])
    .sparing(spare);
    let total = usage.get("total").unwrap_or(&Value::Null);
    let rows = list(usage, "items").iter().map(|row| (row, false));
    for (row, is_total) in rows.chain([(total, true)]) {
        let key = text(row, "key");
        let at = form.zip(key.parse::<Timestamp>().ok());
        let name = match at {
            _ if is_total => "total".to_owned(),
            Some((form, at)) => at.to_zoned(zone.clone()).strftime(form).to_string(),
            None => key.to_owned(),
        };
        let unknown = if count(row, "unpriced") > 0 { "+?" } else { "" };
        let latency =
            |field: &str, part: &str| millis(row.get(field).unwrap_or(&Value::Null), part);
        let (failed, slowest) = if of_tries && is_total {
            ("-".to_owned(), "-".to_owned())
        } else {
            let failed = count(row, "failures").to_string();
            (failed, latency("duration_ms", "p95"))
        };
        table.row(vec![
            name.into(),
            count(row, "requests").to_string().into(),
            failed.into(),
            short(tokens_in(row)).into(),
            short(count(row, "cache_read_tokens")).into(),
            short(count(row, "output_tokens")).into(),
            format!("{}{unknown}", money(row, "cost_usd")).into(),
            latency("ttft_ms", "p50").into(),
            slowest.into(),
        ]);
    }
    screen.table(&table)?;
    if of_tries && count(total, "requests") > 0 {
        screen.line(of_requests(total))?;
    }
    if let Some(told) = unlike_total(usage, by) {
        screen.line(told)?;
    }
    if count(total, "unpriced") > 0 {
        screen.line("+? more was used at prices that are not known")?;
    }
    Ok(())
}

/// Whether what is summed by this is what was tried there, and not whole requests.
fn counts_tries(by: &str) -> bool {
    matches!(by, "model" | "provider" | "key" | "group")
}

/// How requests fared as a whole, beside their tries.
fn of_requests(total: &Value) -> String {
    let took = millis(total.get("duration_ms").unwrap_or(&Value::Null), "p95");
    format!(
        "of {} {} failed in the end; 95 % took {took} at most, all tries together",
        counted(count(total, "requests"), "request"),
        count(total, "failures"),
    )
}

/// Why the requests of the rows are not those of the total, where all rows are there and they are not.
fn unlike_total(usage: &Value, by: &str) -> Option<String> {
    let rows = list(usage, "items")
        .iter()
        .map(|row| count(row, "requests"));
    let (rows, total) = (rows.sum::<u64>(), count(usage.get("total")?, "requests"));
    if usage.get("next_cursor").is_some_and(Value::is_string) || rows == total {
        return None;
    }
    Some(if rows > total {
        format!("rows add up to {rows} requests: one counts at each {by} that tried it")
    } else {
        let missing = counted(total - rows, "request");
        format!("rows add up to {rows} requests: {missing} reached no {by}")
    })
}

#[cfg(test)]
mod tests;
