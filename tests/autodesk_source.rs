//! The Autodesk source against a scripted service: what the vendor's contract says, and
//! every reply that the service, a gateway or the network may give.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "autodesk_source/access.rs"]
mod access;
#[path = "autodesk_source/books.rs"]
mod books;
#[path = "autodesk_source/calls.rs"]
mod calls;
#[path = "autodesk_source/changes.rs"]
mod changes;
#[path = "support/counted.rs"]
mod counted;
#[path = "autodesk_source/fetch.rs"]
mod fetch;
#[path = "autodesk_source/large.rs"]
mod large;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "autodesk_source/secrets.rs"]
mod secrets;
#[path = "autodesk_source/service.rs"]
mod service;
#[path = "autodesk_source/session.rs"]
mod session;
#[path = "autodesk_source/sign_in.rs"]
mod sign_in;
#[path = "support/sink.rs"]
mod sink;
#[path = "autodesk_source/tokens.rs"]
mod tokens;
#[path = "autodesk_source/walk.rs"]
mod walk;
#[path = "autodesk_source/world.rs"]
mod world;

use counted::counted;
