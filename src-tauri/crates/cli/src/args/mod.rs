//! The command line as it is written. It only says what was asked; the commands decide what it means.

use std::net::SocketAddr;
use std::path::PathBuf;

mod access;
mod things;
mod time;
mod watch;

#[cfg(test)]
mod tests;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use clients::Client;
use jiff::Timestamp;

use crate::names;

pub(crate) use self::access::{Audit, Bound, Bounds, OwnPrice, Prices, Tokens};
pub(crate) use self::things::{Explain, Field, Groups, Keys, Providers, Rules, Waiting};
pub(crate) use self::watch::{Init, Level, Logs};

/// What `serve --from-env` does; names of variables stand in it as they are.
const FROM_ENV: &str = "Where there is no config, make one from the variables of the older Claude Code proxy: OPENAI_API_KEY, \
                        OPENAI_BASE_URL, BIG_MODEL, MIDDLE_MODEL, SMALL_MODEL, HOST, PORT, LOG_LEVEL, and \
                        ANTHROPIC_API_KEY, which is what clients then present";
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
    /// Watch and steer the running instance in the terminal
    ///
    /// Groups, providers, requests as they run, those that wait, failures and the log, kept up to date, with keys to
    /// switch groups, change priorities, test providers and send waiting requests on. `?` lists the keys. It honours
    /// `NO_COLOR`, and keeps to ASCII where the locale is not UTF-8.
    Top,
    /// Tell what runs, what serves, and today's tokens and cost
    Status,
    /// Make a group the active one
    Use {
        /// The group's name in the config
        #[arg(add = names::groups())]
        group: String,
    },
    /// Take a group out of service until it is resumed
    Pause {
        /// The group's name in the config
        #[arg(add = names::groups())]
        group: String,
    },
    /// Put a paused group back into service
    Resume {
        /// The group's name in the config
        #[arg(add = names::groups())]
        group: String,
    },
    /// List the groups, their members and how these fare
    Groups {
        #[command(subcommand)]
        what: Option<Groups>,
    },
    /// List the providers and how they fare; add, change, try and switch them
    Providers {
        #[command(subcommand)]
        what: Option<Providers>,
    },
    /// List the rules; add, change and order them, and tell where a request would go
    Rules {
        #[command(subcommand)]
        what: Option<Rules>,
    },
    /// List the requests that wait until something can serve them; let one go, send it elsewhere, give it up
    Waiting {
        #[command(subcommand)]
        what: Option<Waiting>,
    },
    /// List the models that clients can ask for
    Models,
    /// Let failover leave the active group (auto), or not (manual)
    Mode {
        /// auto: failover may leave the active group; manual: it stays and waits
        mode: Mode,
    },
    /// List the latest requests, newest first
    History(History),
    /// Tell what was used and spent, by day, model, provider and the like
    Usage(Usage),
    /// Write the history, or what is chosen of it, to standard output or a file
    Export(Export),
    /// Give the room that deleted requests left back to the disk; a file is written anew for it
    Vacuum,
    /// Move in: take over the settings of another tool, or the requests that Claude Code logged itself
    Import(Import),
    /// Show one request with its whole chain of attempts
    Show {
        /// The request's id, such as req-1a2b3c4d
        #[arg(add = names::requests())]
        id: String,
        /// What was said in it instead, where the config's `capture_bodies` had it kept
        #[arg(long)]
        bodies: bool,
    },
    /// Send a request again that `capture_bodies` of the config had kept, and compare both answers
    Replay(Replay),
    /// List the keys of the providers; store, replace, try and forget them. Their values are never shown
    Keys {
        #[command(subcommand)]
        what: Option<Keys>,
    },
    /// List what models cost; set and take away prices of your own
    Prices(Prices),
    /// List the client tokens; make, change and take them away, renew the admin token
    Tokens {
        #[command(subcommand)]
        what: Option<Tokens>,
    },
    /// Tell who changed what by the admin API, newest first
    Audit(Audit),
    /// Check the config file; each mistake is told as path:line:column
    Check {
        /// The file; the config where none is given
        file: Option<PathBuf>,
    },
    /// Write a first config with what is found on this machine, and tell what to do next
    Init(Init),
    /// Tell what Turnout logged; with -f, as it happens
    Logs(Logs),
    /// Find out what is wrong and what to do: config, data folder, tokens, keychain, clients, network, providers
    Doctor,
    /// Read the config file again now
    Reload,
    /// Start a stand-in provider that answers in every dialect without a network, and fails on command
    Practice(Practice),
    /// Print a link that opens the window in a browser, once
    Ui,
    /// List the client programs of this machine and where they point
    Clients,
    /// Point a client program here by its own settings, or print what to set in it
    Connect(Connect),
    /// Put back what stood in a client's settings before it was connected
    Disconnect(Disconnect),
    /// Print lines for the shell that point a client here: eval "$(turnoutd env)"
    Env {
        /// The client program
        #[arg(default_value = "claude-code")]
        client: EnvClient,
    },
    /// Write the manual as man pages, one for each command
    #[command(hide = true)]
    Man {
        /// The folder that they are written to
        dir: PathBuf,
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
    #[arg(short, long, value_name = "PROVIDER", add = names::providers())]
    pub(crate) provider: Option<String>,

    /// The address to listen on, before the config's server.listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    #[arg(long, help = FROM_ENV)]
    pub(crate) from_env: bool,

    /// Show the interface of `top` in this terminal; the log goes to its file and to the interface. Quitting it ends
    /// the proxy
    #[arg(long, conflicts_with = "json")]
    pub(crate) tui: bool,
}

