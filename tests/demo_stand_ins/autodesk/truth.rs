//! What happens there is what a client sees, and what the truth says.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use transship::demo::{
    AutodeskContent as Content, AutodeskOperation as Operation, AutodeskPlace as Place,
    HOSTILE_NAMES,
};

use super::{Aps, assert_same, rows, text};
use crate::Stage;

const DRAWINGS: &str = "Project Files/01 Drawings";
const PLAN: &str = "Project Files/01 Drawings/Architecture/A-101 Floor plan.pdf";

/// The change detectors on the way from the project's highest folder to `folder`.
fn rollups(aps: &Aps<'_>, folders: &[&str]) -> Vec<String> {
    let rollup = |id: &str| {
        let folder = aps.get(&aps.folder(id, "")).json();
        text(&folder["data"]["attributes"]["lastModifiedTimeRollup"])
    };
    folders.iter().map(|id| rollup(id)).collect()
}

fn what(place: &str) -> Place {
    place.into()
}

#[test]
fn the_samples_hold_everything_once_and_a_walk_finds_it() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let truth = aps.truth();
    assert_same(&aps.walk(), &rows(&truth), "at first");
    let names: Vec<&str> = truth.files.iter().map(|file| file.name.as_str()).collect();
    assert!(HOSTILE_NAMES.iter().all(|name| names.contains(name)));
    assert!(truth.files.iter().any(|file| file.storage_id.is_none()));
    assert!(truth.files.iter().any(|file| file.storage_id.is_some() && file.size.is_none()));
    assert!(truth.files.iter().any(|file| file.size == Some(0)));
    assert!(truth.files.iter().any(|file| file.version == 3));
    assert!(truth.files.iter().any(|file| file.names.len() > 5));
    assert!(!names.contains(&"Withdrawn.docx") && !names.contains(&"Old plan.pdf"));

    let all = stage.world().autodesk_truth();
    let european = all.project(&aps.access().european_project_id).unwrap();
    assert!(european.files[0].id.starts_with("urn:adsk.wipemea:dm.lineage:"));
    assert!(all.project(&aps.access().empty_project_id).unwrap().files.is_empty());
}

#[test]
fn the_samples_are_the_same_every_time() {
    let (one, other) = (Stage::new(), Stage::new());
    assert!(one.world().autodesk_truth() == other.world().autodesk_truth());
}

/// Everything that can happen to the sample project, one after the other.
fn story() -> Vec<Operation> {
    let plan = || what(PLAN);
    vec![
        Operation::AddFolder { folder: what(DRAWINGS), name: "New".into() },
        Operation::AddFile {
            folder: what("Project Files/01 Drawings/New"),
            name: "new.pdf".into(),
            content: Some(Content::noise(1000)),
            size_missing: false,
        },
        Operation::AddVersion { file: plan(), content: Some(Content::Text("new".into())) },
        Operation::Rename { what: plan(), name: "A-102.pdf".into(), in_place: true },
        Operation::Rename {
            what: what("Project Files/01 Drawings/Architecture/A-102.pdf"),
            name: "A-101 Floor plan.pdf".into(),
            in_place: false,
        },
        Operation::Rename { what: what(DRAWINGS), name: "Drawings".into(), in_place: false },
        Operation::Move {
            what: what("Project Files/Drawings/Architecture"),
            to: what("Project Files/04 Empty"),
        },
        Operation::Move {
            what: what("Project Files/05 Correspondence/Letter.docx"),
            to: what("Plans"),
        },
        Operation::Delete { what: what("Plans/Letter.docx") },
        Operation::Restore { what: what("Plans/Letter.docx") },
        Operation::Delete { what: what("Project Files/04 Empty") },
        Operation::Restore { what: what("Project Files/04 Empty") },
        Operation::Restore { what: what("Project Files/99 Archive") },
        Operation::AddHostileNames { folder: what("Plans") },
        Operation::Forbid { folder: what("Project Files/02 Models"), listed: false },
    ]
}

