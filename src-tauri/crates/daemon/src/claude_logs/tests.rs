//! Lines as Claude Code 2.1.329 writes them, and as earlier versions and gateways had them.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::read::{Project, projects};
use super::{Answered, LogProgress, Reading, Told, read_all};
use crate::handle::CommandError;
use crate::secrets::Keychain;
use crate::{Daemon, Options};

const REQUEST: &str = r#"{"type":"api-request","sessionId":"s","id":"ref-1","timestamp":"2026-11-22T01:39:28.000Z","params":{}}"#;

/// A line of an answer's block.
fn block(id: &str, at: &str, output: u64, more: &str) -> String {
    format!(
        r#"{{"parentUuid":null,"isSidechain":false,"message":{{"id":"{id}","type":"message","role":"assistant","model":"claude-opus-5-5",
        "content":[{{"type":"text","text":"hi"}}],"usage":{{"input_tokens":1202,"cache_creation_input_tokens":10809,
        "cache_creation":{{"ephemeral_1h_input_tokens":800,"ephemeral_5m_input_tokens":10009}},"cache_read_input_tokens":7,
        "output_tokens":{output},"service_tier":"standard","speed":"standard"}}}},"type":"assistant","uuid":"u",
        "timestamp":"{at}","sessionId":"s","version":"2.1.329"{more}}}"#
    )
    .replace('\n', "")
}

fn read(files: &[(&str, String)]) -> (tempfile::TempDir, Project) {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut project = Project::default();
    for file in projects(root.path()).unwrap().concat() {
        project.read(&file, &Reading::default()).unwrap();
    }
    (root, project)
}

fn only(project: &Project) -> &Answered {
    assert_eq!(project.answers.len(), 1, "{project:?}");
    project.answers.values().next().unwrap()
}

const ID: &str = "msg_01234567890123456789";

#[test]
fn an_answer_is_counted_once_with_the_tokens_of_its_last_block() {
    let known = r#","requestId":"req_1","requestRef":"ref-1","requestedModel":"opus""#;
    let lines = [
        REQUEST.to_owned(),
        block(ID, "2026-11-22T01:39:29.000Z", 1, known),
        block(ID, "2026-11-22T01:39:39.500Z", 13, known),
        r#"{"type":"user","message":{"role":"user","content":"say \"assistant\" and \"usage\""}}"#
            .to_owned(),
    ];
    let subagent = block(ID, "2026-11-22T01:39:39.500Z", 13, known);
    let (_root, project) = read(&[
        ("project/s.jsonl", lines.join("\n")),
        ("project/s/subagents/agent-1.jsonl", subagent),
        ("project/notes.txt", "no log".to_owned()),
    ]);
    let answer = only(&project);
    let request = super::imported(answer.clone(), &super::Costs::default());
    let sent: jiff::Timestamp = "2026-11-22T01:39:28Z".parse().unwrap();
    assert_eq!(request.at_ms, sent.as_millisecond(), "when it was sent");
    assert_eq!(request.duration_ms, Some(11_500), "to its last block");
    assert_eq!(
        (answer.asked.as_str(), answer.model.as_str()),
        ("opus", "claude-opus-5-5")
    );
    assert_eq!(answer.request_id.as_deref(), Some("req_1"));
    let usage = answer.usage;
    assert_eq!((usage.input, usage.output, usage.cache_read), (1202, 13, 7));
    assert_eq!((usage.cache_write_5m, usage.cache_write_1h), (10009, 800));
    assert_eq!((project.files, project.unreadable), (2, 0));
}

