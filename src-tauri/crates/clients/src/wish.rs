//! What each client's settings are to say. The facts are the clients' own: which file, which key, which form.
//!
//! A key of the person's own that stands in a settings file is left there; the client token then travels in the header
//! `x-turnout-token`, so that no key has to be kept anywhere else to be put back.

use std::path::{Path, PathBuf};

use crate::format::Format;
use crate::{Client, Surroundings, Target};

/// The header that carries the client token beside another credential.
pub(crate) const HEADER: &str = "x-turnout-token";
/// Presented where no token is demanded, since the clients refuse to start with none.
const NOBODY: &str = "turnout";
/// Hosts that no proxy may come between.
const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// A settings file and what it is to say.
pub(crate) struct FileWish {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) settings: Vec<Setting>,
}

pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    pub(crate) wish: Wish,
    /// Whether the value is ours alone, so that finding it there is no reason to leave it there.
    pub(crate) own: bool,
}

pub(crate) enum Wish {
    /// This text.
    Text(String),
    /// This, as it is spelled.
    Raw(String),
    /// A list with commas that names this machine; where there is none yet, it begins with `base`.
    Hosts { base: Option<String> },
    /// Headers, of which one is ours.
    Headers {
        separator: &'static str,
        token: String,
    },
}

impl Setting {
    fn text(path: &[&str], value: impl Into<String>) -> Self {
        Self {
            path: owned(path),
            wish: Wish::Text(value.into()),
            own: false,
        }
    }

    fn own(path: &[&str], value: impl Into<String>) -> Self {
        Self {
            own: true,
            ..Self::text(path, value)
        }
    }

    fn with(path: &[&str], wish: Wish) -> Self {
        Self {
            path: owned(path),
            wish,
            own: true,
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|name| (*name).to_owned()).collect()
}

/// The files of a client's settings, with their forms.
pub(crate) fn files(client: Client, folder: &Path) -> Vec<(PathBuf, Format)> {
    let files: &[(&str, Format)] = match client {
        Client::ClaudeCode => &[("settings.json", Format::Json)],
        Client::Codex => &[("config.toml", Format::Toml)],
        Client::GeminiCli => &[(".env", Format::Env), ("settings.json", Format::Json)],
    };
    files
        .iter()
        .map(|(name, format)| (folder.join(name), *format))
        .collect()
}

/// Where the client's settings say where it calls: a file's index and its key, which for Codex depends on another.
pub(crate) fn address(client: Client, text: &str) -> Option<String> {
    let get = |format: Format, path: &[&str]| Some(format.get(text, &owned(path)).ok()??.value);
    match client {
        Client::ClaudeCode => get(Format::Json, &["env", "ANTHROPIC_BASE_URL"]),
        Client::Codex => {
            let provider = get(Format::Toml, &["model_provider"])?;
            get(Format::Toml, &["model_providers", &provider, "base_url"])
        }
        Client::GeminiCli => get(Format::Env, &["GOOGLE_GEMINI_BASE_URL"]),
    }
    .filter(|address| !address.is_empty())
}

/// Keys that a running client goes on using after they are taken away, so that they are emptied first. Claude Code takes
/// in a changed variable of its settings, but not the removal of one.
pub(crate) fn lingering(client: Client) -> Vec<Vec<String>> {
    let names: &[&str] = match client {
        Client::ClaudeCode => &[
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_CUSTOM_HEADERS",
        ],
        Client::Codex | Client::GeminiCli => &[],
    };
    names.iter().map(|name| owned(&["env", name])).collect()
}

/// What the files of `client` are to say. `texts` are the files without anything of ours, in the order of [`files`].
pub(crate) fn wishes(
    client: Client,
    target: &Target,
    folder: &Path,
    around: &Surroundings,
    texts: &[String],
) -> (Vec<FileWish>, Vec<String>) {
    let asked = Asked {
        target,
        around,
        texts,
        notes: Vec::new(),
    };
    let (settings, notes) = match client {
        Client::ClaudeCode => asked.claude_code(),
        Client::Codex => asked.codex(),
        Client::GeminiCli => asked.gemini_cli(folder),
    };
    let files = files(client, folder).into_iter().zip(settings);
    let wish = |((path, format), settings)| FileWish {
        path,
        format,
        settings,
    };
    (files.map(wish).collect(), notes)
}

/// Why the client pays no heed to its settings, the text of its first file, though they can be read here.
pub(crate) fn ignored(client: Client, text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}');
    let is_strict =
        || text.trim().is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    (client == Client::ClaudeCode && !is_strict()).then_some(NOT_STRICT)
}

const KEY_STAYS: &str = "the key that stands in its settings stays there; the client token travels in x-turnout-token beside it";

const SHELL_NO_PROXY: &str = "NO_PROXY of your shell goes before the one in this file: add 127.0.0.1,localhost to it if a proxy is set";
const NOT_STRICT: &str = "its settings have comments or trailing commas: Claude Code ignores such a file as a whole, so take them out";

struct Asked<'a> {
    target: &'a Target,
    around: &'a Surroundings,
    texts: &'a [String],
    notes: Vec<String>,
}

