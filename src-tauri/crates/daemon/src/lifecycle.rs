//! From nothing to a listening instance, and back. The order matters: what can fail without a trace comes first.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gateway::{Gateway, Report};
use ledger::{Ledger, OpenError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::audit::AuditLog;
use crate::budgets::Budgets;
use crate::captures::Captures;
use crate::choices::Kept;
use crate::feed::Feed;
use crate::first_start::first_start;
use crate::handle::{Daemon, StartError};
use crate::import::config_from_env;
use crate::instance::{Instance, hold};
use crate::listen::{base_url, listen};
use crate::live::Live;
use crate::lock::{InstanceFile, Lock, LockError};
use crate::notices::Notices;
use crate::place::Place;
use crate::practice_hosts::PracticeHosts;
use crate::reload::{self, told};
use crate::secrets::Resolver;
use crate::sessions::Sessions;
use crate::settings::watch::{self, Watch};
use crate::settings::{self, NO_LEDGER, Settings};
use crate::traces::Traces;
use crate::view::board::Clocks;
use crate::view::{Problem, ProblemKind};
use crate::{Options, admin, budgets, captures, chat, publisher, pump, retention, tail, ui, woken};

/// How long cut requests may take to report their end.
const LAST_REPORTS: Duration = Duration::from_secs(1);

impl Daemon {
    /// Starts an instance and returns once it listens.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let place = Place::of(&options)?;
        let options = options.at(&place).await;
        options.keychain.check_opens().await?;
        place.prepare()?;
        let lock = Lock::take(&place).map_err(|error| match error {
            LockError::Place(error) => error.into(),
            LockError::Taken(..) => StartError::AlreadyRunning(error.to_string()),
        })?;
        let (text, settings) = read_config(&place, &options).await?;
        let address = options.listen.unwrap_or(settings.server.listen);
        if !address.ip().is_loopback() && !settings.server.require_token {
            return Err(StartError::Open(address));
        }
        let listener = listen(address, &place.config).await?;
        let (ledger, standing) = open_ledger(&place, &settings).await;
        let (reports_in, reports) = mpsc::channel(pump::REPORTS);
        let parts = Parts {
            place,
            lock,
            listener,
            ledger,
            standing,
            text,
            settings,
        };
        let (daemon, listener) = build(parts, reports_in, &options).await?;
        daemon.restore();
        daemon.recover_clients();
        daemon.run(listener, reports, options.grace);
        tracing::info!(
            "Turnout {} listens on {}",
            crate::VERSION,
            daemon.instance().address
        );
        Ok(daemon)
    }

    /// Stops accepting, lets running streams finish within the grace, flushes the ledger. Returns when all is done;
    /// further calls wait for the same end.
    pub async fn stop(&self) {
        self.instance().stop.cancel();
        self.stopped().await;
    }

    /// Returns once the instance has stopped, for whatever cause.
    pub async fn stopped(&self) {
        self.instance().stopped.cancelled().await;
    }

    fn run(&self, listener: TcpListener, reports: mpsc::Receiver<Report>, grace: Duration) {
        let instance = self.instance();
        let done = CancellationToken::new();
        let captures = instance.ledger.as_ref();
        let captures = captures.map(|ledger| Captures::start(self.clone(), ledger));
        let (captures, writing) = captures.unzip();
        let pump = pump::pump(self.clone(), reports, captures, done.clone());
        let pump = tokio::spawn(pump);
        if let Some(ledger) = &instance.ledger {
            tokio::spawn(captures::expire(self.clone(), ledger.clone()));
            tokio::spawn(pump::publish_rows(self.clone(), ledger.clone()));
            tokio::spawn(budgets::watch(self.clone(), ledger.clone()));
            tokio::spawn(retention::keep(self.clone(), ledger.clone()));
            tokio::spawn(retention::sum_up(self.clone(), ledger.clone()));
        }
        tokio::spawn(publisher::publish(self.clone()));
        tokio::spawn(tail::publish(self.clone()));
        tokio::spawn(woken::watch(self.clone()));
        let watch = Watch::start(&instance.place.config, &self.loaded().text);
        tokio::spawn(reload::follow(self.clone(), watch));
        let daemon = self.clone();
        tokio::spawn(async move {
            let app = daemon.instance().gateway.router();
            let app = app
                .merge(admin::router(daemon.clone()))
                .merge(chat::router(daemon.clone()))
                .merge(ui::router(daemon.clone()));
            let stop = daemon.stopping();
            daemon
                .instance()
                .gateway
                .serve(listener, app, stop, grace)
                .await;
            daemon.wind_up(pump, writing, done).await;
        });
    }

    /// After the last answer: the last reports, the ledger, the lock.
    async fn wind_up(
        &self,
        pump: JoinHandle<()>,
        writing: Option<JoinHandle<()>>,
        done: CancellationToken,
    ) {
        let instance = self.instance();
        instance.stop.cancel();
        let quiet = async {
            while instance.gateway.in_flight() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(LAST_REPORTS, quiet).await.is_err() {
            tracing::warn!(
                "some requests did not tell their end; they are closed as failed at the next start"
            );
        }
        done.cancel();
        if let Err(error) = pump.await {
            tracing::error!("the task that records requests broke: {error}");
        }
        if let Some(writing) = writing
            && tokio::time::timeout(LAST_REPORTS, writing).await.is_err()
        {
            tracing::warn!("some captured bodies were not written in time and are missing");
        }
        instance.practice.end();
        self.record_refused_tries().await;
        if let Some(ledger) = &instance.ledger {
            ledger.clone().close().await;
        }
        // A collector that hangs must not keep the history from its end.
        if let Some(traces) = &instance.traces {
            traces.end().await;
        }
        drop(hold(&instance.lock).take());
        tracing::info!("Turnout has stopped");
        instance.stopped.cancel();
    }
}

/// What is at hand before the gateway.
struct Parts {
    place: Place,
    lock: Lock,
    listener: TcpListener,
    ledger: Option<Ledger>,
    standing: Vec<Problem>,
    text: String,
    settings: Settings,
}

async fn build(
    parts: Parts,
    reports: mpsc::Sender<Report>,
    options: &Options,
) -> Result<(Daemon, TcpListener), StartError> {
    let Parts {
        place,
        lock,
        listener,
        ledger,
        standing,
        text,
        settings,
    } = parts;
    let config = place.config.clone();
    let failed = |address, source| StartError::Address {
        address,
        source,
        config,
    };
    let address = listener
        .local_addr()
        .map_err(|source| failed(settings.server.listen, source))?;
    let keychain = options.keychain.clone();
    let resolver = Resolver::new(keychain.clone(), &place.config, &place.data);
    let log = settings.log;
    let ledger_place = ledger_place(&place, &settings.ledger.url).ok().flatten();
    let (loaded, secrets) = reload::load(&place, text, settings, &keychain, &resolver).await;
    let practice = PracticeHosts::default();
    let hosts = practice.start(&loaded.settings).await;
    let snapshot = settings::snapshot(&loaded.settings, &secrets, &hosts);
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let gateway = Gateway::new(snapshot, reports, seed)?;
    announce(&lock, address)?;
    let instance = Instance {
        kept: Kept::open(place.choices()),
        place,
        address,
        address_given: options.listen.is_some(),
        since: Instant::now(),
        log,
        ledger_place,
        gateway,
        loaded: ArcSwap::from_pointee(loaded),
        reloading: tokio::sync::Mutex::default(),
        editing: tokio::sync::Mutex::default(),
        setting_key: tokio::sync::Mutex::default(),
        ledger,
        standing,
        feed: Feed::new(),
        sessions: Sessions::default(),
        standing_now: Mutex::default(),
        audit: AuditLog::default(),
        practice,
        surroundings: options.surroundings.clone(),
        machine: options.machine.clone(),
        keychain,
        resolver,
        stop: CancellationToken::new(),
        stopped: CancellationToken::new(),
        lock: Mutex::new(Some(lock)),
        notices: Mutex::new(Notices::default()),
        live: Mutex::new(Live::default()),
        metrics: Mutex::default(),
        lately: Mutex::default(),
        reading_logs: Arc::default(),
        traces: Traces::of_environment(),
        config_problem: Mutex::new(None),
        clocks: Mutex::new(Clocks::at(Instant::now())),
        budgets: Budgets::default(),
        changed: Notify::new(),
        noticed: Notify::new(),
    };
    Ok((Daemon(Arc::new(instance)), listener))
}

async fn read_config(place: &Place, options: &Options) -> Result<(String, Settings), StartError> {
    if options.from_env {
        config_from_env(place, options).await?;
    }
    let (keychain, machine) = (&options.keychain, &options.machine);
    let written = first_start(&place.config, &place.data, keychain, machine).await?;
    if let Some(first) = &written {
        tracing::info!(
            "a config was written to {}{}",
            place.config.display(),
            offered(&first.offered)
        );
    }
    let text = watch::read(&place.config).map_err(|error| StartError::Config(error.to_string()))?;
    match settings::parse(&text) {
        Ok(settings) => Ok((text, settings)),
        Err(problems) => Err(StartError::Config(format!(
            "{}{}, and look at it again with `{} check`",
            told(&place.config, &problems),
            match problems.len() {
                1 => "; correct it",
                _ => "\ncorrect them",
            },
            crate::program()
        ))),
    }
}

/// Which groups a first config offers, as the end of a sentence.
fn offered(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; ready to be used in it: {}", names.join(", "))
    }
}

