//! Pages, masks, shared drives, and what an item looks like.

use std::collections::BTreeSet;

use reqwest::header;
use serde_json::{Value, json};
use transship::demo::DriveOperation as Op;

use super::{ALL_DRIVES, Account, Caller, METADATA, rows, stage, text, truth, with_samples};

#[test]
fn walks_of_any_kind_find_what_is_true() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let drive = caller.drive();
    for root in [drive.root_folder_id(), drive.shared_drive_id()] {
        for at_once in [1, 2, 50] {
            let found = caller.walk(root, at_once);
            assert_eq!(rows(found.values()), truth(drive, root), "{at_once} at once");
        }
    }
    let truth = drive.truth(drive.root_folder_id()).unwrap();
    let paths: Vec<&str> = truth.files.iter().map(|row| &*row.path).collect();
    assert!(paths.contains(&"2026/Spring/Empty.csv"), "{paths:?}");
    assert!(paths.contains(&"../Names/../../etc/passwd"), "names are told as they are");
    assert!(!paths.iter().any(|path| path.contains("hrown away")));
    let with_trash =
        drive.truth_for(&stage.stand_ins.google_drive().client_email, &truth.root, true);
    assert_eq!(with_trash.unwrap().files.len(), truth.files.len() + 2);
}

#[test]
fn grown_forests_are_walked_over_many_pages() {
    let grow = |seed| Op::Grow { parent: "root".into(), seed, folders: 40, files: 300 };
    let mut seen = BTreeSet::new();
    for seed in 1..=3 {
        let stage = stage(|options| options.operations = vec![grow(seed)]);
        let caller = Caller::new(&stage);
        let root = text(&caller.get("files/root", &[])["id"]);
        let expected = truth(caller.drive(), &root);
        assert_eq!(expected.len(), 340);
        assert_eq!(rows(caller.walk(&root, 50).values()), expected);
        // The same without folders, in pages of every size.
        for (size, pages) in [("7", 49), ("100", 4), ("170", 2), ("339", 2), ("340", 1)] {
            let q = "trashed = false and 'me' in owners";
            let (files, needed) = caller.all(&[("q", q), ("pageSize", size)]);
            assert_eq!((files.len(), needed), (340, pages), "nothing twice");
            assert_eq!(rows(&files), expected, "pages of {size}");
        }
        let paths: BTreeSet<String> =
            caller.drive().truth(&root).unwrap().files.into_iter().map(|row| row.path).collect();
        seen.insert(paths);
        let again = super::stage(|options| options.operations = vec![grow(seed)]);
        assert_eq!(truth(again.world().google_drive(), &root), expected, "the same seed");
    }
    assert_eq!(seen.len(), 3, "another seed is another forest");
}

#[test]
fn a_page_token_is_good_for_its_own_query_alone() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let query = |more: &[(&'static str, &'static str)]| {
        let mut query = vec![("q", "trashed = false"), ("pageSize", "2"), ("orderBy", "name")];
        for (name, value) in more {
            query.retain(|(known, _)| known != name);
            query.push((name, value));
        }
        query
    };
    let token = text(&caller.get("files", &query(&[]))["nextPageToken"]);
    let next = |more: &[(&'static str, &'static str)], token: &str| {
        let mut query = query(more);
        query.push(("pageToken", token));
        caller.ask("files", &query)
    };
    let (_, second) = next(&[], &token);
    let ids = |page: &Value| -> Vec<String> {
        page["files"].as_array().unwrap().iter().map(|file| text(&file["id"])).collect()
    };
    // What may change from page to page.
    assert_eq!(ids(&next(&[("pageSize", "1")], &token).1), ids(&second)[..1]);
    assert_eq!(ids(&next(&[("fields", "files/id")], &token).1), ids(&second));
    assert_eq!(ids(&next(&[("prettyPrint", "false")], &token).1), ids(&second));
    for more in [
        [("q", "trashed = true")],
        [("q", "trashed=false")],
        [("orderBy", "name desc")],
        [("supportsAllDrives", "true")],
        [("corpora", "user")],
    ] {
        let (status, body) = next(&more, &token);
        let refused = (400, "invalid".to_owned(), "pageToken".to_owned());
        assert_eq!(super::refusal(status, &body), refused, "{more:?}");
    }
    let altered = token.replace("~!!~", "~!!~A");
    for wrong in ["made up", &*altered, &token[1..]] {
        assert_eq!(next(&[], wrong).0, 400, "{wrong}");
    }
    let subject = stage.stand_ins.google_drive().subject.clone();
    let other = Account::new(&stage).sign_in(METADATA, Some(&subject));
    let mut query = query(&[]);
    query.push(("pageToken", &token));
    assert_eq!(other.refused("files", &query).0, 400, "another caller's");
}

