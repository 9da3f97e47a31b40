//! Rules, and where a request would go by them.

use serde::{Deserialize, Serialize};

use crate::settings;

/// A rule as the config has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it is looked at.
    pub enabled: bool,
    /// What must hold, by fact; those that are not given are left out.
    pub when: serde_json::Map<String, serde_json::Value>,
    /// What is done then: `group`, `provider`, `model`, `effort`, `max_tokens`, as far as given.
    pub r#use: serde_json::Map<String, serde_json::Value>,
}

impl Rule {
    /// A rule of the settings.
    pub(crate) fn of(rule: &settings::Rule) -> Self {
        let (when, target) = (&rule.when, &rule.target);
        let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Self {
            name: rule.name.clone(),
            enabled: rule.enabled,
            when: given([
                ("model", when.model.clone().map(Into::into)),
                ("tier", when.tier.map(|tier| tier.word().into())),
                ("dialect", when.dialect.map(|it| it.word().into())),
                ("client", when.client.clone().map(Into::into)),
                ("path", when.path.clone().map(Into::into)),
                ("keyword", list(&when.keyword).map(Into::into)),
                ("regex", when.regex.clone().map(Into::into)),
                ("similar_to", list(&when.similar_to).map(Into::into)),
                ("threshold", when.threshold.map(Into::into)),
                ("tokens_over", when.tokens_over.map(Into::into)),
                ("has_images", when.has_images.map(Into::into)),
                ("has_tools", when.has_tools.map(Into::into)),
                ("thinking", when.thinking.map(Into::into)),
                ("web_search", when.web_search.map(Into::into)),
                ("background", when.background.map(Into::into)),
                ("hour", when.hour.clone().map(Into::into)),
                ("token", when.token.clone().map(Into::into)),
            ]),
            r#use: given([
                ("group", target.group.clone().map(Into::into)),
                ("provider", target.provider.clone().map(Into::into)),
                ("model", target.model.clone().map(Into::into)),
                ("effort", target.effort.clone().map(Into::into)),
                ("max_tokens", target.max_tokens.map(Into::into)),
            ]),
        }
    }
}

fn given<const N: usize>(
    fields: [(&str, Option<serde_json::Value>); N],
) -> serde_json::Map<String, serde_json::Value> {
    let given = fields.into_iter();
    given
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Where a request would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The rule that decides it; `None` where none fits, and where the request itself says where it goes.
    pub rule: Option<String>,
    /// The group that would serve it.
    pub group: Option<String>,
    /// What was decided otherwise than the config says, such as words compared where their meaning was not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every place it could go to, in the order in which they would be tried.
    pub candidates: Vec<Explained>,
}

/// A place that a request could go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explained {
    /// The provider.
    pub provider: String,
    /// The model name that would be sent.
    pub model: Option<String>,
    /// The key that would be used, masked.
    pub key: Option<String>,
    /// The group that it would serve.
    pub group: Option<String>,
    /// Whether it could be tried now.
    pub usable: bool,
    /// When it would be tried, or why not.
    pub why: String,
}

impl Explanation {
    /// The same with keys masked by `mask`.
    pub(crate) fn of(told: gateway::Explanation, mask: impl Fn(&str) -> String) -> Self {
        let one = |one: routing::Explained| Explained {
            provider: one.provider.to_string(),
            model: one.model.as_deref().map(str::to_owned),
            key: one.key.as_deref().map(&mask),
            group: (!one.group.is_empty()).then(|| one.group.to_string()),
            usable: one.usable,
            why: one.why,
        };
        Self {
            rule: told.rule.as_deref().map(str::to_owned),
            group: told.group.as_deref().map(str::to_owned),
            notes: told.notes,
            candidates: told.candidates.into_iter().map(one).collect(),
        }
    }
}
