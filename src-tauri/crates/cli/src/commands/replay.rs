//! What was said in a request, and the request sent again.

use serde_json::{Map, Value};

use crate::admin::segment;
use crate::args::Replay;
use crate::home::Home;
use crate::screen;
use crate::views;

/// `show REQ --bodies`.
pub(crate) async fn bodies(home: &Home, id: &str, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let answer = admin
        .get(&format!("/requests{}/bodies", segment(id)))
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
    let path = format!("/requests{}/replay", segment(&asked.id));
    let to = Value::Object(to.collect::<Map<_, _>>());
    let answer = admin.post_long(&path, to).await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(views::replay(&mut screen, &answer, asked.diff)?)
    }
}
