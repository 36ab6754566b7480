//! The real program: when it listens, and that it never tells a secret.

use transship::demo::{Fault, sample_exports};

use crate::stand::{PASSWORD, get, raw};
use crate::support::program::{Running, Site};

/// Where the program says that it listens.
async fn address(running: &Running) -> String {
    running.line("listening on http://").await.trim().to_owned()
}

#[tokio::test]
async fn what_stays_listens_and_what_is_asked_once_does_not() {
    let site = Site::new().await;
    let ran = site.run(&["sync", "--verbose"]).await.expect(0);
    assert!(!ran.stderr.contains("http:"), "{ran:#?}");
    let stays = site.start(&["--no-tui"]);
    let address = address(&stays).await;
    get(&format!("http://{address}/health"), None).await.expect(200);
    let status = get(&format!("http://{address}/status"), None).await.expect(200).json();
    assert_eq!(status["jobs"][0]["last_result"], "done");
    assert_eq!(status["jobs"][0]["run_count"], 1, "what commands did counts too");
    stays.terminate();
    stays.ended().await.expect(143);
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "it is gone");
}

#[tokio::test]
async fn a_busy_port_is_a_warning_and_the_syncs_go_on() {
    let site = Site::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    site.configure("127.0.0.1:0", &busy.to_string());
    let stays = site.start(&["--no-tui", "--quiet"]);
    stays.says("cannot be listened on").await;
    // Quiet is not silent about it.
    stays.terminate();
    stays.ended().await.expect(143);
    // Its schedule runs all the same: a plan of a moment ago is due.
    let ledger = rusqlite::Connection::open(site.database()).unwrap();
    let due = format!("{:.3}", jiff::Timestamp::now());
    ledger.execute("UPDATE endpoints SET next_run_at = ?", [due]).unwrap();
    let stays = site.start(&["--no-tui"]);
    site.until("everything arrived", |w| w.oracle().unwrap().all_once()).await;
    stays.terminate();
    stays.ended().await.expect(143);
    let log = site.log();
    assert!(log.contains("cannot be listened on"), "in the log as well: {log}");
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let mut site = Site::with(|options| options.exports = sample_exports()).await;
    site.set("T_HTTP_PASSWORD", PASSWORD);
    site.configure(
        "http: { listen: [\"127.0.0.1:0\"] }",
        "http: { listen: [\"127.0.0.1:0\"], username: admin, password: \"${T_HTTP_PASSWORD}\" }",
    );
    // Failures quote what the other side says, and services repeat what they were given.
    site.arm("auth_refused");
    site.run(&["sync"]).await.expect(77);
    site.world().disarm();
    site.arm("login_refused*9");
    site.run(&["sync"]).await.expect(77);
    assert!(site.world().struck(Fault::LoginRefused) > 0);
    let stays = site.start(&["--no-tui"]);
    let address = address(&stays).await;
    let (encoura, sftp) = (site.stand_ins.encoura(), site.stand_ins.sftp());
    let secrets =
        [PASSWORD, encoura.api_key.expose(), encoura.password.expose(), sftp.password.expose()];
    let mut answers = Vec::new();
    for path in ["/health", "/status", "/metrics", "/help", "/nothing"] {
        for login in [None, Some(("admin", PASSWORD)), Some(("admin", "wrong"))] {
            let answer = get(&format!("http://{address}{path}"), login).await;
            answers.push(format!("{:?}\n{}", answer.headers, answer.body));
        }
    }
    let target: std::net::SocketAddr = address.parse().unwrap();
    let echo = format!(
        "GET /{PASSWORD}?{PASSWORD} HTTP/1.1\r\nHost: {PASSWORD}\r\nConnection: close\r\n\r\n"
    );
    answers.push(raw(target, &echo).await);
    stays.terminate();
    answers.push(stays.ended().await.expect(143).stderr);
    answers.push(site.log());
    assert!(answers.iter().any(|answer| answer.contains("last_error")), "the failures are told");
    for (answer, secret) in answers.iter().flat_map(|a| secrets.map(|s| (a, s))) {
        assert!(!answer.contains(secret), "{secret}: {answer}");
    }
}
