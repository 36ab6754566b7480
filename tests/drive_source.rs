//! The Google Drive source against a small, honest Drive over HTTP, and against every
//! fault that the service, its quota and the network may have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "drive_source/browse.rs"]
mod browse;
#[path = "drive_source/calls.rs"]
mod calls;
#[path = "drive_source/changes.rs"]
mod changes;
#[path = "drive_source/contents.rs"]
mod contents;
#[path = "support/counted.rs"]
mod counted;
#[path = "drive_source/exports.rs"]
mod exports;
#[path = "drive_source/histories.rs"]
mod histories;
#[path = "drive_source/key.rs"]
mod key;
#[path = "drive_source/lists.rs"]
mod lists;
#[path = "drive_source/register.rs"]
mod register;
#[path = "drive_source/server.rs"]
mod server;
#[path = "drive_source/service.rs"]
mod service;
#[path = "drive_source/shortcuts.rs"]
mod shortcuts;
#[path = "drive_source/sign_in.rs"]
mod sign_in;
#[path = "support/sink.rs"]
mod sink;
#[path = "drive_source/world.rs"]
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};

use counted::counted;
use register::{Register, check};
use server::*;
use service::*;
use transship::model::{Content, DriveScope, Failure, FailureClass as C, Pick, Retry};
use transship::sources::RegisterSource;
use world::*;

/// A folder `r` in which `n` folders hold two files each.
fn grove(n: usize) -> World {
    let mut world = World::new();
    world.folder("r", "own");
    for f in 0..n {
        let folder = format!("d{f}");
        world.folder(&folder, "r");
        world.file(&format!("{folder}-a"), &folder);
        world.file(&format!("{folder}-b"), &folder);
    }
    world
}
