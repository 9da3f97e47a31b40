//! `serve`: starts the proxy, says how to use it, and stays until it is told to end.

use std::io::{self, IsTerminal as _};
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use anyhow::{anyhow, bail};
use daemon::{Daemon, Options, Place, view};
use serde_json::json;

use super::ending::Ending;
use crate::WrongUse;
use crate::args::Serve;
use crate::home::Home;
use crate::screen::{self, Cell, Table, Tone};
use crate::top;
use crate::views::LogView;

pub(crate) async fn serve(home: &Home, asked: Serve, json: bool) -> anyhow::Result<()> {
    let options = Options {
        listen: asked.listen,
        from_env: asked.from_env,
        ..home.unlocked().await
    };
    let running = Arc::default();
    let _log = if asked.tui {
        top::demand("`serve` alone, which writes its log to standard error")?;
        daemon::log::init_silent(&options)
    } else if is_coloured() {
        daemon::log::init_painted(&options, painter(&options, Arc::clone(&running)))
    } else {
        daemon::log::init(&options)
    };
    // Before anything is started, since a wish to end that nobody listens for ends the process on the spot.
    let mut ending = Ending::listen()?;
    let (daemon, early) = start(options, &mut ending).await?;
    let _ = running.set(daemon.clone());
    let told = async {
        if let Some(provider) = &asked.provider {
            prefer(&daemon, provider).await?;
        }
        if asked.tui {
            return Ok(());
        }
        greet(home, &daemon, json).await
    };
    if let Err(error) = told.await {
        daemon.stop().await;
        return Err(error);
    }
    if !early {
        let shown = async {
            if asked.tui {
                top::run(home, true, std::future::pending()).await
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = daemon.stopped() => bail!("Turnout ended by itself; its log says why"),
            () = ending.asked() => {}
            shown = shown => {
                if let Err(error) = shown {
                    daemon.stop().await;
                    return Err(error);
                }
            }
        }
    }
    let mut screen = screen::stdout();
    if !json {
        screen.line("ending: running answers may finish; interrupt again to end at once")?;
    }
    tokio::select! {
        () = daemon.stop() => Ok(()),
        () = ending.asked() => bail!("ended before running answers were finished"),
    }
}

/// Whether standard error is a terminal whose person wants colours (`NO_COLOR`, `CLICOLOR`).
fn is_coloured() -> bool {
    let choice = anstream::AutoStream::choice(&io::stderr());
    io::stderr().is_terminal() && choice != anstream::ColorChoice::Never
}

/// Writes lines of the log as `logs` does, with each provider in its colour: of the config as it is written until the
/// instance runs, then of what that has.
fn painter(options: &Options, running: Arc<OnceLock<Daemon>>) -> daemon::log::Painter {
    let written = Place::of(options)
        .ok()
        .and_then(|place| daemon::settings::watch::read(&place.config).ok())
        .and_then(|text| daemon::settings::parse(&text).ok())
        .map_or_else(Vec::new, |settings| {
            settings.providers.into_iter().map(|it| it.name).collect()
        });
    Box::new(move |line| {
        let names = running.get().map(Daemon::provider_names);
        let view = LogView::new(names.unwrap_or_else(|| written.clone()), false);
        view.told(&serde_json::to_value(line).unwrap_or_default())
    })
}

/// Starts it, and tells whether it was asked to end meanwhile: a start is finished first, so that all it opened is
/// closed in order. Who asks twice is not kept waiting.
async fn start(options: Options, ending: &mut Ending) -> anyhow::Result<(Daemon, bool)> {
    let mut starting = pin!(Daemon::start(options));
    let mut early = false;
    loop {
        tokio::select! {
            daemon = &mut starting => return Ok((daemon?, early)),
            () = ending.asked() => {
                if early {
                    bail!("ended before it had started");
                }
                early = true;
            }
        }
    }
}

/// Chooses the first group that has this provider.
async fn prefer(daemon: &Daemon, provider: &str) -> anyhow::Result<()> {
    let groups = daemon.groups().await;
    let with = groups.iter().find(|group| {
        group
            .members
            .iter()
            .any(|member| member.provider == provider)
    });
    let Some(group) = with else {
        let known: Vec<String> = daemon
            .providers()
            .await
            .into_iter()
            .map(|provider| provider.name)
            .collect();
        bail!(WrongUse(format!(
            "no group has a provider named {provider}; the config has {}",
            known.join(", ")
        )));
    };
    daemon
        .activate(&group.name)
        .map_err(|error| anyhow!("group {} cannot be activated: {error}", group.name))?;
    Ok(())
}

async fn greet(home: &Home, daemon: &Daemon, json: bool) -> anyhow::Result<()> {
    let status = daemon.status().await;
    let mut screen = screen::stdout();
    if json {
        let facts = json!({
            "base_url": daemon.base_url(),
            "ui": daemon.ui_link(),
            "version": status.version,
            "active_group": status.active_group,
            "pid": std::process::id(),
        });
        screen.line(facts.to_string())?;
        return Ok(screen.flush()?);
    }
    screen.fact(
        "turnout",
        &Cell::new(
            format!("{} at {}", status.version, daemon.base_url()),
            Tone::Strong,
        ),
    )?;
    screen.fact("window", &daemon.ui_link().into())?;
    let point = format!("eval \"$({} env)\" && claude", home.called());
    screen.fact("Claude Code", &point.into())?;
    for problem in &status.problems {
        screen.fact("look at", &Cell::new(problem.message.as_str(), Tone::Warn))?;
    }
    screen.line("")?;
    screen.table(&groups(&daemon.groups().await, &daemon.providers().await))?;
    Ok(screen.flush()?)
}

/// A row a member, with the models that the config names for it.
fn groups(groups: &[view::Group], providers: &[view::Provider]) -> Table {
    let mut table = Table::new(&["GROUP", "STATE", "PROVIDER", "DIALECT", "MODELS"])
        .wrapping()
        .sparing(&["DIALECT"]);
    for group in groups {
        let state = serde_json::to_value(group.state).unwrap_or_default();
        let mut head = [
            Cell::new(group.name.as_str(), Tone::Strong),
            Cell::word(state.as_str().unwrap_or("-")),
        ];
        for member in &group.members {
            let provider = providers.iter().find(|it| it.name == member.provider);
            let [name, state] = std::mem::take(&mut head);
            table.row(vec![
                name,
                state,
                member.provider.as_str().into(),
                provider.map_or("-", |it| it.dialect.as_str()).into(),
                provider.map_or_else(String::new, models).into(),
            ]);
        }
    }
    table
}

/// All models of the three tiers, each once; without any, the client's own names go on.
fn models(provider: &view::Provider) -> String {
    let models = &provider.models;
    let all = models.big.iter().chain(&models.middle).chain(&models.small);
    let mut names: Vec<&str> = Vec::new();
    for model in all {
        if !names.contains(&model.as_str()) {
            names.push(model);
        }
    }
    if names.is_empty() {
        "as asked".to_owned()
    } else {
        names.join(", ")
    }
}
