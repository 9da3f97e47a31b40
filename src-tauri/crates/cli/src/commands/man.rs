//! `man`: the manual, made from what the help says.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::args::Args;
use crate::screen;

/// Writes a page for the program and one for each command.
pub(crate) fn man(dir: &Path, program: &'static str) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)
        .with_context(|| format!("the folder {} cannot be made", dir.display()))?;
    let manual = Args::command().name(program).bin_name(program);
    clap_mangen::generate_to(manual, dir)
        .with_context(|| format!("man pages cannot be written to {}", dir.display()))?;
    let told = format!(
        "the manual is in {}; `man {}` shows it",
        dir.display(),
        dir.join(format!("{program}.1")).display()
    );
    Ok(screen::stdout().line(told)?)
}
