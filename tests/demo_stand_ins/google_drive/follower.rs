//! Whether the log of changes is enough: somebody who walks once and then only
//! follows the log must know what is true, whatever happens.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use transship::demo::{Arming, DriveOperation as Op, Fault, NewDriveFolder};

use super::{Caller, Rows, rows, stage, text, truth};

/// Knows items by id, each with the folder that it was last seen in.
struct Follower<'a> {
    caller: &'a Caller<'a>,
    root: String,
    known: BTreeMap<String, Value>,
    token: String,
}

impl<'a> Follower<'a> {
    fn new(caller: &'a Caller<'a>, root: &str) -> Self {
        // The token comes first: what changes during the walk is told twice.
        let token = text(&caller.get("changes/startPageToken", &[])["startPageToken"]);
        let known = caller.walk(root, 50);
        Self { caller, root: root.to_owned(), known, token }
    }

    fn follow(&mut self) {
        loop {
            let query = [("pageToken", &*self.token), ("fields", "*"), ("pageSize", "3")];
            let page = self.caller.get("changes", &query);
            for change in page["changes"].as_array().unwrap() {
                self.take(change);
            }
            let next = page["nextPageToken"].as_str();
            let token = next.or(page["newStartPageToken"].as_str()).unwrap().to_owned();
            self.token = token;
            if next.is_none() {
                return;
            }
        }
    }

    fn take(&mut self, change: &Value) {
        let (id, file) = (text(&change["fileId"]), &change["file"]);
        if change["removed"] == true {
            self.known.remove(&id);
            return;
        }
        let was_inside = self.is_inside(&id);
        self.known.insert(id.clone(), file.clone());
        let folder = file["mimeType"] == "application/vnd.google-apps.folder";
        // Of what came along in a folder nothing is told: it has to be walked.
        if folder && !was_inside && self.is_inside(&id) {
            self.known.extend(self.caller.walk(&id, 50));
        }
    }

    /// Whether the item is below the root and in no trash, as far as is known.
    fn is_inside(&self, id: &str) -> bool {
        let Some(item) = self.known.get(id) else { return false };
        if item["explicitlyTrashed"] == true {
            return false;
        }
        match item["parents"][0].as_str() {
            Some(parent) => parent == self.root || self.is_inside(parent),
            None => false,
        }
    }

    fn rows(&self) -> Rows {
        rows(self.known.iter().filter(|(id, _)| self.is_inside(id)).map(|(_, file)| file))
    }
}

/// Something that may happen to one of these items.
fn random_operation(random: &mut StdRng, items: &[String], number: usize) -> Op {
    let mut any = || items[random.random_range(0..items.len())].clone();
    let (one, other) = (any(), any());
    match random.random_range(0..12) {
        0 | 1 => Op::folder(one, format!("folder {number}")),
        2 | 3 => Op::file(one, format!("file {number}"), format!("{number}")),
        4 => Op::rename(one, format!("renamed {number}")),
        5 | 6 => Op::move_to(one, other),
        7 => Op::content(one, format!("again {number}")),
        8 => Op::trash(one),
        9 => Op::untrash(one),
        10 if number.is_multiple_of(5) => Op::delete(one),
        _ => Op::View { id: one, by: None },
    }
}

#[test]
fn a_follower_of_the_log_knows_what_is_true() {
    let (mut grew, mut shrank) = (0, 0);
    for seed in 0..12 {
        let stage = stage(|_| {});
        let caller = Caller::new(&stage);
        let root = caller.drive().root_folder_id();
        // Things also move out of what is followed, and back into it.
        let outside = NewDriveFolder { name: "outside".into(), ..NewDriveFolder::default() };
        let outside = caller.apply(Op::AddFolder(outside));
        caller.apply(Op::share(&outside));
        let mut items = vec![root.to_owned(), outside];
        for name in ["a", "b", "c", "d"] {
            let folder = caller.apply(Op::folder(root, name));
            items.push(caller.apply(Op::file(&folder, format!("in {name}"), name)));
            items.push(folder);
        }
        let mut follower = Follower::new(&caller, root);
        let mut before = follower.rows().len();
        let random = &mut StdRng::seed_from_u64(seed);
        if seed % 2 == 1 {
            stage.world().arm(Arming::from(Fault::DriveEmptyPage).count(5));
        }
        for number in 0..60 {
            let operation = random_operation(random, &items, number);
            // The root itself stays; what cannot be done is not done.
            let touches_root = matches!(&operation,
                Op::Rename { id, .. } | Op::Move { id, .. } | Op::Trash { id } | Op::Delete { id }
                    if id == root);
            if touches_root {
                continue;
            }
            if let Ok(id) = caller.drive().apply(operation)
                && !items.contains(&id)
            {
                items.push(id);
            }
            if random.random_range(0..4) == 0 {
                follower.follow();
                let known = follower.rows();
                assert_eq!(known, truth(caller.drive(), root), "seed {seed}, {number}");
                grew += usize::from(known.len() > before);
                shrank += usize::from(known.len() < before);
                before = known.len();
            }
        }
        follower.follow();
        assert_eq!(follower.rows(), truth(caller.drive(), root), "seed {seed}, at last");
    }
    assert!(grew > 20 && shrank > 20, "{grew}, {shrank}: something did happen");
}
