//! What is written about the program is true: pages that come from the code are those of
//! this code, examples are read by the program's own readers, and links lead somewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod containers;
mod examples;
mod keys;
mod links;
mod pages;
mod trouble;
