//! What a person wants of a request that has waited, while it is being tried.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::{outlet::Door, waiting::Order};

/// The last order for one request, until it is obeyed.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    last: watch::Sender<Last>,
    /// The way to its client, once it left the room.
    door: OnceLock<Arc<Door>>,
}

#[derive(Debug, Default)]
struct Last {
    order: Option<Order>,
    /// None is taken any more.
    is_over: bool,
}

impl Orders {
    /// The request is being tried for the client behind this door.
    pub(crate) fn leads_to(&self, door: Arc<Door>) {
        let _ = self.door.set(door); // it has one client
    }

    /// Gives an order; `false` where it would not be obeyed: the client is being answered, which nobody takes back, or
    /// is told just now that nothing serves it.
    pub(crate) fn give(&self, order: Order) -> bool {
        if self.door.get().is_some_and(|door| door.holder().is_some()) {
            return false;
        }
        let mut is_taken = false;
        self.last.send_if_modified(|last| {
            is_taken = !last.is_over;
            // To try it now says less than where, or that it is given up.
            let is_more = last.order.is_none() || order != Order::Release;
            let is_new = is_taken && is_more;
            if is_new {
                last.order = Some(order);
            }
            is_new
        });
        is_taken
    }

    /// Waits until there is one of those that are `meant`.
    pub(crate) async fn given(&self, meant: impl Fn(&Order) -> bool) {
        let mut told = self.last.subscribe();
        // Its sender lives as long as this does.
        let _ = told
            .wait_for(|last| last.order.as_ref().is_some_and(&meant))
            .await;
    }

    /// The order, which is obeyed by who takes it.
    pub(crate) fn take(&self) -> Option<Order> {
        let mut order = None;
        self.last.send_if_modified(|last| {
            order = last.order.take();
            false // nobody waits for none
        });
        order
    }

    /// The order, like [`Self::take`]; where there is none, none is taken any more.
    pub(crate) fn take_last(&self) -> Option<Order> {
        let mut order = None;
        self.last.send_if_modified(|last| {
            order = last.order.take();
            last.is_over = order.is_none();
            false
        });
        order
    }
}

#[cfg(test)]
mod tests {
    use routing::Pin;

    use super::*;

    #[test]
    fn what_was_taken_is_obeyed_and_what_would_not_be_is_not_taken() {
        let there = || Order::Redirect(Pin::Group("spare".to_owned()));
        let orders = Orders::default();
        assert_eq!(orders.take(), None);
        assert!(orders.give(Order::Release));
        assert!(orders.give(there()));
        assert!(orders.give(Order::Release), "it goes there at once anyway");
        assert_eq!(orders.take_last(), Some(there()));

        // It goes on by that, so that there may be more.
        assert!(orders.give(Order::Release));
        assert_eq!(orders.take_last(), Some(Order::Release));
        assert_eq!(orders.take_last(), None);
        assert!(!orders.give(Order::Fail), "it ends by itself");
        assert_eq!(orders.take(), None);
    }
}
