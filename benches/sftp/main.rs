//! How fast files go to and come from a real OpenSSH server, against what people use.
//!
//! ```sh
//! cargo bench --bench sftp                            # everything, as in the README
//! ROUNDS=1 SCENARIOS=small,far cargo bench --bench sftp
//! SCALE=0.1 cargo bench --bench sftp                  # a tenth of the bytes and files
//! PEERS=sftp,sftp-aes,lftp cargo bench --bench sftp   # only against these
//! ```
//!
//! The real program is run against the same server, key and folder as OpenSSH's `sftp`,
//! `lftp`, `rclone` (as it comes, and tuned) and paramiko, one after the other, round by
//! round. What each did is counted on the server's disk. The program does what it always
//! does: it reads back the size of every file, has the server sync it, renames it, and
//! books each step with `synchronous=FULL`; downloads are hashed, synced and booked. None
//! of the peers does any of that, and they check host keys as it does. Going far means a
//! proxy that holds every byte back for 25 ms in each direction.
//!
//! It needs `openssh-server`, `lftp`, `rclone`, and a Python with paramiko (`PYTHON`); a
//! peer that is missing, or that did not do its work, ends it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// OpenSSH's server is started here; elsewhere nothing is left, `main` included.
#![cfg_attr(not(unix), no_main)]
#![cfg(unix)]

mod far;
#[path = "../harness/measure.rs"]
mod measure;
mod ours;
mod peers;
#[path = "../../tests/support/sshd.rs"]
mod sshd;

use std::path::{Path, PathBuf};
use std::time::Duration;

use measure::{Took, median};
use peers::{Peer, Server};
use rand::{RngExt as _, SeedableRng as _};
use sshd::Sshd;

/// What is moved.
struct Scenario {
    name: &'static str,
    says: &'static str,
    files: usize,
    bytes: usize,
    round_trip: Duration,
    up: bool,
    peers: &'static [Peer],
}

const NEAR: Duration = Duration::ZERO;
const FAR: Duration = Duration::from_millis(50);

const BULK: &[Peer] = &[Peer::Sftp, Peer::SftpAes, Peer::Rclone, Peer::RcloneTuned, Peer::Paramiko];
const SMALL: &[Peer] = &[Peer::Sftp, Peer::Lftp, Peer::RcloneTuned];

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "bulk-up",
        says: "one file of 1 GiB, up",
        files: 1,
        bytes: 1 << 30,
        round_trip: NEAR,
        up: true,
        peers: BULK,
    },
    Scenario {
        name: "bulk-down",
        says: "one file of 1 GiB, down",
        files: 1,
        bytes: 1 << 30,
        round_trip: NEAR,
        up: false,
        peers: BULK,
    },
    Scenario {
        name: "small-up",
        says: "5,000 files of 4 KiB, up",
        files: 5_000,
        bytes: 4 << 10,
        round_trip: NEAR,
        up: true,
        peers: SMALL,
    },
    Scenario {
        name: "far-bulk-up",
        says: "64 MiB over 50 ms, up",
        files: 1,
        bytes: 64 << 20,
        round_trip: FAR,
        up: true,
        peers: BULK,
    },
    Scenario {
        name: "far-bulk-down",
        says: "64 MiB over 50 ms, down",
        files: 1,
        bytes: 64 << 20,
        round_trip: FAR,
        up: false,
        peers: BULK,
    },
    Scenario {
        name: "far-small-up",
        says: "300 files of 4 KiB over 50 ms, up",
        files: 300,
        bytes: 4 << 10,
        round_trip: FAR,
        up: true,
        peers: SMALL,
    },
];

