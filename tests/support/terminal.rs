//! A program in a terminal of its own: a pseudo-terminal, and a screen that understands what is written to it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::process::Command;

use crate::until;

/// A running program and its screen.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    master: Box<dyn MasterPty + Send>,
    /// Whether keys were shown and lines edited before the program began, on systems that tell it.
    line_mode: Option<String>,
}

impl Terminal {
    /// Runs a command in a terminal of this size.
    pub fn run(command: &Command, columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let line_mode = line_mode(&*pair.master);
        let child = pair.slave.spawn_command(built(command)).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            NonZero::new(rows).unwrap(),
            NonZero::new(columns).unwrap(),
            0,
        )));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                shown.lock().unwrap().process(&piece[..length]);
            }
        });
        Self {
            child,
            keys: pair.master.take_writer().unwrap(),
            screen,
            master: pair.master,
            line_mode,
        }
    }

    /// Presses keys, as the terminal sends them.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until a text stands on the screen.
    ///
    /// # Panics
    /// When it never does.
    pub async fn shows(&self, text: &str) {
        self.comes_to(&format!("{text:?} on the screen"), |shown| {
            shown.contains(text)
        })
        .await;
    }

    /// Waits until the screen is as it should be; `what` is told when it never is.
    ///
    /// # Panics
    /// When it never is.
    pub async fn comes_to(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let told = Last(self);
        let is_so = &is_so;
        until(
            what,
            move || async move { is_so(&self.text()).then_some(()) },
        )
        .await;
        std::mem::forget(told);
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Waits for its end: its exit status, with the terminal found as it was before.
    ///
    /// # Panics
    /// When the terminal is left in the program's hands.
    pub async fn end(mut self) -> u32 {
        let child = &mut self.child;
        let ended = until("the end of the program", || {
            let ended = child.try_wait().unwrap();
            async move { ended }
        });
        let code = ended.await.exit_code();
        // The last of its output may be on its way.
        let screen = &self.screen;
        until("the terminal as it was", move || async move {
            let parser = screen.lock().unwrap();
            let screen = parser.screen();
            let is_taken =
                screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste();
            (!is_taken).then_some(())
        })
        .await;
        assert_eq!(
            line_mode(&*self.master),
            self.line_mode,
            "the terminal's own settings"
        );
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Tells the screen when waiting for it fails.
struct Last<'a>(&'a Terminal);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        eprintln!("-- the screen at last:\n{}", self.0.text());
    }
}

fn built(command: &Command) -> CommandBuilder {
    let command = command.as_std();
    let mut built = CommandBuilder::new(command.get_program());
    built.env_clear();
    built.args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            built.env(name, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        built.cwd(folder);
    }
    built.env("TERM", "xterm-256color");
    built
}

#[cfg(unix)]
fn line_mode(master: &dyn MasterPty) -> Option<String> {
    let settings = master.get_termios()?;
    Some(format!("{:?}", settings.local_flags))
}

#[cfg(not(unix))]
fn line_mode(_: &dyn MasterPty) -> Option<String> {
    None
}
