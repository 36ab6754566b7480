//! The SFTP server, driven by OpenSSH's own programs with a key.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use transship::demo::{Arming, Consumer, Extensions, Fault, Options};

use crate::sftp::FOLDER;
use crate::{Stage, export, noise};

/// A stage whose server knows the key of an OpenSSH client.
struct Client {
    stage: Stage,
    key: PathBuf,
}

impl Client {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let mut key = PathBuf::new();
        let stage = Stage::with(|options| {
            key = options.dir.join("id_ed25519");
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&key)
                .status()
                .expect("these tests need openssh-client");
            assert!(made.success());
            options.authorized_keys = vec![fs::read_to_string(key.with_extension("pub")).unwrap()];
            change(options);
        });
        let access = stage.stand_ins.sftp();
        let known = format!("[{}]:{} {}\n", access.host, access.port, access.host_public_key);
        fs::write(stage.scratch().join("known_hosts"), known).unwrap();
        Self { stage, key }
    }

    /// Runs `sftp -b`, which stops at the first command that fails.
    fn sftp(&self, batch: &str) -> Output {
        let access = self.stage.stand_ins.sftp();
        let known = self.stage.scratch().join("known_hosts");
        let mut child = Command::new("sftp")
            .args(["-b", "-", "-F", "none", "-o", "IdentitiesOnly=yes"])
            .args(["-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"])
            .args(["-o", &format!("UserKnownHostsFile={}", known.display())])
            .args(["-o", &format!("User={}", access.username)])
            .arg("-i")
            .arg(&self.key)
            .args(["-P", &access.port.to_string(), &access.host])
            .current_dir(self.stage.scratch())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need openssh-client");
        child.stdin.take().unwrap().write_all(batch.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs `sftp -b`, all of which must work.
    fn done(&self, batch: &str) -> String {
        let output = self.sftp(batch);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{batch}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn refused(&self, batch: &str) -> String {
        let output = self.sftp(batch);
        assert!(!output.status.success(), "{batch} must be refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn openssh_puts_lists_gets_and_renames() {
    let client = Client::new(|options| options.consumer = Consumer::Off);
    let scratch = client.stage.scratch();
    let content = noise(5 * 1024 * 1024 + 3);
    fs::write(scratch.join("up.bin"), &content).unwrap();
    fs::write(scratch.join("small.csv"), "small").unwrap();

    let listed = client.done(&format!(
        "cd \"{FOLDER}\"\nput up.bin .tmp-1-1.part\nput small.csv\nls -1\nget .tmp-1-1.part down.bin\n"
    ));
    assert!(listed.contains("small.csv"), "{listed}");
    assert!(fs::read(scratch.join("down.bin")).unwrap() == content, "changed on the way");
    assert!(client.stage.upload(".tmp-1-1.part").unwrap() == content, "changed on the way up");

    // OpenSSH renames by posix-rename, over an existing file; with -l by plain RENAME.
    let refusal = client.refused(&format!("cd \"{FOLDER}\"\nrename -l .tmp-1-1.part small.csv\n"));
    assert!(refusal.contains("Failure"), "{refusal}");
    client.done(&format!("cd \"{FOLDER}\"\nrename .tmp-1-1.part small.csv\n"));
    assert!(client.stage.upload("small.csv").unwrap() == content);
    assert!(client.stage.upload(".tmp-1-1.part").is_none());
    client.done("mkdir /outgoing/x\nrmdir /outgoing/x\n");
    assert!(client.refused("ls /missing\n").contains("not found"));
}

#[test]
fn the_receiver_takes_what_openssh_delivers() {
    let client = Client::new(|_| {});
    client.stage.world().add(export("a.csv", "content"));
    fs::write(client.stage.scratch().join("local"), "content").unwrap();
    client.done(&format!(
        "cd \"{FOLDER}\"\nput local .tmp-1-1.part\nrename .tmp-1-1.part a.csv\nls /incoming/processed/a.csv\n"
    ));
    assert!(client.stage.oracle().all_once());
    assert!(client.refused(&format!("ls \"{FOLDER}a.csv\"\n")).contains("not found"));
}

#[test]
fn a_posix_rename_is_cut_like_any_other() {
    for (fault, happened) in [(Fault::RenameCutBefore, false), (Fault::RenameCutAfter, true)] {
        let client = Client::new(|options| options.consumer = Consumer::Off);
        fs::write(client.stage.scratch().join("local"), "content").unwrap();
        client.stage.world().arm(fault);
        client.refused(&format!("cd \"{FOLDER}\"\nput local a.part\nrename a.part a.csv\n"));
        let journal = client.stage.world().journal();
        let last = journal.last().unwrap();
        assert_eq!(last.method, "posix-rename");
        assert_eq!(last.status, happened.then_some(0), "the journal tells what the client cannot");
        assert_eq!(client.stage.upload("a.csv").is_some(), happened);
        assert_eq!(client.stage.upload("a.part").is_some(), !happened);
    }
}

#[test]
fn df_tells_the_space_and_a_full_disk() {
    let client = Client::new(|_| {});
    let available = |client: &Client| -> u64 {
        let table = client.done(&format!("df \"{FOLDER}\"\n"));
        let line = table.lines().last().unwrap().to_owned();
        line.split_whitespace().nth(2).unwrap().parse().unwrap_or_else(|_| panic!("{table}"))
    };
    assert!(available(&client) > 0);
    client.stage.world().arm(Fault::NoSpace);
    assert_eq!(available(&client), 0);
    fs::write(client.stage.scratch().join("local"), "content").unwrap();
    assert!(client.refused(&format!("put local \"{FOLDER}x\"\n")).contains("Failure"));
}

#[test]
fn extensions_can_be_switched_off() {
    let client = Client::new(|options| {
        options.extensions = Extensions::NONE;
        options.consumer = Consumer::Off;
    });
    fs::write(client.stage.scratch().join("local"), "content").unwrap();
    client.done(&format!(
        "cd \"{FOLDER}\"\nput local a.part\nput local b.part\nrename a.part c.part\n"
    ));
    // Without posix-rename OpenSSH falls back to the plain one, which replaces nothing.
    assert!(
        client.refused(&format!("cd \"{FOLDER}\"\nrename b.part c.part\n")).contains("Failure")
    );
    assert!(client.refused("df /\n").contains("statvfs"));
}

#[test]
fn the_host_key_is_the_one_announced() {
    let client = Client::new(|_| {});
    let access = client.stage.stand_ins.sftp();
    let scan = Command::new("ssh-keyscan")
        .args(["-t", "ed25519", "-p", &access.port.to_string(), &access.host])
        .output()
        .unwrap();
    let scanned = String::from_utf8_lossy(&scan.stdout).into_owned();
    assert!(scanned.contains(&access.host_public_key), "{scanned}");
    let file = client.stage.scratch().join("scanned");
    fs::write(&file, scanned).unwrap();
    let printed = Command::new("ssh-keygen").arg("-lf").arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&printed.stdout).contains(&access.host_key));

    client.stage.world().arm(Arming::from(Fault::HostKeyChanged).count(1));
    assert!(client.refused("pwd\n").contains("HOST IDENTIFICATION HAS CHANGED"));
    client.done("pwd\n");
}

#[test]
fn another_key_is_refused() {
    let mut client = Client::new(|_| {});
    client.done("pwd\n");
    let other = Client::new(|_| {});
    client.key = other.key.clone();
    assert!(client.refused("pwd\n").contains("Permission denied"));
}
