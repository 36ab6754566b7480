//! `/metrics`: well-formed, and true.

use transship::demo::{Consumer, sample_exports};
use transship::engine::Command;

use crate::exposition::{Sample, parse};
use crate::stand::{DEADLINE, Stand, open};
use crate::support::desk::{Desk, ENDPOINT};

async fn scraped(stand: &Stand) -> Vec<Sample> {
    let answer = stand.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    parse(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.body))
}

/// The value of the one series with this name and this label, if there is one.
fn value(samples: &[Sample], name: &str, label: &str) -> Option<f64> {
    let name = format!("transship_{name}");
    let fits = |s: &&Sample| {
        s.name == name && (label.is_empty() || s.labels.values().any(|value| value == label))
    };
    let found: Vec<&Sample> = samples.iter().filter(fits).collect();
    assert!(found.len() <= 1, "{name} {label}: {found:?}");
    found.first().map(|sample| sample.value)
}

#[tokio::test]
async fn what_it_says_is_what_was_done() {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.consumer = Consumer::Off;
    })
    .await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let before = scraped(&stand).await;
    assert_eq!(value(&before, "build_info", env!("CARGO_PKG_VERSION")), Some(1.0));
    for part in ["ledger", "writer", "scheduler"] {
        assert_eq!(value(&before, "up", part), Some(1.0), "{part}");
    }
    assert_eq!(value(&before, "http_listener_up", "127.0.0.1:0"), Some(1.0));
    assert_eq!(value(&before, "runs_total", ""), None);
    assert_eq!(value(&before, "last_success_timestamp_seconds", ENDPOINT), None);
    assert_eq!(value(&before, "oldest_unconfirmed_age_seconds", ENDPOINT), Some(0.0));
    assert_eq!(value(&before, "endpoint_paused", ENDPOINT), Some(0.0));

    let handle = stand.engine.handle();
    handle.request(Command::sync_all()).await;
    handle.request(Command::sync_all()).await;
    desk.arm("list_500*9");
    handle.request(Command::sync_all()).await;
    let after = scraped(&stand).await;
    for (outcome, runs) in [("done", 1.0), ("nothing_new", 1.0), ("failed", 1.0)] {
        assert_eq!(value(&after, "runs_total", outcome), Some(runs), "{outcome}");
    }
    let bytes: u64 = desk.oracle().exports.iter().map(|export| export.bytes).sum();
    for (name, expected) in [
        ("files_new_total", 8.0),
        ("files_fetched_total", 8.0),
        ("files_delivered_total", 8.0),
        ("fetched_bytes_total", bytes as f64),
        ("files_unconfirmed", 8.0),
        ("files_waiting", 0.0),
        ("files_need_operator", 0.0),
        ("missed_runs_total", 0.0),
    ] {
        assert_eq!(value(&after, name, ENDPOINT), Some(expected), "{name}");
    }
    assert!(value(&after, "files_failed_total", ENDPOINT) >= Some(1.0));
    assert!(value(&after, "api_calls_total", ENDPOINT) > Some(8.0));
    let now = jiff::Timestamp::now().as_second() as f64;
    let success = value(&after, "last_success_timestamp_seconds", ENDPOINT).unwrap();
    assert!(success < now + 1.0 && success > now - 600.0, "{success}");
    let age = value(&after, "oldest_unconfirmed_age_seconds", ENDPOINT).unwrap();
    assert!((0.0..600.0).contains(&age), "{age}");
    assert!(value(&after, "next_run_timestamp_seconds", ENDPOINT) > Some(now));

    handle.request(Command::Pause { endpoints: vec![] }).await;
    let paused = scraped(&stand).await;
    assert_eq!(value(&paused, "endpoint_paused", ENDPOINT), Some(1.0));
    assert_eq!(value(&paused, "next_run_timestamp_seconds", ENDPOINT), None);
    stand.end().await;

    // Counters go on over a restart: none of them ever goes back.
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let later = scraped(&stand).await;
    for sample in after.iter().filter(|sample| sample.name.ends_with("_total")) {
        let same = |s: &&Sample| s.name == sample.name && s.labels == sample.labels;
        let now = later.iter().find(same).unwrap_or_else(|| panic!("{sample:?} is gone"));
        assert!(now.value >= sample.value, "{sample:?}: {now:?}");
    }
    stand.end().await;
}

#[tokio::test]
async fn what_is_delivered_between_runs_counts_too() {
    let desk = Desk::with(|options| options.exports = sample_exports()).await;
    desk.arm("no_space");
    desk.sync().await;
    let held: Vec<_> = desk.exports().iter().map(|row| row.id).collect();
    desk.act(Command::Hold(held.clone())).await.unwrap();
    desk.stand_ins.world().disarm();
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let before = scraped(&stand).await;
    assert_eq!(value(&before, "files_fetched_total", ENDPOINT), Some(8.0));
    assert_eq!(value(&before, "files_delivered_total", ENDPOINT), Some(0.0));
    let runs = value(&before, "runs_total", "partial");
    // No run: the operator's word, and what follows from it by itself.
    stand.engine.handle().request(Command::Release(held)).await;
    let delivered = async {
        while value(&scraped(&stand).await, "files_delivered_total", ENDPOINT) != Some(8.0) {}
    };
    tokio::time::timeout(DEADLINE, delivered).await.expect("all are delivered");
    assert_eq!(value(&scraped(&stand).await, "runs_total", "partial"), runs);
    stand.end().await;
}