/// The ids of the clients whose settings are changed, and of those whose settings are printed.
fn clients() -> PossibleValuesParser {
    let connected = Client::ALL.map(Client::id);
    let printed = clients::SNIPPETS.map(|snippet| snippet.id);
    PossibleValuesParser::new(connected.into_iter().chain(printed))
}

#[derive(Debug, clap::Args)]
pub(crate) struct Connect {
    /// The client program; the settings of claude-code, codex and gemini-cli are changed, those of others printed
    #[arg(value_parser = clients())]
    pub(crate) client: String,

    /// Show what would be changed and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write without asking; without a terminal nothing is asked
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Leave the client its own login, for a provider with auth = "client"; the client token travels beside it
    #[arg(long)]
    pub(crate) own_login: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// A settings file of another tool, recognised by its content, or Claude Code's session logs: a folder, or a .jsonl
    /// in it. Without one, tell what can be read
    #[arg(value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,

    /// Take the keys that are in the environment: of Turnout where it runs, else of this command. They stay there
    #[arg(long, conflicts_with_all = ["path", "claude_logs"])]
    pub(crate) env: bool,

    /// Read the logs where Claude Code keeps them: ~/.claude/projects. Requests that came
    /// through Turnout are left out
    #[arg(long, conflicts_with = "path")]
    pub(crate) claude_logs: bool,

    /// Show what would be taken in and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Disconnect {
    /// The client program
    #[arg(value_parser = clients())]
    pub(crate) client: String,

    /// Show what would be changed and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write without asking; without a terminal nothing is asked
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    Auto,
    Manual,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EnvClient {
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

/// Which requests of the history; all that is given must hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub(crate) status: Option<RequestState>,
    /// Only those that this provider served
    #[arg(long, add = names::providers())]
    pub(crate) provider: Option<String>,
    /// Only those that failed at this provider, whoever answered in the end
    #[arg(long, value_name = "PROVIDER", add = names::providers())]
    pub(crate) failed_at: Option<String>,
    /// Only those that this group served
    #[arg(long, add = names::groups())]
    pub(crate) group: Option<String>,
    /// Only those for this model
    #[arg(long, add = names::models())]
    pub(crate) model: Option<String>,
    /// Only those of this client, such as claude-code
    #[arg(long)]
    pub(crate) client: Option<String>,
    /// Only those that came with this client token, by its name
    #[arg(long, add = names::tokens())]
    pub(crate) token: Option<String>,
    /// Only those of this session of a client
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// Only those since this time, such as 2h, yesterday or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    pub(crate) since: Option<Timestamp>,
    /// Only those before this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    pub(crate) until: Option<Timestamp>,
    /// Only those in which this text occurs
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) which: Which,
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
    /// Only requests since this time, such as 2h, yesterday or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    pub(crate) since: Option<Timestamp>,
    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
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
    /// csv: a line a request, texts that a spreadsheet would take for formulas behind an apostrophe; json and jsonl: with the
    /// attempts of each [default: jsonl, with --json json]
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Write to this file, in the place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) which: Which,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The request's id, such as req-1a2b3c4d
    #[arg(add = names::requests())]
    pub(crate) id: String,
    /// The provider that is to serve it [default: whichever would serve it now]
    #[arg(long, add = names::providers())]
    pub(crate) provider: Option<String>,
    /// The model to ask for [default: the one asked for then]
    #[arg(long, add = names::models())]
    pub(crate) model: Option<String>,
    /// Show what is different line by line, in the place of both answers
    #[arg(long)]
    pub(crate) diff: bool,
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
