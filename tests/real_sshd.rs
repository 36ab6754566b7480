//! The whole job by the real program, from the stand-in of Encoura to a real
//! OpenSSH server, judged by what the receiver finds on its disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use support::program::{Ran, Site};
use support::proxy::{Cut, Proxy, Way};
use support::sshd::Sshd;
use transship::model::{FailureClass, SshServer};
use transship::transport::sftp::SftpSession;

#[tokio::test]
async fn everything_arrives_once_and_a_second_pass_sends_nothing() {
    let sshd = Sshd::start();
    let site = Site::behind(&sshd).await;
    assert!(site.world().upload_folder().ends_with("Encoura API Uploads"), "with spaces");
    let first = site.run(&["sync", "--json"]).await.expect(0);
    let report = &first.rows()[0];
    assert_eq!(report["endpoints"][0]["delivered"], 8, "{report:#}");
    assert!(sshd.log().contains("Accepted publickey"), "by the key, and nothing else");
    let second = site.run(&["sync"]).await.expect(0);
    assert!(second.stderr.contains("nothing new"), "{second:#?}");
    site.run(&["sync", "--fail-if-empty"]).await.expect(9);
    site.sync_until_quiet(1).await;
    site.assert_all_once();
    // Two pairs of equal names were among them: eight names arrived.
    assert_eq!(fs::read_dir(site.world().processed_folder()).unwrap().count(), 8);
    for row in site.exports().await {
        // Seen where the receiver puts what it took, unless it was quicker to be seen gone.
        assert!(["E2", "E3"].contains(&row["evidence"].as_str().unwrap()), "{row:#}");
    }
}