impl Asked<'_> {
    /// A value that the person's file has, which is not our own token.
    fn has(&self, file: usize, format: Format, path: &[&str]) -> bool {
        let text = self.texts.get(file).map_or("", String::as_str);
        let found = format.get(text, &owned(path)).ok().flatten();
        found.is_some_and(|found| {
            !found.value.is_empty() && Some(&found.value) != self.target.token.as_ref()
        })
    }

    fn token(&self) -> String {
        self.target
            .token
            .clone()
            .unwrap_or_else(|| NOBODY.to_owned())
    }

    fn claude_code(mut self) -> (Vec<Vec<Setting>>, Vec<String>) {
        let env = |name| ["env", name];
        let own_key = [
            &env("ANTHROPIC_AUTH_TOKEN")[..],
            &env("ANTHROPIC_API_KEY"),
            &["apiKeyHelper"],
        ]
        .into_iter()
        .any(|path| self.has(0, Format::Json, path));
        let mut settings = vec![Setting::own(
            &env("ANTHROPIC_BASE_URL"),
            &self.target.base_url,
        )];
        if own_key || self.target.own_login {
            if let Some(token) = self.target.token.clone() {
                let wish = Wish::Headers {
                    separator: "\n",
                    token,
                };
                settings.push(Setting::with(&env("ANTHROPIC_CUSTOM_HEADERS"), wish));
            }
        } else {
            settings.push(Setting::own(&env("ANTHROPIC_AUTH_TOKEN"), self.token()));
        }
        if own_key {
            self.notes.push(KEY_STAYS.to_owned());
        }
        let text = self.texts.first().map_or("", String::as_str);
        let ignored = ignored(Client::ClaudeCode, text).map(str::to_owned);
        self.notes.extend(ignored);
        settings.push(Setting::text(&env("API_TIMEOUT_MS"), "3600000"));
        settings.push(Setting::text(
            &env("CLAUDE_STREAM_IDLE_TIMEOUT_MS"),
            "1800000",
        ));
        let base = self.around.no_proxy.clone();
        settings.push(Setting::with(&env("NO_PROXY"), Wish::Hosts { base }));
        (vec![settings], self.notes)
    }

    fn codex(mut self) -> (Vec<Vec<Setting>>, Vec<String>) {
        let ours = |name| ["model_providers", "turnout", name];
        let base_url = format!("{}/v1", self.target.base_url);
        let mut settings = vec![
            Setting::own(&["model_provider"], "turnout"),
            Setting::own(&ours("name"), "Turnout"),
            Setting::own(&ours("base_url"), base_url),
            Setting::own(&ours("wire_api"), "responses"),
        ];
        if let Some(token) = &self.target.token {
            let raw = format!("{{ {HEADER} = {} }}", Format::Toml.spelled(token));
            settings.push(Setting::with(&ours("http_headers"), Wish::Raw(raw)));
        }
        if self.target.own_login {
            let wish = Wish::Raw("true".to_owned());
            settings.push(Setting::with(&ours("requires_openai_auth"), wish));
        }
        let profile = Format::Toml.get(
            self.texts.first().map_or("", String::as_str),
            &owned(&["profile"]),
        );
        if let Ok(Some(profile)) = profile
            && self.has(
                0,
                Format::Toml,
                &["profiles", &profile.value, "model_provider"],
            )
        {
            self.notes.push(format!(
                "the profile {} names a model_provider of its own, which goes before this one",
                profile.value
            ));
        }
        (vec![settings], self.notes)
    }

    fn gemini_cli(mut self, folder: &Path) -> (Vec<Vec<Setting>>, Vec<String>) {
        let mut env = vec![Setting::own(
            &["GOOGLE_GEMINI_BASE_URL"],
            &self.target.base_url,
        )];
        if self.has(0, Format::Env, &["GEMINI_API_KEY"]) {
            if let Some(token) = self.target.token.clone() {
                let wish = Wish::Headers {
                    separator: ", ",
                    token,
                };
                env.push(Setting::with(&["GEMINI_CLI_CUSTOM_HEADERS"], wish));
            }
            self.notes.push(KEY_STAYS.to_owned());
        } else {
            env.push(Setting::own(&["GEMINI_API_KEY"], self.token()));
        }
        // It sends calls of this machine, too, through a proxy that the environment names.
        let base = self.around.no_proxy.clone();
        if base
            .as_ref()
            .is_some_and(|list| !missing_hosts(list).is_empty())
        {
            self.notes.push(SHELL_NO_PROXY.to_owned());
        }
        env.push(Setting::with(&["NO_PROXY"], Wish::Hosts { base }));
        let auth = Setting::text(&["security", "auth", "selectedType"], "gemini-api-key");
        let other = folder.parent().map(|home| home.join(".env"));
        if let Some(other) = other.filter(|other| other.is_file() && !folder.join(".env").exists())
        {
            self.notes.push(format!(
                "Gemini CLI reads one .env file alone, and no longer {}",
                other.display()
            ));
        }
        self.notes.push(
            "Gemini CLI reads this file in folders that it trusts; a .env nearer to the work goes before it".into(),
        );
        (vec![env, vec![auth]], self.notes)
    }
}

/// The hosts of this machine that `list` lacks.
pub(crate) fn missing_hosts(list: &str) -> Vec<String> {
    let there = |host: &str| {
        list.split(',')
            .any(|item| item.trim() == host || item.trim() == "*")
    };
    HERE.into_iter()
        .filter(|host| !there(host))
        .map(str::to_owned)
        .collect()
}

/// `list` without one each of `hosts`.
pub(crate) fn without_hosts(list: &str, hosts: &[String]) -> String {
    let kept = list
        .split(',')
        .filter(|item| !hosts.iter().any(|host| host == item.trim()));
    kept.collect::<Vec<_>>().join(",")
}

/// `headers` without ours.
pub(crate) fn without_header(headers: &str, separator: &str) -> String {
    let ours = |header: &str| {
        let name = header.split(':').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(HEADER)
    };
    let kept = headers.split(separator).filter(|header| !ours(header));
    kept.collect::<Vec<_>>().join(separator)
}
