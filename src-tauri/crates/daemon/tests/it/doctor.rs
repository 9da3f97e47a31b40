//! What is found with and without a running instance.

use daemon::doctor::{Finding, State, examine};

use crate::support::{CONFIG, Home};

fn of<'a>(found: &'a [Finding], check: &str) -> Vec<&'a Finding> {
    found
        .iter()
        .filter(|finding| finding.check == check)
        .collect()
}

fn worst(found: &[Finding], check: &str) -> Option<State> {
    of(found, check).iter().map(|finding| finding.state).max()
}

#[tokio::test]
async fn a_running_instance_is_asked_and_takes_the_tokens() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let found = examine(&home.options(), |_| None).await.unwrap();
    for check in ["config", "data folder", "instance", "history", "tokens"] {
        assert_eq!(worst(&found, check), Some(State::Ok), "{check}: {found:#?}");
    }
    let told = &of(&found, "instance")[0].found;
    assert!(told.contains(&house.daemon.base_url()), "{told}");
    assert!(
        of(&found, "tokens")[0].found.contains("takes them"),
        "{found:#?}"
    );

    // The file holds another token now; the instance goes on with the one that it has read.
    home.write("admin", "another-admin-token-0123456789");
    let found = examine(&home.options(), |_| None).await.unwrap();
    assert_eq!(worst(&found, "instance"), Some(State::Fail), "{found:#?}");
    house.daemon.stop().await;
}

#[tokio::test]
async fn nothing_is_made_by_looking() {
    let home = Home::new(CONFIG);
    std::fs::remove_file(home.config()).unwrap();
    let found = examine(&home.options(), |_| None).await.unwrap();
    assert_eq!(worst(&found, "config"), Some(State::Warn), "{found:#?}");
    assert!(!home.data().exists() && !home.config().exists());
}

#[tokio::test]
async fn providers_are_reached_or_not_and_nothing_is_spent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = format!("http://{}", listener.local_addr().unwrap());
    let practice = practice::Provider::new(practice::Options::default()).unwrap();
    tokio::spawn(practice::serve(listener, practice, std::future::pending()));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let provider = |name: &str, base_url: &str| {
        format!(
            "\n[[providers]]\nname = \"{name}\"\ndialect = \"anthropic\"\nauth = \"none\"\nbase_url = \"{base_url}\"\n"
        )
    };
    let config = format!(
        "{CONFIG}{}{}",
        provider("there", &there),
        provider("gone", &format!("http://{address}"))
    );
    let home = Home::new(&config);
    let found = examine(&home.options(), |_| None).await.unwrap();
    let told = of(&found, "providers");
    let state = |name: &str| {
        told.iter()
            .find(|finding| finding.found.starts_with(name))
            .map(|it| it.state)
    };
    assert_eq!(
        (state("there"), state("gone")),
        (Some(State::Ok), Some(State::Fail)),
        "{told:#?}"
    );
    assert_eq!(worst(&found, "address"), Some(State::Ok), "{found:#?}");
}
