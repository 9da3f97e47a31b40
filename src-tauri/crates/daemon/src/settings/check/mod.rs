//! From what is written to what is meant: defaults, ranges and references between tables.
//! Collects every problem; a [`Settings`] leaves here only when there is none.

mod groups;
mod providers;
mod routing;
mod rules;
mod server;
mod tokens;

use std::{ops::Range, time::Duration};

use super::{
    model::{Desktop, Ledger, Log, NO_LEDGER, NoticeKind, Settings, Telemetry},
    problem::{Found, place},
    raw,
    reader::{At, Field},
    scalar::{Count, Kept, Size, Span},
    words::{Capture, Language, LogFormat, LogLevel, OnQuit, Theme},
};

/// The only version of the format so far.
const VERSION: i64 = 1;

/// Judges a document that has the right shape.
pub(super) fn check(document: &raw::Document, text: &str) -> (Settings, Vec<Found>) {
    let mut check = Check {
        text,
        problems: Vec::new(),
        notices: Vec::new(),
    };
    if let Some(version) = document
        .version
        .as_ref()
        .filter(|version| version.value != VERSION)
    {
        check.tell(
            &version.span,
            format!(
                "`version` is {}, but this program understands version {VERSION}",
                version.value
            ),
        );
    }
    let unset = raw::Routing::default();
    let raw = part(&document.routing, &unset);
    let mut routing = routing::routing(&mut check, raw);
    let providers = providers::providers(&mut check, document, &routing);
    routing.embeddings = routing::embeddings(&mut check, raw, &providers);
    let groups = groups::groups(&mut check, document, &providers);
    let rules = rules::rules(&mut check, document, &groups, &providers);
    let raw = raw::Server::default();
    let server = server::server(&mut check, part(&document.server, &raw), &groups);
    let mut ledger = check.ledger(part(&document.ledger, &raw::Ledger::default()), &groups);
    let unset = raw::Ledger::default();
    let written = part(&document.ledger, &unset);
    rules::budgets_have_somebody(&mut check, written, &server, &providers, &groups);
    ledger.budgets.extend(tokens::budgets(&server));
    check.budgets_can_hold(document, &ledger);
    let settings = Settings {
        server,
        routing,
        ledger,
        log: log(part(&document.log, &raw::Log::default())),
        telemetry: telemetry(part(&document.telemetry, &raw::Telemetry::default())),
        desktop: desktop(part(&document.desktop, &raw::Desktop::default())),
        rules,
        groups,
        providers,
        notices: Vec::new(),
    };
    (
        Settings {
            notices: check.notices,
            ..settings
        },
        check.problems,
    )
}

/// Where problems and notices gather.
pub(super) struct Check<'a> {
    text: &'a str,
    problems: Vec<Found>,
    notices: Vec<String>,
}

