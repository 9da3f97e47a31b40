//! What a writer could not say, gathered while it writes.

use std::{borrow::Cow, collections::HashSet};

use super::{At, Fate, Field, Loss, Place, Refusal, Request, ToolField};
use crate::Dialect;

/// The losses of one request: one for each place.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    lossy: bool,
    losses: Vec<Loss>,
    seen: HashSet<Key>,
}

impl Notes {
    /// None so far. With `lossy`, what would be refused is a loss.
    pub(crate) fn new(lossy: bool) -> Self {
        Self {
            lossy,
            ..Self::default()
        }
    }

    /// This was left out or said more roughly.
    pub(crate) fn lose(&mut self, place: Place, why: impl Into<Cow<'static, str>>) {
        if self.seen.insert(Key::of(&place)) {
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

/// What tells places apart; their own equality does not look at positions.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Field(Field),
    System(Position),
    Turn(Position),
    Tool(u32),
    ToolField(u32, ToolField),
    Own(Cow<'static, str>),
}

type Position = (u32, Option<u32>, Option<u32>);

impl Key {
    fn of(place: &Place) -> Self {
        let position = |at: &At| (at.item, at.part, at.inner);
        match place {
            Place::Field(field) => Self::Field(*field),
            Place::System(at) => Self::System(position(at)),
            Place::Turn(at) => Self::Turn(position(at)),
            Place::Tool(tool) => Self::Tool(*tool),
            Place::ToolField(tool, field) => Self::ToolField(*tool, *field),
            Place::Own(path) => Self::Own(path.clone()),
        }
    }
}