#[tokio::main]
async fn main() {
    let rounds = number("ROUNDS").map_or(3, |n| n as usize);
    let scale = number("SCALE").unwrap_or(1.0);
    let wanted = std::env::var("SCENARIOS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.starts_with(w));
    let peers = std::env::var("PEERS").unwrap_or_default();
    let against = |peer: &Peer| peers.is_empty() || peers.split(',').any(|p| p == peer.key());
    peers::all_there();
    if scale != 1.0 {
        println!("{scale} of the bytes of single files, and of the number of the others:\n");
    }
    println!(
        "| work | by | seconds | MB/s | files/s | CPU seconds | the server's | peak memory | against us |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for scenario in SCENARIOS.into_iter().filter(|scenario| chosen(scenario.name)) {
        let (files, bytes) = match scenario.files {
            1 => (1, (scenario.bytes as f64 * scale) as usize),
            files => ((files as f64 * scale).max(1.0) as usize, scenario.bytes),
        };
        let peers: Vec<Peer> = scenario.peers.iter().copied().filter(against).collect();
        run(&Scenario { files, bytes, ..scenario }, &peers, rounds).await;
    }
}

fn number(name: &str) -> Option<f64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

async fn run(scenario: &Scenario, peers: &[Peer], rounds: usize) {
    let sshd = Sshd::start();
    let wire = far::Wire::to(sshd.port(), scenario.round_trip).await;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&target).unwrap();
    let folder = tempfile::tempdir_in(&target).unwrap();
    let here = folder.path().join("here");
    let names = write_files(&here, scenario.files, scenario.bytes);
    let server = Server::new(&sshd, wire.port(), folder.path());
    let mut took: Vec<Vec<Took>> = vec![Vec::new(); peers.len() + 1];
    let waiting = match scenario.up {
        true => Some(ours::Waiting::with(&server, folder.path(), &here, &names).await),
        false => None,
    };
    // Whatever was deleted a moment ago makes new files dear (ext4 steps over each of those
    // inodes): small ones stay until all is measured.
    let mut places = Vec::new();
    let mut place = || {
        places.retain(|_| scenario.files > 1);
        places.push(tempfile::tempdir_in(folder.path()).unwrap());
        places[places.len() - 1].path().to_owned()
    };
    for _ in 0..rounds {
        let site = place();
        took[0].push(served(&sshd, || match &waiting {
            Some(waiting) => waiting.up(&server, &site, &here, &names),
            None => ours::down(&server, &site, &here, &names),
        }));
        for (peer, took) in peers.iter().zip(&mut took[1..]) {
            let to = place();
            let mut command = peer.command(&server, scenario.up, &here, &to, &names);
            took.push(served(&sshd, || measure::run(&mut command)));
            check(&to, scenario.files, scenario.bytes, peer.name());
        }
    }
    let ours = median(&took[0], |took| took.seconds);
    let all = std::iter::once("transship").chain(peers.iter().map(Peer::name));
    for (name, took) in all.zip(&took) {
        let seconds = median(took, |took| took.seconds);
        let (files, bytes) = (scenario.files as f64, (scenario.files * scenario.bytes) as f64);
        println!(
            "| {} | {name} | {seconds:.2} | {:.0} | {:.0} | {:.2} | {:.2} | {} MB | {:.2} × |",
            scenario.says,
            bytes / seconds / 1e6,
            files / seconds,
            median(took, |took| took.cpu),
            median(took, |took| took.server),
            took.iter().map(|took| took.peak_kb / 1024).max().unwrap(),
            seconds / ours,
        );
    }
}

/// With what the server took for it, once it is through with all connections.
fn served(sshd: &Sshd, work: impl FnOnce() -> Took) -> Took {
    let listener = sshd.pid().unwrap().to_string();
    let before = measure::children_cpu_of(&listener);
    let took = work();
    while !sshd.connections().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Took { server: measure::children_cpu_of(&listener) - before, ..took }
}

/// Files that no cipher and no server can make smaller; their names, in order.
fn write_files(folder: &Path, files: usize, bytes: usize) -> Vec<String> {
    std::fs::create_dir_all(folder).unwrap();
    let mut noise = rand::rngs::SmallRng::seed_from_u64(7);
    let mut content = vec![0; bytes];
    (0..files)
        .map(|n| {
            noise.fill(&mut content[..]);
            let name = format!("report-{n:05}.csv");
            std::fs::write(folder.join(&name), &content).unwrap();
            name
        })
        .collect()
}

/// Whether all of it is there.
fn check(folder: &Path, files: usize, bytes: usize, who: &str) {
    let sizes: Vec<u64> = all_files(folder).iter().map(|p| p.metadata().unwrap().len()).collect();
    assert_eq!(sizes.len(), files, "{who}: files");
    assert!(sizes.iter().all(|size| *size == bytes as u64), "{who}: bytes");
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(all_files(&path)),
            false => found.push(path),
        }
    }
    found
}
