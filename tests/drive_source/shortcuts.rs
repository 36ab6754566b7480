//! Shortcuts: rows of their own, and entered on request.

use super::*;

fn following() -> DriveScope {
    DriveScope { follow_shortcuts: true, ..scope("r") }
}

#[tokio::test]
async fn a_shortcut_is_a_row_with_its_target() {
    let mut world = grove(1);
    world.folder("far", "own");
    world.file("far-a", "far");
    world.shortcut("s1", "d0", "far-a");
    world.shortcut("s2", "d0", "far");
    let stand = Stand::of(world).await;
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    check(&register, &stand.world(), "r");
    let Content::MetadataOnly(why) = register.file("s1").content else { panic!() };
    assert_eq!(why, "a shortcut to far-a (application/pdf)");
    assert_eq!(register.file("s2").file_type.as_deref(), Some("shortcut"));
}

#[tokio::test]
async fn folders_behind_shortcuts_are_entered_once_and_loops_end() {
    let mut world = grove(2);
    world.folder("far", "own");
    world.file("far-a", "far");
    world.folder("deep", "far");
    world.file("deep-a", "deep");
    world.folder("farther", "own");
    world.file("farther-a", "farther");
    // Twice to the same, to itself and to what is above it, on to the next, to nothing.
    world.shortcut("s1", "d0", "far");
    world.shortcut("s2", "d1", "far");
    world.shortcut("s3", "deep", "r");
    world.shortcut("s4", "deep", "own");
    world.shortcut("s5", "far", "farther");
    world.shortcut("s6", "farther", "far");
    world.shortcut("s7", "d0", "d1");
    world.shortcut("s8", "d0", "gone");
    let stand = Stand::of(world).await;
    let register = Register::default();
    let walked = register.walk(&stand.source(following()), false).await.unwrap();
    assert!(walked.absence_counts && walked.failures.is_empty(), "{:?}", walked.failures);
    for id in ["far-a", "deep-a", "farther-a", "d1-a", "s1", "s2", "s3", "s8"] {
        assert!(register.ids().contains(&id.to_owned()), "{id}");
    }
    let folders = register.folders();
    assert_eq!(folders["far"].0, ["far", "d0", "r"], "where the first shortcut lies");
    assert_eq!(folders["far"].1, "to far");
    assert_eq!(folders["deep"].0, ["deep", "far", "d0", "r"]);
    assert_eq!(folders["d1"].0, ["d1", "r"], "its own place, not the shortcut's");
    assert_eq!(folders["r"].0, ["r"]);
    // The same, whatever comes first.
    let again = Register::default();
    again.walk(&stand.source(following()), false).await.unwrap();
    assert_eq!((again.files(), again.folders()), (register.files(), folders));
}

#[tokio::test]
async fn behind_shortcuts_an_unchanged_log_is_enough_and_any_change_is_not() {
    let mut world = grove(1);
    world.folder("far", "own");
    world.file("far-a", "far");
    world.shortcut("s1", "d0", "far");
    let stand = Stand::of(world).await;
    let (register, source) = (Register::default(), stand.source(following()));
    register.walk(&source, false).await.unwrap();
    stand.server.forget();
    register.walk(&source, false).await.unwrap();
    assert_eq!(stand.server.seen().len(), 1);
    stand.world().file("far-b", "far");
    assert!(register.walk(&source, false).await.unwrap().absence_counts);
    assert!(register.ids().contains(&"far-b".to_owned()));
}

#[tokio::test]
async fn what_lies_in_another_drive_is_looked_at_every_time() {
    let mut world = grove(1);
    world.drive("0Drive");
    world.folder("theirs", "0Drive");
    world.file("theirs-a", "theirs");
    world.shortcut("s1", "d0", "theirs");
    let stand = Stand::of(world).await;
    let (register, source) = (Register::default(), stand.source(following()));
    let walked = register.walk(&source, false).await.unwrap();
    assert!(register.ids().contains(&"theirs-a".to_owned()));
    assert_eq!(walked.memory, serde_json::Value::Null, "its log is another one");
    let in_drive = |r: &Request| r.is_list() && r.param("driveId") == Some("0Drive");
    assert_eq!(stand.server.count(in_drive), 1);
    assert!(register.walk(&source, false).await.unwrap().absence_counts);
}
