//! Where an endpoint's scope begins.

use super::api::{Api, Ask};
use super::item::{FIELDS, FOLDER, Item};
use super::pace::Cost;
use super::query::ALL_DRIVES;
use super::refusal::{Refusal, Verdict};
use crate::model::{DriveScope, Failure, FailureClass, Retry};

const LOOKING_FOR: &str = "looking for";

/// The alias of the user's own drive.
pub(super) const OWN: &str = "root";

/// The folder that a scope begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) id: String,
    pub(super) name: String,
    /// The shared drive that it lies in, or is.
    pub(super) drive: Option<String>,
    /// It is the user's own drive, and was not asked for by its id.
    pub(super) own: bool,
    pub(super) trashed: bool,
}

impl Root {
    /// Whether it is all of a shared drive.
    pub(super) fn is_whole_drive(&self) -> bool {
        self.drive.as_deref() == Some(&self.id)
    }
}

/// How a scope's root is written: a folder, else a shared drive, whose root folder
/// has the same id, else the user's own drive.
pub(super) fn written(scope: &DriveScope) -> &str {
    scope.folder_id.as_deref().or(scope.drive_id.as_deref()).unwrap_or(OWN)
}

/// Asks for the root. Fails if the account does not see it, or if it is no folder.
pub(super) async fn find(api: &Api, scope: &DriveScope) -> Result<Root, Failure> {
    let written = written(scope);
    let item = match get(api, LOOKING_FOR, written, FIELDS).await {
        Ok(item) => item,
        Err(refusal) if refusal.is_about_object() => return Err(unseen(api, scope, refusal).await),
        Err(refusal) => return Err(refusal.failure),
    };
    let misconfigured = |said: String| {
        Failure::new(FailureClass::Misconfigured, LOOKING_FOR, written)
            .said(said)
            .retry(Retry::Never)
    };
    if let Some(details) = item.shortcut_details.filter(|_| item.mime_type != FOLDER) {
        let target = details.target_id.unwrap_or_default();
        return Err(misconfigured("it is a shortcut".into())
            .advice(format!("set folder_id to the id of its target: {target}")));
    }
    if item.mime_type != FOLDER {
        return Err(misconfigured(format!("it is no folder, but {}", item.mime_type))
            .advice("set folder_id to the id of a folder"));
    }
    if let Some(drive) = &scope.drive_id
        && item.drive_id.as_ref() != Some(drive)
        && item.id != *drive
    {
        return Err(misconfigured(format!("it does not lie in the shared drive {drive}"))
            .advice("correct folder_id or drive_id"));
    }
    let drive = item.drive_id.or_else(|| scope.drive_id.clone());
    Ok(Root {
        own: written == OWN,
        id: item.id,
        name: item.name,
        drive,
        trashed: item.trashed == Some(true),
    })
}

/// One item's particulars.
pub(super) async fn get(api: &Api, doing: &str, id: &str, fields: &str) -> Result<Item, Refusal> {
    let url = api.account().url(&["files", id], [("fields", fields), ALL_DRIVES]);
    api.json(&Ask::new(doing, url, Cost::Get)).await
}

/// What nearly always is the reason why an account does not see a folder.
async fn unseen(api: &Api, scope: &DriveScope, refusal: Refusal) -> Failure {
    let failure = refusal.failure.about(written(scope));
    let Ok(identity) = api.account().identity().await else { return failure };
    let address = identity.address();
    let advice = match (&scope.folder_id, &scope.drive_id) {
        (None, Some(_)) => format!("add {address} to the shared drive's members"),
        (None, None) => format!("{address} has no drive: set folder_id or drive_id"),
        (Some(_), _) if refusal.verdict == Verdict::NotThere => {
            format!("check folder_id, and share the folder with this address: {address}")
        }
        (Some(_), _) => format!("share the folder with this address: {address}"),
    };
    failure.advice(advice)
}
