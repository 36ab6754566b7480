//! The writing side of silver, on real files: what its module says, rule by rule, and any
//! order of arrival against a model in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod definitions;
mod disk;
mod files;
mod first_load;
mod keyed;
mod killed;
mod model;
mod references;
mod stand;
mod stories;
