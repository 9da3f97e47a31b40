//! Client programs pointed here and back. The files are changed by this process, as its environment tells where they
//! are; address and token are the running instance's.

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
use clients::{Client, Clients, Each, Outcome, Plan, Snippet, Standing, Surroundings, Target};
use daemon::Place;
use serde_json::{Value, json};

use super::confirmed;
use crate::WrongUse;
use crate::args::{Connect, Disconnect};
use crate::figure::text;
use crate::home::Home;
use crate::screen::{self, Cell, Screen, Table, Tone};

pub(crate) async fn list(home: &Home, json: bool) -> anyhow::Result<()> {
    let base_url = home.running().await.ok().map(|running| running.base_url);
    let clients = here(home)?;
    let look = |client| clients.look(client, base_url.as_deref());
    let standing: Vec<_> = Client::ALL
        .into_iter()
        .map(look)
        .collect::<Result<_, _>>()?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&json!({ "items": standing, "next_cursor": null }))?);
    }
    Ok(screen.table(&table(&standing))?)
}

pub(crate) async fn connect(home: &Home, asked: Connect, json: bool) -> anyhow::Result<()> {
    let connect = home.running().await?.admin.get("/connect").await?;
    let target = Target {
        base_url: text(&connect, "base_url").to_owned(),
        token: connect
            .get("token")
            .and_then(Value::as_str)
            .map(str::to_owned),
        own_login: asked.own_login,
    };
    let Ok(client) = asked.client.parse::<Client>() else {
        return printed(&asked.client, &target, json);
    };
    let clients = here(home)?;
    let plan = clients.plan_connect(client, &target)?;
    let mut screen = screen::stdout();
    if !agreed(&mut screen, &plan, asked.dry_run, asked.yes, json)? {
        return told(&mut screen, &plan, false, json);
    }
    let plan = clients.connect(client, &target)?;
    told(&mut screen, &plan, true, json)?;
    if json {
        return Ok(());
    }
    let name = client.name();
    Ok(screen.line(if plan.changes.is_empty() {
        format!("{name} points at {} already", target.base_url)
    } else {
        format!(
            "{name} points at {} now; `{} disconnect {client}` puts its settings back",
            target.base_url,
            daemon::program()
        )
    })?)
}

pub(crate) async fn disconnect(home: &Home, asked: Disconnect, json: bool) -> anyhow::Result<()> {
    let Ok(client) = asked.client.parse::<Client>() else {
        bail!(WrongUse(format!(
            "the settings of {} were printed, not written: take them out where you put them",
            asked.client
        )));
    };
    let clients = here(home)?;
    let plan = clients.plan_disconnect(client)?;
    let mut screen = screen::stdout();
    if !agreed(&mut screen, &plan, asked.dry_run, asked.yes, json)? {
        return told(&mut screen, &plan, false, json);
    }
    let plan = clients.disconnect(client)?;
    if plan.unfinished {
        // Running sessions take in the emptied values before these go.
        tokio::time::sleep(Clients::SETTLE).await;
        let faults = Faults::of(clients.finish()?, client);
        for other in faults.others {
            // Standard error may be closed; what was asked for went on all the same.
            let _ = writeln!(anstream::stderr(), "{}: {other}", daemon::program());
        }
        if !faults.own.is_empty() {
            bail!(faults.own.join("; "));
        }
    }
    told(&mut screen, &plan, true, json)?;
    if !json && !plan.changes.is_empty() {
        screen.line(format!("{} has its settings back", client.name()))?;
    }
    Ok(())
}

/// What went wrong as all that are leaving were finished: each sentence names its file.
#[derive(Debug, PartialEq, Eq)]
struct Faults {
    /// Of the client that was asked for, which may have several folders.
    own: Vec<String>,
    /// Of others, which make this call no failure.
    others: Vec<String>,
}

