//! The first start: a working config where there is none. What is found on this machine is offered, commented out; no
//! key is ever used unasked, and none is written down: the config holds references.

#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::net::TcpStream;

use crate::secrets::{ADMIN_TOKEN, CLIENT_TOKEN, Env, Keychain, Reference, Resolver, SecretError};

/// A local server answers at once or is not there.
const PROBE: Duration = Duration::from_millis(250);

/// Why no config could be written.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// Its folder cannot be written.
    #[error("no config can be written at {} ({source}); make the folder writable or choose another with --config", path.display())]
    Io {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its tokens cannot be made or kept.
    #[error(transparent)]
    Token(#[from] SecretError),
}

/// What the first start found and wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstStart {
    /// The new config.
    pub text: String,
    /// Names of the groups that are offered in it, commented out.
    pub offered: Vec<String>,
}

/// What is looked at on this machine.
#[derive(Clone)]
pub struct Surroundings {
    env: Env,
    ollama: SocketAddr,
    lm_studio: SocketAddr,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("ollama", &self.ollama)
            .field("lm_studio", &self.lm_studio)
            .finish_non_exhaustive()
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            env: Arc::new(|name| std::env::var(name).ok()),
            ollama: (Ipv4Addr::LOCALHOST, 11434).into(),
            lm_studio: (Ipv4Addr::LOCALHOST, 1234).into(),
        }
    }
}

impl Surroundings {
    /// Other than this process's environment and the usual ports.
    pub fn new(
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        ollama: SocketAddr,
        lm_studio: SocketAddr,
    ) -> Self {
        Self {
            env: Arc::new(env),
            ollama,
            lm_studio,
        }
    }

    fn has(&self, name: &str) -> bool {
        (self.env)(name).is_some_and(|value| !value.trim().is_empty())
    }

    /// Everything that could be a group.
    async fn offers(&self) -> Vec<Offer> {
        let (ollama, lm_studio) = tokio::join!(answers(self.ollama), answers(self.lm_studio));
        let mut offers: Vec<Offer> = KNOWN
            .iter()
            .filter(|known| self.has(known.variable) && !self.is_ours(known))
            .map(|k| self.offer(k))
            .collect();
        if ollama {
            offers.push(Offer::local(
                "ollama",
                "Ollama",
                "ollama",
                &format!("http://{}", self.ollama),
            ));
        }
        if lm_studio {
            offers.push(Offer::local(
                "lm-studio",
                "LM Studio",
                "openai-chat",
                &format!("http://{}/v1", self.lm_studio),
            ));
        }
        offers
    }

    /// Whether the variable holds a token of Turnout's own, as in a shell that was pointed here: no provider may see it.
    fn is_ours(&self, known: &Known) -> bool {
        (self.env)(known.variable).is_some_and(|value| value.starts_with("turnout-"))
    }

    fn offer(&self, known: &Known) -> Offer {
        // A base URL of the user's own goes with the key; one that points here would only go in circles.
        let own = |name: &&str| {
            (self.env)(name)
                .is_some_and(|url| !url.contains("127.0.0.1") && !url.contains("localhost"))
        };
        let own = known
            .base_variable
            .filter(|name| self.has(name))
            .filter(own);
        Offer {
            name: known.name.to_owned(),
            found: format!("{} is set in the environment.", known.variable),
            dialect: known.dialect,
            base_url: own.map_or(known.base_url.to_owned(), |name| format!("${{{name}}}")),
            auth: known.auth,
            key: Some(format!("env:{}", known.variable)),
        }
    }
}

/// An environment variable that holds a key, and what it opens.
struct Known {
    variable: &'static str,
    base_variable: Option<&'static str>,
    name: &'static str,
    dialect: &'static str,
    base_url: &'static str,
    auth: &'static str,
}

const KNOWN: [Known; 6] = [
    Known {
        variable: "ANTHROPIC_API_KEY",
        base_variable: Some("ANTHROPIC_BASE_URL"),
        name: "anthropic",
        dialect: "anthropic",
        base_url: "https://api.anthropic.com",
        auth: "x-api-key",
    },
    Known {
        variable: "ANTHROPIC_AUTH_TOKEN",
        base_variable: Some("ANTHROPIC_BASE_URL"),
        name: "anthropic-token",
        dialect: "anthropic",
        base_url: "https://api.anthropic.com",
        auth: "bearer",
    },
    Known {
        variable: "OPENAI_API_KEY",
        base_variable: Some("OPENAI_BASE_URL"),
        name: "openai",
        dialect: "openai-chat",
        base_url: "https://api.openai.com/v1",
        auth: "bearer",
    },
    Known {
        variable: "GEMINI_API_KEY",
        base_variable: None,
        name: "gemini",
        dialect: "gemini",
        base_url: "https://generativelanguage.googleapis.com",
        auth: "{ header = \"x-goog-api-key\" }",
    },
    // These two document an Anthropic endpoint for Claude Code beside their OpenAI one.
    Known {
        variable: "OPENROUTER_API_KEY",
        base_variable: None,
        name: "openrouter",
        dialect: "anthropic",
        base_url: "https://openrouter.ai/api",
        auth: "bearer",
    },
    Known {
        variable: "DEEPSEEK_API_KEY",
        base_variable: None,
        name: "deepseek",
        dialect: "anthropic",
        base_url: "https://api.deepseek.com/anthropic",
        auth: "x-api-key",
    },
];

