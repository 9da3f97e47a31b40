//! Client tokens and the admin token: told, made, taken away, renewed. A value is handed over once, when it is made.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ledger::{By, Ledger, UsageFilter};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::secrets::{ADMIN_TOKEN, CLIENT_TOKEN, Reference, SecretError};
use crate::settings::edit::{self, EditError};
use crate::settings::section::{self, Section};
use crate::settings::{self, ClientToken as Written, Scope, watch};
use crate::view::{ClientToken, TokenLimits, TokenToday};

/// Tokens whose sums of the day are asked for.
const TOKENS: u32 = 1000;
/// The longest name of a client token, in characters.
const LONGEST_NAME: usize = 64;
/// What is shown of a client token and cannot be set.
const SHOWN: [&str; 5] = ["masked", "expired", "created_at", "last_used_at", "today"];

/// Whose a presented token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Holder {
    /// Its name; the admin token's is `admin`.
    pub(crate) name: String,
    /// What it may be used for.
    pub(crate) scopes: Vec<String>,
    /// It was good once.
    pub(crate) expired: bool,
    /// What bounds it; `None` for the admin token.
    pub(crate) token: Option<ClientToken>,
}

impl Daemon {
    /// The client tokens of the config, with what was done with them today.
    pub async fn client_tokens(&self) -> Vec<ClientToken> {
        let loaded = self.loaded();
        let ledger = self.instance().ledger.as_ref();
        let mut today = match ledger {
            Some(ledger) => today(ledger).await,
            None => HashMap::new(),
        };
        let now = Timestamp::now();
        let last_used = match ledger {
            Some(ledger) => {
                let names = loaded.settings.server.client_tokens.iter();
                let names: Vec<&str> = names.map(|token| token.name.as_str()).collect();
                ledger.last_used(&names).await.unwrap_or_default()
            }
            None => HashMap::new(),
        };
        let mut tokens = Vec::new();
        for written in &loaded.settings.server.client_tokens {
            tokens.push(ClientToken {
                masked: loaded.client_tokens.get(&written.name).cloned(),
                last_used_at: last_used.get(&written.name).copied(),
                today: today.remove(&written.name).unwrap_or_default(),
                ..shown(written, now)
            });
        }
        tokens
    }

