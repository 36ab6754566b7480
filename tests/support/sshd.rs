//! A real OpenSSH server on a free loopback port, with keys of its own, for the
//! user that runs the tests.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use transship::model::{HostKeyPolicy, SshAuth, SshServer};

const SSHD: &str = "/usr/sbin/sshd";

/// The server; it and its connections end when this is dropped.
pub struct Sshd {
    folder: TempDir,
    port: u16,
    listener: Option<Child>,
}

/// How the server differs from the usual one.
#[derive(Default)]
pub struct SshdOptions {
    lines: Vec<String>,
    denied: Vec<String>,
    host_keys: Vec<&'static str>,
}

impl SshdOptions {
    /// One more line for `sshd_config`.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// An SFTP request that is refused and, if it is an extension, not offered:
    /// `posix-rename`, `fsync`, `limits`, `rename` …
    pub fn deny(mut self, request: &str) -> Self {
        self.denied.push(request.to_owned());
        self
    }

    /// A kind of host key that it has (`ed25519`, `rsa`, `ecdsa`); ed25519 alone if none is named.
    pub fn host_key(mut self, kind: &'static str) -> Self {
        self.host_keys.push(kind);
        self
    }

    pub fn start(self) -> Sshd {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        keygen(&folder.path().join("client_key"), "ed25519");
        let authorized = folder.path().join("authorized_keys");
        fs::copy(folder.path().join("client_key.pub"), &authorized).unwrap();
        let kinds =
            if self.host_keys.is_empty() { vec!["ed25519"] } else { self.host_keys.clone() };
        let mut config = String::new();
        for kind in kinds {
            let key = folder.path().join(format!("host_{kind}"));
            keygen(&key, kind);
            config += &format!("HostKey {}\n", key.display());
        }
        let denied = match self.denied.is_empty() {
            true => String::new(),
            false => format!(" -P {}", self.denied.join(",")),
        };
        // The first value of a keyword counts: what the test asks for comes first.
        for line in &self.lines {
            config += &format!("{line}\n");
        }
        config += &format!(
            "AuthorizedKeysFile {}\nPidFile none\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\n\
             MaxStartups 100\nLogLevel VERBOSE\nSubsystem sftp internal-sftp{denied}\n",
            authorized.display()
        );
        fs::write(folder.path().join("sshd_config"), config).unwrap();
        let mut sshd = Sshd { folder, port: 0, listener: None };
        // Between finding a free port and using it somebody else may take it.
        for _ in 0..20 {
            sshd.port = free_port();
            if sshd.try_start() {
                return sshd;
            }
        }
        panic!("sshd does not start: {}", sshd.log());
    }
}

impl Sshd {
    /// A server with all of OpenSSH's extensions.
    pub fn start() -> Self {
        Self::options().start()
    }

    pub fn options() -> SshdOptions {
        SshdOptions::default()
    }

    /// How to sign in to it.
    pub fn server(&self) -> SshServer {
        SshServer {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: self.port,
            username: user(),
            auth: SshAuth { key_path: Some(self.client_key()), ..SshAuth::default() },
            host_key: HostKeyPolicy::Pinned(vec![self.fingerprint()]),
            connect_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(20),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("client_key")
    }

    /// A folder that is there for the test; the server serves the whole machine.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// `SHA256:…` of its first host key.
    pub fn fingerprint(&self) -> String {
        let kind = ["ed25519", "rsa", "ecdsa"].into_iter().find(|k| self.public_key(k).exists());
        self.fingerprint_of(kind.unwrap())
    }

    /// `SHA256:…` of its host key of this kind.
    pub fn fingerprint_of(&self, kind: &str) -> String {
        let line = output(Command::new("ssh-keygen").arg("-lf").arg(self.public_key(kind)));
        line.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap().to_owned()
    }

    /// The file with its public host key of this kind.
    pub fn public_key(&self, kind: &str) -> PathBuf {
        self.folder.path().join(format!("host_{kind}.pub"))
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Ends it and all its connections.
    pub fn stop(&mut self) {
        let connections = self.connections();
        if let Some(mut listener) = self.listener.take() {
            let _ = listener.kill();
            let _ = listener.wait();
        }
        signal("KILL", &connections);
    }

    /// Starts it again on the same port, with the same keys.
    pub fn restart(&mut self) {
        self.stop();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.try_start() {
            assert!(Instant::now() < deadline, "sshd does not restart: {}", self.log());
        }
    }

    /// Ends all connections; the server goes on.
    pub fn cut_connections(&self) {
        signal("KILL", &self.connections());
    }

    /// Stops all connections from answering, without ending them.
    pub fn freeze_connections(&self) {
        signal("STOP", &self.connections());
    }

    /// How many connections it serves.
    pub fn connection_count(&self) -> usize {
        self.listener.as_ref().map_or(0, |listener| children(listener.id()).len())
    }

    /// The process that listens.
    pub fn pid(&self) -> Option<u32> {
        self.listener.as_ref().map(Child::id)
    }

    /// The processes that serve connections.
    pub fn connections(&self) -> Vec<u32> {
        let Some(listener) = &self.listener else { return Vec::new() };
        let (mut found, mut next) = (Vec::new(), children(listener.id()));
        while let Some(pid) = next.pop() {
            next.extend(children(pid));
            found.push(pid);
        }
        found
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("sshd.log")
    }

    fn try_start(&mut self) -> bool {
        if user() == "root" {
            // Where sshd separates privileges; made at boot by the init system.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut child = Command::new(SSHD)
            .args(["-D", "-f"])
            .arg(self.folder.path().join("sshd_config"))
            .arg("-E")
            .arg(self.log_file())
            .arg("-o")
            .arg(format!("ListenAddress 127.0.0.1:{}", self.port))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssh-server is installed");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if greets(self.port) {
                self.listener = Some(child);
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::yield_now();
        }
        let _ = child.kill();
        let _ = child.wait();
        false
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The user that runs the tests.
pub fn user() -> String {
    output(Command::new("id").arg("-un")).trim().to_owned()
}

fn greets(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut tcp) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut head = [0; 4];
    tcp.read_exact(&mut head).is_ok() && &head == b"SSH-"
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn keygen(file: &Path, kind: &str) {
    output(Command::new("ssh-keygen").args(["-q", "-N", "", "-t", kind, "-f"]).arg(file));
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // `pid (name) state ppid …`; the name may hold anything, brackets too.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        if after_name.split_whitespace().nth(1) == Some(&parent.to_string()) {
            found.push(pid);
        }
    }
    found
}

fn signal(name: &str, processes: &[u32]) {
    if processes.is_empty() {
        return;
    }
    // Some may have ended by themselves.
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(processes.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
}