/// A provider and its group, ready to be uncommented.
struct Offer {
    name: String,
    found: String,
    dialect: &'static str,
    base_url: String,
    auth: &'static str,
    key: Option<String>,
}

impl Offer {
    fn local(name: &str, title: &str, dialect: &'static str, url: &str) -> Self {
        let found = format!("{title} answers on this machine.");
        Self {
            name: name.to_owned(),
            found,
            dialect,
            base_url: url.to_owned(),
            auth: "none",
            key: None,
        }
    }

    fn block(&self) -> String {
        let Self {
            name,
            found,
            dialect,
            base_url,
            auth,
            key,
        } = self;
        let auth = if auth.starts_with('{') {
            (*auth).to_owned()
        } else {
            format!("\"{auth}\"")
        };
        let keys = key
            .as_ref()
            .map(|key| format!("#keys = [\"{key}\"]\n"))
            .unwrap_or_default();
        format!(
            "# {found}\n#[[providers]]\n#name = \"{name}\"\n#dialect = \"{dialect}\"\n#base_url = \"{base_url}\"\n\
             #auth = {auth}\n{keys}#\n#[[groups]]\n#name = \"{name}\"\n#members = [{{ provider = \"{name}\" }}]\n\n"
        )
    }
}

/// Writes a working config to `config` unless there is one. Its tokens go to the keychain, else into files in `data`
/// that their owner alone can read.
pub async fn first_start(
    config: &Path,
    data: &Path,
    keychain: &Keychain,
    surroundings: &Surroundings,
) -> Result<Option<FirstStart>, FirstStartError> {
    if config.symlink_metadata().is_ok() {
        return Ok(None);
    }
    let failed = |source| FirstStartError::Io {
        path: config.to_owned(),
        source,
    };
    let folder = config.parent().unwrap_or(Path::new("."));
    make_folder(folder).map_err(failed)?;
    let resolver = Resolver::new(keychain.clone(), config, data);
    let client = resolver.kept_own(CLIENT_TOKEN).await?;
    let admin = resolver.kept_own(ADMIN_TOKEN).await?;
    let offers = surroundings.offers().await;
    let text = render(&client, &admin, &offers);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(config) {
        Ok(_) => Ok(Some(FirstStart {
            text,
            offered: offers.into_iter().map(|offer| offer.name).collect(),
        })),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(failed(error.error)),
    }
}

fn render(client: &Reference, admin: &Reference, offers: &[Offer]) -> String {
    let mut text = format!(
        "# Turnout's config. Changes take effect within a second; a mistake changes nothing and is told, with its line, in\n\
         # the log, in the window and by `turnout check`. All settings: config/turnout.example.toml.\n\
         #\n\
         # No secret belongs in here: write keychain:NAME, env:NAME or file:PATH, or let the app keep a key for you.\n\
         version = 1\n\n\
         [server]\n\
         listen = \"127.0.0.1:7790\"\n\
         # Clients present this token; `turnout env` prints the settings for Claude Code.\n\
         client_tokens = [{{ name = \"local\", token = {} }}]\n\
         admin_token = {}\n\n",
        quoted(client),
        quoted(admin),
    );
    if offers.is_empty() {
        text.push_str(
            "# Your own provider and its group look like this; remove the # before each line. Groups further up go first.\n\
             #[[providers]]\n#name = \"anthropic\"\n#dialect = \"anthropic\"\n#base_url = \"https://api.anthropic.com\"\n\
             #keys = [\"keychain:anthropic/0\"]\n#\n#[[groups]]\n#name = \"main\"\n#members = [{ provider = \"anthropic\" }]\n\n",
        );
    } else {
        text.push_str(
            "# The following was found on this machine and is ready, but not used until you remove the # before each line.\n\
             # Groups further up go first.\n\n",
        );
        for offer in offers {
            // Writing into a string cannot fail.
            let _ = write!(text, "{}", offer.block());
        }
    }
    text.push_str(
        "# The built-in stand-in: it answers without a network or a key, so that everything can be tried at once; the spare\n\
         # shows a failover. They never stand in for real providers: their group answers only while it is the active one.\n\
         [[providers]]\nname = \"practice\"\ndialect = \"practice\"\n\n\
         [[providers]]\nname = \"practice-spare\"\ndialect = \"practice\"\n\n\
         [[groups]]\nname = \"practice\"\n\
         members = [{ provider = \"practice\", priority = 1 }, { provider = \"practice-spare\", priority = 2 }]\n",
    );
    text
}

/// A reference as a TOML string, with `${` kept literal.
fn quoted(reference: &Reference) -> String {
    toml_edit::Value::from(reference.to_string().replace("${", "$${")).to_string()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

async fn answers(address: SocketAddr) -> bool {
    matches!(
        tokio::time::timeout(PROBE, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}
