//! How fast registers are walked: the real program against the stand-ins, beside rclone
//! where it can list the same, and beside what the vendor allows.
//!
//! ```sh
//! cargo bench --bench listing                    # Drive: 10,600 folders, 42,404 files
//! SCALE=0.1 ROUNDS=5 cargo bench --bench listing # a tenth of that
//! SCENARIOS=autodesk cargo bench --bench listing # 5,000 folders: 17 minutes of waiting
//! SCENARIOS=autodesk SCALE=0.3 cargo bench --bench listing # 1,500: five minutes
//! ```
//!
//! Each call of Drive's stand-in takes 300 ms. Everybody lists the same tree from the
//! start of its process to its end, in turns; medians are compared. transship books what
//! it found with everything on that it has in use, and its register has to equal what is
//! true; rclone (`lsjson -R --fast-list`) only prints. Where groups of parents lose
//! children, as the vendor's do now and then, always the same ones or others each time,
//! it is counted what each still finds, and what that costs in calls and in units of the
//! vendor's quota. rclone, openssl and Python 3 have to be there; without, this fails.
//!
//! Autodesk allows so many calls in any sixty seconds: what was asked, and when, is in the
//! stand-in's journal. Less than `autodesk::USED` of what was allowed makes it fail, as does a call
//! that was refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod autodesk;
#[path = "../harness/measure.rs"]
mod measure;
mod rclone;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use measure::{Took, median};
use rclone::Rclone;
use tempfile::TempDir;
use transship::demo::{Arming, DriveOperation, Fault, Options, StandIns};

/// How long each call of Drive takes.
const LATENCY: Duration = Duration::from_millis(300);
/// Folders and files of the large tree.
const TREE: (u32, u32) = (10_600, 42_404);

#[tokio::main]
async fn main() {
    let scale = number("SCALE").unwrap_or(1.0);
    let rounds = number("ROUNDS").map_or(3, |rounds| rounds as usize);
    let wanted = std::env::var("SCENARIOS").unwrap_or_else(|_| "drive".to_owned());
    for scenario in wanted.split(',') {
        match scenario {
            "drive" => drive(scale, rounds).await,
            "autodesk" => autodesk::bench(scale).await,
            other => panic!("no scenario is called {other}: there are drive and autodesk"),
        }
    }
}

fn number(name: &str) -> Option<f64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

async fn drive(scale: f64, rounds: usize) {
    let (folders, files) = TREE;
    let [folders, files] = [folders, files].map(|n| (f64::from(n) * scale) as u32);
    let folder = TempDir::new().unwrap();
    let mut options = Options::new(folder.path().join("world"));
    options.google_drive.latency = LATENCY;
    let stand_ins = StandIns::start(options).await.unwrap();
    let world = stand_ins.world();
    let parent = stand_ins.google_drive().root_folder_id.clone();
    let grow = DriveOperation::Grow { parent: parent.clone(), seed: 5, folders, files };
    world.google_drive().apply(grow).unwrap();
    let truth = world.google_drive().truth(&parent).unwrap();
    let true_files = truth.files.len();
    // It would follow shortcuts, in circles; it is told not to.
    let shortcut = "application/vnd.google-apps.shortcut";
    let shown = truth.files.iter().filter(|file| file.mime_type != shortcut).count();
    let rclone = Rclone::new(folder.path(), stand_ins.google_drive());

    println!("\nDrive: {folders} folders, {true_files} files, {} ms a call", LATENCY.as_millis());
    println!("| by | seconds | CPU seconds | peak memory | files found | against us |");
    println!("|---|---|---|---|---|---|");
    let tuned: &[&str] = &["--checkers", "64", "--drive-pacer-min-sleep", "1ms"];
    let mut took: [Vec<Took>; 4] = Default::default();
    let mut found = [0; 4];
    for round in 0..rounds {
        let site = folder.path().join(format!("site{round}"));
        configure_drive(&site, &stand_ins);
        for (n, take) in took.iter_mut().enumerate() {
            let (one, files) = tokio::task::block_in_place(|| match n {
                0 | 1 => (measure::run(&mut transship(&site)), register(&site)),
                2 => rclone.list(&[]),
                _ => rclone.list(tuned),
            });
            let expected = if n < 2 { true_files } else { shown };
            assert_eq!(files, expected, "contender {n}");
            (found[n], _) = (files, take.push(one));
        }
    }
    let ours = median(&took[0], |took| took.seconds);
    let names = ["transship, first", "transship, unchanged", "rclone", "rclone tuned"];
    for ((name, took), found) in names.iter().zip(&took).zip(found) {
        row(name, took, found, ours);
    }

    println!("\nWhere groups of parents lose a third of their children:");
    println!("| which | by | seconds | calls | units | files found | of |");
    println!("|---|---|---|---|---|---|---|");
    let usual = costs(&folder.path().join("site0"));
    println!(
        "| none | transship | {ours:.2} | {} | {} | {true_files} | {true_files} |",
        usual.0, usual.1
    );
    let arming = || Arming::from(Fault::DriveGroupLoss);
    for (which, arming) in [("the same", arming().value(1)), ("others each time", arming())] {
        world.arm(arming);
        let site = folder.path().join(which.replace(' ', "-"));
        configure_drive(&site, &stand_ins);
        let (here, theirs) = tokio::task::block_in_place(|| {
            (measure::run(&mut transship(&site)), rclone.list(tuned))
        });
        world.disarm();
        let ((calls, units), files) = (costs(&site), register(&site));
        println!(
            "| {which} | transship | {:.2} | {calls} | {units} | {files} | {true_files} |",
            here.seconds
        );
        println!(
            "| {which} | rclone tuned | {:.2} | | | {} | {shown} |",
            theirs.0.seconds, theirs.1
        );
        assert_eq!(files, true_files, "nothing may be lost");
    }
}

fn row(name: &str, took: &[Took], found: usize, ours: f64) {
    let seconds = median(took, |took| took.seconds);
    println!(
        "| {name} | {seconds:.2} | {:.2} | {:.0} MB | {found} | {:.2} × |",
        median(took, |took| took.cpu),
        median(took, |took| took.peak_kb as f64 / 1024.0),
        seconds / ours
    );
}

fn configure_drive(site: &Path, stand_ins: &StandIns) {
    let access = stand_ins.google_drive();
    configure(
        site,
        &format!(
            "clients:
  google_drive: {{ base_url: {:?}, credentials_path: {:?} }}
endpoints:
  - name: Register
    endpoint_type: google_drive
    project_id: p
    user_id: u
    endpoint_details: {{ folder_id: {:?} }}
",
            access.base_url,
            access.credentials_path.display().to_string(),
            access.root_folder_id,
        ),
    );
}

fn configure(site: &Path, yaml: &str) {
    std::fs::create_dir_all(site).unwrap();
    std::fs::write(site.join("connector.yaml"), yaml).unwrap();
}

fn transship(site: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command.args(["--quiet", "sync", "--config"]).arg(site.join("connector.yaml"));
    command
}

/// How many files the register has.
fn register(site: &Path) -> usize {
    let books = rusqlite::Connection::open(site.join("data/connector.db")).unwrap();
    let sql = "SELECT count(*) FROM files WHERE removed_at IS NULL";
    books.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

/// Calls, and units of the quota, of the site's first run.
fn costs(site: &Path) -> (i64, i64) {
    let books = rusqlite::Connection::open(site.join("data/connector.db")).unwrap();
    let sql = "SELECT api_calls, quota_used FROM sync_logs ORDER BY id LIMIT 1";
    books.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}
