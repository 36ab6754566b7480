//! The settings of an SSH server: the same below `clients` and `destinations`.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{HostKeyPolicy, SshAuth, SshServer};

use super::problems::Place;
use super::reader::{Reader, Text};
use super::section::Section;
use super::yaml::Value;

/// The keys of an SSH server.
pub(super) const KEYS: &[&str] = &[
    "type",
    "host",
    "port",
    "username",
    "password",
    "password_file",
    "key_path",
    "key_passphrase",
    "key_passphrase_file",
    "agent",
    "host_key",
    "known_hosts",
    "connect_timeout_seconds",
    "request_timeout_seconds",
];

/// The server that `section` describes.
pub(super) fn server(r: &mut Reader, section: &Section) -> Option<SshServer> {
    let host =
        section.required(r, "host", "a server's name or address").and_then(|t| host(r, section, t));
    let port = section.number(r, "port", 1..=u16::MAX).unwrap_or(22);
    let username = section.required(r, "username", "the name to sign in with");
    let auth = auth(r, section);
    let host_key = host_key(r, section);
    let mut seconds = |key, default, most| {
        Duration::from_secs(section.number(r, key, 1..=most).unwrap_or(default))
    };
    let connect_timeout = seconds("connect_timeout_seconds", 30, 600);
    let request_timeout = seconds("request_timeout_seconds", 60, 3600);
    Some(SshServer {
        host: host?,
        port,
        username: username?.value,
        auth,
        host_key,
        connect_timeout,
        request_timeout,
    })
}

fn host(r: &mut Reader, section: &Section, text: Text) -> Option<String> {
    let host = text.value.trim();
    let plain =
        host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%'));
    // One colon is a port that has a key of its own; several are an IPv6 address.
    if plain && host.matches(':').count() != 1 {
        return Some(host.to_owned());
    }
    r.error(
        text.place,
        format!(
            "{}: expected a name or an address alone (the port has its own key), found {}",
            section.path_of("host"),
            text.shown()
        ),
    );
    None
}

fn auth(r: &mut Reader, section: &Section) -> SshAuth {
    let ways = ["password", "password_file", "key_path", "agent"];
    let none = ways.iter().all(|key| section.node(key).is_none());
    let auth = SshAuth {
        agent: section.flag(r, "agent").unwrap_or(false),
        key_path: existing(r, section, "key_path"),
        key_passphrase: section.secret(r, "key_passphrase"),
        password: section.secret(r, "password"),
    };
    if none {
        let place = Place { width: 0, ..section.place };
        r.error(
            place,
            format!(
                "{}: no way to sign in: expected password, password_file, key_path or agent: true",
                section.path
            ),
        );
    }
    auth
}

/// The path at `key`, with a warning if there is no file now.
fn existing(r: &mut Reader, section: &Section, key: &str) -> Option<PathBuf> {
    let text = section.text(r, key)?;
    let path = r.resolve(&text.value);
    if !path.is_file() {
        let words = format!("{}: there is no file {}", section.path_of(key), path.display());
        r.warn(text.place, words);
    }
    Some(path)
}

fn host_key(r: &mut Reader, section: &Section) -> HostKeyPolicy {
    let before = r.mistakes();
    let pins = section.texts(r, "host_key");
    let known_hosts = existing(r, section, "known_hosts");
    let mut fingerprints = Vec::new();
    for text in pins.iter().flatten() {
        for word in text.value.split([',', ' ', '\t', '\n']).filter(|w| !w.is_empty()) {
            match fingerprint(word) {
                Some(pin) => fingerprints.push(pin),
                None => {
                    let path = section.path_of("host_key");
                    r.error(
                        text.place,
                        format!(
                            "{path}: expected a fingerprint \"SHA256:…\" of 43 characters, as \
                             `ssh-keyscan HOST | ssh-keygen -lf -` shows it, found {}",
                            text.shown()
                        ),
                    );
                    break;
                }
            }
        }
    }
    match (fingerprints.is_empty(), known_hosts) {
        (false, None) => HostKeyPolicy::Pinned(fingerprints),
        (true, Some(path)) => HostKeyPolicy::KnownHosts(path),
        (false, Some(_)) => {
            let path = section.path_of("host_key");
            let place = section.node("host_key").map_or(section.place, |n| n.place);
            r.error(place, format!("{path}: give either host_key or known_hosts, not both"));
            HostKeyPolicy::Missing
        }
        // A pin that could not be read is told already.
        (true, None) if r.mistakes() > before => HostKeyPolicy::Missing,
        (true, None) => {
            let path = &section.path;
            // A reference to nothing says which variable would help.
            let empty = match section.node("host_key").map(|n| &n.value) {
                Some(Value::Scalar { text, .. }) => format!(" ({text} is empty)"),
                _ => String::new(),
            };
            r.warn(
                section.place,
                format!(
                    "{path}: no host_key{empty}: every connection is refused; `transship test` shows the \
                     fingerprint that the server offers"
                ),
            );
            HostKeyPolicy::Missing
        }
    }
}

/// `SHA256:` and 32 bytes in base64, with or without the padding.
fn fingerprint(word: &str) -> Option<String> {
    use base64::Engine as _;
    let digits = word.strip_prefix("SHA256:")?.trim_end_matches('=');
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(digits).ok()?;
    (bytes.len() == 32).then(|| format!("SHA256:{digits}"))
}
