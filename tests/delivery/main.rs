//! Each turn that a delivery can take, one by one: it is brought into a state by
//! its books or by a fault, and then the engine goes on with it.
//!
//! | file | what it is for |
//! |---|---|
//! | `file` | the one file, its books, and what is to be seen of it over there |
//! | `fence` | what the answer to the fence means |
//! | `place` | the configuration names another place meanwhile |
//! | `confirm` | the looks after the rename, and cleaning up |
//! | `cancel` | stopped and given up, and what is left of it |
//! | `upload` | before the rename: refused, broken off, the file gone here |
//! | `direct` | without renames |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cancel;
mod confirm;
mod direct;
mod fence;
mod file;
mod place;
#[path = "../support/mod.rs"]
mod support;
mod upload;
