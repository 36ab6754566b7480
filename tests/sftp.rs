//! The SFTP destination against a real OpenSSH server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// OpenSSH's server is started here.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::sshd::{Sshd, SshdOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use transship::destinations::sftp::SftpDestination;
use transship::destinations::{Destination, Fence, LocalFile, Sighting};
use transship::model::{
    Bandwidth, DestinationSettings, DoubtPolicy, Failure, FailureClass, FinalNames, HostKeyPolicy,
    PublishMode, Secret, SshServer,
};
use transship::transport::sftp::wire::{Attrs, OpenFlags, StatusCode};
use transship::transport::sftp::{RemoteFile, SMALL, SftpError, SftpSession};

const TEMPORARY: &str = ".tmp-89abcdef-1.part";
const NEXT: &str = ".tmp-89abcdef-2.part";

/// A server with a folder to deliver into, whose name has spaces, and a
/// `processed` folder beside it.
struct World {
    sshd: Sshd,
    local: TempDir,
}

impl World {
    fn new() -> Self {
        Self::with(Sshd::options())
    }

    fn with(options: SshdOptions) -> Self {
        let world = Self { sshd: options.start(), local: TempDir::new().unwrap() };
        fs::create_dir(world.incoming()).unwrap();
        fs::create_dir(world.processed()).unwrap();
        world
    }

    fn incoming(&self) -> PathBuf {
        self.sshd.root().join("Encoura API Uploads")
    }

    fn processed(&self) -> PathBuf {
        self.sshd.root().join("processed")
    }

    fn settings(&self, server: SshServer) -> DestinationSettings {
        DestinationSettings {
            name: "slate".to_owned(),
            server,
            directory: format!("{}/", self.incoming().display()),
            processed: Some(format!("{}/", self.processed().display())),
            publish: PublishMode::Rename,
            on_doubt: DoubtPolicy::Hold,
            names: FinalNames::Unique,
            retention_days: 30,
            max_sessions: 4,
            bandwidth: Bandwidth::default(),
        }
    }

    fn destination(&self) -> SftpDestination {
        SftpDestination::new(self.settings(self.sshd.server())).with_settle_time(Duration::ZERO)
    }

    /// A local file of `size` bytes that differ from place to place.
    fn file(&self, size: u64) -> PathBuf {
        let path = self.local.path().join(format!("{size}.csv"));
        fs::write(&path, content(size)).unwrap();
        path
    }
}

fn content(size: u64) -> Vec<u8> {
    (0..size).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

/// A file of the size that it is said to have, as the engine sends it: with its bytes, if
/// it is small.
fn checked(local: &Path, size: u64) -> LocalFile {
    let bytes = (size <= SMALL).then(|| fs::read(local).ok()).flatten();
    let bytes = bytes.filter(|bytes| bytes.len() as u64 == size).map(Into::into);
    LocalFile { bytes, ..LocalFile::new(local, size) }
}

async fn stage(
    destination: &SftpDestination,
    local: &Path,
    size: u64,
    temporary: &str,
    final_name: &str,
) -> Result<bool, Failure> {
    let cancel = CancellationToken::new();
    let staged =
        destination.stage(&checked(local, size), temporary, final_name, &|_| {}, &cancel).await?;
    assert_eq!(staged.size, size);
    Ok(staged.target_exists)
}

/// Waits until `condition` holds, or fails the test.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_staged_published_and_seen() {
    let world = World::new();
    let destination = world.destination();
    for size in [0, 1, 32_767, SMALL, SMALL + 1, 262_143, 262_144, 262_145, 5 * 1024 * 1024] {
        let path = world.file(size);
        for (n, local) in [LocalFile::new(&path, size), checked(&path, size)].iter().enumerate() {
            let name = format!("export_{size}_{n}.csv");
            let confirmed = AtomicU64::new(0);
            let note = |bytes| assert!(confirmed.swap(bytes, Ordering::Relaxed) < bytes);
            let cancel = CancellationToken::new();
            let staged = destination.stage(local, TEMPORARY, &name, &note, &cancel).await.unwrap();
            assert_eq!((staged.size, staged.target_exists), (size, false));
            assert_eq!(confirmed.load(Ordering::Relaxed), size, "every byte was acknowledged");
            assert!(!world.incoming().join(&name).exists(), "nothing is published by staging");

            let seen = destination.publish(TEMPORARY, &name).await.unwrap();
            assert_eq!(seen, Some(Sighting::InPlace(size)), "OpenSSH works in order");
            assert_eq!(fs::read(world.incoming().join(&name)).unwrap(), content(size));
            assert!(!world.incoming().join(TEMPORARY).exists());
            assert_eq!(destination.sight(&name).await, Ok(Sighting::InPlace(size)));
        }
    }
}

