//! The command line: one file per command that is more than a call.

mod act;
mod args;
mod auth;
mod autodesk;
mod check;
mod demo;
mod exit;
mod ingest;
