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

use futures::{StreamExt as _, TryStreamExt as _};
use support::proxy::Way;
use support::sweep::{self, MOST, SIDE_BY_SIDE, list_cut, raw_lists, two_exports};
use transship::demo::Fault;

async fn every_packet(cut: Fault, beside: Option<&'static str>) {
    let cuts = sweep::every_packet(cut, beside, None).await;
    let cuts = cuts.unwrap_or_else(|broken| panic!("{broken}"));
    println!("{}: {cuts} packets", cut.name());
    assert!((20..MOST).contains(&cuts), "{cuts} packets");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_arrives() {
    every_packet(Fault::PacketCutBefore, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_lost() {
    every_packet(Fault::PacketCutAfter, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_executed_late() {
    every_packet(Fault::PacketLate, None).await;
}

/// A second cut: in whatever follows a rename that is in doubt, the fence itself
/// among it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_lost_while_a_rename_is_being_settled() {
    every_packet(Fault::PacketCutAfter, Some("rename_cut_before*2")).await;
}

/// Every chunk of the stream between us and the real server, cut in this way.
async fn every_chunk(way: Way) {
    let cuts = sweep::every_chunk(way).await.unwrap_or_else(|broken| panic!("{broken}"));
    println!("{way:?}: {cuts} chunks");
    assert!((15..MOST).contains(&cuts), "{way:?}: {cuts} chunks");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_cut_at_every_kind_of_byte_after_the_flip() {
    let undisturbed = two_exports(|_| {}).await;
    undisturbed.run(&["sync"]).await.expect(0);
    let list = raw_lists(undisturbed.folder(), ".json").remove(0);
    let mut places = BTreeMap::<&str, Vec<usize>>::new();
    for cut in 0..list.len() {
        places.entry(place(&list[..cut], list.len())).or_default().push(cut);
    }
    // The first and the last byte of each kind; those of 0 and all but one are among them.
    let cuts: BTreeSet<usize> = places.values().flat_map(|at| [at[0], at[at.len() - 1]]).collect();
    println!("{} cuts at {:?}", cuts.len(), places.keys());
    let seen: Result<Vec<Option<Vec<u8>>>, _> = futures::stream::iter(cuts)
        .map(|cut| tokio::spawn(list_cut(cut, None)))
        .buffered(SIDE_BY_SIDE)
        .map(Result::unwrap)
        .try_collect()
        .await;
    let seen = seen.unwrap_or_else(|broken| panic!("{broken}"));
    // Of what really arrived.
    let kinds: BTreeSet<&str> =
        seen.iter().flatten().map(|arrived| place(arrived, list.len())).collect();
    assert!(places.keys().eq(&kinds), "{kinds:?} of {:?}", places.keys());
}
