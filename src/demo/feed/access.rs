//! How a client reaches the feed.

use serde_json::{Value, json};

use super::OUTGOING;
use crate::demo::access::{SftpAccess, pinned};
use crate::model::{Secret, SshServer};

/// How to sign in to the partner's folder. Any user with any password may, but for the
/// receiver's own user: the name and password here are as good as others.
#[derive(Clone, Debug)]
pub struct FeedAccess {
    /// `127.0.0.1`.
    pub host: String,
    /// TCP port; the SFTP server's.
    pub port: u16,
    /// `SHA256:…`, to be pinned.
    pub host_key: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// The folder, without a trailing slash.
    pub directory: String,
}

impl FeedAccess {
    /// The feed of the server that `sftp` leads to.
    pub(in crate::demo) fn beside(sftp: &SftpAccess) -> Self {
        Self {
            host: sftp.host.clone(),
            port: sftp.port,
            host_key: sftp.host_key.clone(),
            username: "partner".to_owned(),
            password: Secret::new("any password"),
            directory: OUTGOING.to_owned(),
        }
    }

    /// The same as a server with its key pinned and the password as proof.
    pub fn server(&self) -> SshServer {
        let Self { host, port, host_key, username, password, .. } = self;
        pinned((host, *port), host_key, username, password)
    }

    /// As `sim --json` prints it.
    pub(in crate::demo) fn json(&self) -> Value {
        json!({
            "host": self.host,
            "port": self.port,
            "host_key": self.host_key,
            "username": self.username,
            "password": self.password.expose(),
            "directory": self.directory,
        })
    }
}
