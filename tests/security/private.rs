//! What is about students stays in files of the owner's alone, and out of every log.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bytes::Bytes;
use transship::demo::Samples;

use crate::support::program::Site;
use crate::support::terminal::Terminal;

/// Nobody is called this.
const STUDENT: &str = "Quillfeather-Zwolinski";

#[tokio::test(flavor = "multi_thread")]
async fn a_student_is_in_the_delivered_file_and_nowhere_else_that_is_shown() {
    let mut site = Site::with(|options| {
        let mut export = Samples::new(5).report("ACT-students.csv", 3);
        let mut content = export.content.to_vec();
        content.extend_from_slice(format!("0001,\"{STUDENT}\",\"Ada\"\r\n").as_bytes());
        export.content = Bytes::from(content);
        options.exports = vec![export];
    })
    .await;
    site.set("CONNECTOR_LOG_LEVEL", "trace");
    let mut said = String::new();
    // Also where the content itself is in trouble.
    for fault in ["body_cut", "etag_changed", "write_torn", "no_space", "rename_cut_after"] {
        site.arm(fault);
        let ran = site.run(&["--verbose", "--json", "sync"]).await;
        said += &format!("{}{}", ran.stdout, ran.stderr);
        site.world().disarm();
    }
    site.sync_until_quiet(4).await;
    site.assert_all_once();
    for arguments in [&["events", "--json", "--limit", "0"][..], &["show", "x1"], &["show", "d1"]] {
        let ran = site.run(arguments).await.expect(0);
        said += &format!("{}{}", ran.stdout, ran.stderr);
    }
    let terminal = Terminal::start_in(site.folder(), &site.variables(), &[], (120, 35));
    terminal.wait_for("Encoura exports");
    let pid = terminal.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    said += &String::from_utf8_lossy(&terminal.end().raw);
    said += &site.log();
    assert!(said.contains("ACT-students.csv"), "the file's name is told");
    for words in [STUDENT, "\"Ada\""] {
        assert!(!said.contains(words), "{words}: {said}");
    }
    let ledger = std::fs::read(site.database()).unwrap();
    assert!(!crate::whole::holds(&ledger, STUDENT));
    // The search finds what is there: the archive has the file as it came.
    let kept = crate::whole::made(site.folder());
    assert!(kept.iter().any(|(_, bytes)| crate::whole::holds(bytes, STUDENT)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_written_is_for_its_owner_alone() {
    let whole = crate::whole::Whole::new().await;
    // The widest mask there is: the program does not rely on it.
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_transship"), "sync"]);
    let running = crate::support::program::Running::begin(command, whole.path(), &whole.variables);
    running.ended().await;
    let mut looked_at = Vec::new();
    for folder in ["data", "logs"] {
        open_to_others(&whole.path().join(folder), &mut looked_at);
    }
    for part in ["connector.db", "silver.db", "archive", "bronze", "logs"] {
        assert!(looked_at.iter().any(|(path, _)| path.contains(part)), "{part}: {looked_at:?}");
    }
    let open: Vec<_> = looked_at.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "others may look: {open:?}");
}

/// Every file and folder below `folder`, itself too, with its mode.
fn open_to_others(folder: &Path, found: &mut Vec<(String, u32)>) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    found.push((folder.display().to_string(), mode(folder)));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => open_to_others(&path, found),
            false => found.push((path.display().to_string(), mode(&path))),
        }
    }
}
