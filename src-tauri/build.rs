//! Has Tauri check `tauri.conf.json` and the capabilities, and embeds what Windows and macOS want in a program.

fn main() {
    tauri_build::build();
}
