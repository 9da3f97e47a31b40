//! The config as it is written: every table and key there is, each optional, each with its place.
//! Holds no defaults and no judgement; `check` turns these into [`super::Settings`]. The JSON Schema comes from here.

use schemars::JsonSchema;
use toml::de::DeValue;

use super::{
    reader::{At, Field, Read, Reader},
    scalar::{Count, FailoverOn, Free, Kept, OneOrMany, Pairs, Secretive, Size, Span},
    words::{
        Capture, Continuation, Dialect, KeyPolicy, Language, LogFormat, LogLevel, Lossy, Mode,
        NoticeKind, OnQuit, Period, Policy, Scope, Theme, Tier,
    },
};

/// Declares tables whose keys are all optional, and how they are read.
macro_rules! tables {
    ($($(#[$about:meta])* $name:ident { $($(#[$key_about:meta])* $key:ident: $kind:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Default, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$key_about])* pub(super) $key: Field<$kind>,)*
        }

        impl Read for $name {
            fn read(value: &DeValue<'_>, span: std::ops::Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
                let table = reader.table(value, span)?;
                reader.known(table, &[$(stringify!($key).trim_start_matches("r#")),*]);
                Some(Self {
                    $($key: reader.field(table, stringify!($key).trim_start_matches("r#")),)*
                })
            }
        }
    )*};
}

mod credential;

pub(super) use self::credential::{Auth, Key};

type Tables<T> = Vec<At<T>>;

