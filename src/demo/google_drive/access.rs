//! How to sign in to the Drive stand-in.

use std::path::PathBuf;

use crate::model::GoogleAccount;

/// How to sign in to the Drive stand-in.
#[derive(Clone, Debug)]
pub struct GoogleDriveAccess {
    /// In place of `https://www.googleapis.com`, without a trailing slash.
    pub base_url: String,
    /// The service account's key file, 0600, as the vendor hands them out; its
    /// `token_uri` is the stand-in's.
    pub credentials_path: PathBuf,
    /// The service account's address.
    pub client_email: String,
    /// A user for whom it may act.
    pub subject: String,
    /// The folder that is shared with it.
    pub root_folder_id: String,
    /// The shared drive that it is a member of.
    pub shared_drive_id: String,
}

impl GoogleDriveAccess {
    /// The same as an account named `name`.
    pub fn account(&self, name: &str) -> GoogleAccount {
        GoogleAccount {
            name: name.to_owned(),
            base_url: self.base_url.clone(),
            credentials_path: self.credentials_path.clone(),
            subject: None,
            application_name: None,
            units_per_minute: 325_000,
        }
    }
}
