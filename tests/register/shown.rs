//! What the program prints of a register.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::pass::Rig;
use crate::world::World;

/// A configuration whose ledger is the rig's.
fn configure(rig: &Rig) {
    let database = rig.desk.config.database.display();
    let yaml = format!(
        "database: {{ url: \"sqlite:///{database}\" }}
clients:
  google_drive: {{ credentials_path: none.json }}
endpoints:
  - name: Plans
    endpoint_type: google_drive
    endpoint_details: {{ folder_id: abc }}
    schedule: {{ type: manual }}
"
    );
    std::fs::write(rig.desk.folder().join("connector.yaml"), yaml).unwrap();
}

fn run(rig: &Rig, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_transship"))
        .args(arguments)
        .current_dir(rig.desk.folder())
        .env_clear()
        .env("HOME", rig.desk.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn rows(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    let output = run(rig, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn files_endpoints_and_runs_are_listed() {
    let mut world = World::with(&[("1", "a"), ("2", "a")]);
    world.add_file("3", "a", "\u{1b}[2J\u{202e}.pdf");
    let rig = Rig::new(world).await;
    rig.pass().await;
    rig.source().world().delete_file("1");
    rig.pass().await;
    configure(&rig);

    let files = rows(&rig, &["files", "--json"]);
    assert_eq!(files.len(), 3);
    let two = files.iter().find(|file| file["external_file_id"] == "2").unwrap();
    for (key, value) in [
        ("endpoint", "Plans"),
        ("name", "2.pdf"),
        ("path", "/Project Files/a/2.pdf"),
        ("link", "https://service.example/2"),
        ("file_type", "pdf"),
        ("state", "present"),
    ] {
        assert_eq!(two[key], value, "{key}: {two}");
    }
    assert_eq!(two["size"], 3);
    assert!(two["updated_at"].is_string() && two["id"].as_str().unwrap().starts_with('f'));
    let removed = rows(&rig, &["files", "--json", "--state", "removed"]);
    assert_eq!(removed.len(), 1);
    assert!(removed[0]["removed_at"].is_string());
    assert_eq!(rows(&rig, &["files", "--json", "--limit", "1"]).len(), 1);
    assert_eq!(rows(&rig, &["files", "--json", "--endpoint", "Plans"]).len(), 3);
    assert_eq!(run(&rig, &["files", "--state", "gone"]).status.code(), Some(2));

    let table = String::from_utf8(run(&rig, &["files"]).stdout).unwrap();
    assert!(table.contains("/Project Files/a/2.pdf"), "{table}");
    assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'), "{table}");

    let endpoint = &rows(&rig, &["endpoints", "--json"])[0];
    for (key, value) in [("files", 2), ("removed", 1), ("new", 0), ("updated", 0)] {
        assert_eq!(endpoint[key], value, "{key}: {endpoint}");
    }
    assert!(endpoint["api_calls"].as_u64().unwrap() > 0);
    let run_row = &rows(&rig, &["runs", "--json"])[0];
    assert_eq!(run_row["endpoints"][0]["removed"], 1);

    let story = String::from_utf8(run(&rig, &["show", "r2"]).stdout).unwrap();
    assert!(story.contains("2 found, 0 new, 0 changed, 1 removed"), "{story}");
    assert!(story.contains("/Project Files/a/1.pdf"), "{story}");
    let id = removed[0]["id"].as_str().unwrap();
    let story = String::from_utf8(run(&rig, &["show", id]).stdout).unwrap();
    assert!(story.contains("removed") && story.contains("first seen"), "{story}");
}
