//! Another configuration while the program runs: the engine comes to rest and begins anew,
//! on the same books and for the same handles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::time::Duration;

use support::desk::{Desk, ENDPOINT};
use transship::engine::{Command, Reply};
use transship::ledger::Ledger;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn commands_wait_meanwhile_and_the_new_one_answers() {
    let desk = Desk::new().await;
    let engine = desk.engine().await;
    let handle = engine.handle();
    engine.rest(Duration::ZERO).await;
    let mut asked = Box::pin(handle.request(Command::sync_all()));
    assert!(futures::poll!(&mut asked).is_pending());
    // Nobody else can take the books between the two.
    let refused = Ledger::open(&desk.config.database, "another").unwrap_err().to_string();
    assert!(refused.contains("another instance holds"), "{refused}");
    let mut config = desk.config.clone();
    config.endpoints[0].name = "Renamed".into();
    let (engine, taken) = engine.restart(config).await.unwrap();
    taken.unwrap();
    let Reply::Run(report) = asked.await else { panic!("a sync is answered with a run") };
    assert_eq!((report.endpoints[0].name.as_str(), report.endpoints[0].delivered), ("Renamed", 8));
    assert!(matches!(engine.handle().request(Command::Vitals).await, Reply::Vitals(_)));
    engine.stop(PATIENCE).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn where_the_new_one_cannot_begin_it_goes_on_as_before() {
    let desk = Desk::new().await;
    let engine = desk.engine().await;
    engine.rest(Duration::ZERO).await;
    let mut config = desk.config.clone();
    let file = desk.folder().join("a file");
    std::fs::write(&file, "").unwrap();
    config.data_dir = file.join("data");
    config.endpoints.clear();
    let (engine, taken) = engine.restart(config).await.unwrap();
    let failure = taken.unwrap_err().to_string();
    assert!(failure.contains("a file"), "{failure}");
    let Reply::Run(report) = engine.handle().request(Command::sync_all()).await else {
        panic!("a sync is answered with a run")
    };
    assert_eq!((report.endpoints[0].name.as_str(), report.endpoints[0].delivered), (ENDPOINT, 8));
    engine.stop(PATIENCE).await;
    desk.assert_all_once();
}

/// What runs may come to its end by itself first.
#[tokio::test]
async fn a_run_ends_within_the_time_that_it_is_given() {
    let desk = Desk::new().await;
    let engine = desk.engine().await;
    let handle = engine.handle();
    let mut sync = Box::pin(handle.request(Command::sync_all()));
    let mut changes = desk.stand_ins.world().watch();
    // It has begun: it has asked for something.
    tokio::select! {
        _ = &mut sync => panic!("it is over already"),
        changed = changes.changed() => changed.unwrap(),
    }
    let (reply, ()) = tokio::join!(sync, engine.rest(PATIENCE));
    let Reply::Run(report) = reply else { panic!("a sync is answered with a run") };
    assert_eq!(report.endpoints[0].delivered, 8, "{report:#?}");
    let (engine, taken) = engine.restart(desk.config.clone()).await.unwrap();
    taken.unwrap();
    engine.stop(PATIENCE).await;
    desk.assert_all_once();
}
