//! Services whose files are registered: how to sign in, and what to look at.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::Secret;
use super::pattern::matches;

/// An application at Autodesk Platform Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutodeskAccount {
    /// The name under `clients:`.
    pub name: String,
    /// Base URL without a trailing slash, `https://developer.api.autodesk.com`.
    pub base_url: String,
    /// The application's client id. The vendor's limits are per client id.
    pub client_id: String,
    /// Its secret; none for a public (PKCE) application.
    pub client_secret: Option<Secret>,
    /// Where the browser comes back to, registered to the letter.
    pub callback_url: String,
    /// The token file, 0600.
    pub token_path: PathBuf,
    /// What the token may do; `data:read` is enough.
    pub scopes: Vec<String>,
    /// How a token is come by.
    pub grant: AutodeskGrant,
}

/// How an Autodesk token is come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AutodeskGrant {
    /// A person signs in once; refresh tokens of one use keep it going.
    ThreeLegged,
    /// `client_credentials`, for machines.
    TwoLegged {
        /// The user to act for (`x-user-id`), if any.
        user_id: Option<String>,
    },
    /// A Secure Service Account: a signed assertion, no refresh token.
    ServiceAccount {
        /// The service account's id.
        account_id: String,
        /// The id of its key.
        key_id: String,
        /// Its RSA private key, PEM.
        private_key: Secret,
    },
}

/// A Google service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleAccount {
    /// The name under `clients:`.
    pub name: String,
    /// Base URL without a trailing slash, `https://www.googleapis.com`.
    pub base_url: String,
    /// The key file, as the vendor hands it out.
    pub credentials_path: PathBuf,
    /// The user to act for (domain-wide delegation), if any.
    pub subject: Option<String>,
    /// Named in the User-Agent.
    pub application_name: Option<String>,
    /// Quota units a minute that may be spent.
    pub units_per_minute: u32,
}

/// What an endpoint looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An Encoura account's exports.
    Exports,
    /// An Autodesk project, or a folder of it.
    Autodesk(AutodeskScope),
    /// A Drive folder or a shared drive.
    GoogleDrive(DriveScope),
    /// A folder on a partner's SFTP server.
    Sftp(FeedScope),
}

impl Scope {
    /// Which of its files are registered; none where files are not registered.
    pub fn pick(&self) -> Option<&Pick> {
        match self {
            Self::Autodesk(scope) => Some(&scope.pick),
            Self::GoogleDrive(scope) => Some(&scope.pick),
            Self::Sftp(scope) => Some(&scope.pick),
            Self::Exports => None,
        }
    }
}

/// An Autodesk project, or a folder of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutodeskScope {
    /// The project, `b.…`.
    pub project_id: String,
    /// Its hub, where the configuration says; else it is looked for.
    pub hub_id: Option<String>,
    /// Only what lies in this folder.
    pub folder_id: Option<String>,
    /// Also what lies deeper.
    pub include_subfolders: bool,
    /// Which files.
    pub pick: Pick,
}

/// A Drive folder or a shared drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveScope {
    /// Only what lies in this folder; `root` is the user's own drive.
    pub folder_id: Option<String>,
    /// This shared drive.
    pub drive_id: Option<String>,
    /// Without folder and drive: what others have shared with the account as well.
    pub include_shared: bool,
    /// Also what lies deeper.
    pub include_subfolders: bool,
    /// Folder shortcuts are entered.
    pub follow_shortcuts: bool,
    /// Files in the trash count as well.
    pub include_trashed: bool,
    /// Only files changed at or after this moment.
    pub modified_after: Option<Timestamp>,
    /// Only files changed before this moment.
    pub modified_before: Option<Timestamp>,
    /// Which form native documents are fetched in, by kind: `document: docx`.
    pub export_as: BTreeMap<String, String>,
    /// Which files.
    pub pick: Pick,
}

/// A folder on a partner's SFTP server. All of its files are fetched, once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedScope {
    /// The folder, absolute or below where the login ends up.
    pub directory: String,
    /// Names of the files that are looked at: `*`, `?` and `{a,b}`; empty for every name.
    pub patterns: Vec<String>,
    /// Also what lies deeper.
    pub include_subfolders: bool,
    /// Smaller files are passed over. Bytes.
    pub min_bytes: u64,
    /// Files changed less than this long ago are not complete yet, by the clock of this
    /// machine.
    pub min_age: Duration,
    /// Files changed longer ago are passed over.
    pub max_age: Option<Duration>,
    /// The pause between two looks in which a file's size and time have to stay equal.
    pub settle: Duration,
    /// What becomes of a file over there once it is safe here.
    pub after_fetch: AfterFetch,
    /// Which files.
    pub pick: Pick,
}

/// What becomes of a fetched file at its source, once it is durable here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AfterFetch {
    /// Nothing.
    #[default]
    Leave,
    /// It is moved into this folder.
    Move(String),
    /// It is deleted.
    Delete,
}

/// Which of the files in a scope are registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Lower case, without the dot; empty for every type.
    pub file_types: Vec<String>,
    /// Names with `*`, `?` and `{a,b}` that are left out.
    pub exclude_patterns: Vec<String>,
    /// Larger files are registered, but not fetched. Bytes.
    pub max_fetch_bytes: Option<u64>,
}

impl Pick {
    /// Whether a file of this name and type is registered.
    pub fn takes(&self, name: &str, file_type: Option<&str>) -> bool {
        let of_type = self.file_types.is_empty()
            || file_type
                .is_some_and(|t| self.file_types.iter().any(|own| own.eq_ignore_ascii_case(t)));
        of_type && !self.exclude_patterns.iter().any(|pattern| matches(pattern, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_picked_by_type_and_name() {
        let pick = Pick {
            file_types: vec!["pdf".into(), "rvt".into()],
            exclude_patterns: vec!["draft*".into()],
            max_fetch_bytes: None,
        };
        for (name, file_type, taken) in [
            ("plan.PDF", Some("PDF"), true),
            ("plan.dwg", Some("dwg"), false),
            ("Draft plan.pdf", Some("pdf"), false),
            ("plan", None, false),
        ] {
            assert_eq!(pick.takes(name, file_type), taken, "{name}");
        }
        assert!(Pick::default().takes("anything", None));
    }
}
