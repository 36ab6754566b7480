//! The connection is cut at every point of a small job, in every way: whatever
//! is lost, and whatever is carried out late, everything arrives exactly once.
//!
//! With the stand-ins every request of the SFTP session is cut in turn: not
//! executed, executed with its reply lost, executed after the client came back.
//! With the real OpenSSH server a proxy does the same to the encrypted stream,
//! chunk by chunk. The destructive list's reply is cut at every kind of byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt as _;
use support::desk::Desk;
use support::proxy::{Cut, Proxy, Way};
use support::sshd::Sshd;
use transship::demo::{Consumer, Options, Samples};

/// More cuts than a small job has packets or chunks.
const MOST: u32 = 200;

/// Jobs side by side: most of their time they wait before they try again.
const SIDE_BY_SIDE: usize = 8;

fn two_exports(options: &mut Options) {
    let mut samples = Samples::new(4);
    options.exports = vec![samples.report("a.csv", 2), samples.report("a.csv", 400)];
}

/// Cuts at 0, 1, 2 … until one does not come any more; gives how many did.
async fn sweep<F>(cut: impl Fn(u32) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    futures::stream::iter(0..MOST)
        .map(|at| {
            let job = tokio::spawn(cut(at));
            async move { job.await.unwrap_or_else(|_| panic!("the promise is broken by cut {at}")) }
        })
        .buffered(SIDE_BY_SIDE)
        .take_while(|struck| std::future::ready(*struck))
        .count()
        .await
}

/// Every packet of the job, cut in this way.
async fn every_packet(fault: &'static str) {
    let cuts = sweep(move |at| async move {
        let desk = Desk::with(two_exports).await;
        desk.arm(&format!("{fault}@{at}"));
        desk.sync_until_quiet(8).await;
        desk.assert_all_once();
        !desk.oracle().struck.is_empty()
    })
    .await;
    println!("{fault}: {cuts} packets");
    assert!((20..MOST as usize).contains(&cuts), "{fault}: {cuts} packets");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_arrives() {
    every_packet("packet_cut_before").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_lost() {
    every_packet("packet_cut_after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_executed_late() {
    every_packet("packet_late").await;
}

/// Every chunk of the stream between us and the real server, cut in this way.
async fn every_chunk(way: Way) {
    let sshd = std::sync::Arc::new(Sshd::start());
    let cuts = sweep(|at| {
        let sshd = sshd.clone();
        async move {
            let proxy = Proxy::start(sshd.port(), Cut { at, way }).await;
            let mut desk = Desk::with(|options| {
                two_exports(options);
                options.consumer = Consumer::Every(Duration::from_millis(3));
            })
            .await;
            let world = desk.stand_ins.world();
            let folder = |path: &std::path::Path| path.to_str().unwrap().to_owned();
            let (uploads, processed) =
                (folder(world.upload_folder()), folder(world.processed_folder()));
            let slate = desk.config.destinations.get_mut("slate").unwrap();
            slate.server = sshd.server();
            slate.server.port = proxy.port();
            slate.server.request_timeout = Duration::from_secs(5);
            slate.directory = uploads;
            slate.processed = Some(processed);
            desk.sync_until_quiet(8).await;
            desk.assert_all_once();
            proxy.struck()
        }
    })
    .await;
    println!("{way:?}: {cuts} chunks");
    assert!((15..MOST as usize).contains(&cuts), "{way:?}: {cuts} chunks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_does_not_get_it() {
    every_chunk(Way::NotDelivered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_s_answer_is_lost() {
    every_chunk(Way::AnswerLost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_gets_it_after_we_came_back() {
    every_chunk(Way::Late).await;
}

/// Where in a list of `length` bytes it was cut, of which `arrived` came.
fn place(arrived: &[u8], length: usize) -> &'static str {
    let (mut depth, mut text, mut key) = (0, false, false);
    for byte in arrived {
        match (byte, text) {
            (b'"', _) => text = !text,
            (b'[', false) => depth += 1,
            (b'{', false) => (depth, key) = (depth + 1, true),
            (b'}' | b']', false) => depth -= 1,
            (b':', false) => key = false,
            (b',', false) => key = depth == 2,
            _ => {}
        }
    }
    match (arrived.last(), text) {
        (None, _) => "before the first byte",
        (Some(_), true) if key => "in a key",
        (Some(_), true) => "in a string",
        (Some(b'['), _) => "after the first bracket",
        (Some(b'{'), _) => "at the beginning of an element",
        (Some(b':'), _) => "before a value",
        (Some(b'"'), _) if key => "after a key",
        (Some(b','), _) if depth == 2 => "between members",
        (Some(b','), _) => "between elements",
        (Some(b'}'), _) if arrived.len() + 1 == length => "before the last bracket",
        (Some(b'}'), _) => "after an element",
        _ => "after a value",
    }
}

/// The raw replies to destructive lists that are kept, whole or not.
fn raw_lists(desk: &Desk, ending: &str) -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(desk.config.data_dir.join("polls")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let kept = paths.filter(|path| path.to_string_lossy().ends_with(ending));
    kept.map(|path| std::fs::read(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_cut_at_every_kind_of_byte_after_the_flip() {
    let undisturbed = Desk::with(two_exports).await;
    undisturbed.sync().await;
    let list = raw_lists(&undisturbed, ".json").remove(0);
    let mut places = BTreeMap::<&str, Vec<usize>>::new();
    for cut in 0..list.len() {
        places.entry(place(&list[..cut], list.len())).or_default().push(cut);
    }
    // The first and the last byte of each kind; those of 0 and all but one are among them.
    let cuts: BTreeSet<usize> = places.values().flat_map(|at| [at[0], at[at.len() - 1]]).collect();
    println!("{} cuts at {:?}", cuts.len(), places.keys());
    let seen: Vec<Option<Vec<u8>>> = futures::stream::iter(cuts)
        .map(|cut| {
            tokio::spawn(async move {
                let desk = Desk::with(two_exports).await;
                desk.arm(&format!("list_cut_body={cut}"));
                desk.sync_until_quiet(8).await;
                desk.assert_all_once();
                // None where not even the reply's head came through.
                raw_lists(&desk, ".partial").pop()
            })
        })
        .buffered(SIDE_BY_SIDE)
        .map(Result::unwrap)
        .collect()
        .await;
    // Of what really arrived: fractions of seconds make some lists a little longer.
    let kinds: BTreeSet<&str> =
        seen.iter().flatten().map(|arrived| place(arrived, list.len())).collect();
    assert!(kinds.len() >= 10, "{kinds:?} of {:?}", places.keys());
}
