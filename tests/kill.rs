//! Killed at any moment, over and over, while files arrive and things go wrong:
//! every export arrives exactly once all the same.
//!
//! `SEED` repeats a story (as far as two processes can repeat one), `ROUNDS`
//! tells a longer one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use support::kill::{Dice, story};
use support::program::Site;
use support::sshd::Sshd;
use transship::demo::sample_exports;

/// How often the program is killed, unless `ROUNDS` says otherwise.
const ROUNDS: u64 = 50;

/// What may be wrong in a round beside the kill. None of it needs an operator.
const FAULTS: &[&str] = &[
    "list_cut",
    "list_cut_body",
    "list_html_502",
    "list_object",
    "list_500",
    "delivered_500",
    "session_expired@2",
    "body_cut*2",
    "etag_changed",
    "url_expired",
    "store_503*2",
    "body_slow=200000*3",
    "rename_cut_before",
    "rename_cut_after",
    "rename_late",
    "packet_cut_before@9",
    "packet_cut_after@9",
    "packet_late@7",
    "processed_hidden",
    "no_space",
    "silent@9",
    "sftp_slow=100000",
];

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_still_delivers_everything_once() {
    survives(Site::with(|options| options.exports = sample_exports()).await, ROUNDS).await;
}

/// The same before a real OpenSSH server, which goes on with what was on the
/// wire, and a receiver that looks every few milliseconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_a_real_server_it_still_delivers_everything_once() {
    let sshd = Sshd::start();
    survives(Site::behind(&sshd).await, ROUNDS / 2).await;
}

async fn survives(mut site: Site, rounds: u64) {
    let seed = from_environment("SEED").unwrap_or_else(rand::random);
    let rounds = from_environment("ROUNDS").unwrap_or(rounds);
    let dice = Dice { seed, rounds, faults: FAULTS, chance: 0.4 };
    let caught = story(&mut site, dice).await.unwrap_or_else(|broken| panic!("{broken}"));
    assert!(caught.len() >= 2, "nothing was interrupted: {caught:?}");
}
