//! The Encoura source against a scripted server: every reply that the service,
//! a proxy or the network may give.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/counted.rs"]
mod counted;
#[path = "encoura_source/download.rs"]
mod download;
#[path = "encoura_source/lists.rs"]
mod lists;
#[path = "encoura_source/login.rs"]
mod login;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "encoura_source/secrets.rs"]
mod secrets;
#[path = "support/sink.rs"]
mod sink;
#[path = "encoura_source/stub.rs"]
mod stub;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use counted::counted;
use sink::Memory;
use stub::*;
use tokio_util::sync::CancellationToken;
use transship::model::{EncouraAccount, Failure, FailureClass as C, Retry};
use transship::sources::encoura::Encoura;
use transship::sources::{ExportSource, ListFailure, ListKind};

async fn list(source: &Encoura, kind: ListKind) -> Result<Vec<u8>, ListFailure> {
    let (_folder, path) = new_file();
    source.list(kind, None, &path).await.map(|()| std::fs::read(&path).unwrap())
}

async fn fetch(source: &Encoura, sink: &mut Memory) -> Result<(), Failure> {
    source.fetch("a", sink, &CancellationToken::new()).await
}
