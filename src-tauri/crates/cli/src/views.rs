//! Answers of the admin API as tables and lists of facts.

use std::io::{self, Write};

use serde_json::Value;

use crate::figure::{
    count, counted, failure, key, list, millis, moment, money, rate, reason, short, text, time,
    time_heading, tokens_in, uptime, verdict,
};
use crate::screen::{Cell, Screen, Table, Tone};

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
    let serving = match text(status, "active_provider") {
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
            "suspended",
            &Cell::new(count(status, "suspended").to_string(), Tone::Warn),
        )?;
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

/// The state of a group: being the active one is a fact besides what it does.
fn state(word: &str, active: bool) -> Cell {
    match word {
        "cooling" if active => Cell::new("active, resting", Tone::Warn),
        "paused" if active => Cell::new("active, paused", Tone::Warn),
        _ => Cell::word(word),
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
    let off = names_of(group, |member| text(member, "health") == "disabled");
    match (word, active) {
        ("cooling", true) if until != "-" => format!("{name} is active; it rests until {until}"),
        ("cooling", false) if until != "-" => format!("{name} rests until {until}"),
        ("cooling", _) => {
            let is = if active { "active" } else { "not paused" };
            let why = match off.as_slice() {
                [] => String::new(),
                [one] => format!(": {one} is switched off or has no key"),
                more => format!(": {} are switched off or have no key", more.join(", ")),
            };
            format!("{name} is {is}, but nothing in it can serve{why}")
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
    ]);
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
                Cell::word(text(member, "health")),
                millis(member, "ttft_ms").into(),
                rate(member, "success_rate").into(),
                time(member, "cooling_until").into(),
            ]);
        }
    }
    screen.table(&table)
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
    ]);
    for provider in providers {
        table.row(vec![
            Cell::new(text(provider, "name"), Tone::Strong),
            text(provider, "dialect").into(),
            Cell::word(text(provider, "health")),
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
        return screen.line("no keys yet: turnout keys set PROVIDER");
    }
    let mut table = Table::new(&[
        "PROVIDER",
        "KEY",
        "VALUE",
        "STATE",
        ">USES",
        "LAST USED",
        "RESTS UNTIL",
    ]);
    for one in keys {
        table.row(vec![
            text(one, "provider").into(),
            text(one, "id").into(),
            key(text(one, "masked"), Some(text(one, "id"))).into(),
            Cell::word(text(one, "state")),
            count(one, "uses").to_string().into(),
            time(one, "last_used_at").into(),
            time(one, "cooling_until").into(),
        ]);
    }
    screen.table(&table)
}

/// `GET /usage`: a row a value, and the sum of all.
pub(crate) fn usage<W: Write>(screen: &mut Screen<W>, usage: &Value, by: &str) -> io::Result<()> {
    let of_time = matches!(by, "hour" | "day");
    let heading = if of_time { time_heading() } else { "WHAT" };
    let mut table = Table::new(&[
        heading,
        ">REQUESTS",
        ">FAILED",
        ">IN",
        ">CACHED",
        ">OUT",
        ">COST",
        ">TTFT",
        ">P95",
    ]);
    let total = usage.get("total").unwrap_or(&Value::Null);
    let rows = list(usage, "items").iter().map(|row| (row, false));
    for (row, is_total) in rows.chain([(total, true)]) {
        let name = match (is_total, of_time) {
            (true, _) => "total".to_owned(),
            (false, true) => time(row, "key"),
            (false, false) => text(row, "key").to_owned(),
        };
        let unknown = if count(row, "unpriced") > 0 { "+?" } else { "" };
        let latency =
            |field: &str, part: &str| millis(row.get(field).unwrap_or(&Value::Null), part);
        table.row(vec![
            name.into(),
            count(row, "requests").to_string().into(),
            count(row, "failures").to_string().into(),
            short(tokens_in(row)).into(),
            short(count(row, "cache_read_tokens")).into(),
            short(count(row, "output_tokens")).into(),
            format!("{}{unknown}", money(row, "cost_usd")).into(),
            latency("ttft_ms", "p50").into(),
            latency("duration_ms", "p95").into(),
        ]);
    }
    screen.table(&table)?;
    if count(total, "unpriced") > 0 {
        screen.line("+? more was used at prices that are not known")?;
    }
    Ok(())
}

/// `GET /requests`.
pub(crate) fn history<W: Write>(screen: &mut Screen<W>, requests: &[Value]) -> io::Result<()> {
    if requests.is_empty() {
        return screen.line("no requests yet");
    }
    let mut head = vec![
        time_heading(),
        "ID",
        "STATUS",
        "CLIENT",
        "MODEL",
        "PROVIDER",
        ">TRIES",
        ">TTFT",
        ">TOOK",
        ">IN",
        ">OUT",
        ">COST",
    ];
    let with_why = requests.iter().any(|request| why(request) != "-");
    if with_why {
        head.push("REASON");
    }
    let mut table = Table::new(&head);
    for request in requests {
        let mut row = vec![
            time(request, "started_at").into(),
            text(request, "id").into(),
            status_cell(request, &[text(request, "mark")]),
            text(request, "client").into(),
            asked(request).into(),
            text(request, "provider").into(),
            count(request, "attempts").to_string().into(),
            millis(request, "ttft_ms").into(),
            millis(request, "duration_ms").into(),
            short(tokens_in(request)).into(),
            short(count(request, "output_tokens")).into(),
            money(request, "cost_usd").into(),
        ];
        if with_why {
            row.push(why(request).into());
        }
        table.row(row);
    }
    screen.table(&table)
}

/// Why a request did not go well. One for which nothing could be tried has no reason but an error.
fn why(request: &Value) -> &str {
    match (text(request, "reason"), text(request, "status")) {
        ("-", "failed") => text(request, "error"),
        (word, _) => reason(word),
    }
}

/// The model that was asked for; the path of a request that names none.
fn asked(request: &Value) -> &str {
    match text(request, "model_requested") {
        "-" => text(request, "path"),
        model => model,
    }
}

/// `GET /requests/{id}`: facts, then the chain of attempts.
pub(crate) fn request<W: Write>(screen: &mut Screen<W>, request: &Value) -> io::Result<()> {
    screen.fact("request", &Cell::new(text(request, "id"), Tone::Strong))?;
    screen.fact("started", &moment(request, "started_at").into())?;
    let more = [text(request, "mark"), reason(text(request, "reason"))];
    screen.fact("status", &status_cell(request, &more))?;
    screen.fact("http status", &number(request, "http_status").into())?;
    for (name, field) in [
        ("error", "error"),
        ("client", "client"),
        ("client token", "token"),
        ("session", "session"),
        ("path", "path"),
        ("group", "group"),
        ("provider", "provider"),
        ("model asked", "model_requested"),
        ("model used", "model_used"),
        ("answered as", "model_answered"),
    ] {
        screen.fact(name, &text(request, field).into())?;
    }
    screen.fact("dialect", &dialects(request).into())?;
    let lost: Vec<&str> = list(request, "losses")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let (resumed, lost): (Vec<&str>, Vec<&str>) = lost
        .into_iter()
        .partition(|loss| matches!(*loss, "continued" | "restarted"));
    if !resumed.is_empty() {
        screen.fact("broke off, then", &resumed.join(", ").into())?;
    }
    if !lost.is_empty() {
        screen.fact("left out", &Cell::new(lost.join(", "), Tone::Warn))?;
    }
    screen.fact("key", &key(text(request, "key"), None).into())?;
    screen.fact("first token", &millis(request, "ttft_ms").into())?;
    screen.fact("took", &millis(request, "duration_ms").into())?;
    screen.fact("tokens", &tokens(request).into())?;
    screen.fact("cost", &money(request, "cost_usd").into())?;
    if request.get("switch_cost_usd").is_some_and(Value::is_string) {
        let told = format!("{} of cache", money(request, "switch_cost_usd"));
        screen.fact("the switch cost", &told.into())?;
    }
    screen.line("")?;
    screen.table(&attempts(list(request, "attempts")))
}

/// What the client speaks, and what the provider was spoken to in where that is another.
fn dialects(request: &Value) -> String {
    match (
        text(request, "client_dialect"),
        text(request, "provider_dialect"),
    ) {
        (client, "-" | "practice") => client.to_owned(),
        (client, provider) if client == provider => client.to_owned(),
        (client, provider) => format!("{client} → {provider}"),
    }
}

fn attempts(chain: &[Value]) -> Table {
    let mut table = Table::new(&[
        ">#", "PROVIDER", "KEY", "MODEL", "VERDICT", ">HTTP", ">TOOK", ">IN", ">OUT", ">COST",
        "ERROR",
    ])
    .wrapping();
    for (index, attempt) in chain.iter().enumerate() {
        let word = text(attempt, "verdict");
        table.row(vec![
            (index + 1).to_string().into(),
            text(attempt, "provider").into(),
            key(text(attempt, "key"), None).into(),
            text(attempt, "model").into(),
            Cell::new(verdict(word), Tone::of(word)),
            number(attempt, "http_status").into(),
            millis(attempt, "duration_ms").into(),
            short(tokens_in(attempt)).into(),
            short(count(attempt, "output_tokens")).into(),
            money(attempt, "cost_usd").into(),
            text(attempt, "error").into(),
        ]);
    }
    table
}

/// The status, with what more there is to say of it.
fn status_cell(request: &Value, more: &[&str]) -> Cell {
    let status = text(request, "status");
    let more: Vec<&str> = more.iter().copied().filter(|word| *word != "-").collect();
    if more.is_empty() {
        Cell::word(status)
    } else {
        Cell::new(format!("{status} ({})", more.join(", ")), Tone::of(status))
    }
}

fn number(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_u64)
        .map_or_else(|| "-".into(), |number| number.to_string())
}

