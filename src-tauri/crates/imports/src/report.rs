//! What became of each part of a source.

use serde::Serialize;

/// One thing that is told, with where it stands in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its path in the source, such as `providers[1].api_version`.
    pub place: String,
    /// What became of it and why, in a phrase. Holds no secret.
    pub what: String,
    /// What was made of it, such as `provider relay`.
    #[serde(skip)]
    pub subject: Option<String>,
}

/// What was taken, what means something else here, and what was left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Said in the config as it was said in the source.
    pub taken: Vec<Note>,
    /// Said in the config in another way, or with another meaning.
    pub changed: Vec<Note>,
    /// Not taken, and why.
    pub left: Vec<Note>,
}

impl Report {
    /// Notes something that was taken.
    pub fn taken(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.taken.push(note(place, what));
    }

    /// Notes that something was made of it.
    pub fn made(
        &mut self,
        place: impl Into<String>,
        subject: impl Into<String>,
        what: impl Into<String>,
    ) {
        self.taken.push(Note {
            subject: Some(subject.into()),
            ..note(place, what)
        });
    }

    /// Notes something that was taken in another way.
    pub fn changed(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.changed.push(note(place, what));
    }

    /// Notes something that was not taken.
    pub fn left(&mut self, place: impl Into<String>, why: impl Into<String>) {
        self.left.push(note(place, why));
    }
}

fn note(place: impl Into<String>, what: impl Into<String>) -> Note {
    Note {
        place: place.into(),
        what: what.into(),
        subject: None,
    }
}
