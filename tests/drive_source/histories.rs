//! Whatever happens in whatever order: after a walk the books equal the tree.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    File,
    Folder,
    Rename,
    Move,
    Trash,
    Restore,
    Delete,
    Edit,
    View,
    Shortcut,
    /// A walk; by looking everywhere, or as it likes.
    Walk(bool),
    /// A walk whose program is killed after so many pages.
    Killed(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::File),
        3 => Just(Step::Folder),
        2 => Just(Step::Rename),
        5 => Just(Step::Move),
        3 => Just(Step::Trash),
        3 => Just(Step::Restore),
        2 => Just(Step::Delete),
        1 => Just(Step::Edit),
        1 => Just(Step::View),
        1 => Just(Step::Shortcut),
        4 => any::<u8>().prop_map(|n| Step::Walk(n < 30)),
        2 => (0_usize..4, any::<u8>()).prop_map(|(n, full)| Step::Killed(n, full < 60)),
    ]
}

/// A world with a scope `r`, and a place outside it.
fn beginning(drive: bool) -> World {
    let mut world = World::new();
    match drive {
        true => world.drive("r"),
        false => world.folder("r", "own"),
    }
    world.folder("outside", "own");
    for (folder, parent) in [("a", "r"), ("b", "a"), ("c", "b"), ("x", "outside"), ("y", "x")] {
        world.folder(folder, parent);
        world.file(&format!("{folder}-1"), folder);
    }
    world
}

/// One step of the world; `pick` chooses what it is done to.
fn change(world: &mut World, step: &Step, pick: &mut impl FnMut(usize) -> usize) {
    let fixed = ["own", "r", "outside"];
    let ids = |world: &World, folders: bool| -> Vec<String> {
        let fits = |(id, item): &(&String, &Item)| {
            !folders && !fixed.contains(&id.as_str()) || folders && item.is_folder() && *id != "own"
        };
        world.items.iter().filter(fits).map(|(id, _)| id.clone()).collect()
    };
    let folders = ids(world, true);
    let parent = folders[pick(folders.len())].clone();
    let new = world.new_id();
    let made = pick(1000) as i64;
    match step {
        Step::File | Step::Folder => {
            match step {
                Step::File => world.file(&new, &parent),
                _ => world.folder(&new, &parent),
            }
            return world.change(&new, |item| item.made = made);
        }
        Step::Shortcut => return world.shortcut(&new, &parent, "x"),
        _ => {}
    }
    let all = ids(world, false);
    if all.is_empty() {
        return;
    }
    let id = all[pick(all.len())].clone();
    match step {
        Step::Rename => world.change(&id, |item| item.name = format!("name {new}")),
        Step::Move => {
            // Not into itself; and out of a drive one changes the drive.
            if !world.below(&id).contains(&parent) {
                let drive = world.items[&parent].drive.clone();
                if world.items[&id].drive == drive {
                    world.change(&id, |item| item.parents = vec![parent]);
                }
            }
        }
        Step::Trash => world.change(&id, |item| item.trashed = true),
        Step::Restore => world.change(&id, |item| item.trashed = false),
        Step::Delete => world.delete(&id),
        Step::Edit => world.change(&id, |item| {
            item.edition += 1;
            item.content = new.into_bytes();
        }),
        _ => world.touch(&id),
    }
}

async fn history(steps: Vec<(Step, u64)>, drive: bool, lost: u64, at_once: bool) {
    let manners = Manners { page: 4, lost, ..Manners::default() };
    let stand = Stand::with(beginning(drive), manners, |_| None).await;
    let source = stand.source(scope("r"));
    let mut register = Register { at_once, ..Register::default() };
    for (step, seed) in &steps {
        let mut seed = *seed;
        let mut pick = |n: usize| {
            let chosen = seed as usize % n;
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 1;
            chosen
        };
        match step {
            Step::Walk(full) => {
                register.walk(&source, *full).await.unwrap();
                check(&register, &stand.world(), "r");
            }
            Step::Killed(pages, full) => {
                register.pages_left = Some(AtomicUsize::new(*pages));
                // It may come to its end before.
                let _ = register.walk(&source, *full).await;
                register.pages_left = None;
            }
            step => change(&mut stand.world(), step, &mut pick),
        }
    }
    register.walk(&source, false).await.unwrap();
    check(&register, &stand.world(), "r");
    // And looking everywhere finds nothing else.
    register.walk(&source, true).await.unwrap();
    check(&register, &stand.world(), "r");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_books_equal_the_tree(
        steps in prop::collection::vec((step(), any::<u64>()), 1..40),
        drive in any::<bool>(),
        lost in prop_oneof![Just(0), Just(40_u64)],
        at_once in any::<bool>(),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(history(steps, drive, lost, at_once));
    }
}
