//! `GET /drive/v3/changes` and `/changes/startPageToken`.

use serde_json::{Value, json};

use super::corpus::both;
use super::mask::Mask;
use super::refusal::Refusal;
use super::resource::View;
use super::{Api, Call, schema};
use crate::demo::fault::Fault;
use crate::demo::google_drive::tree::{Entry, Home, LogName, Place, Subject, Tree, moment};

use axum::http::StatusCode;

/// What `changes.list` takes beside what all take.
pub(super) const PARAMS: &[&str] = &[
    "driveId",
    "includeCorpusRemovals",
    "includeItemsFromAllDrives",
    "includeLabels",
    "includePermissionsForView",
    "includeRemoved",
    "includeTeamDriveItems",
    "pageSize",
    "pageToken",
    "restrictToMyDrive",
    "spaces",
    "supportsAllDrives",
    "supportsTeamDrives",
    "teamDriveId",
];

/// What `changes.getStartPageToken` takes beside what all take.
pub(super) const START_PARAMS: &[&str] =
    &["driveId", "supportsAllDrives", "supportsTeamDrives", "teamDriveId"];

/// The fields of a reply for which nobody named any.
const USUAL: &str = "kind,nextPageToken,newStartPageToken,\
    changes(kind,type,changeType,time,removed,fileId,driveId,\
    file(kind,id,name,mimeType,driveId,teamDriveId),drive(kind,id,name))";

/// Changes on a page, unless `pageSize` says otherwise.
const PAGE: usize = 100;

pub(super) fn start(api: &Api, call: &Call, user: &str) -> Result<Value, Refusal> {
    let params = &call.params;
    let mask = Mask::of(params.get("fields"), &schema::START_PAGE_TOKEN, "kind,startPageToken")?;
    let supports = params.flag("supportsAllDrives")? || params.flag("supportsTeamDrives")?;
    let drive = api.drive();
    let tree = drive.tree();
    let name = log_name(call, &tree, user)?;
    if matches!(name, LogName::Drive(_)) {
        both(supports, true)?;
    }
    let (_, next) = tree.log(&name).ok_or_else(|| Refusal::invalid("driveId"))?;
    let token = api.pages.token(&binding(&name), &next.to_string());
    let mut reply = json!({ "kind": "drive#startPageToken", "startPageToken": token });
    mask.apply(&mut reply);
    Ok(reply)
}

/// Who asks for which changes.
struct Reading<'a> {
    view: View<'a>,
    mask: Mask,
    /// Whether shared drives, and what lies in them, are shown.
    all_drives: bool,
    include_removed: bool,
    restrict_to_my_drive: bool,
}

pub(super) fn list(api: &Api, call: &Call, user: &str) -> Result<Value, Refusal> {
    let params = &call.params;
    let mask = Mask::of(params.get("fields"), &schema::CHANGES_LIST, USUAL)?;
    let size = api.page_size(params.page_size(1000, PAGE)?);
    let token = params.required("pageToken")?;
    let supports = params.flag("supportsAllDrives")? || params.flag("supportsTeamDrives")?;
    let includes =
        params.flag("includeItemsFromAllDrives")? || params.flag("includeTeamDriveItems")?;
    params.flag("includeCorpusRemovals")?;
    if params.get("spaces").is_some_and(|spaces| spaces != "drive") {
        return Err(Refusal::invalid("spaces"));
    }
    if let Some(strike) = api.world.strike(Fault::DriveChangesTokenGone) {
        return Err(gone(strike.value));
    }
    let drive = api.drive();
    let tree = drive.tree();
    let name = log_name(call, &tree, user)?;
    if matches!(name, LogName::Drive(_)) {
        both(supports, includes)?;
    }
    let bound = binding(&name);
    let invalid = || Refusal::invalid("pageToken");
    let position = api.pages.open(&bound, token).ok_or_else(invalid)?;
    let from: u64 = position.parse().map_err(|_| invalid())?;
    let (log, next) = tree.log(&name).ok_or_else(invalid)?;

    let reading = Reading {
        view: View { tree: &tree, user, origin: &api.origin, locked: api.locked() },
        mask: mask.of_field("changes").cloned().unwrap_or(Mask::All),
        all_drives: supports && includes,
        include_removed: params.flag_or("includeRemoved", true)?,
        restrict_to_my_drive: params.flag("restrictToMyDrive")?,
    };
    let mut changes = Vec::new();
    let mut after = from;
    let mut more = false;
    if api.strikes(Fault::DriveEmptyPage) {
        more = true;
    } else {
        for (tick, entry) in log.since(from) {
            if changes.len() == size {
                more = true;
                break;
            }
            changes.extend(reading.change(&name, entry));
            after = tick + 1;
        }
    }
    let mut reply = json!({ "kind": "drive#changeList", "changes": changes });
    if more {
        reply["nextPageToken"] = api.pages.token(&bound, &after.to_string()).into();
    } else {
        reply["newStartPageToken"] = api.pages.token(&bound, &next.to_string()).into();
    }
    mask.apply(&mut reply);
    Ok(reply)
}

