//! Backups as cron makes them and as operators put them back.

use std::fs;
use std::path::PathBuf;

use crate::support::program::Site;

fn backups(site: &Site) -> Vec<PathBuf> {
    let folder = site.folder().join("data/backups");
    let entries = fs::read_dir(folder).map(|all| all.map(|entry| entry.unwrap().path()).collect());
    entries.unwrap_or_default()
}

/// Whoever never runs for long has them too: the first pass of a night makes one.
#[tokio::test]
async fn a_pass_from_cron_makes_the_backup_of_the_night() {
    let site = Site::new().await;
    site.run(&["sync"]).await.expect(0);
    assert_eq!(backups(&site), Vec::<PathBuf>::new(), "nobody asked for them");

    let asked = "connector.db\", backups: { keep: 2 } }";
    site.configure("connector.db\" }", asked);
    site.run(&["sync"]).await.expect(0);
    let made = backups(&site);
    assert_eq!(made.len(), 1);
    site.run(&["sync"]).await.expect(0);
    assert_eq!(backups(&site), made, "one is enough for a night");

    // One that cannot be made is told, and fails nothing.
    fs::remove_dir_all(site.folder().join("data/backups")).unwrap();
    fs::write(site.folder().join("data/backups"), "a file").unwrap();
    let ran = site.run(&["sync"]).await.expect(0);
    assert!(ran.stderr.contains("no backup of the ledger"), "{ran:#?}");
}

/// The way that the help tells: back it up, lose the ledger, put the copy back.
#[tokio::test]
async fn a_backup_that_is_put_back_sends_nothing_twice() {
    let site = Site::new().await;
    site.sync_until_quiet(3).await;
    let copy = site.folder().join("copy.db");
    let ran = site.run(&["backup", copy.to_str().unwrap(), "--json"]).await.expect(0);
    assert_eq!(ran.rows()[0]["exports"], 8, "{ran:#?}");
    site.run(&["backup", copy.to_str().unwrap()]).await.expect(4);
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", site.database().display()));
    }
    fs::copy(&copy, site.database()).unwrap();
    site.run(&["sync"]).await.expect(0);
    site.assert_all_once();
}