impl Check<'_> {
    /// Records a problem.
    pub(super) fn tell(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.problems.push(Found {
            span: span.clone(),
            message: message.into(),
            absence: false,
        });
    }

    /// Records that something is not there.
    pub(super) fn missing(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.problems.push(Found {
            span: span.clone(),
            message: message.into(),
            absence: true,
        });
    }

    /// Records something that is valid but worth knowing.
    pub(super) fn notice(&mut self, span: &Range<usize>, message: &str) {
        let (line, _) = place(self.text, span.start);
        self.notices.push(format!("line {line}: {message}"));
    }

    /// A key that must be there and not empty.
    fn need(&mut self, field: &Field<String>, table: &Range<usize>, what: &str) -> Option<String> {
        match field {
            Some(at) if !at.value.trim().is_empty() => Some(at.value.clone()),
            Some(at) => {
                self.tell(&at.span, format!("`{what}` is empty"));
                None
            }
            None => {
                self.missing(table, format!("`{what}` is missing here"));
                None
            }
        }
    }

    /// A name that is used in paths such as `/provider/NAME/…` and in `group:NAME`.
    fn name(&mut self, field: &Field<String>, table: &Range<usize>, what: &str) -> Option<String> {
        let name = self.need(field, table, what)?;
        let unfit = |c: char| c.is_whitespace() || c.is_control() || "/\\:?#%\"'<>".contains(c);
        if name.contains(unfit) || name == "." || name == ".." {
            let span = field.as_ref().map_or(table, |at| &at.span);
            self.tell(span, format!("`{what}` is used in paths, so it cannot hold spaces or any of / \\ : ? # % \" ' < >"));
            return None;
        }
        Some(name)
    }

    /// Tells a second use of a name; the first one keeps it.
    fn unique(&mut self, seen: &mut Vec<String>, name: &str, span: &Range<usize>, what: &str) {
        if seen.iter().any(|other| other == name) {
            self.tell(
                span,
                format!("there is already a {what} called \"{name}\"; names must differ"),
            );
        } else {
            seen.push(name.to_owned());
        }
    }

    /// A count that must be at least 1.
    fn some(&mut self, field: &Field<Count>, default: u32, what: &str) -> u32 {
        match field {
            Some(at) if at.value.0 == 0 => {
                self.tell(&at.span, format!("`{what}` must be at least 1"));
                default
            }
            Some(at) => at.value.0,
            None => default,
        }
    }

    /// A count that must be at least 1 where it is given.
    fn some_if_given(&mut self, field: &Field<Count>, what: &str) -> Option<u32> {
        field.as_ref().map(|_| self.some(field, 1, what))
    }

    /// A duration that must not be zero.
    fn time(&mut self, field: &Field<Span>, default: Duration, what: &str) -> Duration {
        match field {
            Some(at) if at.value.0.is_zero() => {
                self.tell(&at.span, format!("`{what}` must be longer than zero"));
                default
            }
            Some(at) => at.value.0,
            None => default,
        }
    }

    /// How long something is kept, longer than zero.
    fn kept(&mut self, field: &Field<Kept>, default: Duration, what: &str) -> Duration {
        let field = field.as_ref().map(|at| At {
            span: at.span.clone(),
            value: Span(at.value.0),
        });
        self.time(&field, default, what)
    }

    /// A number that must not be negative.
    fn money(&mut self, field: &Field<f64>, what: &str) -> Option<f64> {
        let at = field.as_ref()?;
        if at.value < 0.0 {
            self.tell(&at.span, format!("`{what}` must not be negative"));
            return None;
        }
        Some(at.value)
    }

    /// Databases take values of some megabytes, not of any size.
    fn capture_max_body(&mut self, field: &Field<Size>) -> usize {
        const DEFAULT: u64 = 1 << 20;
        const MOST: u64 = 16 << 20;
        let size = field.as_ref().map_or(DEFAULT, |at| at.value.0);
        if let Some(at) = field.as_ref().filter(|_| size == 0 || size > MOST) {
            let message = "`ledger.capture_max_body` must be larger than zero and at most 16MiB; \
                           `capture_bodies = \"off\"` keeps nothing";
            self.tell(&at.span, message);
        }
        size.min(MOST) as usize
    }

    /// Patterns of secrets. One that fits where nothing stands would mark every place.
    fn redact(&mut self, field: &Field<Vec<At<String>>>) -> Vec<String> {
        let written = field.as_ref().map_or(&[][..], |at| &at.value);
        for At { span, value } in written {
            match regex::bytes::Regex::new(value) {
                Ok(pattern) if pattern.is_match(b"") => self.tell(
                    span,
                    "a pattern of `ledger.redact` must not fit an empty text: it would mark every place",
                ),
                Ok(_) => {}
                Err(error) => {
                    let told = error.to_string();
                    let why = told.lines().last().unwrap_or_default();
                    let why = why.strip_prefix("error: ").unwrap_or(why);
                    self.tell(
                        span,
                        format!("a pattern of `ledger.redact` is no regular expression: {why}"),
                    );
                }
            }
        }
        values(written)
    }

    /// What is spent is known of the ledger, for budgets as for the dollars of a token.
    fn budgets_can_hold(&mut self, document: &raw::Document, ledger: &Ledger) {
        let unset = raw::Ledger::default();
        let raw = part(&document.ledger, &unset);
        if let Some(url) = raw.url.as_ref().filter(|url| url.value == NO_LEDGER)
            && !ledger.budgets.is_empty()
        {
            let message = "without a ledger nobody knows what was spent: take the budgets and the tokens' `usd` out, or \
                           give `url` a database";
            self.tell(&url.span, message);
        }
    }

    fn ledger(&mut self, raw: &raw::Ledger, groups: &[super::Group]) -> Ledger {
        if let Some(url) = &raw.url
            && !url.value.starts_with("sqlite:")
            && url.value != NO_LEDGER
            && let Err(error) = ledger::Place::server(&url.value)
        {
            self.tell(&url.span, error.to_string());
        }
        Ledger {
            url: or(&raw.url, "sqlite://".to_owned()),
            retention: self.kept(
                &raw.retention,
                Duration::from_hours(90 * 24),
                "ledger.retention",
            ),
            audit_retention: self.kept(
                &raw.audit_retention,
                Duration::from_hours(365 * 24),
                "ledger.audit_retention",
            ),
            capture_bodies: or(&raw.capture_bodies, Capture::Off),
            capture_max_body: self.capture_max_body(&raw.capture_max_body),
            capture_max_total: raw
                .capture_max_total
                .as_ref()
                .map_or(256 << 20, |at| at.value.0),
            capture_retention: self.kept(
                &raw.capture_retention,
                Duration::from_hours(7 * 24),
                "ledger.capture_retention",
            ),
            redact: self.redact(&raw.redact),
            budgets: rules::budgets(self, raw, groups),
            prices: providers::model_prices(self, &raw.prices),
        }
    }
}

fn log(raw: &raw::Log) -> Log {
    Log {
        level: or(&raw.level, LogLevel::Info),
        format: or(&raw.format, LogFormat::Pretty),
        file: or(&raw.file, true),
    }
}

fn telemetry(raw: &raw::Telemetry) -> Telemetry {
    Telemetry {
        propagate: or(&raw.propagate, false),
    }
}

fn desktop(raw: &raw::Desktop) -> Desktop {
    let all = [
        NoticeKind::Failover,
        NoticeKind::Recovery,
        NoticeKind::AllDown,
        NoticeKind::Auth,
        NoticeKind::Budget,
    ];
    Desktop {
        autostart: or(&raw.autostart, false),
        notifications: raw
            .notifications
            .as_ref()
            .map_or(all.to_vec(), |list| values(&list.value)),
        language: or(&raw.language, Language::System),
        theme: or(&raw.theme, Theme::System),
        on_quit: or(&raw.on_quit, OnQuit::RestoreClients),
    }
}

/// The value, or the default.
fn or<T: Clone>(field: &Field<T>, default: T) -> T {
    field.as_ref().map_or(default, |at| at.value.clone())
}

/// The value, where it is given.
fn given<T: Clone>(field: &Field<T>) -> Option<T> {
    field.as_ref().map(|at| at.value.clone())
}

/// A table, or an empty one.
fn part<'a, T>(field: &'a Field<T>, empty: &'a T) -> &'a T {
    field.as_ref().map_or(empty, |at| &at.value)
}

/// The items without their places.
fn values<T: Clone>(items: &[At<T>]) -> Vec<T> {
    items.iter().map(|at| at.value.clone()).collect()
}
