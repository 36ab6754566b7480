//! The world as it was when a ledger was left, around that ledger.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use transship::demo::{Consumer, NewExport, Status};
use transship::ledger::{ExportRow, Filter, Mark};

use crate::backups_beside;
use crate::fixture::{Fixture, Places};
use crate::make;
use crate::support::program::Site;

/// A ledger of an older program, and everything else as that left it.
pub struct Ready {
    pub site: Site,
    fixture: Fixture,
}

impl Ready {
    pub async fn with(fixture: Fixture) -> Self {
        let site = Site::with(|options| {
            options.exports = Vec::new();
            // What lies there when it begins is taken as well.
            options.consumer = Consumer::Every(Duration::from_millis(3));
        })
        .await;
        let story = make::exports();
        let mut places = places(&site, Vec::new());
        for (export, told) in story.iter().zip(&fixture.exports) {
            let status = if told.delivered { Status::Delivered } else { Status::NotDelivered };
            places.uids.push(site.world().add(NewExport { status, ..export.clone() }));
        }
        let data = site.folder().join("data");
        std::fs::create_dir_all(&data).unwrap();
        for (folder, files) in
            [(site.world().upload_folder(), &fixture.uploads), (data.as_path(), &fixture.data)]
        {
            for file in files {
                let path = folder.join(&file.path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &story[file.export].content[..file.bytes]).unwrap();
            }
        }
        let ledger = fixture.build(&site.database(), &places);
        // Where the old program left off: this is no backup that was put back.
        let event = "SELECT (SELECT value FROM meta), max(id) FROM events";
        let mark = ledger
            .query_row(event, [], |row| Ok(Mark { ledger: row.get(0)?, event: row.get(1)? }))
            .unwrap();
        mark.write(&data.join("ledger.mark")).unwrap();
        Self { site, fixture }
    }

    /// Whether the export with this number arrives in the end.
    pub fn is_to_arrive(&self, export: usize) -> bool {
        self.fixture.exports[export].arrives
    }

    /// Passes until nothing is on its way any more, at most `most` of them.
    pub async fn sync_until_settled(&self, most: usize) {
        let mut all = Vec::new();
        for _ in 0..most {
            all.push(self.site.run(&["sync"]).await);
            let rests = |row: &ExportRow| {
                matches!(row.state.as_str(), "cleaned" | "baseline" | "held" | "cancelled")
            };
            if self.site.books(&Filter::default()).iter().all(rests) {
                return;
            }
        }
        panic!("not settled after {most} passes: {all:#?}");
    }

    /// The ids of deliveries and exports that wait for a person.
    pub fn waiting_for_a_person(&self) -> Vec<String> {
        let ledger = Connection::open(self.site.database()).unwrap();
        let mut select = ledger
            .prepare(
                "SELECT 'd' || id FROM deliveries WHERE state IN ('held', 'in_doubt', 'cancelled')
                 UNION SELECT 'x' || id FROM exports WHERE state IN ('held', 'quarantined')
                 ORDER BY 1",
            )
            .unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// A whole copy of the ledger as it was lies beside it, if its tables were changed.
    #[track_caller]
    pub fn assert_backed_up(&self, before: u32, now: u32) {
        let backups: Vec<PathBuf> = backups_beside(&self.site.database());
        assert_eq!(backups.len(), usize::from(before < now), "{backups:?}");
        for backup in backups {
            let name = backup.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with(&format!("connector.db.v{before}-")), "{name}");
            let copy = Connection::open(&backup).unwrap();
            assert_eq!(crate::version(&copy), before);
            let open = "SELECT count(*) FROM polls WHERE closed_at IS NULL";
            let open: i64 = copy.query_row(open, [], |row| row.get(0)).unwrap();
            assert_eq!(open, 1, "from before anything was done with it");
        }
    }
}

/// What the words of a fixture stand for at this site.
pub fn places(site: &Site, uids: Vec<String>) -> Places {
    let encoura = site.get("T_ENCOURA_URL");
    let encoura = encoura.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned();
    Places {
        encoura,
        sftp: format!("127.0.0.1:{}", site.get("T_SFTP_PORT")),
        folder: site.folder().to_str().unwrap().to_owned(),
        account: site.get("T_ENCOURA_ORGANIZATION"),
        uids,
        left: jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60),
    }
}
