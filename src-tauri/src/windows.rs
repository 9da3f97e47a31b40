//! The window: the daemon's own page in the system's web view.
//!
//! It is made when somebody wants to see it and destroyed when closed, since a web view that is
//! only hidden holds four times the memory of the idle tray. It may show nothing but the daemon's
//! origin and gets no way to call into this process: the page uses the admin API like a browser.

use std::path::PathBuf;

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::surroundings;

const LABEL: &str = "main";

/// Opens the window at `link`, a page of the daemon, or brings the open one to the front.
/// `storage` is where the page's own settings are kept.
///
/// # Errors
/// When `link` is not a URL or the platform cannot make a web view.
pub(crate) fn open(app: &AppHandle, link: &str, storage: Option<PathBuf>) -> anyhow::Result<()> {
    let page: Url = link.parse()?;
    let home = page.clone();
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::External(page))
        .title("Turnout")
        .inner_size(1080.0, 720.0)
        .min_inner_size(420.0, 480.0)
        .focused(true)
        .on_navigation(move |target| stays(&home, target))
        .on_new_window(|target, _| {
            surroundings::browse(&target);
            NewWindowResponse::Deny
        });
    if let Some(storage) = storage {
        builder = builder.data_directory(storage);
    }
    builder.build()?;
    Ok(())
}

/// The address of a page (such as `/history?id=…`) behind `link`. What stands behind `#` survives the redirect that
/// turns the link's code into a session.
pub(crate) fn at(link: &str, page: Option<&str>) -> String {
    page.map_or_else(|| link.to_owned(), |page| format!("{link}#{page}"))
}

/// Brings an open window to the front, at `page` if there is one; false if there is no window.
pub(crate) fn raise(app: &AppHandle, page: Option<&str>) -> bool {
    let Some(window) = app.get_webview_window(LABEL) else {
        return false;
    };
    if let Some(page) = page {
        turn_to(&window, page);
    }
    let raised = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
    true
}

/// Shows another page in the open window, without loading it anew.
fn turn_to(window: &WebviewWindow, page: &str) {
    let turned = window.url().and_then(|mut url| {
        url.set_fragment(Some(page));
        window.navigate(url)
    });
    if let Err(error) = turned {
        tracing::warn!(%error, page, "the window could not turn to the page");
    }
}

/// Whether the window may go to `target`. Links that lead elsewhere open in the browser.
fn stays(home: &Url, target: &Url) -> bool {
    if same_origin(home, target) || target.as_str() == "about:blank" {
        return true;
    }
    surroundings::browse(target);
    false
}

fn same_origin(home: &Url, target: &Url) -> bool {
    home.origin() == target.origin()
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
