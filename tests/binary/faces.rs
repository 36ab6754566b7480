//! Exit codes, and the shapes of what is printed and logged.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::program::Site;

const RUN: &[&str] = &["run_id", "started_at", "ended_at", "outcome", "endpoints"];
const PART: &[&str] = &[
    "name",
    "endpoint_type",
    "outcome",
    "discovered",
    "new",
    "updated",
    "removed",
    "fetched",
    "delivered",
    "failed",
    "bytes",
    "api_calls",
    "error",
];
const ITEM: &[&str] = &[
    "id",
    "uid",
    "endpoint",
    "name",
    "state",
    "attempt",
    "bytes",
    "remote_name",
    "evidence",
    "error",
    "next_attempt_at",
];
const ENDPOINT: &[&str] = &["name", "endpoint_type", "last_run", "last_outcome", "next_run"];

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn set(names: &[&'static str]) -> BTreeSet<&'static str> {
    names.iter().copied().collect()
}

#[tokio::test]
async fn a_run_is_told_in_one_object_of_the_fixed_shape() {
    let site = Site::new().await;
    let rows = site.run(&["sync", "--json"]).await.expect(0).rows();
    let [run] = rows.as_slice() else { panic!("one object: {rows:#?}") };
    assert_eq!(keys(run), set(RUN));
    assert_eq!(run["outcome"], "done");
    let part = &run["endpoints"][0];
    assert_eq!(keys(part), set(PART));
    assert_eq!(part["name"], "Encoura exports");
    for count in ["discovered", "new", "fetched", "delivered"] {
        assert_eq!(part[count], 8, "{count}");
    }
    let exported: u64 = site.oracle().exports.iter().map(|export| export.bytes).sum();
    assert_eq!(part["bytes"], exported);
    let calls = site.world().journal();
    let calls = calls.iter().filter(|call| call.path.starts_with("/v1/")).count();
    assert_eq!(part["api_calls"], calls, "{:#?}", site.world().journal());
    // The books tell the same of it.
    let runs = site.run(&["runs", "--json"]).await.expect(0).rows();
    assert_eq!(runs, rows);
}

#[tokio::test]
async fn lists_have_the_fields_that_scripts_rely_on() {
    let site = Site::new().await;
    let words = site.run(&["sync"]).await.expect(0);
    assert_eq!(words.stdout, "", "stdout is data");
    for (command, names, rows) in
        [("exports", ITEM, 8), ("transfers", ITEM, 8), ("endpoints", ENDPOINT, 1)]
    {
        let listed = site.run(&[command, "--json"]).await.expect(0).rows();
        assert_eq!(listed.len(), rows, "{command}");
        for row in listed {
            assert!(keys(&row).is_superset(&set(names)), "{command}: {row:#}");
        }
    }
    let exports = site.exports().await;
    let uids: BTreeSet<&str> = exports.iter().map(|row| row["uid"].as_str().unwrap()).collect();
    let oracle = site.oracle();
    assert_eq!(uids, oracle.exports.iter().map(|export| export.uid.as_str()).collect());
    let endpoint = &site.run(&["endpoints", "--json"]).await.rows()[0];
    assert_eq!(endpoint["last_outcome"], "done");
    assert!(endpoint["next_run"].is_string(), "{endpoint:#}");
    // The filters.
    for (arguments, count) in [
        (&["--state", "cleaned"][..], 8),
        (&["--state", "held"], 0),
        (&["--pending"], 0),
        (&["--limit", "3"], 3),
        (&["--endpoint", "Encoura exports"], 8),
        (&["--endpoint", "another"], 0),
    ] {
        let listed = site.run(&[&["exports", "--json"], arguments].concat()).await.expect(0);
        assert_eq!(listed.rows().len(), count, "{arguments:?}");
    }
}

#[tokio::test]
async fn everything_has_a_timeline() {
    let site = Site::new().await;
    site.run(&["sync"]).await.expect(0);
    for id in ["x1", "d1", "r1"] {
        let shown = site.run(&["show", id]).await.expect(0);
        assert!(shown.stdout.starts_with(&format!("{id}\n")), "{shown:#?}");
        let timeline = &site.run(&["show", id, "--json"]).await.expect(0).rows()[0];
        assert_eq!(timeline["id"], id);
        assert!(!timeline["events"].as_array().unwrap().is_empty(), "{timeline:#}");
    }
    let unknown = site.run(&["show", "x99"]).await;
    assert!(unknown.code != 0 && unknown.stderr.contains("x99"), "{unknown:#?}");

    // The delivery's way, step by step, as the design has it.
    let timeline = &site.run(&["show", "d1", "--json"]).await.rows()[0];
    let states: Vec<&str> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["to_state"].as_str())
        .collect();
    let way = ["uploading", "staged", "publishing", "published", "confirmed", "cleaned"];
    assert!(states.ends_with(&way), "{states:?}");
    let events = site.run(&["events", "--json", "--limit", "0"]).await.expect(0).rows();
    let of_d1 = |events: &[Value]| events.iter().filter(|e| e["subject"] == "d1").count();
    assert_eq!(of_d1(&events), of_d1(timeline["events"].as_array().unwrap()));
}

#[tokio::test]
async fn each_end_has_its_exit_code() {
    for (fault, code, outcome) in [
        ("list_empty", 0, "nothing_new"),
        ("no_space", 3, "partial"),
        ("delivered_500*9", 4, "failed"),
        ("list_item_without_uid", 5, "needs_operator"),
        ("target_exists", 5, "needs_operator"),
        ("login_refused*9", 77, "needs_operator"),
        ("auth_refused", 77, "needs_operator"),
        ("host_key_changed", 77, "needs_operator"),
    ] {
        let site = Site::new().await;
        site.arm(fault);
        let ran = site.run(&["sync", "--json", "--quiet"]).await;
        assert_eq!(ran.code, code, "{fault}: {ran:#?}");
        assert_eq!(ran.rows()[0]["outcome"], outcome, "{fault}");
        if code > 0 {
            assert!(!ran.stderr.is_empty(), "{fault}: quiet is not silent about failures");
        }
    }
}

#[tokio::test]
async fn the_log_of_record_is_one_line_for_each_record() {
    let mut site = Site::new().await;
    site.run(&["sync"]).await.expect(0);
    let log = site.log();
    assert!(log.lines().count() > 8 * 5, "{log}");
    for line in log.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for key in ["timestamp", "level", "target", "message"] {
            assert!(record[key].is_string(), "{key}: {line}");
        }
    }
    std::fs::remove_dir_all(site.folder().join("logs")).unwrap();
    site.set("CONNECTOR_LOG_FORMAT", "classic");
    site.arm("list_500");
    site.run(&["sync"]).await;
    let log = site.log();
    assert!(log.lines().count() > 2, "{log}");
    for line in log.lines() {
        // 2025-09-24 08:00:00,123 - function - LEVEL - message
        let parts: Vec<&str> = line.splitn(4, " - ").collect();
        let [time, function, level, message] = parts[..] else { panic!("{line}") };
        assert_eq!((time.len(), &time[10..11], &time[19..20]), (23, " ", ","), "{line}");
        assert!(!function.is_empty() && !message.is_empty(), "{line}");
        assert!(["DEBUG", "INFO", "WARNING", "ERROR"].contains(&level), "{line}");
    }
}

