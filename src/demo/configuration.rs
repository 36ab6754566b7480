//! The configuration of the demo's job.

use std::path::Path;

use super::stand_ins::StandIns;
use crate::config::{Config, ConfigErrors, Environment, Origin};

/// The configuration that points at the stand-ins: a file like everybody's,
/// filled from an environment of its own. Ledger, files and log are in `folder`.
///
/// # Errors
/// None, as long as the file that comes with the program is right; tests see to that.
pub fn configuration(stand_ins: &StandIns, folder: &Path) -> Result<Config, ConfigErrors> {
    let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
    let variables = [
        ("DEMO_ENCOURA_BASE_URL", encoura.base_url.as_str()),
        ("DEMO_ENCOURA_API_KEY", encoura.api_key.expose()),
        ("DEMO_ENCOURA_ORGANIZATION_UID", &encoura.organization_uid),
        ("DEMO_ENCOURA_USERNAME", &encoura.username),
        ("DEMO_ENCOURA_PASSWORD", encoura.password.expose()),
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
