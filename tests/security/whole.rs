//! The real program with all of its services, on stand-ins: the demo's configuration, with
//! a secret of every kind in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use transship::demo::{FeedOptions, Options, Samples, StandIns};

use crate::support::program::{Ran, Running};
use crate::told::Told;

/// What the operator chose.
pub const HTTP_PASSWORD: &str = "canary-http-4711";
pub const PASSPHRASE: &str = "canary-passphrase-4711";

pub struct Whole {
    pub stand_ins: StandIns,
    pub told: Told,
    pub variables: BTreeMap<String, String>,
    pub folder: TempDir,
}

impl Whole {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("client_key");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f"])
            .arg(&key)
            .status()
            .unwrap();
        assert!(made.success());
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        let mut options = Options::new(folder.path().join("world"));
        options.exports = Samples::new(1).take(3).collect();
        options.google_drive.samples = true;
        options.authorized_keys = vec![public];
        options.feed = Some(FeedOptions { days: 2, ..FeedOptions::default() });
        let stand_ins = StandIns::start(options).await.unwrap();
        let told = Told::listen().await;
        let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
        let (autodesk, drive) = (stand_ins.autodesk(), stand_ins.google_drive());
        let feed = stand_ins.feed().unwrap();
        let variables = [
            ("DEMO_ENCOURA_BASE_URL", encoura.base_url.clone()),
            ("DEMO_ENCOURA_API_KEY", encoura.api_key.expose().to_owned()),
            ("DEMO_ENCOURA_ORGANIZATION_UID", encoura.organization_uid.clone()),
            ("DEMO_ENCOURA_USERNAME", encoura.username.clone()),
            ("DEMO_ENCOURA_PASSWORD", encoura.password.expose().to_owned()),
            ("DEMO_AUTODESK_BASE_URL", autodesk.base_url.clone()),
            ("DEMO_AUTODESK_CLIENT_ID", autodesk.client_id.clone()),
            ("DEMO_AUTODESK_CLIENT_SECRET", autodesk.client_secret.expose().to_owned()),
            ("DEMO_AUTODESK_PROJECT_ID", autodesk.project_id.clone()),
            ("DEMO_DRIVE_BASE_URL", drive.base_url.clone()),
            ("DEMO_DRIVE_CREDENTIALS_PATH", drive.credentials_path.to_str().unwrap().to_owned()),
            ("DEMO_DRIVE_FOLDER_ID", drive.root_folder_id.clone()),
            ("DEMO_FEED_HOST", feed.host.clone()),
            ("DEMO_FEED_PORT", feed.port.to_string()),
            ("DEMO_FEED_USERNAME", feed.username.clone()),
            ("DEMO_FEED_PASSWORD", feed.password.expose().to_owned()),
            ("DEMO_FEED_HOST_KEY", feed.host_key.clone()),
            ("DEMO_FEED_DIRECTORY", feed.directory.clone()),
            ("DEMO_SFTP_HOST", sftp.host.clone()),
            ("DEMO_SFTP_PORT", sftp.port.to_string()),
            ("DEMO_SFTP_USERNAME", sftp.username.clone()),
            ("DEMO_SFTP_PASSWORD", sftp.password.expose().to_owned()),
            ("DEMO_SFTP_HOST_KEY", sftp.host_key.clone()),
            ("DEMO_SFTP_DIRECTORY", sftp.directory.clone()),
            ("DEMO_SFTP_PROCESSED", sftp.processed.clone()),
            ("S_HTTP_PASSWORD", HTTP_PASSWORD.to_owned()),
            ("S_PASSPHRASE", PASSPHRASE.to_owned()),
            ("S_KEY", key.to_str().unwrap().to_owned()),
            ("S_WEBHOOK_URL", told.webhook_url()),
            ("S_HEARTBEAT_URL", told.heartbeat_url()),
            ("S_SMTP_PASSWORD", crate::post_office::PASSWORD.to_owned()),
            // Everything that can be said is said.
            ("CONNECTOR_LOG_LEVEL", "trace".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ];
        let mut yaml = include_str!("../../assets/demo.yaml").to_owned();
        for (from, to) in [
            ("password: password123", "password: \"${S_HTTP_PASSWORD}\""),
            (
                "    password: ${DEMO_SFTP_PASSWORD}\n",
                "    password: ${DEMO_SFTP_PASSWORD}\n    key_path: ${S_KEY}\n    key_passphrase: ${S_PASSPHRASE}\n",
            ),
        ] {
            assert!(yaml.contains(from), "{from}");
            yaml = yaml.replace(from, to);
        }
        yaml += &told.configuration();
        std::fs::write(folder.path().join("connector.yaml"), yaml).unwrap();
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Self { stand_ins, told, variables, folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(arguments);
        Running::begin(command, self.path(), &self.variables)
    }

    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }
}

/// Every file below `folder` that the program made, with its bytes.
pub fn made(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in ["data", "logs", "tokens"] {
        below(&folder.join(name), &mut files);
    }
    files
}

fn below(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => below(&path, files),
            false => files.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

/// Whether `part` is somewhere in `bytes`.
pub fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
