//! The log of changes.

use serde_json::{Value, json};
use transship::demo::{Arming, DriveOperation as Op, Fault};

use super::{ALL_DRIVES, Account, Caller, METADATA, stage, text, with_samples};

fn start(caller: &Caller<'_>, query: &[(&str, &str)]) -> String {
    text(&caller.get("changes/startPageToken", query)["startPageToken"])
}

/// Every change since `token`, over all pages, and the token for the next time.
fn read(caller: &Caller<'_>, token: &str, query: &[(&str, &str)]) -> (Vec<Value>, String) {
    let (mut changes, mut token) = (Vec::new(), token.to_owned());
    loop {
        let query = [query, &[("pageToken", &*token), ("fields", "*")]].concat();
        let page = caller.get("changes", &query);
        changes.extend(page["changes"].as_array().unwrap().iter().cloned());
        match (page["nextPageToken"].as_str(), page["newStartPageToken"].as_str()) {
            (Some(next), None) => token = next.to_owned(),
            (None, Some(new)) => return (changes, new.to_owned()),
            both => panic!("one of both: {both:?}"),
        }
    }
}

/// In short: the id, and what became of it.
fn told(changes: &[Value]) -> Vec<(String, String)> {
    let became = |change: &Value| {
        if change["removed"] == true {
            return "removed".to_owned();
        }
        let file = &change["file"];
        let trashed = if file["trashed"] == true { "trashed " } else { "" };
        format!("{trashed}{}", text(&file["name"]))
    };
    changes.iter().map(|change| (text(&change["fileId"]), became(change))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, what)| ((*id).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn each_thing_is_told_once_as_it_is_now() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let token = start(&caller, &[]);
    assert_eq!(read(&caller, &token, &[]), (vec![], token.clone()));

    let a = caller.apply(Op::file(root, "a", "1"));
    let b = caller.apply(Op::file(root, "b", "1"));
    caller.apply(Op::rename(&a, "a, renamed"));
    let (changes, next) = read(&caller, &token, &[]);
    assert_eq!(told(&changes), pairs(&[(&b, "b"), (&a, "a, renamed")]), "in the order of the last");
    assert_eq!(changes[0]["changeType"], "file");
    assert_eq!(changes[0]["file"]["md5Checksum"], "c4ca4238a0b923820dcc509a6f75849b");

    caller.apply(Op::content(&a, "2"));
    caller.apply(Op::trash(&b));
    let (changes, _) = read(&caller, &next, &[]);
    assert_eq!(told(&changes), pairs(&[(&a, "a, renamed"), (&b, "trashed b")]));
    caller.apply(Op::untrash(&b));
    caller.apply(Op::delete(&a));
    let (changes, last) = read(&caller, &next, &[]);
    assert_eq!(told(&changes), pairs(&[(&b, "b"), (&a, "removed")]));
    let keys: Vec<&String> = changes[1].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["changeType", "fileId", "kind", "removed", "time", "type"]);

    // Somebody only looked at it: an entry all the same.
    caller.apply(Op::View { id: b.clone(), by: None });
    let (changes, _) = read(&caller, &last, &[]);
    assert_eq!(told(&changes), pairs(&[(&b, "b")]));
    assert_eq!(read(&caller, &token, &[]).0.len(), 2, "an old token is good for ever");
    assert_eq!(read(&caller, &token, &[("includeRemoved", "false")]).0.len(), 1);
}

#[test]
fn of_what_lies_in_a_folder_nothing_is_told() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let truth = caller.drive().truth(root).unwrap();
    let folder = |path: &str| truth.folders.iter().find(|row| row.path == path).unwrap().id.clone();
    let (year, letters) = (folder("2026"), folder("Letters"));
    let inside = truth.files.iter().find(|row| row.path == "2026/Spring/Empty.csv").unwrap();
    for (operation, expected) in [
        (Op::move_to(&year, &letters), "2026"),
        (Op::rename(&year, "2025"), "2025"),
        (Op::trash(&year), "trashed 2025"),
        (Op::untrash(&year), "2025"),
        (Op::delete(&year), "removed"),
    ] {
        let token = start(&caller, &[]);
        caller.apply(operation.clone());
        let (changes, _) = read(&caller, &token, &[]);
        assert_eq!(told(&changes), pairs(&[(&year, expected)]), "{operation:?}");
        let (status, file) = caller.ask(&format!("files/{}", inside.id), &[("fields", "trashed")]);
        match expected {
            "removed" => assert_eq!(status, 404, "it went with its folder"),
            _ => assert_eq!(file["trashed"], expected.starts_with("trashed"), "{expected}"),
        }
    }
}

