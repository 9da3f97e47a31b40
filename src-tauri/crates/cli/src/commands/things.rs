//! Providers, rules, waiting requests and models: listed, changed, tried.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::instance::show_list;
use crate::WrongUse;
use crate::admin::segment;
use crate::args::{Explain, Field, Groups, Providers, Rules, Waiting};
use crate::figure::{list, millis, text};
use crate::home::Home;
use crate::screen;
use crate::views;

/// That a provider is on, and whether it is asked then.
fn switched_on(provider: &Value) -> String {
    let name = text(provider, "name");
    if provider["enabled"] == true {
        format!("{name} is on")
    } else {
        format!("{name} is on, but has no key, so that it is not asked")
    }
}

pub(crate) async fn providers(
    home: &Home,
    what: Option<Providers>,
    json: bool,
) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let act = async |name: &str, what: &str| {
        let path = format!("/providers{}/{what}", segment(name));
        admin.post(&path, None).await
    };
    match what.unwrap_or(Providers::List) {
        Providers::List => show_list(
            &admin.get("/providers?limit=1000").await?,
            json,
            views::providers,
        ),
        Providers::Add {
            name,
            dialect,
            base_url,
            auth,
            set,
        } => {
            let mut body = fields(set);
            body.insert("name".to_owned(), name.clone().into());
            let needs_key =
                !matches!(auth.as_deref(), Some("none" | "client")) && dialect != "practice";
            body.insert("dialect".to_owned(), dialect.into());
            body.extend(base_url.map(|url| ("base_url".to_owned(), url.into())));
            body.extend(auth.map(|auth| ("auth".to_owned(), auth.into())));
            let told = admin.post("/providers", Some(body.into())).await?;
            let key = if needs_key {
                format!(
                    "store its key with `{} keys set {name}`; ",
                    daemon::program()
                )
            } else {
                String::new()
            };
            let next = format!(
                "it serves once it is in a group: `{} groups join GROUP {name}`",
                daemon::program()
            );
            told_of(&told, json, format!("{name} was added; {key}{next}"))
        }
        Providers::Edit { set, unset, .. } if set.is_empty() && unset.is_empty() => {
            bail!(WrongUse(
                "nothing is to be changed: give --set FIELD=VALUE or --unset FIELD".to_owned()
            ))
        }
        Providers::Edit { name, set, unset } => {
            let mut body = fields(set);
            body.extend(unset.into_iter().map(|field| (field, Value::Null)));
            let told = admin
                .put(&format!("/providers{}", segment(&name)), body.into())
                .await?;
            told_of(&told, json, format!("{name} was changed"))
        }
        Providers::Remove { name } => {
            admin
                .delete(&format!("/providers{}", segment(&name)))
                .await?;
            done(json, format!("{name} was taken out"))
        }
        Providers::Test { name } => tested(&act(&name, "test").await?, json),
        Providers::Enable { name } => {
            let told = act(&name, "enable").await?;
            told_of(&told, json, switched_on(&told))
        }
        Providers::Disable { name } => told_of(
            &act(&name, "disable").await?,
            json,
            format!("{name} is off"),
        ),
        Providers::Reset { name } => {
            let told = act(&name, "reset").await?;
            told_of(&told, json, format!("{name} rests no more"))
        }
    }
}

pub(crate) async fn groups(home: &Home, what: Option<Groups>, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let path = |name: &str| format!("/groups{}", segment(name));
    // The members as they stand, to be sent back with one more or one less.
    let members = async |group: &str| -> anyhow::Result<Vec<Value>> {
        Ok(list(&admin.get(&path(group)).await?, "members").to_vec())
    };
    match what.unwrap_or(Groups::List) {
        Groups::List => show_list(&admin.get("/groups?limit=1000").await?, json, views::groups),
        Groups::Add { name, member } => {
            let members: Vec<Value> = (1..)
                .zip(member)
                .map(|(priority, name)| json!({ "provider": name, "priority": priority }))
                .collect();
            let body = json!({ "name": name, "members": members });
            let told = admin.post("/groups", Some(body)).await?;
            told_of(
                &told,
                json,
                format!("{name} was added behind the other groups"),
            )
        }
        Groups::Remove { name } => {
            admin.delete(&path(&name)).await?;
            done(json, format!("{name} was taken out"))
        }
        Groups::Join {
            group,
            provider,
            priority,
            weight,
        } => {
            let mut members = members(&group).await?;
            members.retain(|member| text(member, "provider") != provider);
            let last = members
                .iter()
                .filter_map(|member| member.get("priority")?.as_i64());
            let priority = priority.unwrap_or_else(|| last.max().unwrap_or(0) + 1);
            members.push(json!({ "provider": provider, "priority": priority, "weight": weight }));
            let told = admin
                .put(&path(&group), json!({ "members": members }))
                .await?;
            told_of(
                &told,
                json,
                format!("{provider} is in {group}, with priority {priority}"),
            )
        }
        Groups::Leave { group, provider } => {
            let mut members = members(&group).await?;
            let before = members.len();
            members.retain(|member| text(member, "provider") != provider);
            if members.len() == before {
                bail!(
                    "{provider} is no member of {group}; `{} groups` lists who is",
                    daemon::program()
                );
            }
            let told = admin
                .put(&path(&group), json!({ "members": members }))
                .await?;
            told_of(&told, json, format!("{provider} is no longer in {group}"))
        }
        Groups::Order { names } => {
            let told = admin.put("/groups", json!({ "order": names })).await?;
            show_list(&told, json, views::groups)
        }
    }
}

