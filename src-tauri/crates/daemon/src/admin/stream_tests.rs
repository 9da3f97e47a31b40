use super::*;
use crate::Options;
use crate::view::Today;

const CONFIG: &str = "version = 1\n[server]\nrequire_token = false\nadmin_token = \"file:admin\"\n\
    [[providers]]\nname = \"p\"\ndialect = \"practice\"\n[ledger]\nurl = \"none\"\n";

/// More than the broadcast and what is kept for those who come back hold together.
const FLOOD: u64 = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn one_who_does_not_read_holds_up_nobody_and_goes_on_with_the_status() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), CONFIG).unwrap();
    std::fs::write(home.path().join("admin"), "admin-token-0123456789").unwrap();
    let options = Options {
        config: Some(home.path().join("config.toml")),
        data_dir: Some(home.path().join("data")),
        listen: Some(([127, 0, 0, 1], 0).into()),
        keychain: crate::secrets::Keychain::none(),
        ..Options::default()
    };
    let daemon = Daemon::start(options).await.unwrap();
    let mut credentials = HeaderMap::new();
    let bearer = "Bearer admin-token-0123456789".parse().unwrap();
    credentials.insert(http::header::AUTHORIZATION, bearer);
    let mut slow = Listener {
        credentials,
        ..Listener::open(daemon.clone(), None, None).await
    };
    assert_eq!(slow.next().await.unwrap().payload.kind(), "status");

    for requests in 0..FLOOD {
        let today = Today {
            requests,
            ..Today::default()
        };
        daemon.feed().publish(Payload::Usage(today));
    }
    // Nobody waited for it; what it missed is not kept for it, and nothing comes twice or out of order.
    let first = slow.next().await.unwrap();
    let mut last = first.id;
    let mut told = vec![first];
    while told.last().is_some_and(|event| !is_last(event)) {
        let event = slow.next().await.unwrap();
        assert!(event.id > last || told.len() == 1, "{event:?} after {last}");
        last = event.id;
        told.push(event);
    }
    assert!(told.len() < 5000, "{} of {FLOOD} were kept", told.len());
    assert!(told.iter().any(|event| event.payload.kind() == "status"));
    daemon.stop().await;
}

fn is_last(event: &Event) -> bool {
    matches!(&event.payload, Payload::Usage(today) if today.requests == FLOOD - 1)
}
