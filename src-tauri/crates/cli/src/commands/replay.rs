//! What was said in a request, and the request sent again.

use anyhow::bail;
use serde_json::{Map, Value};

use super::instance::whole_id;
use crate::Told;
use crate::admin::segment;
use crate::args::Replay;
use crate::home::Home;
use crate::progress::Progress;
use crate::screen;
use crate::views;

/// `show REQ --bodies`.
pub(crate) async fn bodies(home: &Home, id: &str, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let id = whole_id(&admin, id).await?;
    let answer = admin
        .get(&format!("/requests{}/bodies", segment(&id)))
        .await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(views::bodies(&mut screen, &answer)?)
    }
}

/// `replay REQ`.
pub(crate) async fn replay(home: &Home, asked: Replay, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let to = [("provider", asked.provider), ("model", asked.model)];
    let to = to.into_iter().filter_map(|(name, value)| {
        let value = Value::from(value?);
        Some((name.to_owned(), value))
    });
    let id = whole_id(&admin, &asked.id).await?;
    let path = format!("/requests{}/replay", segment(&id));
    let to = Value::Object(to.collect::<Map<_, _>>());
    let progress = Progress::begin("sending it again", json);
    let answer = admin.post_long(&path, to).await;
    progress.end();
    let answer = answer?;
    let mut screen = screen::stdout();
    let status = answer.pointer("/replay/status").and_then(Value::as_str);
    let is_well = status == Some("completed");
    if json {
        screen.json(&answer)?;
    } else {
        views::replay(&mut screen, &answer, asked.diff)?;
    }
    match status {
        _ if is_well => Ok(()),
        _ if json => bail!(Told),
        status => bail!("the replay ended as {}", status.unwrap_or("unknown")),
    }
}