    /// Makes a client token, keeps it in the keychain, or in a file of its own, and adds its reference and these fields
    /// to the config. Answers it and its value, which is told nowhere else.
    pub async fn add_client_token(
        &self,
        fields: Map<String, Value>,
    ) -> Result<(ClientToken, SecretString), CommandError> {
        let name = named(&fields)?;
        still_to_come(&fields)?;
        if fields.contains_key("token") {
            let told = "a new token's value is made here, so `token` cannot be given";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        let instance = self.instance();
        let _one = instance.setting_key.lock().await;
        let mut known = self.loaded().settings.server.client_tokens.clone();
        known.retain(|token| token.name == name);
        if !known.is_empty() {
            return Err(EditError::Taken(Section::Tokens.thing(), name).into());
        }
        let wish = format!("{CLIENT_TOKEN}-{}", plain(&name));
        let (reference, value) = instance.resolver.make_own(&wish).await?;
        let mut fields = fields;
        fields.insert("token".to_owned(), reference.to_string().into());
        fields.insert("created_at".to_owned(), now_in_seconds().into());
        let what = format!("client token {name} was added");
        let added = self
            .edit_config(&what, |document| {
                section::add(document, Section::Tokens, &fields)
            })
            .await;
        if let Err(error) = added {
            // Not left behind where nothing points at it.
            instance.resolver.forget_own(&reference).await?;
            return Err(error);
        }
        Ok((self.client_token(&name).await?, value))
    }

    async fn client_token(&self, name: &str) -> Result<ClientToken, CommandError> {
        let mut tokens = self.client_tokens().await.into_iter();
        let found = tokens.find(|token| token.name == name);
        found.ok_or_else(|| no_such("client token", name))
    }

    /// Sets the given fields of a client token in the config; `null` takes one away. Its name is what the history tells
    /// it by and its value is what clients hold: both stay.
    pub async fn change_client_token(
        &self,
        name: &str,
        mut fields: Map<String, Value>,
    ) -> Result<ClientToken, CommandError> {
        // A token that was read may be sent back.
        fields.retain(|field, _| !SHOWN.contains(&field.as_str()));
        if fields.remove("name").is_some_and(|new| new != *name) {
            let told =
                "a client token keeps its name, by which the history tells it; add another one";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        if fields.contains_key("token") {
            let told = "a client token keeps its value; take it away and add another one";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        still_to_come(&fields)?;
        if let Some(Value::Object(limits)) = fields.get_mut("limits") {
            limits.retain(|_, limit| !limit.is_null());
        }
        let what = format!("client token {name} was changed");
        self.edit_config(&what, |document| {
            section::change(document, Section::Tokens, name, &fields)
        })
        .await?;
        self.client_token(name).await
    }

    /// Takes a client token out of the config, and out of the place where its value is kept.
    pub async fn remove_client_token(&self, name: &str) -> Result<(), CommandError> {
        let instance = self.instance();
        let _one = instance.setting_key.lock().await;
        let loaded = self.loaded();
        let server = &loaded.settings.server;
        let mut tokens = server.client_tokens.iter();
        let token = tokens.find(|token| token.name == name);
        let reference = &token.ok_or_else(|| no_such("client token", name))?.token;
        self.remove(Section::Tokens, name).await?;
        let others = server.client_tokens.iter();
        let mut others = others.filter(|token| token.name != name);
        let is_shared =
            others.any(|token| token.token == *reference) || server.admin_token == *reference;
        if !is_shared {
            instance.resolver.forget_own(reference).await?;
        }
        Ok(())
    }

    /// Puts a new admin token in the old one's place, which is good for nothing at once: sessions of the window end, and
    /// the command line finds the new one where it found the old one. A token that was kept elsewhere is kept by this
    /// program from then on, and the config says where.
    pub async fn rotate_admin_token(&self) -> Result<SecretString, CommandError> {
        let instance = self.instance();
        let _one = instance.setting_key.lock().await;
        let text = watch::read(&instance.place.config);
        let text = text.map_err(|error| CommandError::Refused(error.to_string()))?;
        let now = settings::parse(&text).map_err(|problems| {
            let told = crate::reload::told(&instance.place.config, &problems);
            CommandError::Refused(format!("the admin token stays: {told}"))
        })?;
        let written = now.server.admin_token;
        let name = match &written {
            Reference::Keychain(name) => name,
            _ => ADMIN_TOKEN,
        };
        let before = instance.resolver.kept_under(name).await;
        let (reference, value) = instance.resolver.renew_own(name).await?;
        let taken_in = self.take_admin_token(&written, &reference).await;
        if let Err(error) = taken_in {
            // Who holds the old one shall not be locked out by one that nobody was told.
            instance.resolver.put_back_own(&reference, before).await?;
            let _ = self.reload().await;
            return Err(error);
        }
        self.sessions().end();
        Ok(value)
    }

    async fn take_admin_token(
        &self,
        written: &Reference,
        reference: &Reference,
    ) -> Result<(), CommandError> {
        // Without a keychain its own token is found in the file anyway.
        let is_found = reference == written || *written == Reference::Keychain(ADMIN_TOKEN.into());
        if !is_found {
            let what = "the admin token is kept elsewhere now";
            let reference = reference.to_string();
            self.edit_config(what, |document| edit::set_admin_token(document, &reference))
                .await?;
        }
        self.reload().await.map_err(CommandError::Refused)
    }

    /// Whose token this is; `None` for nobody's.
    pub(crate) fn holder(&self, token: &str) -> Option<Holder> {
        if crate::admin::auth::is_admin(self, token) {
            return Some(Holder {
                name: "admin".to_owned(),
                scopes: vec!["admin".to_owned()],
                expired: false,
                token: None,
            });
        }
        let name = self.instance().gateway.client_named(token)?;
        let loaded = self.loaded();
        let mut tokens = loaded.settings.server.client_tokens.iter();
        let written = tokens.find(|token| token.name == name)?;
        let token = shown(written, Timestamp::now());
        Some(Holder {
            expired: token.expired,
            scopes: token.scopes.clone(),
            name,
            token: Some(token),
        })
    }
}

/// Requests and cost since midnight, by token.
async fn today(ledger: &Ledger) -> HashMap<String, TokenToday> {
    let midnight = Zoned::now().start_of_day().map(|day| day.timestamp());
    let filter = UsageFilter {
        by: By::Token,
        since_ms: midnight.ok().map(Timestamp::as_millisecond),
        until_ms: None,
        zone: TimeZone::system(),
        limit: Some(TOKENS),
        cursor: None,
    };
    let Ok(usage) = ledger.usage(&filter).await else {
        return HashMap::new();
    };
    let rows = usage.items.into_iter().filter_map(|row| {
        let today = TokenToday {
            requests: row.totals.requests,
            cost_usd: row.totals.cost_usd,
        };
        Some((row.key?, today))
    });
    rows.collect()
}

fn shown(written: &Written, now: Timestamp) -> ClientToken {
    let limits = written.limits;
    let (usd, per) = written.spending.unzip();
    ClientToken {
        name: written.name.clone(),
        masked: None,
        scopes: words(&written.scopes),
        groups: written.groups.clone(),
        models: written.models.clone(),
        limits: TokenLimits {
            rpm: limits.rpm,
            tpm: limits.tpm,
            concurrency: limits.concurrency,
            usd,
            per: per.map(|per| per.word().to_owned()),
        },
        expires_at: written.expires_at,
        expired: has_expired(written, now),
        created_at: written.created_at,
        last_used_at: None,
        today: TokenToday::default(),
    }
}

fn words(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.word().to_owned()).collect()
}

fn has_expired(token: &Written, now: Timestamp) -> bool {
    token.expires_at.is_some_and(|at| at <= now)
}

fn named(fields: &Map<String, Value>) -> Result<String, CommandError> {
    let name = fields.get("name").and_then(Value::as_str).map(str::trim);
    let fits = |letter: char| letter.is_alphanumeric() || ".-_@+".contains(letter);
    let is_fit = |name: &&str| !name.is_empty() && name.chars().all(fits);
    let is_short = |name: &&str| name.chars().count() <= LONGEST_NAME;
    let name = name.filter(is_fit).filter(is_short);
    name.map(str::to_owned).ok_or_else(|| {
        CommandError::Invalid(format!(
            "a client token needs a `name` such as \"ci\", by which the history tells it: up to {LONGEST_NAME} letters, \
             digits and . - _ @ +"
        ))
    })
}

/// Refuses a token that would have expired before it is made.
fn still_to_come(fields: &Map<String, Value>) -> Result<(), CommandError> {
    let at = fields.get("expires_at").and_then(Value::as_str);
    // What is no time at all is told by the config's own check.
    let at = at.and_then(|at| at.parse::<Timestamp>().ok());
    match at.filter(|at| *at <= Timestamp::now()) {
        Some(at) => Err(CommandError::Invalid(format!(
            "`expires_at` {at} is over: the token would be refused from the start"
        ))),
        None => Ok(()),
    }
}

/// A name as part of an entry in the keychain, or of a file's name.
fn plain(name: &str) -> String {
    let letters = name.chars().take(64);
    letters
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
            _ => '-',
        })
        .collect()
}

fn now_in_seconds() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

impl From<SecretError> for CommandError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Keychain(error) => Self::NoKeychain(error.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}
