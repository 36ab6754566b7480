//! Registers of Autodesk and Google Drive end to end: the real engine, the real ledger
//! and the stand-ins; where a process dies, the real program.
//!
//! | file | what it is for |
//! |---|---|
//! | `desk` | the stand-ins, a configuration, what is in the ledger, what is true |
//! | `worlds` | random things that happen at the services, the same from the same seed |
//! | `stories` | the `files` table equals the truth, whatever has happened |
//! | `faults` | a fault in every call: nothing is removed wrongly, the next sync is right |
//! | `contents` | bytes on their way to a destination |
//! | `refresh` | one renewal for many endpoints, tasks and processes |
//! | `killed` | SIGKILL in the middle of a walk and of deliveries |
//! | `costs` | how many calls a register takes |
//!
//! Memory and time of the real program are measured by `tests/bench/registers`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The program is started and killed here.
#![cfg(unix)]

mod contents;
mod costs;
mod desk;
mod faults;
mod killed;
mod refresh;
mod stories;
#[path = "../support/mod.rs"]
mod support;
mod worlds;
