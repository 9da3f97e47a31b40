//! The first start: a working config where there is none. What is found on this machine is offered, commented out; no
//! key is ever used unasked, and none is written down: the config holds references.

#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::net::TcpStream;

use crate::{
    presets::{Preset, Provider, presets},
    secrets::{ADMIN_TOKEN, CLIENT_TOKEN, Env, Keychain, Reference, Resolver, SecretError},
};

/// A local server answers at once or is not there.
const PROBE: Duration = Duration::from_millis(250);

/// Presets at whose ports hardly anything else listens.
const SURE: [&str; 2] = ["ollama", "lm-studio"];

/// Configs that may be kept beside the one in use.
const COPIES: u32 = 100;

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
    pub(crate) env: Env,
    /// Where programs of presets would answer, by the preset's name.
    locals: Vec<(String, SocketAddr)>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("locals", &self.locals)
            .finish_non_exhaustive()
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        let local = |preset: &Preset| {
            let address = preset.local.as_deref()?.parse().ok()?;
            Some((preset.provider.name.clone(), address))
        };
        Self {
            env: Arc::new(|name| std::env::var(name).ok()),
            locals: presets().iter().filter_map(local).collect(),
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
        Self::with(env, [("ollama", ollama), ("lm-studio", lm_studio)])
    }

    /// Other than this process's environment, and only these ports, each by the name of its preset.
    pub fn with<'n>(
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        locals: impl IntoIterator<Item = (&'n str, SocketAddr)>,
    ) -> Self {
        let locals = locals.into_iter();
        Self {
            env: Arc::new(env),
            locals: locals
                .map(|(name, address)| (name.to_owned(), address))
                .collect(),
        }
    }

    /// Where programs of presets would answer.
    pub(crate) fn locals(&self) -> impl Iterator<Item = (&'static Preset, SocketAddr)> {
        self.locals.iter().filter_map(|(name, address)| {
            let mut ready = presets().iter();
            let preset = ready.find(|preset| preset.provider.name == *name)?;
            Some((preset, *address))
        })
    }

    /// Names of the groups that a first config would offer.
    pub async fn offered(&self) -> Vec<String> {
        let offers = self.offers().await.into_iter();
        offers.map(|offer| offer.provider.name).collect()
    }

    fn has(&self, name: &str) -> bool {
        (self.env)(name).is_some_and(|value| !value.trim().is_empty())
    }

    /// Everything that could be a group.
    async fn offers(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> = presets()
            .iter()
            .filter_map(|preset| self.by_key(preset))
            .collect();
        // At the ports of others anything might listen, which a connection alone does not tell.
        let mut sure = self.locals().collect::<Vec<_>>();
        sure.retain(|(preset, _)| SURE.contains(&preset.provider.name.as_str()));
        let there = join_all(sure.iter().map(|(_, address)| answers(*address))).await;
        for ((preset, address), _) in sure.into_iter().zip(there).filter(|(_, there)| *there) {
            offers.extend(by_address(preset, address));
        }
        offers
    }

    /// The preset, if its key is in the environment.
    pub(crate) fn by_key(&self, preset: &Preset) -> Option<Offer> {
        let variable = preset.variable.as_deref().filter(|name| self.has(name))?;
        // A token of Turnout's own, as in a shell that was pointed here: no provider may see it.
        if (self.env)(variable).is_some_and(|value| value.starts_with("turnout-")) {
            return None;
        }
        let mut provider = preset.provider.clone();
        // A base URL of the user's own goes with the key; one that points here would only go in circles.
        let own = |name: &&str| {
            (self.env)(name)
                .is_some_and(|url| !url.contains("127.0.0.1") && !url.contains("localhost"))
        };
        let base = preset.base_variable.as_deref();
        if let Some(name) = base.filter(|name| self.has(name)).filter(own) {
            provider.base_url = format!("${{{name}}}");
        }
        Some(Offer {
            found: format!("{variable} is set in the environment."),
            key: Some(format!("env:{variable}")),
            provider,
        })
    }
}

/// A preset of a program on this machine, at the address where it was found.
pub(crate) fn by_address(preset: &Preset, address: SocketAddr) -> Option<Offer> {
    let usual = preset.local.as_deref()?;
    let mut provider = preset.provider.clone();
    provider.base_url = provider.base_url.replace(usual, &address.to_string());
    Some(Offer {
        found: format!("{} answers on this machine.", provider.name),
        key: None,
        provider,
    })
}

/// A provider and its group, ready to be uncommented.
pub(crate) struct Offer {
    found: String,
    pub(crate) key: Option<String>,
    pub(crate) provider: Provider,
}