pub(crate) async fn rules(home: &Home, what: Option<Rules>, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let switch = async |name: &str, enabled: bool| {
        let path = format!("/rules{}", segment(name));
        admin.put(&path, json!({ "enabled": enabled })).await
    };
    match what.unwrap_or(Rules::List) {
        Rules::List => show_list(&admin.get("/rules?limit=1000").await?, json, views::rules),
        Rules::Add { name, when, r#use } => {
            let body = json!({ "name": name, "when": fields(when), "use": fields(r#use) });
            let told = admin.post("/rules", Some(body)).await?;
            told_of(
                &told,
                json,
                format!("{name} was added behind the other rules"),
            )
        }
        Rules::Remove { name } => {
            admin.delete(&format!("/rules{}", segment(&name))).await?;
            done(json, format!("{name} was taken out"))
        }
        Rules::Enable { name } => {
            told_of(&switch(&name, true).await?, json, format!("{name} is on"))
        }
        Rules::Disable { name } => {
            told_of(&switch(&name, false).await?, json, format!("{name} is off"))
        }
        Rules::Order { names } => {
            let told = admin.put("/rules", json!({ "order": names })).await?;
            show_list(&told, json, views::rules)
        }
        Rules::Explain(asked) => {
            let told = admin.post("/rules/explain", Some(request(asked)?)).await?;
            let mut screen = screen::stdout();
            if json {
                return Ok(screen.json(&told)?);
            }
            Ok(views::explanation(&mut screen, &told)?)
        }
    }
}

pub(crate) async fn waiting(home: &Home, what: Option<Waiting>, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let act = async |id: &str, what: &str, body: Option<Value>| {
        let path = format!("/suspended{}/{what}", segment(id));
        admin.post(&path, body).await
    };
    match what.unwrap_or(Waiting::List) {
        Waiting::List => show_list(
            &admin.get("/suspended?limit=1000").await?,
            json,
            views::waiting,
        ),
        Waiting::Release { id } => {
            let told = act(&id, "release", None).await?;
            told_of(&told, json, format!("{id} is tried now"))
        }
        Waiting::Redirect {
            id,
            group,
            provider,
        } => {
            let (to, body) = match (group, provider) {
                (Some(group), _) => (group.clone(), json!({ "group": group })),
                (None, provider) => {
                    let provider = provider.unwrap_or_default();
                    (provider.clone(), json!({ "provider": provider }))
                }
            };
            let told = act(&id, "redirect", Some(body)).await?;
            told_of(&told, json, format!("{id} goes to {to}"))
        }
        Waiting::Fail { id } => {
            let told = act(&id, "fail", None).await?;
            told_of(&told, json, format!("{id} was given up"))
        }
    }
}

pub(crate) async fn models(home: &Home, json: bool) -> anyhow::Result<()> {
    let answer = home
        .running()
        .await?
        .admin
        .get("/models?limit=1000")
        .await?;
    show_list(&answer, json, views::models)
}

fn fields(fields: Vec<Field>) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields.map(|field| (field.name, field.value)).collect()
}

/// The request that is to be explained.
fn request(asked: Explain) -> anyhow::Result<Value> {
    let mut headers = Map::new();
    for header in &asked.header {
        let Some((name, value)) = header.split_once(':') else {
            bail!(WrongUse(format!(
                "{header:?} is no header; write it as \"NAME: VALUE\""
            )));
        };
        headers.insert(name.trim().to_owned(), value.trim().into());
    }
    let body = match asked.body {
        None => json!({
            "model": asked.model,
            "max_tokens": 1024,
            "messages": [{ "role": "user", "content": asked.text }],
        }),
        Some(file) => {
            let told = || format!("the body {} cannot be read", file.display());
            let text = if file.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin()
                    .lock()
                    .read_to_string(&mut text)
                    .with_context(told)?;
                text
            } else {
                std::fs::read_to_string(&file).with_context(told)?
            };
            serde_json::from_str(&text)
                .with_context(|| format!("the body {} is not JSON", file.display()))?
        }
    };
    Ok(
        json!({ "path": asked.path, "headers": headers, "body": body, "token": asked.token,
        "embed": asked.embed }),
    )
}

/// How a tiny request went. One that went badly is a failure of the command.
pub(super) fn tested(answer: &Value, json: bool) -> anyhow::Result<()> {
    let is_ok = answer.get("ok").and_then(Value::as_bool) == Some(true);
    let mut screen = screen::stdout();
    if json {
        screen.json(answer)?;
    } else if is_ok {
        let (provider, model) = (text(answer, "provider"), text(answer, "model"));
        let latency = millis(answer, "latency_ms");
        screen.line(format!("{provider} answered as {model} in {latency}"))?;
    }
    match answer.get("error").and_then(Value::as_str) {
        _ if is_ok => Ok(()),
        _ if json => bail!(crate::Told),
        Some(error) => bail!("{error}"),
        None => bail!("it did not answer well"),
    }
}

fn told_of(answer: &Value, json: bool, line: String) -> anyhow::Result<()> {
    if json {
        return Ok(screen::stdout().json(answer)?);
    }
    Ok(screen::stdout().line(line)?)
}

/// What has no answer is told all the same; in JSON it is null.
pub(super) fn done(json: bool, line: String) -> anyhow::Result<()> {
    told_of(&Value::Null, json, line)
}
