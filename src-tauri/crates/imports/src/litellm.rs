//! `config.yaml` of a `LiteLLM` proxy: deployments of models, of which several may have one name.
//!
//! Facts of the format (LiteLLM's "Config.yaml" and routing pages): `model` is `VENDOR/MODEL`, the vendor tells the wire
//! format and the address unless `api_base` does; `os.environ/NAME` as a value is an environment variable; requests for a
//! `model_name` are spread over its deployments by `routing_strategy`, and go on to those of its fallbacks;
//! `master_key` is what clients present. Times are seconds, prices dollars for one token.
//!
//! Deployments with one address and one key are one provider here; its `model_map` has their names.

mod account;

use self::account::{Account, account, vendor_of};
use crate::found::{Member, Price, Reading};
use crate::routes::{Route, settle};
use crate::table::Table;
use crate::values::Variables;

const HOW: Variables = Variables::OsEnviron;

/// A deployment: by which name it is asked for, at which provider, by which name there.
struct Deployment {
    place: String,
    name: String,
    provider: usize,
    weight: Option<u32>,
}

pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    let mut accounts: Vec<Account> = Vec::new();
    let mut deployments = Vec::new();
    for table in root.tables("model_list", &mut found.report) {
        deployments.extend(deployment(table, &mut accounts, found));
    }
    let mut routing = root.table("router_settings", &mut found.report);
    let mut library = root.table("litellm_settings", &mut found.report);
    let policy = routing.as_mut().and_then(|table| strategy(table, found));
    let (mut fallbacks, mut aliases) = (Vec::new(), Vec::new());
    for table in [&mut routing, &mut library].into_iter().flatten() {
        fallbacks.extend(self::fallbacks(table, found));
        timing(table, found);
        aliases.extend(self::aliases(table, &deployments, &mut accounts, found));
    }
    let mut names = Vec::new();
    for mut account in accounts {
        let place = account.place;
        account.provider.name = found
            .provider_names
            .give(&account.wish, &place, &mut found.report);
        names.push(account.provider.name.clone());
        let name = account.provider.name.clone();
        found.provider(&place, account.provider);
        for (place, model) in account.priced {
            let what = format!("price of {model} at {name}");
            found.report.made(place, format!("provider {name}"), what);
        }
    }
    let mut routes = routes(&deployments, &names, &fallbacks, found);
    for (alias, name) in aliases {
        let meant = routes.iter().find(|route| route.glob == name).cloned();
        routes.extend(meant.map(|route| Route {
            glob: alias,
            ..route
        }));
    }
    let weight = |name: &String| Member {
        provider: name.clone(),
        priority: 1,
        weight: None,
    };
    let all: Vec<Member> = names.iter().map(weight).collect();
    settle(
        found,
        "model_list",
        &all,
        Some(policy.as_deref().unwrap_or("weighted")),
        routes,
    );
    general(&mut root, found);
    rest(routing, library, root, found);
}

fn deployment(
    mut table: Table,
    accounts: &mut Vec<Account>,
    found: &mut Reading<'_>,
) -> Option<Deployment> {
    let place = table.place.clone();
    let name = table
        .filled("model_name", &mut found.report)
        .unwrap_or_default();
    let place = format!("{place} ({name})");
    let Some(mut params) = table.table("litellm_params", &mut found.report) else {
        found.report.left(
            place,
            "a deployment without litellm_params cannot be called",
        );
        return None;
    };
    let model = params
        .filled("model", &mut found.report)
        .unwrap_or_default();
    let (vendor, model) = vendor_of(&model);
    let vendor = params
        .filled("custom_llm_provider", &mut found.report)
        .unwrap_or(vendor);
    let mut account = account(&place, &vendor, &mut params, found)?;
    let weight = params.count("weight", &mut found.report);
    let priced_at = table.at("model_info");
    let price = price(&mut table, &mut params, &model, found);
    // Older files have them beside litellm_params.
    for (field, limit) in [
        ("rpm", &mut account.provider.limits.rpm),
        ("tpm", &mut account.provider.limits.tpm),
    ] {
        *limit = limit.or(table.count(field, &mut found.report));
    }
    params.rest(&mut found.report);
    table.rest(&mut found.report);
    let same = |other: &Account| {
        other.provider.base_url == account.provider.base_url
            && other.provider.dialect == account.provider.dialect
            && other.key_text == account.key_text
            && other.provider.limits == account.provider.limits
            // One name stands for one model at a provider.
            && !other.provider.model_map.iter().any(|(glob, _)| *glob == name)
    };
    let provider = accounts.iter().position(same).unwrap_or_else(|| {
        accounts.push(account);
        accounts.len() - 1
    });
    if let Some(price) = price {
        priced(&mut accounts[provider], priced_at, price, found);
    }
    if name.contains('*') {
        if name != "*" {
            let told = "the name goes unchanged: clients ask for the vendor's own names, without the prefix";
            found.report.changed(&place, told);
        }
    } else {
        accounts[provider]
            .provider
            .model_map
            .push((name.clone(), model));
    }
    Some(Deployment {
        place,
        name,
        provider,
        weight,
    })
}

