//! The promise of a delivery, proved twice: a small reference model of it is
//! explored in every interleaving, and the real state code walks at random
//! beside the arrows that the model takes.
//!
//! | file | what it is for |
//! |---|---|
//! | `world` | the source, the server, the receiver and the wire between |
//! | `protocol` | the ways of doing it: the obvious ones, and ours |
//! | `program` | what a program that does it one of these ways does next |
//! | `explore` | every interleaving, the verdict, the shortest counter-example |
//! | `table` | the verdicts, against the table that the design rests on |
//! | `arrows` | the arrows of the model, against those that the ledger allows |
//! | `walk` | the real engine, the real ledger, the stand-ins, and chance |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The program is started and killed here.
#![cfg(unix)]

mod arrows;
mod explore;
mod program;
mod protocol;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod walk;
mod world;
