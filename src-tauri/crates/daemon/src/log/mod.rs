//! Where the program's own log goes: standard error, daily files in the data folder, and the tail that the API shows.
//!
//! Nothing that is logged holds a secret: values live in types that don't print. A line that belongs to a request has
//! its id in the field `request_id`: its own, or that of the span it was logged in.

mod lines;
mod written;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::path::Path;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::Options;
use crate::place::Place;
use crate::settings::{self, LogFormat, LogLevel, watch};
use crate::view::LogLine;

pub(crate) use lines::REQUEST;

use lines::Lines;
use written::{Form, Sink};

/// Days of log files that are kept.
const KEPT: usize = 7;

/// Keeps the log file's writer alive; dropping it flushes.
#[derive(Debug)]
pub struct Guard {
    _file: Option<WorkerGuard>,
}

/// Writes a line for people, without its end.
pub type Painter = Box<dyn Fn(&LogLine) -> String + Send + Sync>;

/// Sets up logging for the whole process as `[log]` of the config says; a missing or broken config gets the defaults.
/// `RUST_LOG` overrides the level. Call it once, before [`crate::Daemon::start`], and keep the guard until the end;
/// a second call changes nothing.
pub fn init(options: &Options) -> Guard {
    set_up(options, |format| Some(Sink::error(form(format))))
}

/// Does the same for a terminal: what goes to standard error is written by `painter`, unless `log.format` is `json`.
pub fn init_painted(options: &Options, painter: Painter) -> Guard {
    set_up(options, |format| {
        Some(Sink::error(match format {
            LogFormat::Json => Form::Json,
            LogFormat::Pretty => Form::Painted(painter),
        }))
    })
}

/// Does the same without standard error, for a program whose terminal shows something else.
pub fn init_silent(options: &Options) -> Guard {
    set_up(options, |_| None)
}

fn set_up(options: &Options, aloud: impl FnOnce(LogFormat) -> Option<Sink>) -> Guard {
    let place = Place::of(options).ok();
    let log = place.as_ref().and_then(|place| written(&place.config));
    let (level, format, to_file) = log.map_or((LogLevel::Info, LogFormat::Pretty, true), |log| {
        (log.level, log.format, log.file)
    });
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives(level)));
    let file = place.filter(|_| to_file).and_then(|place| file(&place));
    let (writer, guard) = file.unzip();
    let file = writer.map(|writer| Sink::file(writer, form(format)));
    let aloud = aloud(format);
    let is_aloud = aloud.is_some();
    let sinks = aloud.into_iter().chain(file).collect();
    // Fails only if the process has a log already, which is as good.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(Lines::to(sinks))
        .try_init();
    log_faults(is_aloud);
    Guard { _file: guard }
}

/// Logs panics, with the request that they ended. Where the log goes to standard error they are told there once.
fn log_faults(is_aloud: bool) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |fault| {
        let trace = Backtrace::capture();
        let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
        tracing::error!(trace, "a fault inside Turnout: {fault}");
        if !is_aloud {
            before(fault);
        }
    }));
}

fn form(format: LogFormat) -> Form {
    match format {
        LogFormat::Json => Form::Json,
        LogFormat::Pretty => Form::Plain,
    }
}

/// Other people's crates are only heard from when something is wrong, but for the most talkative levels.
fn directives(level: LogLevel) -> String {
    match level {
        LogLevel::Debug | LogLevel::Trace => {
            format!("{level},hyper=info,reqwest=info,sqlx=info,rustls=info,h2=info")
        }
        LogLevel::Info => {
            let ours = [
                "daemon", "gateway", "ledger", "practice", "routing", "dialects", "cli", "turnout",
                "turnoutd",
            ];
            ours.iter()
                .fold("warn".to_owned(), |text, name| text + "," + name + "=info")
        }
        other => other.word().to_owned(),
    }
}

fn written(config: &Path) -> Option<settings::Log> {
    let text = watch::read(config).ok()?;
    Some(settings::parse(&text).ok()?.log)
}

/// `None` if the folder can't be written, which the start tells by itself.
fn file(place: &Place) -> Option<(NonBlocking, WorkerGuard)> {
    place.prepare().ok()?;
    let folder = place.logs();
    std::fs::create_dir_all(&folder).ok()?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("turnout")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(&folder)
        .ok()?;
    Some(tracing_appender::non_blocking(appender))
}
