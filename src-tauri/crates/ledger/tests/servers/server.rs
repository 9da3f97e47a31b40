//! A database server for the tests, from the system's packages, on loopback alone. The first test that
//! needs it starts it; a watcher of its own stops it when no test has used it for a few seconds. Where
//! it is not installed, the tests fail and say what to do.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};

/// Which server, and how it is made ready and started.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Prepares the data folder `$1` and, by `$CERTIFICATE`, the folder `tls` beside it; fails where the server is
    /// not installed.
    pub(crate) prepare: &'static str,
    /// Serves the data folder `$1` at the port `$2`.
    pub(crate) serve: &'static str,
    /// URL of an existing database, with `{port}`.
    pub(crate) url: &'static str,
    /// What stands for the database's name in a URL.
    pub(crate) new: &'static str,
}

/// Stops the server `$3…` once nobody holds the lock `$1/users` shared.
const WATCH: &str = r#"
folder=$1; data=$2; shift 2
sh -c "$1" sh "$data" "$2" & server=$!
trap 'kill $server' TERM
while sleep 2; do
    kill -0 $server 2>/dev/null || exit 1
    if flock "$folder/start" sh -c 'flock -n "$1/users" true && rm -f "$1/port"' sh "$folder"; then break; fi
done
kill $server; wait $server; rm -rf "$data"
"#;

/// Makes, in the new folder `$1`, a certificate for this machine (`server.pem`, `server.key`) of an authority
/// (`ca.pem`), and one of another authority that has signed nothing here (`other.pem`).
const CERTIFICATE: &str = r#"
rm -rf "$1" && mkdir "$1" && cd "$1" && {
    ca() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" \
            -days 3650 -subj "/CN=Turnout's tests: $1"
    }
    ca ca && ca other &&
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=server &&
    printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' > ext &&
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 3650 -extfile ext -out server.pem &&
    chmod 600 server.key
}
"#;

/// Keeps the server running.
#[derive(Debug)]
pub(crate) struct Held {
    _users: File,
    port: u16,
}

impl Server {
    /// The URL of a new, empty database; the server runs at least as long as `Held` is kept.
    pub(crate) fn database(&self) -> (Held, String) {
        let held = self.hold();
        let name = format!("t{}_{}", std::process::id(), unique());
        let create = format!("CREATE DATABASE {name}");
        let admin = self.url.replace("{port}", &held.port.to_string());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                sqlx::any::install_default_drivers();
                let begun = Instant::now();
                // It listens before it serves.
                let mut conn = loop {
                    match sqlx::AnyConnection::connect(&admin).await {
                        Err(error) => {
                            assert!(begun.elapsed() < Duration::from_mins(1), "{error}");
                            wait();
                        }
                        Ok(conn) => break conn,
                    }
                };
                conn.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create)))
                    .await
                    .unwrap();
                conn.close().await.unwrap();
            });
        })
        .join()
        .unwrap();
        let url = self.new.replace("{port}", &held.port.to_string());
        (held, url.replace("{name}", &name))
    }

    fn folder(&self) -> PathBuf {
        std::env::temp_dir().join(format!("turnout-tests-{}", self.name))
    }

    /// Where the certificate of an authority is: of the one that signed the server's, `ca`, or of the `other` one.
    pub(crate) fn authority(&self, name: &str) -> PathBuf {
        self.folder().join("tls").join(name).with_extension("pem")
    }

    fn hold(&self) -> Held {
        let folder = self.folder();
        std::fs::create_dir_all(&folder).unwrap();
        let start = open(&folder.join("start"));
        start.lock().unwrap();
        let users = open(&folder.join("users"));
        users.lock_shared().unwrap();
        let known = std::fs::read_to_string(folder.join("port")).ok();
        let known = known.and_then(|port| port.trim().parse().ok());
        let port = match known {
            Some(port) if answers(port) => port,
            _ => self.start(&folder),
        };
        Held {
            _users: users,
            port,
        }
    }

    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this test and ends by itself"
    )]
    fn start(&self, folder: &Path) -> u16 {
        let data = folder.join(format!("data-{}-{}", std::process::id(), unique()));
        let prepared = Command::new("sh")
            .args(["-c", self.prepare, "sh"])
            .env("CERTIFICATE", CERTIFICATE)
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            prepared.status.success(),
            "{} cannot be started; .ci/setup installs it: {}",
            self.name,
            String::from_utf8_lossy(&prepared.stderr)
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = || Stdio::from(File::create(folder.join("log")).unwrap());
        Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .args([folder, &data])
            .args([self.serve, &port.to_string()])
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .process_group(0)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !answers(port) {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{} did not start; see {}/log",
                self.name,
                folder.display()
            );
            wait();
        }
        std::fs::write(folder.join("port"), port.to_string()).unwrap();
        port
    }
}

fn open(path: &PathBuf) -> File {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "another program tells nothing when it is ready"
)]
fn wait() {
    std::thread::sleep(Duration::from_millis(50));
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