/// Keeps a price with its provider, under the name that is sent there: by that name requests are priced.
fn priced(account: &mut Account, place: String, price: Price, found: &mut Reading<'_>) {
    let model = price.model.clone();
    if model.contains('*') {
        let why = "a price is of one model; set it with `prices set` for each";
        return found.report.left(place, why);
    }
    let prices = account.provider.price.get_or_insert_default();
    match prices.models.get(&model) {
        None => {
            prices.models.insert(model.clone(), price);
            account.priced.push((place, model));
        }
        Some(there) if *there == price => account.priced.push((place, model)),
        Some(_) => {
            let why = format!("{model} has another price at the same provider already");
            found.report.left(place, why);
        }
    }
}

/// A price of one's own, from one token to a million.
fn price(
    table: &mut Table,
    params: &mut Table,
    model: &str,
    found: &mut Reading<'_>,
) -> Option<Price> {
    let mut info = table.table("model_info", &mut found.report);
    let mut price = |name: &str| {
        let own = params.number(name, &mut found.report);
        let told = info
            .as_mut()
            .and_then(|info| info.number(name, &mut found.report));
        own.or(told).filter(|price| *price >= 0.0).map(a_million)
    };
    let (input, output) = (
        price("input_cost_per_token"),
        price("output_cost_per_token"),
    );
    let (read, write) = (
        price("cache_read_input_token_cost"),
        price("cache_creation_input_token_cost"),
    );
    let whole = input.zip(output).map(|(input, output)| Price {
        model: model.to_owned(),
        input,
        output,
        cache_read: read,
        cache_write_5m: write,
    });
    if let Some(mut info) = info {
        info.ignore(&["id", "mode", "base_model"]);
        let why =
            "what a model can do is known of its vendor (caps under a provider say otherwise)";
        info.rest_as(why, &mut found.report);
    }
    whole
}

/// A million tokens' price without the noise of a float.
fn a_million(price: f64) -> f64 {
    (price * 1e6 * 1e6).round() / 1e6
}

fn strategy(router: &mut Table, found: &mut Reading<'_>) -> Option<String> {
    let place = router.at("routing_strategy");
    let word = router.filled("routing_strategy", &mut found.report)?;
    let policy = match word.as_str() {
        "simple-shuffle" => "weighted",
        "latency-based-routing" => "fastest",
        "cost-based-routing" => "cheapest",
        "least-busy" | "usage-based-routing" | "usage-based-routing-v2" => "least-busy",
        _ => {
            found.report.left(
                place,
                "Turnout has no such policy; requests are spread by weight",
            );
            return None;
        }
    };
    found.report.changed(place, format!("policy = {policy:?}"));
    Some(policy.to_owned())
}

/// Which model's deployments serve when those of another fail.
fn fallbacks(table: &mut Table, found: &mut Reading<'_>) -> Vec<(String, String, Vec<String>)> {
    let mut all = Vec::new();
    for entry in table.tables("fallbacks", &mut found.report) {
        for (model, item) in entry.items() {
            let place = item.place.clone();
            all.push((place, model, item.texts(&mut found.report)));
        }
    }
    table.leave(
        &["context_window_fallbacks"],
        "what is too long for one candidate goes to the next with a larger window by itself",
        &mut found.report,
    );
    table.leave(
        &["content_policy_fallbacks", "default_fallbacks"],
        "when a provider fails, the next member of the group serves",
        &mut found.report,
    );
    all
}

fn timing(table: &mut Table, found: &mut Reading<'_>) {
    for (field, path) in [
        ("timeout", "routing.timeouts.total"),
        ("request_timeout", "routing.timeouts.total"),
        ("stream_timeout", "routing.timeouts.first_event"),
        ("cooldown_time", "routing.cooldown"),
    ] {
        let place = table.at(field);
        if let Some(span) = table.span(field, &mut found.report) {
            found.setting(&place, path, span);
        }
    }
    let place = table.at("num_retries");
    if let Some(retries) = table.count("num_retries", &mut found.report) {
        found.setting(&place, "routing.retry.attempts", retries.saturating_add(1));
    }
    let place = table.at("allowed_fails");
    if let Some(fails) = table.count("allowed_fails", &mut found.report) {
        found.setting(&place, "routing.breaker.failures", fails.saturating_add(1));
    }
}