#[test]
fn behind_gateways_ids_are_missing_or_not_unique() {
    let lines = [
        block("chatcmpl-0123456789", "2026-11-22T01:39:29.000Z", 1, ""),
        block("chatcmpl-0123456789", "2026-11-22T01:39:29.100Z", 2, ""),
        block("msg_1", "2026-11-22T01:39:30.000Z", 3, ""),
        block("msg_1", "2026-11-22T01:40:30.000Z", 4, ""),
        block(
            "msg_1",
            "2026-11-22T01:41:30.000Z",
            5,
            r#","requestId":"req_2""#,
        ),
        block(
            "msg_1",
            "2026-11-22T01:41:31.000Z",
            6,
            r#","requestId":"req_2""#,
        ),
    ];
    let (_root, project) = read(&[("s.jsonl", lines.join("\n"))]);
    let mut told: Vec<_> = project.answers.values().map(|it| it.usage.output).collect();
    told.sort_unstable();
    assert_eq!(told, [2, 3, 4, 6]);
}

#[test]
fn what_is_no_answer_is_left_out_and_what_is_broken_is_counted() {
    let error = block(
        ID,
        "2026-11-22T01:39:29.000Z",
        0,
        r#","isApiErrorMessage":true"#,
    );
    let error = error.replace("claude-opus-5-5", "<synthetic>");
    let whole = block(ID, "2026-11-22T01:39:29.000Z", 1, "");
    let cut = whole[..whole.len() / 2].to_owned() + r#""usage""#;
    let (_root, project) = read(&[("s.jsonl", [error, cut].join("\n"))]);
    assert_eq!((project.answers.len(), project.unreadable), (0, 1));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (tell, mut told) = mpsc::channel(1);
    read_all(
        std::path::Path::new("/nowhere/at/all"),
        &Reading::default(),
        &tell,
    );
    let Some(Told::Failed(why)) = told.blocking_recv() else {
        panic!("it was read");
    };
    assert!(
        why.contains("/nowhere/at/all") && why.contains("~/.claude/projects"),
        "{why}"
    );
}

#[test]
fn what_is_read_is_told_in_bytes_of_all_that_is_to_be_read() {
    let text = [REQUEST, "no answer", "{}"].join("\n");
    let (root, _) = read(&[
        ("one/a.jsonl", text.clone()),
        ("two/b.jsonl", text.clone()),
        ("two/notes.txt", text.clone()),
    ]);
    let progress = Arc::new(Reading::default());
    progress.read(3);
    let running = progress.begin().unwrap();
    let (tell, told) = mpsc::channel(8);
    read_all(root.path(), &progress, &tell);
    drop(told);
    let bytes = 2 * text.len() as u64;
    let now = LogProgress {
        running: true,
        read: bytes,
        whole: bytes,
    };
    assert_eq!(progress.now(), now);
    drop(running);
    assert!(!progress.now().running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_does_not_run_into_the_progress_of_the_first() {
    let (home, _) = read(&[("logs/s.jsonl", block(ID, "2026-11-22T01:39:29.000Z", 1, ""))]);
    let config = home.path().join("config.toml");
    let practice = "version = 1\n[server]\nadmin_token = \"env:PATH\"\nclient_tokens = []\nrequire_token = false\n\
                    [[providers]]\nname = \"first\"\ndialect = \"practice\"\n";
    std::fs::write(&config, practice).unwrap();
    let options = Options {
        config: Some(config),
        data_dir: Some(home.path().join("data")),
        listen: Some(([127, 0, 0, 1], 0).into()),
        keychain: Keychain::none(),
        ..Options::default()
    };
    let daemon = Daemon::start(options).await.unwrap();
    let import = async || {
        let logs = home.path().join("logs");
        daemon.import_claude_logs(Some(logs), true).await
    };
    let progress = &daemon.instance().reading_logs;
    let first = progress.begin().unwrap();
    progress.found(100);
    progress.read(50);
    let told = import().await.unwrap_err();
    assert!(matches!(told, CommandError::Refused(_)), "{told:?}");
    let now = progress.now();
    assert_eq!((now.running, now.read, now.whole), (true, 50, 100));
    drop(first);
    assert_eq!(import().await.unwrap().files, 1);
    // What failed does not bar the next.
    let nowhere = home.path().join("nowhere");
    let failed = daemon.import_claude_logs(Some(nowhere), true).await;
    assert!(matches!(failed, Err(CommandError::Invalid(_))));
    assert_eq!(import().await.unwrap().files, 1);
    daemon.stop().await;
}
