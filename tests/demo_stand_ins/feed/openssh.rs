//! The feed, fetched by OpenSSH's own program with a password.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::stage;
use crate::Stage;

/// Runs `sftp -b` as `user`; a small program of ours answers for the person who would
/// type the password.
fn sftp(stage: &Stage, user: &str, batch: &str) -> Output {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = stage.scratch();
    let access = stage.stand_ins.sftp();
    let known = format!("[{}]:{} {}\n", access.host, access.port, access.host_public_key);
    fs::write(scratch.join("known_hosts"), known).unwrap();
    let typist = scratch.join("typist");
    fs::write(&typist, "#!/bin/sh\necho 'whatever'\n").unwrap();
    fs::set_permissions(&typist, fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = Command::new("sftp")
        // The first one counts: -b alone would ask for no password.
        .args(["-o", "BatchMode=no", "-b", "-", "-F", "none"])
        .args(["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"])
        .args(["-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"])
        .args(["-o", &format!("UserKnownHostsFile={}", scratch.join("known_hosts").display())])
        .args(["-o", &format!("User={user}")])
        .args(["-P", &access.port.to_string(), &access.host])
        .env("SSH_ASKPASS", &typist)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .current_dir(scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests need openssh-client");
    // Ignored: a client that is refused does not read it.
    let _ = child.stdin.take().unwrap().write_all(batch.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn openssh_lists_and_gets_the_feed_with_any_password() {
    let stage = stage(3);
    let output = sftp(&stage, "anybody", "ls -1 /\nls -1 /outgoing\nget /outgoing/*-02.csv\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let listed = String::from_utf8_lossy(&output.stdout);
    let names: Vec<&str> = listed.lines().filter(|line| line.starts_with('/')).collect();
    let expected = [
        "/outgoing",
        "/outgoing/product_info_2025-01-01.json",
        "/outgoing/product_info_2025-01-02.json",
        "/outgoing/product_info_2025-01-03.json",
        "/outgoing/sales_data_2025-01-01.csv",
        "/outgoing/sales_data_2025-01-02.csv",
        "/outgoing/sales_data_2025-01-03.csv",
    ];
    assert_eq!(names, expected, "{listed}");
    let name = "sales_data_2025-01-02.csv";
    let there = fs::read(stage.world().feed().folder().join(name)).unwrap();
    assert!(fs::read(stage.scratch().join(name)).unwrap() == there);
}

#[test]
fn the_receivers_own_user_is_not_let_in_with_any_password() {
    let stage = stage(1);
    let user = stage.stand_ins.sftp().username.clone();
    let output = sftp(&stage, &user, "pwd\n");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"));
}
