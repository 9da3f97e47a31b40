//! The gateway as its owner sees it: settings in, reports out, a router to serve.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use axum::{body::Body, response::Response};
use http::{HeaderValue, Request, StatusCode, header};
use routing::{Board, Change, Reason};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    allowance::{Allowances, Pass},
    attempts::Driver,
    blocks::Blocks,
    capture::{Recorder, Resent, Room},
    choice::Choice,
    client::{self, Answer, HEADERS_AFTER, Whole},
    embed_cache::EmbedCache,
    grant::Known,
    inbound::Inbound,
    meaning::{Embeddings, Meanings},
    memory::Memory,
    models::{self, Shelf},
    refusal::Refusal,
    report::{EndStatus, Ended, Report, RequestId, Started},
    route::{Endpoint, Route},
    snapshot::Snapshot,
    trace::TraceParent,
    traffic::Traffic,
    transport::Transport,
    trial::mark,
    upstream::{PoolError, Pools},
    waiting::{Impatient, NotWaiting, Order, Suspended, WaitingRoom},
};

/// The gateway could not be made of these settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A provider's connection pool could not be made.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// The settings in force with the connections made for them. A request keeps the one it began with.
pub(crate) struct Live {
    pub(crate) snapshot: Snapshot,
    pub(crate) pools: Pools,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) live: ArcSwap<Live>,
    board: Mutex<Board>,
    pub(crate) reports: mpsc::Sender<Report>,
    reports_lost: AtomicU64,
    in_flight: AtomicUsize,
    /// Lists of models.
    pub(crate) shelf: Shelf,
    /// Reasoning that clients do not bring back.
    pub(crate) memory: Arc<Memory>,
    /// Embeddings that were asked for before.
    pub(crate) embeddings: EmbedCache,
    /// What texts mean, for rules that compare them.
    pub(crate) meanings: Meanings,
    /// Requests that nothing can serve now.
    pub(crate) waiting: WaitingRoom,
    /// Memory of what is captured.
    captures: Arc<Room>,
    pub(crate) captures_lost: AtomicU64,
    /// A provider broke.
    pub(crate) ill: Notify,
    /// Whose requests are refused.
    blocks: ArcSwap<Blocks>,
    /// What is done with client tokens that have limits.
    allowances: Arc<Allowances>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Board> {
        // The board has no half-done states that outlive a method, so a panic elsewhere does not spoil it.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks or tells routing something.
    pub(crate) fn with_board<R>(&self, act: impl FnOnce(&mut Board, std::time::Instant) -> R) -> R {
        let now = now();
        let mut board = self.lock();
        let answer = act(&mut board, now);
        let news = board.news();
        drop(board);
        self.waiting.hear(news);
        answer
    }

    /// Tells routing something and reports what it made of it.
    pub(crate) fn routed(&self, act: impl FnOnce(&mut Board, std::time::Instant) -> Vec<Change>) {
        self.publish(self.with_board(act), None);
    }

    /// Reports what routing made of something, and of which request.
    pub(crate) fn publish(&self, changes: Vec<Change>, request: Option<&RequestId>) {
        for change in changes {
            if matches!(change, Change::Rested { .. }) {
                self.ill.notify_one();
            }
            let request = request.cloned();
            self.report(Report::Changed { change, request });
        }
    }

    /// Tells the owner, or counts that it could not be told.
    pub(crate) fn report(&self, report: Report) {
        if self.reports.try_send(report).is_err() {
            self.reports_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The way of all requests. Clones are handles of the same gateway.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

/// Chooses the process's TLS implementation, for which every HTTP client asks. Does nothing where one is chosen.
pub fn choose_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Gateway {
    /// A gateway with these settings. `seed` decides what chance decides: jitter and ties.
    pub fn new(
        snapshot: Snapshot,
        reports: mpsc::Sender<Report>,
        seed: u64,
    ) -> Result<Self, BuildError> {
        choose_tls();
        Self::over(&Pools::default(), snapshot, reports, seed)
    }

    /// A gateway that reaches no network: every request to a provider goes by `transport`.
    pub fn with_transport(
        snapshot: Snapshot,
        reports: mpsc::Sender<Report>,
        seed: u64,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, BuildError> {
        Self::over(&Pools::replaced_by(transport), snapshot, reports, seed)
    }

    fn over(
        pools: &Pools,
        snapshot: Snapshot,
        reports: mpsc::Sender<Report>,
        seed: u64,
    ) -> Result<Self, BuildError> {
        let pools = pools.for_upstreams(snapshot.upstreams.values())?;
        let board = Mutex::new(Board::new(snapshot.topology.clone(), seed));
        let live = ArcSwap::from_pointee(Live { snapshot, pools });
        let (reports_lost, in_flight) = (AtomicU64::new(0), AtomicUsize::new(0));
        Ok(Self {
            shared: Arc::new(Shared {
                live,
                board,
                reports,
                reports_lost,
                in_flight,
                shelf: Shelf::default(),
                memory: Arc::default(),
                embeddings: EmbedCache::default(),
                meanings: Meanings::default(),
                waiting: WaitingRoom::default(),
                captures: Arc::default(),
                captures_lost: AtomicU64::new(0),
                ill: Notify::new(),
                blocks: ArcSwap::default(),
                allowances: Arc::default(),
            }),
        })
    }

    /// Says whose requests are refused from now on, with 402 in their dialect; those under way go on.
    pub fn block(&self, blocks: Blocks) {
        self.shared.blocks.store(Arc::new(blocks));
    }

    /// Drops every connection that is open and idle, and has providers that broke looked at at once: after sleep or on
    /// another network, what was true of them says little. Requests under way keep their connections.
    pub fn reconnect(&self) -> Result<(), BuildError> {
        let live = self.shared.live.load_full();
        let snapshot = live.snapshot.clone();
        let pools = live.pools.anew(snapshot.upstreams.values())?;
        self.shared.live.store(Arc::new(Live { snapshot, pools }));
        self.shared.with_board(|board, _| board.look_again());
        self.shared.ill.notify_one();
        Ok(())
    }

    /// Swaps the settings. Requests under way keep theirs; health of what stays is kept.
    pub fn replace(&self, snapshot: Snapshot) -> Result<(), BuildError> {
        let pools = self
            .shared
            .live
            .load()
            .pools
            .for_upstreams(snapshot.upstreams.values())?;
        let before = self.shared.live.load_full();
        let renewed: Vec<_> = snapshot
            .upstreams
            .values()
            .filter(|now| now.is_renewed(&before.snapshot))
            .collect();
        let renewed: Vec<_> = renewed
            .into_iter()
            .map(|upstream| upstream.name.clone())
            .collect();
        let topology = snapshot.topology.clone();
        // Before routing hears of it: whoever routing lets go on finds the new settings.
        self.shared.live.store(Arc::new(Live { snapshot, pools }));
        self.shared.routed(|board, now| {
            board.replace(topology, now);
            // What a wrong key or address earned does not hold for the right one.
            renewed
                .iter()
                .flat_map(|name| board.reset(name, now).unwrap_or_default())
                .collect()
        });
        self.shared.shelf.clear();
        Ok(())
    }

    /// Asks or tells routing something. Changes that come of it are the caller's to publish.
    pub fn board<R>(&self, act: impl FnOnce(&mut Board, std::time::Instant) -> R) -> R {
        self.shared.with_board(act)
    }

    /// How many requests wait until something can serve them.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.len()
    }

    /// Requests that wait until something can serve them, the oldest first.
    pub fn suspended(&self) -> Vec<Suspended> {
        self.shared.waiting.list()
    }

    /// Does with a waiting request what a person wants.
    pub fn order(&self, id: &str, order: Order) -> Result<(), NotWaiting> {
        self.shared.waiting.order(id, order)
    }

    /// Requests that are being served.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Reports that were dropped because their reader was too slow.
    pub fn reports_lost(&self) -> u64 {
        self.shared.reports_lost.load(Ordering::Relaxed)
    }

    /// Requests whose bodies were to be kept and were not, for want of memory or because the reports' reader was too
    /// slow.
    pub fn captures_lost(&self) -> u64 {
        self.shared.captures_lost.load(Ordering::Relaxed)
    }
}

impl Gateway {
    pub(crate) async fn accept(
        &self,
        id: &RequestId,
        route: Option<Route>,
        request: Request<Body>,
    ) -> Result<Response, Refusal> {
        let live = self.shared.live.load_full();
        live.pools.via.refuse_loop(request.headers())?;
        let known = if request.extensions().get::<crate::Own>().is_some() {
            Known::default()
        } else {
            live.snapshot.access.admit(request.headers(), unix_ms())?
        };
        let route = live.known(route, request.uri().path())?;
        known.may_call(request.method(), &route.endpoint)?;
        if matches!(route.endpoint, Endpoint::Models | Endpoint::Model(_)) {
            let mut answer = models::answer(&self.shared, &live, &route, &known.grant).await?;
            mark(&mut answer.headers, id, None);
            return Ok(into_response(answer));
        }
        let started = Instant::now();
        let patient = request.extensions().get::<Impatient>().is_none();
        let resent = request.extensions().get::<Resent>().cloned();
        let traffic = Arc::<Traffic>::default();
        let (parts, body) = request.into_parts();
        let body = traffic.counting(body);
        let mut inbound = Inbound::read(route, parts, body, live.snapshot.limits.max_body).await?;
        let let_in = self.let_in(&live, &known, &mut inbound).await?;
        if resent.is_some() {
            inbound.conversation = None;
            inbound.barred = live.snapshot.asked_as_clients();
        }
        self.shared.report(Report::Started(Started {
            id: id.clone(),
            at_ms: unix_ms(),
            client: if resent.is_some() {
                Some("replay".to_owned())
            } else {
                inbound.client()
            },
            token: known.name,
            session: inbound.session(),
            client_dialect: inbound.route.dialect.as_str(),
            path: inbound.route.path.clone(),
            model_requested: inbound.model().to_owned(),
            stream: inbound.stream(),
            rule: inbound.choice.rule.clone(),
            replay_of: resent.map(|Resent(of)| of),
            trace: TraceParent::of(&inbound.headers),
            traffic: Arc::clone(&traffic),
        }));
        match let_in {
            Ok(pass) => {
                let request = (inbound, pass, traffic);
                Ok(self.drive(id, live, request, started, patient).await)
            }
            Err((refusal, reason)) => Err(self.turned_away(id, refusal, reason)),
        }
    }

    /// Decides where a request goes, unless its token may not ask for that, or not now. What is refused so has a place
    /// in the history.
    async fn let_in(
        &self,
        live: &Live,
        known: &Known,
        inbound: &mut Inbound,
    ) -> Result<Result<Option<Pass>, (Refusal, Reason)>, Refusal> {
        let token = known.name();
        // Who may not spend is not looked at any further: that may cost too.
        if let Some(why) = self.shared.blocks.load().of(token) {
            let refusal = Refusal::fatal(StatusCode::PAYMENT_REQUIRED, why);
            return Ok(Err((refusal, Reason::Budget)));
        }
        let limits = &known.grant.limits;
        let allowances = &self.shared.allowances;
        let pass = match allowances.enter(token.unwrap_or_default(), limits, Instant::now()) {
            Ok(pass) => pass,
            Err(refusal) => return Ok(Err((refusal, Reason::RateLimited))),
        };
        inbound.groups.clone_from(&known.grant.groups);
        inbound.choice = Choice::of(&self.shared, live, inbound, token, Embeddings::Asked).await?;
        let topology = &live.snapshot.topology;
        if let Err(refusal) = known.may_ask(inbound, topology) {
            return Ok(Err((refusal, Reason::Auth)));
        }
        inbound.prepare(topology, token);
        Ok(Ok(pass))
    }

    /// Tells the history of a request that nobody was asked for.
    fn turned_away(&self, id: &RequestId, refusal: Refusal, reason: Reason) -> Refusal {
        self.shared.report(Report::Ended(Ended {
            id: id.clone(),
            at_ms: unix_ms(),
            duration_ms: 0,
            status: EndStatus::Failed,
            reason: Some(reason),
            http_status: Some(refusal.status.as_u16()),
            error: Some(refusal.message.clone()),
        }));
        refusal
    }

    /// Starts the driver and waits for its answer. Dropping this future, or the body it returns, cancels the driver.
    async fn drive(
        &self,
        id: &RequestId,
        live: Arc<Live>,
        (inbound, pass, traffic): (Inbound, Option<Pass>, Arc<Traffic>),
        started: Instant,
        patient: bool,
    ) -> Response {
        let cancel = CancellationToken::new();
        let guard = cancel.clone().drop_guard();
        let early = inbound
            .is_event_stream()
            .then(|| (inbound.keep_alive(), inbound.stream_type()));
        let form = inbound.form();
        let (sender, mut answer) = oneshot::channel();
        let capture = live.snapshot.limits.capture;
        let recorder = capture.map(|capture| Recorder::new(capture, &self.shared.captures));
        let driver = Driver {
            shared: self.shared.clone(),
            live,
            inbound,
            request_id: id.clone(),
            started,
            cancel,
            patient,
            window: 0.into(),
            recorder,
            resume: None,
            seat: None,
            pass,
        };
        let flight = Flight::start(&self.shared);
        let way = async move {
            driver.run(sender).await;
            drop(flight);
        };
        tokio::spawn(way.in_current_span());
        let answered = match &early {
            Some(_) => tokio::time::timeout(HEADERS_AFTER, &mut answer).await,
            None => Ok((&mut answer).await),
        };
        match answered {
            Ok(Ok(Answer::Whole(whole))) => {
                traffic.count_sent(whole.body.len());
                into_response(whole)
            }
            Ok(Ok(Answer::Stream {
                status,
                headers,
                pieces,
                keep_alive,
            })) => {
                let body = client::Body::of_pieces(pieces, keep_alive, guard);
                let mut response = Response::new(Body::new(body.counted(traffic)));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                response
            }
            Ok(Err(_)) => {
                let refusal = Refusal::passing(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the request ended without an answer",
                    None,
                );
                let mut answer = refusal.answer(form.dialect, id);
                mark(&mut answer.headers, id, None);
                into_response(answer)
            }
            Err(_) => {
                let (keep_alive, content_type) = early.unwrap_or_default();
                let body = client::Body::awaiting(answer, keep_alive, form, guard);
                let mut response = Response::new(Body::new(body.counted(traffic)));
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                mark(response.headers_mut(), id, None);
                response
            }
        }
    }
}

pub(crate) fn into_response(whole: Whole) -> Response {
    let mut response = Response::new(Body::from(whole.body));
    *response.status_mut() = whole.status;
    *response.headers_mut() = whole.headers;
    response
}

/// Counts a request while it is served, however it ends.
struct Flight(Arc<Shared>);

impl Flight {
    fn start(shared: &Arc<Shared>) -> Self {
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(shared.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A fresh request id.
pub(crate) fn new_id() -> RequestId {
    format!(
        "req-{:08x}{:010x}",
        unix_ms() / 1000,
        fastrand::u64(..1 << 40)
    )
    .into()
}

/// The clock that routing is given; it stands still in tests that pause time.
pub(crate) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Now, in Unix milliseconds.
pub(crate) fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
