//! Rules as routing wants them.

use routing::{Examples, Expression, Glob, Hours};

use super::{Rule, Settings, Tier, When, snapshot::dialect};

/// The rules that are switched on, in the order of the file.
pub(super) fn rules(settings: &Settings) -> Vec<routing::Rule> {
    let on = settings.rules.iter().filter(|rule| rule.enabled);
    on.filter_map(rule).collect()
}

/// A rule made ready. One with a fact that cannot be tested would hold too often, so it is left out; settings that were
/// checked have none.
fn rule(rule: &Rule) -> Option<routing::Rule> {
    let target = &rule.target;
    Some(routing::Rule {
        name: rule.name.as_str().into(),
        when: when(&rule.when)?,
        then: routing::Then {
            group: target.group.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            effort: target.effort.clone(),
            max_tokens: target.max_tokens,
        },
    })
}

fn when(when: &When) -> Option<routing::When> {
    let examples = &when.similar_to;
    Some(routing::When {
        model: when.model.as_deref().map(Glob::new),
        tier: when.tier.map(tier),
        dialect: when.dialect.map(dialect),
        client: when.client.clone(),
        path: when.path.as_deref().map(Glob::new),
        keyword: when.keyword.clone(),
        regex: ready(when.regex.as_ref(), |text| Expression::new(text).ok())?,
        similar_to: (!examples.is_empty()).then(|| Examples::new(examples.clone(), when.threshold)),
        tokens_over: when.tokens_over.map(u64::from),
        has_images: when.has_images,
        has_tools: when.has_tools,
        thinking: when.thinking,
        web_search: when.web_search,
        background: when.background,
        hour: ready(when.hour.as_ref(), Hours::parse)?,
        token: when.token.clone(),
    })
}

/// What was written, read; `None` only where that fails.
#[allow(clippy::option_option)] // the outer one is whether it could be read, the inner one whether it was given
fn ready<T>(written: Option<&String>, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match written {
        Some(text) => read(text).map(Some),
        None => Some(None),
    }
}

fn tier(tier: Tier) -> routing::Tier {
    match tier {
        Tier::Big => routing::Tier::Big,
        Tier::Middle => routing::Tier::Middle,
        Tier::Small => routing::Tier::Small,
    }
}