#[tokio::test]
async fn looking_takes_nothing_and_makes_no_ledger() {
    let site = Site::new().await;
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync", "--dry-run", "--json"],
        &["test"],
        &["test", "--json"],
        &["exports"],
        &["endpoints", "--json"],
        &["check"],
    ] {
        site.run(arguments).await.expect(0);
        assert_eq!(site.destructive_lists(), 0, "{arguments:?}");
        assert!(!site.database().exists(), "{arguments:?}");
    }
    assert_eq!(site.oracle().totals.waiting, 8);
    // What it could not sign in to, it says, and the exit code too.
    site.arm("auth_refused");
    let refused = site.run(&["test"]).await.expect(77);
    assert!(refused.stdout.contains("FAILED"), "{refused:#?}");
    assert_eq!(site.run(&["sync", "--dry-run"]).await.code, 77);
}

#[tokio::test]
async fn the_demo_does_the_whole_job_and_leaves_nothing_behind() {
    let mut site = Site::new().await;
    let temporary = site.folder().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    site.set("TMPDIR", temporary.to_str().unwrap());
    let demo = site.run(&["demo", "--no-tui", "--once"]).await.expect(0);
    let verdict = "8 arrived once, 0 twice, 0 in part, 0 lost";
    assert!(demo.stdout.contains(verdict), "{demo:#?}");
    assert!(demo.stdout.contains("bad rows; the tables say the same."), "{demo:#?}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!site.database().exists(), "nor does it touch what is configured");
    assert_eq!(site.world().journal(), []);
}
