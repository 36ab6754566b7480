//! Where to sign in: the settings of the services on either side.

use std::path::PathBuf;
use std::time::Duration;

use super::{Bandwidth, Secret};

/// An account of the Encoura API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncouraAccount {
    /// The name under `clients:`.
    pub name: String,
    /// Base URL without a trailing slash, e.g. `https://api-datalab.encoura.org/v1`.
    pub base_url: String,
    /// The `x-api-key` header.
    pub api_key: Secret,
    /// The `Organization` header; none takes the only one that the login names.
    pub organization_uid: Option<String>,
    /// The login's `userName`.
    pub username: String,
    /// The login's `password`.
    pub password: Secret,
    /// The first word of the Authorization header: `JWT` (default) or `Bearer`.
    pub auth_scheme: String,
}

impl EncouraAccount {
    /// What identifies the account in an export's key: two configurations with
    /// the same one see the same exports.
    pub fn key(&self) -> String {
        format!(
            "{}|{}|{}",
            self.base_url,
            self.username,
            self.organization_uid.as_deref().unwrap_or("")
        )
    }
}

/// An SSH server and how to sign in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshServer {
    /// Host name or address.
    pub host: String,
    /// TCP port, usually 22.
    pub port: u16,
    /// User name; it may hold `@`.
    pub username: String,
    /// How to prove who we are, tried in this order.
    pub auth: SshAuth,
    /// Which host keys are the right ones.
    pub host_key: HostKeyPolicy,
    /// Longest wait for the TCP connection, the handshake and the sign-in, each.
    pub connect_timeout: Duration,
    /// Longest silence of the server while a request is under way.
    pub request_timeout: Duration,
}

/// Ways to sign in; agent first, then key, then password, those that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshAuth {
    /// Ask the SSH agent of the environment.
    pub agent: bool,
    /// A private key file.
    pub key_path: Option<PathBuf>,
    /// The key file's passphrase.
    pub key_passphrase: Option<Secret>,
    /// A password (also used for keyboard-interactive).
    pub password: Option<Secret>,
}

/// Which host keys are accepted. There is no way to accept any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Fingerprints `SHA256:…` (unpadded base64); several for a rotation.
    Pinned(Vec<String>),
    /// A file in the format of OpenSSH's known_hosts.
    KnownHosts(PathBuf),
    /// Nothing is configured: every key is refused, with its fingerprint shown.
    Missing,
}

/// How a file gets its final name at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PublishMode {
    /// Temporary name, verified, then renamed. Exactly once.
    #[default]
    Rename,
    /// Written under the final name, for servers that refuse renames. At least once.
    Direct,
}

/// What to do in direct mode when it is unknown whether a write arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DoubtPolicy {
    /// Wait for the operator.
    #[default]
    Hold,
    /// Send again under another name: may arrive twice.
    Retry,
}

/// How final names are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FinalNames {
    /// `{stem}_{uid8}[_g{generation}].{ext}`: unique for every delivery.
    #[default]
    Unique,
    /// The source's own name; an existing file of that name is waited for.
    Original,
}

/// One entry of `destinations:`: an SFTP folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationSettings {
    /// The name under `destinations:`.
    pub name: String,
    /// The server.
    pub server: SshServer,
    /// The folder that files are delivered into, with a trailing slash.
    pub directory: String,
    /// Where the receiver moves what it took, if it does; with a trailing slash.
    pub processed: Option<String>,
    /// Rename or direct.
    pub publish: PublishMode,
    /// Direct mode's answer to doubt.
    pub on_doubt: DoubtPolicy,
    /// How final names are made.
    pub names: FinalNames,
    /// How long the server keeps files: an older temporary file that is gone
    /// proves nothing. Days.
    pub retention_days: u32,
    /// Sessions kept open to it at the most.
    pub max_sessions: usize,
    /// How many bytes a second may go there, over all sessions.
    pub bandwidth: Bandwidth,
}

impl DestinationSettings {
    /// The destination called `name` on `server`, with the usual settings: files
    /// go into the folder that the server shows after sign-in, by rename, under
    /// unique names.
    pub fn new(name: impl Into<String>, server: SshServer) -> Self {
        Self {
            name: name.into(),
            server,
            directory: "./".into(),
            processed: None,
            publish: PublishMode::default(),
            on_doubt: DoubtPolicy::default(),
            names: FinalNames::default(),
            retention_days: 30,
            max_sessions: 4,
            bandwidth: Bandwidth::default(),
        }
    }

    /// Where files go, as one text: a delivery remembers it, so that a changed
    /// configuration is never taken for the place where its rename was sent.
    pub fn target(&self) -> String {
        let s = &self.server;
        format!("{}@{}:{}{}", s.username, s.host, s.port, self.directory)
    }
}
