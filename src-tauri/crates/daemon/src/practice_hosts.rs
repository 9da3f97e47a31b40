//! Practice providers inside the app: each listens on a loopback port of its own, so that the whole real way of a
//! request is gone. They live from the config that names them to the one that does not.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::settings::{Dialect, Settings};

/// The practice providers that listen now.
#[derive(Default)]
pub(crate) struct PracticeHosts {
    hosts: Mutex<BTreeMap<String, Host>>,
}

struct Host {
    provider: practice::Provider,
    base_url: String,
    down: bool,
    _running: DropGuard,
}

impl PracticeHosts {
    /// Starts what these settings name and does not listen yet; their base URLs by name. One that can't listen is
    /// logged and left out, which leaves it disabled.
    pub(crate) async fn start(&self, settings: &Settings) -> HashMap<String, String> {
        for name in wanted(settings) {
            if self.hosts().contains_key(name) {
                continue;
            }
            match Host::start(name).await {
                Ok(host) => drop(self.hosts().insert(name.to_owned(), host)),
                Err(error) => tracing::error!(
                    "the practice provider {name} cannot listen on 127.0.0.1: {error}"
                ),
            }
        }
        self.hosts()
            .iter()
            .map(|(name, host)| (name.clone(), host.base_url.clone()))
            .collect()
    }

    /// Ends those that these settings no longer name.
    pub(crate) fn keep_only(&self, settings: &Settings) {
        self.hosts()
            .retain(|name, _| wanted(settings).any(|wanted| wanted == name));
    }

    pub(crate) fn end(&self) {
        self.hosts().clear();
    }

    /// Makes `name` fail, or the first if it is none of these; with `None` all serve again. Whether there is any.
    pub(crate) fn set_outage(&self, name: Option<&str>) -> bool {
        let mut hosts = self.hosts();
        let hit = name.and_then(|name| {
            hosts
                .keys()
                .find(|host| *host == name)
                .or(hosts.keys().next())
                .cloned()
        });
        for (name, host) in hosts.iter_mut() {
            host.down = hit.as_ref() == Some(name);
            host.provider.set_down(host.down);
        }
        !hosts.is_empty()
    }

    /// Whether one of them is made to fail.
    pub(crate) fn outage(&self) -> bool {
        self.hosts().values().any(|host| host.down)
    }

    /// Where a provider of this name listens.
    pub(crate) fn base_url(&self, name: &str) -> Option<String> {
        self.hosts().get(name).map(|host| host.base_url.clone())
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wanted(settings: &Settings) -> impl Iterator<Item = &str> {
    let built_in = settings
        .providers
        .iter()
        .filter(|one| one.dialect == Dialect::Practice && one.base_url.is_none());
    built_in.map(|one| one.name.as_str())
}

impl Host {
    async fn start(name: &str) -> io::Result<Self> {
        let options = practice::Options::embedded(name);
        let provider = practice::Provider::new(options).map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        tokio::spawn(practice::serve(
            listener,
            provider.clone(),
            stop.clone().cancelled_owned(),
        ));
        Ok(Self {
            provider,
            base_url,
            down: false,
            _running: stop.drop_guard(),
        })
    }
}
