//! Config files for tests: providers in the order in which they are to be tried, and quick times.

use std::fmt::Write as _;

/// The client token of every test.
pub const CLIENT: &str = "client-token-of-the-tests";
/// The admin token of every test.
pub const ADMIN: &str = "admin-token-of-the-tests";

/// A config in the making.
#[derive(Debug, Clone)]
pub struct Config {
    server: String,
    routing: String,
    providers: Vec<Provider>,
    groups: Vec<(String, Vec<String>, String)>,
    more: String,
}

/// A provider in the making.
#[derive(Debug, Clone)]
pub struct Provider {
    name: String,
    base: String,
    auth: String,
    keys: usize,
    more: String,
}

impl Provider {
    /// An Anthropic provider with one key.
    pub fn new(name: &str, base: &str) -> Self {
        Self {
            name: name.into(),
            base: base.into(),
            auth: r#""x-api-key""#.into(),
            keys: 1,
            more: String::new(),
        }
    }

    /// How many keys it has.
    #[must_use]
    pub fn keys(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// How its key is sent, in TOML.
    #[must_use]
    pub fn auth(mut self, auth: &str) -> Self {
        auth.clone_into(&mut self.auth);
        self
    }

    /// More lines of TOML.
    #[must_use]
    pub fn more(mut self, line: &str) -> Self {
        let _ = writeln!(self.more, "{line}");
        self
    }

    fn variable(&self, key: usize) -> String {
        format!("KEY_{}_{key}", self.name.to_uppercase().replace('-', "_"))
    }

    /// The value of one of its keys.
    pub fn key(name: &str, key: usize) -> String {
        format!("sk-{name}-{key}-0123456789")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: String::new(),
            routing: "retry = { attempts = 1, base = \"1ms\", max = \"10ms\" }\n".into(),
            providers: Vec::new(),
            groups: Vec::new(),
            more: String::new(),
        }
    }
}

impl Config {
    /// One group `main` with these providers, tried in this order.
    pub fn chain(providers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let providers: Vec<Provider> = providers
            .into_iter()
            .map(|(name, base)| Provider::new(name, &base))
            .collect();
        Self::of(providers)
    }

    /// The same with providers that were described further.
    pub fn of(providers: Vec<Provider>) -> Self {
        let names: Vec<String> = providers
            .iter()
            .map(|provider| provider.name.clone())
            .collect();
        let mut config = Self {
            providers,
            ..Self::default()
        };
        config.groups.push(("main".into(), names, String::new()));
        config
    }

    /// Adds a provider in a group of its own.
    #[must_use]
    pub fn group(mut self, name: &str, provider: Provider) -> Self {
        self.groups
            .push((name.into(), vec![provider.name.clone()], String::new()));
        self.providers.push(provider);
        self
    }

    /// Adds a line to `[server]`.
    #[must_use]
    pub fn server(mut self, line: &str) -> Self {
        let _ = writeln!(self.server, "{line}");
        self
    }

    /// Adds a line to `[routing]`, in place of the one that sets the same key.
    #[must_use]
    pub fn routing(mut self, line: &str) -> Self {
        let key = line.split('=').next().unwrap_or_default().trim().to_owned();
        let kept = self
            .routing
            .lines()
            .filter(|old| old.split('=').next().unwrap_or_default().trim() != key);
        self.routing = kept.fold(String::new(), |text, old| text + old + "\n") + line + "\n";
        self
    }

    /// Adds text at the end.
    #[must_use]
    pub fn more(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!(
            "version = 1\n\n[server]\nlisten = \"127.0.0.1:0\"\nadmin_token = \"env:TEST_ADMIN\"\n\
             client_tokens = [{{ name = \"tests\", token = \"env:TEST_CLIENT\" }}]\n{}\n[routing]\n{}\n",
            self.server, self.routing
        );
        for provider in &self.providers {
            let keys: Vec<String> = (0..provider.keys)
                .map(|key| format!("\"env:{}\"", provider.variable(key)))
                .collect();
            let _ = writeln!(
                text,
                "[[providers]]\nname = \"{}\"\ndialect = \"anthropic\"\nbase_url = \"{}\"\nauth = {}\nkeys = [{}]\n{}",
                provider.name,
                provider.base,
                provider.auth,
                keys.join(", "),
                provider.more
            );
        }
        for (name, members, more) in &self.groups {
            let members: Vec<String> = (1..)
                .zip(members)
                .map(|(priority, name)| {
                    format!("{{ provider = \"{name}\", priority = {priority} }}")
                })
                .collect();
            let _ = writeln!(
                text,
                "[[groups]]\nname = \"{name}\"\nmembers = [{}]\n{more}",
                members.join(", ")
            );
        }
        text + &self.more
    }

    /// The secrets that it refers to.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut env = vec![
            ("TEST_ADMIN".into(), ADMIN.into()),
            ("TEST_CLIENT".into(), CLIENT.into()),
        ];
        for provider in &self.providers {
            env.extend(
                (0..provider.keys)
                    .map(|key| (provider.variable(key), Provider::key(&provider.name, key))),
            );
        }
        env
    }
}
