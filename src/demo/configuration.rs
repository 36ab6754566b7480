//! The configuration of the demo's jobs.

use std::path::Path;

use super::feed::FeedAccess;
use super::stand_ins::StandIns;
use crate::config::{Config, ConfigErrors, Environment, Origin};

/// The configuration that points at the stand-ins: a file like everybody's,
/// filled from an environment of its own. Ledger, files and log are in `folder`.
///
/// # Errors
/// None, as long as the file that comes with the program is right; tests see to that.
pub fn configuration(stand_ins: &StandIns, folder: &Path) -> Result<Config, ConfigErrors> {
    let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
    let (autodesk, drive) = (stand_ins.autodesk(), stand_ins.google_drive());
    // Without a feed the endpoint has nowhere to go, and says so.
    let feed = stand_ins.feed().cloned().unwrap_or_else(|| FeedAccess::beside(sftp));
    let variables = [
        ("DEMO_ENCOURA_BASE_URL", encoura.base_url.as_str()),
        ("DEMO_ENCOURA_API_KEY", encoura.api_key.expose()),
        ("DEMO_ENCOURA_ORGANIZATION_UID", &encoura.organization_uid),
        ("DEMO_ENCOURA_USERNAME", &encoura.username),
        ("DEMO_ENCOURA_PASSWORD", encoura.password.expose()),
        ("DEMO_AUTODESK_BASE_URL", &autodesk.base_url),
        ("DEMO_AUTODESK_CLIENT_ID", &autodesk.client_id),
        ("DEMO_AUTODESK_CLIENT_SECRET", autodesk.client_secret.expose()),
        ("DEMO_AUTODESK_PROJECT_ID", &autodesk.project_id),
        ("DEMO_DRIVE_BASE_URL", &drive.base_url),
        ("DEMO_DRIVE_CREDENTIALS_PATH", &drive.credentials_path.to_string_lossy()),
        ("DEMO_DRIVE_FOLDER_ID", &drive.root_folder_id),
        ("DEMO_FEED_HOST", &feed.host),
        ("DEMO_FEED_PORT", &feed.port.to_string()),
        ("DEMO_FEED_USERNAME", &feed.username),
        ("DEMO_FEED_PASSWORD", feed.password.expose()),
        ("DEMO_FEED_HOST_KEY", &feed.host_key),
        ("DEMO_FEED_DIRECTORY", &feed.directory),
        ("DEMO_SFTP_HOST", &sftp.host),
        ("DEMO_SFTP_PORT", &sftp.port.to_string()),
        ("DEMO_SFTP_USERNAME", &sftp.username),
        ("DEMO_SFTP_PASSWORD", sftp.password.expose()),
        ("DEMO_SFTP_HOST_KEY", &sftp.host_key),
        ("DEMO_SFTP_DIRECTORY", &sftp.directory),
        ("DEMO_SFTP_PROCESSED", &sftp.processed),
    ];
    let environment = Environment {
        variables: variables.map(|(name, value)| (name.to_owned(), value.into())).into(),
        current_dir: folder.to_owned(),
        ..Environment::default()
    };
    let file = folder.join("demo.yaml");
    let config = Config::from_text(include_str!("../../assets/demo.yaml"), &file, &environment)?;
    Ok(Config { origin: Origin::Demo, ..config })
}
