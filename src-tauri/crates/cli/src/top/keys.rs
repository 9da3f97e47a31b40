//! Which key means what, where. Pure: one table, from which the help is written too.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::rows::Pane;

/// What a key is pressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// The panes.
    Panes,
    /// One thing in full.
    Detail,
    /// The list of keys.
    Help,
    /// A filter being typed.
    Filter,
    /// A question.
    Question,
    /// A choice of places.
    Choice,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Quit,
    Help,
    Close,
    Pane(Pane),
    NextPane,
    PreviousPane,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Filter,
    Letter(char),
    Erase,
    EraseAll,
    Yes,
    No,
    /// Neither of both, where there is a question.
    Unclear,
    Use,
    Pause,
    Mode,
    Earlier,
    Later,
    Less,
    More,
    Enable,
    Disable,
    Test,
    Reset,
    Release,
    Redirect,
    Fail,
    Redraw,
    Stop,
}

/// Keys of one action, and what the help says of it.
pub(crate) struct Binding {
    pub(crate) keys: &'static [KeyCode],
    pub(crate) action: Action,
    /// The keys as they are told.
    pub(crate) named: &'static str,
    pub(crate) told: &'static str,
}

const fn bound(
    keys: &'static [KeyCode],
    action: Action,
    named: &'static str,
    told: &'static str,
) -> Binding {
    Binding {
        keys,
        action,
        named,
        told,
    }
}

use KeyCode::Char;

/// How one gets about.
pub(crate) const MOVING: &[Binding] = &[
    bound(&[Char('j'), KeyCode::Down], Action::Down, "j ↓", "down"),
    bound(&[Char('k'), KeyCode::Up], Action::Up, "k ↑", "up"),
    bound(
        &[KeyCode::Tab, Char('l'), KeyCode::Right],
        Action::NextPane,
        "tab l →",
        "next pane",
    ),
    bound(
        &[KeyCode::BackTab, Char('h'), KeyCode::Left],
        Action::PreviousPane,
        "shift-tab h ←",
        "pane before",
    ),
    bound(
        &[Char('1')],
        Action::Pane(Pane::Groups),
        "1 … 6",
        "that pane",
    ),
    bound(&[Char('2')], Action::Pane(Pane::Providers), "", ""),
    bound(&[Char('3')], Action::Pane(Pane::Requests), "", ""),
    bound(&[Char('4')], Action::Pane(Pane::Waiting), "", ""),
    bound(&[Char('5')], Action::Pane(Pane::Troubles), "", ""),
    bound(&[Char('6')], Action::Pane(Pane::Log), "", ""),
    bound(
        &[Char('g'), KeyCode::Home],
        Action::First,
        "g home",
        "first row, and stay with the newest",
    ),
    bound(
        &[Char('G'), KeyCode::End],
        Action::Last,
        "G end",
        "last row",
    ),
    bound(
        &[KeyCode::PageUp],
        Action::PageUp,
        "page up, down",
        "ten rows",
    ),
    bound(&[KeyCode::PageDown], Action::PageDown, "", ""),
    bound(
        &[KeyCode::Enter],
        Action::Enter,
        "enter",
        "detail; on a group: use it",
    ),
    bound(
        &[Char('/')],
        Action::Filter,
        "/",
        "filter this pane; esc takes it away",
    ),
    bound(&[KeyCode::Esc], Action::Close, "esc", "close, back"),
    bound(&[Char('?')], Action::Help, "?", "this list"),
    bound(&[Char('q')], Action::Quit, "q ctrl-c", "quit"),
];

