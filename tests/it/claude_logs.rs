//! The logs that the real Claude Code keeps become history, and what came through Turnout stays counted once.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::claude::{env_of, run_at_home};
use tests::config::Config;
use tests::program::{Practice, Turnout};

/// Tokens of the answers in a practice provider's book that have any.
fn tokens(book: &[Value], field: &str) -> u64 {
    let usage = book.iter().map(|entry| &entry["usage"][field]);
    usage.filter_map(Value::as_u64).sum()
}

#[tokio::test]
async fn what_claude_code_did_without_turnout_is_taken_in_and_what_it_did_through_it_is_not() {
    let practice = Practice::start("first").await;
    let config = Config::chain([("first", practice.base.clone())]);
    let turnout = Turnout::start(&config).await;
    let home = TempDir::new().unwrap();
    let logs = home.path().join(".claude/projects");
    let import = async |dry_run: bool| {
        let wish = json!({ "folder": logs, "dry_run": dry_run });
        let admin = turnout.admin();
        let answer = admin.call("POST", "/import/claude-logs", Some(wish)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };

    let through = run_at_home(home.path(), &env_of(&turnout).await, "Use a tool.").await;
    assert!(through.ok, "{through:#?}");
    turnout.quiet().await;
    let told = import(false).await;
    assert!(told["requests"].as_u64() > Some(0), "{told:#}");
    assert_eq!(
        (&told["taken"], &told["proxied"]),
        (&json!(0), &told["requests"]),
        "{told:#}"
    );
    let before = turnout.admin().get("/usage?by=model").await;

    let alone = Practice::start("alone").await;
    let env = format!(
        "export ANTHROPIC_BASE_URL={} ANTHROPIC_AUTH_TOKEN=none NO_PROXY=127.0.0.1",
        alone.base
    );
    let without = run_at_home(home.path(), &env, "Use a tool.").await;
    assert!(without.ok, "{without:#?}");
    let told = import(true).await;
    assert!(told["taken"].as_u64() > Some(0), "{told:#}");
    assert_eq!(
        turnout.admin().get("/usage?by=model").await,
        before,
        "a dry run"
    );
    let taken = import(false).await;
    assert_eq!(taken["taken"], told["taken"]);
    let again = import(false).await;
    assert_eq!(
        (&again["taken"], &again["known"]),
        (&json!(0), &taken["taken"]),
        "{again:#}"
    );

    let book = alone.book().await;
    let after = turnout.admin().get("/usage?by=model").await;
    for (field, told) in [
        ("input_tokens", "input"),
        ("output_tokens", "output"),
        ("cache_read_tokens", "cache_read"),
        ("cache_write_5m_tokens", "cache_write_5m"),
    ] {
        let sum = |usage: &Value| usage["total"][field].as_u64().unwrap();
        assert_eq!(
            sum(&after) - sum(&before),
            tokens(&book, told),
            "{field}: {book:#?}"
        );
    }
}
