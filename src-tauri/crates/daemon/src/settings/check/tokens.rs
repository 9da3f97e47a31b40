//! `server.client_tokens`: who may call, for what, and how much.

use jiff::Timestamp;

use super::{
    super::{
        model::{Budget, ClientToken, Group, Limits, OF_TOKEN, Server, Then},
        raw,
        reader::{At, Field},
        words::{Period, Scope},
    },
    Check, or, part, values,
};
use crate::secrets::{CLIENT_TOKEN, Reference};

pub(super) fn client_tokens(
    check: &mut Check<'_>,
    raw: &raw::Server,
    require_token: bool,
    groups: &[Group],
) -> Vec<ClientToken> {
    let Some(list) = &raw.client_tokens else {
        let local = Reference::Keychain(CLIENT_TOKEN.to_owned());
        return vec![ClientToken::unbounded("local", local)];
    };
    if list.value.is_empty() && require_token {
        check.tell(
            &list.span,
            "`server.client_tokens` is empty while `require_token` is true, so no client could call; add one such as { name = \"local\", token = \"keychain:turnout/client\" }",
        );
    }
    let mut names = Vec::new();
    let mut tokens = Vec::new();
    for at in &list.value {
        let name = check.need(&at.value.name, &at.span, "name");
        if let (Some(name), Some(at)) = (&name, &at.value.name) {
            check.unique(&mut names, name, &at.span, "client token");
        }
        let token = if let Some(token) = &at.value.token {
            check.reference(token, "token")
        } else {
            check.missing(
                &at.span,
                "`token` is missing here; write a reference such as \"keychain:turnout/client\"",
            );
            None
        };
        let token = ClientToken {
            name: name.clone().unwrap_or_default(),
            ..client_token(check, &at.value, token.clone(), groups)
        };
        tokens.push(token);
    }
    tokens
}

fn client_token(
    check: &mut Check<'_>,
    raw: &raw::ClientToken,
    token: Option<Reference>,
    groups: &[Group],
) -> ClientToken {
    for at in raw.groups.iter().flat_map(|list| &list.value) {
        check.group_exists(&at.value, &at.span, groups);
    }
    let models = raw.models.iter().flat_map(|list| &list.value);
    for at in models.filter(|at| at.value.trim().is_empty()) {
        check.tell(
            &at.span,
            "`models` holds names of models or globs such as \"claude-*\"",
        );
    }
    let scopes = match &raw.scopes {
        Some(at) if at.value.is_empty() => {
            let told = "`scopes` is empty, so the token would be good for nothing; leave it out, or write \"inference\"";
            check.tell(&at.span, told);
            Vec::new()
        }
        Some(at) => values(&at.value),
        None => vec![Scope::Inference],
    };
    let unset = raw::TokenLimits::default();
    let limits = part(&raw.limits, &unset);
    let usd = limits.usd.as_ref();
    if let Some(at) = usd.filter(|at| at.value <= 0.0) {
        check.tell(&at.span, "`limits.usd` must be more than zero US dollars");
    }
    if let (None, Some(per)) = (usd, &limits.per) {
        check.tell(
            &per.span,
            "`limits.per` is the period of `limits.usd`, which is missing",
        );
    }
    ClientToken {
        name: String::new(),
        // A token without one is a problem that was told, so that these settings are not used.
        token: token.unwrap_or_else(|| Reference::Keychain(CLIENT_TOKEN.to_owned())),
        scopes,
        groups: listed(&raw.groups),
        models: listed(&raw.models),
        limits: Limits {
            rpm: check.some_if_given(&limits.rpm, "limits.rpm"),
            tpm: check.some_if_given(&limits.tpm, "limits.tpm"),
            concurrency: check.some_if_given(&limits.concurrency, "limits.concurrency"),
        },
        spending: usd.map(|at| (at.value, or(&limits.per, Period::Day))),
        expires_at: moment(check, &raw.expires_at, "expires_at"),
        created_at: moment(check, &raw.created_at, "created_at"),
    }
}

fn listed(field: &Field<Vec<At<String>>>) -> Vec<String> {
    field
        .as_ref()
        .map_or(Vec::new(), |list| values(&list.value))
}

fn moment(check: &mut Check<'_>, field: &Field<String>, what: &str) -> Option<Timestamp> {
    let at = field.as_ref()?;
    let moment = at.value.parse();
    if moment.is_err() {
        let told = format!(
            "`{what}` cannot be \"{}\"; write a time with its zone such as \"2027-01-31T00:00:00Z\"",
            at.value
        );
        check.tell(&at.span, told);
    }
    moment.ok()
}

/// What may be spent with single tokens, as budgets.
pub(super) fn budgets(server: &Server) -> impl Iterator<Item = Budget> {
    server.client_tokens.iter().filter_map(|token| {
        let (limit_usd, per) = token.spending?;
        Some(Budget {
            name: format!("{OF_TOKEN}{}", token.name),
            limit_usd,
            per,
            at: vec![1.0],
            then: Then::Block,
            token: Some(token.name.clone()),
            group: None,
            provider: None,
        })
    })
}