impl Offer {
    fn block(&self) -> String {
        let name = &self.provider.name;
        let provider = self.provider.block(self.key.as_deref());
        let group =
            format!("\n[[groups]]\nname = \"{name}\"\nmembers = [{{ provider = \"{name}\" }}]\n");
        let mut block = format!("# {}\n", self.found);
        for line in provider.lines().chain(group.lines()) {
            // Writing into a string cannot fail.
            let _ = writeln!(block, "#{line}");
        }
        block.push('\n');
        block
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
    let (first, file) = written(config, data, keychain, surroundings).await?;
    match file.persist_noclobber(config) {
        Ok(_) => Ok(Some(first)),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(failed(config, error.error)),
    }
}

/// Writes a new config in the place of the one at `config`, which is kept beside it. Answers where, if there was one.
/// Tokens that are kept already stay, so that clients go on.
pub async fn start_over(
    config: &Path,
    data: &Path,
    keychain: &Keychain,
    surroundings: &Surroundings,
) -> Result<(FirstStart, Option<PathBuf>), FirstStartError> {
    let (first, file) = written(config, data, keychain, surroundings).await?;
    let kept = kept_beside(config).map_err(|source| failed(config, source))?;
    file.persist(config)
        .map_err(|error| failed(config, error.error))?;
    Ok((first, kept))
}

/// Copies the config to the first free name of `config.toml.old`, `config.toml.old2` and so on.
fn kept_beside(config: &Path) -> io::Result<Option<PathBuf>> {
    if !config.exists() {
        return Ok(None);
    }
    let named = |number: u32| {
        let number = if number == 1 {
            String::new()
        } else {
            number.to_string()
        };
        let mut name = config.as_os_str().to_owned();
        name.push(format!(".old{number}"));
        PathBuf::from(name)
    };
    let free = (1..=COPIES)
        .map(named)
        .find(|path| path.symlink_metadata().is_err());
    let kept = free.ok_or(io::ErrorKind::AlreadyExists)?;
    std::fs::copy(config, &kept)?;
    Ok(Some(kept))
}

fn failed(config: &Path, source: io::Error) -> FirstStartError {
    FirstStartError::Io {
        path: config.to_owned(),
        source,
    }
}

/// Writes this config unless there is one.
pub(crate) fn write_first(config: &Path, text: &str) -> Result<(), FirstStartError> {
    let failed = |source| failed(config, source);
    let folder = config.parent().unwrap_or(Path::new("."));
    make_folder(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(config)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

/// A new config, in a file beside its place.
async fn written(
    config: &Path,
    data: &Path,
    keychain: &Keychain,
    surroundings: &Surroundings,
) -> Result<(FirstStart, tempfile::NamedTempFile), FirstStartError> {
    let failed = |source| failed(config, source);
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
    let offered = offers.into_iter().map(|offer| offer.provider.name);
    let first = FirstStart {
        text,
        offered: offered.collect(),
    };
    Ok((first, file))
}

fn render(client: &Reference, admin: &Reference, offers: &[Offer]) -> String {
    let mut text = format!(
        "# Turnout's config. Changes take effect within a second; a mistake changes nothing and is told, with its line, in\n\
         # the log, in the window and by `{program} check`. All settings: config/turnout.example.toml.\n\
         #\n\
         # No secret belongs in here: write keychain:NAME, env:NAME or file:PATH, or let the app keep a key for you.\n\
         version = 1\n\n\
         [server]\n\
         listen = \"127.0.0.1:7790\"\n\
         # Clients present this token; `{program} env` prints the settings for Claude Code.\n\
         client_tokens = [{{ name = \"local\", token = {} }}]\n\
         admin_token = {}\n\n",
        quoted(client),
        quoted(admin),
        program = crate::program(),
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

/// A first config in which what is offered by this name is used: its lines without the # before them. `None` where
/// nothing of the name is offered.
pub fn taken_up(text: &str, name: &str) -> Option<String> {
    let named = format!("#name = \"{name}\"");
    let blocks: Vec<&str> = text.split("\n\n").collect();
    let is_offer = |block: &&str| {
        let commented = block.lines().all(|line| line.starts_with('#'));
        commented && block.contains("#[[providers]]") && block.lines().any(|line| line == named)
    };
    let offer = blocks.iter().position(is_offer)?;
    let used = |line: &str| match line.strip_prefix('#') {
        // What was found is said in a sentence, which stays a comment.
        Some(setting) if !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    };
    let block: Vec<String> = blocks[offer].lines().map(used).collect();
    let block = block.join("\n");
    let blocks = blocks.iter().enumerate();
    let blocks = blocks.map(|(index, other)| if index == offer { &block } else { *other });
    Some(blocks.collect::<Vec<&str>>().join("\n\n"))
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
