//! What a person wants of a request that has waited, while it is being tried.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::{outlet::Door, waiting::Order};

/// The last order for one request, until it is obeyed.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    last: watch::Sender<Option<Order>>,
    /// The way to its client, once it left the room.
    door: OnceLock<Arc<Door>>,
}

impl Orders {
    /// The request is being tried for the client behind this door.
    pub(crate) fn leads_to(&self, door: Arc<Door>) {
        let _ = self.door.set(door); // it has one client
    }

    /// Gives an order; `false` where the client is being answered, which nobody takes back.
    pub(crate) fn give(&self, order: Order) -> bool {
        if self.door.get().is_some_and(|door| door.holder().is_some()) {
            return false;
        }
        // What is tried is tried already.
        if order != Order::Release {
            self.last.send_replace(Some(order));
        }
        true
    }

    /// Waits until there is one.
    pub(crate) async fn given(&self) {
        let mut told = self.last.subscribe();
        // Its sender lives as long as this does.
        let _ = told.wait_for(Option::is_some).await;
    }

    /// The order, which is obeyed by who takes it.
    pub(crate) fn take(&self) -> Option<Order> {
        self.last.send_replace(None)
    }
}