/// What one can do.
pub(crate) const DOING: &[Binding] = &[
    bound(
        &[Char('a')],
        Action::Use,
        "a",
        "use the group: make it the active one",
    ),
    bound(
        &[Char('p')],
        Action::Pause,
        "p",
        "pause the group, or resume it",
    ),
    bound(
        &[Char('m')],
        Action::Mode,
        "m",
        "auto or manual: may failover leave the active group",
    ),
    bound(
        &[Char('K')],
        Action::Earlier,
        "K",
        "ask the member before the one above it",
    ),
    bound(
        &[Char('J')],
        Action::Later,
        "J",
        "ask it behind the one below it",
    ),
    bound(
        &[Char('-')],
        Action::Less,
        "-",
        "its priority number one less: goes first",
    ),
    bound(
        &[Char('+'), Char('=')],
        Action::More,
        "+",
        "its priority number one more",
    ),
    bound(&[Char('e')], Action::Enable, "e", "switch the provider on"),
    bound(&[Char('d')], Action::Disable, "d", "switch it off"),
    bound(
        &[Char('t')],
        Action::Test,
        "t",
        "test it with a tiny real request",
    ),
    bound(
        &[Char('c')],
        Action::Reset,
        "c",
        "clear its rests and open breakers",
    ),
    bound(
        &[Char('r')],
        Action::Release,
        "r",
        "release the waiting request: try it now",
    ),
    bound(
        &[Char('o')],
        Action::Redirect,
        "o",
        "send it to another group or provider",
    ),
    bound(
        &[Char('f')],
        Action::Fail,
        "f",
        "fail it: its client gets an error",
    ),
];

/// What a key means in a context; `None` for those that mean nothing there.
pub(crate) fn action(context: Context, key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        // With control it is how some keyboards write letters such as @; alone it means nothing here.
        let is_letter = key.modifiers.contains(KeyModifiers::CONTROL) && context == Context::Filter;
        return is_letter.then(|| typed(key.code)).flatten();
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return with_control(context, key.code);
    }
    match context {
        Context::Filter => typed(key.code),
        Context::Question => Some(match key.code {
            Char('y' | 'Y') => Action::Yes,
            Char('n' | 'N' | 'q') | KeyCode::Esc => Action::No,
            _ => Action::Unclear,
        }),
        Context::Choice => match named(key.code)? {
            Action::Enter => Some(Action::Yes),
            Action::Close | Action::Quit => Some(Action::No),
            other => Some(other).filter(|other| moves(*other)),
        },
        Context::Help => match named(key.code)? {
            Action::Quit | Action::Help | Action::Enter => Some(Action::Close),
            other => Some(other).filter(|other| moves(*other) || *other == Action::Close),
        },
        Context::Detail => match named(key.code)? {
            Action::Quit | Action::PreviousPane => Some(Action::Close),
            Action::Filter | Action::NextPane | Action::Enter => None,
            other => Some(other),
        },
        Context::Panes => named(key.code),
    }
}

fn named(code: KeyCode) -> Option<Action> {
    let mut bindings = MOVING.iter().chain(DOING);
    let found = bindings.find(|binding| binding.keys.contains(&code));
    found.map(|binding| binding.action)
}

fn with_control(context: Context, code: KeyCode) -> Option<Action> {
    Some(match code {
        Char('c')
            if matches!(
                context,
                Context::Filter | Context::Question | Context::Choice
            ) =>
        {
            Action::No
        }
        Char('c') => Action::Quit,
        Char('z') => Action::Stop,
        Char('l') => Action::Redraw,
        Char('u') if context == Context::Filter => Action::EraseAll,
        Char('h') if context == Context::Filter => Action::Erase,
        Char('u' | 'b') => Action::PageUp,
        Char('d' | 'f') => Action::PageDown,
        Char('n') => Action::Down,
        Char('p') => Action::Up,
        _ => return None,
    })
}

fn typed(code: KeyCode) -> Option<Action> {
    Some(match code {
        Char(letter) => Action::Letter(letter),
        KeyCode::Backspace => Action::Erase,
        KeyCode::Enter => Action::Yes,
        KeyCode::Esc => Action::No,
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        _ => return None,
    })
}

fn moves(action: Action) -> bool {
    use Action::{Down, First, Last, PageDown, PageUp, Up};
    matches!(action, Up | Down | PageUp | PageDown | First | Last)
}
