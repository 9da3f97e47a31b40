//! Which item an event of a stream is about.
//!
//! OpenAI tells one id and one index of an item in all of its events. Others make up a new id for each event, or leave
//! out the id, the index or both, so that an item is known by whatever fits.

use super::wire::Item;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
    Summary,
    Reasoning,
}

impl Kind {
    /// The items in which such text stands.
    pub(super) fn item(self) -> &'static str {
        match self {
            Self::Text | Self::Refusal => "message",
            Self::Summary | Self::Reasoning => "reasoning",
        }
    }
}

/// How much of one text was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) kind: Kind,
    pub(super) index: u64,
    pub(super) bytes: usize,
}

/// An item of the answer.
#[derive(Debug, Default)]
pub(super) struct Seen {
    index: Option<u64>,
    id: Option<String>,
    call_id: Option<String>,
    /// Its beginning was told.
    added: bool,
    pub(super) kind: Option<String>,
    pub(super) told: Vec<Told>,
    /// Bytes of arguments or of free text told.
    pub(super) arguments: usize,
    /// The argument that holds free text was begun.
    pub(super) begun: bool,
    pub(super) annotations: usize,
    /// The name of the call was told.
    pub(super) named: bool,
    pub(super) done: bool,
}

/// What an event tells of its item.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hint<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<&'a str>,
    pub(super) call_id: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
}

impl<'a> Hint<'a> {
    pub(super) fn of(index: Option<u64>, item: &'a Item) -> Self {
        Self {
            index,
            id: item.id.as_deref().filter(|id| !id.is_empty()),
            call_id: item.call_id.as_deref().filter(|id| !id.is_empty()),
            kind: item.kind.as_deref(),
        }
    }
}

impl Seen {
    fn has_id(&self, hint: Hint<'_>) -> bool {
        let same = |told: Option<&str>, id: Option<&str>| id.is_some() && told == id;
        same(self.id.as_deref(), hint.id) || same(self.call_id.as_deref(), hint.call_id)
    }

    /// Whether nothing speaks against it but its id.
    fn fits(&self, hint: Hint<'_>) -> bool {
        let kind = match (self.kind.as_deref(), hint.kind) {
            (Some(one), Some(other)) => one == other || (is_call(one) && is_call(other)),
            _ => true,
        };
        let call = match (self.call_id.as_deref(), hint.call_id) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        kind && call
    }

    fn learn(&mut self, hint: Hint<'_>) {
        let learn = |known: &mut Option<String>, told: Option<&str>| {
            if known.is_none() {
                *known = told.map(str::to_owned);
            }
        };
        self.index = self.index.or(hint.index);
        learn(&mut self.id, hint.id);
        learn(&mut self.call_id, hint.call_id);
        learn(&mut self.kind, hint.kind);
    }
}

fn is_call(kind: &str) -> bool {
    matches!(kind, "function_call" | "custom_tool_call")
}

/// The items of one answer, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Items(Vec<Seen>);

impl Items {
    pub(super) fn all(&self) -> &[Seen] {
        &self.0
    }

    pub(super) fn get(&mut self, at: usize) -> &mut Seen {
        &mut self.0[at]
    }

    /// The item that begins. Only what was told of it before, out of turn, makes it one that is known.
    pub(super) fn begin(&mut self, hint: Hint<'_>) -> usize {
        let early = |seen: &Seen| {
            !seen.added && !seen.done && seen.index == hint.index && hint.index.is_some()
        };
        let at = self.position(|seen| seen.has_id(hint));
        let at = at.or_else(|| self.position(|seen| early(seen) && seen.fits(hint)));
        let at = self.known_or_new(at, hint);
        self.0[at].added = true;
        at
    }

    /// The item of which more is told: the one of this id; else the open one of this index; else, without an index, the
    /// open one that fits.
    pub(super) fn find(&mut self, hint: Hint<'_>) -> usize {
        let at = self.open(hint);
        self.known_or_new(at, hint)
    }

    /// The item of which a text is told whole. It may be over already.
    pub(super) fn find_text(&mut self, hint: Hint<'_>) -> usize {
        let over = |seen: &Seen| seen.index == hint.index && hint.index.is_some();
        let at = self.open(hint);
        let at = at.or_else(|| self.position(|seen| over(seen) && seen.fits(hint)));
        self.known_or_new(at, hint)
    }

    /// The item that stands in the response at the end, of which `claimed` were found there before.
    pub(super) fn find_whole(&mut self, hint: Hint<'_>, claimed: &[usize]) -> usize {
        let free = |at: usize| !claimed.contains(&at);
        let find = |fits: &dyn Fn(&Seen) -> bool| {
            let mut all = self.0.iter().enumerate();
            all.find(|(at, seen)| free(*at) && fits(seen))
                .map(|(at, _)| at)
        };
        let at = find(&|seen| seen.has_id(hint))
            .or_else(|| find(&|seen| seen.index == hint.index && seen.fits(hint)))
            .or_else(|| find(&|seen| seen.index.is_none() && seen.fits(hint)));
        let hint = Hint {
            index: None,
            ..hint
        };
        self.known_or_new(at, hint)
    }

    fn open(&self, hint: Hint<'_>) -> Option<usize> {
        let open = |seen: &Seen| !seen.done && seen.fits(hint);
        self.position(|seen| seen.has_id(hint)).or_else(|| {
            self.position(|seen| match hint.index {
                Some(_) => open(seen) && seen.index == hint.index,
                None => open(seen),
            })
        })
    }

    fn position(&self, fits: impl Fn(&Seen) -> bool) -> Option<usize> {
        self.0.iter().rposition(fits)
    }

    fn known_or_new(&mut self, at: Option<usize>, hint: Hint<'_>) -> usize {
        let at = at.unwrap_or_else(|| {
            self.0.push(Seen::default());
            self.0.len() - 1
        });
        self.0[at].learn(hint);
        at
    }
}
