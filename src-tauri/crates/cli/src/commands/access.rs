//! Who may call, and who changed what.

use anyhow::bail;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::instance::{show_list, word};
use super::{keys, things};
use crate::admin::segment;
use crate::args::{Audit, Bound, Bounds, Tokens};
use crate::figure::{list, text};
use crate::home::Home;
use crate::screen;
use crate::views;
use crate::{Told, WrongUse};

pub(crate) async fn audit(home: &Home, asked: Audit, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let mut query = vec![("limit", asked.limit.to_string())];
    query.extend(asked.since.map(|time| ("since", time.to_string())));
    query.extend(asked.until.map(|time| ("until", time.to_string())));
    query.extend(asked.q.map(|text| ("q", text)));
    query.extend(asked.cursor.map(|cursor| ("cursor", cursor)));
    let answer = admin.query("/audit", &query).await?;
    show_list(&answer, json, views::audit)?;
    Ok(views::more(&mut screen::stdout(), &answer, json)?)
}

pub(crate) async fn tokens(home: &Home, what: Option<Tokens>, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    match what.unwrap_or(Tokens::List) {
        Tokens::List => show_list(
            &admin.get("/tokens?limit=1000").await?,
            json,
            views::client_tokens,
        ),
        Tokens::Add(new) => {
            let told = admin
                .post("/tokens", Some(new_token(&new.name, &new.bounds)))
                .await?;
            let about = format!("client token {}, shown this once:", new.name);
            once(&told, &about, json)
        }
        Tokens::Remove { name } => {
            admin.delete(&format!("/tokens{}", segment(&name))).await?;
            things::done(json, format!("client token {name} was taken out"))
        }
        Tokens::Edit(edit) => {
            if let Some(bound) = edit
                .unset
                .iter()
                .find(|bound| is_set(&edit.bounds, **bound))
            {
                bail!(WrongUse(format!(
                    "--{bound} sets what --unset {bound} takes away: give one of them",
                    bound = word(bound).unwrap_or_default()
                )));
            }
            let now = admin.get("/tokens?limit=1000").await?;
            let mut tokens = list(&now, "items").iter();
            let now = tokens.find(|token| text(token, "name") == edit.name);
            let Some(now) = now else {
                bail!(
                    "there is no client token {}: `tokens` lists them",
                    edit.name
                )
            };
            let limits = now.get("limits").cloned();
            let body = changed(&edit.bounds, &edit.unset, limits.unwrap_or_default());
            if body == json!({}) {
                bail!(WrongUse(
                    "nothing is to be changed: give a bound such as --rpm 60, or --unset rpm"
                        .to_owned()
                ));
            }
            let path = format!("/tokens{}", segment(&edit.name));
            let told = admin.put(&path, body).await?;
            let mut screen = screen::stdout();
            if json {
                return Ok(screen.json(&told)?);
            }
            Ok(views::client_tokens(&mut screen, &[told])?)
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
                screen.json(&told)?;
            } else {
                views::validated(&mut screen, &told)?;
            }
            match told.get("valid").and_then(Value::as_bool) {
                Some(true) => Ok(()),
                _ => bail!(Told),
            }
        }
    }
}

/// A new token's fields, those that were given.
fn new_token(name: &str, bounds: &Bounds) -> Value {
    let mut fields = json!({ "name": name });
    let limits = limits(bounds);
    if limits != json!({}) {
        fields["limits"] = limits;
    }
    set(&mut fields, bounds);
    fields
}

/// What is otherwise of a token; `limits` are those that it has now, which are written as a whole.
fn changed(bounds: &Bounds, unset: &[Bound], limits_now: Value) -> Value {
    let mut fields = json!({});
    set(&mut fields, bounds);
    let Value::Object(mut limits_then) = limits_now else {
        return fields;
    };
    limits_then.retain(|_, limit| !limit.is_null());
    let before = limits_then.clone();
    if let Value::Object(new) = limits(bounds) {
        limits_then.extend(new);
    }
    for bound in unset {
        match bound {
            Bound::Scope => fields["scopes"] = Value::Null,
            Bound::Group => fields["groups"] = Value::Null,
            Bound::Model => fields["models"] = Value::Null,
            Bound::Expires => fields["expires_at"] = Value::Null,
            Bound::Rpm => drop(limits_then.remove("rpm")),
            Bound::Tpm => drop(limits_then.remove("tpm")),
            Bound::Concurrency => drop(limits_then.remove("concurrency")),
            Bound::Usd => ["usd", "per"]
                .into_iter()
                .for_each(|field| drop(limits_then.remove(field))),
        }
    }
    if limits_then != before {
        fields["limits"] = if limits_then.is_empty() {
            Value::Null
        } else {
            limits_then.into()
        };
    }
    fields
}

