//! What the system tells of this process.

/// Memory, threads and files of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// Resident memory, in bytes.
    pub(crate) resident_bytes: u64,
    /// Threads.
    pub(crate) threads: u64,
    /// Open file descriptors.
    pub(crate) open_files: u64,
}

/// Linux tells it in `/proc/self`; `None` where that cannot be read.
#[cfg(target_os = "linux")]
pub(crate) fn look() -> Option<Process> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let number = |name: &str| {
        let mut lines = status.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    };
    let files = std::fs::read_dir("/proc/self/fd").ok()?;
    Some(Process {
        resident_bytes: number("VmRSS:")? * 1024,
        threads: number("Threads:")?,
        open_files: files.count() as u64,
    })
}

/// Other systems tell it by calls that are not made here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn look() -> Option<Process> {
    None
}
