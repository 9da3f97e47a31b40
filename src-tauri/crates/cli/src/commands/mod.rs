//! The commands, one function each.

mod access;
mod check;
mod clients;
mod doctor;
mod ending;
mod env;
mod import;
mod init;
mod instance;
mod keys;
mod logs;
mod man;
mod practice;
mod prices;
mod replay;
mod serve;
mod things;
mod top;

use std::future::Future;
use std::io::{self, BufRead as _, Write as _};

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

use crate::args::{Args, Command};
use crate::home::Home;
use crate::names;

/// Does what was asked; an error says why it could not be done.
pub(crate) fn execute(args: Args, program: &'static str) -> anyhow::Result<()> {
    let home = Home::new(args.config, args.data_dir);
    let json = args.json;
    match args.command {
        Command::Serve(serve) => resident()?.block_on(serve::serve(&home, serve, json)),
        Command::Practice(practice) => resident()?.block_on(practice::practice(practice, json)),
        Command::Init(asked) => brief(init::init(&home, asked, json)),
        Command::Man { dir } => man::man(&dir, program),
        Command::Logs(asked) => brief(logs::logs(&home, asked, json)),
        Command::Doctor => brief(doctor::doctor(&home, json)),
        Command::Check { file } => check::check(&home, file, json),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            names::script(shell, program, &mut script)?;
            // Whoever reads no further has what it wants.
            let _ = io::stdout().write_all(&script);
            Ok(())
        }
        Command::Top => brief(top::top(&home, json)),
        Command::Status => brief(instance::status(&home, json)),
        Command::Use { group } => brief(instance::steer(&home, &group, "activate", json)),
        Command::Pause { group } => brief(instance::steer(&home, &group, "pause", json)),
        Command::Resume { group } => brief(instance::steer(&home, &group, "resume", json)),
        Command::Groups { what } => brief(things::groups(&home, what, json)),
        Command::Providers { what } => brief(things::providers(&home, what, json)),
        Command::Rules { what } => brief(things::rules(&home, what, json)),
        Command::Waiting { what } => brief(things::waiting(&home, what, json)),
        Command::Models => brief(things::models(&home, json)),
        Command::Mode { mode } => brief(instance::mode(&home, mode, json)),
        Command::History(history) => brief(instance::history(&home, history, json)),
        Command::Usage(usage) => brief(instance::usage(&home, usage, json)),
        Command::Export(export) => brief(instance::export(&home, export, json)),
        Command::Vacuum => brief(instance::vacuum(&home, json)),
        Command::Import(asked) => brief(import::import(&home, asked, json)),
        Command::Show { id, bodies: false } => brief(instance::show(&home, &id, json)),
        Command::Show { id, bodies: true } => brief(replay::bodies(&home, &id, json)),
        Command::Replay(asked) => brief(replay::replay(&home, asked, json)),
        Command::Reload => brief(instance::reload(&home, json)),
        Command::Ui => brief(instance::ui(&home, json)),
        Command::Keys { what } => brief(keys::keys(&home, what, json)),
        Command::Prices(asked) => brief(prices::prices(&home, asked, json)),
        Command::Tokens { what } => brief(access::tokens(&home, what, json)),
        Command::Audit(audit) => brief(access::audit(&home, audit, json)),
        Command::Clients => brief(clients::list(&home, json)),
        Command::Connect(asked) => brief(clients::connect(&home, asked, json)),
        Command::Disconnect(asked) => brief(clients::disconnect(&home, asked, json)),
        Command::Env { client } => brief(env::env(&home, client, json)),
    }
}

/// The runtime of a program that stays: two workers, more only where there are more processors to feed.
fn resident() -> anyhow::Result<Runtime> {
    let workers = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .clamp(2, 4);
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Runs one call and its view.
fn brief(call: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(call)
}

/// Asks the person at the terminal; anything but a yes is a no.
fn confirmed(question: &str) -> io::Result<bool> {
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
