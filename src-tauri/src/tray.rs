//! Shows the tray that `menu` decides: icon, label and menu entries.
//!
//! It holds the handles of the entries and changes them in place, since a menu that is built anew
//! closes under the person's pointer. It decides nothing. Everything here runs on the main thread.

use std::collections::HashMap;

use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

use crate::change::{self, Change, Edit, To};
use crate::menu::{Entry, Look, Tray};

/// The tray icon and the handles of its entries.
pub(crate) struct Shown {
    icon: TrayIcon,
    menu: Menu<Wry>,
    entries: HashMap<String, Handle>,
    now: Tray,
}

#[derive(Clone)]
enum Handle {
    Line(MenuItem<Wry>),
    Check(CheckMenuItem<Wry>),
    Submenu(Submenu<Wry>),
}

impl Shown {
    /// Puts the icon into the tray. Clicks arrive at `clicked` with the entry's id.
    ///
    /// # Errors
    /// When the platform refuses the icon or a menu entry.
    pub(crate) fn show(
        app: &AppHandle,
        tray: Tray,
        clicked: impl Fn(&AppHandle, &str) + Send + Sync + 'static,
    ) -> tauri::Result<Self> {
        let menu = Menu::new(app)?;
        // The id becomes the name of the icon's file; two instances must not share it.
        let icon = TrayIconBuilder::with_id(format!("turnout-{}", std::process::id()))
            .icon(image(tray.look))
            .title(&tray.label)
            .tooltip(&tray.tooltip)
            .menu(&menu)
            .show_menu_on_left_click(!cfg!(windows))
            .on_menu_event(move |app, event| clicked(app, event.id.as_ref()))
            .build(app)?;
        let mut shown = Self {
            icon,
            menu,
            entries: HashMap::new(),
            now: tray,
        };
        shown.build(app)?;
        Ok(shown)
    }

    /// Turns what is shown into `next`. With `marks`, the check marks are set even where they did
    /// not change, because the host flipped one by itself.
    ///
    /// # Errors
    /// When the platform refuses a change; what was changed until then stays.
    pub(crate) fn turn_into(
        &mut self,
        app: &AppHandle,
        next: Tray,
        marks: bool,
    ) -> tauri::Result<()> {
        let before = std::mem::replace(&mut self.now, next);
        if before.look != self.now.look {
            self.icon.set_icon(Some(image(self.now.look)))?;
        }
        if before.label != self.now.label {
            self.icon.set_title(Some(&self.now.label))?;
        }
        if before.tooltip != self.now.tooltip {
            self.icon.set_tooltip(Some(&self.now.tooltip))?;
        }
        match change::change(&before.menu, &self.now.menu) {
            Change::Rebuild => self.build(app)?,
            Change::Edits(edits) => self.edit(app, &edits)?,
        }
        if marks {
            self.edit(app, &change::marks(&self.now.menu))?;
        }
        Ok(())
    }

    /// Fills the menu anew. The menu itself stays: on Linux a tray keeps the one it was given.
    fn build(&mut self, app: &AppHandle) -> tauri::Result<()> {
        while self.menu.remove_at(0)?.is_some() {}
        self.entries.clear();
        for entry in self.now.menu.clone() {
            let item = self.item(app, &entry)?;
            self.menu.append(&*item)?;
        }
        Ok(())
    }

    fn item(&mut self, app: &AppHandle, entry: &Entry) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
        let none = None::<&str>;
        let (id, handle) = match entry {
            Entry::Separator => return Ok(Box::new(PredefinedMenuItem::separator(app)?)),
            Entry::Line { id, text, enabled } => (
                id,
                Handle::Line(MenuItem::with_id(app, id, plain(text), *enabled, none)?),
            ),
            Entry::Check { id, text, checked } => (
                id,
                Handle::Check(CheckMenuItem::with_id(
                    app,
                    id,
                    plain(text),
                    true,
                    *checked,
                    none,
                )?),
            ),
            Entry::Submenu { id, text, entries } => {
                let submenu = Submenu::with_id(app, id, plain(text), true)?;
                self.fill(app, &submenu, entries)?;
                (id, Handle::Submenu(submenu))
            }
        };
        self.entries.insert(id.clone(), handle.clone());
        Ok(match handle {
            Handle::Line(item) => Box::new(item),
            Handle::Check(item) => Box::new(item),
            Handle::Submenu(item) => Box::new(item),
        })
    }

    fn fill(
        &mut self,
        app: &AppHandle,
        submenu: &Submenu<Wry>,
        entries: &[Entry],
    ) -> tauri::Result<()> {
        while submenu.remove_at(0)?.is_some() {}
        for entry in entries {
            let item = self.item(app, entry)?;
            submenu.append(&*item)?;
        }
        Ok(())
    }

    fn edit(&mut self, app: &AppHandle, edits: &[Edit]) -> tauri::Result<()> {
        for Edit { id, to } in edits {
            let Some(handle) = self.entries.get(id).cloned() else {
                continue;
            };
            match (handle, to) {
                (Handle::Line(item), To::Text(text)) => item.set_text(plain(text))?,
                (Handle::Check(item), To::Text(text)) => item.set_text(plain(text))?,
                (Handle::Check(item), To::Mark(checked)) => item.set_checked(*checked)?,
                (Handle::Line(item), To::Enabled(enabled)) => item.set_enabled(*enabled)?,
                (Handle::Submenu(item), To::Entries(entries)) => self.fill(app, &item, entries)?,
                // `change` makes no other pairs.
                _ => {}
            }
        }
        Ok(())
    }
}

/// A text in which nothing is a keyboard mnemonic.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

fn image(look: Look) -> Image<'static> {
    match look {
        Look::Ok => tauri::include_image!("../icons/tray/ok.png"),
        Look::Degraded => tauri::include_image!("../icons/tray/degraded.png"),
        Look::Suspended => tauri::include_image!("../icons/tray/suspended.png"),
        Look::Down => tauri::include_image!("../icons/tray/down.png"),
        Look::Paused => tauri::include_image!("../icons/tray/paused.png"),
    }
}
