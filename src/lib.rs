//! # The plan of the house
//!
//! transship moves files between services and proves that it did. Data goes one
//! way, and no room knows more than it needs:
//!
//! ```text
//! model ← config, ledger, transport ← sources, destinations, silver ← engine ← http, headless, console ← cli ← main
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`model`] | the words: states, failures, names, secrets. Plain data, no I/O |
//! | `platform` | what one system does otherwise than another: rights, syncing of folders, signals |
//! | [`config`] | `connector.yaml` and the environment → what is to be done |
//! | [`ledger`] | the books in SQLite; every transition a compare-and-set with an event |
//! | [`transport`] | what several sources and destinations share: HTTP, SSH, SFTP |
//! | [`sources`] | where files come from |
//! | [`destinations`] | where files go |
//! | [`silver`] | bronze files → typed tables, quarantine, lineage |
//! | [`engine`] | the work: one pass of an endpoint, one file's way; commands in, events out |
//! | [`http`] | health, status and metrics for whoever watches over it |
//! | [`headless`] | the engine's events as lines, progress bars or JSON |
//! | [`console`] | the engine's events on a screen |
//! | [`demo`] | stand-ins for all services, for `demo`, `sim` and the tests |
//! | [`cli`] | the command line |
//! | `crash`, `wrong` | where and how the proof breaks the program; nothing in a release |
//!
//! One arrow goes back: `config` asks `console` which actions and keys there are.
//!
//! **A file's walk:** a source lists → the engine records in the ledger → the
//! source fetches into the archive → the engine verifies → the destination
//! stages and publishes → the engine books it → an event says so.
//!
//! **A key's walk:** terminal → `Action` → the state changes at once, or a
//! command goes to the engine → an event comes back → state → screen.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod config;
pub mod console;
#[cfg(feature = "crash-points")]
pub mod crash;
#[cfg(not(feature = "crash-points"))]
mod crash;
pub mod demo;
pub mod destinations;
pub mod engine;
#[cfg(test)]
mod fuzz;
pub mod headless;
pub mod http;
pub mod ledger;
pub mod model;
mod platform;
pub mod silver;
pub mod sources;
pub mod transport;
mod wrong;

#[cfg(all(feature = "crash-points", not(debug_assertions)))]
compile_error!("the feature crash-points is for the proof alone, never for a release");
