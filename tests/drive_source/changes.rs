//! Walks by the log of changes.

use super::*;
use std::sync::Arc;
use transship::sources::google_drive::DriveSource;

async fn walked(world: World) -> (Stand, Register, DriveSource) {
    let stand = Stand::of(world).await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    register.walk(&source, false).await.unwrap();
    check(&register, &stand.world(), "r");
    stand.server.forget();
    (stand, register, source)
}

#[tokio::test]
async fn a_register_that_is_unchanged_costs_one_call() {
    let (stand, register, source) = walked(grove(100)).await;
    for _ in 0..3 {
        let walked = register.walk(&source, false).await.unwrap();
        assert!(!walked.absence_counts && walked.failures.is_empty());
        assert_eq!(stand.server.seen().len(), 1);
        assert!(register.pages.lock().unwrap().is_empty());
        stand.server.forget();
    }
    // A new process signs in first.
    let other = stand.source(scope("r"));
    register.walk(&other, false).await.unwrap();
    assert_eq!(stand.server.seen().len(), 2);
}

#[tokio::test]
async fn every_kind_of_change_arrives_by_the_log() {
    let mut world = grove(4);
    world.folder("outside", "own");
    world.folder("away", "outside");
    world.file("away-a", "away");
    let (stand, register, source) = walked(world).await;
    type Change = fn(&mut World);
    let steps: [(&str, Change, usize); 14] = [
        ("a new file", |w| w.file("n", "d0"), 1),
        ("an edit", |w| w.change("n", |i| (i.content, i.edition) = (b"new".to_vec(), 1)), 1),
        ("a rename", |w| w.change("n", |i| i.name = "renamed".into()), 1),
        ("a move", |w| w.change("n", |i| i.parents = vec!["d1".into()]), 1),
        ("a view", |w| w.touch("n"), 1),
        ("out of the scope", |w| w.change("n", |i| i.parents = vec!["outside".into()]), 1),
        ("and back", |w| w.change("n", |i| i.parents = vec!["d2".into()]), 1),
        ("into the trash", |w| w.change("n", |i| i.trashed = true), 1),
        ("out of it", |w| w.change("n", |i| i.trashed = false), 1),
        ("gone", |w| w.delete("n"), 1),
        // Folders: what lies in them has no entries of its own.
        ("a folder moved within", |w| w.change("d3", |i| i.parents = vec!["d2".into()]), 1),
        ("a folder moved out", |w| w.change("d2", |i| i.parents = vec!["outside".into()]), 1),
        (
            "a folder with everything moved in",
            |w| w.change("d2", |i| i.parents = vec!["d1".into()]),
            3,
        ),
        ("another one", |w| w.change("away", |i| i.parents = vec!["r".into()]), 2),
    ];
    for (what, change, calls) in steps {
        change(&mut stand.world());
        let walked = register.walk(&source, false).await.unwrap();
        assert!(walked.failures.is_empty() && !walked.absence_counts, "{what}");
        check(&register, &stand.world(), "r");
        assert_eq!(stand.server.seen().len(), calls, "{what}");
        stand.server.forget();
    }
    for (what, change) in [
        ("a folder in the trash", (|w| w.change("d1", |i| i.trashed = true)) as Change),
        ("restored", |w| w.change("d1", |i| i.trashed = false)),
        ("deleted", |w| w.delete("d1")),
        ("the root renamed", |w| w.change("r", |i| i.name = "R".into())),
        ("emptied out of what is deleted", |w| {
            w.folder("late", "d0");
            w.change("d0-a", |i| i.parents = vec!["late".into()]);
            w.change("late", |i| i.parents = vec!["r".into()]);
            w.delete("d0");
        }),
    ] {
        change(&mut stand.world());
        register.walk(&source, false).await.unwrap();
        check(&register, &stand.world(), "r");
        assert!(stand.server.count(|r| r.is_start()) == 0, "{what}: not by looking everywhere");
    }
}

