//! What the gateway gets.

use std::{collections::HashMap, sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;

use super::{EXAMPLE, MINIMAL, good};
use crate::{
    secrets::Resolved,
    settings::{Policy, snapshot},
};

fn resolved(keys: &[(&str, &str)]) -> Resolved {
    Resolved {
        keys: keys
            .iter()
            .map(|(id, key)| ((*id).to_owned(), (*key).into()))
            .collect(),
        client_tokens: vec![("local".to_owned(), "turnout-x".into())],
        ..Resolved::default()
    }
}

#[test]
fn the_snapshot_holds_what_the_settings_say() {
    let settings = good(EXAMPLE);
    let practice = HashMap::from([("practice".to_owned(), "http://127.0.0.1:5000".to_owned())]);
    let snapshot = snapshot(
        &settings,
        &resolved(&[("relay/0", "k0"), ("relay/2", "k2")]),
        &practice,
    );
    let topology = &snapshot.topology;
    let relay = &topology.providers[0];
    assert_eq!(
        relay.keys.iter().map(|id| &**id).collect::<Vec<_>>(),
        ["relay/0", "relay/2"]
    );
    assert!(relay.enabled);
    assert!(
        !topology.providers[1].enabled,
        "a provider without its key is not asked"
    );
    assert_eq!(topology.groups[0].members[0].weight, 3);
    assert_eq!(topology.cooldown, Duration::from_mins(1));
    let upstream = &snapshot.upstreams["relay"];
    assert_eq!(upstream.base_url, "https://relay.example/api");
    assert_eq!(upstream.keys["relay/2"].expose_secret(), "k2");
    assert_eq!(upstream.timeouts.answer, Duration::from_secs(30));
    assert_eq!(
        snapshot.upstreams["practice"].base_url,
        "http://127.0.0.1:5000"
    );
    assert_eq!(snapshot.access.client_tokens[0].name, "local");
    assert_eq!(snapshot.limits.max_body, 64 << 20);
    assert_eq!(snapshot.limits.embeddings_cache, 32 << 20);
}

#[test]
fn the_snapshot_leaves_out_what_cannot_be_reached() {
    let settings = good(MINIMAL);
    let snapshot = snapshot(&settings, &resolved(&[]), &HashMap::new());
    assert!(snapshot.upstreams.is_empty());
    assert!(!snapshot.topology.providers[0].enabled);
    assert_eq!(settings.groups[0].policy, Policy::Priority);
}

#[test]
fn answers_that_are_not_streamed_get_longer_unless_told_otherwise() {
    let with = |routing: &str| {
        let settings = good(&format!(
            "{routing}\n{MINIMAL}base_url = \"http://127.0.0.1:1/v1\"\n"
        ));
        snapshot(&settings, &resolved(&[]), &HashMap::new()).upstreams["p"]
            .timeouts
            .answer
    };
    assert_eq!(with(""), Duration::from_mins(5));
    assert_eq!(
        with("[routing]\ntimeouts = { first_event = \"10s\" }"),
        Duration::from_secs(10)
    );
}

#[test]
fn an_openai_base_reaches_the_gateway_whole() {
    let settings = good(
        "[[providers]]\nname = \"o\"\ndialect = \"openai-chat\"\nbase_url = \"https://api.openai.com\"\nauth = \"none\"\n",
    );
    assert_eq!(
        settings.providers[0].base_url.as_deref(),
        Some("https://api.openai.com/v1")
    );
    let snapshot = snapshot(&settings, &resolved(&[]), &HashMap::new());
    assert_eq!(
        snapshot.upstreams["o"].base_url,
        "https://api.openai.com/v1"
    );
}

#[test]
fn a_provider_is_known_by_its_host_unless_a_vendor_is_named() {
    let with = |extra: &str| {
        let text = format!(
            "[[providers]]\nname = \"p\"\ndialect = \"openai-chat\"\nauth = \"none\"\n\
             base_url = \"https://api.mistral.ai/v1\"\n{extra}\n"
        );
        let snapshot = snapshot(&good(&text), &resolved(&[]), &HashMap::new());
        Arc::clone(&snapshot.upstreams["p"].vendor)
    };
    let record = with("");
    assert_eq!(&**record.vendor(), "mistral");
    assert!(!record.caps("mistral-large").chat.stream_options);
    assert_eq!(&**with("vendor = \"vllm\"").vendor(), "vllm");
    let own = with("caps = { context_window = 32768, chat = { stream_options = true } }");
    let caps = own.caps("mistral-large");
    assert_eq!(caps.context_window, Some(32_768));
    assert!(caps.chat.stream_options && !caps.seed);
}

#[test]
fn a_key_has_limits_of_its_own() {
    let settings = good(
        "version = 1\n[[providers]]\nname = \"p\"\ndialect = \"anthropic\"\nbase_url = \"https://x.example\"\n\
         keys = [\"env:A\", { secret = \"env:B\", limits = { rpm = 60, concurrency = 2 } }]\n",
    );
    let keys = resolved(&[("p/0", "a"), ("p/1", "b")]);
    let snapshot = snapshot(&settings, &keys, &HashMap::new());
    let provider = &snapshot.topology.providers[0];
    assert_eq!(provider.keys.len(), 2);
    let limits = routing::Limits {
        rpm: Some(60),
        tpm: None,
        concurrency: Some(2),
    };
    assert_eq!(provider.key_limits, HashMap::from([("p/1".into(), limits)]));
}
