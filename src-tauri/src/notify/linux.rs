//! By the session bus ("Desktop Notifications Specification" 1.2), on the connection that GTK has anyway.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use gtk::gio::{self, BusType, Cancellable, DBusCallFlags, DBusConnection, DBusSignalFlags};
use gtk::glib::{Error, ToVariant as _, Variant, VariantTy};
use tauri::{AppHandle, Manager};

use super::Note;
use crate::app::{self, Desk};
use crate::texts::texts;

const NAME: &str = "org.freedesktop.Notifications";
const OBJECT: &str = "/org/freedesktop/Notifications";
/// Milliseconds that the notification daemon may take.
const PATIENCE: i32 = 5000;
/// What a click on the notification itself is called.
const DEFAULT: &str = "default";
/// What a click on our button is called.
const SHOW: &str = "show";
/// Notifications that are still known when they are clicked.
const KNOWN: usize = 32;

/// Which page a notification is about, by its number.
#[derive(Debug, Default)]
pub(crate) struct Pages(Mutex<BTreeMap<u32, String>>);

impl Pages {
    fn put(&self, number: u32, page: String) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert(number, page);
        while pages.len() > KNOWN {
            pages.pop_first();
        }
    }

    fn take(&self, number: u32) -> Option<String> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.remove(&number)
    }
}

pub(super) fn tell(app: &AppHandle, note: Note) {
    let handle = app.clone();
    // Answers arrive on the thread that asked; the main thread is the one that takes them.
    let asked = app.run_on_main_thread(move || {
        if let Err(error) = ask_and_tell(&handle, note) {
            tracing::warn!(%error, "a notification could not be shown");
        }
    });
    if let Err(error) = asked {
        tracing::debug!(%error, "the window loop has ended");
    }
}