impl Reading<'_> {
    /// The resource `Change` of an entry, unless it is not to be shown.
    fn change(&self, log: &LogName, entry: Entry) -> Option<Value> {
        let mut change = match entry.subject {
            Subject::Item(place) => self.of_file(log, place)?,
            Subject::Drive(drive) => self.of_drive(drive)?,
        };
        change["kind"] = "drive#change".into();
        change["type"] = change["changeType"].clone();
        change["time"] = moment(entry.at).into();
        self.mask.apply(&mut change);
        Some(change)
    }

    fn of_file(&self, log: &LogName, place: Place) -> Option<Value> {
        let View { tree, user, .. } = self.view;
        let item = tree.item(place);
        let belongs = match (log, &item.home) {
            (LogName::User(_), Home::My(_)) => true,
            (LogName::User(_), Home::Shared(_)) => self.all_drives,
            (LogName::Drive(id), Home::Shared(top)) => tree.item(*top).id == *id,
            (LogName::Drive(_), Home::My(_)) => false,
        };
        let mut change = json!({ "changeType": "file", "fileId": item.id });
        if !belongs || !tree.sees(user, place) {
            change["removed"] = true.into();
            // Of what is gone nothing but the id is told.
            return self.include_removed.then_some(change);
        }
        let own_root = tree.root_of(user);
        let in_my_drive = || {
            let top = tree.upwards(place).last().map(|top| &*top.id);
            own_root.map(|root| &*tree.item(root).id) == top
        };
        if self.restrict_to_my_drive && !in_my_drive() {
            return None;
        }
        change["removed"] = false.into();
        if let Some(mask) = self.mask.of_field("file") {
            change["file"] = self.view.file(place, mask);
        }
        Some(change)
    }

    fn of_drive(&self, drive: Place) -> Option<Value> {
        if !self.all_drives {
            return None;
        }
        let View { tree, user, .. } = self.view;
        let mut change = json!({ "changeType": "drive", "driveId": tree.item(drive).id });
        let member = tree.is_member(user, drive);
        change["removed"] = (!member).into();
        if member {
            change["drive"] = self.view.drive(drive, self.mask.of_field("drive")?);
        } else if !self.include_removed {
            return None;
        }
        Some(change)
    }
}

/// The log that a call is about: the caller's, or a shared drive's of theirs.
fn log_name(call: &Call, tree: &Tree, user: &str) -> Result<LogName, Refusal> {
    let Some(id) = call.params.get("driveId").or_else(|| call.params.get("teamDriveId")) else {
        return Ok(LogName::User(user.to_owned()));
    };
    let member = |drive: &Place| tree.is_member(user, *drive);
    tree.place(id).filter(member).ok_or_else(|| Refusal::no_drive(id))?;
    Ok(LogName::Drive(id.to_owned()))
}

fn binding(name: &LogName) -> String {
    format!("changes {name:?}")
}

/// The token is forgotten, in one of the ways that this is said.
fn gone(status: Option<u64>) -> Refusal {
    match status {
        Some(400) => Refusal::invalid("pageToken"),
        Some(404) => Refusal::new(StatusCode::NOT_FOUND, "notFound", "Page token not found."),
        _ => Refusal::new(StatusCode::GONE, "pageTokenExpired", "The page token has expired."),
    }
}
