//! Variables: a `.env` file, or the environment of a process.
//!
//! Two things are in them: keys under the names that vendors document, and the settings of the older Claude Code proxy
//! (`OPENAI_API_KEY`, `OPENAI_BASE_URL`, `BIG_MODEL`, `MIDDLE_MODEL`, `SMALL_MODEL`, `HOST`, `PORT`, `LOG_LEVEL`, and
//! `ANTHROPIC_API_KEY`, which is the key that its clients had to present). Which of both is told by its model names.

use crate::Env;
use crate::found::{Auth, Dialect, Found, Group, Key, Provider, Reading, Retry, Tiers, Timeouts};
use crate::kind::{Kind, Unreadable};
use crate::known::{azure, azure_resource, is_local, known};
use crate::table::Table;
use crate::values::{Variables, is_placeholder, key};

/// Variables of the older proxy that no other program uses.
const PROXY: [&str; 3] = ["BIG_MODEL", "MIDDLE_MODEL", "SMALL_MODEL"];
/// No vendor's keys have fewer characters.
const SHORTEST: usize = 8;
const OPENAI: &str = "https://api.openai.com/v1";

/// Reads the environment of a process. Keys stay there: the config gets references to them.
pub fn read_environment(
    variables: impl IntoIterator<Item = (String, String)>,
    env: Env<'_>,
) -> Result<Found, Unreadable> {
    let mut found = Reading::new(Kind::Environment, env);
    take(variables.into_iter().collect(), Older::IfNamed, &mut found);
    found.finished()
}

/// Reads the environment as the older proxy did, which knew no other vendors: `ANTHROPIC_API_KEY` is what clients present.
pub fn read_older_environment(
    variables: impl IntoIterator<Item = (String, String)>,
    env: Env<'_>,
) -> Result<Found, Unreadable> {
    let mut found = Reading::new(Kind::Environment, env);
    take(variables.into_iter().collect(), Older::Alone, &mut found);
    found.finished()
}

/// Whether variables are those of the older proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Older {
    /// If its models are named among them.
    IfNamed,
    /// They are, and nothing else is looked at.
    Alone,
}

/// A `.env` file taken apart.
#[derive(Default)]
pub(crate) struct Lines {
    /// Names and values.
    variables: Vec<(String, String)>,
    /// The numbers of lines that set none, counted from one.
    others: Vec<usize>,
}

pub(crate) fn read(lines: Lines, env: Env<'_>) -> Result<Found, Unreadable> {
    let mut found = Reading::new(Kind::DotEnv, env);
    for number in lines.others {
        // Its text may be a key.
        let why = "it sets no variable: NAME=VALUE does";
        found.report.left(format!("line {number}"), why);
    }
    take(lines.variables, Older::IfNamed, &mut found);
    found.finished()
}

/// The lines of a file in which at least every other sets a variable; the last of a name counts, as it does for shells.
pub(crate) fn lines(text: &str) -> Option<Lines> {
    let Lines {
        mut variables,
        mut others,
    } = Lines::default();
    let mut fitting = 0;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = variable(line) else {
            others.push(number);
            continue;
        };
        fitting += 1;
        variables.retain(|(other, _)| other != name);
        variables.push((name.to_owned(), unquoted(value.trim()).to_owned()));
    }
    (fitting > 0 && fitting >= others.len()).then_some(Lines { variables, others })
}

/// The name and the value of a line that sets a variable.
fn variable(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some((name, value))
}

