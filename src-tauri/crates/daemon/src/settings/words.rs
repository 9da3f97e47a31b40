//! Settings that are one of a fixed set of words.

use std::{borrow::Cow, fmt, ops::Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::reader::{Read, Reader};

/// Declares an enum, how it is spelled in the config, and its schema.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$word_about:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_about])* $variant,)*
        }

        impl $name {
            const WORDS: &[(&'static str, Self)] = &[$(($word, Self::$variant)),*];

            /// The word in the config.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Read for $name {
            fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
                reader.word(value, span, Self::WORDS)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($word),*] })
            }
        }
    )*};
}

words! {
    /// What happens to what a provider's dialect cannot say and that should not be left out.
    Lossy {
        /// The request is refused, and tried elsewhere.
        Refuse = "refuse",
        /// It is left out and listed as lost.
        Allow = "allow",
    }
    /// What a client token may be used for.
    Scope {
        /// To call models, and to list them.
        Inference = "inference",
        /// To list models.
        Models = "models",
        /// To read by the admin API.
        AdminRead = "admin:read",
        /// To read and to change by the admin API, but for tokens.
        AdminWrite = "admin:write",
    }

    /// Whether failover may leave the active group.
    Mode {
        /// It may.
        Auto = "auto",
        /// It stays there and waits.
        Manual = "manual",
    }

    /// A wire format.
    Dialect {
        /// Anthropic Messages.
        Anthropic = "anthropic",
        /// `OpenAI` Chat Completions.
        OpenaiChat = "openai-chat",
        /// `OpenAI` Responses.
        OpenaiResponses = "openai-responses",
        /// Google Gemini.
        Gemini = "gemini",
        /// Ollama's own.
        Ollama = "ollama",
        /// The built-in stand-in, which speaks all of them.
        Practice = "practice",
    }

    /// How the next key of a pool is chosen.
    KeyPolicy {
        /// Each in turn.
        RoundRobin = "round-robin",
        /// The first until it is spent.
        FillFirst = "fill-first",
        /// The one used least.
        LeastUsed = "least-used",
    }

    /// How the next member of a group is chosen.
    Policy {
        /// The lowest priority number first.
        Priority = "priority",
        /// By chance, in proportion to weight.
        Weighted = "weighted",
        /// Each in turn.
        RoundRobin = "round-robin",
        /// The one with the fewest requests in flight.
        LeastBusy = "least-busy",
        /// The one with the shortest time to first token.
        Fastest = "fastest",
        /// The one with the lowest price.
        Cheapest = "cheapest",
    }

    /// What happens to a stream that is cut after commit.
    Continuation {
        /// It ends with an error event.
        Off = "off",
        /// It starts afresh inside the same stream, where the client accepts that.
        Restart = "restart",
        /// Another provider goes on by prefill, where it can.
        Prefill = "prefill",
    }

    /// What model names stand for at a provider that has none of them.
    Tier {
        /// Opus and its like.
        Big = "big",
        /// Sonnet and its like.
        Middle = "middle",
        /// Haiku and its like.
        Small = "small",
    }

    /// Which bodies the ledger keeps.
    Capture {
        /// None.
        Off = "off",
        /// Those of failed requests.
        Errors = "errors",
        /// All.
        All = "all",
    }

    /// How long a budget runs before it starts anew.
    Period {
        /// An hour.
        Hour = "hour",
        /// A calendar day.
        Day = "day",
        /// A calendar week.
        Week = "week",
        /// A calendar month.
        Month = "month",
    }

    /// How much is logged.
    LogLevel {
        /// Nothing.
        Off = "off",
        /// Errors.
        Error = "error",
        /// Warnings too.
        Warn = "warn",
        /// What a user wants to know.
        Info = "info",
        /// What a developer wants to know.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }

    /// How the log is written.
    LogFormat {
        /// For people.
        Pretty = "pretty",
        /// For programs.
        Json = "json",
    }

    /// What a desktop notification is about.
    NoticeKind {
        /// Another provider took over.
        Failover = "failover",
        /// A provider serves again.
        Recovery = "recovery",
        /// Nothing can serve.
        AllDown = "all-down",
        /// A key was refused.
        Auth = "auth",
        /// A budget reached a mark.
        Budget = "budget",
    }

    /// The language of menus and pages.
    Language {
        /// The system's.
        System = "system",
        /// English.
        English = "en",
        /// Simplified Chinese.
        Chinese = "zh-CN",
    }

    /// The colours of the window.
    Theme {
        /// The system's.
        System = "system",
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
    }

    /// What quitting does to connected clients.
    OnQuit {
        /// Their settings are put back.
        RestoreClients = "restore-clients",
        /// They are left pointing here.
        Leave = "leave",
    }
}