fn announce(lock: &Lock, address: SocketAddr) -> Result<(), StartError> {
    let file = InstanceFile {
        pid: std::process::id(),
        base_url: base_url(address),
        version: crate::VERSION.to_owned(),
    };
    Ok(lock.announce(&file)?)
}

/// Traffic matters more than its history: without a ledger it goes on, and says so.
async fn open_ledger(place: &Place, settings: &Settings) -> (Option<Ledger>, Vec<Problem>) {
    match opened_ledger(place, settings).await {
        Ok(None) => (None, Vec::new()),
        Ok(Some(ledger)) => {
            let orphans = ledger.opened().orphans;
            if orphans > 0 {
                tracing::warn!(
                    "{orphans} requests were running when Turnout ended last; they are closed as failed"
                );
            }
            (Some(ledger), Vec::new())
        }
        Err(error) => {
            let message = format!("requests are served without a history: {error}");
            tracing::error!("{message}");
            (
                None,
                vec![Problem {
                    kind: ProblemKind::Ledger,
                    message,
                }],
            )
        }
    }
}

/// The ledger of a config, if it wants one. The lock of the data folder must be held: what runs is closed as failed.
pub(crate) async fn opened_ledger(
    place: &Place,
    settings: &Settings,
) -> Result<Option<Ledger>, OpenError> {
    let Some(at) = ledger_place(place, &settings.ledger.url)? else {
        return Ok(None);
    };
    // A file has one Turnout, by the lock of its data folder; a server may have several.
    let instance = at.path().is_none().then(|| place.identity());
    let options = ledger::Options {
        instance,
        ..ledger::Options::default()
    };
    let opened = match at.path() {
        Some(_) => match Ledger::open_at(at.clone(), options.clone()).await {
            // This passes: it is tried until it has.
            Err(error @ OpenError::Locked { .. }) => {
                tracing::error!("{error}; it is tried again");
                Ledger::open_when_there(at, options).await
            }
            opened => opened,
        },
        None => Ledger::open_when_there(at, options).await,
    };
    opened.map(Some)
}

/// `sqlite://` alone is the data folder's own file, `sqlite://PATH` another; `none` is none, and all else a server.
pub(crate) fn ledger_place(place: &Place, url: &str) -> Result<Option<ledger::Place>, OpenError> {
    if url == NO_LEDGER {
        return Ok(None);
    }
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return ledger::Place::server(url).map(Some);
    };
    let path = rest.strip_prefix("//").unwrap_or(rest);
    Ok(Some(ledger::Place::file(if path.is_empty() {
        place.ledger()
    } else {
        place.data.join(path)
    })))
}
