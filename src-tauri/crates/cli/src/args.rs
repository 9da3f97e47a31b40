//! The command line as it is written. It only says what was asked; the commands decide what it means.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

/// Where the help lists the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Sends each request to a language model provider that works.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// The config file [default: config.toml in the platform's config folder]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TURNOUT_CONFIG",
        hide_env_values = true,
        help_heading = EVERYWHERE
    )]
    pub(crate) config: Option<PathBuf>,

    /// The folder of history and logs; one instance runs on it [default: the platform's data folder]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TURNOUT_DATA_DIR",
        hide_env_values = true,
        help_heading = EVERYWHERE
    )]
    pub(crate) data_dir: Option<PathBuf>,

    /// Print JSON, as the admin API returns it
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the proxy and stay
    Serve(Serve),
    /// Tell what runs, what serves, and today's tokens and cost
    Status,
    /// Make a group the active one
    Use {
        /// The group's name in the config
        group: String,
    },
    /// Take a group out of service until it is resumed
    Pause {
        /// The group's name in the config
        group: String,
    },
    /// Put a paused group back into service
    Resume {
        /// The group's name in the config
        group: String,
    },
    /// List the groups, their members and how these fare
    Groups,
    /// List the providers and how they fare
    Providers,
    /// Let failover leave the active group (auto), or not (manual)
    Mode {
        /// auto: failover may leave the active group; manual: it stays and waits
        mode: Mode,
    },
    /// List the latest requests, newest first
    History(History),
    /// Tell what was used and spent, by day, model, provider and the like
    Usage(Usage),
    /// Write the whole history to standard output
    Export(Export),
    /// Show one request with its whole chain of attempts
    Show {
        /// The request's id, such as req-1a2b3c4d
        id: String,
    },
    /// Store or list the keys of the providers; their values are never shown
    #[command(subcommand)]
    Keys(Keys),
    /// Check the config file; each mistake is told as path:line:column
    Check,
    /// Read the config file again now
    Reload,
    /// Start a stand-in provider that answers in every dialect without a network, and fails on command
    Practice(Practice),
    /// Print a link that opens the window in a browser, once
    Ui,
    /// Print lines for the shell that point a client here: eval "$(turnoutd env)"
    Env {
        /// The client program
        #[arg(default_value = "claude-code")]
        client: Client,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Start with the first group that has this provider
    #[arg(short, long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,

    /// The address to listen on, before the config's server.listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    Auto,
    Manual,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Client {
    ClaudeCode,
}

/// How far a request has come, in the ledger's words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RequestState {
    Pending,
    Forwarding,
    Streaming,
    Completed,
    Failed,
    Cancelled,
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "it is not a time with date and zone; write it as 2026-01-31T08:00:00Z".to_owned()
    })
}

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub(crate) status: Option<RequestState>,
    /// Only those that this provider served
    #[arg(long)]
    pub(crate) provider: Option<String>,
    /// Only those that this group served
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Only those for this model
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Only those of this client, such as claude-code
    #[arg(long)]
    pub(crate) client: Option<String>,
    /// Only those since this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only those before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// Only those in which this text occurs
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Go on where the last page ended: the word after its "more: --cursor"
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

/// What usage is summed by, in the admin API's words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum By {
    Hour,
    Day,
    Model,
    Provider,
    Key,
    Group,
    Client,
    Session,
    Token,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Usage {
    /// What it is summed by
    #[arg(long, value_name = "WHAT", default_value = "day")]
    pub(crate) by: By,
    /// How many rows at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only requests since this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// Where days begin, such as Europe/Berlin [default: this machine's zone]
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Csv,
    Json,
    Jsonl,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// csv: a line a request; json and jsonl: with the attempts of each
    #[arg(long, default_value = "jsonl")]
    pub(crate) format: Format,
    /// Only requests since this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Store a key for a provider in the keychain; it is asked for, or read from standard input
    Set {
        /// The provider's name in the config
        provider: String,
    },
    /// List the keys, masked, with their state
    List,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Practice {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7791", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,

    /// Its name, told in its answers
    #[arg(long, default_value = "practice")]
    pub(crate) name: String,

    /// Answer every call in this way (429, 529, 500, hang, stall, cut, empty, html, fake200, error-event, malformed, refuse, tool, thinking, …) until told otherwise by POST /practice/control
    #[arg(long, value_name = "SCENARIO")]
    pub(crate) fault: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_may_follow_the_command() {
        let args =
            Args::try_parse_from(["turnoutd", "status", "--json", "--data-dir", "/d"]).unwrap();
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
            let refused =
                Args::try_parse_from(["turnoutd", "history", flag, "yesterday"]).unwrap_err();
            assert_eq!(refused.exit_code(), 2);
            assert!(refused.to_string().contains("T08:00:00Z"), "{refused}");
        }
        assert!(time("2026-01-31T08:00:00Z").is_ok());
        assert!(time("2026-01-31T08:00:00+02:00").is_ok());
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
}
