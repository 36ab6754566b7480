//! Registers: the books against a world that changes, walks that break off anywhere,
//! and the engine with a source of our own.
//!
//! | file | what it is for |
//! |---|---|
//! | `world` | a tree of folders and files that changes, and is the truth |
//! | `source` | a service that shows it: by change detectors, or by a feed of changes |
//! | `desk` | a ledger on disk, walks into it, and what is in it afterwards |
//! | `truth` | random stories: the table equals the world |
//! | `cases` | what single walks do: loops, late folders, lost access, other scopes |
//! | `pass` | the engine's pass: outcomes, full walks, cancelling, dry runs |
//! | `delivered` | contents on their way to a destination |
//! | `old` | a ledger of the first version |
//! | `shown` | what the program prints of it |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod delivered;
mod desk;
mod old;
mod pass;
mod shown;
mod source;
#[path = "../support/mod.rs"]
mod support;
mod truth;
mod world;
