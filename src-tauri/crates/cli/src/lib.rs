//! The command line of `turnout` and `turnoutd`.
//!
//! Each command is a call of the running instance's admin API and a view of the answer; only `serve`, `check`,
//! `practice` and `completions` work by themselves. It must never hold rules of its own about routing or history.

mod admin;
mod args;
mod commands;
mod figure;
mod home;
mod names;
mod progress;
mod screen;
mod shell;
mod top;
mod views;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::Args;

/// Wrong use of a command that the command line's grammar cannot see: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUse(pub(crate) String);

/// Something is wrong and has been told already: exit status 1 and not another word.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(crate) struct Told;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs `arguments`, the first of which is the program's name: 0 done, 1 failed, 2 wrong use.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let program = daemon::program();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if names::complete(&arguments, program) {
        return ExitCode::SUCCESS;
    }
    let parsed = Args::command()
        .name(program)
        .bin_name(program)
        .try_get_matches_from(arguments)
        .and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let json = args.json;
    match commands::execute(args, program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told(&error, json, program),
    }
}

fn told(error: &anyhow::Error, json: bool, program: &str) -> ExitCode {
    if error.is::<Told>() {
        return ExitCode::FAILURE;
    }
    if let Some(refused) = error.downcast_ref::<admin::Refused>()
        && json
    {
        let _ = screen::stdout().json(&refused.body);
    }
    let _ = writeln!(anstream::stderr(), "{program}: {}", sentence(error));
    ExitCode::from(if error.is::<WrongUse>() { 2 } else { 1 })
}

/// What went wrong with its causes, each once: many of our errors tell theirs in their own words already.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once() {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let told_already = daemon::PlaceError::Unwritable {
            data: "/d".into(),
            source: missing(),
        };
        let said = sentence(&anyhow::Error::from(told_already));
        assert_eq!(said.matches(&missing().to_string()).count(), 1, "{said}");
        let bare = anyhow::Error::from(missing()).context("it cannot be read");
        assert_eq!(sentence(&bare), format!("it cannot be read: {}", missing()));
    }
}
