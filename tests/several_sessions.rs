//! One large file over several sessions: whole, wherever the wire is cut; and a hole in it
//! is never taken for bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

#[path = "../benches/sftp/far.rs"]
mod far;
#[path = "several_sessions/forgetful.rs"]
mod forgetful;
mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use support::proxy::{Cut, Proxy, Way};
use support::sshd::Sshd;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use transship::destinations::sftp::SftpDestination;
use transship::destinations::{Destination, LocalFile};
use transship::model::{DestinationSettings, Failure, FailureClass, SshServer};
use transship::transport::pace::Pace;
use transship::transport::sftp::wire::{Attrs, OpenFlags};
use transship::transport::sftp::{RemoteFile, SftpSession, SpreadFrom, Upload};

const TEMPORARY: &str = ".tmp-89abcdef-1.part";
const NEXT: &str = ".tmp-89abcdef-2.part";

/// Far enough for several sessions, and no farther.
const FAR: Duration = Duration::from_millis(12);

/// Bytes that differ from place to place, no chunk like another, and some zeros.
fn content(size: usize) -> Vec<u8> {
    let byte = |i: usize| (i ^ (i >> 8) ^ (i >> 16)) as u8;
    (0..size).map(|i| if (i >> 19) % 5 == 4 { 0 } else { byte(i) }).collect()
}

fn local(folder: &TempDir, size: usize) -> PathBuf {
    let path = folder.path().join("local.csv");
    fs::write(&path, content(size)).unwrap();
    path
}

/// Into a folder of that server, over several sessions from `size` bytes on.
fn destination(
    server: SshServer,
    folder: &str,
    size: u64,
    round_trip: Duration,
) -> SftpDestination {
    let mut settings = DestinationSettings::new("far", server);
    settings.directory = format!("{folder}/");
    SftpDestination::new(settings).with_spread(SpreadFrom { size, round_trip, near: u64::MAX })
}

async fn stage(
    destination: &SftpDestination,
    local: &std::path::Path,
    temporary: &str,
) -> Result<u64, Failure> {
    let size = local.metadata().unwrap().len();
    let told = Mutex::new(Vec::new());
    let tell = |bytes| told.lock().unwrap().push(bytes);
    let cancel = CancellationToken::new();
    let staged = destination
        .stage(&LocalFile::new(local, size), temporary, "final.csv", &tell, &cancel)
        .await?;
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted() && told.last() == Some(&size), "every byte was acknowledged");
    Ok(staged.size)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_goes_over_several_sessions_where_the_server_is_far() {
    let (sshd, folder) = (Sshd::start(), TempDir::new().unwrap());
    let wire = far::Wire::to(sshd.port(), FAR).await;
    let root = sshd.root().display().to_string();
    let size = (24 << 20) + 12_345;
    let local = local(&folder, size);
    for (port, several) in [(sshd.port(), false), (wire.port(), true)] {
        let before = sessions(&sshd);
        let server = SshServer { port, ..sshd.server() };
        let destination = destination(server, &root, 16 << 20, Duration::from_millis(10));
        let name = if several { NEXT } else { TEMPORARY };
        assert_eq!(stage(&destination, &local, name).await.unwrap(), size as u64);
        assert!(fs::read(sshd.root().join(name)).unwrap() == content(size));
        destination.publish(name, "final.csv").await.unwrap();
        let made = sessions(&sshd) - before;
        // A machine that is busy may seem to be far away.
        assert!(!several || made > 1, "{made} sessions");
    }
}

/// One session is one processor's work: next door that is what a file waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_still_larger_one_does_where_it_is_near() {
    let (sshd, folder) = (Sshd::start(), TempDir::new().unwrap());
    let size = (24 << 20) + 12_345;
    let local = local(&folder, size);
    let mut settings = DestinationSettings::new("near", sshd.server());
    settings.directory = format!("{}/", sshd.root().display());
    let from = |near| SpreadFrom { size: u64::MAX, round_trip: Duration::MAX, near };
    for (near, several, name) in [(32 << 20, false, TEMPORARY), (16 << 20, true, NEXT)] {
        let before = sessions(&sshd);
        let destination = SftpDestination::new(settings.clone()).with_spread(from(near));
        assert_eq!(stage(&destination, &local, name).await.unwrap(), size as u64);
        assert!(fs::read(sshd.root().join(name)).unwrap() == content(size));
        // Those that nobody needs any more come all the same.
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while several && sessions(&sshd) - before < 2 {
            assert!(std::time::Instant::now() < deadline, "nobody else signed in");
            tokio::task::yield_now().await;
        }
        assert_eq!(sessions(&sshd) - before > 1, several);
    }
}

