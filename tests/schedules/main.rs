//! Schedules: plans that survive a restart, runs that were missed, pauses, and never
//! two runs of one endpoint at once. Hours pass on a clock that the tests set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod at_once;
mod commands;
mod day;
mod interrupted;
mod missed;
mod plans;
#[path = "../support/mod.rs"]
mod support;
