//! Who changed what.

use serde_json::Value;

use super::instance::show_list;
use crate::args::Audit;
use crate::home::Home;
use crate::screen;
use crate::views;

pub(crate) async fn audit(home: &Home, asked: Audit, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let mut query = vec![("limit", asked.limit.to_string())];
    query.extend(asked.since.map(|time| ("since", time.to_string())));
    query.extend(asked.until.map(|time| ("until", time.to_string())));
    query.extend(asked.q.map(|text| ("q", text)));
    query.extend(asked.cursor.map(|cursor| ("cursor", cursor)));
    let answer = admin.query("/audit", &query).await?;
    show_list(&answer, json, views::audit)?;
    if !json && let Some(cursor) = answer.get("next_cursor").and_then(Value::as_str) {
        screen::stdout().line(format!("more: a higher --limit, or --cursor {cursor}"))?;
    }
    Ok(())
}