#[tokio::test]
async fn the_log_of_a_shared_drive_is_its_own() {
    let mut world = World::new();
    world.drive("0Drive");
    world.folder("s", "0Drive");
    world.file("f", "s");
    let stand = Stand::of(world).await;
    let (register, source) = (Register::default(), stand.source(scope("0Drive")));
    register.walk(&source, false).await.unwrap();
    stand.server.forget();
    stand.world().file("mine", "own");
    stand.world().change("s", |item| item.name = "S".into());
    stand.world().put("loose", Item { drive: Some("0Drive".into()), ..file(&["hidden"]) });
    register.walk(&source, false).await.unwrap();
    assert_eq!(register.ids(), ["f", "loose"]);
    assert_eq!(register.file("loose").folder, "0Drive");
    assert_eq!(register.folders()["s"].1, "S");
    assert!(stand.server.seen().iter().all(|r| r.param("driveId") == Some("0Drive")));
}

#[tokio::test]
async fn a_token_that_is_refused_means_looking_everywhere() {
    for status in [400, 404, 410] {
        let refused = Arc::new(AtomicUsize::new(0));
        let times = Arc::clone(&refused);
        let stand = Stand::with(grove(3), Manners::default(), move |r| {
            (r.is_changes() && times.load(Ordering::SeqCst) > 0).then(|| {
                times.fetch_sub(1, Ordering::SeqCst);
                error(status, "invalid", "Invalid Value")
            })
        })
        .await;
        let (register, source) = (Register::default(), stand.source(scope("r")));
        register.walk(&source, false).await.unwrap();
        stand.world().file("new", "d0");
        refused.store(1, Ordering::SeqCst);
        let walked = register.walk(&source, false).await.unwrap();
        assert!(walked.absence_counts, "{status}");
        check(&register, &stand.world(), "r");
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_a_failure_and_deletes_nothing() {
    let (stand, register, _) = walked(grove(2)).await;
    let memory = register.known().memory;
    drop(stand);
    let failing = Stand::with(grove(2), Manners::default(), |r| {
        r.is_changes().then(|| error(500, "backendError", "unwell"))
    })
    .await;
    let failure = register.walk(&failing.source(scope("r")), false).await.unwrap_err();
    assert_eq!(failure.class, C::Unavailable);
    assert_eq!((register.known().memory, register.ids().len()), (memory, 4));
}

#[tokio::test]
async fn with_other_settings_everything_is_looked_at() {
    let (stand, register, source) = walked(grove(2)).await;
    let narrow = DriveScope {
        pick: Pick { exclude_patterns: vec!["d0*".into()], ..Pick::default() },
        ..scope("r")
    };
    let walked = register.walk(&stand.source(narrow), false).await.unwrap();
    assert!(walked.absence_counts);
    assert_eq!(register.ids(), ["d1-a", "d1-b"]);
    // And on request.
    let walked = register.walk(&source, true).await.unwrap();
    assert!(walked.absence_counts);
    check(&register, &stand.world(), "r");
    assert!(!register.walk(&source, false).await.unwrap().absence_counts);
    // A file that is not wanted any more as it is now.
    stand.world().change("d1-a", |item| item.trashed = true);
    register.walk(&source, false).await.unwrap();
    check(&register, &stand.world(), "r");
}

#[tokio::test]
async fn a_new_folder_that_cannot_be_listed_is_listed_next_time() {
    let failing = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&failing);
    let stand = Stand::with(grove(2), Manners::default(), move |r| {
        (r.is_list() && now.load(Ordering::SeqCst) > 0).then(|| error(500, "backendError", ""))
    })
    .await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    register.walk(&source, false).await.unwrap();
    {
        let mut world = stand.world();
        world.folder("far", "own");
        world.folder("in", "far");
        world.file("in-a", "in");
        world.delete("d0");
    }
    register.walk(&source, false).await.unwrap();
    stand.world().change("far", |item| item.parents = vec!["r".into()]);
    failing.store(1, Ordering::SeqCst);
    let walked = register.walk(&source, false).await.unwrap();
    assert_eq!(walked.failures.len(), 1, "{:?}", walked.failures);
    failing.store(0, Ordering::SeqCst);
    register.walk(&source, false).await.unwrap();
    check(&register, &stand.world(), "r");
}

/// A world with a tree outside the scope, which comes in as a whole.
fn with_a_tree_outside() -> World {
    let mut world = grove(2);
    world.folder("outside", "own");
    for (folder, parent) in [("m", "outside"), ("k", "m"), ("l", "k"), ("empty", "l")] {
        world.folder(folder, parent);
        world.file(&format!("{folder}-a"), folder);
    }
    world
}

/// Kills a walk after every page that it has; the next walk puts everything right.
#[tokio::test]
async fn a_walk_that_is_killed_anywhere_is_made_good_by_the_next() {
    type Change = fn(&mut World);
    let changes: [(&str, Change); 4] = [
        ("a tree comes in", |w| w.change("m", |i| i.parents = vec!["d0".into()])),
        ("and goes, and comes back", |w| {
            w.change("m", |i| i.parents = vec!["outside".into()]);
            w.change("m", |i| i.parents = vec!["r".into()]);
        }),
        ("what holds it is deleted", |w| {
            w.change("m", |i| i.parents = vec!["d0".into()]);
            w.change("k", |i| i.parents = vec!["d1".into()]);
            w.delete("d0");
        }),
        ("into the trash and out", |w| {
            w.change("m", |i| i.parents = vec!["d0".into()]);
            w.change("d0", |i| i.trashed = true);
        }),
    ];
    for (what, change) in changes {
        for full in [false, true] {
            let mut pages = 0;
            loop {
                let stand = Stand::of(with_a_tree_outside()).await;
                let (mut register, source) = (Register::default(), stand.source(scope("r")));
                register.walk(&source, false).await.unwrap();
                change(&mut stand.world());
                register.pages_left = Some(AtomicUsize::new(pages));
                let killed = register.walk(&source, full).await;
                register.pages_left = None;
                register.walk(&source, false).await.unwrap();
                check(&register, &stand.world(), "r");
                if what.contains("trash") {
                    stand.world().change("d0", |item| item.trashed = false);
                    register.walk(&source, false).await.unwrap();
                    check(&register, &stand.world(), "r");
                }
                pages += 1;
                if killed.is_ok() {
                    break;
                }
            }
            assert!(pages > 1, "{what}: never killed");
        }
    }
}

#[tokio::test]
async fn what_moves_while_everything_is_looked_at_is_not_missed() {
    // While the walk is at `d1`, a folder that it has not reached moves to where it has
    // been already.
    let world = Arc::new(std::sync::Mutex::new(None::<Arc<Stand>>));
    let to_move = Arc::clone(&world);
    let moved = AtomicUsize::new(0);
    let mut grove = grove(2);
    grove.folder("late", "d1");
    grove.file("late-a", "late");
    let manners = Manners { most_parents: 1, ..Manners::default() };
    let stand = Stand::with(grove, manners, move |r| {
        let now = r.is_list() && r.parents() == ["d1"] && moved.fetch_add(1, Ordering::SeqCst) == 0;
        if now && let Some(stand) = to_move.lock().unwrap().as_ref() {
            stand.world().change("late", |item| item.parents = vec!["r".into()]);
        }
        None
    })
    .await;
    let stand = Arc::new(stand);
    *world.lock().unwrap() = Some(Arc::clone(&stand));
    let (register, source) = (Register::default(), stand.source(scope("r")));
    let walked = register.walk(&source, true).await.unwrap();
    assert!(walked.absence_counts);
    check(&register, &stand.world(), "r");
    assert_eq!(register.folders()["late"].0, ["late", "r"]);
    *world.lock().unwrap() = None;
}