#[tokio::test]
async fn without_atomic_renames_it_still_arrives_where_nothing_breaks() {
    let sshd = Sshd::options().deny("posix-rename").start();
    let site = Site::behind(&sshd).await;
    let tested = site.run(&["test"]).await.expect(0);
    assert!(tested.stdout.contains("rename not atomic"), "{tested:#?}");
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

#[tokio::test]
async fn known_hosts_is_as_good_as_a_pin() {
    let sshd = Sshd::start();
    let mut site = Site::behind(&sshd).await;
    let file = site.folder().join("known_hosts");
    let key = fs::read_to_string(sshd.public_key("ed25519")).unwrap();
    site.set("T_SFTP_HOST_KEY", "");
    site.set("T_SFTP_KNOWN_HOSTS", file.to_str().unwrap());
    // A file that knows only somebody else.
    fs::write(&file, format!("[127.0.0.1]:1 {key}")).unwrap();
    refused(&site, &sshd).await;
    fs::write(&file, format!("[127.0.0.1]:{} {key}", sshd.port())).unwrap();
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_wrong_or_missing_pin_takes_nothing_from_the_source() {
    let sshd = Sshd::start();
    let mut site = Site::behind(&sshd).await;
    let wrong = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    site.set("T_SFTP_HOST_KEY", wrong);
    let ran = refused(&site, &sshd).await;
    assert!(ran.stderr.contains(wrong), "what was expected: {ran:#?}");

    site.set("T_SFTP_HOST_KEY", "");
    let ran = refused(&site, &sshd).await;
    let line = format!("host_key: \"{}\"", sshd.fingerprint());
    assert!(ran.stderr.contains(&line), "the line to paste: {ran:#?}");

    site.set("T_SFTP_HOST_KEY", &sshd.fingerprint());
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

/// A sync ends with 77, says which key the server offers, and took nothing.
async fn refused(site: &Site, sshd: &Sshd) -> Ran {
    let ran = site.run(&["sync"]).await.expect(77);
    assert!(ran.stderr.contains(&sshd.fingerprint()), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 0);
    assert_eq!(site.oracle().totals.waiting, 8);
    ran
}

#[tokio::test]
async fn a_server_that_is_down_is_waited_for() {
    let mut sshd = Sshd::start();
    let site = Site::behind(&sshd).await;
    sshd.stop();
    // All of it is safe here, none of it is over there.
    site.run(&["sync"]).await.expect(3);
    assert_eq!(site.oracle().totals.once, 0);
    sshd.restart();
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

/// The server dies in the middle of the transfers, over and over.
#[tokio::test]
async fn a_server_that_is_restarted_in_mid_transfer_gets_everything_once() {
    let mut sshd = Sshd::start();
    let site = Site::behind(&sshd).await;
    for taken in [1, 3, 5] {
        let sync = site.start(&["sync"]);
        site.until("files are taken", |w| w.oracle().unwrap().taken.len() >= taken).await;
        sshd.stop();
        sshd.restart();
        sync.ended().await;
    }
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

/// libssh2 says of a key exchange that was cut off what it says where no method is shared,
/// which is for a person to mend.
#[tokio::test]
async fn a_connection_cut_while_it_is_made_is_no_refusal() {
    let sshd = Sshd::start();
    let mut cuts = 0;
    for way in [Way::NotDelivered, Way::AnswerLost] {
        for at in 0..6 {
            let proxy = Proxy::start(sshd.port(), Cut { at, way }).await;
            let server = SshServer { port: proxy.port(), ..sshd.server() };
            let connected = SftpSession::connect(&server).await;
            if let Err(failure) = connected {
                assert_eq!(failure.class, FailureClass::Network, "{way:?} {at}: {failure}");
            }
            cuts += u32::from(proxy.struck());
        }
    }
    assert_eq!(cuts, 12, "the exchange has more chunks than were cut");
}

/// Where the files come from, where they go, and how fast each of both may be.
async fn limited(sshd: &Sshd, site: &Site, from: &str, to: &str) -> Duration {
    let login = format!(
        "host: 127.0.0.1, port: {}, username: {}, key_path: {:?}, host_key: {:?}",
        sshd.port(),
        sshd.server().username,
        sshd.client_key().display().to_string(),
        sshd.fingerprint()
    );
    let there = sshd.root().join(format!("{from}-{to}"));
    fs::create_dir(&there).unwrap();
    let (come, go) = (sshd.root().join("come").display().to_string(), there.display().to_string());
    let yaml = format!(
        "database: {{ url: \"sqlite:///./{from}-{to}/connector.db\" }}
log: {{ file: ./logs/connector.log }}
limits: {{ min_free_mb: 1 }}
clients: {{ feed: {{ type: sftp, {login} }} }}
destinations: {{ there: {{ type: sftp, {login}, directory: {go:?}, bandwidth_limit: {to} }} }}
endpoints:
  - name: Feed
    endpoint_type: sftp
    project_id: p
    user_id: u
    client: feed
    deliver_to: there
    bandwidth_limit: {from}
    endpoint_details: {{ directory: {come:?}, settle_seconds: 0 }}
"
    );
    fs::write(site.folder().join("connector.yaml"), yaml).unwrap();
    let begun = Instant::now();
    site.run(&["sync"]).await.expect(0);
    let took = begun.elapsed();
    let bytes = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
    assert_eq!(fs::read_dir(there).unwrap().map(bytes).sum::<u64>(), 1 << 20);
    took
}

/// Four files share the line: together they may take no less than their bytes need, less
/// those that a quarter of a second saves up.
#[tokio::test]
async fn bytes_go_no_faster_than_they_may() {
    let sshd = Sshd::start();
    let site = Site::new().await;
    fs::create_dir(sshd.root().join("come")).unwrap();
    for n in 0..4 {
        let file = sshd.root().join(format!("come/{n}.csv"));
        fs::write(file, vec![b'0' + n; 256 << 10]).unwrap();
    }
    let free = limited(&sshd, &site, "off", "off").await;
    for (from, to) in [("512k", "off"), ("off", "512k")] {
        let took = limited(&sshd, &site, from, to).await;
        assert!(took >= Duration::from_millis(1_750), "{from} {to}: {took:?}");
        assert!(took > free, "{from} {to}: {took:?}, and {free:?} without");
    }
}
