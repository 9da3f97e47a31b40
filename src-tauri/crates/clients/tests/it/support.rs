//! A home with a client's settings in it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clients::{Client, Clients, Disk, LocalDisk, Plan, Surroundings, Target};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "tk-0123456789abcdef";

pub(crate) struct Home {
    pub(crate) scratch: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let home = Self::new();
        for (name, text) in files {
            home.write(name, text);
        }
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    pub(crate) fn around(&self) -> Surroundings {
        Surroundings {
            home: Some(self.scratch.path().to_owned()),
            ..Surroundings::default()
        }
    }

    pub(crate) fn clients(&self) -> Clients {
        self.clients_of("data")
    }

    pub(crate) fn clients_of(&self, data: &str) -> Clients {
        Clients::new(self.path(data), self.around())
    }

    pub(crate) fn breaking(&self, after: usize) -> Clients {
        let disk = Breaking {
            left: AtomicUsize::new(after),
        };
        Clients::with_disk(self.path("data"), self.around(), Arc::new(disk))
    }
}

pub(crate) fn target() -> Target {
    Target {
        base_url: "http://127.0.0.1:7790".into(),
        token: Some(TOKEN.into()),
        own_login: false,
    }
}

/// Both steps.
pub(crate) fn disconnect(clients: &Clients, client: Client) -> Plan {
    let plan = clients.disconnect(client).unwrap();
    clients.finish().unwrap();
    plan
}

/// A file of each client that matters most.
pub(crate) fn main_file(client: Client) -> &'static str {
    match client {
        Client::ClaudeCode => ".claude/settings.json",
        Client::Codex => ".codex/config.toml",
        Client::GeminiCli => ".gemini/.env",
    }
}

/// A disk that stops to take anything after so many changes, as a machine does whose power goes.
#[derive(Debug)]
struct Breaking {
    left: AtomicUsize,
}

impl Breaking {
    fn step(&self) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(io::Error::other("the power went"));
        }
        self.left.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

impl Disk for Breaking {
    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        self.step()?;
        LocalDisk.replace(path, text)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.remove(path)
    }
}
