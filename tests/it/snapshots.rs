//! What every command tells: people in a terminal of 80 columns, programs as JSON, and its help.
//!
//! The files in `snapshots/` hold it with what differs from run to run made alike; `UPDATE=1` writes them anew.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use regex::Regex;
use tests::config::{ADMIN, CLIENT, Config};
use tests::message::plain;
use tests::program::{Home, Turnout, turnoutd};

/// Columns of the terminal.
const COLUMNS: u16 = 80;

/// Two built-in stand-ins in a group, and one in another.
const GROUPS: &str = r#"
[[providers]]
name = "first"
dialect = "practice"

[[providers]]
name = "spare"
dialect = "practice"
models = { big = ["claude-opus-4-5"], small = ["claude-haiku-4-5"] }

[[groups]]
name = "main"
members = [{ provider = "first", priority = 1 }, { provider = "spare", priority = 2 }]

[[groups]]
name = "second"
members = [{ provider = "spare" }]

[[rules]]
name = "small"
when = { tier = "small" }
use = { group = "second" }

[ledger]
capture_bodies = "all"
budgets = [{ name = "daily", limit_usd = 20 }]
"#;

/// What is asked, in this order: a name, the exit status, and the words behind the program's.
const ASKED: [(&str, i32, &str); 49] = [
    ("status", 0, "status"),
    ("groups", 0, "groups"),
    ("providers", 0, "providers"),
    ("models", 0, "models"),
    ("keys", 0, "keys"),
    ("rules", 0, "rules"),
    ("rules-explain", 0, "rules explain --model claude-haiku-4-5"),
    ("waiting", 0, "waiting"),
    ("history", 0, "history"),
    ("history-nothing", 0, "history --provider nobody"),
    ("show", 0, "show ID"),
    ("show-short", 0, "show SHORT"),
    ("show-bodies", 0, "show ID --bodies"),
    ("show-unknown", 1, "show req-000000000000"),
    ("replay-diff", 0, "replay ID --provider spare --diff"),
    ("replay-failed", 1, "replay ID --model practice-400"),
    ("usage", 0, "usage --by model"),
    ("usage-empty", 0, "usage --until 2001-01-01T00:00:00Z"),
    (
        "prices-set",
        0,
        "prices set some/model --input 1 --output 2.5 --provider first",
    ),
    ("prices", 0, "prices some/model"),
    (
        "prices-reset",
        0,
        "prices reset some/model --provider first",
    ),
    ("tokens", 0, "tokens"),
    (
        "tokens-add",
        0,
        "tokens add ci --rpm 6 --usd 2.5 --per week",
    ),
    ("tokens-add-odd", 1, "tokens add bad!name"),
    (
        "tokens-add-over",
        1,
        "tokens add old --expires 2001-01-01T00:00:00Z",
    ),
    (
        "tokens-edit",
        0,
        "tokens edit ci --unset usd --model claude-*",
    ),
    ("tokens-edit-nothing", 2, "tokens edit ci"),
    ("tokens-validate", 1, "tokens validate"),
    ("tokens-remove", 0, "tokens remove ci"),
    ("tokens-remove-unknown", 1, "tokens remove ci"),
    (
        "providers-add",
        0,
        "providers add more --dialect openai-chat --base-url http://127.0.0.1:9 --auth none",
    ),
    (
        "providers-edit",
        0,
        "providers edit more --set enabled=false",
    ),
    (
        "providers-edit-unknown",
        1,
        "providers edit nobody --set enabled=false",
    ),
    ("providers-test", 0, "providers test first"),
    ("groups-join", 0, "groups join second more"),
    ("groups-leave", 0, "groups leave second more"),
    ("providers-remove", 0, "providers remove more"),
    ("use", 0, "use second"),
    ("use-unknown", 1, "use nobody"),
    ("pause", 0, "pause main"),
    ("resume", 0, "resume main"),
    ("mode", 0, "mode manual"),
    ("mode-unknown", 2, "mode sometimes"),
    ("reload", 0, "reload"),
    ("check", 0, "check"),
    ("connect-printed", 0, "connect cursor"),
    ("env", 0, "env"),
    ("logs", 0, "logs --level warn"),
    ("doctor", 0, "doctor"),
];

