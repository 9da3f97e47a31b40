//! `serve --from-env`: a config from the variables of the older Claude Code proxy, where there is none.
//!
//! The config refers to the key, the address and the models that are set, so that it holds no secret and another value of
//! them counts at the next start. The rest (`HOST`, `PORT`, `LOG_LEVEL`, `REQUEST_TIMEOUT`, what is not set) stands in it as
//! it was found: the config is used as it stands from then on.
//! `ANTHROPIC_API_KEY` is what clients of that proxy presented, so it is the client token; without it that proxy let
//! everybody in, which is done here on this machine alone.

use std::net::{IpAddr, SocketAddr};

use imports::{Found, Key, Note, Unreadable};
use serde_json::Value;
use toml_edit::DocumentMut;

use super::write::set;
use crate::Options;
use crate::first_start::write_first;
use crate::handle::StartError;
use crate::place::Place;
use crate::secrets::{ADMIN_TOKEN, CLIENT_TOKEN, Resolver};
use crate::settings::edit::EditError;
use crate::settings::section::{self, Section};
use crate::settings::{self, Settings};

const HEAD: &str = "# Turnout's config, made by `serve --from-env`. Where a variable is named, it is that of the environment at each start;\n\
                    # all else is used as it stands here from now on. All settings: config/turnout.example.toml.\n\
                    version = 1\n\n[server]\n";

/// Writes such a config unless there is one.
pub(crate) async fn config_from_env(place: &Place, options: &Options) -> Result<(), StartError> {
    if place.config.symlink_metadata().is_ok() {
        tracing::info!(
            "the config {} is used: --from-env only makes one where there is none",
            place.config.display()
        );
        return Ok(());
    }
    let failed = |why: String| StartError::Config(format!("--from-env: {why}"));
    let env = |name: &str| std::env::var(name).ok();
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let found = imports::read_older_environment(variables, &env).map_err(|error| {
        failed(match error {
            Unreadable::Nothing(..) => {
                "OPENAI_API_KEY is not set, so there is no provider; set it".to_owned()
            }
            other => other.to_string(),
        })
    })?;
    if let Some(note) = refused_key(&found) {
        return Err(failed(format!("{}: {}", note.place, note.what)));
    }
    let resolver = Resolver::new(options.keychain.clone(), &place.config, &place.data);
    let admin = resolver.kept_own(ADMIN_TOKEN).await;
    let admin = admin
        .map_err(|error| failed(error.to_string()))?
        .to_string();
    let mut clients = Vec::new();
    if !found.tokens.is_empty() {
        clients.push(("env", "env:ANTHROPIC_API_KEY".to_owned()));
    } else if !is_local(&found, options) {
        let own = resolver.kept_own(CLIENT_TOKEN).await;
        clients.push((
            "local",
            own.map_err(|error| failed(error.to_string()))?.to_string(),
        ));
    }
    let text = document(&found, &admin, &clients).map_err(|error| failed(error.to_string()))?;
    parsed(&text).map_err(failed)?;
    write_first(&place.config, &text).map_err(|error| failed(error.to_string()))?;
    for note in found.report.changed.iter().chain(&found.report.left) {
        tracing::info!("--from-env: {}: {}", note.place, note.what);
    }
    tracing::info!(
        "a config was made from the environment: {}",
        place.config.display()
    );
    Ok(())
}

/// Why the key is none. A config without it would stay without it.
fn refused_key(found: &Found) -> Option<&Note> {
    let mut left = found.report.left.iter();
    left.find(|note| note.place == "OPENAI_API_KEY")
}

/// Whether nobody but this machine can call.
fn is_local(found: &Found, options: &Options) -> bool {
    let mut settings = found.settings.iter();
    let written = settings.find(|setting| setting.path == "server.listen");
    let written = written.and_then(|setting| setting.value.as_str()?.parse::<SocketAddr>().ok());
    let address = options.listen.or(written);
    address.is_none_or(|address| IpAddr::is_loopback(&address.ip()))
}

fn document(found: &Found, admin: &str, clients: &[(&str, String)]) -> Result<String, EditError> {
    let mut document: DocumentMut = HEAD.parse().unwrap_or_default();
    for setting in &found.settings {
        set(&mut document, setting.path, &setting.value)?;
    }
    set(
        &mut document,
        "server.admin_token",
        &admin.replace("${", "$${").into(),
    )?;
    let tokens: Vec<Value> = clients
        .iter()
        .map(|(name, token)| serde_json::json!({ "name": name, "token": token.replace("${", "$${") }))
        .collect();
    if tokens.is_empty() {
        set(&mut document, "server.require_token", &false.into())?;
    }
    set(&mut document, "server.client_tokens", &tokens.into())?;
    for provider in &found.providers {
        let mut fields = super::plan::fields(provider);
        let keys = provider.keys.iter().filter_map(|key| match key {
            Key::Env(name) => Some(Value::from(format!("env:{name}"))),
            Key::Secret(_) => None,
        });
        fields.insert("keys".to_owned(), keys.collect());
        section::add(&mut document, Section::Providers, &fields)?;
    }
    for group in &found.groups {
        section::add(&mut document, Section::Groups, &super::plan::fields(group))?;
    }
    Ok(document.to_string())
}

fn parsed(text: &str) -> Result<Settings, String> {
    settings::parse(text).map_err(|problems| {
        let told: Vec<String> = problems
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        told.join("; ")
    })
}