/// Whether a bound is given a value.
fn is_set(bounds: &Bounds, bound: Bound) -> bool {
    match bound {
        Bound::Scope => !bounds.scope.is_empty(),
        Bound::Group => !bounds.group.is_empty(),
        Bound::Model => !bounds.model.is_empty(),
        Bound::Rpm => bounds.rpm.is_some(),
        Bound::Tpm => bounds.tpm.is_some(),
        Bound::Concurrency => bounds.concurrency.is_some(),
        Bound::Usd => bounds.usd.is_some(),
        Bound::Expires => bounds.expires.is_some(),
    }
}

fn set(fields: &mut Value, bounds: &Bounds) {
    for (field, values) in [
        ("scopes", &bounds.scope),
        ("groups", &bounds.group),
        ("models", &bounds.model),
    ] {
        if !values.is_empty() {
            fields[field] = json!(values);
        }
    }
    if let Some(expires) = bounds.expires {
        fields["expires_at"] = expires.to_string().into();
    }
}

fn limits(bounds: &Bounds) -> Value {
    let mut limits = json!({
        "rpm": bounds.rpm,
        "tpm": bounds.tpm,
        "concurrency": bounds.concurrency,
        "usd": bounds.usd,
        "per": bounds.per.as_ref().and_then(word),
    });
    if let Some(limits) = limits.as_object_mut() {
        limits.retain(|_, limit| !limit.is_null());
    }
    limits
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

    fn of(arguments: &[&str]) -> Tokens {
        let line = ["turnoutd", "tokens"].iter().chain(arguments);
        let args = <crate::args::Args as clap::Parser>::try_parse_from(line).unwrap();
        match args.command {
            crate::args::Command::Tokens { what: Some(what) } => what,
            other => panic!("{other:?}"),
        }
    }

    fn new(arguments: &[&str]) -> Value {
        match of(arguments) {
            Tokens::Add(new) => new_token(&new.name, &new.bounds),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_was_given_is_sent() {
        assert_eq!(new(&["add", "ci"]), json!({ "name": "ci" }));
        let line = "add ci --group a --model claude-* --rpm 6 --usd 2.5 --per week --expires 2027-01-31T00:00:00Z";
        let bounded = new(&line.split(' ').collect::<Vec<_>>());
        let expected = json!({
            "name": "ci",
            "groups": ["a"],
            "models": ["claude-*"],
            "limits": { "rpm": 6, "usd": 2.5, "per": "week" },
            "expires_at": "2027-01-31T00:00:00Z",
        });
        assert_eq!(bounded, expected);
    }

    #[test]
    fn a_change_keeps_the_limits_that_are_not_named() {
        let now = json!({ "rpm": 6, "tpm": null, "concurrency": 2, "usd": 1.0, "per": "day" });
        for (line, expected) in [
            (
                "--rpm 9",
                json!({ "limits": { "rpm": 9, "concurrency": 2, "usd": 1.0, "per": "day" } }),
            ),
            (
                "--unset usd",
                json!({ "limits": { "rpm": 6, "concurrency": 2 } }),
            ),
            (
                "--unset usd --unset rpm --unset concurrency",
                json!({ "limits": null }),
            ),
            (
                "--group a --unset expires",
                json!({ "groups": ["a"], "expires_at": null }),
            ),
            ("--unset tpm", json!({})),
        ] {
            let arguments: Vec<&str> = ["edit", "ci"].into_iter().chain(line.split(' ')).collect();
            let Tokens::Edit(edit) = of(&arguments) else {
                panic!("{line}")
            };
            assert_eq!(
                changed(&edit.bounds, &edit.unset, now.clone()),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_set_and_taken_away_at_once_is_known() {
        let line = "edit ci --scope models --group a --model m --rpm 1 --tpm 1 --concurrency 1 --usd 1 --expires 2027-01-31";
        let Tokens::Edit(all) = of(&line.split(' ').collect::<Vec<_>>()) else {
            panic!("{line}")
        };
        let Tokens::Edit(none) = of(&["edit", "ci", "--unset", "rpm"]) else {
            panic!("no edit")
        };
        for bound in <Bound as clap::ValueEnum>::value_variants() {
            assert!(is_set(&all.bounds, *bound), "{bound:?}");
            assert!(!is_set(&none.bounds, *bound), "{bound:?}");
        }
    }

    #[test]
    fn dollars_are_more_than_none() {
        for amount in ["-4", "0", "nan", "few"] {
            let line = ["turnoutd", "tokens", "add", "ci", "--usd", amount];
            let refused = <crate::args::Args as clap::Parser>::try_parse_from(line).unwrap_err();
            assert!(refused.to_string().contains("US dollars"), "{refused}");
        }
    }
}