/// The value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote))
        {
            return inner;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

struct Variable {
    name: String,
    value: String,
    used: bool,
}

/// The variables, each marked when it was used.
struct All<'f, 'e> {
    variables: Vec<Variable>,
    found: &'f mut Reading<'e>,
}

fn take(variables: Vec<(String, String)>, older: Older, found: &mut Reading<'_>) {
    let variable = |(name, value): (String, String)| Variable {
        name,
        value: value.trim().to_owned(),
        used: false,
    };
    let variables = variables.into_iter().map(variable);
    let mut all = All {
        variables: variables
            .filter(|variable| !variable.value.is_empty())
            .collect(),
        found,
    };
    let is_proxy = match older {
        Older::Alone => all.has("OPENAI_API_KEY"),
        Older::IfNamed => PROXY.iter().any(|name| all.has(name)),
    };
    let mut members: Vec<String> = Vec::new();
    if is_proxy {
        members.push(all.older_proxy());
    }
    if older == Older::IfNamed {
        members.extend(all.vendors());
    }
    let place = if all.found.kind == Kind::DotEnv {
        "the file"
    } else {
        "the environment"
    };
    let found = &mut *all.found;
    let name = found
        .group_names
        .give(found.kind.group(), place, &mut found.report);
    let group = Group {
        name,
        policy: None,
        cooldown: None,
        members: Reading::members(&members),
    };
    found.group(place, group);
    all.rest();
}

impl All<'_, '_> {
    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let mut variables = self.variables.iter_mut();
        let variable = variables.find(|variable| variable.name == name && !variable.used)?;
        variable.used = true;
        Some(variable.value.clone())
    }

    /// The key in a variable: a reference to it where it stays in the environment. A server of this machine takes any.
    fn key(&mut self, name: &str, of_here: bool) -> Option<Key> {
        let value = self.take(name)?;
        let why = if value.starts_with("turnout-") {
            // As in a shell that was pointed here.
            Some("it is a token of Turnout itself, not a provider's key")
        } else if of_here {
            None
        } else if is_placeholder(&value) && value.len() >= SHORTEST {
            Some("it is an example, not a provider's key")
        } else if value.len() < SHORTEST {
            Some("it is too short to be a provider's key")
        } else {
            None
        };
        if let Some(why) = why {
            self.found.report.left(name, why);
            return None;
        }
        if self.found.kind == Kind::Environment {
            return Some(Key::Env(name.to_owned()));
        }
        key(&value, Variables::Braced)
    }

    /// A text as it is written in the config: a reference to its variable where it stays in the environment.
    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        if self.found.kind == Kind::Environment {
            return Some(format!("${{{name}}}"));
        }
        self.found.written(name, &value, Variables::Braced)
    }

    /// The value of a variable where the config does not refer to it, which is told.
    fn as_it_was(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        if self.found.kind == Kind::Environment {
            let told = format!("taken as it was: {value}; another value of it is for the config");
            self.found.report.changed(name, told);
        }
        Some(value)
    }

    /// An address at Azure, to which a path is added. Where something stands behind its resource, which a reference would
    /// repeat, the resource itself is written, which is told.
    fn azure_resource(&mut self, name: &str) -> Option<String> {
        let mut variables = self.variables.iter();
        let value = &variables.find(|variable| variable.name == name)?.value;
        let resource = azure_resource(value).to_owned();
        if self.found.kind != Kind::Environment || resource == *value {
            return self.text(name);
        }
        self.take(name)?;
        let told = format!(
            "taken as {resource}, which deployments are below; another value of it is for the config"
        );
        self.found.report.changed(name, told);
        self.found.written(name, &resource, Variables::Braced)
    }

    /// Whether a variable holds an address of this machine.
    fn leads_here(&self, name: &str) -> bool {
        let here = |one: &Variable| one.name == name && is_local(&one.value);
        self.variables.iter().any(here)
    }

    /// The one provider of the older proxy, under all names of Claude's.
    fn older_proxy(&mut self) -> String {
        let [big, middle, small] =
            ["BIG_MODEL", "MIDDLE_MODEL", "SMALL_MODEL"].map(|name| self.text(name));
        // What that proxy asks for where nothing is said.
        let big = big.unwrap_or_else(|| "gpt-4o".to_owned());
        let middle = middle.unwrap_or_else(|| big.clone());
        let small = small.unwrap_or_else(|| "gpt-4o-mini".to_owned());
        let token = self.take("ANTHROPIC_API_KEY");
        let of_here = self.leads_here("OPENAI_BASE_URL");
        let url = if self.has("AZURE_API_VERSION") {
            self.azure_resource("OPENAI_BASE_URL")
        } else {
            self.text("OPENAI_BASE_URL")
        };
        let keys: Vec<Key> = self.key("OPENAI_API_KEY", of_here).into_iter().collect();
        let timeout = self.as_it_was("REQUEST_TIMEOUT");
        let retries = self
            .as_it_was("MAX_RETRIES")
            .and_then(|text| text.parse::<u32>().ok());
        let version = self.text("AZURE_API_VERSION");
        self.settings();
        self.client_token(token);
        let headers = self.headers();
        let found = &mut *self.found;
        let timeout = timeout.and_then(|text| crate::values::go_duration(&text));
        let timeout = timeout.and_then(crate::values::duration);
        let mut provider = Provider {
            name: found
                .provider_names
                .give("openai", "OPENAI_API_KEY", &mut found.report),
            dialect: Dialect::OpenaiChat,
            base_url: url.unwrap_or_else(|| OPENAI.to_owned()),
            keys,
            headers,
            models: Tiers {
                big: vec![big],
                middle: vec![middle],
                small: vec![small],
            },
            timeouts: Timeouts {
                first_event: timeout.clone(),
                idle: timeout,
                ..Timeouts::default()
            },
            retry: retries.map(|retries| Retry {
                attempts: retries.saturating_add(1),
            }),
            ..Provider::default()
        };
        if let Some(version) = version {
            provider.base_url = azure(&provider.base_url, &version);
            provider.auth = Some(Auth::header("api-key"));
        }
        let name = provider.name.clone();
        found.provider("OPENAI_API_KEY", provider);
        name
    }

    /// The key that clients had to present.
    fn client_token(&mut self, token: Option<String>) {
        const NAME: &str = "ANTHROPIC_API_KEY";
        let Some(token) = token else { return };
        let reference = format!("${{{NAME}}}");
        let is_environment = self.found.kind == Kind::Environment;
        let text = if is_environment { &reference } else { &token };
        self.found
            .client_token(NAME, "env", text, Variables::Braced);
        self.found.report.changed(
            NAME,
            "beside BIG_MODEL and its like it is what clients of that proxy present, not a key of Anthropic",
        );
    }

    /// Settings of the program. None names its variable: without that, later and elsewhere, nothing would start, and other
    /// programs use the same names.
    fn settings(&mut self) {
        let [host, port] = ["HOST", "PORT"].map(|name| self.as_it_was(name));
        if self.found.kind == Kind::Environment && (host.is_some() || port.is_some()) {
            let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
            let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
            let host = if is_v6 { format!("[{host}]") } else { host };
            let port = port.unwrap_or_else(|| "7790".to_owned());
            self.found
                .setting("HOST, PORT", "server.listen", format!("{host}:{port}"));
        } else if host.is_some() || port.is_some() {
            let why = "clients call server.listen, 127.0.0.1:7790 unless you say otherwise";
            self.found.report.left("HOST, PORT", why);
        }
        if let Some(level) = self.as_it_was("LOG_LEVEL") {
            self.found.log_level("LOG_LEVEL", &level);
        }
        for name in ["MAX_TOKENS_LIMIT", "MIN_TOKENS_LIMIT"] {
            if self.take(name).is_some() {
                let why = "a bound on answers is set by a rule: use = { max_tokens = N }";
                self.found.report.left(name, why);
            }
        }
    }

    /// `CUSTOM_HEADER_X_TEAM` is the header `X-TEAM`.
    fn headers(&mut self) -> std::collections::BTreeMap<String, String> {
        const START: &str = "CUSTOM_HEADER_";
        let kind = self.found.kind;
        let own = self
            .variables
            .iter_mut()
            .filter(|one| one.name.starts_with(START));
        let mut fields = serde_json::Map::new();
        for variable in own {
            variable.used = true;
            let name = variable.name.trim_start_matches(START).replace('_', "-");
            let value = match kind {
                Kind::Environment => format!("${{{}}}", variable.name),
                _ => variable.value.clone(),
            };
            fields.insert(name, value.into());
        }
        let table = Table::new("CUSTOM_HEADER", fields);
        self.found.headers(Some(table), Variables::Braced)
    }

    /// A provider for each key under a vendor's name.
    fn vendors(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        for known in known() {
            let Some(variable) = known.variable.as_deref().filter(|name| self.has(name)) else {
                continue;
            };
            let endpoint = &known.provider;
            let base = known.base_variable.as_deref();
            let of_here = is_local(&endpoint.base_url)
                || self.found.kind != Kind::Environment
                    && base.is_some_and(|name| self.leads_here(name));
            let Some(key) = self.key(variable, of_here) else {
                continue;
            };
            let own = base.and_then(|name| self.base(name));
            let report = &mut self.found.report;
            let provider = Provider {
                name: self
                    .found
                    .provider_names
                    .give(&endpoint.name, variable, report),
                dialect: endpoint.dialect,
                base_url: own.unwrap_or_else(|| endpoint.base_url.clone()),
                auth: Some(endpoint.auth.clone()),
                keys: vec![key],
                models: endpoint.models.clone(),
                ..Provider::default()
            };
            names.push(provider.name.clone());
            self.found.provider(variable, provider);
        }
        names
    }

    /// A vendor's base URL. In an environment one of this machine is Turnout's own, as in a shell that was pointed here.
    fn base(&mut self, name: &str) -> Option<String> {
        let is_own = self.found.kind == Kind::Environment && self.leads_here(name);
        if is_own {
            let why =
                "it points at this machine, as in a shell whose clients were pointed at Turnout";
            self.found.report.left(name, why);
            return None;
        }
        self.text(name)
    }

    /// What a file has beside is told; an environment is full of things that are nobody's business here.
    fn rest(self) {
        if self.found.kind == Kind::Environment {
            return;
        }
        for variable in self.variables.iter().filter(|variable| !variable.used) {
            self.found
                .report
                .left(&variable.name, "Turnout knows no such variable");
        }
    }
}
