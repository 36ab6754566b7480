//! How fast a large file goes into silver, against `sqlite3 .import`.
//!
//! ```sh
//! cargo bench --bench ingest                       # 50,000, 500,000 and 5,000,000 rows
//! ROWS=1000000 ROUNDS=1 cargo bench --bench ingest
//! ONLY=silver,import cargo bench --bench ingest    # contenders, by their names
//! ```
//!
//! Silver types every cell, checks the file's SHA-256 on the way, gives every row its
//! file and line, and keeps a rollup, durably: without indexes of its own, with three, and
//! by a key that comes in no order. `sqlite3` writes text into a bare table; into one that
//! gets the same three indexes after it; and into one with the same key. duckdb and pandas
//! type the columns. Each contender is a process of its own, they take turns, medians of
//! whole processes are compared, and all must hold the same rows in the end. It needs
//! `sqlite3`; the two Python peers are left out where `python3` or its packages cannot be
//! had.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "harness/measure.rs"]
mod measure;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::{Took, median};
use transship::model::{Column, ColumnKind, Dataset, Dialect, Format, Rollup, Sha256};
use transship::silver::{NewLanded, Silver, schema};

const HEADER: &str = "order_no,product,sold_on,sold_at,quantity,price,customer,country,paid,note\n";

/// Silver's table of sums.
const ROLLUP: &str = "orders_by_day_and_product";

/// The columns that get an index where there are any.
const INDEXED: [&str; 3] = ["product", "sold_on", "country"];

/// A way of taking the file in.
struct Contender {
    name: &'static str,
    kind: Kind,
    /// The name of the one that it is compared with.
    peer: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Silver(Shape),
    Import(Shape),
    Python(&'static str),
}

/// What the table has beside its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Bare,
    Indexed,
    Keyed,
}

const CONTENDERS: [Contender; 8] = [
    Contender { name: "silver", kind: Kind::Silver(Shape::Bare), peer: "import" },
    Contender { name: "import", kind: Kind::Import(Shape::Bare), peer: "import" },
    Contender {
        name: "silver indexed",
        kind: Kind::Silver(Shape::Indexed),
        peer: "import indexed",
    },
    Contender {
        name: "import indexed",
        kind: Kind::Import(Shape::Indexed),
        peer: "import indexed",
    },
    Contender { name: "silver keyed", kind: Kind::Silver(Shape::Keyed), peer: "import keyed" },
    Contender { name: "import keyed", kind: Kind::Import(Shape::Keyed), peer: "import keyed" },
    Contender { name: "duckdb", kind: Kind::Python("duckdb"), peer: "import" },
    Contender { name: "pandas", kind: Kind::Python("pandas"), peer: "import" },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    match given("--folder") {
        Some(folder) => {
            let shape = given("--shape").unwrap();
            let shapes = [Shape::Bare, Shape::Indexed, Shape::Keyed];
            let shape = shapes.into_iter().find(|one| format!("{one:?}") == shape).unwrap();
            silver(Path::new(&folder), &given("--sha256").unwrap(), orders(shape));
        }
        None => compare(),
    }
}

fn compare() {
    let given = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.into());
    let number = |text: &str| text.trim().parse::<u64>().expect("ROWS and ROUNDS are numbers");
    let rounds = number(&given("ROUNDS", "3"));
    let only = given("ONLY", "");
    let python = python();
    if python.is_none() {
        println!("duckdb and pandas are left out: python3 or a package of theirs is not there");
    }
    let asked = |name: &str| only.is_empty() || only.split(',').any(|one| one.trim() == name);
    let contenders: Vec<&Contender> = CONTENDERS
        .iter()
        .filter(|one| python.is_some() || !matches!(one.kind, Kind::Python(_)))
        .filter(|one| asked(one.name))
        .collect();
    for rows in given("ROWS", "50000,500000,5000000").split(',') {
        compare_at(number(rows), rounds, &contenders, python.as_deref());
    }
}

