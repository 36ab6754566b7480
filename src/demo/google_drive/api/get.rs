//! `GET /drive/v3/files/{id}`: what is known of it, or with `alt=media` its bytes.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::mask::Mask;
use super::refusal::Refusal;
use super::resource::View;
use super::{Api, Call, schema};
use crate::demo::encoura::{Range, cut_body, requested, slow_body, whole_body};
use crate::demo::fault::Fault;
use crate::demo::google_drive::tree::{Home, Kind, Place, Tree, exports};

/// What the method takes beside what all take.
pub(super) const PARAMS: &[&str] = &[
    "acknowledgeAbuse",
    "includeLabels",
    "includePermissionsForView",
    "supportsAllDrives",
    "supportsTeamDrives",
];

/// What `files.export` takes beside what all take. No flag: it knows all drives.
pub(super) const EXPORT_PARAMS: &[&str] = &["mimeType"];

/// What an export link takes.
pub(super) const LINK_PARAMS: &[&str] = &["id", "exportFormat"];

/// The fields of a reply for which nobody named any.
const USUAL: &str = "kind,id,name,mimeType,driveId,teamDriveId,resourceKey";

/// Largest export, bytes ("the exported content is limited to 10 MB").
const LARGEST_EXPORT: usize = 10 * 1024 * 1024;

pub(super) fn metadata(api: &Api, call: &Call, user: &str, id: &str) -> Result<Value, Refusal> {
    let mask = Mask::of(call.params.get("fields"), &schema::FILES_GET, USUAL)?;
    let drive = api.drive();
    let tree = drive.tree();
    let place = named(&tree, call, user, id)?;
    let view = View { tree: &tree, user, origin: &api.origin, locked: api.locked() };
    Ok(view.file(place, &mask))
}

pub(super) fn media(api: &Api, call: &Call, user: &str, id: &str) -> Result<Response, Refusal> {
    let drive = api.drive();
    let mut tree = drive.tree();
    let place = named(&tree, call, user, id)?;
    let item = tree.item(place);
    let Kind::File { mime, content } = &item.kind else {
        let says = "Only files with binary content can be downloaded. Use Export with Docs \
                    Editors files.";
        return Err(Refusal::forbidden("fileNotDownloadable", says).at("alt"));
    };
    let owned = matches!(&item.home, Home::My(owner) if owner == user);
    if !owned && (!item.can_download || api.strikes(Fault::DriveDownloadRefused)) {
        let says = "This file cannot be downloaded by the user.";
        return Err(Refusal::forbidden("cannotDownloadFile", says));
    }
    if api.strikes(Fault::DriveDownloadQuota) {
        let says = "The download quota for this file has been exceeded.";
        return Err(Refusal::forbidden("downloadQuotaExceeded", says));
    }
    let (mime, mut bytes) = (mime.clone(), content.bytes.clone());
    if !bytes.is_empty() && api.strikes(Fault::DriveDownloadWrong) {
        let mut wrong = bytes.to_vec();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 0x20;
        bytes = wrong.into();
    }
    if let Some(strike) = api.world.strike(Fault::DriveDownloadChanged) {
        // What is asked for after the cut is another file already.
        let _ = tree.edit(place);
        drop(tree);
        drive.touch();
        return Ok(with_type(cut_body(bytes, strike), &mime));
    }
    drop(tree);
    Ok(with_type(ranged(api, &call.headers, bytes), &mime))
}

pub(super) fn export(
    api: &Api,
    user: &str,
    id: &str,
    form: &str,
    limited: bool,
) -> Result<Response, Refusal> {
    let drive = api.drive();
    let tree = drive.tree();
    let place = tree.seen(user, id).ok_or_else(|| Refusal::no_file(id))?;
    let item = tree.item(place);
    let Kind::Native { mime, text, export_size } = &item.kind else {
        let says = "Export only supports Docs Editors files.";
        return Err(Refusal::forbidden("fileNotExportable", says));
    };
    if exports(mime).is_empty() {
        let says = "Export only supports Docs Editors files.";
        return Err(Refusal::forbidden("fileNotExportable", says));
    }
    if !exports(mime).contains(&form) {
        let says = "The requested conversion is not supported.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "badRequest", says).at("convertTo"));
    }
    let owned = matches!(&item.home, Home::My(owner) if owner == user);
    if !owned && (!item.can_download || api.strikes(Fault::DriveDownloadRefused)) {
        let says = "This file cannot be exported by the user.";
        return Err(Refusal::forbidden("cannotExportFile", says));
    }
    let bytes = exported(form, text, *export_size);
    if limited && bytes.len() > LARGEST_EXPORT {
        let says = "This file is too large to be exported.";
        return Err(Refusal::forbidden("exportSizeLimitExceeded", says));
    }
    drop(tree);
    // Exports know no ranges: they are made anew each time.
    Ok(with_type(body(api, bytes), form))
}

/// The item of this id, if the caller may see it and asked for all drives where it
/// takes that.
fn named(tree: &Tree, call: &Call, user: &str, id: &str) -> Result<Place, Refusal> {
    let all = call.params.flag("supportsAllDrives")? || call.params.flag("supportsTeamDrives")?;
    tree.seen(user, id)
        .filter(|place| all || matches!(tree.item(*place).home, Home::My(_)))
        .ok_or_else(|| Refusal::no_file(id))
}

/// The export of a text: the text itself, or something that only its form can read.
fn exported(form: &str, text: &Bytes, size: Option<u64>) -> Bytes {
    let mut bytes = match form {
        form if form.starts_with("text/") => text.to_vec(),
        "application/pdf" => [b"%PDF-1.4\n% ", &**text].concat(),
        form => [b"PK\x03\x04 ", form.as_bytes(), b"\n", text].concat(),
    };
    if let Some(size) = size {
        bytes.resize(size as usize, b'.');
    }
    bytes.into()
}

fn ranged(api: &Api, headers: &HeaderMap, bytes: Bytes) -> Response {
    let size = bytes.len() as u64;
    // There is no validator to compare with.
    match requested(headers, size, "") {
        Range::Whole => body(api, bytes),
        Range::Part { from, to } => {
            // Both ends are at most `size`, which came from a length.
            let part = bytes.slice(from as usize..to as usize);
            let range = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1))];
            (StatusCode::PARTIAL_CONTENT, range, body(api, part)).into_response()
        }
        Range::Unsatisfiable => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            let says = "Request range not satisfiable";
            let refusal = Refusal::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "requestedRangeNotSatisfiable",
                says,
            );
            (refusal.status, range, axum::Json(refusal.json())).into_response()
        }
    }
}

/// Sends `bytes`, or does with them what is armed.
fn body(api: &Api, bytes: Bytes) -> Response {
    if let Some(strike) = api.world.strike(Fault::DriveDownloadCut) {
        return cut_body(bytes, strike);
    }
    match api.world.strike(Fault::DriveDownloadSlow) {
        Some(strike) => slow_body(bytes, strike),
        None => whole_body(bytes),
    }
}

fn with_type(mut response: Response, mime: &str) -> Response {
    let headers = response.headers_mut();
    // A refusal has a type already.
    if !headers.contains_key(header::CONTENT_TYPE) {
        let mime = HeaderValue::from_str(mime);
        let other = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, mime.unwrap_or(other));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    response
}
