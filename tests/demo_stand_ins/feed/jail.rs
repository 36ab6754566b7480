//! Who may come in, and what they can see and change.

use std::io::{Read as _, Write as _};
use std::path::Path;

use ssh2::Sftp;
use transship::demo::{Fault, Service};

use super::stage;
use crate::Stage;
use crate::sftp::{FAILURE, NO_SUCH_FILE, PERMISSION_DENIED, code, handshake, sign_in};

fn partner(stage: &Stage) -> Sftp {
    let access = stage.stand_ins.feed().unwrap();
    let session = handshake(stage);
    session.userauth_password(&access.username, access.password.expose()).unwrap();
    session.sftp().unwrap()
}

fn names(sftp: &Sftp, folder: &str) -> Vec<String> {
    let entries = sftp.readdir(Path::new(folder)).unwrap();
    entries
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn anybody_is_a_client_of_the_feed_and_nobody_but_one_is_the_receivers() {
    let stage = stage(1);
    let receiver = stage.stand_ins.sftp();
    for (user, password) in [("partner", "x"), ("", ""), ("root", "toor"), ("P 1@é", "ß")] {
        let session = handshake(&stage);
        session.userauth_password(user, password).unwrap();
        assert_eq!(names(&session.sftp().unwrap(), "/"), ["outgoing"], "{user}");
    }
    for wrong in ["", "x", "any password"] {
        let session = handshake(&stage);
        assert!(session.userauth_password(&receiver.username, wrong).is_err(), "{wrong:?}");
        assert!(!session.authenticated());
        // The same connection, once more as somebody else: it sees the feed alone.
        session.userauth_password("somebody", "x").unwrap();
        assert_eq!(names(&session.sftp().unwrap(), "/"), ["outgoing"]);
    }
    let mut folders = names(&sign_in(&stage), "/");
    folders.sort();
    assert_eq!(folders, ["incoming", "outgoing", "test"]);
}

#[test]
fn without_a_feed_nobody_else_gets_in() {
    let stage = Stage::new();
    assert!(stage.stand_ins.feed().is_none());
    let session = handshake(&stage);
    assert!(session.userauth_password("partner", "any password").is_err());
    stage.world().arm(Fault::AuthRefused);
    let with_feed = self::stage(1);
    with_feed.world().arm(Fault::AuthRefused);
    let session = handshake(&with_feed);
    assert!(session.userauth_password("partner", "x").is_err(), "the fault is the feed's, too");
    assert!(session.sftp().is_err());
}

#[test]
fn beside_the_partners_folder_there_is_nothing() {
    let stage = stage(2);
    let sftp = partner(&stage);
    std::fs::write(stage.world().upload_folder().join("secret.csv"), "secret").unwrap();
    for way in [
        "/incoming",
        "/incoming/Encoura API Uploads/secret.csv",
        "/outgoing/../incoming",
        "/outgoing/../incoming/Encoura API Uploads/secret.csv",
        "/outgoing2",
        "../incoming/processed",
        "/test/incoming",
    ] {
        let path = Path::new(way);
        assert_eq!(code(sftp.stat(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.lstat(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.open(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.create(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.readdir(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.mkdir(path, 0o755)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.unlink(path)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.rmdir(path)), Some(NO_SUCH_FILE), "{way}");
        let mine = Path::new("/outgoing/sales_data_2025-01-01.csv");
        assert_eq!(code(sftp.rename(mine, path, None)), Some(NO_SUCH_FILE), "{way}");
        assert_eq!(code(sftp.rename(path, mine, None)), Some(NO_SUCH_FILE), "{way}");
    }
    for itself in ["/", "/outgoing", "/outgoing/.", "/outgoing/x/.."] {
        let path = Path::new(itself);
        assert_eq!(code(sftp.rmdir(path)), Some(PERMISSION_DENIED), "{itself}");
        let away = Path::new("/outgoing/away");
        assert_eq!(code(sftp.rename(path, away, None)), Some(PERMISSION_DENIED), "{itself}");
    }
    assert_eq!(sftp.realpath(Path::new("../../..")).unwrap(), Path::new("/"));
    #[cfg(unix)]
    {
        let link = stage.world().feed().folder().join("link");
        std::os::unix::fs::symlink(stage.world().upload_folder(), link).unwrap();
        let through = Path::new("/outgoing/link/secret.csv");
        assert_eq!(code(sftp.stat(through)), Some(PERMISSION_DENIED));
        assert!(sftp.open(through).is_err());
    }
}

#[test]
fn in_the_partners_folder_files_are_read_moved_and_deleted() {
    let stage = stage(2);
    let sftp = partner(&stage);
    let name = "sales_data_2025-01-01.csv";
    let path = Path::new("/outgoing").join(name);
    let on_disk = std::fs::read(stage.world().feed().folder().join(name)).unwrap();
    let told = sftp.stat(&path).unwrap();
    assert_eq!(told.size, Some(on_disk.len() as u64));
    let mut read = Vec::new();
    sftp.open(&path).unwrap().read_to_end(&mut read).unwrap();
    assert!(read == on_disk);

    sftp.mkdir(Path::new("/outgoing/done"), 0o755).unwrap();
    let moved = Path::new("/outgoing/done").join(name);
    sftp.rename(&path, &moved, None).unwrap();
    assert_eq!(code(sftp.stat(&path)), Some(NO_SUCH_FILE));
    sftp.unlink(&moved).unwrap();
    sftp.rmdir(Path::new("/outgoing/done")).unwrap();
    sftp.create(Path::new("/outgoing/new.csv")).unwrap().write_all(b"a").unwrap();
    assert_eq!(code(sftp.mkdir(Path::new("/outgoing/new.csv"), 0o755)), Some(FAILURE));

    let journal = stage.world().journal();
    assert!(journal.iter().all(|call| call.service == Service::Feed), "the books are separate");
    assert!(journal.iter().any(|call| call.method == "unlink" || call.method == "remove"));
}
