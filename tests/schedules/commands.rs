//! Schedules from the command line and the environment: the real program.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::program::Site;

async fn endpoint(site: &Site) -> Value {
    site.run(&["endpoints", "--json"]).await.expect(0).rows().remove(0)
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("no time: {value}")).parse().unwrap()
}

#[tokio::test]
async fn pause_and_resume_are_kept_and_shown() {
    let site = Site::new().await;
    let ran = site.run(&["pause", "Encoura exports", "--json"]).await.expect(0);
    let row = &ran.rows()[0];
    assert_eq!(
        (&row["endpoint"], &row["paused"], &row["changed"]),
        (&"Encoura exports".into(), &true.into(), &true.into())
    );
    assert!(ran.stderr.contains("paused; it runs only when somebody asks"), "{ran:#?}");
    let row = endpoint(&site).await;
    assert_eq!((&row["paused"], &row["next_run"]), (&true.into(), &Value::Null));
    let table = site.run(&["endpoints"]).await.expect(0).stdout;
    assert!(table.contains("paused"), "{table}");
    // By hand it runs all the same, and stays paused.
    site.run(&["sync"]).await.expect(0);
    let stays = site.start(&["--no-tui"]);
    stays.says("listening on").await;
    // One that stays holds the ledger.
    for arguments in [["pause", "Encoura exports"], ["resume", "Encoura exports"]] {
        site.run(&arguments).await.expect(75);
    }
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert!(!ran.stderr.contains("next run"), "{ran:#?}");

    site.run(&["resume", "Encoura exports"]).await.expect(0);
    let row = endpoint(&site).await;
    assert_eq!(row["paused"], false);
    assert!(time(&row["next_run"]) > Timestamp::now());
    let unknown = site.run(&["pause", "Another"]).await.expect(64);
    assert!(unknown.stderr.contains("Encoura exports"), "{unknown:#?}");
    site.run(&["pause"]).await.expect(2);
}

#[tokio::test]
async fn the_next_run_is_to_come_also_where_nothing_runs() {
    let site = Site::new().await;
    let stays = site.start(&["--no-tui"]);
    stays.says("next run").await;
    let planned = endpoint(&site).await["next_run"].clone();
    stays.kill().await;
    assert_eq!(endpoint(&site).await["next_run"], planned, "a plan outlives its maker");
    // Long dead: what it planned is past, and what comes is what the schedule says.
    let ledger = rusqlite::Connection::open(site.database()).unwrap();
    ledger.execute("UPDATE endpoints SET next_run_at = '2026-01-01T00:00:00.000Z'", []).unwrap();
    let next = time(&endpoint(&site).await["next_run"]);
    let hour = SignedDuration::from_mins(61);
    assert!(next > Timestamp::now() && next < Timestamp::now() + hour, "{next}");
}

#[tokio::test]
async fn the_interval_of_the_environment_is_honoured() {
    let mut site = Site::new().await;
    site.configure("    schedule: { type: interval, interval_minutes: 60 }\n", "");
    for (minutes, expected) in [(None, 5), (Some("7"), 7)] {
        if let Some(minutes) = minutes {
            site.set("SYNC_INTERVAL_MINUTES", minutes);
        }
        let stays = site.start(&["--no-tui"]);
        stays.says("next run").await;
        let row = endpoint(&site).await;
        assert_eq!(row["schedule"], serde_json::json!({"type": "interval", "minutes": expected}));
        let wait = time(&row["next_run"]).duration_since(Timestamp::now());
        let whole = SignedDuration::from_mins(expected);
        assert!(wait > whole - SignedDuration::from_mins(1), "{wait:?}");
        assert!(wait <= whole + SignedDuration::from_secs(42), "{wait:?}");
        stays.terminate();
        stays.ended().await.expect(143);
    }
}

#[tokio::test]
async fn as_many_endpoints_at_once_as_the_environment_says() {
    let mut site = Site::with(|_| {}).await;
    let second = "  - name: Second\n    endpoint_type: encoura\n    \
                  endpoint_details: { product_keys: [other] }\n";
    site.configure("endpoints:\n", &format!("endpoints:\n{second}"));
    site.configure(
        "deliver_to: slate\n",
        "deliver_to: slate\n    endpoint_details: { product_keys: [score-reporter] }\n",
    );
    let mut together = Vec::new();
    for most in ["1", "2"] {
        site.set("MAX_CONCURRENT_SYNCS", most);
        let ran = site.run(&["sync", "--verbose"]).await.expect(0);
        let place = |words: &str| {
            let found = ran.stderr.find(words);
            found.unwrap_or_else(|| panic!("{words}: {ran:#?}"))
        };
        let begun = [place("Second: signing in"), place("Encoura exports: signing in")];
        let ended = [place("Second: nothing new"), place("Encoura exports: nothing new")];
        together.push(begun.iter().max() < ended.iter().min());
    }
    assert_eq!(together, [false, true]);
}
