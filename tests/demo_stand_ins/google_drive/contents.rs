//! Downloads and exports.

use reqwest::header;
use serde_json::Value;
use transship::demo::{DriveOperation as Op, NewDriveFile};

use super::{Caller, refusal, stage, text, with_samples};

const MEDIA: [(&str, &str); 1] = [("alt", "media")];

#[test]
fn files_are_downloaded_whole_and_in_parts() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let ten = caller.apply(Op::file(root, "ten.csv", "0123456789"));
    let empty = caller.apply(Op::file(root, "empty.csv", ""));
    for (id, range, status, body, content_range) in [
        (&ten, None, 200, "0123456789", None),
        (&ten, Some("bytes=0-"), 206, "0123456789", Some("bytes 0-9/10")),
        (&ten, Some("bytes=4-"), 206, "456789", Some("bytes 4-9/10")),
        (&ten, Some("bytes=4-6"), 206, "456", Some("bytes 4-6/10")),
        (&ten, Some("bytes=4-99"), 206, "456789", Some("bytes 4-9/10")),
        (&ten, Some("bytes=10-"), 416, "", Some("bytes */10")),
        (&ten, Some("pages=4-"), 200, "0123456789", None),
        (&empty, None, 200, "", None),
        (&empty, Some("bytes=0-"), 416, "", Some("bytes */0")),
    ] {
        let mut request = caller.request(&format!("files/{id}"), &MEDIA);
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        let (got, headers, bytes) = caller.fetch(request);
        assert_eq!(got, status, "{range:?}");
        let told = headers.get(header::CONTENT_RANGE).map(|value| value.to_str().unwrap());
        assert_eq!(told, content_range, "{range:?}");
        if status != 416 {
            assert_eq!(String::from_utf8(bytes).unwrap(), body, "{range:?}");
            assert_eq!(headers[header::CONTENT_TYPE], "text/csv");
        } else {
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(refusal(416, &body).1, "requestedRangeNotSatisfiable");
        }
    }
    let large = NewDriveFile {
        parent: Some(root.into()),
        name: "large".into(),
        size: Some(3_000_000),
        ..NewDriveFile::default()
    };
    let large = caller.apply(Op::AddFile(large));
    let (_, _, bytes) = caller.fetch(caller.request(&format!("files/{large}"), &MEDIA));
    let row = caller.drive().truth(root).unwrap().files.into_iter().find(|row| row.id == large);
    assert_eq!(format!("{:x}", md5::compute(&bytes)), row.unwrap().md5.unwrap());
}

#[test]
fn new_content_has_new_checksums() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    let file = caller.apply(Op::file(caller.drive().root_folder_id(), "a.csv", "1"));
    let path = format!("files/{file}");
    let fields = [("fields", "md5Checksum,size,version,headRevisionId,modifiedTime")];
    let before = caller.get(&path, &fields);
    caller.apply(Op::content(&file, "22"));
    let after = caller.get(&path, &fields);
    for (field, value) in before.as_object().unwrap() {
        assert_ne!(value, &after[field], "{field}");
    }
    assert_eq!(caller.fetch(caller.request(&path, &MEDIA)).2, b"22");
    caller.apply(Op::move_to(&file, caller.drive().shared_drive_id()));
    let with = [fields[0], ("supportsAllDrives", "true")];
    let moved = caller.get(&path, &with);
    assert_eq!(moved["modifiedTime"], after["modifiedTime"], "a move is no change of content");
    assert_eq!(moved["md5Checksum"], after["md5Checksum"]);
}

#[test]
fn only_files_with_bytes_are_downloaded_and_only_documents_exported() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let truth = caller.drive().truth(root).unwrap();
    let id = |name: &str| {
        let all = || truth.files.iter().chain(&truth.folders);
        all().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}")).id.clone()
    };
    for (name, media, pdf) in [
        ("Empty.csv", "", "fileNotExportable"),
        ("Handbook", "fileNotDownloadable", ""),
        ("Budget", "fileNotDownloadable", ""),
        ("Survey", "fileNotDownloadable", "fileNotExportable"),
        ("Yearbook", "fileNotDownloadable", "exportSizeLimitExceeded"),
        ("Spring", "fileNotDownloadable", "fileNotExportable"),
        ("Up to the top", "fileNotDownloadable", "fileNotExportable"),
        ("View only.pdf", "cannotDownloadFile", "fileNotExportable"),
    ] {
        let reason = |path: String, query: &[(&str, &str)]| match caller.ask(&path, query) {
            (200, _) => String::new(),
            (status, body) => {
                assert_eq!(status, 403, "{name}: {body}");
                refusal(status, &body).1
            }
        };
        let path = format!("files/{}", id(name));
        assert_eq!(reason(path.clone(), &MEDIA), media, "{name}");
        let form = [("mimeType", "application/pdf")];
        assert_eq!(reason(format!("{path}/export"), &form), pdf, "{name}");
    }
    let export = format!("files/{}/export", id("Budget"));
    let refused = |query: &[(&str, &str)]| caller.refused(&export, query).1;
    assert_eq!(refused(&[]), "required");
    assert_eq!(refused(&[("mimeType", "text/html")]), "badRequest");
    let (status, headers, bytes) = caller.fetch(
        caller.request(&export, &[("mimeType", "text/csv")]).header(header::RANGE, "bytes=4-"),
    );
    assert_eq!((status, &*bytes), (200, &b"what,how much\r\npaper,12\r\n"[..]), "no ranges");
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv");

    // Beyond the limit of exports there are links, for the same token.
    let yearbook = caller.get(&format!("files/{}", id("Yearbook")), &[("fields", "exportLinks")]);
    let link = text(&yearbook["exportLinks"]["application/pdf"]);
    assert_eq!(caller.fetch(caller.http.get(&link)).0, 403);
    let (status, _, bytes) = caller.fetch(caller.http.get(&link).bearer_auth(&caller.token));
    assert_eq!((status, bytes.len()), (200, 11 * 1024 * 1024));

    // Documents of a shared drive are exported without a flag: there is none.
    let minutes = caller.drive().truth(caller.drive().shared_drive_id()).unwrap().files;
    let minutes = minutes.iter().find(|row| row.name == "Minutes").unwrap();
    let path = format!("files/{}/export", minutes.id);
    assert_eq!(caller.fetch(caller.request(&path, &[("mimeType", "text/plain")])).0, 200);
    assert_eq!(caller.refused(&format!("files/{}", minutes.id), &[]).0, 404);
}

#[test]
fn a_restriction_is_told_and_lifted() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    let file = caller.apply(Op::file(caller.drive().root_folder_id(), "a.csv", "1"));
    let path = format!("files/{file}");
    for can_download in [false, true] {
        caller.apply(Op::Restrict { id: file.clone(), can_download });
        let told = caller.get(&path, &[("fields", "capabilities/canDownload")]);
        assert_eq!(told["capabilities"]["canDownload"], can_download);
        let status = caller.fetch(caller.request(&path, &MEDIA)).0;
        assert_eq!(status, if can_download { 200 } else { 403 });
    }
}
