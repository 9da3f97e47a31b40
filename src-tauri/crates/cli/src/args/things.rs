//! What can be done to the named things of the config. Without more than its name, a command lists them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::names;

#[derive(Debug, Subcommand)]
pub(crate) enum Groups {
    /// List them
    List,
    /// Add a group behind the others
    Add {
        /// Its name
        name: String,
        /// A provider in it; may be given more than once, the first to be asked first
        #[arg(long, value_name = "PROVIDER", required = true)]
        #[arg(add = names::providers())]
        member: Vec<String>,
    },
    /// Put a provider into a group
    Join {
        /// The group
        #[arg(add = names::groups())]
        group: String,
        /// The provider
        #[arg(add = names::providers())]
        provider: String,
        /// The lowest number is asked first [default: behind the others]
        #[arg(long)]
        priority: Option<i64>,
        /// Its share under the policy weighted
        #[arg(long, default_value_t = 1)]
        weight: u32,
    },
    /// Take a provider out of a group
    Leave {
        /// The group
        #[arg(add = names::groups())]
        group: String,
        /// The provider
        #[arg(add = names::providers())]
        provider: String,
    },
    /// Take a group out of the config; its providers stay
    Remove {
        /// Its name
        #[arg(add = names::groups())]
        name: String,
    },
    /// Put these first, in this order
    Order {
        /// Their names
        #[arg(required = true)]
        #[arg(add = names::groups())]
        names: Vec<String>,
    },
}

/// A field and what it shall say, as `FIELD=VALUE`; a value that is JSON is taken as such, anything else as text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Value,
}

fn field(text: &str) -> Result<Field, String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write it as FIELD=VALUE, such as enabled=false or limits={\"rpm\":60}")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok(Field {
        name: name.to_owned(),
        value,
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Providers {
    /// List them
    List,
    /// Add a provider to the config; its key follows with `keys set`
    Add {
        /// Its name
        name: String,
        /// What it speaks: anthropic, openai-chat, openai-responses, gemini, ollama or practice
        #[arg(long)]
        dialect: String,
        /// Where it is, as its vendor documents it
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// How a key is presented: x-api-key, bearer, client or none
        #[arg(long)]
        auth: Option<String>,
        /// Any other field of the config, with its value in JSON or as text; may be given more than once
        #[arg(long, value_name = "FIELD=VALUE", value_parser = field)]
        set: Vec<Field>,
    },
    /// Change a provider in the config; comments and all other fields stay
    Edit {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
        /// A field and what it shall say, in JSON or as text; may be given more than once
        #[arg(long, value_name = "FIELD=VALUE", value_parser = field)]
        set: Vec<Field>,
        /// A field to take away; may be given more than once
        #[arg(long, value_name = "FIELD")]
        unset: Vec<String>,
    },
    /// Take a provider out of the config
    Remove {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
    },
    /// Send a tiny real request and tell how it went
    Test {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
    },
    /// Switch a provider on
    Enable {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
    },
    /// Switch a provider off
    Disable {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
    },
    /// Forget its rests and open breakers
    Reset {
        /// Its name
        #[arg(add = names::providers())]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Store a key for a provider in the keychain; it is asked for, or read from standard input
    Set {
        /// The provider's name in the config
        #[arg(add = names::providers())]
        provider: String,
    },
    /// List the keys, masked, with their state
    List,
    /// Send a tiny real request with one key, whether it rests or not
    Test {
        /// The key's id, such as relay/0, or the provider where it has one alone
        #[arg(add = names::keys())]
        id: String,
    },
    /// Put another value in a key's place; it is asked for, or read from standard input
    Rotate {
        /// The key's id, such as relay/0
        #[arg(add = names::keys())]
        id: String,
    },
    /// Take a key out of the config and out of the keychain
    Remove {
        /// The key's id, such as relay/0
        #[arg(add = names::keys())]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// List them, in the order in which they are looked at
    List,
    /// Add a rule behind the others
    Add {
        /// Its name
        name: String,
        /// A fact that must hold, such as tier=small; may be given more than once
        #[arg(long, value_name = "FACT=VALUE", value_parser = field)]
        when: Vec<Field>,
        /// What then happens, such as group=local; may be given more than once
        #[arg(long, value_name = "WHAT=VALUE", value_parser = field, required = true)]
        r#use: Vec<Field>,
    },
    /// Take a rule out of the config
    Remove {
        /// Its name
        #[arg(add = names::rules())]
        name: String,
    },
    /// Let a rule be looked at
    Enable {
        /// Its name
        #[arg(add = names::rules())]
        name: String,
    },
    /// Let a rule be passed over
    Disable {
        /// Its name
        #[arg(add = names::rules())]
        name: String,
    },
    /// Put these first, in this order
    Order {
        /// Their names
        #[arg(required = true)]
        #[arg(add = names::rules())]
        names: Vec<String>,
    },
    /// Tell which rule, group and providers a request would get, and why; nothing is sent
    Explain(Explain),
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The model asked for
    #[arg(long, default_value = "claude-sonnet-4-5")]
    #[arg(add = names::models())]
    pub(crate) model: String,
    /// What the user says last
    #[arg(long, default_value = "hello")]
    pub(crate) text: String,
    /// The path called
    #[arg(long, default_value = "/v1/messages")]
    pub(crate) path: String,
    /// A header of the request, such as "user-agent: claude-cli/2.1"; may be given more than once
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// The name of the client token that it would present
    #[arg(long)]
    #[arg(add = names::tokens())]
    pub(crate) token: Option<String>,
    /// A file with the whole body, in place of --model and --text; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// Ask the provider of embeddings for what `similar_to` compares, which may cost
    #[arg(long)]
    pub(crate) embed: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Waiting {
    /// List them, the oldest first
    List,
    /// Try one now, whoever rests; it waits on if that fails
    Release {
        /// The request's id
        #[arg(add = names::waiting())]
        id: String,
    },
    /// Send one elsewhere
    Redirect {
        /// The request's id
        #[arg(add = names::waiting())]
        id: String,
        /// To this group
        #[arg(
            long,
            conflicts_with = "provider",
            required_unless_present = "provider"
        )]
        #[arg(add = names::groups())]
        group: Option<String>,
        /// To this provider
        #[arg(long)]
        #[arg(add = names::providers())]
        provider: Option<String>,
    },
    /// Give one up
    Fail {
        /// The request's id
        #[arg(add = names::waiting())]
        id: String,
    },
}
