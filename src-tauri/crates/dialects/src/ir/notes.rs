//! What a writer could not say, gathered while it writes.

use std::borrow::Cow;

use super::{At, Fate, Field, Loss, Place, Refusal, Request};
use crate::Dialect;

/// The losses of one request: one for each place.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    lossy: bool,
    losses: Vec<Loss>,
}

impl Notes {
    /// None so far. With `lossy`, what would be refused is a loss.
    pub(crate) fn new(lossy: bool) -> Self {
        Self {
            lossy,
            losses: Vec::new(),
        }
    }

    /// This was left out or said more roughly.
    pub(crate) fn lose(&mut self, place: Place, why: impl Into<Cow<'static, str>>) {
        if !self.losses.iter().any(|loss| same(&loss.place, &place)) {
            self.losses.push(Loss::new(place, why));
        }
    }

    /// This setting was left out or said more roughly.
    pub(crate) fn lose_field(&mut self, field: Field, why: impl Into<Cow<'static, str>>) {
        self.lose(Place::Field(field), why);
    }

    /// This must not be left out: an error, or a loss where those are tolerated.
    pub(crate) fn refuse(
        &mut self,
        place: Place,
        why: impl Into<Cow<'static, str>>,
    ) -> Result<(), Refusal> {
        if !self.lossy {
            return Err(Refusal::new(place, why));
        }
        self.lose(place, why);
        Ok(())
    }

    /// The fields that only the client's dialect has, for a target of another dialect.
    pub(crate) fn own(&mut self, request: &Request, target: Dialect) -> Result<(), Refusal> {
        if request.dialect == Some(target) {
            return Ok(());
        }
        self.fates(request)
    }

    /// The same for a target that does not know them although it is of the client's dialect.
    pub(crate) fn fates(&mut self, request: &Request) -> Result<(), Refusal> {
        for own in &request.own {
            let place = Place::Own(own.path.clone());
            match &own.fate {
                Fate::Ignore => {}
                Fate::Lose => self.lose(place, "unknown to the provider's dialect"),
                Fate::Refuse(why) => self.refuse(place, why.clone())?,
            }
        }
        Ok(())
    }

    /// All of them.
    pub(crate) fn into_losses(self) -> Vec<Loss> {
        self.losses
    }
}

/// Whether two places are one; their own equality does not look at positions.
fn same(one: &Place, other: &Place) -> bool {
    let numbers = |at: &At| (at.item, at.part, at.inner);
    match (one, other) {
        (Place::System(one), Place::System(other)) | (Place::Turn(one), Place::Turn(other)) => {
            numbers(one) == numbers(other)
        }
        _ => one == other,
    }
}
