//! A provider that is not in the config yet: tried, and asked for its models. Nothing of it is kept or recorded but lines
//! of the log where it fails, and its keys are in memory only while it is asked.

use gateway::Gateway;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use toml_edit::DocumentMut;

use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::practice_hosts::PracticeHosts;
use crate::secrets::Resolved;
use crate::settings::section::{self, Section};
use crate::settings::{self, Auth, Provider, Settings};
use crate::trial::{model, tried};
use crate::view::{ListedModel, ProviderTest};

/// What a provider without a name is called meanwhile.
const NAMELESS: &str = "draft";
/// The field by which a known provider's keys and headers may go to another address.
const KEEPS_KEYS: &str = "keep_keys";

/// A provider as it would be, alone in a gateway of its own.
struct Draft {
    name: String,
    /// The cheapest model that it names.
    model: String,
    gateway: Gateway,
    /// Its stand-in listens as long as it is tried.
    _practice: PracticeHosts,
}

impl Daemon {
    /// Sends a tiny real request to a provider as these fields of the config make it, and tells how it went. Fields
    /// that are not given are those of the provider of this name, where there is one; its keys and headers are sent to no
    /// other address unless `keep_keys` is true. `wanted` is the model to ask.
    pub async fn test_draft(
        &self,
        fields: Map<String, Value>,
        wanted: Option<String>,
    ) -> Result<ProviderTest, CommandError> {
        let draft = self.draft(fields).await?;
        let model = wanted.unwrap_or(draft.model);
        let told = tried(&draft.gateway, &draft.name, model, None).await?;
        // The history knows nothing of it.
        Ok(ProviderTest {
            request_id: None,
            ..told
        })
    }

    /// The models that such a provider lists.
    pub async fn models_of_draft(
        &self,
        fields: Map<String, Value>,
    ) -> Result<Vec<ListedModel>, CommandError> {
        let draft = self.draft(fields).await?;
        listed(&draft.gateway, &draft.name).await
    }

    /// The models that a provider of the config lists.
    pub async fn models_of(&self, provider: &str) -> Result<Vec<ListedModel>, CommandError> {
        if self.loaded().settings.provider(provider).is_none() {
            return Err(no_such("provider", provider));
        }
        listed(&self.instance().gateway, provider).await
    }

    async fn draft(&self, mut fields: Map<String, Value>) -> Result<Draft, CommandError> {
        let keeps_keys = fields.remove(KEEPS_KEYS) == Some(Value::Bool(true));
        let given = ["keys", "headers"].map(|field| keeps_keys || fields.contains_key(field));
        let (name, mut settings) = self.drafted(&Section::Providers.fields(fields))?;
        settings.providers.retain(|provider| provider.name == name);
        let [provider] = settings.providers.as_mut_slice() else {
            return Err(no_such("provider", &name));
        };
        // Headers may carry a credential as well as keys do.
        let [keys, headers] = given;
        let inherited = match (
            !keys && !provider.keys.is_empty(),
            !headers && !provider.headers.is_empty(),
        ) {
            (false, false) => None,
            (true, false) => Some("`keys`"),
            (false, true) => Some("`headers`"),
            (true, true) => Some("`keys` and `headers`"),
        };
        if let Some(inherited) = inherited.filter(|_| self.goes_elsewhere(provider)) {
            return Err(CommandError::Invalid(format!(
                "{name} has another address in the config, so that its {inherited} are not sent to this one: give them \
                 anew, or `\"{KEEPS_KEYS}\": true` where they are meant for it, or another name"
            )));
        }
        provider.enabled = true;
        let model = model(provider);
        let mut resolved = Resolved {
            admin_token: self.loaded().admin_token.clone(),
            ..Resolved::default()
        };
        for (index, reference) in provider.keys.iter().enumerate() {
            let secret = self.instance().resolver.one(reference).await;
            let secret = secret.and_then(|secret| resolved.foreign(reference, secret));
            let secret = secret.map_err(|error| CommandError::Invalid(error.to_string()))?;
            resolved.keys.insert(provider.key_id(index), secret);
        }
        if resolved.keys.is_empty() && !matches!(provider.auth, Auth::Client | Auth::None) {
            let told =
                "it has no key: give one in `keys`, or `auth = \"none\"` where it wants none";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        let practice = PracticeHosts::default();
        let hosts = practice.start(&settings).await;
        let snapshot = settings::snapshot(&settings, &resolved, &hosts);
        // Nobody reads what it reports.
        let (reports, _) = mpsc::channel(1);
        let gateway = Gateway::new(snapshot, reports, fastrand::u64(..))
            .map_err(|error| CommandError::Invalid(error.to_string()))?;
        Ok(Draft {
            name,
            model,
            gateway,
            _practice: practice,
        })
    }

    /// Whether a draft has another origin than the provider of its name, or another proxy that would read along.
    fn goes_elsewhere(&self, draft: &Provider) -> bool {
        let url = |provider: &Provider| reqwest::Url::parse(provider.base_url.as_deref()?).ok();
        let origin = |provider: &Provider| Some(url(provider)?.origin());
        let is_plain = url(draft).is_some_and(|url| url.scheme() == "http");
        let loaded = self.loaded();
        let known = loaded.settings.provider(&draft.name);
        known.is_some_and(|known| {
            origin(known) != origin(draft) || is_plain && known.proxy != draft.proxy
        })
    }

    /// Its name and the settings with it: as changed where the config has it, else beside nothing.
    fn drafted(&self, fields: &Map<String, Value>) -> Result<(String, Settings), CommandError> {
        let loaded = self.loaded();
        let named = fields.get("name").and_then(Value::as_str);
        let known = named.filter(|name| loaded.settings.provider(name).is_some());
        let text = known.map_or("version = 1\n", |_| &loaded.text);
        let mut document: DocumentMut = text.parse().unwrap_or_default();
        let name = named.unwrap_or(NAMELESS).to_owned();
        if known.is_some() {
            section::change(&mut document, Section::Providers, &name, fields)?;
        } else {
            let mut fields = fields.clone();
            fields.insert("name".to_owned(), name.clone().into());
            section::add(&mut document, Section::Providers, &fields)?;
        }
        let mut settings = settings::parse(&document.to_string()).map_err(|problems| {
            let told = problems.into_iter().map(|problem| problem.message);
            CommandError::Invalid(told.collect::<Vec<_>>().join(";\n"))
        })?;
        // Alone it has no place to be routed to.
        settings.groups.clear();
        settings.rules.clear();
        Ok((name, settings))
    }
}

async fn listed(gateway: &Gateway, name: &str) -> Result<Vec<ListedModel>, CommandError> {
    let models = gateway.listed(name).await;
    let models = models
        .map_err(|why| CommandError::Refused(format!("{name} does not list its models: {why}")))?;
    let models = models.into_iter().map(|model| ListedModel {
        id: model.id,
        name: model.display_name,
        context: model.context,
        max_output: model.max_output,
        embeds: model.embeds,
    });
    Ok(models.collect())
}
