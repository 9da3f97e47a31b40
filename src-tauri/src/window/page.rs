//! The window's side: one web view that shows the daemon's page.
//!
//! It may show nothing but the daemon's origin and gets no way to call into this process: the page uses the admin API
//! like a browser.

use std::io::{self, BufRead as _, Write as _};

use anyhow::Context as _;
use tauri::webview::{Color, NewWindowResponse};
use tauri::{
    AppHandle, Manager, RunEvent, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};

use super::frame::{Area, Frame, LEAST};
use super::{Opening, Order, Told};
use crate::surroundings;

const LABEL: &str = "main";
/// What the page is painted on, by day and by night, so that it does not flash before it is there.
const DAY: Color = Color(0xf3, 0xf5, 0xf5, 0xff);
const NIGHT: Color = Color(0x11, 0x17, 0x1a, 0xff);

/// Shows the window that standard input asks for, until it is closed or the input ends.
///
/// # Errors
/// When the input asks for nothing that can be shown, or the desktop cannot be reached.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut asked = String::new();
    io::stdin().lock().read_line(&mut asked)?;
    let opening: Opening = serde_json::from_str(&asked)
        .context("this is the window's own process, which the app starts by itself")?;
    let app = tauri::Builder::default()
        .build(crate::context())
        .context("the desktop cannot be reached")?;
    let code = app.run_return(move |app, event| match event {
        RunEvent::Ready => begin(app, &opening),
        RunEvent::WindowEvent {
            event: WindowEvent::CloseRequested { .. },
            ..
        } => remember(app, &opening),
        _ => {}
    });
    anyhow::ensure!(code == 0, "the window ended with code {code}");
    Ok(())
}

fn begin(app: &AppHandle, opening: &Opening) {
    if let Err(error) = open(app, opening) {
        tell(&Told::Failed(format!("{error:#}")));
        app.exit(1);
        return;
    }
    tell(&Told::Shown);
    let (app, opening) = (app.clone(), opening.clone());
    // Reading standard input blocks for as long as the window lives.
    std::thread::spawn(move || obey(&app, &opening));
}

fn open(app: &AppHandle, opening: &Opening) -> anyhow::Result<()> {
    let page: Url = opening.link.parse()?;
    let home = page.clone();
    let frame = Frame::read(&opening.frame)
        .unwrap_or_default()
        .on(&screens(app));
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::External(page))
        .title("Turnout")
        .inner_size(frame.area.width, frame.area.height)
        .min_inner_size(LEAST.0, LEAST.1)
        .maximized(frame.maximized)
        .background_color(if surroundings::is_dark() { NIGHT } else { DAY })
        .focused(true)
        .on_navigation(move |target| stays(&home, target))
        .on_new_window(|target, _| {
            tell(&Told::Browse(target.into()));
            NewWindowResponse::Deny
        });
    if frame.placed {
        builder = builder.position(frame.area.x, frame.area.y);
    }
    if let Some(storage) = &opening.storage {
        builder = builder.data_directory(storage.clone());
    }
    builder.build()?;
    Ok(())
}

/// Does what the tray says until it says nothing more.
fn obey(app: &AppHandle, opening: &Opening) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        if let Ok(Order::Show(page)) = serde_json::from_str(&line) {
            let handle = app.clone();
            // Refused only when the window's loop has ended, and the process with it.
            let _ = app.run_on_main_thread(move || raise(&handle, page.as_deref()));
        }
    }
    let (handle, opening) = (app.clone(), opening.clone());
    let _ = app.run_on_main_thread(move || {
        remember(&handle, &opening);
        handle.exit(0);
    });
}

/// Brings the window to the front, at `page` if there is one.
fn raise(app: &AppHandle, page: Option<&str>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let turned = page.map_or(Ok(()), |page| turn_to(&window, page));
    let raised = turned
        .and_then(|()| window.unminimize())
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    tell(&match raised {
        Ok(()) => Told::Shown,
        Err(error) => Told::Failed(error.to_string()),
    });
}

/// Shows another page in the open window, without loading it anew.
fn turn_to(window: &WebviewWindow, page: &str) -> tauri::Result<()> {
    let mut url = window.url()?;
    url.set_fragment(Some(page));
    window.navigate(url)
}

/// Whether the window may go to `target`. Links that lead elsewhere open in the browser.
fn stays(home: &Url, target: &Url) -> bool {
    if same_origin(home, target) || target.as_str() == "about:blank" {
        return true;
    }
    tell(&Told::Browse(target.to_string()));
    false
}

fn same_origin(home: &Url, target: &Url) -> bool {
    home.origin() == target.origin()
}

/// Writes down where the window stands, so that the next one stands there too.
fn remember(app: &AppHandle, opening: &Opening) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let before = Frame::read(&opening.frame).unwrap_or_default();
    // Not being able to is no reason to tell anybody.
    let _ = frame(&window, before).map(|frame| frame.write(&opening.frame));
}

fn frame(window: &WebviewWindow, before: Frame) -> tauri::Result<Frame> {
    if window.is_maximized()? {
        return Ok(Frame {
            maximized: true,
            ..before
        });
    }
    let scale = window.scale_factor()?;
    let position = window.outer_position()?.to_logical::<f64>(scale);
    let size = window.inner_size()?.to_logical::<f64>(scale);
    Ok(Frame {
        area: Area {
            x: position.x,
            y: position.y,
            width: size.width,
            height: size.height,
        },
        maximized: false,
        placed: surroundings::places_windows(),
    })
}

fn screens(app: &AppHandle) -> Vec<Area> {
    let screens = app.available_monitors().unwrap_or_default();
    screens
        .iter()
        .map(|screen| {
            let scale = screen.scale_factor();
            let position = screen.position().to_logical::<f64>(scale);
            let size = screen.size().to_logical::<f64>(scale);
            Area {
                x: position.x,
                y: position.y,
                width: size.width,
                height: size.height,
            }
        })
        .collect()
}

/// Tells the tray. If it does not listen any more, the window is about to close.
fn tell(told: &Told) {
    if let Ok(line) = serde_json::to_string(told) {
        let _ = writeln!(io::stdout(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_daemons_origin_is_ours() {
        let home: Url = "http://127.0.0.1:7790/ui/?code=x".parse().unwrap();
        let ours = |target: &str| same_origin(&home, &target.parse().unwrap());
        assert!(ours("http://127.0.0.1:7790/ui/#history"));
        assert!(!ours("http://127.0.0.1:7791/ui/"));
        assert!(!ours("https://127.0.0.1:7790/ui/"));
        assert!(!ours("http://localhost:7790/ui/"));
        assert!(!ours("file:///etc/passwd"));
        assert!(!ours("data:text/html,x"));
    }
}
