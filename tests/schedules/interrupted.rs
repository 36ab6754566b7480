//! A scheduled run that did not come to its end: the real program, killed over it.

use jiff::{SignedDuration, Timestamp};
use transship::demo::Fault;
use transship::ledger::{Books as _, EndpointRow, Filter, Reader};

use crate::support::program::{Running, Site};

/// Makes the planned time come now.
fn make_due(site: &Site) {
    let ledger = rusqlite::Connection::open(site.database()).unwrap();
    let now = format!("{:.3}", Timestamp::now() - SignedDuration::from_secs(1));
    let changed = ledger.execute("UPDATE endpoints SET next_run_at = ?", [now]).unwrap();
    assert_eq!(changed, 1);
}

fn endpoint(site: &Site) -> EndpointRow {
    Reader::open(&site.database()).unwrap().endpoints().unwrap().remove(0)
}

/// Starts it, and waits until its run has asked for the list and hears nothing.
async fn in_mid_run(site: &Site, times: u32) -> Running {
    site.arm("list_hang");
    let stays = site.start(&["--no-tui"]);
    site.until("the list is asked for", |w| w.struck(Fault::ListHang) == times).await;
    stays
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_repeated_once_and_no_second_time() {
    let site = Site::new().await;
    // Plans, and has it done at once.
    let stays = site.start(&["--no-tui"]);
    stays.says("next run").await;
    stays.terminate();
    stays.ended().await.expect(143);
    make_due(&site);
    in_mid_run(&site, 1).await.kill().await;
    assert!(endpoint(&site).next_run.is_some_and(|at| at > Timestamp::now()), "planned on");

    let repeats = in_mid_run(&site, 2).await;
    repeats.says("was interrupted; once more").await;
    repeats.kill().await;

    // One that ends the process every time must not do so for ever.
    site.world().disarm();
    let stays = site.start(&["--no-tui"]);
    stays.says("next run").await;
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert!(!ran.stderr.contains("interrupted"), "{ran:#?}");
    let runs = Reader::open(&site.database()).unwrap().runs(&Filter::default()).unwrap();
    assert_eq!(runs.len(), 2, "{runs:#?}");
    assert_eq!(endpoint(&site).missed_runs, 0, "interrupted is not missed");
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

#[tokio::test]
async fn told_to_end_in_mid_run_it_goes_on_with_it_at_the_next_start() {
    let site = Site::new().await;
    let stays = site.start(&["--no-tui"]);
    stays.says("next run").await;
    stays.terminate();
    stays.ended().await.expect(143);
    make_due(&site);
    site.arm("sftp_slow=20000");
    let stays = site.start(&["--no-tui"]);
    site.until("an upload has begun", |w| !w.oracle().unwrap().temporaries.is_empty()).await;
    stays.terminate();
    stays.ended().await.expect(143);

    site.world().disarm();
    let stays = site.start(&["--no-tui"]);
    stays.says("was interrupted; once more").await;
    site.until("everything arrived", |w| w.oracle().unwrap().all_once()).await;
    // Its run is over when the next one is planned.
    stays.says("next run").await;
    stays.terminate();
    stays.ended().await.expect(143);
    assert_eq!(endpoint(&site).missed_runs, 0);
}
