//! The client programs of this machine, pointed at this instance and back. What a settings file is to say is the crate
//! `clients`'s matter; here are the address, the token and the time between the two steps of a disconnecting.

use clients::{Client, Clients, Outcome, Standing, Target};
use jiff::Timestamp;
use ledger::Filter;

use crate::handle::{CommandError, Daemon};
use crate::settings::OnQuit;
use crate::view::{ClientProgram, Connection};

/// How a client is to be connected.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectWish {
    /// Only tell what would be changed.
    pub dry_run: bool,
    /// Leave the client its own login and send the client token beside it.
    pub own_login: bool,
}

impl Daemon {
    /// How each client program stands.
    pub async fn clients(&self) -> Result<Vec<Standing>, CommandError> {
        let base_url = self.base_url();
        self.with_clients(move |clients| {
            let look = |client| clients.look(client, Some(&base_url));
            Client::ALL.into_iter().map(look).collect()
        })
        .await
    }

    /// How each client program stands, with what it does here.
    pub async fn client_programs(&self) -> Result<Vec<ClientProgram>, CommandError> {
        let standings = self.clients().await?;
        let around = self.instance().surroundings.clone();
        let versions = tokio::task::spawn_blocking(move || {
            let version = |client| around.version(client);
            Client::ALL.map(version)
        });
        let versions = versions.await.unwrap_or_default();
        let mut programs = Vec::new();
        for (standing, version) in standings.into_iter().zip(versions) {
            let is_its = |one: &Connection| one.client.as_deref() == Some(standing.id);
            let running = self.instance().live().connections().filter(is_its).count();
            programs.push(ClientProgram {
                version,
                can_connect: standing.problem.is_none(),
                can_disconnect: standing.remembered,
                running: running as u64,
                last_request_at: self.last_request_of(standing.id).await,
                standing,
            });
        }
        Ok(programs)
    }

    /// When a client last sent a request, as far as the history goes.
    async fn last_request_of(&self, client: &str) -> Option<Timestamp> {
        let newest = {
            let live = self.instance().live();
            let mut rows = live.newest();
            let newest = rows.find(|row| row.client.as_deref() == Some(client));
            newest.map(|row| row.started_at)
        };
        let ledger = self.instance().ledger.as_ref();
        let (None, Some(ledger)) = (newest, ledger) else {
            return newest;
        };
        let filter = Filter {
            client: Some(client.to_owned()),
            limit: Some(1),
            ..Filter::default()
        };
        let page = ledger.requests(&filter).await.ok()?;
        crate::pump::row_shape(page.items.first()?).map(|row| row.started_at)
    }

    /// Points a client program at this instance.
    pub async fn connect_client(
        &self,
        id: &str,
        wish: ConnectWish,
    ) -> Result<Outcome, CommandError> {
        let client = known(id)?;
        let connect = self.connect();
        if connect.token.is_none() && self.loaded().settings.server.require_token {
            let told = "no client token of the config is good for a client now: each has expired, cannot be read or lacks \
                the scope \"inference\"; add one with `tokens add`, then connect";
            return Err(CommandError::Refused(told.to_owned()));
        }
        let target = Target {
            base_url: connect.base_url,
            token: connect.token,
            own_login: wish.own_login,
        };
        let outcome = self
            .with_clients(move |clients| {
                let plan = if wish.dry_run {
                    clients.plan_connect(client, &target)
                } else {
                    clients.connect(client, &target)
                };
                plan.map(|plan| Outcome::of(&plan, !wish.dry_run))
            })
            .await?;
        if outcome.written {
            tracing::info!("{} is connected", outcome.name);
        }
        Ok(outcome)
    }

    /// Puts a client program's settings back. The second step, where one is due, follows by itself.
    pub async fn disconnect_client(
        &self,
        id: &str,
        dry_run: bool,
    ) -> Result<Outcome, CommandError> {
        let client = known(id)?;
        let (outcome, unfinished) = self
            .with_clients(move |clients| {
                let plan = if dry_run {
                    clients.plan_disconnect(client)
                } else {
                    clients.disconnect(client)
                };
                plan.map(|plan| (Outcome::of(&plan, !dry_run), plan.unfinished))
            })
            .await?;
        if outcome.written {
            tracing::info!("{} is disconnected", outcome.name);
        }
        if unfinished {
            let daemon = self.clone();
            tokio::spawn(async move { daemon.finish_clients().await });
        }
        Ok(outcome)
    }

    /// What quitting the app does to connected clients, as `desktop.on_quit` says: puts their settings back, or nothing.
    /// Takes [`Clients::SETTLE`] where a session may be running; call it while requests are still served.
    pub async fn restore_clients(&self) {
        if self.loaded().settings.desktop.on_quit == OnQuit::Leave {
            return;
        }
        let plans = self
            .with_clients(Clients::disconnect_all)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!("client programs may still point here: {error}");
                Vec::new()
            });
        for (client, plan) in &plans {
            match plan {
                Ok(plan) => plan
                    .notes
                    .iter()
                    .for_each(|note| tracing::warn!("{client}: {note}")),
                Err(error) => tracing::warn!("{client} is still connected: {error}"),
            }
        }
        if plans
            .iter()
            .any(|(_, plan)| plan.as_ref().is_ok_and(|plan| plan.unfinished))
        {
            self.finish_clients().await;
        }
    }

    /// Ends what a crash left half done, beside everything else.
    pub(crate) fn recover_clients(&self) {
        let daemon = self.clone();
        tokio::spawn(async move {
            match daemon.with_clients(Clients::recover).await {
                Ok(touched) => {
                    for (client, ended) in touched {
                        match ended {
                            Ok(()) => tracing::info!(
                                "what was half done to the settings of {client} is whole again"
                            ),
                            Err(error) => tracing::warn!(
                                "the settings of {client} are still half done: {error}"
                            ),
                        }
                    }
                }
                Err(error) => tracing::warn!("the settings of client programs: {error}"),
            }
        });
    }

    async fn finish_clients(&self) {
        tokio::time::sleep(Clients::SETTLE).await;
        match self.with_clients(Clients::finish).await {
            Ok(ended) => {
                for (client, ended) in ended {
                    if let Err(error) = ended {
                        tracing::warn!("the settings of {client} are not put back: {error}");
                    }
                }
            }
            Err(error) => tracing::warn!("the settings of client programs: {error}"),
        }
    }

    /// Runs what reads and writes files where it holds up nothing.
    async fn with_clients<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Clients) -> Result<T, clients::Error> + Send + 'static,
    ) -> Result<T, CommandError> {
        let instance = self.instance();
        let clients = Clients::new(&instance.place.data, instance.surroundings.clone());
        match tokio::task::spawn_blocking(move || work(&clients)).await {
            Ok(done) => done.map_err(|error| CommandError::Refused(error.to_string())),
            Err(error) => Err(CommandError::Refused(format!(
                "the change broke off: {error}"
            ))),
        }
    }
}

fn known(id: &str) -> Result<Client, CommandError> {
    id.parse().map_err(|()| {
        let ids = Client::ALL.map(Client::id).join(", ");
        CommandError::NotFound(format!(
            "no client that can be connected has the id {id}; there are {ids}"
        ))
    })
}