#[test]
fn losing_access_looks_like_a_deletion() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let subject = stage.stand_ins.google_drive().subject.clone();
    let owner = Account::new(&stage).sign_in(METADATA, Some(&subject));
    let (ours, theirs) = (start(&caller, &[]), start(&owner, &[]));
    caller.apply(Op::unshare(root));
    assert_eq!(told(&read(&caller, &ours, &[]).0), pairs(&[(root, "removed")]));
    assert_eq!(told(&read(&owner, &theirs, &[]).0), pairs(&[(root, "Admissions")]));
    let q = format!("'{root}' in parents");
    assert_eq!(caller.refused("files", &[("q", &q)]).0, 404);
    caller.apply(Op::share(root));
    assert_eq!(told(&read(&caller, &ours, &[]).0), pairs(&[(root, "Admissions")]));
}

#[test]
fn shared_drives_have_logs_of_their_own() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let (root, shared) = (caller.drive().root_folder_id(), caller.drive().shared_drive_id());
    let of_drive = [("driveId", shared), ALL_DRIVES[0], ALL_DRIVES[1]];
    let own = start(&caller, &[]);
    let of = start(&caller, &of_drive[..2]);
    let file = caller.apply(Op::file(shared, "plan", "1"));
    assert_eq!(told(&read(&caller, &of, &of_drive).0), pairs(&[(&file, "plan")]));
    assert_eq!(read(&caller, &own, &[]).0, Vec::<Value>::new());
    assert_eq!(read(&caller, &own, &ALL_DRIVES).0, Vec::<Value>::new());
    // A token is good for its own log alone.
    let crossed = [("driveId", shared), ALL_DRIVES[0], ALL_DRIVES[1], ("pageToken", &*own)];
    assert_eq!(caller.refused("changes", &crossed).2, "pageToken");
    let without = [("driveId", shared), ("pageToken", &*of)];
    assert_eq!(caller.refused("changes", &without).1, "includeTeamDriveItemsRequired");
    let subject = stage.stand_ins.google_drive().subject.clone();
    let owner = Account::new(&stage).sign_in(METADATA, Some(&subject));
    assert_eq!(owner.refused("changes", &crossed).0, 404, "no member");

    // From one into the other: gone here, new there.
    let file = caller.apply(Op::file(root, "moves", "1"));
    let (own, of) = (start(&caller, &[]), start(&caller, &of_drive[..2]));
    caller.apply(Op::move_to(&file, shared));
    assert_eq!(told(&read(&caller, &own, &[]).0), pairs(&[(&file, "removed")]));
    assert_eq!(told(&read(&caller, &of, &of_drive).0), pairs(&[(&file, "moves")]));
    caller.apply(Op::move_to(&file, root));
    assert_eq!(told(&read(&caller, &of, &of_drive).0), pairs(&[(&file, "removed")]));

    // Membership is told in the user's log, to those who ask for shared drives.
    let own = start(&caller, &[]);
    caller.apply(Op::rename(shared, "Old plans"));
    let (changes, _) = read(&caller, &own, &ALL_DRIVES);
    assert_eq!(
        (&changes[0]["changeType"], &changes[0]["drive"]["name"]),
        (&json!("drive"), &json!("Old plans"))
    );
    caller.apply(Op::unshare(shared));
    let (changes, _) = read(&caller, &own, &ALL_DRIVES);
    assert_eq!((&changes[0]["driveId"], &changes[0]["removed"]), (&json!(shared), &json!(true)));
    assert_eq!(read(&caller, &own, &[]).0, Vec::<Value>::new());
    assert_eq!(caller.refused("changes", &of_drive).0, 400, "the token is missing");
}

#[test]
fn changes_come_in_pages_of_any_size() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let token = start(&caller, &[]);
    let ids: Vec<String> =
        (0..23).map(|n| caller.apply(Op::file(root, format!("{n}"), ""))).collect();
    let seen = |query: &[(&str, &str)]| {
        let (changes, _) = read(&caller, &token, query);
        changes.iter().map(|change| text(&change["fileId"])).collect::<Vec<_>>()
    };
    for size in ["1", "7", "22", "23", "1000"] {
        assert_eq!(seen(&[("pageSize", size)]), ids, "pages of {size}");
    }
    stage.world().arm(Arming::from(Fault::DriveShortPages).value(4));
    stage.world().arm(Arming::from(Fault::DriveEmptyPage).after(2));
    assert_eq!(seen(&[]), ids);
    assert_eq!(stage.world().struck(Fault::DriveEmptyPage), 1);
    // What changes between two pages comes at the end.
    stage.world().disarm();
    let first = caller.get("changes", &[("pageToken", &token), ("pageSize", "5")]);
    caller.apply(Op::rename(&ids[10], "again"));
    let rest = read(&caller, &text(&first["nextPageToken"]), &[]).0;
    assert_eq!(rest.len(), 18);
    assert_eq!(text(&rest[17]["fileId"]), ids[10]);
}

#[test]
fn what_lies_outside_ones_own_drive_can_be_left_out() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let token = start(&caller, &[]);
    let own = caller.apply(Op::file("root", "own", ""));
    caller.apply(Op::file(caller.drive().root_folder_id(), "shared with me", ""));
    let (changes, _) = read(&caller, &token, &[("restrictToMyDrive", "true")]);
    assert_eq!(told(&changes), pairs(&[(&own, "own")]));
}
