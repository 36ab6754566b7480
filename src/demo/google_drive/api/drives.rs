//! `GET /drive/v3/drives`, `/drives/{id}` and `/about`.

use serde_json::{Value, json};

use super::mask::Mask;
use super::refusal::Refusal;
use super::resource::View;
use super::{Api, Call, schema};
use crate::demo::google_drive::tree::{Place, export_formats};

/// What `drives.list` takes beside what all take.
pub(super) const PARAMS: &[&str] = &["pageSize", "pageToken", "q", "useDomainAdminAccess"];

/// What `drives.get` takes beside what all take.
pub(super) const GET_PARAMS: &[&str] = &["useDomainAdminAccess"];

/// Drives on a page, unless `pageSize` says otherwise.
const PAGE: usize = 10;

pub(super) fn list(api: &Api, call: &Call, user: &str) -> Result<Value, Refusal> {
    let params = &call.params;
    let usual = "kind,nextPageToken,drives(kind,id,name)";
    let mask = Mask::of(params.get("fields"), &schema::DRIVES_LIST, usual)?;
    let size = api.page_size(params.page_size(100, PAGE)?);
    no_administrator(call)?;
    if params.get("q").is_some_and(|q| !q.is_empty()) {
        // Only administrators may search.
        return Err(Refusal::invalid("q"));
    }
    let bound = format!("drives {user}");
    let start: usize = match params.get("pageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => api
            .pages
            .open(&bound, token)
            .and_then(|position| position.parse().ok())
            .ok_or_else(|| Refusal::invalid("pageToken"))?,
    };
    let drive = api.drive();
    let tree = drive.tree();
    let view = View { tree: &tree, user, origin: &api.origin, locked: api.locked() };
    let ids: Vec<Place> =
        tree.drives_of(user).iter().filter_map(|top| tree.place(&top.id)).collect();
    let inner = mask.of_field("drives").unwrap_or(&Mask::All);
    let page: Vec<Value> =
        ids.iter().skip(start).take(size).map(|at| view.drive(*at, inner)).collect();
    let mut reply = json!({ "kind": "drive#driveList", "drives": page });
    if start + size < ids.len() {
        let position = (start + size).to_string();
        reply["nextPageToken"] = api.pages.token(&bound, &position).into();
    }
    mask.apply(&mut reply);
    Ok(reply)
}

pub(super) fn get(api: &Api, call: &Call, user: &str, id: &str) -> Result<Value, Refusal> {
    let mask = Mask::of(call.params.get("fields"), &schema::DRIVES_GET, "kind,id,name")?;
    no_administrator(call)?;
    let drive = api.drive();
    let tree = drive.tree();
    let member = |drive: &Place| tree.is_member(user, *drive);
    let place = tree.place(id).filter(member).ok_or_else(|| Refusal::no_drive(id))?;
    let view = View { tree: &tree, user, origin: &api.origin, locked: api.locked() };
    Ok(view.drive(place, &mask))
}

pub(super) fn about(api: &Api, call: &Call, user: &str) -> Result<Value, Refusal> {
    let fields = call.params.get("fields").filter(|fields| !fields.is_empty());
    if fields.is_none() {
        let says = "The 'fields' parameter is required for this method.";
        return Err(Refusal::required("fields", says));
    }
    let mask = Mask::of(fields, &schema::ABOUT_GET, "")?;
    let drive = api.drive();
    let tree = drive.tree();
    let view = View { tree: &tree, user, origin: &api.origin, locked: api.locked() };
    let formats: Value = export_formats().map(|(mime, forms)| (mime, json!(forms))).collect();
    let mut reply = json!({
        "kind": "drive#about",
        "user": view.person(user),
        "storageQuota": {
            "limit": "16106127360", "usage": "0", "usageInDrive": "0", "usageInDriveTrash": "0",
        },
        "appInstalled": false,
        "canCreateDrives": false,
        "canCreateTeamDrives": false,
        "driveThemes": [],
        "teamDriveThemes": [],
        "exportFormats": formats,
        "importFormats": {},
        "maxImportSizes": {},
        "maxUploadSize": "5242880000000",
        "folderColorPalette": ["#ac725e", "#d06b64"],
    });
    mask.apply(&mut reply);
    Ok(reply)
}

fn no_administrator(call: &Call) -> Result<(), Refusal> {
    if call.params.flag("useDomainAdminAccess")? {
        let says = "The user is not an administrator of the domain.";
        return Err(Refusal::forbidden("insufficientFilePermissions", says));
    }
    Ok(())
}
