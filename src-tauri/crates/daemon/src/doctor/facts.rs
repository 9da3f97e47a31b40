//! What the checks look at. Gathering it changes nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clients::{Client, Clients, Standing};
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::probe::{self, Probe};
use crate::lifecycle::ledger_place;
use crate::place::{Place, PlaceError};
use crate::secrets::{Env, Reference, Resolved, Resolver};
use crate::settings::{self, Settings};
use crate::view::{DetailedHealth, Key, List, Status};
use crate::{Options, Running, listen, lock};

/// How long the running instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How each SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What there is to be looked at.
pub(super) struct Facts {
    pub(super) place: Place,
    pub(super) config: Config,
    pub(super) folder: Folder,
    pub(super) instance: Instance,
    pub(super) port: Port,
    pub(super) history: History,
    pub(super) store: Store,
    pub(super) tokens: Vec<Token>,
    /// Ids of keys that cannot be had, and why.
    pub(super) missing_keys: Vec<(String, String)>,
    /// Files of keys and tokens that other users may read.
    pub(super) open_files: Vec<PathBuf>,
    pub(super) clients: Vec<Result<Standing, String>>,
    pub(super) env: Env,
    pub(super) probes: Vec<Probe>,
    pub(super) now: Timestamp,
}

/// The config file.
pub(super) enum Config {
    Missing,
    Unreadable(String),
    /// Each mistake with its place.
    Broken(Vec<String>),
    Valid(Box<Settings>),
}

/// The data folder.
pub(super) struct Folder {
    pub(super) exists: bool,
    /// What the system says against writing in it.
    pub(super) unwritable: Option<String>,
    /// Others than its owner can look into it.
    pub(super) is_open: bool,
    /// Bytes that are free on its disk.
    pub(super) free: Option<u64>,
}

/// The instance that runs on the data folder.
pub(super) enum Instance {
    None,
    Runs {
        pid: u32,
        base_url: String,
        version: String,
        /// What it tells of itself, or why it does not.
        told: Result<Box<Told>, String>,
    },
}

/// What a running instance tells of itself.
pub(super) struct Told {
    pub(super) status: Status,
    pub(super) health: DetailedHealth,
    pub(super) keys: Vec<Key>,
}

/// Where keys are kept.
pub(super) struct Store {
    /// Why it does not answer, if it does not.
    pub(super) answers: Result<(), String>,
    /// It is a secrets file in the place of the system's keychain.
    pub(super) is_file: bool,
    /// The secrets file of the data folder, and whether there is one.
    pub(super) file: PathBuf,
    pub(super) exists: bool,
}

/// The address of the config.
pub(super) enum Port {
    /// Without a config there is none.
    Unknown,
    /// The running instance has it, or another one.
    Served,
    Free(SocketAddr),
    Taken(SocketAddr, String),
    Unusable(SocketAddr, String),
}

/// The database.
pub(super) enum History {
    /// Not wanted, or not known which.
    None,
    /// A file, whether it is there, and what is wrong with it.
    File(PathBuf, bool, Option<String>),
    Server(String),
    Wrong(String),
}

/// A token of the config.
pub(super) struct Token {
    /// `admin token`, or `client token NAME`.
    pub(super) name: String,
    pub(super) reference: String,
    /// Why its value cannot be had.
    pub(super) missing: Option<String>,
    /// From when on it is refused.
    pub(super) expires_at: Option<Timestamp>,
    /// Whether the running instance knows it, where one could be asked.
    pub(super) known: Option<bool>,
}

