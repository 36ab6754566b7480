//! 200 while the program is well, 503 when a part of it is not.

use serde_json::Value;
use transship::engine::{Command, Handle, Reply, Vitals};

use crate::stand::{Answer, DEADLINE, Stand, get, open, serve};
use crate::support::desk::Desk;

/// Asks until the answer has this status: what was found is kept for a second.
async fn until(url: &str, status: u16) -> Answer {
    let asked = async {
        loop {
            let answer = get(url, None).await;
            if answer.status == status {
                return answer;
            }
        }
    };
    let asked = tokio::time::timeout(DEADLINE, asked).await;
    asked.unwrap_or_else(|_| panic!("{url} is never answered with {status}"))
}

fn checks(answer: &Answer) -> [String; 4] {
    let body = answer.json();
    ["process", "ledger", "writer", "scheduler"]
        .map(|part| body["checks"][part].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
}

#[tokio::test]
async fn a_program_that_is_well_says_so_in_the_fixed_words() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let answer = stand.get("/health").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body["status"], "healthy");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert!(body["uptime_seconds"].is_u64());
    assert!(body["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(checks(&answer), ["healthy", "healthy", "healthy", "healthy"]);
    // A partner that is down is no reason to restart us.
    desk.arm("login_refused*9");
    stand.engine.handle().request(Command::sync_all()).await;
    until(&stand.url("/health"), 200).await;
    let health = stand.get("/health").await;
    assert_eq!(health.status, 200);
    stand.end().await;
}

#[tokio::test]
async fn a_ledger_that_is_gone_is_503_and_says_nothing_of_where_it_was() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    stand.get("/health").await.expect(200);
    let aside = desk.config.database.with_extension("aside");
    std::fs::rename(&desk.config.database, &aside).unwrap();
    let answer = until(&stand.url("/health"), 503).await;
    assert_eq!(checks(&answer), ["healthy", "unhealthy", "healthy", "healthy"]);
    assert_eq!(answer.json()["status"], "unhealthy");
    assert!(!answer.body.contains("connector"), "open to everybody: {}", answer.body);
    // Who may know, is told.
    let status = stand.get("/status").await.expect(200).json();
    assert_eq!(status["components"]["database"]["status"], "unhealthy");
    assert!(status["components"]["database"]["error"].is_string(), "{status:#}");
    let metrics = stand.get("/metrics").await.expect(200).body;
    assert!(metrics.contains("transship_up{component=\"ledger\"} 0\n"), "{metrics}");
    std::fs::rename(&aside, &desk.config.database).unwrap();
    until(&stand.url("/health"), 200).await;
    stand.end().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_is_503_until_it_can() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    stand.get("/health").await.expect(200);
    let other = rusqlite::Connection::open(&desk.config.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = until(&stand.url("/health"), 503).await;
    assert_eq!(checks(&answer), ["healthy", "healthy", "unhealthy", "healthy"]);
    other.execute_batch("ROLLBACK").unwrap();
    until(&stand.url("/health"), 200).await;
    stand.end().await;
}

#[tokio::test]
async fn an_engine_that_is_gone_is_503() {
    let desk = Desk::with(|_| {}).await;
    let Stand { engine, server, addresses, .. } = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let url = format!("http://{}/health", addresses[0]);
    get(&url, None).await.expect(200);
    engine.stop(DEADLINE).await;
    until(&url, 503).await;
    server.stop().await;
}

/// Parts that do not break by themselves: an engine that says so of itself.
#[tokio::test]
async fn a_dead_scheduler_and_a_dead_writer_are_503() {
    let desk = Desk::with(|_| {}).await;
    desk.sync().await;
    let dead = || {
        let class = transship::model::FailureClass::Bug;
        Err(transship::model::Failure::new(class, "writing the ledger", "its thread has stopped"))
    };
    for (vitals, expected) in [
        (
            Vitals { ledger: Ok(()), stopped: vec!["Encoura exports".into()] },
            ["healthy", "healthy", "healthy", "unhealthy"],
        ),
        (
            Vitals { ledger: dead(), stopped: vec![] },
            ["healthy", "healthy", "unhealthy", "healthy"],
        ),
    ] {
        let (handle, mut requests) = Handle::pair();
        let answers = vitals.clone();
        let engine = tokio::spawn(async move {
            while let Some((command, answer)) = requests.recv().await {
                assert_eq!(command, Command::Vitals);
                let _ = answer.send(Reply::Vitals(answers.clone()));
            }
        });
        let (server, _, addresses) = serve(&open(&["127.0.0.1:0"]), handle, desk.reader(), 1).await;
        let answer = get(&format!("http://{}/health", addresses[0]), None).await.expect(503);
        assert_eq!(checks(&answer), expected);
        let status = get(&format!("http://{}/status", addresses[0]), None).await.expect(200).json();
        let component = if vitals.stopped.is_empty() { "database" } else { "scheduler" };
        let shown = &status["components"][component];
        assert_eq!(shown["status"], "unhealthy", "{status:#}");
        assert_ne!(shown["error"], Value::Null);
        server.stop().await;
        engine.abort();
    }
}
