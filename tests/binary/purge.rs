//! Retention: what is old and needed by nothing goes, an audit row stays.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::support::program::Site;

fn files_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).map_or_else(|_| Vec::new(), |all| all.collect());
    let paths = entries.into_iter().map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn what_is_old_and_at_its_end_goes_and_can_be_sent_again_all_the_same() {
    let site = Site::new().await;
    site.sync_until_quiet(4).await;
    let (archive, polls) = (site.folder().join("data/archive"), site.folder().join("data/polls"));
    let (kept, lists) = (files_in(&archive), files_in(&polls));
    assert!(kept == 8 && lists > 0, "{kept} files, {lists} lists");

    // Nobody said how long, and then nothing is that old.
    site.run(&["purge"]).await.expect(64);
    let ran = site.run(&["purge", "--older-than", "30"]).await.expect(0);
    assert!(ran.stdout.starts_with("0 files removed"), "{ran:#?}");

    // A year goes by for all but x2, and for what is still on its way.
    let books = Connection::open(site.database()).unwrap();
    books
        .execute_batch(
            "UPDATE exports SET updated_at = '2020-01-01T00:00:00.000Z' WHERE id <> 2;
             UPDATE deliveries SET updated_at = '2020-01-01T00:00:00.000Z' WHERE export_id <> 2;
             UPDATE deliveries SET state = 'held' WHERE export_id = 3;
             UPDATE polls SET closed_at = '2020-01-01T00:00:00.000Z' WHERE closed_at IS NOT NULL",
        )
        .unwrap();
    let would = site.run(&["purge", "--older-than", "30", "--dry-run", "--json"]).await.expect(0);
    let expected = kept - 2 + lists;
    assert_eq!(would.rows()[0]["files"], expected, "{would:#?}");
    assert_eq!(files_in(&archive), kept);
    // Part of it went already, and the machine died before that was booked.
    let first: String =
        books.query_row("SELECT archived FROM exports WHERE id = 1", [], |row| row.get(0)).unwrap();
    fs::remove_file(site.folder().join("data").join(first)).unwrap();
    let ran = site.run(&["purge", "--older-than", "30", "--json"]).await.expect(0);
    assert_eq!(ran.rows()[0]["files"], expected, "{ran:#?}");
    assert_eq!((files_in(&archive), files_in(&polls)), (2, 0));
    let audit: usize = books
        .query_row("SELECT count(*) FROM events WHERE kind = 'purged'", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap() as usize;
    assert_eq!(audit, expected);
    let again = site.run(&["purge", "--older-than", "30", "--json"]).await.expect(0);
    assert_eq!(again.rows()[0]["files"], 0);

    // Its bytes are fetched once more where they are needed.
    books.execute("UPDATE deliveries SET state = 'cleaned' WHERE export_id = 3", []).unwrap();
    let sent: String = books
        .query_row("SELECT 'd' || id FROM deliveries WHERE export_id = 1", [], |row| row.get(0))
        .unwrap();
    site.run(&["send", &sent, "--again"]).await.expect(0);
    site.sync_until_quiet(4).await;
    let rows = site.run(&["transfers", "--json", "--limit", "0"]).await.expect(0).rows();
    let uid: String =
        books.query_row("SELECT uid FROM exports WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert_eq!((&rows[0]["uid"], &rows[0]["state"]), (&uid.into(), &"cleaned".into()));
}

/// Also for whoever is called from cron, and without being asked for.
#[tokio::test]
async fn raw_lists_go_after_their_time_and_never_one_that_is_still_needed() {
    let site = Site::new().await;
    site.sync_until_quiet(4).await;
    let polls = site.folder().join("data/polls");
    let count = files_in(&polls);
    assert!(count >= 2, "{count} lists");
    let books = Connection::open(site.database()).unwrap();
    let long_ago = "UPDATE polls SET closed_at = '2020-01-01T00:00:00.000Z'";
    // The first one was never booked: it is the only word on what was in it.
    let open = "UPDATE polls SET closed_at = NULL, state = 'received' WHERE id = 1";
    books.execute_batch(&format!("{long_ago}; {open}")).unwrap();
    // What a list left that was cut.
    let body: String =
        books.query_row("SELECT body FROM polls WHERE id = 2", [], |row| row.get(0)).unwrap();
    fs::write(Path::new(&body).with_extension("json.partial"), "[{").unwrap();

    site.configure("limits:", "retention: { lists_days: 0 }\nlimits:");
    site.run(&["sync"]).await.expect(0);
    assert!(files_in(&polls) > count, "0 is for ever");
    books.execute_batch(&format!("{long_ago}; {open}")).unwrap();
    site.configure("retention: { lists_days: 0 }", "retention: {}");
    let ran = site.run(&["sync"]).await.expect(0);
    assert!(ran.stderr.contains("files purged that outlived the retention"), "{ran:#?}");
    // The one that was open, and that of this pass.
    assert_eq!(files_in(&polls), 2, "{ran:#?}");
    let first: String =
        books.query_row("SELECT body FROM polls WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert!(Path::new(&first).exists());
    let kept: i64 =
        books.query_row("SELECT count(archived) FROM exports", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 8, "files are kept for ever");
    site.assert_all_once();
}
