//! `/status`: its shape, its numbers, and names that want to be something else.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use transship::demo::{Consumer, Samples, sample_exports};
use transship::engine::{Command, Event, Transfer, Walk};
use transship::model::{Endpoint, Id, Schedule, Shown};

use crate::stand::{DEADLINE, Stand, open};
use crate::support::desk::{Desk, ENDPOINT};

const JOB: &[&str] = &[
    "endpoint_name",
    "endpoint_type",
    "schedule_type",
    "last_run",
    "next_run",
    "run_count",
    "success_count",
    "error_count",
    "last_result",
    "paused",
];

pub const HOSTILE: &str =
    "a\"b\\c\nd\te\u{1b}[2J\u{7}\u{202e}gpj\u{200b}\u{9b}2J{x=\"1\"} 5 # ü 文 🦜";

#[tokio::test]
async fn it_has_the_shape_that_the_file_connector_had_and_the_right_numbers() {
    let desk = Desk::new().await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let before = stand.get("/status").await.expect(200).json();
    let job = &before["jobs"][0];
    let keys: BTreeSet<&str> = job.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(keys.is_superset(&JOB.iter().copied().collect()), "{job:#}");
    assert_eq!((&job["last_run"], &job["last_result"]), (&Value::Null, &Value::Null));
    assert_eq!((&job["run_count"], &job["schedule_type"]), (&0.into(), &"interval".into()));

    stand.engine.handle().request(Command::sync_all()).await;
    desk.arm("list_500*9");
    stand.engine.handle().request(Command::sync_all()).await;
    let status = stand.get("/status").await.expect(200).json();
    assert_eq!(status["status"], "healthy");
    assert_eq!(status["application"]["name"], "transship");
    assert_eq!(status["application"]["version"], env!("CARGO_PKG_VERSION"));
    for component in ["database", "scheduler", "http"] {
        assert_eq!(status["components"][component]["status"], "healthy", "{component}");
    }
    let clients = &status["components"]["api_clients"];
    assert_eq!(clients["encoura"]["status"], "failing", "{clients:#}");
    assert_eq!(clients["encoura"]["endpoints"], serde_json::json!([ENDPOINT]));
    let job = &status["jobs"][0];
    assert_eq!(job["endpoint_name"], ENDPOINT);
    assert_eq!(job["endpoint_type"], "encoura");
    for (count, expected) in [("run_count", 2), ("success_count", 1), ("error_count", 1)] {
        assert_eq!(job[count], expected, "{count}: {job:#}");
    }
    assert_eq!(job["last_result"], "failed");
    assert!(job["last_error"].is_string());
    let next: Timestamp = job["next_run"].as_str().unwrap().parse().unwrap();
    assert!(next > Timestamp::now());
    assert_eq!(status["components"]["scheduler"]["jobs"], 1);
    assert_eq!(status["transfers"], serde_json::json!([]));

    stand.engine.handle().request(Command::Pause { endpoints: vec![] }).await;
    let status = stand.get("/status").await.expect(200).json();
    assert_eq!(
        (&status["jobs"][0]["paused"], &status["jobs"][0]["next_run"]),
        (&true.into(), &Value::Null)
    );
    assert_eq!(status["components"]["scheduler"]["paused"], 1);
    stand.end().await;
}