#[test]
fn after_everything_that_happens_a_walk_finds_the_truth() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let mut before = rows(&aps.truth());
    for operation in story() {
        aps.happen(operation.clone());
        let after = rows(&aps.truth());
        let a_folder = matches!(operation, Operation::AddFolder { .. });
        assert!(a_folder || after != before, "{operation:?} is seen");
        assert_same(&aps.walk(), &after, &format!("{operation:?}"));
        before = after;
        // And it means the same as JSON.
        let written = serde_json::to_string(&operation).unwrap();
        assert_eq!(serde_json::from_str::<Operation>(&written).unwrap(), operation);
    }
}

#[test]
fn ids_stay_over_versions_moves_and_renames() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let id = aps.truth().file(PLAN).unwrap().id.clone();
    for operation in story() {
        aps.happen(operation);
    }
    let truth = aps.truth();
    let plan = truth.files.iter().find(|file| file.id == id).unwrap();
    assert_eq!(plan.path, "Project Files/04 Empty/Architecture/A-101 Floor plan.pdf");
    assert_eq!(plan.version, 5, "three, one new, one for the new name");
    let letter = truth.file("Plans/Letter.docx").unwrap();
    assert_eq!(letter.version, 3, "a deletion is a version, and so is a restoration");
    assert!(letter.storage_id.is_some());
}

#[test]
fn content_moves_the_rollup_and_the_rest_does_so_by_a_switch() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let top = text(&aps.top_folders("?projectFilesOnly=true").json()["data"][0]["id"]);
    let architecture = aps.truth().file(PLAN).unwrap().folder_id.clone();
    let elsewhere = {
        let truth = aps.truth();
        let letter = truth.file("Project Files/05 Correspondence/Letter.docx").unwrap();
        letter.folder_id.clone()
    };
    let way = [top.as_str(), &architecture, &elsewhere];
    let moved = |operation: Operation| {
        let before = rollups(&aps, &way);
        aps.happen(operation);
        let after = rollups(&aps, &way);
        before.iter().zip(&after).map(|(a, b)| a != b).collect::<Vec<_>>()
    };
    let version = || Operation::AddVersion { file: what(PLAN), content: None };
    let rename =
        |name: &str| Operation::Rename { what: what(PLAN), name: name.into(), in_place: false };
    for structural in [true, false] {
        aps.happen(Operation::StructuralRollup { value: structural });
        assert_eq!(moved(version()), [true, true, false]);
        assert_eq!(moved(rename("A-101 Floor plan.pdf")), [structural, structural, false]);
        assert_eq!(moved(Operation::Delete { what: what(PLAN) }), [structural, structural, false]);
        assert_eq!(moved(Operation::Restore { what: what(PLAN) }), [structural, structural, false]);
        let to = what("Project Files/05 Correspondence");
        let away = Operation::Move { what: what(PLAN), to };
        assert_eq!(moved(away), [structural; 3], "where it was, and where it is");
        let back = Operation::Move {
            what: what("Project Files/05 Correspondence/A-101 Floor plan.pdf"),
            to: what("Project Files/01 Drawings/Architecture"),
        };
        assert_eq!(moved(back), [structural; 3]);
    }
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let before = stage.world().autodesk_truth();
    let root = "/";
    for operation in [
        Operation::AddFolder { folder: what("Project Files/Nothing"), name: "x".into() },
        Operation::AddFolder { folder: what(PLAN), name: "x".into() },
        Operation::AddVersion { file: what(DRAWINGS), content: None },
        Operation::AddVersion { file: what(PLAN), content: Some(Content::noise(u64::MAX)) },
        Operation::Generate { name: "x".into(), folders: usize::MAX, files: 2, seed: 0 },
        Operation::Delete { what: what("urn:adsk.wipprod:dm.lineage:nothing") },
        Operation::Delete { what: what(root) },
        Operation::Restore { what: what(PLAN) },
        Operation::Move { what: what(DRAWINGS), to: what("Project Files/01 Drawings/Structure") },
        Operation::Move { what: what(DRAWINGS), to: what(DRAWINGS) },
        Operation::Move {
            what: what(DRAWINGS),
            to: format!("{}/Plans", aps.access().empty_project_id).into(),
        },
        Operation::AddProject { name: "x".into(), hub: Some("b.nothing".into()) },
        Operation::Activate { project: "b.nothing".into(), value: false },
    ] {
        assert!(stage.world().autodesk(operation.clone()).is_err(), "{operation:?}");
    }
    assert!(stage.world().autodesk_truth() == before);
    // Folders are nested so deep and no deeper.
    let mut folder = what("Plans");
    let mut made = 0;
    while let Ok(id) =
        stage.world().autodesk(Operation::AddFolder { folder: folder.clone(), name: "n".into() })
    {
        folder = id.into();
        made += 1;
    }
    assert_eq!(made, 24);
}