impl Facts {
    pub(super) async fn gather(options: &Options, env: Env) -> Result<Self, PlaceError> {
        let place = Place::of(options)?;
        let options = &options.at(&place).await;
        let config = read(&place.config, &env);
        let resolver = Resolver::new(options.keychain.clone(), &place.config, &place.data);
        let from = env.clone();
        let resolver = resolver.with_env(move |name| from(name));
        let admin = admin(options, &place).await;
        let instance = instance(&place, admin.as_ref()).await;
        let (mut tokens, mut secrets, mut missing_keys) =
            (Vec::new(), Resolved::default(), Vec::new());
        let (mut port, mut probes) = (Port::Unknown, Vec::new());
        let mut open_files = Vec::new();
        let mut history = History::None;
        if let Config::Valid(settings) = &config {
            tokens = tokens_of(settings, &resolver, admin.as_ref()).await;
            // Known, so that no provider is sent it as its key.
            secrets.admin_token = resolver.one(&settings.server.admin_token).await.ok();
            missing_keys = keys_of(settings, &resolver, &mut secrets).await;
            open_files = open_files_of(settings, &resolver);
            port = port_of(settings.server.listen, &instance).await;
            history = history_of(&place, &settings.ledger.url);
            probes = probe::all(settings, &secrets, &env).await;
        }
        let base_url = match &instance {
            Instance::Runs { base_url, .. } => Some(base_url.clone()),
            Instance::None => None,
        };
        let book = Clients::new(&place.data, options.surroundings.clone());
        let look = |client| book.look(client, base_url.as_deref());
        let clients = Client::ALL.map(|client| look(client).map_err(|error| error.to_string()));
        let answers = options.keychain.answers().await;
        let file = place.secrets();
        let store = Store {
            answers: answers.map_err(|error| error.to_string()),
            is_file: options.keychain.is_file(),
            exists: file.exists(),
            file,
        };
        Ok(Self {
            folder: folder(&place.data),
            config,
            instance,
            port,
            history,
            store,
            tokens,
            missing_keys,
            open_files,
            clients: clients.into(),
            env,
            probes,
            now: Timestamp::now(),
            place,
        })
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        match &self.config {
            Config::Valid(settings) => Some(settings),
            _ => None,
        }
    }

    /// What the running instance tells of itself.
    pub(super) fn told(&self) -> Option<&Told> {
        match &self.instance {
            Instance::Runs { told: Ok(told), .. } => Some(told),
            _ => None,
        }
    }

    /// A variable of the shell that asks, where it says something.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.trim().is_empty())
    }
}

fn read(path: &Path, env: &Env) -> Config {
    if !path.exists() {
        return Config::Missing;
    }
    let text = match settings::watch::read(path) {
        Ok(text) => text,
        Err(error) => return Config::Unreadable(error.to_string()),
    };
    match settings::parse_with(&text, &|name| env(name)) {
        Ok(settings) => Config::Valid(Box::new(settings)),
        Err(problems) => Config::Broken(problems.iter().map(ToString::to_string).collect()),
    }
}

fn folder(data: &Path) -> Folder {
    let exists = data.exists(); // what is no folder cannot be written to
    let unwritable = if exists {
        tempfile::tempfile_in(data)
            .err()
            .map(|error| error.to_string())
    } else {
        None
    };
    // A folder that is yet to be made will be on the disk of the nearest one that is there.
    let nearest = data.ancestors().find(|folder| folder.is_dir());
    let disk = nearest.and_then(|folder| fs4::statvfs(folder).ok());
    Folder {
        exists,
        unwritable,
        is_open: is_open(data),
        free: disk.map(|disk| disk.available_space()),
    }
}

