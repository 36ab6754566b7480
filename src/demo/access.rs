//! How to reach the stand-ins.

use std::time::Duration;

use serde_json::{Value, json};

use super::google_drive::GoogleDriveAccess;
use super::stand_ins::StandIns;
use crate::model::{EncouraAccount, HostKeyPolicy, Secret, SshAuth, SshServer};

/// How to sign in to the Encoura stand-in.
#[derive(Clone, Debug)]
pub struct EncouraAccess {
    /// With `/v1`, without a trailing slash.
    pub base_url: String,
    /// The `x-api-key` header.
    pub api_key: Secret,
    /// The login's `userName`.
    pub username: String,
    /// The login's `password`.
    pub password: Secret,
    /// The organisation that owns the exports.
    pub organization_uid: String,
}

impl EncouraAccess {
    /// The same as an account named `name`.
    pub fn account(&self, name: &str) -> EncouraAccount {
        EncouraAccount {
            name: name.to_owned(),
            base_url: self.base_url.clone(),
            api_key: self.api_key.clone(),
            organization_uid: Some(self.organization_uid.clone()),
            username: self.username.clone(),
            password: self.password.clone(),
            auth_scheme: "JWT".to_owned(),
        }
    }
}

/// How to sign in to the SFTP stand-in.
#[derive(Clone, Debug)]
pub struct SftpAccess {
    /// `127.0.0.1`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `SHA256:…`, to be pinned.
    pub host_key: String,
    /// The host key as it stands in `known_hosts` behind the host: type and base64.
    pub host_public_key: String,
    /// User name; it holds an `@`, as the real ones do.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// The upload folder, with a trailing slash.
    pub directory: String,
    /// Where the receiver puts what it took, with a trailing slash.
    pub processed: String,
}

impl SftpAccess {
    /// The same as a server with its key pinned and the password as proof.
    pub fn server(&self) -> SshServer {
        let Self { host, port, host_key, username, password, .. } = self;
        pinned((host, *port), host_key, username, password)
    }
}

/// A server at this address with its key pinned, and the password as proof.
pub(in crate::demo) fn pinned(
    (host, port): (&str, u16),
    host_key: &str,
    username: &str,
    password: &Secret,
) -> SshServer {
    SshServer {
        host: host.to_owned(),
        port,
        username: username.to_owned(),
        auth: SshAuth { password: Some(password.clone()), ..SshAuth::default() },
        host_key: HostKeyPolicy::Pinned(vec![host_key.to_owned()]),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(10),
    }
}

/// What `sim --json` prints: how to reach each service that there is.
pub fn sim_json(stand_ins: &StandIns) -> Value {
    let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
    let mut access = json!({
        "encoura": {
            "base_url": encoura.base_url,
            "api_key": encoura.api_key.expose(),
            "username": encoura.username,
            "password": encoura.password.expose(),
            "organization_uid": encoura.organization_uid,
        },
        "sftp": {
            "host": sftp.host,
            "port": sftp.port,
            "host_key": sftp.host_key,
            "username": sftp.username,
            "password": sftp.password.expose(),
            "directory": sftp.directory,
            "processed": sftp.processed,
        },
        "google_drive": google_drive(stand_ins.google_drive()),
        "autodesk": stand_ins.autodesk().json(),
        "control_url": stand_ins.control_url(),
    });
    if let Some(feed) = stand_ins.feed() {
        access["feed"] = feed.json();
    }
    access
}

/// The variables of the job that needs no configuration, for these stand-ins.
pub fn variables(stand_ins: &StandIns) -> Vec<(&'static str, String)> {
    let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
    vec![
        ("ENCOURA_BASE_URL", encoura.base_url.clone()),
        ("ENCOURA_API_KEY", encoura.api_key.expose().to_owned()),
        ("ENCOURA_ORGANIZATION_UID", encoura.organization_uid.clone()),
        ("ENCOURA_USERNAME", encoura.username.clone()),
        ("ENCOURA_PASSWORD", encoura.password.expose().to_owned()),
        ("SLATE_HALIA_SFTP_UN", sftp.username.clone()),
        ("SLATE_HALIA_SFTP_PW", sftp.password.expose().to_owned()),
        ("SLATE_SFTP_HOST", sftp.host.clone()),
        ("SLATE_SFTP_PORT", sftp.port.to_string()),
        ("SLATE_SFTP_DIRECTORY", sftp.directory.clone()),
        ("SLATE_SFTP_PROCESSED", sftp.processed.clone()),
        ("SLATE_SFTP_HOST_KEY", sftp.host_key.clone()),
    ]
}

fn google_drive(access: &GoogleDriveAccess) -> Value {
    json!({
        "base_url": access.base_url,
        "credentials_path": access.credentials_path,
        "client_email": access.client_email,
        "subject": access.subject,
        "root_folder_id": access.root_folder_id,
        "shared_drive_id": access.shared_drive_id,
    })
}
