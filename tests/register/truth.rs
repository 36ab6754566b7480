//! Random stories: whatever happens to a world, and however walks end, the table
//! equals the truth after the next complete walk. `PROPTEST_CASES=500` tells more.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::Config;
use tokio::runtime::Runtime;
use transship::ledger::WalkCounts;

use crate::desk::{Books, Ended, Seen};
use crate::source::{Service, TestSource};
use crate::world::{Op, World, op, op_or_access};

/// Stories in a test run.
const CASES: u32 = 24;

#[derive(Clone, Debug)]
enum Step {
    Ops(Vec<Op>),
    Walk(Walk),
    Restart,
}

#[derive(Clone, Copy, Debug)]
struct Walk {
    full: bool,
    /// Killed after so many pages.
    killed_after: Option<u64>,
    /// Which folder, or entry, cannot be looked at.
    broken: Option<prop::sample::Index>,
}

fn walk() -> impl Strategy<Value = Walk> {
    (
        any::<bool>(),
        prop_oneof![3 => Just(None), 1 => (0..8_u64).prop_map(Some)],
        prop_oneof![4 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)],
    )
        .prop_map(|(full, killed_after, broken)| Walk { full, killed_after, broken })
}

fn story(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(op, 1..6).prop_map(Step::Ops),
        4 => walk().prop_map(Step::Walk),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..16)
}

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    Config { cases, max_shrink_iters: 400, ..Config::default() }
}

/// What the table must hold of a world that can be seen as a whole.
#[track_caller]
fn assert_true(books: &Books, world: &World) {
    let rows = books.rows();
    for (id, seen) in &rows {
        match world.files.get(id) {
            None => assert_eq!(seen.state, "removed", "{id}: {seen:?}"),
            Some(file) => {
                assert_eq!(seen.state, "present", "{id}: {seen:?}");
                assert_eq!(
                    (&seen.name, &seen.folder, &seen.version),
                    (&file.name, &file.folder, &format!("v{}", file.version)),
                    "{id}"
                );
                assert_eq!(seen.path, world.path(&file.folder, &file.name), "{id}");
            }
        }
    }
    for id in world.files.keys() {
        assert!(rows.contains_key(id), "{id} is missing: {rows:#?}");
    }
}

/// The counts that nobody counts are right, and everything lies where its folder is.
#[track_caller]
fn assert_sound(books: &Books) {
    for (column, condition) in [
        ("files_present", "removed_at IS NULL"),
        ("files_access_lost", "removed_at IS NULL AND access_lost_at IS NOT NULL"),
    ] {
        let kept = books.number_of(&format!(
            "SELECT coalesce(sum({column}), 0) FROM registers WHERE endpoint_id = {}",
            books.number
        ));
        let counted = books.number_of(&format!(
            "SELECT count(*) FROM files WHERE endpoint_id = {} AND {condition}",
            books.number
        ));
        assert_eq!(kept, counted, "{column}");
    }
    let astray = books.number_of(
        "SELECT count(*) FROM files f JOIN folders d ON d.id = f.folder_id
         WHERE f.removed_at IS NULL
           AND (d.removed_at IS NOT NULL OR f.file_path <> d.folder_path || '/' || f.file_name)",
    );
    assert_eq!(astray, 0, "files that are not where their folder is");
}

/// What a complete walk said it did is what is different.
#[track_caller]
fn assert_counted(
    before: &BTreeMap<String, Seen>,
    after: &BTreeMap<String, Seen>,
    counts: WalkCounts,
) {
    // Of folders the rows tell nothing.
    let WalkCounts { found, folders_lost, .. } = counts;
    let mut expected = WalkCounts { found, folders_lost, ..WalkCounts::default() };
    for (id, now) in after {
        let Some(then) = before.get(id) else {
            expected.new += 1;
            continue;
        };
        assert_eq!(then.row, now.row, "{id} has another row");
        match (then.state.as_str(), now.state.as_str()) {
            ("removed", "removed") => {}
            (_, "removed") => expected.removed += 1,
            (then_state, now_state) => {
                let facts = |s: &Seen| {
                    (s.name.clone(), s.path.clone(), s.folder.clone(), s.version.clone())
                };
                let lost = |state| state == "access_lost";
                if then_state == "removed" || facts(then) != facts(now) {
                    expected.updated += 1;
                }
                expected.access_lost += u64::from(!lost(then_state) && lost(now_state));
                expected.access_back += u64::from(lost(then_state) && !lost(now_state));
            }
        }
    }
    assert_eq!(counts, expected);
}

