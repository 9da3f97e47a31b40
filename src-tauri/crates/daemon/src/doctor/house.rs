//! Config, folder, instance, address and history.

use super::facts::{Config, Facts, History, Instance, Port, Told};
use super::{Finding, State, access};
use crate::program;
use crate::settings::NO_LEDGER;
use crate::view::{Problem, ProblemKind};

/// Bytes below which the history cannot go on, and below which it soon cannot.
const TOO_LITTLE: u64 = 100 << 20;
const LITTLE: u64 = 1 << 30;

pub(super) fn config(facts: &Facts) -> Vec<Finding> {
    let path = facts.place.config.display();
    let program = program();
    match &facts.config {
        Config::Missing => vec![
            Finding::warn(format!("there is no config at {path} yet")).advice(format!(
                "`{program} init` writes one, and so does the first `{program} serve`"
            )),
        ],
        Config::Unreadable(why) => {
            vec![
                Finding::fail(why)
                    .advice("make it a file that you can read, or give another with --config"),
            ]
        }
        Config::Broken(mistakes) => {
            let told = |mistake: &String| {
                Finding::fail(format!("{path}, {mistake}"))
                    .advice(format!("correct it; `{program} check` looks at it again"))
            };
            mistakes.iter().map(told).collect()
        }
        Config::Valid(settings) => {
            let mut found: Vec<Finding> =
                settings.notices().into_iter().map(Finding::warn).collect();
            if settings.groups.is_empty() {
                found.push(
                    Finding::warn("the config has no group, so that nothing can serve a request")
                        .advice(format!(
                            "add one with `{program} groups add NAME --member PROVIDER`"
                        )),
                );
            }
            if found.is_empty() {
                found.push(Finding::ok(format!("{path} is valid")));
            }
            found
        }
    }
}

pub(super) fn folder(facts: &Facts) -> Vec<Finding> {
    let data = facts.place.data.display();
    let folder = &facts.folder;
    if !folder.exists {
        return vec![Finding::ok(format!("{data} is made at the first start"))];
    }
    if let Some(why) = &folder.unwritable {
        return vec![
            Finding::fail(format!("{data} cannot be written ({why})"))
                .advice("make it yours and writable, or choose another with --data-dir"),
        ];
    }
    if folder.is_open {
        return vec![
            Finding::warn(format!(
                "others than you can look into {data}, where history and tokens are"
            ))
            .advice(format!("close it with `chmod 700 {data}`")),
        ];
    }
    vec![Finding::ok(format!("{data} is writable, and yours alone"))]
}

