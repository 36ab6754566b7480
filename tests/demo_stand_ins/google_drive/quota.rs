//! Quota units, pauses, latency.

use std::time::{Duration, Instant};

use reqwest::header;
use transship::demo::{Arming, DriveOperation as Op, Fault, Service};

use super::{Account, Caller, READ, refusal, stage};

#[test]
fn units_are_spent_by_method_and_refused_when_they_run_out() {
    let stage = stage(|options| options.units_per_minute = Some(500));
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let file = caller.apply(Op::file(root, "a.csv", "1"));
    let path = format!("files/{file}");
    let spent = |path: &str, query: &[(&str, &str)]| {
        let before = caller.drive().units_spent();
        assert_eq!(caller.fetch(caller.request(path, query)).0, 200, "{path}");
        caller.drive().units_spent() - before
    };
    assert_eq!(spent("files", &[]), 100);
    assert_eq!(spent(&path, &[]), 5);
    assert_eq!(spent(&path, &[("alt", "media")]), 200);
    assert_eq!(spent("changes/startPageToken", &[]), 5);
    assert_eq!(spent("about", &[("fields", "kind")]), 5);
    assert_eq!(spent("drives", &[]), 100);
    // 415 are spent: a list is too much, a look still goes.
    assert_eq!(caller.refused("files", &[]), (403, "rateLimitExceeded".into(), "".into()));
    let (status, headers, body) = caller.fetch(caller.request("files", &[]));
    let body = serde_json::from_slice(&body).unwrap();
    assert_eq!(refusal(status, &body).1, "rateLimitExceeded");
    assert_eq!(status, 429);
    assert_eq!(body["error"]["errors"][0]["domain"], "usageLimits");
    let pause: u64 = headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&pause), "{pause}");
    // Another account has its own.
    let subject = stage.stand_ins.google_drive().subject.clone();
    Account::new(&stage).sign_in(READ, Some(&subject)).get("files", &[]);
}

#[test]
fn a_call_within_a_pause_is_a_violation() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    assert_eq!(caller.get("files", &[])["kind"], "drive#fileList");
    stage.world().arm(Arming::from(Fault::Drive429).value(60));
    let (status, headers, _) = caller.fetch(caller.request("files", &[]));
    assert_eq!((status, headers[header::RETRY_AFTER].as_bytes()), (429, &b"60"[..]));
    assert!(caller.drive().violations().is_empty());
    // A client that goes on asking; the first calls may have been under way already.
    let started = Instant::now();
    while caller.drive().violations().is_empty() {
        caller.get("files", &[("pageSize", "3")]);
        assert!(started.elapsed() < crate::DEADLINE);
    }
    let violation = caller.drive().violations().remove(0);
    assert!(violation.path.ends_with("/files?pageSize=3"), "{violation:?}");
    assert!((50_000..60_000).contains(&violation.early_ms), "{violation:?}");
    // A new token is the same account; a look at the token endpoint is no call.
    let many = caller.drive().violations().len();
    Caller::new(&stage).get("files", &[]);
    assert_eq!(caller.drive().violations().len(), many + 1);
}

#[test]
fn a_pause_that_was_kept_is_no_violation() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    stage.world().arm(Arming::from(Fault::Drive429).value(0));
    assert_eq!(caller.refused("files", &[]).0, 429);
    caller.get("files", &[]);
    // Without a pause in the refusal there is none to keep.
    stage.world().arm(Fault::Drive403Rate);
    assert_eq!(caller.refused("files", &[]).1, "userRateLimitExceeded");
    caller.get("files", &[]);
    assert!(caller.drive().violations().is_empty());
}

#[test]
fn every_call_takes_as_long_as_it_was_told_to() {
    let latency = Duration::from_millis(150);
    let stage = stage(|options| options.latency = latency);
    let caller = Caller::new(&stage);
    let started = Instant::now();
    caller.get("files", &[]);
    assert!(started.elapsed() >= latency);
    // Calls beside each other wait beside each other.
    let started = Instant::now();
    let replies = stage.wait(async {
        let calls = (0..20).map(|_| caller.request("files", &[]).send());
        futures::future::join_all(calls).await
    });
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().status() == 200));
    assert!(started.elapsed() < latency * 20);
}

#[test]
fn the_journal_has_every_call_with_its_query() {
    let stage = stage(|_| {});
    let caller = Caller::new(&stage);
    caller.get("files", &[("q", "trashed = false"), ("pageSize", "5")]);
    caller.ask("files/nothing", &[]);
    let journal = stage.world().journal();
    let calls: Vec<(&str, &str, Option<u32>)> =
        journal.iter().map(|call| (&*call.method, &*call.path, call.status)).collect();
    assert_eq!(
        calls,
        [
            ("POST", "/token", Some(200)),
            ("GET", "/drive/v3/files?q=trashed+%3D+false&pageSize=5", Some(200)),
            ("GET", "/drive/v3/files/nothing", Some(404)),
        ]
    );
    assert!(journal.iter().all(|call| call.service == Service::GoogleDrive));
}
