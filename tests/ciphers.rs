//! Every cipher that is spoken, with a real OpenSSH server: bytes arrive as they were sent,
//! new keys in the middle of it or not, and a changed one is noticed.
//!
//! The vendored libssh2 gives OpenSSL whole packets (`vendor/libssh2-sys/CHANGES.md`): this
//! is what shows that no packet is the worse for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::fs;
use std::net::Ipv4Addr;

use support::sshd::Sshd;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use transship::destinations::sftp::SftpDestination;
use transship::destinations::{Destination as _, LocalFile};
use transship::model::{DestinationSettings, SshServer};
use transship::transport::sftp::wire::{Attrs, OpenFlags};
use transship::transport::sftp::{RemoteFile, SftpSession};

/// Ciphers, and what protects the packets where the cipher does not do it.
const CIPHERS: [(&str, &str); 8] = [
    ("aes128-gcm@openssh.com", "hmac-sha2-256"),
    ("aes256-gcm@openssh.com", "hmac-sha2-256"),
    ("chacha20-poly1305@openssh.com", "hmac-sha2-256"),
    ("aes256-ctr", "hmac-sha2-256-etm@openssh.com"),
    ("aes128-ctr", "hmac-sha2-512"),
    ("aes192-ctr", "hmac-sha2-256"),
    ("aes256-cbc", "hmac-sha2-512-etm@openssh.com"),
    ("aes128-cbc", "hmac-sha2-256"),
];

fn server(cipher: &str, mac: &str, lines: &[&str]) -> Sshd {
    let options = Sshd::options().line(format!("Ciphers {cipher}")).line(format!("MACs {mac}"));
    lines.iter().fold(options, |options, line| options.line(*line)).start()
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

async fn up(server: SshServer, folder: &std::path::Path, local: &std::path::Path, name: &str) {
    let mut settings = DestinationSettings::new("there", server);
    settings.directory = format!("{}/", folder.display());
    let destination = SftpDestination::new(settings);
    let file = LocalFile::new(local, local.metadata().unwrap().len());
    let cancel = CancellationToken::new();
    let temporary = ".tmp-89abcdef-1.part";
    destination.stage(&file, temporary, name, &|_| {}, &cancel).await.unwrap();
    destination.publish(temporary, name).await.unwrap();
}

async fn down(server: &SshServer, path: &std::path::Path) -> Result<Vec<u8>, String> {
    let session = SftpSession::connect(server).await.map_err(|e| e.to_string())?;
    let path = path.display().to_string().into();
    let file = RemoteFile::open(&session, path, OpenFlags::READ, Attrs::default()).await;
    let mut arrived = Vec::new();
    let file = file.map_err(|e| e.into_failure("opening", "it").to_string())?;
    let outcome = file.download(0, &mut arrived, &CancellationToken::new()).await;
    outcome.map_err(|e| e.into_failure("reading", "it").to_string())?;
    Ok(arrived)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_cipher_bytes_arrive_as_they_were_sent() {
    let folder = TempDir::new().unwrap();
    for (cipher, mac) in CIPHERS {
        // Around the block, the packet and the chunk; then many of each, with new keys.
        let few: &[usize] = &[0, 1, 16, 17, 32_700, 261_121];
        for (lines, sizes) in [([].as_slice(), few), (&["RekeyLimit 1M"], &[3_000_003])] {
            let sshd = server(cipher, mac, lines);
            for size in sizes.iter().copied() {
                let local = folder.path().join("local");
                fs::write(&local, content(size)).unwrap();
                let name = format!("{size}.csv");
                up(sshd.server(), &sshd.root(), &local, &name).await;
                let there = sshd.root().join(&name);
                assert!(fs::read(&there).unwrap() == content(size), "{cipher} {mac}: {size} up");
                let here = down(&sshd.server(), &there).await.unwrap();
                assert!(here == content(size), "{cipher} {mac}: {size} down");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bit_changed_on_the_way_is_noticed_whatever_the_cipher() {
    for (cipher, mac) in CIPHERS {
        let sshd = server(cipher, mac, &[]);
        let there = sshd.root().join("a.csv");
        fs::write(&there, content(2_000_000)).unwrap();
        for (at, changed) in [(u64::MAX, false), (500_000, true), (500_001, true), (777_777, true)]
        {
            let port = changing(sshd.port(), at).await;
            let outcome = down(&SshServer { port, ..sshd.server() }, &there).await;
            match outcome {
                Ok(arrived) => assert!(!changed && arrived == content(2_000_000), "{cipher} {at}"),
                Err(failure) => assert!(changed, "{cipher} {at}: {failure}"),
            }
        }
    }
}

/// The port of a wire to `server` that changes one bit of the byte `at` of what comes back.
async fn changing(server: u16, at: u64) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let (mut buffer, mut passed) = (vec![0; 16 << 10], 0);
        loop {
            let count = from_server.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            if (passed..passed + count as u64).contains(&at) {
                buffer[(at - passed) as usize] ^= 0x10;
            }
            passed += count as u64;
            if to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    });
    port
}