/// The bytes that were compared with the books are those that are sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_that_changes_meanwhile_is_sent_as_it_was() {
    let world = World::new();
    let destination = world.destination();
    let path = world.file(9);
    let local = checked(&path, 9);
    fs::write(&path, "else").unwrap();
    let cancel = CancellationToken::new();
    destination.stage(&local, TEMPORARY, "a.csv", &|_| {}, &cancel).await.unwrap();
    assert_eq!(fs::read(world.incoming().join(TEMPORARY)).unwrap(), content(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_extensions_it_works_as_well() {
    let options = Sshd::options().deny("posix-rename").deny("fsync").deny("statvfs").deny("limits");
    let world = World::with(options);
    let destination = world.destination();
    let capabilities = destination.probe().await.unwrap();
    assert!(!capabilities.posix_rename && !capabilities.fsync && !capabilities.limits);
    assert_eq!(capabilities.free_bytes, None);
    let size = 300_000;
    stage(&destination, &world.file(size), size, TEMPORARY, "a.csv").await.unwrap();
    destination.publish(TEMPORARY, "a.csv").await.unwrap();
    assert_eq!(fs::read(world.incoming().join("a.csv")).unwrap(), content(size));
    // SFTP's own rename does not replace: the earlier file is left alone.
    stage(&destination, &world.file(1), 1, TEMPORARY, "a.csv").await.unwrap();
    let failure = destination.publish(TEMPORARY, "a.csv").await.unwrap_err();
    assert_eq!(failure.failure.class, FailureClass::Refused);
    assert!(failure.in_doubt, "link and unlink can fail half-way");
    assert_eq!(fs::read(world.incoming().join("a.csv")).unwrap().len(), size as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_can_do_is_told() {
    let world = World::new();
    let capabilities = world.destination().probe().await.unwrap();
    assert!(capabilities.posix_rename && capabilities.fsync);
    assert!(capabilities.statvfs && capabilities.limits);
    assert!(capabilities.free_bytes.is_some_and(|free| free > 0));
    assert_eq!(fs::read_dir(world.incoming()).unwrap().count(), 0, "a probe writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_share_one_session() {
    let world = World::new();
    let mut settings = world.settings(world.sshd.server());
    settings.max_sessions = 1;
    let destination = SftpDestination::new(settings);
    let local = world.file(4096);
    let deliver = |i: u32| {
        let (destination, local) = (&destination, &local);
        async move {
            let (temporary, name) = (format!(".tmp-{i}-1.part"), format!("{i}.csv"));
            stage(destination, local, 4096, &temporary, &name).await.unwrap();
            destination.publish(&temporary, &name).await
        }
    };
    futures::future::try_join_all((0..300).map(deliver)).await.unwrap();
    let logins = world.sshd.log().matches("Accepted publickey").count();
    assert_eq!(logins, 1, "{}", world.sshd.log());
    for i in 0..300 {
        assert_eq!(fs::read(world.incoming().join(format!("{i}.csv"))).unwrap(), content(4096));
    }
    assert_eq!(fs::read_dir(world.incoming()).unwrap().count(), 300, "no temporary file is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_renewed_in_the_middle_of_transfers() {
    let world = World::with(Sshd::options().line("RekeyLimit 512K"));
    let destination = world.destination();
    let size = 4 * 1024 * 1024;
    let local = world.file(size);
    let deliver = |i: u32| {
        let (destination, local) = (&destination, &local);
        async move {
            let (temporary, name) = (format!(".tmp-{i}-1.part"), format!("{i}.csv"));
            stage(destination, local, size, &temporary, &name).await.unwrap();
            destination.publish(&temporary, &name).await
        }
    };
    futures::future::try_join_all((0..3).map(deliver)).await.unwrap();
    for i in 0..3 {
        assert!(fs::read(world.incoming().join(format!("{i}.csv"))).unwrap() == content(size));
    }
    // The other way round as well.
    let session = SftpSession::connect(&world.sshd.server()).await.unwrap();
    let path = world.incoming().join("0.csv").display().to_string();
    let file = RemoteFile::open(&session, path.into(), OpenFlags::READ, Attrs::default());
    let mut arrived = Vec::new();
    let cancel = CancellationToken::new();
    let count = file.await.unwrap().download(1, &mut arrived, &cancel).await.unwrap();
    assert_eq!(count, size - 1);
    assert!(arrived == content(size)[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_told_and_left_alone() {
    let world = World::new();
    let destination = world.destination();
    fs::write(world.incoming().join("a.csv"), "earlier").unwrap();
    assert!(stage(&destination, &world.file(5), 5, TEMPORARY, "a.csv").await.unwrap());
    // The temporary name is taken now: it is never overwritten.
    let failure = stage(&destination, &world.file(1), 1, TEMPORARY, "b.csv").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused);
    assert!(failure.to_string().contains("there already"), "{failure}");
    assert_eq!(fs::read(world.incoming().join(TEMPORARY)).unwrap(), content(5));
    assert_eq!(fs::read(world.incoming().join("a.csv")).unwrap(), b"earlier");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_file_that_changed_is_damaged() {
    let world = World::new();
    let destination = world.destination();
    for (told, k) in [(99, 1), (101, 2)] {
        let temporary = format!(".tmp-1-{k}.part");
        let failure =
            stage(&destination, &world.file(100), told, &temporary, "a.csv").await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Damaged, "{failure}");
    }
    let failure = stage(&destination, Path::new("/nowhere"), 1, NEXT, "a.csv").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Local, "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_finds_out_what_happened() {
    for options in [Sshd::options(), Sshd::options().deny("posix-rename")] {
        let world = World::with(options);
        let destination = world.destination();
        let incoming = world.incoming();

        fs::write(incoming.join(TEMPORARY), "x").unwrap();
        assert_eq!(destination.fence(TEMPORARY, NEXT).await, Ok(Fence::Moved));
        assert!(incoming.join(NEXT).exists() && !incoming.join(TEMPORARY).exists());

        assert_eq!(destination.fence(TEMPORARY, NEXT).await, Ok(Fence::MovedBefore(Some(1))));

        fs::rename(incoming.join(NEXT), incoming.join("a.csv")).unwrap();
        assert_eq!(destination.fence(TEMPORARY, NEXT).await, Ok(Fence::Gone));

        // Every file of a missing folder looks gone: that is no answer.
        fs::rename(&incoming, incoming.with_extension("away")).unwrap();
        let failure = destination.fence(TEMPORARY, NEXT).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::NotFound, "{failure}");
        assert!(failure.advice.is_some_and(|advice| advice.contains("directory")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fences_answer_only_on_a_new_connection_and_share_it() {
    let world = World::new();
    let destination = world.destination();
    destination.probe().await.unwrap();
    let fences = (0..8).map(|i| {
        let (from, to) = (format!(".tmp-{i}-1.part"), format!(".tmp-{i}-2.part"));
        fs::write(world.incoming().join(&from), "x").unwrap();
        let destination = &destination;
        async move { destination.fence(&from, &to).await }
    });
    let fences: Vec<_> = fences.collect();
    for fence in futures::future::join_all(fences).await {
        assert_eq!(fence, Ok(Fence::Moved));
    }
    assert_eq!(world.sshd.log().matches("Accepted publickey").count(), 2);
    // One that is asked for later does not trust the earlier connections.
    assert_eq!(destination.fence(TEMPORARY, NEXT).await, Ok(Fence::Gone));
    assert_eq!(world.sshd.log().matches("Accepted publickey").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn sightings_follow_the_file() {
    let world = World::new();
    let destination = world.destination();
    let (here, there) = (world.incoming().join("a.csv"), world.processed().join("a.csv"));
    fs::write(&here, "abc").unwrap();
    assert_eq!(destination.sight("a.csv").await, Ok(Sighting::InPlace(3)));
    fs::rename(&here, &there).unwrap();
    assert_eq!(destination.sight("a.csv").await, Ok(Sighting::Processed(3)));
    fs::remove_file(&there).unwrap();
    assert_eq!(destination.sight("a.csv").await, Ok(Sighting::Gone { processed_visible: true }));
    fs::remove_dir(world.processed()).unwrap();
    assert_eq!(destination.sight("a.csv").await, Ok(Sighting::Gone { processed_visible: false }));
    fs::remove_dir_all(world.incoming()).unwrap();
    let failure = destination.sight("a.csv").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::NotFound, "a missing folder proves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_own_temporary_files_are_removed() {
    let world = World::new();
    let destination = world.destination();
    for name in [TEMPORARY, "a.csv", ".tmp-1.csv"] {
        fs::write(world.incoming().join(name), "x").unwrap();
    }
    assert_eq!(destination.remove_temporary(TEMPORARY).await, Ok(()));
    assert!(!world.incoming().join(TEMPORARY).exists());
    assert_eq!(destination.remove_temporary(TEMPORARY).await, Ok(()), "gone already is fine");
    for name in ["a.csv", ".tmp-1.csv", "../x.part", ".tmp-/../../x.part"] {
        assert!(destination.remove_temporary(name).await.is_err(), "{name}");
    }
    assert_eq!(fs::read_dir(world.incoming()).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_mode_creates_and_never_replaces() {
    let world = World::with(Sshd::options().deny("rename").deny("posix-rename"));
    let destination = world.destination();
    let (local, cancel) = (world.file(70_000), CancellationToken::new());
    destination
        .write_direct(&LocalFile::new(&local, 70_000), "a.csv", &|_| {}, &cancel)
        .await
        .unwrap();
    assert_eq!(fs::read(world.incoming().join("a.csv")).unwrap(), content(70_000));

    let again =
        destination.write_direct(&LocalFile::new(&local, 70_000), "a.csv", &|_| {}, &cancel).await;
    let failure = again.unwrap_err();
    assert!(!failure.in_doubt, "the server said that nothing was created: {failure:?}");

    // Whatever happens after the file was created leaves a doubt.
    let short =
        destination.write_direct(&LocalFile::new(&local, 70_001), "b.csv", &|_| {}, &cancel).await;
    assert!(short.unwrap_err().in_doubt);

    // Negative control: such a server cannot publish by renaming.
    stage(&destination, &local, 70_000, TEMPORARY, "c.csv").await.unwrap();
    assert!(destination.publish(TEMPORARY, "c.csv").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_told_with_advice() {
    let world = World::new();
    let destination = world.destination();
    fs::remove_dir(world.incoming()).unwrap();
    let staged = stage(&destination, &world.file(1), 1, TEMPORARY, "a.csv").await.map(|_| ());
    for outcome in
        [staged, destination.probe().await.map(|_| ()), destination.peek(5).await.map(|_| ())]
    {
        let failure = outcome.unwrap_err();
        assert_eq!(failure.class, FailureClass::NotFound, "{failure}");
        assert!(failure.advice.is_some_and(|advice| advice.contains("directory")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_host_key_is_refused_before_anything_is_sent() {
    let world = World::new();
    let right = world.sshd.fingerprint();
    let wrong = format!("SHA256:{}", "A".repeat(43));
    for policy in [
        HostKeyPolicy::Missing,
        HostKeyPolicy::Pinned(vec![wrong.clone()]),
        HostKeyPolicy::Pinned(vec![]),
    ] {
        let server = SshServer { host_key: policy, ..world.sshd.server() };
        let failure = SftpSession::connect(&server).await.err().expect("it is refused");
        assert_eq!(failure.class, FailureClass::HostKey);
        let text = failure.to_string();
        assert!(text.contains(&format!("host_key: \"{right}\"")), "{text}");
        assert!(text.contains("ssh-ed25519") && text.contains("MD5:"), "{text}");
    }
    let log = world.sshd.log();
    assert!(!log.contains("Accepted") && !log.contains("Failed publickey"), "{log}");
    assert!(!log.contains("userauth"), "{log}");

    // Negative control: the right pin, also beside a wrong one, lets it in.
    let policy = HostKeyPolicy::Pinned(vec![wrong, right]);
    let server = SshServer { host_key: policy, ..world.sshd.server() };
    SftpSession::connect(&server).await.unwrap();
    assert!(world.sshd.log().contains("Accepted publickey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_any_of_the_servers_keys_will_do() {
    let world = World::with(Sshd::options().host_key("ed25519").host_key("rsa").host_key("ecdsa"));
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let policy = HostKeyPolicy::Pinned(vec![world.sshd.fingerprint_of(kind)]);
        let server = SshServer { host_key: policy, ..world.sshd.server() };
        SftpSession::connect(&server).await.unwrap();
    }
    let policy = HostKeyPolicy::Pinned(vec![format!("SHA256:{}", "A".repeat(43))]);
    let server = SshServer { host_key: policy, ..world.sshd.server() };
    let text = SftpSession::connect(&server).await.err().unwrap().to_string();
    for kind in ["ed25519", "rsa", "ecdsa"] {
        assert!(text.contains(&world.sshd.fingerprint_of(kind)), "{kind}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_hosts_decide() {
    let world = World::with(Sshd::options().host_key("ed25519").host_key("rsa"));
    let port = world.sshd.port();
    let key = |kind| fs::read_to_string(world.sshd.public_key(kind)).unwrap();
    let file = world.local.path().join("known_hosts");
    let other = {
        let other = Sshd::start();
        fs::read_to_string(other.public_key("ed25519")).unwrap()
    };
    let name = format!("[127.0.0.1]:{port}");
    for (content, expected) in [
        (format!("{name} {}", key("ed25519")), None),
        // Only the RSA key is known: that one is asked for.
        (format!("{name} {}", key("rsa")), None),
        (format!("{name} {other}"), Some("has another key")),
        (format!("127.0.0.1 {}", key("ed25519")), Some("does not know")),
        (String::new(), Some("does not know")),
        (format!("@revoked * {}{name} {}", key("ed25519"), key("ed25519")), Some("revoked")),
    ] {
        fs::write(&file, &content).unwrap();
        let policy = HostKeyPolicy::KnownHosts(file.clone());
        let server = SshServer { host_key: policy, ..world.sshd.server() };
        match (SftpSession::connect(&server).await.err(), expected) {
            (None, None) => {}
            (Some(failure), Some(words)) => {
                assert_eq!(failure.class, FailureClass::HostKey);
                assert!(failure.to_string().contains(words), "{content}: {failure}");
            }
            (outcome, _) => panic!("{content}: {outcome:?}"),
        }
    }
    // Hashed by OpenSSH itself.
    fs::write(&file, format!("{name} {}", key("ed25519"))).unwrap();
    let hashed = std::process::Command::new("ssh-keygen").arg("-Hf").arg(&file).output().unwrap();
    assert!(hashed.status.success() && fs::read_to_string(&file).unwrap().starts_with("|1|"));
    let policy = HostKeyPolicy::KnownHosts(file.clone());
    let server = SshServer { host_key: policy, ..world.sshd.server() };
    SftpSession::connect(&server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_a_sign_in_failure_and_tried_once() {
    let world = World::new();
    let stranger = Sshd::start();
    let mut server = world.sshd.server();
    server.auth.key_path = Some(stranger.client_key());
    server.auth.password = Some(Secret::new("canary-password"));
    let destination = SftpDestination::new(world.settings(server));
    let looks = futures::future::join_all((0..8).map(|_| destination.probe())).await;
    for failure in looks.into_iter().map(Result::unwrap_err) {
        assert_eq!(failure.class, FailureClass::SignIn, "{failure}");
        assert!(failure.needs_operator());
        assert!(!failure.to_string().contains("canary"), "{failure}");
        assert!(failure.to_string().contains("folder is missing"), "{failure}");
    }
    until("the attempt is logged", || world.sshd.log().contains("Connection")).await;
    let log = world.sshd.log();
    let attempts = log.lines().filter(|line| line.contains("Connection from")).count();
    // One of them is the look whether the server is up.
    assert_eq!(attempts, 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_cannot_be_used_is_a_mistake_of_ours() {
    let world = World::new();
    let folder = world.local.path();
    fs::write(folder.join("garbage"), "this is no key").unwrap();
    let locked = folder.join("locked");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-N", "passphrase", "-t", "ed25519", "-f"])
        .arg(&locked)
        .status();
    assert!(made.unwrap().success());
    for (path, passphrase) in [
        (folder.join("none"), None),
        (folder.join("garbage"), None),
        (locked.clone(), None),
        (locked.clone(), Some("wrong")),
    ] {
        let mut server = world.sshd.server();
        server.auth.key_path = Some(path.clone());
        server.auth.key_passphrase = passphrase.map(Secret::new);
        let failure = SftpSession::connect(&server).await.err().unwrap();
        assert_eq!(failure.class, FailureClass::Misconfigured, "{}: {failure}", path.display());
    }
    // Negative control: with its passphrase it is used, and refused by the server.
    let mut server = world.sshd.server();
    server.auth.key_path = Some(locked);
    server.auth.key_passphrase = Some(Secret::new("passphrase"));
    let failure = SftpSession::connect(&server).await.err().unwrap();
    assert_eq!(failure.class, FailureClass::SignIn, "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_a_network_failure_and_the_next_step_reconnects() {
    let mut world = World::new();
    let destination = world.destination();
    let size = 64 * 1024 * 1024;
    let local = world.file(size);
    // Cut as soon as the first bytes are acknowledged.
    let sshd = &world.sshd;
    let cut = |bytes| {
        if bytes < size / 2 {
            sshd.cut_connections();
        }
    };
    let cancel = CancellationToken::new();
    let failure = destination
        .stage(&LocalFile::new(&local, size), TEMPORARY, "a.csv", &cut, &cancel)
        .await
        .unwrap_err();
    assert_eq!(failure.class, FailureClass::Network, "{failure}");
    stage(&destination, &world.file(9), 9, NEXT, "a.csv").await.unwrap();
    destination.publish(NEXT, "a.csv").await.unwrap();

    world.sshd.stop();
    let failure = destination.sight("a.csv").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Network, "{failure}");
    world.sshd.restart();
    assert_eq!(destination.sight("a.csv").await, Ok(Sighting::InPlace(9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_given_up() {
    let world = World::new();
    let server = SshServer { request_timeout: Duration::from_millis(600), ..world.sshd.server() };
    let destination = SftpDestination::new(world.settings(server));
    destination.probe().await.unwrap();
    world.sshd.freeze_connections();
    let asked = Instant::now();
    // Everybody who waits learns it, the one that waits for room included.
    let size = 16 * 1024 * 1024;
    let local = world.file(size);
    let (looked, staged) = tokio::join!(
        destination.sight("a.csv"),
        stage(&destination, &local, size, TEMPORARY, "a.csv"),
    );
    for failure in [looked.unwrap_err(), staged.unwrap_err()] {
        assert_eq!(failure.class, FailureClass::Network, "{failure}");
        assert!(failure.to_string().contains("no answer for 0.6 s"), "{failure}");
    }
    assert!(asked.elapsed() < Duration::from_secs(20));
    // The frozen processes stay; a new connection is served by a new one.
    destination.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_an_upload_and_keeps_the_session() {
    let world = World::new();
    let destination = world.destination();
    let size = 32 * 1024 * 1024;
    let local = world.file(size);
    let cancel = CancellationToken::new();
    let stop = |_| cancel.cancel();
    let failure = destination
        .stage(&LocalFile::new(&local, size), TEMPORARY, "a.csv", &stop, &cancel)
        .await
        .unwrap_err();
    assert_eq!(failure.class, FailureClass::Cancelled, "{failure}");
    let left = fs::metadata(world.incoming().join(TEMPORARY)).unwrap().len();
    assert!(left < size, "it stopped in the middle, and left the temporary file alone");
    stage(&destination, &world.file(3), 3, NEXT, "a.csv").await.unwrap();
    assert_eq!(world.sshd.log().matches("Accepted publickey").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_last_handle() {
    let world = World::new();
    let destination = world.destination();
    destination.probe().await.unwrap();
    assert_eq!(world.sshd.connection_count(), 1);
    destination.close().await;
    until("the server sees the end", || world.sshd.connection_count() == 0).await;

    let session = SftpSession::connect(&world.sshd.server()).await.unwrap();
    session.kill();
    until("the session knows that it was killed", || session.is_lost()).await;
    let error = session.stat(b"/").await.unwrap_err();
    assert!(matches!(error, SftpError::Lost(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_listed_as_they_are_and_no_more_than_asked_for() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let destination = world.destination();
    assert_eq!(destination.peek(5).await, Ok(vec![]));
    let names: [&[u8]; 5] = [b"\x1b[2J", b"a\nb", b"\xff\xfe", "gpj.\u{202e}csv".as_bytes(), b" "];
    for name in names {
        fs::write(world.incoming().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let mut listed = destination.peek(100).await.unwrap();
    listed.sort();
    let mut expected: Vec<String> =
        names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(destination.peek(2).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_speaks_the_rest_of_the_protocol() {
    let world = World::new();
    let session = SftpSession::connect(&world.sshd.server()).await.unwrap();
    let root = world.incoming().canonicalize().unwrap().display().to_string();
    let path = |name: &str| format!("{root}/{name}").into_bytes();
    assert_eq!(session.realpath(format!("{root}/../.").as_bytes()).await.unwrap(), {
        world.sshd.root().canonicalize().unwrap().display().to_string()
    });
    session.mkdir(&path("folder")).await.unwrap();
    assert!(session.stat(&path("folder")).await.unwrap().is_directory());

    let name = path("folder/a");
    let file = RemoteFile::open(
        &session,
        name.clone().into(),
        OpenFlags(OpenFlags::CREATE_NEW.0 | OpenFlags::READ.0),
        Attrs::with_permissions(0o600),
    );
    let file = file.await.unwrap();
    file.write(3, "def".into()).await.unwrap();
    file.write(0, "abc".into()).await.unwrap();
    file.sync().await.unwrap();
    assert_eq!(file.read(2, 100).await.unwrap(), "cdef");
    assert_eq!(file.read(6, 100).await.unwrap(), "", "the end");
    file.close().await.unwrap();
    let attrs = session.lstat(&name).await.unwrap();
    assert!(attrs.is_regular());
    assert_eq!((attrs.size, attrs.permissions.map(|p| p & 0o777)), (Some(6), Some(0o600)));

    session.rename(&name, &path("folder/b")).await.unwrap();
    assert_eq!(session.remove(&name).await.unwrap_err().code(), Some(StatusCode::NO_SUCH_FILE));
    session.remove(&path("folder/b")).await.unwrap();
    assert!(session.statvfs(root.as_bytes()).await.unwrap().available_bytes() > 0);
}