#[test]
fn pages_stay_right_while_things_come_and_go() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let query = [("pageSize", "5"), ("q", "trashed = false"), ("fields", "*")];
    let first = caller.get("files", &query);
    let (all, _) = caller.all(&query);
    let id = |file: &Value| text(&file["id"]);
    // One that was seen already goes.
    caller.apply(Op::delete(id(&all[0])));
    let token = text(&first["nextPageToken"]);
    let mut query = query.to_vec();
    query.push(("pageToken", &token));
    let second = caller.get("files", &query);
    assert_eq!(id(&second["files"][0]), id(&all[5]), "nothing is skipped");
}

#[test]
fn shared_drives_are_only_there_for_those_who_ask_for_them() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let shared = caller.drive().shared_drive_id();
    let inside = format!("'{shared}' in parents");
    let count = |query: &[(&str, &str)]| {
        let (status, body) = caller.ask("files", &[query, &[("pageSize", "1000")]].concat());
        match status {
            200 => Ok(body["files"].as_array().unwrap().len()),
            _ => Err(super::refusal(status, &body).1),
        }
    };
    let [supports, includes] = ALL_DRIVES;
    let drive = [("corpora", "drive"), ("driveId", shared)];
    let error = |reason: &str| Err(reason.to_owned());
    for (query, expected) in [
        (vec![("q", &*inside), supports, includes], Ok(2)),
        (vec![("q", &*inside), supports], error("notFound")),
        (vec![("q", &*inside), includes], error("notFound")),
        (vec![("q", &*inside)], error("notFound")),
        (vec![drive[0], drive[1], supports, includes], Ok(6)),
        (vec![drive[0], drive[1], supports], error("includeTeamDriveItemsRequired")),
        (vec![drive[0], drive[1], includes], error("teamDrivesParameterRequired")),
        (vec![drive[0], supports, includes], error("teamDriveIdRequiresTeamDriveCorpora")),
        (vec![drive[1], supports, includes], error("teamDriveIdRequiresTeamDriveCorpora")),
        (vec![drive[0], ("driveId", "0Anothing"), supports, includes], error("notFound")),
        // A scan of one's own corpus is no scan of shared drives, flags or not.
        (vec![("corpora", "user"), supports, includes], count(&[])),
        (vec![("corpora", "allDrives"), supports, includes], count(&[]).map(|own| own + 6)),
        (vec![("corpora", "allDrives")], error("includeTeamDriveItemsRequired")),
        (vec![("corpora", "domain")], Ok(0)),
        (vec![("corpora", "everything")], error("invalid")),
    ] {
        assert_eq!(count(&query), expected, "{query:?}");
    }
    let site = caller.drive().truth(shared).unwrap().files.remove(0).id;
    assert_eq!(
        caller.refused(&format!("files/{site}"), &[]),
        (404, "notFound".into(), "fileId".into())
    );
    let item = caller.get(&format!("files/{site}"), &[supports, ("fields", "driveId,owners")]);
    assert_eq!(item, json!({ "driveId": shared }), "a drive's items have no owner");
    let top = caller.get(&format!("files/{shared}"), &[supports]);
    assert_eq!(top["name"], "Drive", "its true name is told by drives.get alone");
    assert_eq!(caller.get(&format!("drives/{shared}"), &[])["name"], "Plans");

    caller.apply(Op::unshare(shared));
    assert_eq!(caller.get("drives", &[])["drives"], json!([]));
    assert_eq!(count(&[drive[0], drive[1], supports, includes]), error("notFound"));
}

