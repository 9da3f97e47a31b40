//! `[[rules]]` and `ledger.budgets`: what may redirect or refuse a request.

use std::ops::Range;

use dialects::ir::Effort;

use super::{
    super::{
        model::{Budget, Group, OF_TOKEN, Provider, Rule, Server, Target, Then, When},
        raw,
        reader::{At, Field},
        scalar::OneOrMany,
        words::Period,
    },
    Check, given, or, part, values,
};

pub(super) fn rules(
    check: &mut Check<'_>,
    document: &raw::Document,
    groups: &[Group],
    providers: &[Provider],
) -> Vec<Rule> {
    let mut names = Vec::new();
    let mut rules = Vec::new();
    for At { span, value } in document.rules.iter().flat_map(|list| &list.value) {
        let name = check.need(&value.name, span, "name").unwrap_or_default();
        if let (false, Some(at)) = (name.is_empty(), &value.name) {
            check.unique(&mut names, &name, &at.span, "rule");
        }
        let when = when(check, part(&value.when, &raw::When::default()));
        let target = target(check, &value.r#use, span, groups, providers);
        rules.push(Rule {
            name,
            enabled: or(&value.enabled, true),
            when,
            target,
        });
    }
    rules
}

fn when(check: &mut Check<'_>, raw: &raw::When) -> When {
    if let Some(at) = &raw.model
        && let Err(error) = globset::Glob::new(&at.value)
    {
        check.tell(
            &at.span,
            format!("`when.model` is no glob: {}", error.kind()),
        );
    }
    if let Some(at) = raw
        .threshold
        .as_ref()
        .filter(|at| !(0.0..=1.0).contains(&at.value))
    {
        check.tell(&at.span, "`when.threshold` must be between 0 and 1");
    }
    if let Some(at) = &raw.regex
        && let Err(error) = routing::Expression::new(&at.value)
    {
        // The library shows the place on lines of its own; what is wrong stands last.
        let why = error.lines().last().unwrap_or_default();
        let why = why.trim_start_matches("error: ");
        check.tell(
            &at.span,
            format!("`when.regex` is no regular expression: {why}"),
        );
    }
    if let Some(at) = &raw.hour
        && routing::Hours::parse(&at.value).is_none()
    {
        check.tell(
            &at.span,
            "`when.hour` must be hours of the day such as \"9-17\", \"22-6\" or \"8,12-14\"",
        );
    }
    let list = |field: &Field<OneOrMany>| {
        field
            .as_ref()
            .map(|at| values(&at.value.0))
            .unwrap_or_default()
    };
    When {
        model: given(&raw.model),
        tier: given(&raw.tier),
        dialect: given(&raw.dialect),
        client: given(&raw.client),
        path: given(&raw.path),
        keyword: list(&raw.keyword),
        regex: given(&raw.regex),
        similar_to: list(&raw.similar_to),
        threshold: given(&raw.threshold),
        tokens_over: raw.tokens_over.as_ref().map(|at| at.value.0),
        has_images: given(&raw.has_images),
        has_tools: given(&raw.has_tools),
        thinking: given(&raw.thinking),
        web_search: given(&raw.web_search),
        background: given(&raw.background),
        hour: given(&raw.hour),
        token: given(&raw.token),
    }
}

fn target(
    check: &mut Check<'_>,
    field: &Field<raw::Use>,
    span: &Range<usize>,
    groups: &[Group],
    providers: &[Provider],
) -> Target {
    let Some(At { span, value: raw }) = field else {
        check.missing(
            span,
            "`use` is missing here; write what the rule does, such as { group = \"NAME\" }",
        );
        return Target::default();
    };
    if let Some(at) = &raw.group {
        check.group_exists(&at.value, &at.span, groups);
    }
    if let Some(at) = &raw.provider {
        check.provider_exists(&at.value, &at.span, providers);
    }
    if let Some(at) = &raw.effort
        && at.value != "none"
        && Effort::of(&at.value).is_none()
    {
        let levels = Effort::ALL.map(Effort::as_str).join(", ");
        check.tell(
            &at.span,
            format!("`use.effort` must be one of none, {levels}"),
        );
    }
    let target = Target {
        group: given(&raw.group),
        provider: given(&raw.provider),
        model: given(&raw.model),
        effort: given(&raw.effort),
        max_tokens: check.some_if_given(&raw.max_tokens, "use.max_tokens"),
    };
    if target == Target::default() {
        check.missing(
            span,
            "`use` is empty; give a group, a provider, a model, an effort or max_tokens",
        );
    }
    target
}

pub(super) fn budgets(check: &mut Check<'_>, raw: &raw::Ledger, groups: &[Group]) -> Vec<Budget> {
    let mut names = Vec::new();
    let mut budgets = Vec::new();
    for At { span, value } in raw.budgets.iter().flat_map(|list| &list.value) {
        let name = check.need(&value.name, span, "name").unwrap_or_default();
        if let (false, Some(at)) = (name.is_empty(), &value.name) {
            check.unique(&mut names, &name, &at.span, "budget");
        }
        if let Some(at) = value
            .name
            .as_ref()
            .filter(|at| at.value.starts_with(OF_TOKEN))
        {
            check.tell(
                &at.span,
                "a budget that is called so is that of a token, set by `limits.usd` of it",
            );
        }
        let limit = value.limit_usd.as_ref();
        if limit.is_none_or(|at| at.value <= 0.0) {
            check.missing(
                limit.map_or(span, |at| &at.span),
                "a budget needs a `limit_usd` of more than zero US dollars",
            );
        }
        for at in value
            .at
            .iter()
            .flat_map(|list| &list.value)
            .filter(|at| at.value <= 0.0 || at.value > 10.0)
        {
            check.tell(
                &at.span,
                "`at` holds shares of the limit, such as 0.8 for four fifths of it",
            );
        }
        if let Some(list) = value.at.as_ref().filter(|list| list.value.is_empty()) {
            check.tell(
                &list.span,
                "`at` names no share of the limit, so that nothing would ever happen",
            );
        }
        let then = then(check, &value.then, groups);
        if then == Then::Block && (value.group.is_some() || value.provider.is_some()) {
            check.tell(
                span,
                "a budget of a `group` or `provider` can notify or switch to \"group:NAME\", but not block",
            );
        }
        let scope = |field: &Field<String>| field.as_ref().map(|at| at.value.clone());
        budgets.push(Budget {
            token: scope(&value.token),
            group: scope(&value.group),
            provider: scope(&value.provider),
            name,
            limit_usd: or(&value.limit_usd, 0.0),
            per: or(&value.per, Period::Day),
            at: value
                .at
                .as_ref()
                .map_or(vec![0.8, 1.0], |list| values(&list.value)),
            then,
        });
    }
    budgets
}

/// Tells budgets of a client token, group or provider that the config does not have: nothing would ever be spent there.
pub(super) fn budgets_have_somebody(
    check: &mut Check<'_>,
    raw: &raw::Ledger,
    server: &Server,
    providers: &[Provider],
    groups: &[Group],
) {
    let tokens: Vec<&str> = server.client_tokens.iter().map(|it| &*it.name).collect();
    let providers: Vec<&str> = providers.iter().map(|it| &*it.name).collect();
    let groups: Vec<&str> = groups.iter().map(|it| &*it.name).collect();
    for At { value, .. } in raw.budgets.iter().flat_map(|list| &list.value) {
        for (field, what, known) in [
            (&value.token, "client token", &tokens),
            (&value.provider, "provider", &providers),
            (&value.group, "group", &groups),
        ] {
            let Some(at) = field else { continue };
            if !known.contains(&at.value.as_str()) {
                let message = format!(
                    "there is no {what} named \"{}\"; known here: {}",
                    at.value,
                    known.join(", ")
                );
                check.tell(&at.span, message);
            }
        }
    }
}

fn then(check: &mut Check<'_>, field: &Field<String>, groups: &[Group]) -> Then {
    let Some(at) = field else { return Then::Notify };
    match (at.value.as_str(), at.value.strip_prefix("group:")) {
        ("notify", _) => Then::Notify,
        ("block", _) => Then::Block,
        (_, Some(group)) => {
            check.group_exists(group, &at.span, groups);
            Then::Group(group.to_owned())
        }
        _ => {
            check.tell(
                &at.span,
                "`then` must be \"notify\", \"block\" or \"group:NAME\"",
            );
            Then::Notify
        }
    }
}