tables! {
    /// Turnout's config.
    Document {
        /// Version of this format: 1.
        version: i64,
        /// Where clients call, and who may.
        server: Server,
        /// How requests find their way.
        routing: Routing,
        /// Accounts at upstreams.
        providers: Tables<Provider>,
        /// Ordered sets of providers that are switched as one; the order in the file is their priority.
        groups: Tables<Group>,
        /// Exceptions, evaluated on every request; the first match wins.
        rules: Tables<Rule>,
        /// The history of requests, tokens and cost.
        ledger: Ledger,
        /// The log.
        log: Log,
        /// Traces.
        telemetry: Telemetry,
        /// The desktop app.
        desktop: Desktop,
    }

    /// Where clients call, and who may.
    Server {
        /// Address and port to listen on. Default: "127.0.0.1:7790".
        listen: String,
        /// Whether each client must present a client token. Default: true.
        require_token: bool,
        /// Tokens that clients may present.
        client_tokens: Tables<ClientToken>,
        /// Token of the admin API. Default: "keychain:turnout/admin".
        admin_token: Secretive,
        /// Host names accepted besides loopback ones.
        allowed_hosts: Vec<At<String>>,
        /// Origins of web apps that may call; none by default.
        cors_origins: Vec<At<String>>,
        /// Largest request body. Default: "64MiB".
        max_body: Size,
        /// Most memory for embeddings that clients want remembered (`x-turnout-cache: embeddings`); "0B" for none.
        /// Default: "32MiB".
        embeddings_cache: Size,
    }

    /// A token by which a client is known.
    ClientToken {
        /// Name shown in the history.
        name: String,
        /// Reference to the token.
        token: Secretive,
        /// What it may be used for. "inference": to call models; "models": to list them; "admin:read": to read by the
        /// admin API; "admin:write": to change by it what the admin token may, but for
        /// tokens, providers and their keys, imports and the whole config; nor does it replay requests.
        /// Default: ["inference"], with which models can be listed too.
        scopes: Vec<At<Scope>>,
        /// The groups that may serve it. Default: all.
        groups: Vec<At<String>>,
        /// The model names, globs too, that it may ask for. Default: all.
        models: Vec<At<String>>,
        /// How much it may do.
        limits: TokenLimits,
        /// The time from which it is refused, such as "2027-01-31T00:00:00Z". Default: never.
        expires_at: String,
        /// When it was made; told and nothing else.
        created_at: String,
    }

    /// How much may be done with a client token.
    TokenLimits {
        /// Requests a minute.
        rpm: Count,
        /// Tokens a minute, read and written.
        tpm: Count,
        /// Requests at once.
        concurrency: Count,
        /// US dollars; what goes beyond is refused until the next period.
        usd: f64,
        /// The period of `usd`, by the local clock. Default: "day".
        per: Period,
    }

    /// How requests find their way.
    Routing {
        /// Whether failover may leave the active group. Default: "auto".
        mode: Mode,
        /// Keep a conversation on its provider while that provider's prompt cache is warm. Default: true.
        sticky: bool,
        /// How long a failed provider rests; doubles to 10m on repeats. Default: "60s".
        cooldown: Span,
        /// Tries of one candidate, with jittered exponential back-off.
        retry: Retry,
        /// When a provider is no longer tried.
        breaker: Breaker,
        /// How long each phase of an attempt may take.
        timeouts: Timeouts,
        /// Whether requests wait when nothing can serve.
        suspend: Suspend,
        /// Active health checks.
        health: Health,
        /// Who embeds texts for `similar_to` of rules, so that their meaning is compared and not their words alone.
        embeddings: Embeddings,
        /// Race a second candidate when the first is slow to start.
        hedge: Hedge,
        /// What happens to a stream cut after commit: it ends with an error ("off"), begins anew in the same response
        /// where the client takes that ("restart": Claude Code, before a block is over), or another model that is known
        /// to (`caps.continues`) goes on with its text ("prefill"; where none can, as "restart"). Default: "off".
        r#continue: Continuation,
        /// Extra statuses or body texts that count as provider failures.
        failover_on: Vec<At<FailoverOn>>,
    }

    /// Tries of one candidate.
    Retry {
        /// Tries in all. Default: 2.
        attempts: Count,
        /// Pause before the second try. Default: "250ms".
        base: Span,
        /// Longest pause. Default: "4s".
        max: Span,
    }

    /// When a provider is no longer tried.
    Breaker {
        /// Failures within the window that open it. Default: 5.
        failures: Count,
        /// How far back failures count. Default: "60s".
        window: Span,
        /// How long it stays open before a probe. Default: "60s".
        recovery: Span,
        /// Probes at a time. Default: 1.
        probes: Count,
    }

    /// How long each phase of an attempt may take.
    Timeouts {
        /// Until the connection stands. Default: "10s".
        connect: Span,
        /// Until the first semantic event. Default: "90s".
        first_event: Span,
        /// Between two arrivals of bytes. Default: "90s".
        idle: Span,
        /// The attempt as a whole. Default: "15m".
        total: Span,
    }

    /// Whether requests wait when nothing can serve.
    Suspend {
        /// Default: true.
        enabled: bool,
        /// How long one waits. Default: "5m".
        timeout: Span,
        /// How many wait at once. Default: 100.
        max: Count,
    }

    /// Active health checks.
    Health {
        /// Default: true.
        enabled: bool,
        /// Time between checks. Default: "30s".
        interval: Span,
        /// How long one may take. Default: "5s".
        timeout: Span,
    }

    /// Race a second candidate when the first is slow to start.
    Hedge {
        /// Default: false.
        enabled: bool,
        /// A percentile such as "p95", or a duration. Default: "p95".
        after: String,
    }

    /// Who embeds texts for rules.
    Embeddings {
        /// A provider that has embeddings; it need not be in a group.
        #[schemars(required)]
        provider: String,
        /// Its model for them.
        #[schemars(required)]
        model: String,
        /// How long a request waits for it before words are compared instead. Default: "1s".
        timeout: Span,
    }

    /// One account at one upstream.
    Provider {
        /// Name, as used in groups and paths.
        #[schemars(required)]
        name: String,
        /// Wire format that it speaks.
        #[schemars(required)]
        dialect: Dialect,
        /// What the vendor documents; a missing or doubled version segment is put right. Its query goes with each call
        /// (`?api-version=…`), and `{model}` in its path stands for the model of a call.
        base_url: String,
        /// Whose endpoint it is, by its name in vendors.toml. Default: the one recognised by the host of `base_url`.
        vendor: String,
        /// Capabilities that differ from what is known of the vendor and its models, as in vendors.toml.
        caps: Free,
        /// How a key is presented. Default: what the dialect's vendor wants.
        auth: Auth,
        /// References to keys: `keychain:NAME`, `env:NAME` or `file:PATH`; one with limits of its own is a table,
        /// `{ secret = "keychain:NAME", limits = { rpm = 60 } }`.
        keys: Vec<At<Key>>,
        /// How the next key is chosen. Default: "round-robin".
        key_policy: KeyPolicy,
        /// Models for the three tiers, best first.
        models: Models,
        /// From model names (globs) to this provider's names; tried in order, before tiers.
        model_map: Pairs<String>,
        /// Headers added to each request.
        headers: Pairs<String>,
        /// Overrides routing.timeouts.
        timeouts: Timeouts,
        /// Overrides routing.retry.
        retry: Retry,
        /// Proxy (`http://`, `https://` or `socks5://`) for this provider alone.
        proxy: String,
        /// Whether the upstream has a token counting endpoint.
        count_tokens: bool,
        /// What happens to what its dialect cannot say, such as stop sequences at Responses: the request is refused, or
        /// the loss is allowed and listed. Default: refuse.
        lossy: Lossy,
        /// What it costs.
        price: Price,
        /// Its own limits.
        limits: Limits,
        /// Default: true.
        enabled: bool,
    }

    /// Models for the three tiers, best first.
    Models {
        /// What opus and its like stand for.
        big: OneOrMany,
        /// What sonnet and its like stand for.
        middle: OneOrMany,
        /// What haiku and its like stand for.
        small: OneOrMany,
    }

    /// What a provider costs.
    Price {
        /// Factor on the price list (config/prices.json); 0.0 makes every model free. Default: 1.0, and 0.0 for a
        /// practice provider.
        multiplier: f64,
        /// What single models cost here, instead of the list's prices and those of ledger.prices; not multiplied.
        models: Pairs<ModelPrice>,
    }

    /// US dollars for a million tokens.
    ModelPrice {
        /// Input.
        input: f64,
        /// Output.
        output: f64,
        /// Input read from the cache.
        cache_read: f64,
        /// Input written to the cache for five minutes.
        cache_write_5m: f64,
        /// Input written to the cache for an hour.
        cache_write_1h: f64,
    }

    /// A provider's own limits.
    Limits {
        /// Requests a minute.
        rpm: Count,
        /// Tokens a minute.
        tpm: Count,
        /// Requests at once.
        concurrency: Count,
    }

    /// An ordered set of providers that is switched as one.
    Group {
        /// Name, as used in menus and paths.
        #[schemars(required)]
        name: String,
        /// How the next member is chosen. Default: "priority".
        policy: Policy,
        /// Overrides routing.cooldown.
        cooldown: Span,
        /// The providers.
        #[schemars(required)]
        members: Tables<Member>,
    }

    /// A provider's place in a group.
    Member {
        /// Name of the provider.
        #[schemars(required)]
        provider: String,
        /// The lowest number goes first. Default: 1.
        priority: i64,
        /// Share of traffic under the policy "weighted". Default: 1.
        weight: Count,
    }

    /// An exception.
    Rule {
        /// Name, as shown in the history.
        #[schemars(required)]
        name: String,
        /// Default: true.
        enabled: bool,
        /// Facts that must all hold.
        when: When,
        /// What then happens.
        #[schemars(required)]
        r#use: Use,
    }

    /// Facts about a request.
    When {
        /// Glob on the model asked for.
        model: String,
        /// Tier of the model asked for.
        tier: Tier,
        /// Dialect of the client.
        dialect: Dialect,
        /// Name of the client program.
        client: String,
        /// Glob on the path called, without a pin.
        path: String,
        /// Texts of which one must be in the last user text, in any case, also inside a word.
        keyword: OneOrMany,
        /// Regular expression on the last user text.
        regex: String,
        /// Example utterances that the last user text is compared with, by words and letters.
        similar_to: OneOrMany,
        /// How similar, from 0 to 1. Default: 0.5.
        threshold: f64,
        /// More input tokens than this.
        tokens_over: Count,
        /// Whether there are images.
        has_images: bool,
        /// Whether there are tools.
        has_tools: bool,
        /// Whether thinking is asked for.
        thinking: bool,
        /// Whether web search is asked for.
        web_search: bool,
        /// Whether it is one of a client's small helper calls.
        background: bool,
        /// Hours of the day, such as "9-17", "22-6" or "8,12-14"; local time.
        hour: String,
        /// Name of the client token.
        token: String,
    }

    /// What a rule does.
    Use {
        /// Try this group first.
        group: String,
        /// Try this provider first.
        provider: String,
        /// Ask for this model.
        model: String,
        /// Ask for this effort: none, minimal, low, medium, high, xhigh or max.
        effort: String,
        /// Bound the answer; a client that wants less gets less.
        max_tokens: Count,
    }

    /// The history of requests, tokens and cost.
    Ledger {
        /// Database: `sqlite://` for a file in the data folder, `sqlite://PATH` for another,
        /// `postgres://USER:PASSWORD@HOST/DATABASE` or `mysql://…` (also MariaDB) for one that several may share;
        /// `${NAME}` keeps the password out of the config; `none` keeps no history at all. Default: `sqlite://`.
        url: String,
        /// How long single requests are kept; their sums by day (UTC) stay for ever. Default: "90d".
        retention: Kept,
        /// How long entries of the audit log are kept: who changed what by the admin API. Default: "365d".
        audit_retention: Kept,
        /// Of which requests it is kept what was said, by client and providers: none, those with a failed attempt or
        /// end, or all. Secrets are taken out before. Default: "off".
        capture_bodies: Capture,
        /// The most that is kept of a body, at most "16MiB"; the rest is cut. Default: "1MiB".
        capture_max_body: Size,
        /// The most that is kept of all bodies, compressed; the oldest go first. Default: "256MiB".
        capture_max_total: Size,
        /// How long bodies are kept; they go with their request too. Default: "7d".
        capture_retention: Kept,
        /// Regular expressions of what is taken out of bodies beside keys, tokens and other well-known secrets.
        redact: Vec<At<String>>,
        /// Limits of spending.
        budgets: Tables<Budget>,
        /// What single models cost, instead of the list's prices: at every provider that has no price of its own for
        /// them, and multiplied by its factor as the list's are.
        prices: Pairs<ModelPrice>,
    }

    /// A limit of spending, on everything or on what is named.
    Budget {
        /// Name, as shown in notifications.
        #[schemars(required)]
        name: String,
        /// US dollars.
        #[schemars(required)]
        limit_usd: f64,
        /// How long it runs. Default: "day".
        per: Period,
        /// Only what came with this client token, by its name.
        token: String,
        /// Only what was tried at providers chosen from this group; not together with "block".
        group: String,
        /// Only what was tried at this provider; not together with "block".
        provider: String,
        /// Shares of the limit at which the user is told; at the largest one, `then` happens. Default: [0.8, 1.0].
        at: Vec<At<f64>>,
        /// "notify", "group:NAME" (makes it the active one) or "block" (refuses requests with 402 until the period is
        /// over). Default: "notify".
        then: String,
    }

    /// The log.
    Log {
        /// How much. Default: "info".
        level: LogLevel,
        /// For people or for programs. Default: "pretty".
        format: LogFormat,
        /// Also into rotating files in the data folder. Default: true.
        file: bool,
    }

    /// Traces. Whether they are sent, and where, is said by the environment (`OTEL_EXPORTER_OTLP_ENDPOINT`).
    Telemetry {
        /// Whether each attempt tells its provider that it is part of the trace (`traceparent`, `tracestate`), in a
        /// conversion too. Without, a client's own go through like its other headers. Default: false.
        propagate: bool,
    }

    /// The desktop app.
    Desktop {
        /// Start at login. Default: false.
        autostart: bool,
        /// What is worth a notification. Default: all.
        notifications: Vec<At<NoticeKind>>,
        /// Default: "system".
        language: Language,
        /// Default: "system".
        theme: Theme,
        /// What quitting does to connected clients. Default: "restore-clients".
        on_quit: OnQuit,
    }
}