#[cfg(unix)]
fn is_open(data: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(data).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

/// The running instance and its token, why it has none for us, or `None` where none runs.
async fn admin(options: &Options, place: &Place) -> Option<Result<Admin, String>> {
    lock::running(place)?;
    Some(match Running::find(options).await {
        Ok(Running {
            base_url, token, ..
        }) => Ok(Admin { base_url, token }),
        Err(error) => Err(error.to_string()),
    })
}

/// The admin API of the running instance.
struct Admin {
    base_url: String,
    token: SecretString,
}

impl Admin {
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, String> {
        // It is on this machine: a proxy would only be in the way.
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        let client = client.map_err(|error| error.to_string())?;
        let request = client.request(method, format!("{}{path}", self.base_url));
        let request = request.bearer_auth(self.token.expose_secret());
        let request = match body {
            None => request,
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        let answer = request.send().await.map_err(probe::why)?;
        match answer.status().as_u16() {
            401 | 403 => return Err("it refuses the admin token that the config names".to_owned()),
            // Health is told with 503 where it is bad.
            200 | 503 => {}
            status => return Err(format!("{path} answered {status}")),
        }
        let bytes = answer.bytes().await.map_err(probe::why)?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{path}: {error}"))
    }

    async fn told(&self) -> Result<Box<Told>, String> {
        let (status, health, keys) = tokio::join!(
            self.call(Method::GET, "/api/v1/status", None),
            self.call(Method::GET, "/health/detailed", None),
            self.call::<List<Key>>(Method::GET, "/api/v1/keys?limit=1000", None),
        );
        Ok(Box::new(Told {
            status: status?,
            health: health?,
            keys: keys?.items,
        }))
    }

    /// Whether it lets somebody in by this token.
    async fn knows(&self, token: &SecretString) -> Option<bool> {
        let body = json!({ "token": token.expose_secret() });
        let path = "/api/v1/tokens/validate";
        let told: Value = self.call(Method::POST, path, Some(body)).await.ok()?;
        // The name of one that has expired is told all the same.
        told.get("name").map(Value::is_string)
    }
}

async fn instance(place: &Place, admin: Option<&Result<Admin, String>>) -> Instance {
    let (Some(file), Some(admin)) = (lock::running(place), admin) else {
        return Instance::None;
    };
    let told = match admin {
        Ok(admin) => admin.told().await,
        Err(why) => Err(why.clone()),
    };
    Instance::Runs {
        pid: file.pid,
        base_url: file.base_url,
        version: file.version,
        told,
    }
}

async fn tokens_of(
    settings: &Settings,
    resolver: &Resolver,
    admin: Option<&Result<Admin, String>>,
) -> Vec<Token> {
    let server = &settings.server;
    let own = ("admin token".to_owned(), &server.admin_token, None);
    let clients = server.client_tokens.iter().map(|token| {
        let name = format!("client token {}", token.name);
        (name, &token.token, token.expires_at)
    });
    let admin = admin.and_then(|admin| admin.as_ref().ok());
    let looked = std::iter::once(own).chain(clients).map(
        async |(name, reference, expires_at): (String, &Reference, Option<Timestamp>)| {
            let value = resolver.one(reference).await;
            let known = match (admin, &value) {
                (Some(admin), Ok(value)) => admin.knows(value).await,
                _ => None,
            };
            Token {
                name,
                reference: reference.to_string(),
                missing: value.err().map(|error| error.to_string()),
                expires_at,
                known,
            }
        },
    );
    join_all(looked).await
}

/// Fetches the keys of providers; answers those that cannot be had.
async fn keys_of(
    settings: &Settings,
    resolver: &Resolver,
    secrets: &mut Resolved,
) -> Vec<(String, String)> {
    let keys = settings
        .providers
        .iter()
        .filter(|provider| provider.enabled);
    let keys = keys.flat_map(|provider| {
        let references = provider.keys.iter().enumerate();
        references.map(|(index, reference)| (provider.key_id(index), reference))
    });
    let fetched = keys.map(async |(id, reference): (String, &Reference)| {
        (id, reference, resolver.one(reference).await)
    });
    let mut missing = Vec::new();
    for (id, reference, value) in join_all(fetched).await {
        match value.and_then(|value| secrets.foreign(reference, value)) {
            Ok(value) => drop(secrets.keys.insert(id, value)),
            Err(error) => missing.push((id, error.to_string())),
        }
    }
    missing
}

fn open_files_of(settings: &Settings, resolver: &Resolver) -> Vec<PathBuf> {
    let server = &settings.server;
    let tokens = server.client_tokens.iter().map(|token| &token.token);
    let providers = settings.providers.iter();
    let keys = providers.filter(|provider| provider.enabled);
    let keys = keys.flat_map(|provider| &provider.keys);
    let all = std::iter::once(&server.admin_token)
        .chain(tokens)
        .chain(keys);
    let mut open: Vec<PathBuf> = all.filter_map(|it| resolver.open_file(it)).collect();
    open.sort();
    open.dedup();
    open
}

async fn port_of(address: SocketAddr, instance: &Instance) -> Port {
    if matches!(instance, Instance::Runs { .. }) {
        return Port::Served;
    }
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Port::Free(address),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Port::Taken(address, listen::occupant(address))
        }
        Err(error) => Port::Unusable(address, error.to_string()),
    }
}

fn history_of(place: &Place, url: &str) -> History {
    match ledger_place(place, url) {
        Ok(None) => History::None,
        Err(error) => History::Wrong(error.to_string()),
        Ok(Some(at)) => match at.path() {
            None => History::Server(at.to_string()),
            Some(path) => {
                let (exists, wrong) = file(path);
                History::File(path.to_owned(), exists, wrong)
            }
        },
    }
}

/// Whether a database is there, and what speaks against it. It is not opened: another version might change it.
fn file(path: &Path) -> (bool, Option<String>) {
    use std::io::Read as _;
    let opened = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (false, None),
        Err(error) => return (true, Some(error.to_string())),
    };
    let mut head = Vec::new();
    let wrong = match file
        .by_ref()
        .take(SQLITE.len() as u64)
        .read_to_end(&mut head)
    {
        Err(error) => Some(error.to_string()),
        // An empty file is a new database.
        Ok(_) if head.is_empty() || head == SQLITE => None,
        Ok(_) => Some("it is no SQLite database".to_owned()),
    };
    (true, wrong)
}
