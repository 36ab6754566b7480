//! What goes wrong over SFTP when it is told to.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ssh2::{HashType, Sftp};
use transship::demo::{Arming, Consumer, Fate, Fault};

use crate::sftp::{
    FAILURE, FOLDER, NO_SUCH_FILE, PERMISSION_DENIED, code, handshake, path, put, rename, sign_in,
};
use crate::{Stage, export};

const TEMPORARY: &str = ".tmp-1-1.part";
const NEXT: &str = ".tmp-1-2.part";
const FINAL: &str = "a_1.csv";

/// One export whose content lies under its temporary name, and the session
/// that put it there.
fn staged(consumer: Consumer) -> (Stage, Sftp) {
    let stage = Stage::with(|options| options.consumer = consumer);
    stage.world().add(export("a.csv", "content"));
    let sftp = sign_in(&stage);
    put(&sftp, TEMPORARY, b"content");
    (stage, sftp)
}

#[test]
fn a_rename_is_cut_before_or_after_it_happens() {
    for (fault, happened) in [(Fault::RenameCutBefore, false), (Fault::RenameCutAfter, true)] {
        let (stage, sftp) = staged(Consumer::Off);
        stage.world().arm(fault);
        assert_eq!(code(rename(&sftp, TEMPORARY, FINAL)), None, "no reply came");
        assert_eq!(stage.world().struck(fault), 1);
        assert_eq!(stage.upload(FINAL).is_some(), happened, "{}", fault.name());
        assert_eq!(stage.upload(TEMPORARY).is_some(), !happened);
        // The next session finds the same.
        let sftp = sign_in(&stage);
        assert_eq!(sftp.stat(Path::new(&path(FINAL))).is_ok(), happened);
    }
}

/// Calls of this method that the SFTP server has answered.
fn answered(stage: &Stage, method: &str) -> Vec<u32> {
    let journal = stage.world().journal();
    let calls = journal.iter().filter(|call| call.method == method);
    calls.filter_map(|call| call.status).collect()
}

#[test]
fn a_late_rename_happens_after_the_client_has_lost_its_connection() {
    let (stage, sftp) = staged(Consumer::Off);
    stage.world().arm(Fault::RenameLate);
    assert_eq!(code(rename(&sftp, TEMPORARY, FINAL)), None, "no reply came");
    stage.until(|_| !answered(&stage, "rename").is_empty());
    assert!(stage.upload(FINAL).is_some() && stage.upload(TEMPORARY).is_none());
}

#[test]
fn a_fence_comes_before_a_rename_that_is_later_still() {
    let (stage, sftp) = staged(Consumer::Eager);
    stage.world().arm(Arming::from(Fault::RenameLate).value(1500));
    assert_eq!(code(rename(&sftp, TEMPORARY, FINAL)), None);
    let sftp = sign_in(&stage);
    rename(&sftp, TEMPORARY, NEXT).unwrap();
    stage.until(|_| answered(&stage, "rename").len() == 2);
    let mut codes = answered(&stage, "rename");
    codes.sort_unstable();
    assert_eq!(codes, [0, NO_SUCH_FILE as u32], "the late one found nothing to rename");
    assert_eq!(stage.oracle().exports[0].arrived, 0);
    rename(&sftp, NEXT, FINAL).unwrap();
    assert_eq!(stage.oracle().exports[0].arrived, 1);
}

#[test]
fn with_link_and_unlink_the_receiver_has_the_file_while_its_old_name_remains() {
    let (stage, sftp) = staged(Consumer::Eager);
    stage.world().arm(Fault::RenameLinkUnlink);
    rename(&sftp, TEMPORARY, FINAL).unwrap();
    assert!(stage.oracle().exports[0].fate == Fate::Once && stage.upload(TEMPORARY).is_none());
    assert_eq!(stage.world().struck(Fault::RenameLinkUnlink), 1);
    put(&sftp, TEMPORARY, b"content");
    put(&sftp, "b.part", b"content");
    assert_eq!(code(rename(&sftp, TEMPORARY, "b.part")), Some(FAILURE), "still replaces nothing");
}

#[test]
fn refusals_have_their_status_and_change_nothing() {
    let file = |name: &str| Path::new(&path(name)).to_path_buf();
    type Request<'a> = &'a dyn Fn(&Sftp) -> Option<i32>;
    let table: &[(Arming, Request, i32)] = &[
        (Fault::RenameRefused.into(), &|s| code(rename(s, TEMPORARY, FINAL)), PERMISSION_DENIED),
        (Fault::PermissionDenied.into(), &|s| code(rename(s, TEMPORARY, FINAL)), PERMISSION_DENIED),
        (Fault::PermissionDenied.into(), &|s| code(s.create(&file("x"))), PERMISSION_DENIED),
        (Fault::PermissionDenied.into(), &|s| code(s.unlink(&file(TEMPORARY))), PERMISSION_DENIED),
        (
            Fault::ProcessedHidden.into(),
            &|s| code(s.stat(Path::new("/incoming/processed/x"))),
            PERMISSION_DENIED,
        ),
        (
            Fault::ProcessedHidden.into(),
            &|s| code(s.readdir(Path::new("/incoming/processed"))),
            PERMISSION_DENIED,
        ),
        (Fault::TargetExists.into(), &|s| code(rename(s, TEMPORARY, FINAL)), FAILURE),
    ];
    for (arming, request, expected) in table {
        let (stage, sftp) = staged(Consumer::Off);
        stage.world().arm(arming.clone());
        assert_eq!(request(&sftp), Some(*expected), "{}", arming.name.name());
        assert!(stage.world().struck(arming.name) > 0);
        assert_eq!(stage.upload(TEMPORARY).unwrap(), b"content", "{}", arming.name.name());
        stage.world().disarm();
        assert_ne!(request(&sftp), Some(PERMISSION_DENIED), "disarmed, nothing is refused");
    }
}

