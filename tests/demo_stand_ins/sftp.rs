//! The SFTP server, driven by ssh2's own SFTP with a password.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use ssh2::{ErrorCode, OpenFlags, OpenType, Session, Sftp};
use transship::demo::{Consumer, Fate, Fault, Pickup};

use crate::{Stage, export, noise};

pub const FOLDER: &str = "/incoming/Encoura API Uploads/";

/// Status codes of SFTP version 3.
pub const NO_SUCH_FILE: i32 = 2;
pub const PERMISSION_DENIED: i32 = 3;
pub const FAILURE: i32 = 4;

/// A session up to the host key.
pub fn handshake(stage: &Stage) -> Session {
    let access = stage.stand_ins.sftp();
    let mut session = Session::new().unwrap();
    session.set_timeout(5_000);
    session.set_tcp_stream(TcpStream::connect((&*access.host, access.port)).unwrap());
    session.handshake().unwrap();
    session
}

pub fn sign_in(stage: &Stage) -> Sftp {
    let access = stage.stand_ins.sftp();
    let session = handshake(stage);
    session.userauth_password(&access.username, access.password.expose()).unwrap();
    session.sftp().unwrap()
}

/// The status code that the server refused with.
pub fn code<T>(result: Result<T, ssh2::Error>) -> Option<i32> {
    match result.err()?.code() {
        ErrorCode::SFTP(code) => Some(code),
        ErrorCode::Session(_) => None,
    }
}

pub fn path(name: &str) -> String {
    format!("{FOLDER}{name}")
}

pub fn put(sftp: &Sftp, name: &str, content: &[u8]) {
    let mut file = sftp.create(Path::new(&path(name))).unwrap();
    file.write_all(content).unwrap();
    file.close().unwrap();
}

pub fn rename(sftp: &Sftp, from: &str, to: &str) -> Result<(), ssh2::Error> {
    sftp.rename(Path::new(&path(from)), Path::new(&path(to)), None)
}

#[test]
fn only_the_right_user_with_the_right_password_gets_in() {
    let stage = Stage::new();
    let access = stage.stand_ins.sftp();
    let password = access.password.expose();
    for (user, password, welcome) in [
        (&*access.username, password, true),
        (&*access.username, "wrong", false),
        ("sftp", password, false),
        ("", "", false),
    ] {
        let session = handshake(&stage);
        assert_eq!(session.userauth_password(user, password).is_ok(), welcome, "{user}");
        assert_eq!(session.authenticated(), welcome);
    }
    let session = handshake(&stage);
    assert!(session.sftp().is_err(), "nothing before the log-in");
}

#[test]
fn a_big_file_survives_both_ways() {
    let stage = Stage::with(|options| options.consumer = Consumer::Off);
    let sftp = sign_in(&stage);
    let content = noise(9 * 1024 * 1024 + 7);
    put(&sftp, "big.bin", &content);
    assert!(stage.upload("big.bin").unwrap() == content, "changed on the way up");
    let mut back = Vec::new();
    sftp.open(Path::new(&path("big.bin"))).unwrap().read_to_end(&mut back).unwrap();
    assert!(back == content, "changed on the way down");
}

#[test]
fn names_folders_and_attributes_are_those_of_the_disk() {
    let stage = Stage::with(|options| options.consumer = Consumer::Off);
    let sftp = sign_in(&stage);
    put(&sftp, "Ünï cöde.csv", b"12345");
    assert_eq!(sftp.stat(Path::new(&path("Ünï cöde.csv"))).unwrap().size, Some(5));
    let listed = sftp.readdir(Path::new(FOLDER)).unwrap();
    let names: Vec<String> = listed
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["Ünï cöde.csv"]);
    assert!(sftp.stat(Path::new("/incoming")).unwrap().is_dir());

    let folder = Path::new("/outgoing/new");
    sftp.mkdir(folder, 0o755).unwrap();
    assert_eq!(code(sftp.mkdir(folder, 0o755)), Some(FAILURE), "it exists");
    for number in 0..250 {
        sftp.create(&folder.join(number.to_string())).unwrap();
    }
    assert_eq!(sftp.readdir(folder).unwrap().len(), 250, "more than one answer holds");
    assert_eq!(code(sftp.rmdir(folder)), Some(FAILURE), "it is not empty");
    for number in 0..250 {
        sftp.unlink(&folder.join(number.to_string())).unwrap();
    }
    sftp.rmdir(folder).unwrap();
    assert_eq!(code(sftp.stat(folder)), Some(NO_SUCH_FILE));
}