/// All that went in and out, with the parts that are worth telling.
fn tokens(request: &Value) -> String {
    let cached = [
        ("cache read", "cache_read_tokens"),
        ("cache write 5m", "cache_write_5m_tokens"),
        ("cache write 1h", "cache_write_1h_tokens"),
    ];
    let into = format!("{} in{}", tokens_in(request), parts(request, &cached));
    let thought = parts(request, &[("reasoning", "reasoning_tokens")]);
    let estimated = if is(request, "estimated") {
        " (estimated)"
    } else {
        ""
    };
    let out = count(request, "output_tokens");
    format!("{into}, {out} out{thought}{estimated}")
}

fn parts(request: &Value, kinds: &[(&str, &str)]) -> String {
    let told: Vec<String> = kinds
        .iter()
        .map(|(name, field)| (name, count(request, field)))
        .filter(|(_, tokens)| *tokens > 0)
        .map(|(name, tokens)| format!("{tokens} {name}"))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(view: impl FnOnce(&mut Screen<Vec<u8>>) -> io::Result<()>) -> String {
        let mut screen = Screen::kept();
        view(&mut screen).unwrap();
        screen.told()
    }

    #[test]
    fn a_status_tells_its_reason_and_mark() {
        let row =
            json!({"id": "req-1", "status": "failed", "mark": "retrying", "reason": "stream_cut"});
        let told = told(|screen| request(screen, &row));
        assert!(
            told.contains("failed (retrying, broke off its answer)"),
            "{told}"
        );
    }

    #[test]
    fn a_limit_ahead_is_told_with_what_has_it() {
        let of = |key: Option<&str>, model: Option<&str>| {
            let forecast = json!({
                "at": "2026-01-02T03:04:05Z", "what": "input_tokens", "provider": "relay", "key": key, "model": model,
            });
            foreseen(&json!({ "forecast": forecast })).unwrap_or_default()
        };
        for (key, model, expected) in [
            (Some("relay/0"), Some("m"), "(input tokens, m with relay/0)"),
            (Some("relay/0"), None, "(input tokens, relay/0)"),
            (None, Some("m"), "(input tokens, m at relay)"),
            (None, None, "(input tokens, relay)"),
        ] {
            assert!(of(key, model).ends_with(expected), "{expected}");
        }
        assert_eq!(foreseen(&json!({ "forecast": null })), None);
    }

    #[test]
    fn tokens_leave_out_kinds_that_did_not_occur() {
        let row = json!({"input_tokens": 10, "output_tokens": 0, "cache_read_tokens": 7, "estimated": true});
        assert_eq!(tokens(&row), "17 in (7 cache read), 0 out (estimated)");
        let row = json!({"input_tokens": 1, "output_tokens": 5, "reasoning_tokens": 2});
        assert_eq!(tokens(&row), "1 in, 5 out (2 reasoning)");
    }

    #[test]
    fn each_attempt_is_a_row_in_order() {
        let chain = [
            json!({"provider": "a", "verdict": "next-provider", "key": "…"}),
            json!({"provider": "b", "verdict": "ok", "input_tokens": 3, "cache_write_5m_tokens": 40}),
        ];
        let lines = attempts(&chain).lines(None);
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("next provider") && lines[1].contains("not shown"));
        assert!(lines[2].contains("answered") && lines[2].contains("43"));
    }

    #[test]
    fn the_active_group_is_marked_while_it_rests() {
        let listed = json!([
            {"name": "solo", "active": true, "state": "cooling", "members": [{"provider": "a", "health": "cooling"}]},
            {"name": "main", "active": false, "state": "cooling", "members": [{"provider": "b", "health": "open"}]},
        ]);
        let shown = told(|screen| groups(screen, listed.as_array().unwrap()));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].contains("active, resting"), "{shown}");
        assert!(lines[2].contains("resting"), "{shown}");
        assert!(!lines[2].contains("active"), "{shown}");

        let status_now = json!({"active_group": "solo", "groups": listed});
        let shown = told(|screen| status(screen, &status_now, "http://127.0.0.1:7790"));
        assert_eq!(shown.matches("active, resting").count(), 1, "{shown}");
        assert!(
            shown.contains("none: every provider rests or has no key"),
            "{shown}"
        );
    }

    #[test]
    fn what_serves_is_told_with_its_group_and_all_that_went_in() {
        let status_now = json!({
            "active_provider": "practice", "serving_group": "spare",
            "today": {"input_tokens": 1, "cache_read_tokens": 20, "cache_write_tokens": 300, "cost_usd": "0"},
        });
        let shown = told(|screen| status(screen, &status_now, "http://127.0.0.1:7790"));
        assert!(shown.contains("practice (group spare)"), "{shown}");
        assert!(shown.contains("321 tokens in, 0 out, $0.00"), "{shown}");
    }

    #[test]
    fn a_steered_group_says_what_keeps_it_from_serving() {
        let resting =
            json!({"name": "solo", "active": true, "state": "cooling", "cooling_until": "soon"});
        assert_eq!(standing(&resting), "solo is active; it rests until soon");
        let off = json!({"name": "main", "active": true, "state": "cooling", "members": [
            {"provider": "anthropic", "health": "disabled"},
        ]});
        assert_eq!(
            standing(&off),
            "main is active, but nothing in it can serve: anthropic is switched off or has no key"
        );
        let well = json!({"name": "main", "active": true, "state": "active"});
        assert_eq!(standing(&well), "main is active");
    }

    #[test]
    fn nothing_is_told_in_words_instead_of_bare_headings() {
        assert_eq!(told(|screen| history(screen, &[])), "no requests yet\n");
        assert_eq!(
            told(|screen| keys(screen, &[])),
            "no keys yet: turnout keys set PROVIDER\n"
        );
    }

    #[test]
    fn the_reason_has_a_column_only_where_there_is_one() {
        let well = json!({"status": "completed", "path": "/v1/models"});
        let shown = told(|screen| history(screen, std::slice::from_ref(&well)));
        assert!(
            shown.contains("/v1/models") && !shown.contains("REASON"),
            "{shown}"
        );
        let untried =
            json!({"status": "failed", "attempts": 0, "error": "no group has a provider"});
        let cut = json!({"status": "failed", "reason": "stream_cut", "error": "long"});
        let shown = told(|screen| history(screen, &[well, untried, cut]));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].ends_with("REASON"), "{shown}");
        assert!(lines[2].ends_with("no group has a provider"), "{shown}");
        assert!(lines[3].ends_with("broke off its answer"), "{shown}");
    }

    #[test]
    fn a_short_key_is_listed_by_its_id() {
        let one =
            json!({"provider": "badhost", "id": "badhost/0", "masked": "…", "state": "cooling"});
        let shown = told(|screen| keys(screen, &[one]));
        assert_eq!(shown.matches("badhost/0").count(), 2, "{shown}");
        assert!(!shown.contains('…'), "{shown}");
    }
}
