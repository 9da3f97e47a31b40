//! Turnout, the desktop app.
//!
//! Without arguments it is the tray app; with a command it is the command line; where no display
//! can be opened it says so and serves headless. It must never hold business logic: what it shows
//! and does is the daemon's.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod act;
mod app;
mod autostart;
mod change;
mod drawing;
mod ends;
mod facts;
mod launch;
mod menu;
mod notify;
mod surroundings;
mod texts;
mod tray;
mod waking;
mod window;
mod without_tray;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use launch::{Desktop, Launch};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let desktop = match launch::read(&arguments) {
        Launch::CommandLine => return cli::main(),
        Launch::Window => return told(window::run()),
        Launch::Desktop(desktop) => desktop.or_else(|name| std::env::var_os(name)),
    };
    if !surroundings::has_display() {
        return headless(&desktop);
    }
    told(app::run(desktop))
}

/// What `tauri.conf.json` and the capabilities say.
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// How the process ends; an error is told.
fn told(end: anyhow::Result<()>) -> ExitCode {
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("turnout: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The same proxy without tray and window, as the command line serves it.
fn headless(desktop: &Desktop) -> ExitCode {
    let display = std::env::var("WAYLAND_DISPLAY").or_else(|_| std::env::var("DISPLAY"));
    let why = display.map_or_else(
        |_| "there is no display".to_owned(),
        |name| format!("the display {name} cannot be opened"),
    );
    tell(&format!(
        "turnout: {why}, so Turnout serves headless, without tray and window; end it with Ctrl-C"
    ));
    let arguments = ["turnout".to_owned(), "serve".to_owned()]
        .into_iter()
        .chain(desktop.places());
    cli::run(arguments.map(OsString::from))
}

/// Writes a line for the person who started the app in a terminal, if there is one.
fn tell(line: &str) {
    // Nobody may be listening, which is no reason to end.
    let _ = writeln!(std::io::stderr(), "{line}");
}