impl Faults {
    fn of(done: Each<()>, client: Client) -> Self {
        let faults = done
            .into_iter()
            .filter_map(|(of, ended)| Some((of, ended.err()?)));
        let (own, others): (Vec<_>, Vec<_>) = faults.partition(|(of, _)| *of == client);
        let own = own.into_iter().map(|(_, error)| error.to_string());
        let others = others.into_iter().map(|(of, error)| {
            let name = of.name();
            format!("{name} could not be disconnected wholly: {error}")
        });
        Self {
            own: own.collect(),
            others: others.collect(),
        }
    }
}

fn table(clients: &[Standing]) -> Table {
    let mut table = Table::new(&["CLIENT", "INSTALLED", "CONNECTED", "POINTS AT"]).wrapping();
    for one in clients {
        let connected = match (one.connected, one.remembered) {
            (true, _) => Cell::new("yes", Tone::Good),
            (false, true) => Cell::new("changed since", Tone::Warn),
            (false, false) => Cell::new("no", Tone::Faint),
        };
        let address = one.points_at.as_deref().unwrap_or("its vendor");
        table.row(vec![
            one.id.into(),
            if one.installed { "yes" } else { "no" }.into(),
            connected,
            one.problem.as_deref().unwrap_or(address).into(),
        ]);
    }
    table
}

/// How a line of a unified diff looks.
fn toned(line: &str) -> Tone {
    match line.as_bytes() {
        [b'+', b'+', ..] | [b'-', b'-', ..] => Tone::Strong,
        [b'+', ..] => Tone::Good,
        [b'-', ..] => Tone::Bad,
        [b'@', ..] => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// The client programs that this process's environment tells of, and the book of this home.
fn here(home: &Home) -> anyhow::Result<Clients> {
    let place = Place::of(&home.options())?;
    Ok(Clients::new(place.data, Surroundings::of_process()))
}

fn printed(id: &str, target: &Target, json: bool) -> anyhow::Result<()> {
    let found: Option<&Snippet> = clients::snippet(id);
    let snippet = found.with_context(|| format!("no client has the id {id}"))?;
    let (text, mut screen) = (snippet.filled(target), screen::stdout());
    if json {
        return Ok(screen.json(&json!({ "id": id, "name": snippet.name, "text": text }))?);
    }
    for line in text.lines() {
        screen.line(line)?;
    }
    Ok(())
}

/// Shows the change and says whether it is to be written: not in a dry run, not without a change, and on a terminal
/// only when the person says so.
fn agreed(
    screen: &mut Screen<impl Write>,
    plan: &Plan,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> anyhow::Result<bool> {
    if !json {
        for line in plan.diff().lines() {
            screen.line(toned(line).painted(line))?;
        }
    }
    if dry_run {
        return Ok(false);
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if yes || json || !terminal || plan.changes.is_empty() {
        return Ok(true);
    }
    Ok(confirmed("write this?")?)
}

fn told(
    screen: &mut Screen<impl Write>,
    plan: &Plan,
    written: bool,
    json: bool,
) -> anyhow::Result<()> {
    let outcome = Outcome::of(plan, written);
    if json {
        return Ok(screen.json(&serde_json::to_value(&outcome)?)?);
    }
    for note in &outcome.notes {
        screen.line(format!("note: {note}"))?;
    }
    if !written {
        screen.line(if outcome.changes {
            "nothing was written"
        } else {
            "there is nothing to change"
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clients::Error;

    use super::*;

    #[test]
    fn what_went_wrong_for_each_client_is_told_by_its_file() {
        let failed = |file: &str| Err(Error::ReadOnly(file.into()));
        let done = vec![
            (Client::Codex, failed("/codex/config.toml")),
            (Client::ClaudeCode, failed("/one/settings.json")),
            (Client::ClaudeCode, failed("/two/settings.json")),
            (Client::GeminiCli, Ok(())),
        ];
        let told = Faults::of(done, Client::ClaudeCode);
        assert_eq!((told.own.len(), told.others.len()), (2, 1), "{told:?}");
        assert!(told.own[0].contains("/one/") && told.own[1].contains("/two/"));
        let other = &told.others[0];
        assert!(
            other.contains("Codex") && other.contains("/codex/config.toml"),
            "{other}"
        );
    }
}
