//! `transship health`, and the stand-ins that hand over the way to them, as containers use
//! them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::support::program::Site;

/// A port that nothing listens on now.
fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_well_from_stuck_silent_and_gone() {
    let site = Site::new().await;
    let port = free();
    site.configure("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let gone = site.run(&["health"]).await.expect(1);
    assert!(gone.stderr.contains("nothing runs on this ledger"), "{}", gone.stderr);

    let stays = site.start(&["--no-tui"]);
    stays.line("listening on http://").await;
    let well = site.run(&["health"]).await.expect(0);
    assert!(well.stderr.contains(&format!("well, says http://127.0.0.1:{port}/health")));
    let quiet = site.run(&["--quiet", "health"]).await.expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let json = site.run(&["--json", "health"]).await.expect(0);
    assert_eq!(json.rows()[0]["healthy"], true);

    // Another program holds the ledger: its writer is stuck.
    let other = rusqlite::Connection::open(site.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // What was found a moment ago is said again for a second.
    let stuck = loop {
        let ran = site.run(&["health"]).await;
        if ran.code != 0 {
            break ran.expect(1);
        }
    };
    assert!(stuck.stderr.contains("not well") && stuck.stderr.contains("writer"), "{stuck:#?}");
    other.execute_batch("ROLLBACK").unwrap();
    stays.terminate();
    stays.ended().await.expect(143);
    site.run(&["health"]).await.expect(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_somebody_else_is_none() {
    let site = Site::new().await;
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    site.configure("127.0.0.1:0", &stranger.local_addr().unwrap().to_string());
    let answers = std::thread::spawn(move || {
        let (mut client, _) = stranger.accept().unwrap();
        let mut request = [0; 1024];
        let length = client.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /health"));
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    });
    let ran = site.run(&["health"]).await.expect(1);
    assert!(ran.stderr.contains("nothing runs"), "{}", ran.stderr);
    answers.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_http_it_says_that_it_runs() {
    let site = Site::new().await;
    site.configure("listen: [\"127.0.0.1:0\"]", "listen: []");
    site.run(&["health"]).await.expect(1);
    let stays = site.start(&["--no-tui"]);
    // It holds the ledger once it is up.
    let ran = loop {
        let ran = site.run(&["health"]).await;
        if ran.code == 0 {
            break ran;
        }
    };
    assert!(ran.stderr.contains("http.listen is empty"), "{}", ran.stderr);
    stays.terminate();
    stays.ended().await.expect(143);
}

/// The two services of `compose.yaml`, without their containers.
#[test]
fn the_job_without_a_configuration_runs_on_stand_ins_that_hand_over_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("stand-ins");
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        command.env("HOME", folder.path()).env("CREDENTIALS_DIRECTORY", &credentials);
        command.env("TRANSSHIP_DATA_DIR", folder.path().join("data"));
        command
    };
    let handed = credentials.to_str().unwrap();
    let mut sim =
        program(&["sim", "--json", "--dir", "sim", "--exports", "2", "--credentials", handed])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let mut said = String::new();
    BufReader::new(sim.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let check = program(&["--quiet", "check"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    let sync = program(&["sync"]).output().unwrap();
    assert!(sync.status.success(), "{}", String::from_utf8_lossy(&sync.stderr));
    let rows = program(&["--json", "transfers"]).output().unwrap();
    let rows = String::from_utf8(rows.stdout).unwrap();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    sim.kill().unwrap();
    sim.wait().unwrap();
}
