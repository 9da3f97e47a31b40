//! Where the program's own log goes: standard error, daily files in the data folder, and the tail that the API shows.
//!
//! Nothing that is logged holds a secret: values live in types that don't print.

use std::path::Path;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::Options;
use crate::place::Place;
use crate::settings::{self, LogFormat, LogLevel, watch};
use crate::tail::Keeper;

/// Days of log files that are kept.
const KEPT: usize = 7;

/// Keeps the log file's writer alive; dropping it flushes.
#[derive(Debug)]
pub struct Guard {
    _file: Option<WorkerGuard>,
}

/// Sets up logging for the whole process as `[log]` of the config says; a missing or broken config gets the defaults.
/// `RUST_LOG` overrides the level. Call it once, before [`crate::Daemon::start`], and keep the guard until the end;
/// a second call changes nothing.
pub fn init(options: &Options) -> Guard {
    set_up(options, true)
}

/// Does the same without standard error, for a program whose terminal shows something else.
pub fn init_silent(options: &Options) -> Guard {
    set_up(options, false)
}

fn set_up(options: &Options, aloud: bool) -> Guard {
    let place = Place::of(options).ok();
    let log = place.as_ref().and_then(|place| written(&place.config));
    let (level, format, to_file) = log.map_or((LogLevel::Info, LogFormat::Pretty, true), |log| {
        (log.level, log.format, log.file)
    });
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives(level)));
    let file = place.filter(|_| to_file).and_then(|place| file(&place));
    let (writer, guard) = match (file, aloud) {
        (Some((file, guard)), true) => (BoxMakeWriter::new(std::io::stderr.and(file)), Some(guard)),
        (Some((file, guard)), false) => (BoxMakeWriter::new(file), Some(guard)),
        (None, true) => (BoxMakeWriter::new(std::io::stderr), None),
        (None, false) => (BoxMakeWriter::new(std::io::sink), None),
    };
    subscribe(filter, format, writer);
    Guard { _file: guard }
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

fn subscribe(
    filter: EnvFilter,
    format: LogFormat,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    // Fails only if the process has a log already, which is as good.
    let _ = match format {
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true);
            builder.finish().with(Keeper).try_init()
        }
        // Colours would end up in the file too.
        LogFormat::Pretty => {
            let builder = builder.with_ansi(false).with_target(false);
            builder.finish().with(Keeper).try_init()
        }
    };
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
