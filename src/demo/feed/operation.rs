//! What can happen to the feed, as JSON and in process.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Something that the partner does. As JSON the variant is the key `op`:
/// `{"op":"append","name":"sales_data_2025-01-01.csv","content":"…"}`. Names are paths
/// below `/outgoing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// The files of the next day land, each at once and whole.
    AddDay {
        /// Whether most of its sales are dirty, so that the file is refused.
        #[serde(default)]
        ruined: bool,
        /// Whether it is the day before the first one instead.
        #[serde(default)]
        late: bool,
    },
    /// A file lands, whole; one of that name is replaced.
    Put {
        /// Its name.
        name: String,
        /// Its text.
        #[serde(default)]
        content: String,
        /// Instead of `content`, for bytes that are no text.
        content_base64: Option<String>,
    },
    /// A file grows where it lies; it begins empty if it is not there.
    Append {
        /// Its name.
        name: String,
        /// What comes behind.
        #[serde(default)]
        content: String,
        /// Instead of `content`, for bytes that are no text.
        content_base64: Option<String>,
    },
    /// A file is copied under another name.
    Copy {
        /// Which.
        name: String,
        /// The copy's name.
        to: String,
    },
    /// A file gets another name, which may lie in another folder.
    Rename {
        /// Which.
        name: String,
        /// Its new name.
        to: String,
    },
    /// A file is taken away. The truth goes on counting it: what was taken in stays.
    Remove {
        /// Which.
        name: String,
    },
}

/// The bytes that an operation brings.
pub(super) fn bytes(content: String, base64: Option<&str>) -> Result<Vec<u8>, String> {
    match base64 {
        Some(text) => STANDARD.decode(text).map_err(|error| error.to_string()),
        None => Ok(content.into_bytes()),
    }
}