fn compare_at(rows: u64, rounds: u64, contenders: &[&Contender], python: Option<&Path>) {
    let folder = tempfile::tempdir_in(below_target()).unwrap();
    let csv = folder.path().join("orders.csv");
    let sha256 = generate(&csv, rows);
    let size = std::fs::metadata(&csv).unwrap().len();
    let mut took: Vec<Vec<Took>> = vec![Vec::new(); contenders.len()];
    let mut held: Option<String> = None;
    for _ in 0..rounds {
        for (contender, took) in contenders.iter().zip(&mut took) {
            let place = tempfile::tempdir_in(folder.path()).unwrap();
            let database = place.path().join("silver.db");
            let mut command = match contender.kind {
                Kind::Silver(shape) => silver_command(place.path(), &csv, &sha256, shape),
                Kind::Import(shape) => import_command(&database, &csv, shape),
                Kind::Python(peer) => python_command(python.unwrap(), peer, &database, &csv),
            };
            took.push(measure::run(&mut command));
            let found = sums(&database, contender.kind);
            assert!(found.starts_with(&format!("{rows}|")), "{}: {found}", contender.name);
            assert_eq!(held.get_or_insert(found.clone()), &found, "{}: other rows", contender.name);
        }
    }
    println!("\n{rows} rows of 10 columns, {} MB, {rounds} rounds", size >> 20);
    println!(
        "| contender | seconds | rows a second | CPU seconds | peak memory | against sqlite3 |"
    );
    println!("|---|---|---|---|---|---|");
    for (contender, all) in contenders.iter().zip(&took) {
        let seconds = median(all, |took| took.seconds);
        let peer = contenders.iter().position(|one| one.name == contender.peer);
        let peer = peer.map_or(f64::NAN, |at| median(&took[at], |took| took.seconds));
        let peak = all.iter().map(|took| took.peak_kb / 1024).max().unwrap();
        println!(
            "| {} | {seconds:.2} | {:.0} | {:.2} | {peak} MB | {:.2} × |",
            contender.name,
            rows as f64 / seconds,
            median(all, |took| took.cpu),
            peer / seconds
        );
    }
}

fn below_target() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&target).unwrap();
    target
}

