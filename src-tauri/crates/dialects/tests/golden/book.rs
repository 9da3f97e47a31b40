//! Goldens: what was written when somebody last looked, compared with what is written now.

use std::{collections::BTreeSet, fs, path::PathBuf};

use dialects::Dialect;

use crate::captures::{Capture, folder};

/// The goldens of one kind of capture, compared all before anything fails.
#[derive(Default)]
pub(crate) struct Book {
    seen: BTreeSet<PathBuf>,
    wrong: Vec<String>,
}

impl Book {
    /// Compares what became of `capture` for `target` with its golden file.
    pub(crate) fn hold(&mut self, capture: &Capture, target: Dialect, format: &str, now: &[u8]) {
        let name = format!("{}.{}.{format}", capture.stem(), target.as_str());
        let path = folder_of(capture.dialect).join(&name);
        self.seen.insert(path.clone());
        let kept = fs::read(&path).unwrap_or_default();
        if kept == now {
            return;
        }
        if updating() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, now).unwrap();
            return;
        }
        let (kept, now) = (String::from_utf8_lossy(&kept), String::from_utf8_lossy(now));
        let differs = kept
            .lines()
            .chain([""])
            .zip(now.lines().chain([""]))
            .position(|(kept, now)| kept != now)
            .unwrap_or_default();
        let line = |text: &str| text.lines().nth(differs).unwrap_or("(nothing)").to_owned();
        self.wrong.push(format!(
            "{}/golden/{name}, line {}\n  golden: {}\n  now:    {}",
            capture.dialect.as_str(),
            differs + 1,
            line(&kept),
            line(&now),
        ));
    }

    /// Fails with all that differs, and with golden files of captures that are gone.
    pub(crate) fn close(mut self, formats: &[&str], whose: impl Fn(&str) -> bool) {
        for dialect in Dialect::ALL {
            for entry in fs::read_dir(folder_of(dialect)).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let ours = formats.iter().any(|format| name.ends_with(format)) && whose(&name);
                if !ours || self.seen.contains(&path) {
                    continue;
                }
                if updating() {
                    fs::remove_file(&path).unwrap();
                } else {
                    let folder = dialect.as_str();
                    self.wrong
                        .push(format!("{folder}/golden/{name} belongs to no capture"));
                }
            }
        }
        assert!(
            self.wrong.is_empty(),
            "{} goldens differ; look at them, and write them anew with UPDATE=1:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }
}

fn folder_of(dialect: Dialect) -> PathBuf {
    folder().join(dialect.as_str()).join("golden")
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value != "0")
}