pub(super) fn disk(facts: &Facts) -> Vec<Finding> {
    let Some(free) = facts.folder.free else {
        return Vec::new();
    };
    let told = format!("{} are free where the data are", size(free));
    let advice = format!(
        "make room; `{} vacuum` gives back what deleted requests left, and ledger.retention deletes old ones",
        program()
    );
    vec![match free {
        0..TOO_LITTLE => Finding::fail(told).advice(advice),
        TOO_LITTLE..LITTLE => Finding::warn(told).advice(advice),
        _ => Finding::ok(told),
    }]
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

pub(super) fn instance(facts: &Facts) -> Vec<Finding> {
    let program = program();
    let Instance::Runs {
        pid,
        base_url,
        version,
        told,
    } = &facts.instance
    else {
        let data = facts.place.data.display();
        return vec![
            Finding::ok(format!("no Turnout runs on {data}"))
                .advice(format!("start the app, or `{program} serve`")),
        ];
    };
    let told = match told {
        Ok(told) => told,
        Err(why) => {
            return vec![
                Finding::fail(format!("Turnout runs at {base_url} (process {pid}), but {why}")).advice(
                    "give --config and --data-dir as it was started with; if they are, end it and start it anew",
                ),
            ];
        }
    };
    let mut found = vec![Finding::ok(format!(
        "Turnout {version} runs at {base_url} (process {pid}) and takes the admin token"
    ))];
    if version != crate::VERSION {
        found.push(
            Finding::warn(format!(
                "this program is {}, the running one {version}",
                crate::VERSION
            ))
            .advice("end the running one and start it anew"),
        );
    }
    let status = &told.status;
    if status.active_provider.is_none() {
        found.push(
            Finding::fail(
                "nothing can serve a request now: every provider rests, is off or has no key",
            )
            .advice(format!(
                "`{program} groups` tells of each; `{program} providers test NAME` tries one"
            )),
        );
    }
    if status.suspended > 0 {
        found.push(
            Finding::warn(format!(
                "{} requests wait until something can serve them",
                status.suspended
            ))
            .advice(format!("`{program} waiting` lists them")),
        );
    }
    let problems = status.problems.iter();
    let untold = problems.filter(|problem| !is_told(facts, told, problem));
    found.extend(untold.map(|problem| Finding::warn(&problem.message)));
    found
}

/// Whether a check of its own tells a problem of the running instance, and what to do about it.
fn is_told(facts: &Facts, told: &Told, problem: &Problem) -> bool {
    let message = &problem.message;
    match problem.kind {
        ProblemKind::Config => facts.settings().is_none(),
        ProblemKind::Ledger => told.health.database.status != "ok",
        ProblemKind::Keychain => access::keychain(facts)
            .iter()
            .any(|finding| finding.state != State::Ok),
        ProblemKind::Key => {
            let mut missing = told.keys.iter().filter(|key| key.state == "missing");
            let mut open = facts.open_files.iter();
            missing.any(|key| message.contains(&key.id))
                || open.any(|path| message.contains(&*path.to_string_lossy()))
        }
        ProblemKind::Unused => facts
            .settings()
            .is_some_and(|settings| settings.notices().contains(message)),
        ProblemKind::Restart => false,
    }
}

pub(super) fn address(facts: &Facts) -> Vec<Finding> {
    match &facts.port {
        // The running instance is told of already.
        Port::Unknown | Port::Served => Vec::new(),
        Port::Free(address) => vec![Finding::ok(format!("{address} is free to listen on"))],
        Port::Taken(address, by) => vec![
            Finding::fail(format!("{address} is in use by {by}"))
                .advice("end that program, or set another server.listen"),
        ],
        Port::Unusable(address, why) => vec![
            Finding::fail(format!("nothing can listen on {address} ({why})"))
                .advice("set an address of this machine as server.listen, such as 127.0.0.1:7790"),
        ],
    }
}

pub(super) fn history(facts: &Facts) -> Vec<Finding> {
    if let Some(told) = facts.told() {
        let database = &told.health.database;
        if facts
            .settings()
            .is_some_and(|settings| settings.ledger.url == NO_LEDGER)
        {
            return vec![Finding::ok("the config wants no history")];
        }
        let why = database
            .last_error
            .clone()
            .unwrap_or_else(|| "it does not answer".to_owned());
        return vec![match database.status.as_str() {
            "ok" => {
                let took = database.latency_ms.unwrap_or_default();
                Finding::ok(format!("it answers in {took:.0} ms"))
            }
            "degraded" => Finding::warn(format!("it cannot be written or read now: {why}"))
                .advice("free its disk or reach its server; what is recorded meanwhile waits"),
            _ => Finding::fail(format!("requests are served without a history: {why}"))
                .advice("put ledger.url right, or the file in its place, and start Turnout anew"),
        }];
    }
    match &facts.history {
        // What the folder lacks is told with it.
        History::File(_, _, Some(_)) if facts.folder.unwritable.is_some() => Vec::new(),
        History::None => Vec::new(),
        History::Wrong(why) => vec![Finding::fail(why).advice("put ledger.url right")],
        History::Server(at) => vec![Finding::ok(format!(
            "it is at {at}, which is looked at while Turnout runs"
        ))],
        History::File(path, false, _) => {
            vec![Finding::ok(format!(
                "{} is made at the first start",
                path.display()
            ))]
        }
        History::File(path, true, None) => {
            vec![Finding::ok(format!(
                "{} is a database that can be written",
                path.display()
            ))]
        }
        History::File(path, true, Some(why)) => vec![
            Finding::fail(format!("{} cannot be used: {why}", path.display()))
                .advice("make it writable, or put it aside: a new one is made in its place"),
        ],
    }
}