/// A Python with the peers' packages, made once.
fn python() -> Option<PathBuf> {
    const PACKAGES: [&str; 3] = ["duckdb==1.4.*", "duckdb-ext-sqlite==1.4.*", "pandas==3.*"];
    let environment = below_target().join("venv-ingest");
    let python = environment.join("bin/python3");
    let done = |command: &mut Command| {
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let has = |python: &Path| {
        done(Command::new(python).args(["-c", "import duckdb, duckdb_ext, pandas"]))
    };
    if has(&python) {
        return Some(python);
    }
    let made = done(Command::new("python3").args(["-m", "venv"]).arg(&environment))
        && done(Command::new(&python).args(["-m", "pip", "install", "-q"]).args(PACKAGES));
    (made && has(&python)).then_some(python)
}

fn silver_command(place: &Path, csv: &Path, sha256: &str, shape: Shape) -> Command {
    std::fs::hard_link(csv, place.join("orders.csv")).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--sha256", sha256, "--shape", &format!("{shape:?}")]);
    command.arg("--folder").arg(place);
    command
}

fn import_command(database: &Path, csv: &Path, shape: Shape) -> Command {
    let mut command = Command::new("sqlite3");
    command.arg(database).arg(".mode csv");
    let mut skip = "";
    if shape == Shape::Keyed {
        // `.import` makes the table by itself, but not with a key.
        skip = "--skip 1";
        command.arg(format!(
            "CREATE TABLE orders ({}, PRIMARY KEY (customer, order_no)) WITHOUT ROWID",
            HEADER.trim().replace("customer", "customer INTEGER")
        ));
    }
    command.arg(format!(".import {skip} '{}' orders", csv.display()));
    if shape == Shape::Indexed {
        for column in INDEXED {
            command.arg(format!("CREATE INDEX orders_{column} ON orders ({column})"));
        }
    }
    command
}

fn python_command(python: &Path, peer: &str, database: &Path, csv: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ingest_peers.py");
    let mut command = Command::new(python);
    command.arg(script).arg(peer).arg(csv).arg(database);
    command
}

/// How many rows there are, and sums over all columns but the country, which it counts;
/// silver's rollup must agree with its rows.
fn sums(database: &Path, kind: Kind) -> String {
    let connection = rusqlite::Connection::open(database).unwrap();
    let cents = match kind {
        Kind::Silver(_) => "_price_e2",
        Kind::Import(_) | Kind::Python(_) => "CAST(round(price * 100) AS INTEGER)",
    };
    let sql = format!(
        "SELECT concat_ws('|', count(*), sum(CAST(order_no AS INTEGER)),
             sum(CAST(substr(product, 2) AS INTEGER)), sum(unixepoch(sold_on)),
             sum(unixepoch(sold_at)), sum(CAST(quantity AS INTEGER)), sum({cents}),
             sum(CAST(customer AS INTEGER)), sum(country = 'FR'), sum(paid IN ('true', 1)),
             coalesce(sum(length(note)), 0)) FROM orders"
    );
    if let Kind::Silver(shape) = kind {
        let dataset = orders(shape);
        let kept = schema::rollup_query(&dataset, &dataset.rollups[0]);
        let other = format!("SELECT count(*) FROM ({kept} EXCEPT SELECT * FROM {ROLLUP})");
        let other: i64 = connection.query_row(&other, [], |row| row.get(0)).unwrap();
        assert_eq!(other, 0, "groups that the rollup does not have");
    }
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The rows, in the order in which a day brings them. Gives the file's hash.
fn generate(path: &PathBuf, rows: u64) -> String {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut hash = Sha256::new();
    let mut text = HEADER.to_owned();
    for n in 0..rows {
        let any = scrambled(n);
        let (day, second) = (n * 200 / rows, n % 86_400);
        let date =
            jiff::civil::date(2026, 1, 1).checked_add(jiff::Span::new().days(day as i64)).unwrap();
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        writeln!(
            text,
            "{n:09},P{:03},{date},{date}T{hour:02}:{minute:02}:{second:02}Z,{},{}.{:02},{},{},{},{}",
            any % 50,
            any % 9 + 1,
            any % 400,
            any / 400 % 100,
            any % 100_000,
            ["DE", "FR", "PL", "US", "JP", "BR"][(any / 7 % 6) as usize],
            any & 1 == 0,
            ["", "gift", "\"left, at the door\"", "call first"][(any / 64 % 4) as usize],
        )
        .unwrap();
        if text.len() > 1 << 20 || n + 1 == rows {
            hash.update(text.as_bytes());
            file.write_all(text.as_bytes()).unwrap();
            text.clear();
        }
    }
    file.flush().unwrap();
    hash.hex()
}

/// splitmix64: every number once, in no order.
fn scrambled(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn orders(shape: Shape) -> Dataset {
    let column = |name: &str, kind| Column {
        kind,
        indexed: shape == Shape::Indexed && INDEXED.contains(&name),
        ..Column::text(name)
    };
    let whole = || ColumnKind::Integer { min: Some(0), max: None };
    Dataset {
        name: "orders".into(),
        files: vec!["orders*".into()],
        format: Format::Csv(Dialect::default()),
        columns: vec![
            Column { required: true, ..Column::text("order_no") },
            Column { required: true, ..column("product", ColumnKind::Text { max_length: None }) },
            column("sold_on", ColumnKind::Date { formats: Vec::new() }),
            column("sold_at", ColumnKind::Timestamp { formats: Vec::new(), timezone: None }),
            column("quantity", whole()),
            column("price", ColumnKind::Decimal { scale: 2, min: Some(0), max: None }),
            Column { required: true, ..column("customer", whole()) },
            column("country", ColumnKind::Text { max_length: Some(2) }),
            column("paid", ColumnKind::Boolean { truths: Vec::new(), falsehoods: Vec::new() }),
            Column::text("note"),
        ],
        key: match shape {
            Shape::Keyed => vec!["customer".into(), "order_no".into()],
            Shape::Bare | Shape::Indexed => Vec::new(),
        },
        rollups: vec![Rollup {
            name: "by_day_and_product".into(),
            by: vec!["sold_on".into(), "product".into()],
            sum: vec!["quantity".into(), "price".into()],
        }],
        max_bad_percent: 0,
    }
}

fn silver(folder: &Path, sha256: &str, dataset: Dataset) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let silver = Silver::open(&folder.join("silver.db"), folder, vec![dataset]).unwrap();
    let file = NewLanded {
        export: Some(1),
        endpoint: "partner".into(),
        path: "orders.csv".into(),
        name: "orders.csv".into(),
        sha256: sha256.into(),
        size: 0,
        bronze: "orders.csv".into(),
        changed_at: None,
    };
    runtime.block_on(silver.land(vec![file])).unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let totals = runtime.block_on(silver.ingest(&[], |_| {}, cancel)).unwrap();
    assert_eq!((totals.ingested, totals.rows_bad), (1, 0));
}
