//! A process that is killed while it takes files in leaves each file wholly in or wholly
//! out, and the next one ends where an undisturbed one does.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::process::Command;
use transship::model::{Column, Dataset};
use transship::silver::Silver;

use super::stand::{PRODUCTS, SALES, Stand, dataset, rows, seed};

/// The folder in which the killed process works; it is this test once more.
const FOLDER: &str = "TRANSSHIP_TEST_SILVER";

#[tokio::test]
async fn killed_at_any_moment_a_file_is_wholly_in_or_wholly_out() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return take_in(Path::new(&folder)).await;
    }
    let seed = rand::random();
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);

    let undisturbed = filled().await;
    let begun = Instant::now();
    assert!(start(&undisturbed).wait().await.unwrap().success());
    let mut typical = begun.elapsed();
    let expected = told(&undisturbed);
    assert_eq!(expected.states.len(), 10);

    let mut disturbed = filled().await;
    let mut kills = 0;
    loop {
        let before = told(&disturbed).states;
        let mut child = start(&disturbed);
        let delay = typical.mul_f64(random.random_range(0.05..0.9));
        match tokio::time::timeout(delay, child.wait()).await {
            Ok(ended) => {
                assert!(ended.unwrap().success());
                if kills > 0 {
                    break;
                }
                // The first run was the slower one, on a machine that had more to do.
                typical = typical.mul_f64(0.5);
                disturbed = filled().await;
                continue;
            }
            Err(_) => child.kill().await.unwrap(),
        }
        kills += 1;
        // Each of its files needs a process that lives long enough.
        typical = typical.mul_f64(1.25);
        let log = std::fs::metadata(disturbed.folder.path().join("silver.db-wal"));
        let log = log.map_or(0, |log| log.len());
        disturbed.check();
        let after = told(&disturbed);
        println!("killed after {delay:?}, {log} bytes of log: {:?}", after.states);
        whole(&disturbed);
        let undone = before.iter().zip(&after.states).any(|(b, a)| b == "ingested" && a != b);
        assert!(!undone, "what was durable is not undone: {before:?} {:?}", after.states);
    }
    assert_eq!(told(&disturbed), expected);
}

#[tokio::test]
async fn a_writer_that_is_given_up_leaves_nothing_of_its_file() {
    let stand = filled().await;
    let path = stand.folder.path().to_owned();
    let silver = Silver::open(&stand.path(), &path, datasets()).unwrap();
    drop(stand.silver);
    // Dropped while it works: nobody waits for the pass any more.
    let pass = async {
        let progress = |_| {};
        silver.ingest(&[], progress, tokio_util::sync::CancellationToken::new()).await
    };
    let gone = tokio::time::timeout(Duration::from_millis(100), pass).await;
    drop(silver);
    let connection = rusqlite::Connection::open(path.join("silver.db")).unwrap();
    super::stand::check(&connection);
    let states = rows(&connection, "SELECT DISTINCT state FROM landed");
    assert!(gone.is_ok() || states.contains(&"landed".to_owned()), "{states:?}");
}

/// Everything that a reader sees.
#[derive(Debug, PartialEq)]
struct Told {
    states: Vec<String>,
    tables: Vec<Vec<String>>,
}

fn told(stand: &Stand) -> Told {
    let tables = [
        "SELECT id, dataset, rank, state, rows_good, rows_bad, error FROM landed",
        "SELECT name, digest, row_count, bad_count, version FROM datasets",
        "SELECT * FROM products",
        "SELECT * FROM categories",
        "SELECT * FROM sales",
        "SELECT * FROM quarantine",
        "SELECT note_id, length(word) FROM notes",
        "SELECT * FROM sales_category_sales",
    ];
    let tables = tables.map(|sql| stand.rows(sql)).into();
    Told { states: stand.states(), tables }
}

/// Files that are in have all their rows, and others none.
fn whole(stand: &Stand) {
    for (table, id) in [("sales", "sale_id"), ("notes", "note_id")] {
        let halves = stand.rows(&format!(
            "SELECT id, state, rows_good, (SELECT count(*) FROM {table}
                 WHERE {id} / 1000000000 = id) AS there
             FROM landed WHERE dataset = '{table}'
                 AND there <> iif(state = 'ingested', rows_good, 0)"
        ));
        assert_eq!(halves, Vec::<String>::new());
    }
}

fn datasets() -> Vec<Dataset> {
    [seed(), vec![dataset("notes", vec![Column::text("word")])]].concat()
}

/// A folder in which files wait: one of them is larger than what is kept in memory, so
/// that half of it is on the disk before it is durable.
async fn filled() -> Stand {
    let mut stand = Stand::new(datasets());
    stand.land("products.csv", 1, PRODUCTS).await;
    for (n, count) in [1, 500, 3_000, 20_000, 10, 0, 8_000, 2_000].into_iter().enumerate() {
        let mut text = SALES.to_owned();
        for row in 0..count {
            let product = ["P1", "P2", "P1", "P9"][row % 4];
            let day = row % 28 + 1;
            text += &format!("{product},2026-05-{day:02},{row},{}.{:02}\n", row % 90, n);
        }
        stand.land(&format!("sales-{n}.csv"), 1, &text).await;
    }
    let wide = "wide ".repeat(400);
    let text: String = (0..30_000).map(|row| format!("{wide}{row}\n")).collect();
    stand.land("notes.csv", 1, &format!("word\n{text}")).await;
    stand
}

/// This test as a process of its own, at work in that folder.
fn start(stand: &Stand) -> tokio::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::killed_at_any_moment_a_file_is_wholly_in_or_wholly_out"])
        .env(FOLDER, stand.folder.path())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn take_in(folder: &Path) {
    let silver = Silver::open(&folder.join("silver.db"), folder, datasets()).unwrap();
    silver.ingest(&[], |_| {}, tokio_util::sync::CancellationToken::new()).await.unwrap();
}
