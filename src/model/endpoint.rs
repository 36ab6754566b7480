//! Endpoints: what is synced, from where, to where and when.

use serde::{Deserialize, Serialize};

use super::delivery::state_names;
use super::{Bandwidth, Dataset, Scope};

state_names! {
    /// The kind of service an endpoint reads.
    pub enum EndpointType {
        /// Encoura's Data Lab exports.
        Encoura = "encoura",
        /// Autodesk Construction Cloud projects.
        AutodeskConstructionCloud = "autodesk_construction_cloud",
        /// Google Drive folders and shared drives.
        GoogleDrive = "google_drive",
        /// A partner's SFTP server.
        Sftp = "sftp",
    }
}

/// One entry of `endpoints:` in the configuration, with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its name; it identifies the endpoint everywhere.
    pub name: String,
    /// What kind of service it reads.
    pub endpoint_type: EndpointType,
    /// Whose project it is; carried through to the books.
    pub project_id: String,
    /// Who set it up; carried through to the books.
    pub user_id: String,
    /// Free text for the operator.
    pub description: Option<String>,
    /// The entry of `clients:` that it signs in with.
    pub client: String,
    /// Encoura: the product keys to ask for; empty for all of them.
    pub product_keys: Vec<String>,
    /// The file types to deliver, lower case without the dot; empty for every type.
    pub file_types: Vec<String>,
    /// What it looks at there.
    pub scope: Scope,
    /// The rest of `endpoint_details`, as configured.
    pub details: serde_json::Value,
    /// The datasets that its files belong to; for SFTP.
    pub datasets: Vec<Dataset>,
    /// The entry of `destinations:` that its files go to; none keeps only the books.
    pub deliver_to: Option<String>,
    /// How many bytes of its files may come in a second.
    pub bandwidth: Bandwidth,
    /// When it runs by itself.
    pub schedule: Schedule,
    /// After how many days without anything new somebody is told; none: never.
    pub quiet_days: Option<u32>,
    /// Whether syncs without a name include it.
    pub is_active: bool,
}

/// When an endpoint runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Schedule {
    /// Every so many minutes.
    Interval {
        /// Minutes from the end of a run to the start of the next; at least 1.
        minutes: u32,
    },
    /// By a cron expression of five fields.
    Cron {
        /// The expression, already checked.
        cron: String,
        /// IANA name of the time zone; none is the machine's.
        timezone: Option<String>,
    },
    /// Only when somebody asks.
    Manual,
}

impl Schedule {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Interval { minutes: 1 } => "every minute".to_owned(),
            Self::Interval { minutes: 60 } => "every hour".to_owned(),
            Self::Interval { minutes } if minutes % 60 == 0 => {
                format!("every {} hours", minutes / 60)
            }
            Self::Interval { minutes } => format!("every {minutes} minutes"),
            Self::Cron { cron, timezone } => {
                let zone = timezone.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
                format!("{cron}{zone}")
            }
            Self::Manual => "only when asked".to_owned(),
        }
    }
}
