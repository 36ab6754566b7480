//! The Drive's part of the control URL.

use serde_json::{Value, json};

use super::{Caller, text, with_samples};

#[test]
fn the_drives_can_be_changed_and_asked_over_http() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let call = |method: &str, path: &str, body: Value| {
        let url = format!("{}{path}", stage.stand_ins.control_url());
        let mut request = caller.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = stage.send(request).unwrap();
        (reply.status().as_u16(), stage.wait(reply.json::<Value>()).unwrap())
    };
    let change = |body: Value| call("POST", "/google_drive/tree", body);
    let (status, one) = change(json!({ "op": "add_folder", "parent": root, "name": "New" }));
    assert_eq!(status, 200, "{one}");
    let folder = text(&one["ids"][0]);
    let (_, several) = change(json!([
        { "op": "add_file", "parent": folder, "name": "a.csv", "content": "a" },
        { "op": "add_file", "parent": folder, "name": "b.bin", "content_base64": "/wD/", "id": "b" },
        { "op": "add_file", "parent": folder, "name": "c.bin", "size": 1000 },
        { "op": "add_document", "parent": folder, "name": "d", "kind": "document" },
        { "op": "add_shortcut", "parent": folder, "name": "e", "target": root },
        { "op": "rename", "id": "b", "name": "B.bin" },
        { "op": "share", "id": "b", "with": "guest@school.example" },
    ]));
    assert_eq!(several["ids"].as_array().unwrap().len(), 7);
    let (_, truth) = call("GET", &format!("/google_drive/truth?root={folder}"), Value::Null);
    let paths: Vec<String> =
        truth["files"].as_array().unwrap().iter().map(|row| text(&row["path"])).collect();
    assert_eq!(paths, ["a.csv", "B.bin", "c.bin", "d", "e"]);
    let b = &truth["files"][1];
    assert_eq!((&b["id"], &b["size"], &b["folder"]), (&json!("b"), &json!(3), &json!(folder)));
    assert!(text(&b["md5"]).len() == 32 && text(&b["link"]).starts_with("https://"));
    assert_eq!(truth["files"][4]["target"], root);
    let (_, whole) = call("GET", "/google_drive/truth", Value::Null);
    assert_eq!(whole, serde_json::to_value(caller.drive().truth(root).unwrap()).unwrap());
    let guests = "/google_drive/truth?root=b&user=guest%40school.example";
    assert_eq!(call("GET", guests, Value::Null).0, 404, "a file is no root");

    for wrong in [
        json!({ "op": "add_flie", "parent": root, "name": "x" }),
        json!({ "op": "add_file", "parent": root, "nmae": "x" }),
        json!({ "op": "add_file", "parent": root, "name": "x", "content_base64": "!" }),
        json!({ "op": "delete", "id": "nothing" }),
        json!({ "name": "x" }),
        json!("delete everything"),
    ] {
        let (status, said) = change(wrong.clone());
        assert_eq!(status, 400, "{wrong}");
        assert!(!text(&said["error"]).is_empty());
    }
    // Those before the one that cannot be done stay done, and are named.
    let (status, said) = change(json!([
        { "op": "trash", "id": "b" }, { "op": "trash", "id": "nothing" }, { "op": "delete", "id": "b" },
    ]));
    assert_eq!((status, &said["ids"]), (400, &json!(["b"])));
    assert_eq!(caller.get("files/b", &[("fields", "trashed")])["trashed"], true);
    for path in ["/google_drive/truth?root=nothing", "/google_drive/truth?user=nobody"] {
        assert_eq!(call("GET", path, Value::Null).0, 404, "{path}");
    }
    assert_eq!(call("GET", "/google_drive/truth?rot=x", Value::Null).0, 400);
    let (_, conduct) = call("GET", "/google_drive/violations", Value::Null);
    assert_eq!(conduct, json!({ "violations": [], "units_spent": caller.drive().units_spent() }));
}

#[test]
fn a_watcher_is_told_of_changes() {
    let stage = with_samples();
    let drive = stage.world().google_drive();
    let before = *stage.world().watch().borrow();
    drive.apply(transship::demo::DriveOperation::folder(drive.root_folder_id(), "New")).unwrap();
    assert!(*stage.world().watch().borrow() > before);
}
