//! What people use instead, on the same server with the same key.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sshd::{Sshd, user};

/// The server as every program reaches it.
pub struct Server {
    pub port: u16,
    pub user: String,
    pub key: PathBuf,
    pub fingerprint: String,
    known_hosts: PathBuf,
    folder: PathBuf,
}

impl Server {
    /// `sshd` behind `port`; what the programs need to know of it goes into `folder`.
    pub fn new(sshd: &Sshd, port: u16, folder: &Path) -> Self {
        let known_hosts = folder.join("known_hosts");
        let key = std::fs::read_to_string(sshd.public_key("ed25519")).unwrap();
        std::fs::write(&known_hosts, format!("[127.0.0.1]:{port} {key}")).unwrap();
        Self {
            port,
            user: user(),
            key: sshd.client_key(),
            fingerprint: sshd.fingerprint(),
            known_hosts,
            folder: folder.to_owned(),
        }
    }

    fn ssh_options(&self) -> Vec<String> {
        [
            format!("IdentityFile={}", self.key.display()),
            "IdentitiesOnly=yes".into(),
            format!("UserKnownHostsFile={}", self.known_hosts.display()),
            "StrictHostKeyChecking=yes".into(),
        ]
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect()
    }
}

/// A program.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    /// OpenSSH's, as it comes.
    Sftp,
    /// The same with the cipher that we ask for where the processor has AES.
    SftpAes,
    /// With eight connections.
    Lftp,
    /// As it comes.
    Rclone,
    /// With the flags that its documentation gives for this.
    RcloneTuned,
    /// Python's, in a script that uploads what it is told to.
    Paramiko,
}

/// Ends the run where one of them is missing.
pub fn all_there() {
    for (program, flag) in [("lftp", "--version"), ("rclone", "version"), ("sftp", "-V")] {
        assert!(Command::new(program).arg(flag).output().is_ok(), "{program} is not installed");
    }
    let paramiko = Command::new(python()).args(["-c", "import paramiko"]).output();
    assert!(paramiko.is_ok_and(|o| o.status.success()), "no paramiko: set PYTHON to one with it");
}

fn python() -> String {
    std::env::var("PYTHON").unwrap_or_else(|_| "python3".into())
}

impl Peer {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sftp => "sftp",
            Self::SftpAes => "sftp, AES-GCM",
            Self::Lftp => "lftp -P8",
            Self::Rclone => "rclone",
            Self::RcloneTuned => "rclone, tuned",
            Self::Paramiko => "paramiko",
        }
    }

    /// What `PEERS` calls it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Sftp => "sftp",
            Self::SftpAes => "sftp-aes",
            Self::Lftp => "lftp",
            Self::Rclone => "rclone",
            Self::RcloneTuned => "rclone-tuned",
            Self::Paramiko => "paramiko",
        }
    }

    /// Copies `names` from the folder `from` to the folder `to`, one of which is over there.
    pub fn command(
        &self,
        server: &Server,
        up: bool,
        from: &Path,
        to: &Path,
        names: &[String],
    ) -> Command {
        match self {
            Self::Sftp => sftp(server, up, from, to, names, &[]),
            Self::SftpAes => sftp(server, up, from, to, names, &["-c", "aes128-gcm@openssh.com"]),
            Self::Lftp => lftp(server, up, from, to),
            Self::Rclone => rclone(server, up, from, to, &[]),
            Self::RcloneTuned => {
                // Without the hashes that it has the server's shell make, and the times: it
                // waits ten times as long for those as for the bytes of a small file.
                let flags = [
                    "--transfers=32",
                    "--checkers=32",
                    "--sftp-concurrency=128",
                    "--sftp-disable-hashcheck",
                    "--sftp-set-modtime=false",
                ];
                rclone(server, up, from, to, &flags)
            }
            Self::Paramiko => paramiko(server, up, from, to),
        }
    }
}

fn sftp(
    server: &Server,
    up: bool,
    from: &Path,
    to: &Path,
    names: &[String],
    flags: &[&str],
) -> Command {
    let verb = if up { "put" } else { "get" };
    let lines = names
        .iter()
        .map(|name| format!("{verb} {} {}\n", from.join(name).display(), to.join(name).display()));
    let batch = server.folder.join("batch");
    std::fs::write(&batch, lines.collect::<String>()).unwrap();
    let mut command = Command::new("sftp");
    command.args(flags).arg("-q").arg("-b").arg(batch).arg("-P").arg(server.port.to_string());
    command.args(server.ssh_options()).arg(format!("{}@127.0.0.1", server.user));
    command
}

fn lftp(server: &Server, up: bool, from: &Path, to: &Path) -> Command {
    let direction = if up { "-R " } else { "" };
    let script = format!(
        "set sftp:connect-program \"ssh -a -x {}\"; set cmd:fail-exit true; \
         open -u {},none sftp://127.0.0.1:{}; mirror {direction}-P8 {} {}",
        server.ssh_options().join(" "),
        server.user,
        server.port,
        from.display(),
        to.display()
    );
    let mut command = Command::new("lftp");
    command.arg("--norc").arg("-c").arg(script);
    command
}

fn rclone(server: &Server, up: bool, from: &Path, to: &Path, flags: &[&str]) -> Command {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let (from, to) = if up { (from, format!(":sftp:{to}")) } else { (format!(":sftp:{from}"), to) };
    let mut command = Command::new("rclone");
    command.args(["--config", "", "copy", &from, &to, "--sftp-host=127.0.0.1"]);
    command.arg(format!("--sftp-port={}", server.port)).arg(format!("--sftp-user={}", server.user));
    command.arg(format!("--sftp-key-file={}", server.key.display()));
    command.arg(format!("--sftp-known-hosts-file={}", server.known_hosts.display()));
    command.args(flags);
    command
}

/// As its manual does it: one connection, `put` or `get` for each file.
const PARAMIKO: &str = "
import os, paramiko, sys
port, user, key, known, verb, source, target = sys.argv[1:]
ssh = paramiko.SSHClient()
ssh.load_host_keys(known)
ssh.connect('127.0.0.1', int(port), user, key_filename=key, allow_agent=False, look_for_keys=False)
sftp = ssh.open_sftp()
for name in os.listdir(source):
    getattr(sftp, verb)(os.path.join(source, name), os.path.join(target, name))
ssh.close()
";

fn paramiko(server: &Server, up: bool, from: &Path, to: &Path) -> Command {
    let mut command = Command::new(python());
    command.arg("-c").arg(PARAMIKO).arg(server.port.to_string()).arg(&server.user);
    command.arg(&server.key).arg(&server.known_hosts).arg(if up { "put" } else { "get" });
    command.arg(from).arg(to);
    command
}
