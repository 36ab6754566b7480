//! OpenSSH's known_hosts file: which keys belong to one host.
//!
//! Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Hashed names, `[host]:port`,
//! wildcards, negation and `@revoked` are honoured; `@cert-authority` lines are
//! not for us, since no host certificates are asked for.

use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::host_key::Family;
use crate::model::{Failure, FailureClass};

/// The port that is left out in the file.
const DEFAULT_PORT: u16 = 22;

/// The file's lines that speak of one host.
pub(super) struct KnownHosts {
    file: PathBuf,
    entries: Vec<Entry>,
}

struct Entry {
    revoked: bool,
    kind: String,
    key: Vec<u8>,
}

/// How an offered key stands to the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The file has exactly this key for the host.
    Same,
    /// The file has other keys for the host, of this kind or another.
    Other,
    /// The file says never to accept this key.
    Revoked,
    /// The file does not know the host.
    Unknown,
}

impl KnownHosts {
    /// Reads the lines of `file` about `host`. A file that cannot be read is an
    /// error: "unknown host" would invite the operator to trust a new key.
    pub(super) fn load(file: &Path, host: &str, port: u16) -> Result<Self, Failure> {
        let content = std::fs::read(file).map_err(|e| {
            let path = file.display().to_string();
            Failure::new(FailureClass::Misconfigured, "reading known hosts from", path)
                .said(e)
                .advice("correct known_hosts in the configuration, or pin the key with host_key")
        })?;
        Ok(Self::parse(file, &String::from_utf8_lossy(&content), host, port))
    }

    fn parse(file: &Path, content: &str, host: &str, port: u16) -> Self {
        let host = host.to_lowercase();
        let name = if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") };
        let entries = content.lines().filter_map(|line| entry(line, &name)).collect();
        Self { file: file.to_owned(), entries }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The kinds of key that the file has for the host.
    pub(super) fn families(&self) -> Vec<Family> {
        let valid = self.entries.iter().filter(|entry| !entry.revoked);
        valid.filter_map(|entry| Family::of(&entry.kind)).collect()
    }

    pub(super) fn find(&self, key: &[u8]) -> Match {
        let same = |entry: &&Entry| entry.key == key;
        if self.entries.iter().filter(same).any(|entry| entry.revoked) {
            Match::Revoked
        } else if self.entries.iter().any(|entry| same(&entry)) {
            Match::Same
        } else if self.entries.iter().any(|entry| !entry.revoked) {
            Match::Other
        } else {
            Match::Unknown
        }
    }
}

/// The line's key, if the line speaks of `name`.
fn entry(line: &str, name: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace().peekable();
    let revoked = match fields.peek()? {
        marker if *marker == "@revoked" => fields.next().is_some(),
        other if other.starts_with(['#', '@']) => return None,
        _ => false,
    };
    let (names, kind, key) = (fields.next()?, fields.next()?, fields.next()?);
    if !speaks_of(names, name) {
        return None;
    }
    Some(Entry { revoked, kind: kind.to_owned(), key: STANDARD.decode(key).ok()? })
}

fn speaks_of(names: &str, name: &str) -> bool {
    if let Some(hashed) = names.strip_prefix("|1|") {
        return hashed_name(hashed, name).unwrap_or(false);
    }
    let mut found = false;
    for pattern in names.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(&negated.to_lowercase(), name) => return false,
            Some(_) => {}
            None => found |= matches(&pattern.to_lowercase(), name),
        }
    }
    found
}

/// `salt|hash`, the hash being HMAC-SHA1 of the name under the salt.
fn hashed_name(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let salt = STANDARD.decode(salt).ok()?;
    let hash = STANDARD.decode(hash).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    Some(hmac::verify(&key, name.as_bytes(), &hash).is_ok())
}

/// Whether `pattern`, with `*` and `?`, is `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go back to when what followed the last `*` did not fit.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star_p, star_n)) = star else { return false };
                star = Some((star_p, star_n + 1));
                p = star_p + 1;
                n = star_n + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not real keys: only their sameness counts here.
    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAA";
    const OTHER: &str = "AAAAB3NzaC1yc2EAAAADAQAB";

    fn find(content: &str, host: &str, port: u16) -> Match {
        let known = KnownHosts::parse(Path::new("known_hosts"), content, host, port);
        known.find(&STANDARD.decode(KEY).unwrap())
    }

    #[test]
    fn lines_are_read_as_openssh_reads_them() {
        let hashed = hashed_line("sftp.example");
        for (line, host, port, expected) in [
            (format!("sftp.example ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Same),
            (format!("SFTP.example ssh-ed25519 {KEY}"), "sftp.EXAMPLE", 22, Match::Same),
            (format!("sftp.example ssh-ed25519 {KEY} a comment"), "sftp.example", 22, Match::Same),
            (format!("sftp.example ssh-ed25519 {KEY}"), "sftp.example", 2222, Match::Unknown),
            (format!("[sftp.example]:2222 ssh-ed25519 {KEY}"), "sftp.example", 2222, Match::Same),
            (format!("[sftp.example]:2222 ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Unknown),
            (format!("a,sftp.example,b ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Same),
            (format!("*.example ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Same),
            (format!("*.example,!sftp.* ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Unknown),
            (format!("sftp.example ssh-rsa {OTHER}"), "sftp.example", 22, Match::Other),
            (
                format!("@revoked sftp.example ssh-ed25519 {KEY}"),
                "sftp.example",
                22,
                Match::Revoked,
            ),
            (
                format!("@revoked * ssh-ed25519 {KEY}\nsftp.example ssh-ed25519 {KEY}"),
                "sftp.example",
                22,
                Match::Revoked,
            ),
            (format!("@cert-authority * ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Unknown),
            (format!("# sftp.example ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Unknown),
            ("sftp.example ssh-ed25519".to_owned(), "sftp.example", 22, Match::Unknown),
            ("sftp.example ssh-ed25519 !!!".to_owned(), "sftp.example", 22, Match::Unknown),
            (format!("{hashed} ssh-ed25519 {KEY}"), "sftp.example", 22, Match::Same),
            (format!("{hashed} ssh-ed25519 {KEY}"), "other.example", 22, Match::Unknown),
            (String::new(), "sftp.example", 22, Match::Unknown),
        ] {
            assert_eq!(find(&line, host, port), expected, "{line} for {host}:{port}");
        }
    }

    /// A name hashed with a fixed salt, as `ssh-keygen -H` does with a random one.
    fn hashed_line(name: &str) -> String {
        let salt = [7u8; 20];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
        let hash = hmac::sign(&key, name.as_bytes());
        format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
    }

    #[test]
    fn an_unreadable_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let failure = KnownHosts::load(&folder.path().join("none"), "h", 22).err().unwrap();
        assert_eq!(failure.class, FailureClass::Misconfigured);
        assert!(KnownHosts::load(folder.path(), "h", 22).is_err(), "a folder is no file");
    }

    #[test]
    fn no_known_hosts_breaks_its_reader() {
        crate::fuzz::fuzz("known_hosts", |bytes| {
            for line in String::from_utf8_lossy(bytes).lines() {
                let _ = entry(line, "[127.0.0.1]:2222");
            }
        });
    }
}