#[test]
fn the_control_url_tells_the_truth_and_changes_it() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let call = |method: &str, path: &str, body: Value| {
        let url = format!("{}{path}", stage.stand_ins.control_url());
        let request = aps.http.request(method.parse().unwrap(), url).json(&body);
        let reply = aps.send(request).unwrap();
        (reply.status, reply.json())
    };
    let one = json!({ "op": "add_folder", "folder": "Plans", "name": "A" });
    let (status, made) = call("POST", "/autodesk/tree", one);
    assert_eq!(status, 200);
    let folder = text(&made["ids"][0]);
    let several = json!([
        { "op": "add_file", "folder": folder, "name": "a.pdf", "content": { "base64": "/wA=" } },
        { "op": "add_file", "folder": "Plans/A", "name": "b.pdf", "content": { "noise": 9 } },
        { "op": "add_file", "folder": "Plans/A", "name": "c.pdf", "content": { "storage": false } },
        { "op": "rename", "what": "Plans/A", "name": "B" },
    ]);
    let (status, made) = call("POST", "/autodesk/tree", several);
    assert_eq!(status, 200, "{made}");
    let (_, truth) = call("GET", "/autodesk/truth", Value::Null);
    let files = truth["projects"][0]["files"].as_array().unwrap();
    let sizes: BTreeMap<&str, &Value> = files
        .iter()
        .map(|file| (file["path"].as_str().unwrap(), &file["size"]))
        .filter(|(path, _)| path.starts_with("Plans/B/"))
        .collect();
    let (two, nine) = (json!(2), json!(9));
    let expected =
        [("Plans/B/a.pdf", &two), ("Plans/B/b.pdf", &nine), ("Plans/B/c.pdf", &Value::Null)];
    assert_eq!(sizes, BTreeMap::from(expected));
    let content = |id: &Value| {
        let url = format!("{}/autodesk/content/{}", stage.stand_ins.control_url(), text(id));
        let reply = stage.send(aps.http.get(url)).unwrap();
        (reply.status().as_u16(), stage.wait(reply.bytes()).unwrap())
    };
    assert_eq!(content(&made["ids"][0]), (200, vec![0xff, 0].into()));
    assert_eq!(content(&made["ids"][2]).0, 404);

    for (wrong, says) in [
        (json!({ "op": "explode" }), "explode"),
        (json!({ "op": "delete", "what": "Plans", "whta": 1 }), "whta"),
        (json!({ "op": "delete", "what": "Plans/Nothing" }), "Plans/Nothing"),
        (json!({ "op": "delete" }), "what"),
    ] {
        let (status, reply) = call("POST", "/autodesk/tree", wrong.clone());
        assert_eq!(status, 400, "{wrong}");
        assert!(text(&reply["error"]).contains(says), "{wrong}: {reply}");
    }
    assert_eq!(call("GET", "/offences", Value::Null), (200, json!([])));
}