/// Other names for models: each with the name it stands for.
fn aliases(
    table: &mut Table,
    deployments: &[Deployment],
    accounts: &mut [Account],
    found: &mut Reading<'_>,
) -> Vec<(String, String)> {
    let mut known = Vec::new();
    let aliases = table.table("model_group_alias", &mut found.report);
    for (alias, item) in aliases.into_iter().flat_map(Table::items) {
        let place = item.place.clone();
        let Some(name) = item.text(&mut found.report) else {
            continue;
        };
        let mut is_there = false;
        for deployment in deployments.iter().filter(|one| one.name == name) {
            let map = &mut accounts[deployment.provider].provider.model_map;
            let model = map
                .iter()
                .find(|(glob, _)| *glob == name)
                .map(|(_, model)| model.clone());
            map.extend(model.map(|model| (alias.clone(), model)));
            is_there = true;
        }
        if is_there {
            found.report.taken(place, format!("{alias} is {name}"));
            known.push((alias, name));
        } else {
            found
                .report
                .left(place, format!("there is no model {name}"));
        }
    }
    known
}

/// For each name the providers that have it, then those of its fallbacks, which serve it by the other model.
fn routes(
    deployments: &[Deployment],
    names: &[String],
    fallbacks: &[(String, String, Vec<String>)],
    found: &mut Reading<'_>,
) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for deployment in deployments.iter().filter(|one| !one.name.contains('*')) {
        let member = Member {
            provider: names[deployment.provider].clone(),
            priority: 1,
            weight: deployment.weight,
        };
        match routes
            .iter_mut()
            .find(|route| route.glob == deployment.name)
        {
            Some(route)
                if route
                    .members
                    .iter()
                    .any(|one| one.provider == member.provider) => {}
            Some(route) => route.members.push(member),
            None => routes.push(Route {
                place: deployment.place.clone(),
                glob: deployment.name.clone(),
                members: vec![member],
            }),
        }
    }
    for (place, model, instead) in fallbacks {
        let mut done = Vec::new();
        for (other, priority) in instead.iter().zip(2..) {
            for deployment in deployments.iter().filter(|one| one.name == *other) {
                let name = &names[deployment.provider];
                let Some(route) = routes.iter_mut().find(|route| route.glob == *model) else {
                    continue;
                };
                if route.members.iter().any(|member| member.provider == *name) {
                    continue;
                }
                route.members.push(Member {
                    provider: name.clone(),
                    priority,
                    weight: None,
                });
                let mut providers = found.providers.iter_mut();
                if let Some(provider) = providers.find(|one| one.name == *name) {
                    let map = &mut provider.model_map;
                    let there = map
                        .iter()
                        .find(|(glob, _)| glob == other)
                        .map(|(_, model)| model.clone());
                    map.extend(there.map(|there| (model.clone(), there)));
                }
                done.push(other.as_str());
            }
        }
        if done.is_empty() {
            let why = "the same provider has both models, and a provider has one model for a name";
            found.report.left(place, why);
        } else {
            let told = format!(
                "when {model} fails, {} serves it, asked for as {model}",
                done.join(", ")
            );
            found.report.changed(place, told);
        }
    }
    routes
}

fn general(root: &mut Table, found: &mut Reading<'_>) {
    let Some(mut general) = root.table("general_settings", &mut found.report) else {
        return;
    };
    let place = general.at("master_key");
    if let Some(token) = general.filled("master_key", &mut found.report) {
        found.client_token(&place, "litellm", &token, HOW);
    }
    let report = &mut found.report;
    general.leave(
        &["database_url"],
        "keys and spending kept there stay there; ledger.url names a database of Turnout's own",
        report,
    );
    general.rest(report);
}

fn rest(router: Option<Table>, library: Option<Table>, mut root: Table, found: &mut Reading<'_>) {
    let report = &mut found.report;
    if let Some(mut router) = router {
        router.leave(
            &["redis_host", "redis_port", "redis_password", "redis_url"],
            "one Turnout keeps its state by itself",
            report,
        );
        router.leave(
            &["enable_pre_call_checks"],
            "who cannot take a request is left out by itself",
            report,
        );
        router.rest(report);
    }
    if let Some(mut library) = library {
        library.leave(
            &["drop_params"],
            "lossy = \"allow\" under a provider leaves out what it cannot take",
            report,
        );
        library.leave(
            &["success_callback", "failure_callback", "callbacks"],
            "the history, /metrics and OTLP traces tell what happened",
            report,
        );
        library.leave(&["cache", "cache_params"], "answers are not kept", report);
        library.leave(
            &["max_budget", "budget_duration"],
            "a limit of spending is a budget: [[ledger.budgets]]",
            report,
        );
        library.leave(
            &["set_verbose", "json_logs", "telemetry"],
            "[log] says how much is logged, and nothing is sent anywhere",
            report,
        );
        library.rest(report);
    }
    root.leave(
        &["environment_variables"],
        "set them where Turnout is started",
        report,
    );
    root.rest(report);
}