#[tokio::test]
async fn an_endpoint_that_must_wait_says_until_when() {
    let desk = Desk::new().await;
    desk.arm("store_503*400");
    desk.sync().await;
    // What the store said was no word about a pause: now the books hold one.
    let ledger = rusqlite::Connection::open(&desk.config.database).unwrap();
    let until = "2999-01-01T00:00:00.000Z";
    let changed = ledger
        .execute(
            "UPDATE exports SET next_attempt_at = ?1,
                 failure = json_set(failure, '$.class', 'throttled')
             WHERE id = (SELECT min(id) FROM exports WHERE state = 'retry_wait')",
            [until],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let status = stand.get("/status").await.expect(200).json();
    let client = &status["components"]["api_clients"]["encoura"];
    assert_eq!(client["status"], "throttled", "{status:#}");
    assert_eq!(client["throttled"][0]["endpoint"], ENDPOINT);
    assert_eq!(status["jobs"][0]["throttled_until"], "2999-01-01T00:00:00Z");
    stand.end().await;
}

#[tokio::test]
async fn hostile_names_are_data_and_steer_nothing() {
    let mut desk = Desk::with(|options| {
        options.consumer = Consumer::Off;
        let mut export = Samples::new(1).report(HOSTILE.replace('\n', ""), 400);
        export.product_key = "score-reporter".into();
        options.exports = vec![export];
    })
    .await;
    desk.config.endpoints[0].name = HOSTILE.into();
    desk.config.endpoints[0].product_keys = vec!["score-reporter".into()];
    let second = Endpoint {
        name: format!("{HOSTILE}2"),
        product_keys: vec!["other".into()],
        schedule: Schedule::Manual,
        ..desk.config.endpoints[0].clone()
    };
    desk.config.endpoints.push(second);
    let mut stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    desk.arm("sftp_slow=20000");
    let handle = stand.engine.handle();
    let sync = tokio::spawn(async move { handle.request(Command::sync_all()).await });
    let uploading = async {
        loop {
            if let Ok(Event::Transfer(transfer)) = stand.events.recv().await
                && transfer.step == "uploading"
            {
                return transfer;
            }
        }
    };
    let real = tokio::time::timeout(DEADLINE, uploading).await.expect("an upload");
    // A name as hostile as the endpoint's: sources may say anything.
    let (id, name) = (Id::export(99), Shown::new(HOSTILE));
    let made_up = Transfer { id, name, total: None, ..real };
    stand.engine.handle().publish(Event::Transfer(made_up));
    let shown = async {
        while stand.get("/status").await.json()["transfers"].as_array().unwrap().len() < 2 {}
    };
    tokio::time::timeout(DEADLINE, shown).await.expect("both are shown");
    let answer = stand.get("/status").await.expect(200);
    let steers = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}' | '\u{202e}');
    assert!(!answer.body.contains(steers), "{:?}", answer.body);
    let status = answer.json();
    // The data stay what they are.
    assert_eq!(status["jobs"][0]["endpoint_name"], HOSTILE);
    let transfers = status["transfers"].as_array().unwrap();
    assert!(transfers.iter().all(|transfer| transfer["endpoint"] == HOSTILE), "{transfers:?}");
    assert_eq!(
        (&transfers[0]["id"], &transfers[0]["name"]),
        (&"x99".into(), &Shown::new(HOSTILE).as_str().into())
    );
    assert!(transfers[1]["id"] == "d1" && transfers[1]["bytes"].is_u64(), "{transfers:?}");
    let metrics = stand.get("/metrics").await.expect(200).body;
    let series = crate::exposition::parse(&metrics).unwrap_or_else(|e| panic!("{e}: {metrics}"));
    let names: BTreeSet<&str> =
        series.iter().filter_map(|s| s.labels.get("endpoint")).map(String::as_str).collect();
    assert_eq!(names, [HOSTILE, &format!("{HOSTILE}2")].into());
    let moving = series.iter().find(|s| s.name == "transship_transfers_in_flight").unwrap();
    assert_eq!((moving.value, moving.labels["endpoint"].as_str()), (2.0, HOSTILE));
    desk.stand_ins.world().disarm();
    sync.await.unwrap();
    stand.end().await;
}

#[tokio::test]
async fn reading_does_not_wait_for_a_sync() {
    let desk = Desk::with(|options| options.exports = sample_exports()).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let handle = stand.engine.handle();
    let sync = tokio::spawn(async move { handle.request(Command::sync_all()).await });
    let asked = (0..50).map(|_| stand.get("/status"));
    for answer in futures::future::join_all(asked).await {
        answer.expect(200);
    }
    sync.await.unwrap();
    stand.end().await;
}

#[tokio::test]
async fn a_walk_shows_how_far_it_is_and_until_when_it_waits() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let until: Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
    let walk = Walk {
        endpoint: ENDPOINT.into(),
        found: 7,
        calls: 3,
        throttled_until: Some(until),
        ..Walk::default()
    };
    stand.engine.handle().publish(Event::Walk(walk));
    let shown = async {
        loop {
            let job = stand.get("/status").await.expect(200).json()["jobs"][0].clone();
            if !job["walk"].is_null() {
                return job;
            }
        }
    };
    let job = tokio::time::timeout(DEADLINE, shown).await.expect("it is shown");
    assert_eq!((&job["walk"]["found"], &job["walk"]["calls"]), (&7.into(), &3.into()));
    assert_eq!(job["throttled_until"], until.to_string());
    stand.end().await;
}