#[test]
fn a_full_disk_fails_writes_and_nothing_else() {
    let (stage, sftp) = staged(Consumer::Off);
    stage.world().arm(Arming::from(Fault::NoSpace).value(10));
    let mut file = sftp.create(Path::new(&path("x.part"))).unwrap();
    file.write_all(b"123").expect("ten bytes in all are allowed");
    let refused = file.write_all(b"4").unwrap_err();
    assert!(refused.to_string().contains("failure"), "{refused}");
    assert_eq!(stage.upload("x.part").unwrap(), b"123");
    rename(&sftp, TEMPORARY, FINAL).expect("a rename needs no space");
}

#[test]
fn an_earlier_file_appears_where_the_client_looks_and_must_survive() {
    let (stage, sftp) = staged(Consumer::Off);
    stage.world().arm(Fault::TargetExists);
    assert!(sftp.stat(Path::new(&path(FINAL))).is_ok());
    let oracle = stage.oracle();
    assert_eq!((oracle.planted.len(), oracle.planted[0].intact), (1, true));
    assert!(oracle.nothing_wrong() && oracle.foreign.is_empty());
    // The negative control: a client that makes room for its own file.
    sftp.unlink(Path::new(&path(FINAL))).unwrap();
    rename(&sftp, TEMPORARY, FINAL).unwrap();
    assert!(!stage.oracle().planted[0].intact && !stage.oracle().nothing_wrong());
}

#[test]
fn the_host_key_changes_from_one_connection_to_the_next() {
    let stage = Stage::new();
    let shown = || handshake(&stage).host_key_hash(HashType::Sha256).unwrap().to_vec();
    let right = shown();
    stage.world().arm(Arming::from(Fault::HostKeyChanged).count(1));
    assert_ne!(shown(), right);
    assert_eq!(shown(), right);
}

#[test]
fn a_log_in_can_be_refused_whatever_the_password() {
    let stage = Stage::new();
    let access = stage.stand_ins.sftp();
    let try_in =
        || handshake(&stage).userauth_password(&access.username, access.password.expose()).is_ok();
    stage.world().arm(Fault::AuthRefused);
    assert!(!try_in());
    stage.world().disarm();
    assert!(try_in());
}

#[test]
fn a_silent_server_leaves_the_client_waiting() {
    let stage = Stage::new();
    let access = stage.stand_ins.sftp();
    let session = handshake(&stage);
    session.userauth_password(&access.username, access.password.expose()).unwrap();
    let sftp = session.sftp().unwrap();
    session.set_timeout(300);
    stage.world().arm(Fault::Silent);
    let error = sftp.stat(Path::new(FOLDER)).unwrap_err();
    assert_eq!(error.code(), ssh2::ErrorCode::Session(-9), "timed out: {error}");
    assert!(sign_in(&stage).stat(Path::new(FOLDER)).is_ok(), "another session is served");
}

#[test]
fn a_slow_server_keeps_to_its_rate() {
    let stage = Stage::with(|options| options.consumer = Consumer::Off);
    let sftp = sign_in(&stage);
    stage.world().arm(Arming::from(Fault::SftpSlow).value(100_000));
    let start = Instant::now();
    put(&sftp, "a.csv", &[0; 50_000]);
    assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
}

#[test]
fn a_file_vanishes_although_nobody_is_said_to_take_any() {
    let (stage, sftp) = staged(Consumer::Off);
    stage.world().arm(Fault::Vanish);
    rename(&sftp, TEMPORARY, FINAL).unwrap();
    assert_eq!(code(sftp.stat(Path::new(&path(FINAL)))), Some(NO_SUCH_FILE));
    assert!(stage.oracle().all_once());
}

/// The whole delivery, as far as it goes.
fn deliver(stage: &Stage) -> Result<(), Box<dyn std::error::Error>> {
    let access = stage.stand_ins.sftp();
    let session = handshake(stage);
    session.userauth_password(&access.username, access.password.expose())?;
    let sftp = session.sftp()?;
    let mut file = sftp.create(Path::new(&path(TEMPORARY)))?;
    file.write_all(b"content")?;
    file.close()?;
    sftp.stat(Path::new(&path(TEMPORARY)))?;
    rename(&sftp, TEMPORARY, FINAL)?;
    Ok(())
}

#[test]
fn every_packet_can_be_the_last() {
    for fault in [Fault::PacketCutBefore, Fault::PacketCutAfter, Fault::PacketLate] {
        let mut cuts = 0;
        loop {
            let stage = Stage::new();
            stage.world().add(export("a.csv", "content"));
            stage.world().arm(Arming::from(fault).after(cuts).value(1));
            let result = deliver(&stage);
            let oracle = stage.oracle();
            assert!(oracle.nothing_wrong(), "{} after {cuts}: {oracle:?}", fault.name());
            if stage.world().struck(fault) == 0 {
                assert!(result.is_ok() && oracle.all_once());
                break;
            }
            assert!(result.is_err(), "{} after {cuts}", fault.name());
            cuts += 1;
        }
        // Init, open, write, close, stat, rename.
        assert_eq!(cuts, 6, "{}", fault.name());
    }
}
