//! Who may call, and who changed what.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::instance::show_list;
use super::{keys, things};
use crate::admin::segment;
use crate::args::{Audit, NewToken, Tokens};
use crate::figure::text;
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

pub(crate) async fn tokens(home: &Home, what: Option<Tokens>, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    match what.unwrap_or(Tokens::List) {
        Tokens::List => show_list(&admin.get("/tokens").await?, json, views::client_tokens),
        Tokens::Add(new) => {
            let told = admin.post("/tokens", Some(fields(&new))).await?;
            let about = format!("client token {}, shown this once:", new.name);
            once(&told, &about, json)
        }
        Tokens::Remove { name } => {
            admin.delete(&format!("/tokens{}", segment(&name))).await?;
            things::done(json, format!("client token {name} was taken out"))
        }
        Tokens::RotateAdmin => {
            let told = admin.post("/tokens/admin/rotate", None).await?;
            once(&told, "the new admin token, shown this once:", json)
        }
        Tokens::Validate => {
            let token = keys::read("token")?;
            let body = json!({ "token": token.expose_secret() });
            let told = admin.post("/tokens/validate", Some(body)).await?;
            let mut screen = screen::stdout();
            if json {
                return Ok(screen.json(&told)?);
            }
            Ok(views::validated(&mut screen, &told)?)
        }
    }
}

/// A new token's fields, those that were given.
fn fields(new: &NewToken) -> Value {
    let mut fields = json!({ "name": new.name });
    for (field, values) in [
        ("scopes", &new.scope),
        ("groups", &new.group),
        ("models", &new.model),
    ] {
        if !values.is_empty() {
            fields[field] = json!(values);
        }
    }
    let mut limits = json!({
        "rpm": new.rpm,
        "tpm": new.tpm,
        "concurrency": new.concurrency,
        "usd": new.usd,
        "per": new.per,
    });
    if let Some(limits) = limits.as_object_mut() {
        limits.retain(|_, limit| !limit.is_null());
    }
    if limits != json!({}) {
        fields["limits"] = limits;
    }
    if let Some(expires) = new.expires {
        fields["expires_at"] = expires.to_string().into();
    }
    fields
}

/// A value that is told once: on a line of its own, so that it can be taken from there.
fn once(told: &Value, about: &str, json: bool) -> anyhow::Result<()> {
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(told)?);
    }
    screen.line(about)?;
    Ok(screen.line(text(told, "token"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_sent() {
        let new = |arguments: &[&str]| {
            let line = ["turnoutd", "tokens", "add"].iter().chain(arguments);
            let args = <crate::args::Args as clap::Parser>::try_parse_from(line).unwrap();
            match args.command {
                crate::args::Command::Tokens {
                    what: Some(Tokens::Add(new)),
                } => fields(&new),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(new(&["ci"]), json!({ "name": "ci" }));
        let bounded = new(&[
            "ci",
            "--group",
            "a",
            "--model",
            "claude-*",
            "--rpm",
            "6",
            "--usd",
            "2.5",
            "--per",
            "week",
            "--expires",
            "2027-01-31T00:00:00Z",
        ]);
        let expected = json!({
            "name": "ci",
            "groups": ["a"],
            "models": ["claude-*"],
            "limits": { "rpm": 6, "usd": 2.5, "per": "week" },
            "expires_at": "2027-01-31T00:00:00Z",
        });
        assert_eq!(bounded, expected);
    }
}
