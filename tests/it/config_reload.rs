//! The config file is live: a good change is in use soon, a broken one changes nothing and says why.

use tests::admin::Admin;
use tests::config::{Config, Provider};
use tests::message::{names, plain, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

#[tokio::test]
async fn a_change_is_in_use_and_running_streams_go_on() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    // Both providers are known from the start, since secrets come from the environment of the process.
    let one = Config::of(vec![Provider::new("a", &first.base)])
        .group("spare", Provider::new("b", &second.base));
    let other = Config::of(vec![Provider::new("a", &second.base)])
        .group("spare", Provider::new("b", &first.base));
    let turnout = Turnout::start(&one).await;
    first.next(&["long;gap=10"]).await;
    let mut running = turnout
        .call(&streamed("hi"))
        .open(&turnout.base)
        .await
        .unwrap();
    running.event_named("content_block_delta").await;

    turnout.home().write(&other.text());
    until("the change to be in use", || async {
        turnout.ask(&plain("hi")).await;
        (second.calls().await > 0).then_some(())
    })
    .await;
    let answer = running
        .whole()
        .await
        .expect("the reload cut a running stream");
    assert_eq!(names(&answer.events()).last(), Some(&"message_stop"));
}

#[tokio::test]
async fn a_broken_config_changes_nothing_and_is_told_with_its_place() {
    let practice = Practice::start("a").await;
    let config = Config::chain([("a", practice.base.clone())]);
    let turnout = Turnout::start(&config).await;
    let broken = config
        .text()
        .replace("dialect = \"anthropic\"", "dialect = \"anthropoid\"");
    let line = broken
        .lines()
        .position(|line| line.contains("anthropoid"))
        .unwrap()
        + 1;
    turnout.home().write(&broken);

    let admin = turnout.admin();
    let told = problem(&admin).await;
    assert!(
        told.contains(&line.to_string()),
        "no line {line} in: {told}"
    );
    assert_eq!(
        turnout.ask(&plain("hi")).await.status,
        200,
        "a broken config stopped the traffic"
    );
    assert!(
        turnout.log().contains("anthropoid"),
        "the log does not tell: {}",
        turnout.log()
    );

    turnout.home().write(&config.text());
    no_problem(&admin).await;
}

/// Waits until a problem of the config is told, and gives it.
async fn problem(admin: &Admin) -> String {
    until("a problem of the config to be told", || async {
        admin.status().await["config_problem"]
            .as_str()
            .map(ToOwned::to_owned)
    })
    .await
}

/// Waits until the config on disk is told to be good.
async fn no_problem(admin: &Admin) {
    until("the problem to be gone", || async {
        admin.status().await["config_problem"]
            .is_null()
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn half_a_file_is_harmless() {
    let practice = Practice::start("a").await;
    let config = Config::chain([("a", practice.base.clone())]);
    let turnout = Turnout::start(&config).await;
    let (text, admin) = (config.text(), turnout.admin());
    for cut in [0, text.len() / 3, text.len() / 2, text.len() - 20] {
        // In place, as some editors write.
        std::fs::write(turnout.home().config(), &text[..cut]).unwrap();
        let told = problem(&admin).await;
        let answer = turnout.ask(&plain("hi")).await;
        let answered = answer.text();
        assert_eq!(answer.status, 200, "cut at {cut}: {told}: {answered}");
        // Whole again, so that the next problem is that of the next cut.
        turnout.home().write(&text);
        no_problem(&admin).await;
    }
    std::fs::remove_file(turnout.home().config()).unwrap();
    // A missing file is taken for one that an editor is about to put back, until somebody asks for it.
    let refused = turnout.home().run(&["reload"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(
        turnout.ask(&plain("hi")).await.status,
        200,
        "a removed config stopped the traffic"
    );
    turnout.home().write(&text);
    let reloaded = turnout.home().run(&["reload"]).await;
    assert_eq!(reloaded.code, 0, "{reloaded:?}");
    assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
}
