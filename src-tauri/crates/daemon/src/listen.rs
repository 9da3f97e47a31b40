//! The address that clients call: taking it, and saying what is in the way.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use tokio::net::TcpListener;

use crate::handle::{Daemon, StartError};

/// Takes the address.
pub(crate) async fn listen(address: SocketAddr, config: &Path) -> Result<TcpListener, StartError> {
    let config = config.to_owned();
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => StartError::AddressInUse {
                address,
                by: occupant(address),
                config,
            },
            _ => StartError::Address {
                address,
                source,
                config,
            },
        })
}

/// Where to call what listens on `address` from this machine.
pub(crate) fn base_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

impl Daemon {
    /// Where clients point, such as `http://127.0.0.1:7790`.
    pub fn base_url(&self) -> String {
        base_url(self.instance().address)
    }
}

/// Who listens there, as a noun.
pub(crate) fn occupant(address: SocketAddr) -> String {
    owner(address).unwrap_or_else(|| "another program".to_owned())
}

/// Linux tells sockets by inode in `/proc/net` and each process's open files in `/proc/PID/fd`.
#[cfg(target_os = "linux")]
fn owner(address: SocketAddr) -> Option<String> {
    let link = format!("socket:[{}]", inode(address.port())?);
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pid = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| {
            let files = std::fs::read_dir(format!("/proc/{pid}/fd"))
                .into_iter()
                .flatten()
                .flatten();
            files
                .filter_map(|file| std::fs::read_link(file.path()).ok())
                .any(|to| to.as_os_str() == link.as_str())
        })?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (process {pid})", name.trim()))
}

/// The socket that listens on this port (state `0A`).
#[cfg(target_os = "linux")]
fn inode(port: u16) -> Option<String> {
    let port = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| {
            let table = std::fs::read_to_string(table).ok()?;
            let mut rows = table
                .lines()
                .skip(1)
                .map(|line| line.split_whitespace().collect::<Vec<_>>());
            let row =
                rows.find(|row| row.len() > 9 && row[1].ends_with(&port) && row[3] == "0A")?;
            Some(row[9].to_owned())
        })
}

#[cfg(not(target_os = "linux"))]
fn owner(_: SocketAddr) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_called_by_the_loopback_one() {
        let cases = [
            ("127.0.0.1:7790", "http://127.0.0.1:7790"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("192.0.2.1:80", "http://192.0.2.1:80"),
        ];
        for (address, url) in cases {
            assert_eq!(base_url(address.parse().unwrap()), url);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_owner_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let told = occupant(listener.local_addr().unwrap());
        assert!(
            told.ends_with(&format!("(process {})", std::process::id())),
            "{told}"
        );
    }
}
