//! How much memory this program has at most, as Linux tells it.

/// Forgets what was most until now. Whether that can be told here.
pub(crate) fn forget_most() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Kilobytes that were resident at most, and that are now.
pub(crate) fn resident() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    Some((line("VmHWM:")?, line("VmRSS:")?))
}