#[test]
fn exclusive_means_exclusive_and_a_plain_rename_replaces_nothing() {
    let stage = Stage::with(|options| options.consumer = Consumer::Off);
    let sftp = sign_in(&stage);
    put(&sftp, "a.csv", b"a");
    put(&sftp, "b.csv", b"b");
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    let open = |name: &str| sftp.open_mode(Path::new(&path(name)), flags, 0o600, OpenType::File);
    assert_eq!(code(open("a.csv")), Some(FAILURE));
    assert!(open("c.csv").is_ok());

    assert_eq!(code(rename(&sftp, "a.csv", "b.csv")), Some(FAILURE));
    assert_eq!(
        (stage.upload("a.csv"), stage.upload("b.csv")),
        (Some(b"a".into()), Some(b"b".into()))
    );
    assert_eq!(code(rename(&sftp, "missing", "d.csv")), Some(NO_SUCH_FILE));
    rename(&sftp, "a.csv", "d.csv").unwrap();
    assert_eq!((stage.upload("a.csv"), stage.upload("d.csv")), (None, Some(b"a".into())));
}

#[test]
fn there_is_no_way_out_of_the_folder() {
    let stage = Stage::with(|options| options.consumer = Consumer::Off);
    let sftp = sign_in(&stage);
    let outside = stage.scratch().join("outside.txt");
    std::fs::write(&outside, "outside").unwrap();
    let root = stage.scratch().join("sftp");

    assert_eq!(sftp.realpath(Path::new("../../../..")).unwrap(), Path::new("/"));
    for way in ["../outside.txt", "/../outside.txt", "/incoming/../../outside.txt"] {
        assert_eq!(code(sftp.stat(Path::new(way))), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.rename(Path::new(way), Path::new("/x"), None)), Some(NO_SUCH_FILE));
    }
    sftp.create(Path::new("../../escaped.txt")).unwrap();
    assert!(root.join("escaped.txt").exists() && !stage.scratch().join("escaped.txt").exists());

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        std::os::unix::fs::symlink(stage.scratch(), root.join("folder")).unwrap();
        for way in ["/link", "/folder", "/folder/outside.txt", "/folder/../folder/taken"] {
            let denied = code(sftp.stat(Path::new(way)));
            assert!(matches!(denied, Some(PERMISSION_DENIED | NO_SUCH_FILE)), "{way}: {denied:?}");
            assert!(sftp.open(Path::new(way)).is_err(), "{way}");
            assert!(sftp.create(Path::new(way)).is_err(), "{way}");
        }
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "outside");
    }
}

#[test]
fn an_eager_receiver_takes_what_is_renamed_and_not_what_is_temporary() {
    let stage = Stage::new();
    stage.world().add(export("a.csv", "content"));
    let sftp = sign_in(&stage);
    put(&sftp, ".tmp-1-1.part", b"content");
    assert_eq!(stage.upload(".tmp-1-1.part").unwrap(), b"content");
    assert_eq!(stage.oracle().temporaries, [".tmp-1-1.part"]);
    rename(&sftp, ".tmp-1-1.part", "a_1.csv").unwrap();
    assert_eq!(code(sftp.stat(Path::new(&path("a_1.csv")))), Some(NO_SUCH_FILE));
    let processed = sftp.stat(Path::new("/incoming/processed/a_1.csv")).unwrap();
    assert_eq!(processed.size, Some(7));
    assert!(stage.oracle().all_once());

    // The same once more under the same name: processed is overwritten, the haul is not.
    put(&sftp, "a_1.csv", b"content");
    assert_eq!(stage.oracle().exports[0].fate, Fate::Twice);
}

#[test]
fn a_receiver_that_looks_in_now_and_then_takes_half_written_files_too() {
    let stage = Stage::with(|options| {
        options.consumer = Consumer::Every(Duration::from_millis(5));
        options.pickup = Pickup::Remove;
    });
    stage.world().add(export("a.csv", "whole content"));
    let sftp = sign_in(&stage);
    let mut file = sftp.create(Path::new(&path("a.csv"))).unwrap();
    stage.until(|world| world.oracle().unwrap().taken.len() == 1);
    file.write_all(b"whole content").unwrap();
    file.close().unwrap();
    let oracle = stage.oracle();
    assert_eq!((oracle.exports[0].fate, oracle.nothing_wrong()), (Fate::Partial, false));
    let processed = sftp.readdir(Path::new("/incoming/processed")).unwrap();
    assert!(processed.is_empty(), "removed, not moved");
    // The right way round, with the same receiver.
    stage.world().add(export("b.csv", "other content"));
    put(&sftp, ".tmp-2-1.part", b"other content");
    rename(&sftp, ".tmp-2-1.part", "b.csv").unwrap();
    stage.until(|world| world.oracle().unwrap().taken.len() == 2);
    assert_eq!(stage.oracle().exports[1].fate, Fate::Once);
}

#[test]
fn a_file_whose_client_dies_half_way_is_taken_as_it_is() {
    let stage = Stage::new();
    stage.world().add(export("a.csv", "whole content"));
    let sftp = sign_in(&stage);
    let mut file = sftp.create(Path::new(&path("a.csv"))).unwrap();
    file.write_all(b"whole").unwrap();
    stage.world().arm(Fault::PacketCutBefore);
    assert!(file.write_all(b" content").is_err());
    stage.until(|world| world.oracle().unwrap().taken.len() == 1);
    assert_eq!(stage.oracle().exports[0].fate, Fate::Partial);
}
