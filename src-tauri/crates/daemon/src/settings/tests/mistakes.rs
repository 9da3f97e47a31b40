//! Each mistake, and the place where it is told.

use super::{MINIMAL, bad, good};

/// Checks that `text` has exactly one problem, at the place of the first `«`.
#[track_caller]
fn one_problem(text: &str, part: &str) {
    let at = text.find('«').expect("a mark");
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let problems = bad(&text.replace('«', ""));
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(
        (problems[0].line, problems[0].column),
        (line, column),
        "{text}\n{problems:#?}"
    );
    assert!(
        problems[0].message.contains(part),
        "{:?} lacks {part:?}",
        problems[0].message
    );
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn each_mistake_is_told_where_it_stands() {
    let provider = "[[providers]]\nname = \"p\"\ndialect = \"practice\"\n";
    let cases = [
        (
            "[server]\n«lissten = \"127.0.0.1:1\"\n",
            "did you mean `listen`",
        ),
        ("«sever = {}\n", "did you mean `server`"),
        ("[server]\n«zzzzzzzzzz = 1\n", "known here: `listen`"),
        ("[server]\nlisten = «7790\n", "must be a string"),
        ("[server]\nlisten = «\"7790\"\n", "address and a port"),
        (
            "[server]\nlisten = «\"0.0.0.0:7790\"\nrequire_token = false\n",
            "require_token = true",
        ),
        (
            "[server]\nlisten = «\"[::]:7790\"\nrequire_token = false\n",
            "require_token = true",
        ),
        ("[server]\nclient_tokens = «[]\n", "no client could call"),
        (
            "[server]\nclient_tokens = [{ name = \"a\", token = «\"keychan:x\" }]\n",
            "did you mean `keychain:`",
        ),
        (
            "[server]\nclient_tokens = [«{ name = \"a\" }]\n",
            "`token` is missing",
        ),
        (
            "[server]\nadmin_token = «\"env:\"\n",
            "names nothing after `env:`",
        ),
        (
            "[server]\nallowed_hosts = [«\"http://x\"]\n",
            "host name alone",
        ),
        ("[server]\ncors_origins = [«\"*\"]\n", "any web page"),
        (
            "[server]\ncors_origins = [«\"https://x.example/path\"]\n",
            "origin",
        ),
        ("[server]\nmax_body = «\"64M\"\n", "64MiB"),
        ("[server]\nmax_body = «\"0B\"\n", "larger than zero"),
        ("[server]\nrequire_token = «\"yes\"\n", "true or false"),
        ("[routing]\nmode = «\"automatic\"\n", "known here: `auto`"),
        (
            "[[providers]]\nname = \"q\"\ndialect = \"practice\"\nvendor = «\"antropic\"\n",
            "did you mean `anthropic`",
        ),
        (
            "[[providers]]\nname = \"q\"\ndialect = \"practice\"\ncaps = «{ imagess = true }\n",
            "imagess",
        ),
        (
            "[[providers]]\nname = \"q\"\ndialect = \"practice\"\ncaps = «{ thinking = \"much\" }\n",
            "much",
        ),
        ("[routing]\ncooldown = «60\n", "duration in quotes"),
        ("[routing]\ncooldown = «\"60\"\n", "cannot be \"60\""),
        ("[routing]\nretry = { attempts = «0 }\n", "at least 1"),
        ("[routing]\nretry = { attempts = «-1 }\n", "between 0 and"),
        (
            "[routing]\nretry = { base = \"5s\", max = «\"1s\" }\n",
            "shorter than",
        ),
        ("[routing.breaker]\nfailures = «0\n", "at least 1"),
        (
            "[routing]\ntimeouts = { connect = «\"0s\" }\n",
            "longer than zero",
        ),
        ("[routing]\ntimeouts = { «first = \"1s\" }\n", "known here"),
        ("[routing]\nhedge = { after = «\"p100\" }\n", "percentile"),
        ("[routing]\ncontinue = «\"on\"\n", "`off`"),
        ("[routing]\nfailover_on = [418, «99]\n", "100 to 599"),
        ("[routing]\nfailover_on = [«\" \"]\n", "100 to 599"),
        ("[log]\nlevel = «\"inof\"\n", "did you mean `info`"),
        (
            "[desktop]\nnotifications = [«\"failovr\"]\n",
            "did you mean `failover`",
        ),
        ("[ledger]\nurl = «\"oracle://x\"\n", "sqlite://"),
        (
            "[ledger]\nurl = «\"none\"\nbudgets = [{ name = \"d\", limit_usd = 1 }]\n",
            "nobody knows what was spent",
        ),
        (
            "[ledger]\nbudgets = [{ name = «\"of token ci\", limit_usd = 1 }]\n",
            "limits.usd",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = 1, at = «[] }]\n",
            "nothing would ever happen",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = «0 }]\n",
            "more than zero",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = 1, then = «\"group:nope\" }]\n",
            "no group \"nope\"",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = 1, then = «\"explode\" }]\n",
            "notify",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = 1, token = «\"nope\" }]\n",
            "no client token named \"nope\"",
        ),
        (
            "[ledger]\nbudgets = [{ name = \"d\", limit_usd = 1, provider = «\"nope\" }]\n",
            "no provider named \"nope\"",
        ),
        ("version = «2\n", "version 1"),
        ("version = «\"1\"\n", "whole number"),
    ];
    for (text, part) in cases {
        one_problem(&format!("{text}\n{provider}"), part);
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn each_mistake_in_a_provider_is_told_where_it_stands() {
    let with =
        |rest: &str| format!("[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n{rest}\n");
    let at = "base_url = \"https://x.example\"\n";
    let cases = [
        ("base_url = «\"x.example\"".to_owned(), "base_url"),
        (
            "base_url = «\"https://u:p@x.example\"".to_owned(),
            "user name",
        ),
        (format!("{at}auth = «\"barer\""), "did you mean `bearer`"),
        (
            format!("{at}auth = «{{ header = \"a\", query = \"b\" }}"),
            "either",
        ),
        (
            format!("{at}auth = {{ «hedder = \"a\" }}"),
            "did you mean `header`",
        ),
        (
            format!("{at}auth = «{{ header = \"a b\" }}"),
            "no header name",
        ),
        (format!("{at}keys = [\"env:A\", «\"env:A\"]"), "twice"),
        (format!("{at}keys = «\"env:A\""), "must be a list"),
        (
            format!("{at}[routing]\nembeddings = {{ provider = «\"b\", model = \"e\" }}"),
            "there is no provider",
        ),
        (
            format!("{at}[routing]\nembeddings = {{ provider = «\"a\", model = \"e\" }}"),
            "has no embeddings",
        ),
        (
            format!("{at}keys = [\"env:A\", {{ secret = «\"env:A\" }}]"),
            "twice",
        ),
        (
            format!("{at}keys = [«{{ limits = {{ rpm = 1 }} }}]"),
            "has no `secret`",
        ),
        (
            format!("{at}keys = [{{ secret = \"env:A\", limits = {{ rpm = «0 }} }}]"),
            "rpm",
        ),
        (format!("{at}keys = [«\"file:\"]"), "names nothing"),
        (format!("{at}keys = [«\"sk two words\"]"), "white space"),
        (format!("{at}keys = [«\"${{NOPE}}\"]"), "NOPE is not set"),
        (
            format!("{at}key_policy = «\"random\""),
            "known here: `round-robin`",
        ),
        (
            format!("{at}model_map = {{ «\"claude-[\" = \"x\" }}"),
            "no glob",
        ),
        (
            format!("{at}model_map = {{ \"claude-*\" = «\"\" }}"),
            "empty model",
        ),
        (
            format!("{at}headers = {{ «\"bad header\" = \"x\" }}"),
            "no header name",
        ),
        (
            format!("{at}headers = {{ «Host = \"x\" }}"),
            "belongs to the connection",
        ),
        (
            format!("{at}headers = {{ X = «\"a\\nb\" }}"),
            "no header may hold",
        ),
        (format!("{at}proxy = «\"127.0.0.1:1080\""), "must be a URL"),
        (format!("{at}price = {{ multiplier = «-1 }}"), "negative"),
        (format!("{at}price = {{ multiplier = «nan }}"), "number"),
        (format!("{at}limits = {{ rpm = «0 }}"), "at least 1"),
        (
            format!("{at}models = {{ «huge = [\"x\"] }}"),
            "known here: `big`",
        ),
    ];
    for (rest, part) in cases {
        one_problem(&with(&rest), part);
    }
    one_problem(
        "«[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n",
        "`base_url` is missing",
    );
    one_problem(
        "«[[providers]]\ndialect = \"practice\"\n",
        "`name` is missing",
    );
    one_problem(
        "«[[providers]]\nname = \"a\"\nbase_url = \"https://x.example\"\n",
        "`dialect` is missing",
    );
    one_problem(
        "[[providers]]\nname = \"a\"\ndialect = «\"antropic\"\n",
        "did you mean `anthropic`",
    );
    one_problem(
        "[[providers]]\nname = «\"a/b\"\ndialect = \"practice\"\n",
        "used in paths",
    );
    one_problem(
        &format!("{MINIMAL}{}", MINIMAL.replace("\"p\"", "«\"p\"")),
        "already a provider",
    );
    one_problem("«version = 1\n", "there is no provider");
}

#[test]
fn each_mistake_between_tables_is_told_where_it_stands() {
    let cases = [
        (
            "[[groups]]\nname = \"g\"\nmembers = [{ provider = «\"q\" }]\n",
            "no provider \"q\"",
        ),
        ("[[groups]]\nname = \"g\"\nmembers = «[]\n", "no members"),
        ("«[[groups]]\nname = \"g\"\n", "no members"),
        (
            "[[groups]]\nname = \"g\"\nmembers = [{ provider = \"p\" }, { provider = «\"p\" }]\n",
            "twice",
        ),
        (
            "[[groups]]\nname = \"g\"\nmembers = [{ provider = \"p\", weight = «0 }]\n",
            "at least 1",
        ),
        (
            "[[groups]]\nname = \"g\"\npolicy = «\"prioritty\"\nmembers = [{ provider = \"p\" }]\n",
            "did you mean",
        ),
        (
            "[[groups]]\nname = \"g\"\nmembers = [{ provider = \"p\" }]\n[[groups]]\nname = «\"g\"\nmembers = [{ provider = \"p\" }]\n",
            "already a group",
        ),
        (
            "[[rules]]\nname = \"r\"\nuse = { group = «\"defualt\" }\n",
            "did you mean `default`",
        ),
        ("[[rules]]\nname = \"r\"\nuse = «{}\n", "`use` is empty"),
        ("«[[rules]]\nname = \"r\"\n", "`use` is missing"),
        (
            "[[rules]]\nname = \"r\"\nwhen = { threshold = «2 }\nuse = { model = \"m\" }\n",
            "between 0 and 1",
        ),
        (
            "[[rules]]\nname = \"r\"\nwhen = { regex = «\"(a\" }\nuse = { model = \"m\" }\n",
            "no regular expression: unclosed group",
        ),
        (
            "[ledger]\nredact = [\"a+\", «\"(b\"]\n",
            "a pattern of `ledger.redact` is no regular expression: unclosed group",
        ),
        (
            "[ledger]\nredact = [«\"b*\"]\n",
            "must not fit an empty text",
        ),
        ("[ledger]\ncapture_max_body = «\"17MiB\"\n", "at most 16MiB"),
        (
            "[ledger]\ncapture_retention = «\"0d\"\n",
            "longer than zero",
        ),
        (
            "[[rules]]\nname = \"r\"\nwhen = { hour = «\"nine\" }\nuse = { model = \"m\" }\n",
            "hours of the day",
        ),
        (
            "[[rules]]\nname = \"r\"\nuse = { effort = «\"huge\" }\n",
            "one of none, minimal, low",
        ),
    ];
    for (text, part) in cases {
        one_problem(&format!("{MINIMAL}{text}"), part);
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let problems = bad(
        "[server]\nlisten = \"nowhere\"\nbogus = 1\n[routing]\ncooldown = \"soon\"\n[[providers]]\nname = \"a\"\n\
         dialect = \"anthropic\"\nbase_url = \"x\"\n[[groups]]\nname = \"g\"\nmembers = [{ provider = \"b\" }]\n",
    );
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 5, 9, 12], "{problems:#?}");
}