async fn play(service: Service, story: &[Step], access: bool) {
    let mut books = Books::new().await;
    let source = TestSource::new(World::new(), service);
    for step in story {
        match step {
            Step::Ops(ops) => ops.iter().for_each(|op| source.world().happen(op)),
            Step::Restart => books.open().await,
            Step::Walk(walk) => walk_once(&books, &source, *walk, access).await,
        }
    }
    // In the end everything can be seen, and is looked at twice.
    source.world().lost.clear();
    for quiet in [false, true] {
        let (before, everywhere) = (books.rows(), true);
        let counts = Books::finished(books.walk(&source, everywhere, None).await);
        assert_true(&books, &source.world());
        assert_sound(&books);
        assert_counted(&before, &books.rows(), counts);
        if quiet {
            assert!(!counts.any_change(), "{counts:?}");
            assert_eq!(books.rows(), before, "an unchanged row was written");
        }
    }
}

async fn walk_once(books: &Books, source: &TestSource, walk: Walk, access: bool) {
    let before = books.rows();
    if let Some(broken) = walk.broken {
        let world = source.world();
        let ids: Vec<String> = world.folders.keys().chain(world.files.keys()).cloned().collect();
        source.broken.lock().unwrap().insert(broken.get(&ids).clone());
    }
    let ended = books.walk(source, walk.full, walk.killed_after).await;
    source.broken.lock().unwrap().clear();
    let after = books.rows();
    let gone = |rows: &BTreeMap<String, Seen>| -> Vec<String> {
        let rows = rows.iter().filter(|(_, seen)| seen.state == "removed");
        rows.map(|(id, _)| id.clone()).collect()
    };
    match ended {
        Ended::Failed(failure) => panic!("{failure}"),
        Ended::Finished(counts, walked) if walked.failures.is_empty() => {
            assert_counted(&before, &after, counts);
            let world = source.world().clone();
            if !access {
                assert_true(books, &world);
            }
            assert_lost_is_not_gone(&world, &before, &after);
        }
        Ended::Finished(..) | Ended::Killed => {
            for id in gone(&after) {
                assert!(gone(&before).contains(&id), "{id} was removed by a walk without an end");
            }
        }
    }
    assert_sound(books);
}

/// A file that lies where it lay, and that we may not see, is not taken for removed.
#[track_caller]
fn assert_lost_is_not_gone(
    world: &World,
    before: &BTreeMap<String, Seen>,
    after: &BTreeMap<String, Seen>,
) {
    for (id, file) in &world.files {
        let Some(then) = before.get(id).filter(|then| then.state != "removed") else { continue };
        let stayed = then.path == world.path(&file.folder, &file.name);
        if stayed && !world.is_visible(&file.folder) {
            assert_ne!(after[id].state, "removed", "{id}: {:?}", after[id]);
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn change_detectors_lead_to_the_truth(story in story(op())) {
        Runtime::new().unwrap().block_on(play(Service::Stamps, &story, false));
    }

    #[test]
    fn a_feed_of_changes_leads_to_the_truth(story in story(op())) {
        Runtime::new().unwrap().block_on(play(Service::Feed, &story, false));
    }

    #[test]
    fn access_that_comes_and_goes_is_no_removal(story in story(op_or_access())) {
        Runtime::new().unwrap().block_on(play(Service::Stamps, &story, true));
    }
}