async fn started() -> Turnout {
    let turnout = Turnout::start(&Config::default().more(GROUPS)).await;
    assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
    turnout.admin().newest().await;
    turnout
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_tells_what_it_told() {
    let turnout = started().await;
    let request = turnout.admin().newest().await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let alike = Alike::of(&turnout);
    let mut wrong = Vec::new();
    for (name, code, words) in ASKED {
        let words: Vec<&str> = words
            .split(' ')
            .map(|word| match word {
                "ID" => &request,
                "SHORT" => &request[..10],
                word => word,
            })
            .collect();
        // Those that change something are asked once.
        let is_change = ["set", "reset", "add", "edit", "remove", "join", "leave"];
        let is_change = words.iter().any(|word| is_change.contains(word));
        let (ended, told) = on_a_terminal(turnout.home(), &words);
        if ended != code {
            wrong.push(format!("{name}: status {ended}, not {code}:\n{told}"));
        }
        let wide: Vec<&str> = told.lines().filter(|line| too_wide(line)).collect();
        if !wide.is_empty() && !matches!(name, "env" | "connect-printed" | "show-bodies") {
            wrong.push(format!(
                "{name} is wider than {COLUMNS} columns:\n{}",
                wide.join("\n")
            ));
        }
        let told = if name == "doctor" {
            unwrapped(&told)
        } else {
            told
        };
        wrong.extend(compared(&format!("human/{name}.txt"), &alike.made(&told)));
        // The order of events in a millisecond is nobody's matter.
        let is_racy = matches!(name, "doctor" | "show" | "show-short");
        if is_change || code != 0 || is_racy {
            continue;
        }
        let told = turnout
            .home()
            .run(&[&["--json"][..], &words].concat())
            .await;
        assert!(
            serde_json::from_str::<serde_json::Value>(&told.out).is_ok() || name == "logs",
            "{name}: {told:?}"
        );
        wrong.extend(compared(
            &format!("json/{name}.json"),
            &alike.made(&told.out),
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Where a sentence goes on below depends on how long names of this run are.
fn unwrapped(told: &str) -> String {
    let goes_on = Regex::new(r"\n {10,}([^ →])").unwrap();
    goes_on.replace_all(told, " $1").into_owned()
}

/// Sentences may be longer, tables may not.
fn too_wide(line: &str) -> bool {
    line.chars().count() > COLUMNS.into() && line.contains("   ")
}

#[tokio::test]
async fn every_help_tells_what_it_told() {
    let home = Home::new(&Config::default());
    let mut todo: Vec<Vec<String>> = vec![Vec::new()];
    let mut wrong = Vec::new();
    while let Some(command) = todo.pop() {
        let words: Vec<&str> = command
            .iter()
            .map(String::as_str)
            .chain(["--help"])
            .collect();
        let told = home.run(&words).await;
        assert_eq!(told.code, 0, "{words:?}: {told:?}");
        let name = if command.is_empty() {
            "turnoutd".to_owned()
        } else {
            command.join("-")
        };
        wrong.extend(compared(&format!("help/{name}.txt"), &told.out));
        let listed = told
            .out
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1);
        let listed = listed.take_while(|line| !line.is_empty());
        for line in listed.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let below = line.split_whitespace().next().unwrap().to_owned();
            todo.push(command.iter().cloned().chain([below]).collect());
        }
        let undescribed = told.out.lines().filter(|line| {
            let flag = line.trim_start();
            // On a line of its own, the sentence follows on the next.
            flag.starts_with("--") && !flag.contains("  ") && told.out.ends_with(line)
        });
        assert_eq!(
            undescribed.count(),
            0,
            "{words:?}: a flag without a sentence"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs a command in a terminal of 80 columns: its exit status and what stands there, without colours.
fn on_a_terminal(home: &Home, words: &[&str]) -> (i32, String) {
    let size = PtySize {
        rows: 50,
        cols: COLUMNS,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let like = home.command(words);
    let like = like.as_std();
    let mut command = CommandBuilder::new(turnoutd());
    command.args(like.get_args());
    command.cwd(home.path());
    command.env_clear();
    for (name, value) in like.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    // Neither the clients nor the clock of this machine.
    command.env("PATH", home.path());
    command.env("TZ", "UTC");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    // Whoever waits for a line of the person gets one.
    let mut keyboard = pair.master.take_writer().unwrap();
    let _ = std::io::Write::write_all(&mut keyboard, b"rubbish\n");
    let mut told = Vec::new();
    let mut screen = pair.master.try_clone_reader().unwrap();
    // The system tells the end of a terminal as an error.
    let _ = screen.read_to_end(&mut told);
    let ended = child.wait().unwrap().exit_code();
    let colours = Regex::new("\u{1b}\\[[0-9;?]*[a-zA-Z]").unwrap();
    let told = String::from_utf8(told).unwrap().replace("\r\n", "\n");
    let told = told.replace("rubbish\n", "");
    (
        i32::try_from(ended).unwrap(),
        colours.replace_all(&told, "").into_owned(),
    )
}

/// Makes alike what differs from run to run.
struct Alike {
    known: Vec<(String, &'static str)>,
    shapes: Vec<(Regex, &'static str)>,
}

impl Alike {
    fn of(turnout: &Turnout) -> Self {
        let home = turnout.home().path().display().to_string();
        let program = turnoutd().display().to_string();
        let port = turnout.base.rsplit(':').next().unwrap().to_owned();
        let shapes = [
            (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?", "TIME"),
            (r"\b\d\d-\d\d \d\d:\d\d\b", "TIME"),
            (r"\b\d\d:\d\d:\d\d\b", "TIME"),
            (r"20\d\d-\d\d-\d\d", "DAY"),
            (r"req-[0-9a-f]{8,}", "REQUEST"),
            (r"req_practice[0-9a-f]+", "REQUEST"),
            (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} TIME GMT", "DATE"),
            (r"turnout-[A-Za-z0-9_-]{30,}", "TOKEN"),
            (r"…[A-Za-z0-9_-]{4}\b", "…MASK"),
            (r"\bmsg_[A-Za-z0-9_]+", "MESSAGE"),
            (r"127\.0\.0\.1:\d{4,5}", "ADDRESS"),
            (r"process \d+", "process PID"),
            (r"\b\d+(\.\d+)? ?(ms|s)\b", "SPAN"),
            (r"\bup +SPAN", "up SPAN"),
            // A disk may be full, which is no matter of ours.
            (
                r"(?m)^.* are free where the data are.*\n( +→ make room.*\n)?",
                "",
            ),
            (r"(?m)^(all is well|nothing failed; .*)$", "SUM"),
            (
                r#""([a-z_]*(ms|uptime|p50|p95|p99|per_second))": ?([0-9.]+|null)"#,
                r#""$1": N"#,
            ),
            (
                r#""(id|cursor|next_cursor|at|anthropic-[a-z-]+|date|created)": ?[0-9]+"#,
                r#""$1": N"#,
            ),
            // Columns are as wide as what stands in them.
            (r" {2,}", "  "),
            (r"(?m) +$", ""),
            // Both are told in the same millisecond, in either order.
            (
                r"(?m)^(SPAN +completed .*)\n(SPAN +attempt ended .*)$",
                "$2\n$1",
            ),
        ];
        let shapes = shapes.map(|(shape, name)| (Regex::new(shape).unwrap(), name));
        Self {
            known: vec![
                (home, "HOME"),
                (program, "TURNOUTD"),
                (format!(":{port}"), ":PORT"),
                (CLIENT.to_owned(), "CLIENT"),
                (ADMIN.to_owned(), "ADMIN"),
            ],
            shapes: shapes.into(),
        }
    }

    fn made(&self, told: &str) -> String {
        let known = self.known.iter();
        let told = known.fold(told.to_owned(), |told, (value, name)| {
            told.replace(value, name)
        });
        let shapes = self.shapes.iter();
        shapes.fold(told, |told, (shape, name)| {
            shape.replace_all(&told, *name).into_owned()
        })
    }
}

/// What is otherwise than in the file of this name, which `UPDATE=1` writes.
fn compared(name: &str, told: &str) -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("it/snapshots")
        .join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, told).unwrap();
        return None;
    }
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = |whole: &str, other: &str, sign: char| -> String {
        let known: Vec<&str> = other.lines().collect();
        let lines = whole.lines().filter(|line| !known.contains(line));
        lines.fold(String::new(), |told, line| {
            told + &format!("{sign} {line}\n")
        })
    };
    (before != told).then(|| {
        let (gone, new) = (lines(&before, told, '-'), lines(told, &before, '+'));
        format!("{name} (UPDATE=1 takes it in)\n{gone}{new}")
    })
}