#[test]
fn items_look_as_the_vendor_shows_them() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let one = |name: &str| {
        let q = format!("name = '{name}'");
        let mut files = caller.all(&[("q", &q)]).0;
        assert!(!files.is_empty(), "{name}");
        files.remove(0)
    };
    let csv = one("Empty.csv");
    assert_eq!((&csv["size"], &csv["fileExtension"]), (&json!("0"), &json!("csv")));
    assert_eq!(csv["md5Checksum"], "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(csv["sha256Checksum"].as_str().unwrap().len(), 64);
    assert_eq!(csv["capabilities"]["canDownload"], true);
    assert!(csv["webViewLink"].as_str().unwrap().contains(csv["id"].as_str().unwrap()));
    assert_eq!(one("archive.tar.gz")["fullFileExtension"], "tar.gz");
    assert_eq!(one("View only.pdf")["capabilities"]["canDownload"], false);

    let document = one("Handbook");
    assert!(document["size"].is_string() && document["exportLinks"].is_object());
    for missing in ["md5Checksum", "sha256Checksum", "fileExtension", "webContentLink"] {
        assert!(document.get(missing).is_none(), "{missing}");
    }
    let shortcut = one("Up to the top");
    assert_eq!(shortcut["shortcutDetails"]["targetId"], root);
    assert_eq!(shortcut["shortcutDetails"]["targetMimeType"], "application/vnd.google-apps.folder");
    assert!(shortcut.get("size").is_none() && shortcut.get("md5Checksum").is_none());

    // Trash: itself, or with a folder above it.
    let (with, own) = (one("with the folder.csv"), one("thrown away.csv"));
    let trashed = |file: &Value| (file["trashed"] == true, file["explicitlyTrashed"] == true);
    assert_eq!((trashed(&with), trashed(&own)), ((true, false), (true, true)));

    // What was shared alone lies nowhere, and so does the top of what was shared.
    let alone = one("Shared alone.pdf");
    assert!(alone.get("parents").is_none() && alone["sharedWithMeTime"].is_string());
    assert!(one("Admissions").get("parents").is_none());
    assert!(csv["parents"].as_array().unwrap().len() == 1 && csv.get("sharedWithMeTime").is_none());
    assert_eq!(caller.names("name = 'Salaries.csv'"), Vec::<String>::new());
}

#[test]
fn only_the_fields_that_were_asked_for_are_sent() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let q = ("q", "name = 'Empty.csv'");
    let names =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let usual = caller.get("files", &[q]);
    assert_eq!(names(&usual), ["files", "incompleteSearch", "kind"]);
    assert_eq!(names(&usual["files"][0]), ["id", "kind", "mimeType", "name"]);
    let masked = caller.get("files", &[q, ("fields", "files(size,capabilities/canDownload)")]);
    let expected = json!({ "size": "0", "capabilities": { "canDownload": true } });
    assert_eq!(masked, json!({ "files": [expected] }));
    // A mask that forgets the token loses every page but the first.
    let first = caller.get("files", &[("pageSize", "1"), ("fields", "files/id")]);
    assert!(first.get("nextPageToken").is_none());
    let first = caller.get("files", &[("pageSize", "1"), ("fields", "nextPageToken,files/id")]);
    assert!(first["nextPageToken"].is_string());
}

#[test]
fn replies_are_pretty_and_packed_as_asked() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let lines = |query: &[(&str, &str)]| {
        let (_, headers, body) = caller.fetch(caller.request("files", query));
        assert_eq!(headers[header::CONTENT_TYPE], "application/json; charset=UTF-8");
        String::from_utf8(body).unwrap().lines().count()
    };
    assert!(lines(&[]) > 50);
    assert_eq!(lines(&[("prettyPrint", "false")]), 1);
    let plain = caller.fetch(caller.request("files", &[])).2;
    for (agent, encoding, packed) in [
        ("transship (gzip)", "gzip", true),
        ("transship (gzip)", "identity", false),
        ("transship", "gzip", false),
    ] {
        let request = caller.request("files", &[]);
        let request = request.header("User-Agent", agent).header("Accept-Encoding", encoding);
        let (_, headers, body) = caller.fetch(request);
        assert_eq!(headers.contains_key(header::CONTENT_ENCODING), packed, "{agent} {encoding}");
        let unpacked = if packed { stored(&body) } else { body };
        assert_eq!(unpacked, plain);
    }
}

/// Unpacks a gzip file of stored blocks.
fn stored(packed: &[u8]) -> Vec<u8> {
    assert_eq!(packed[..4], [0x1f, 0x8b, 8, 0]);
    let (mut unpacked, mut rest) = (Vec::new(), &packed[10..]);
    loop {
        let length = u16::from_le_bytes([rest[1], rest[2]]);
        assert_eq!(!length, u16::from_le_bytes([rest[3], rest[4]]));
        unpacked.extend(&rest[5..5 + usize::from(length)]);
        let last = rest[0] == 1;
        rest = &rest[5 + usize::from(length)..];
        if last {
            assert_eq!(rest.len(), 8, "checksum and length");
            return unpacked;
        }
    }
}
