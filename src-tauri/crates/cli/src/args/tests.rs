//! What the grammar of the command line takes.

use super::*;
use clap::CommandFactory;

#[test]
fn definition_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn global_options_may_follow_the_command() {
    let args = Args::try_parse_from(["turnoutd", "status", "--json", "--data-dir", "/d"]).unwrap();
    assert!(args.json);
    assert_eq!(args.data_dir, Some(PathBuf::from("/d")));
    assert!(matches!(args.command, Command::Status));
}

#[test]
fn a_key_is_not_taken_as_an_argument() {
    let refused =
        Args::try_parse_from(["turnoutd", "keys", "set", "relay", "sk-secret"]).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
}

#[test]
fn a_time_that_is_none_is_wrong_use_and_told_with_an_example() {
    for flag in ["--since", "--until"] {
        let refused = Args::try_parse_from(["turnoutd", "history", flag, "soon"]).unwrap_err();
        assert_eq!(refused.exit_code(), 2);
        assert!(refused.to_string().contains("T08:00:00Z"), "{refused}");
    }
    for well in [
        "2026-01-31T08:00:00Z",
        "2026-01-31T08:00:00+02:00",
        "yesterday",
        "2h",
    ] {
        assert!(Args::try_parse_from(["turnoutd", "history", "--since", well]).is_ok());
    }
}

#[test]
fn an_unknown_state_is_wrong_use_and_told_with_those_there_are() {
    let refused = Args::try_parse_from(["turnoutd", "history", "--status", "x"]).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().contains("cancelled"), "{refused}");
}

#[test]
fn an_unknown_mode_is_wrong_use() {
    let refused = Args::try_parse_from(["turnoutd", "mode", "sometimes"]).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
}
