//! The promise of a delivery as a small reference model, explored in every
//! interleaving.
//!
//! | file | what it is for |
//! |---|---|
//! | `world` | the source, the server, the receiver and the wire between |
//! | `protocol` | the ways of doing it: the obvious ones, and ours |
//! | `program` | what a program that does it one of these ways does next |
//! | `explore` | every interleaving, the verdict, the shortest counter-example |
//! | `table` | the verdicts, against the table that the design rests on |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod explore;
mod program;
mod protocol;

mod table;
mod world;
