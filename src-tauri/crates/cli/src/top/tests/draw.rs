//! Pictures, compared with those that somebody looked at last. `UPDATE=1` draws them anew.

use std::{env, fs, path::PathBuf};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use serde_json::json;

use super::fixture::{ago, blank, calm, now, request, troubled};
use crate::top::draw::{draw, overflow};
use crate::top::keys::Action;
use crate::top::look::Look;
use crate::top::rows::Pane;
use crate::top::state::{News, State};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];
const RICH: Look = Look {
    colour: true,
    unicode: true,
};
const POOR: Look = Look {
    colour: false,
    unicode: false,
};

fn picture(state: &mut State, look: Look, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    state.bound(overflow(state, look, Rect::new(0, 0, width, height)));
    terminal.draw(|frame| draw(state, look, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(buffer.area.width.into());
    let lines = rows.map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// Holds a picture of each size against its file.
#[track_caller]
fn golden(name: &str, look: Look, state: &mut State) {
    for size in SIZES {
        let now = text(&picture(state, look, size));
        let file = format!("{name}.{}x{}.txt", size.0, size.1);
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/top/tests/golden");
        let path = folder.join(&file);
        if env::var_os("UPDATE").is_some_and(|value| value != "0") {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &now).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == now,
            "{file} differs; look at it, and draw it anew with UPDATE=1:\n{now}"
        );
    }
}

#[test]
fn before_anything_is_known() {
    golden("blank", RICH, &mut blank());
}

#[test]
fn a_calm_morning() {
    golden("calm", RICH, &mut calm());
}

#[test]
fn much_goes_wrong() {
    golden("troubled", RICH, &mut troubled());
}

#[test]
fn without_colours_and_beyond_no_ascii() {
    let mut state = troubled();
    golden("poor", POOR, &mut state);
    for size in SIZES {
        let buffer = picture(&mut state, POOR, size);
        assert!(text(&buffer).is_ascii());
        let is_plain =
            |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset);
        assert!(buffer.content.iter().all(is_plain));
    }
}

#[test]
fn what_others_named_is_told_in_ascii_too_where_there_is_no_more() {
    let mut state = calm();
    state.facts.providers[0].name = "智谱".to_owned();
    state.facts.log[0].message = "switched from a → b: “overloaded” …".to_owned();
    for action in [
        Action::Redraw,
        Action::Help,
        Action::Close,
        Action::Pane(Pane::Log),
        Action::Enter,
    ] {
        state.act(action);
        for size in SIZES {
            let told = text(&picture(&mut state, POOR, size));
            assert!(told.is_ascii(), "{told}");
        }
    }
    assert!(text(&picture(&mut state, POOR, (80, 24))).contains("a > b: ?overloaded? ~"));
}

#[test]
fn only_the_sixteen_colours_that_every_terminal_has() {
    for mut state in [calm(), troubled()] {
        let buffer = picture(&mut state, RICH, (200, 60));
        let is_far = |color: Color| matches!(color, Color::Rgb(..) | Color::Indexed(_));
        assert!(
            !buffer
                .content
                .iter()
                .any(|cell| is_far(cell.fg) || is_far(cell.bg))
        );
    }
}

#[test]
fn a_lost_connection() {
    let mut state = calm();
    state.hear(News::Down("it has ended".to_owned()), ago(7));
    state.now = now();
    golden("lost", RICH, &mut state);
}

#[test]
fn each_pane_has_room_when_it_has_the_keyboard() {
    for pane in Pane::ALL {
        let mut state = troubled();
        state.act(Action::Pane(pane));
        golden(
            &format!("focus-{}", pane.title().to_lowercase()),
            RICH,
            &mut state,
        );
    }
}

#[test]
fn a_filter_that_finds_nothing() {
    let mut state = calm();
    state.act(Action::Pane(Pane::Requests));
    state.act(Action::Filter);
    for letter in "gemini".chars() {
        state.act(Action::Letter(letter));
    }
    golden("filter", RICH, &mut state);
}

#[test]
fn a_question() {
    let mut state = calm();
    state.act(Action::Pause);
    golden("question", RICH, &mut state);
}

#[test]
fn where_a_waiting_request_can_go() {
    let mut state = troubled();
    state.act(Action::Pane(Pane::Waiting));
    state.act(Action::Redirect);
    golden("choice", RICH, &mut state);
}

#[test]
fn help() {
    let mut state = calm();
    state.act(Action::Help);
    golden("help", RICH, &mut state);
}

#[test]
fn a_request_is_followed() {
    let mut state = calm();
    state.act(Action::Pane(Pane::Requests));
    state.act(Action::Enter);
    let row = serde_json::to_value(request(8, "streaming", 3)).unwrap();
    let mut told = row;
    told["attempts"] = json!([
        {
            "attempt": 1, "provider": "relay", "key": "…a1b2", "model": "glm-4.6", "started_at": ago(3),
            "duration_ms": 640, "http_status": 529, "verdict": "next-provider", "reason": "overloaded",
            "error": "relay answered 529: Overloaded", "output_tokens": 0,
        },
        {
            "attempt": 2, "provider": "anthropic", "key": "…c3d4", "model": "claude-sonnet-4-5", "started_at": ago(2),
            "ttft_ms": 804, "http_status": 200, "output_tokens": 0,
        },
    ]);
    told["events"] = json!([
        { "at": ago(3), "name": "started", "detail": "POST /v1/messages" },
        { "at": ago(3), "name": "attempt_started", "attempt": 1, "detail": "relay" },
        { "at": ago(2), "name": "attempt_started", "attempt": 2, "detail": "anthropic" },
    ]);
    state.hear(News::Detail("req-00000008".to_owned(), Ok(told)), now());
    golden("request", RICH, &mut state);
}

#[test]
fn a_provider_in_full() {
    let mut state = troubled();
    state.act(Action::Pane(Pane::Providers));
    state.act(Action::Enter);
    golden("provider", RICH, &mut state);
}

#[test]
fn a_terminal_too_small_says_so_and_none_is_too_odd() {
    for look in [RICH, POOR] {
        for mut state in [blank(), calm(), troubled()] {
            for width in [1, 39, 40, 41, 79, 139, 140, 141, 300] {
                for height in [1, 9, 10, 11, 23, 100] {
                    let told = text(&picture(&mut state, look, (width, height)));
                    let is_small = width < 40 || height < 10;
                    assert_eq!(
                        told.contains("Groups"),
                        !is_small,
                        "{width} x {height}:\n{told}"
                    );
                }
            }
        }
    }
    let small = text(&picture(&mut calm(), RICH, (39, 24)));
    assert!(small.contains("40 x 10"), "{small}");
}

#[test]
fn letters_of_two_columns_and_letters_of_control_break_no_line() {
    let mut state = calm();
    state.facts.providers[0].name = "智谱大模型开放平台服务提供商第一号线路".to_owned();
    state.facts.providers[1].last_error = Some("\u{1b}[2J\r\nowned\t!".to_owned());
    for size in SIZES {
        let told = text(&picture(&mut state, RICH, size));
        assert!(told.contains('智'), "{told}");
        assert!(!told.contains('\u{1b}'));
        assert_eq!(told.lines().count(), usize::from(size.1));
    }
}

#[test]
fn what_went_wrong_is_told_to_its_end() {
    let why = "No connection to http://127.0.0.1:17959/a/rather/long/path: connection refused, and then a proxy between \
               the two that wanted a password which nobody had given to it";
    let mut state = calm();
    state.hear(News::Done(Err(why.to_owned())), now());
    let shown = text(&picture(&mut state, RICH, (80, 24)));
    let told: Vec<&str> = shown.split_whitespace().collect();
    assert!(told.join(" ").contains(why), "{shown}");
    assert_eq!(shown.lines().count(), 24);
}