/// How often somebody signed in.
fn sessions(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_join_do_their_part_and_what_they_wrote_is_found() {
    let (sshd, folder) = (Sshd::start(), TempDir::new().unwrap());
    let size = 32 << 20;
    let local = local(&folder, size);
    let path = sshd.root().join("a.part").display().to_string();
    let open = async |flags| {
        let session = SftpSession::connect(&sshd.server()).await.unwrap();
        let file = RemoteFile::open(&session, path.clone().into(), flags, Attrs::default());
        file.await.unwrap()
    };
    let first = open(OpenFlags::CREATE_NEW).await;
    let others = [open(OpenFlags::WRITE).await, open(OpenFlags::WRITE).await];
    let (pace, cancel) = (Pace::default(), CancellationToken::new());
    let upload = Upload {
        local: &local,
        size: size as u64,
        sha256: None,
        pace: &pace,
        acknowledged: &|_| {},
        cancel: &cancel,
    };
    let written = first.upload_with(stream::iter(others), &upload).await.unwrap();
    assert_eq!(written.others.len(), 2);
    assert!(fs::read(sshd.root().join("a.part")).unwrap() == content(size));
    // One of each chunk that is more than zeros, which one of five half megabytes is not.
    let chunks = size / (255 << 10);
    assert!((chunks * 3 / 4..=chunks + 1).contains(&written.samples.len()));
    let witness = open(OpenFlags::READ).await;
    assert_eq!(witness.missing(&written.samples).await, Ok(None));

    // A hole of one chunk, in a file that is as long as it should be.
    let sample = written.samples[chunks / 2].offset;
    let file = fs::File::options().write(true).open(sshd.root().join("a.part")).unwrap();
    use std::os::unix::fs::FileExt as _;
    let begins = sample / (255 << 10) * (255 << 10);
    file.write_all_at(&vec![0; 255 << 10], begins).unwrap();
    assert_eq!(file.metadata().unwrap().len(), size as u64);
    assert_eq!(witness.missing(&written.samples).await, Ok(Some(sample)));
}

/// Whatever is cut in the middle of it, the attempt fails as a whole or is whole; the next
/// one, over new sessions, arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wherever_the_wire_is_cut_nothing_but_the_whole_file_counts_as_staged() {
    let folder = TempDir::new().unwrap();
    let size = (3 << 20) + 77;
    let local = &local(&folder, size);
    let cuts = (0..150)
        .step_by(5)
        .flat_map(|at| [Way::NotDelivered, Way::AnswerLost].map(|way| Cut { at, way }));
    let outcomes: Vec<(bool, bool)> = stream::iter(cuts)
        .map(|cut| async move {
            let sshd = Sshd::start();
            let wire = far::Wire::to(sshd.port(), FAR).await;
            let proxy = Proxy::start(wire.port(), cut).await;
            let server = SshServer { port: proxy.port(), ..sshd.server() };
            let root = sshd.root().display().to_string();
            let destination = destination(server, &root, 1 << 20, Duration::from_millis(5));
            let staged = stage(&destination, local, TEMPORARY).await;
            match &staged {
                Ok(_) => assert!(
                    fs::read(sshd.root().join(TEMPORARY)).unwrap() == content(size),
                    "{cut:?}: staged, and not whole"
                ),
                Err(failure) => {
                    assert_eq!(failure.class, FailureClass::Network, "{cut:?}: {failure}")
                }
            }
            if staged.is_err() {
                stage(&destination, local, NEXT).await.unwrap();
                assert!(fs::read(sshd.root().join(NEXT)).unwrap() == content(size), "{cut:?}");
                // What the broken attempt left has a name of its own, and goes.
                destination.remove_temporary(TEMPORARY).await.unwrap();
                let left: Vec<_> = fs::read_dir(sshd.root()).unwrap().collect();
                assert_eq!(left.len(), 1, "{cut:?}");
            }
            (proxy.struck(), staged.is_err())
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let struck = outcomes.iter().filter(|(struck, _)| *struck).count();
    let failed = outcomes.iter().filter(|(_, failed)| *failed).count();
    assert!(struck > 30 && failed > 20, "{struck} cuts, {failed} attempts failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_does_not_bring_the_parts_together_is_found_out() {
    let folder = TempDir::new().unwrap();
    let size = 24 << 20;
    let local = local(&folder, size);
    for forgets in [false, true] {
        let (server, disk) = forgetful::serve(forgets).await;
        let destination = destination(server, "/in", 1 << 20, Duration::ZERO);
        let staged = stage(&destination, &local, TEMPORARY).await;
        assert!(disk.writers(TEMPORARY) > 1, "more than one session wrote");
        assert_eq!(disk.file(TEMPORARY).len(), size, "its size looks complete");
        if !forgets {
            staged.unwrap();
            assert!(disk.file(TEMPORARY) == content(size));
            continue;
        }
        let failure = staged.unwrap_err();
        assert_eq!(failure.class, FailureClass::Damaged, "{failure}");
        assert!(failure.to_string().contains("is not there"), "{failure}");
        assert!(disk.file(TEMPORARY) != content(size), "there are holes in it");
        // From then on it gets its files over one session.
        stage(&destination, &local, NEXT).await.unwrap();
        assert_eq!(disk.writers(NEXT), 1);
        assert!(disk.file(NEXT) == content(size));
    }
}