#[test]
fn broken_toml_is_told_with_its_place_alone() {
    let problems = bad("[server]\nlisten = \"127.0.0.1:1\n");
    assert_eq!(problems[0].line, 2);
    assert!(
        problems[0].message.starts_with("this is not TOML"),
        "{problems:?}"
    );
    let twice = bad("[log]\nfile = true\nfile = false\n");
    assert_eq!(
        (twice.len(), twice[0].line, twice[0].column),
        (1, 3, 1),
        "{twice:?}"
    );
}

#[test]
fn windows_line_ends_and_byte_order_marks_are_read() {
    let text = format!("\u{feff}{}", MINIMAL.replace('\n', "\r\n"));
    assert_eq!(good(&text).providers.len(), 1);
    let problems = bad(&text.replace("practice", "practise"));
    assert_eq!((problems[0].line, problems[0].column), (3, 11));
}

#[test]
fn a_message_never_repeats_a_secret() {
    for text in [
        "keys = [\"sk-secret secret\"]",
        "keys = \"sk-secret\"",
        "base_url = \"https://me:sk-secret@x.example\"",
        "proxy = \"me:sk-secret@proxy\"",
        "headers = { Authorization = \"sk-secret\\n\" }",
    ] {
        let problems = bad(&format!(
            "[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n{text}\n"
        ));
        assert!(
            !format!("{problems:?}").contains("sk-secret"),
            "{problems:?}"
        );
    }
}