/// Asks what the daemon can do, as one that cannot show buttons may make a dialog of them, and tells it then.
fn ask_and_tell(app: &AppHandle, note: Note) -> Result<(), Error> {
    let bus = gio::bus_get_sync(BusType::Session, Cancellable::NONE)?;
    let (app, told_on) = (app.clone(), bus.clone());
    call(&bus, "GetCapabilities", None, "(as)", move |answer| {
        let abilities = match answer {
            Ok(answer) => Abilities::of(&answer),
            Err(error) => return tracing::warn!(%error, "a notification could not be shown"),
        };
        let texts = texts(app.state::<Desk>().daemon.locale());
        let arguments = arguments(&note, abilities, texts.show);
        call(
            &told_on,
            "Notify",
            Some(&arguments),
            "(u)",
            move |answer| match answer.map(|answer| answer.child_value(0).get::<u32>()) {
                Ok(Some(number)) => {
                    if let Some(page) = note.page {
                        app.state::<Desk>().pages.put(number, page);
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a notification could not be shown"),
            },
        );
    });
    Ok(())
}

fn call(
    bus: &DBusConnection,
    method: &str,
    arguments: Option<&Variant>,
    answer: &str,
    then: impl FnOnce(Result<Variant, Error>) + 'static,
) {
    bus.call(
        Some(NAME),
        OBJECT,
        NAME,
        method,
        arguments,
        VariantTy::new(answer).ok(),
        DBusCallFlags::NONE,
        PATIENCE,
        Cancellable::NONE,
        then,
    );
}

pub(super) fn tell_early(_app: &AppHandle, title: &str, body: &str) {
    let note = Note {
        title: title.to_owned(),
        body: body.to_owned(),
        page: None,
        urgent: false,
    };
    let told = gio::bus_get_sync(BusType::Session, Cancellable::NONE).and_then(|bus| {
        bus.call_sync(
            Some(NAME),
            OBJECT,
            NAME,
            "Notify",
            Some(&arguments(&note, Abilities::default(), "")),
            None,
            DBusCallFlags::NONE,
            PATIENCE,
            Cancellable::NONE,
        )
    });
    if let Err(error) = told {
        tracing::debug!(%error, "a notification could not be shown");
    }
}

/// What a notification daemon can do.
#[derive(Debug, Clone, Copy, Default)]
struct Abilities {
    /// It shows buttons, and tells of clicks.
    actions: bool,
    /// It reads the body as markup.
    markup: bool,
}

impl Abilities {
    fn of(answer: &Variant) -> Self {
        let told: Vec<String> = answer.child_value(0).get().unwrap_or_default();
        let can = |ability: &str| told.iter().any(|one| one == ability);
        Self {
            actions: can("actions"),
            markup: can("body-markup"),
        }
    }
}

/// The arguments of `Notify`: app, what it replaces, icon, summary, body, actions, hints, timeout.
fn arguments(note: &Note, abilities: Abilities, show: &str) -> Variant {
    let actions: Vec<&str> = if abilities.actions && note.page.is_some() {
        vec![DEFAULT, show, SHOW, show]
    } else {
        Vec::new()
    };
    let body = if abilities.markup {
        escaped(&note.body)
    } else {
        note.body.clone()
    };
    let urgency: u8 = if note.urgent { 2 } else { 1 };
    let hints = HashMap::from([
        ("urgency", urgency.to_variant()),
        ("desktop-entry", "Turnout".to_variant()),
    ]);
    let as_it_likes = -1_i32;
    (
        "Turnout",
        0_u32,
        "turnout",
        &note.title,
        body,
        actions,
        hints,
        as_it_likes,
    )
        .to_variant()
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(super) fn listen(app: &AppHandle) {
    let bus = match gio::bus_get_sync(BusType::Session, Cancellable::NONE) {
        Ok(bus) => bus,
        Err(error) => return tracing::debug!(%error, "there is no session bus"),
    };
    let opening = app.clone();
    on_signal(&bus, "ActionInvoked", move |told| {
        let Some((number, action)) = told.get::<(u32, String)>() else {
            return;
        };
        let page = opening.state::<Desk>().pages.take(number);
        if let Some(page) = page.filter(|_| action == DEFAULT || action == SHOW) {
            app::show_window(&opening, Some(page));
        }
    });
    let forgetting = app.clone();
    on_signal(&bus, "NotificationClosed", move |told| {
        if let Some((number, _why)) = told.get::<(u32, u32)>() {
            forgetting.state::<Desk>().pages.take(number);
        }
    });
}

/// Calls `then` for each such signal, as long as the app runs.
fn on_signal(bus: &DBusConnection, signal: &str, then: impl Fn(&Variant) + 'static) {
    let kept = bus.clone();
    bus.signal_subscribe(
        Some(NAME),
        Some(NAME),
        Some(signal),
        Some(OBJECT),
        None,
        DBusSignalFlags::NONE,
        move |_, _, _, _, _, told| {
            // The connection closes when nobody holds it.
            let _held = &kept;
            then(told);
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(page: Option<&str>) -> Note {
        Note {
            title: "Switched".to_owned(),
            body: "a <b> & c".to_owned(),
            page: page.map(str::to_owned),
            urgent: false,
        }
    }

    fn abilities(told: &[&str]) -> Abilities {
        Abilities::of(&(told.to_vec(),).to_variant())
    }

    #[test]
    fn only_who_shows_buttons_is_given_some() {
        let actions = |told: &[&str], page| -> Vec<String> {
            let arguments = arguments(&note(page), abilities(told), "Show");
            arguments.child_value(5).get().unwrap()
        };
        let page = Some("/history");
        assert_eq!(
            actions(&["body", "actions"], page),
            ["default", "Show", "show", "Show"]
        );
        assert!(actions(&["body", "actions"], None).is_empty());
        assert!(actions(&["body"], page).is_empty());
    }

    #[test]
    fn only_who_reads_markup_is_sent_some() {
        let body = |told: &[&str]| -> String {
            let arguments = arguments(&note(None), abilities(told), "Show");
            arguments.child_value(4).get().unwrap()
        };
        assert_eq!(body(&["body-markup"]), "a &lt;b&gt; &amp; c");
        assert_eq!(body(&[]), "a <b> & c");
    }

    #[test]
    fn the_arguments_are_those_of_the_specification() {
        let arguments = arguments(&note(None), Abilities::default(), "");
        assert_eq!(arguments.type_().as_str(), "(susssasa{sv}i)");
    }

    #[test]
    fn a_click_is_known_once_and_old_notifications_are_forgotten() {
        let pages = Pages::default();
        pages.put(7, "/usage".to_owned());
        assert_eq!(pages.take(7).as_deref(), Some("/usage"));
        assert_eq!(pages.take(7), None);
        for number in 0..=u32::try_from(KNOWN).unwrap() {
            pages.put(number, "/history".to_owned());
        }
        assert_eq!(pages.take(0), None);
        assert!(pages.take(1).is_some());
    }
}
