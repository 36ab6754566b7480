//! How fast a large file goes into silver, against `sqlite3 .import`.
//!
//! ```sh
//! cargo bench --bench ingest                       # 5,000,000 rows of 10 columns
//! ROWS=1000000 ROUNDS=1 cargo bench --bench ingest
//! ```
//!
//! Silver types every cell, checks the file's SHA-256 on the way, gives every row its
//! file and line, and keeps a rollup; once without indexes of its own and once with three
//! (they are what costs most). The peer writes text into a bare table, and once makes the
//! same three indexes after it. Each contender is a process of its own, they take turns,
//! and medians of whole processes are compared. It needs `sqlite3`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use transship::model::{Column, ColumnKind, Dataset, Dialect, Format, Rollup, Sha256};
use transship::silver::{NewLanded, Silver};

const HEADER: &str = "order_no,product,sold_on,sold_at,quantity,price,customer,country,paid,note\n";

/// The columns that get an index where there are any.
const INDEXED: [&str; 3] = ["product", "sold_on", "country"];

/// Name, kind, whether it has indexes, and the place of the one that it is compared with.
const CONTENDERS: [(&str, &str, bool, usize); 5] = [
    ("silver", "silver", false, 1),
    ("sqlite3 .import", "import", false, 1),
    ("silver, 3 indexes", "silver", true, 3),
    ("sqlite3 .import, 3 indexes", "import", true, 3),
    ("silver, by a key in no order", "keyed", false, 1),
];

/// What one process took.
#[derive(Clone, Copy, Debug)]
struct Took {
    seconds: f64,
    cpu: f64,
    peak_kb: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    match given("--folder") {
        Some(folder) => {
            let indexed = given("--indexed").unwrap() == "true";
            let keyed = given("--kind").unwrap() == "keyed";
            silver(Path::new(&folder), &given("--sha256").unwrap(), orders(indexed, keyed));
        }
        None => compare(),
    }
}

fn compare() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let rows = number("ROWS").unwrap_or(5_000_000);
    let rounds = number("ROUNDS").unwrap_or(3);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&target).unwrap();
    let folder = tempfile::tempdir_in(&target).unwrap();
    let csv = folder.path().join("orders.csv");
    let sha256 = generate(&csv, rows);
    let size = std::fs::metadata(&csv).unwrap().len();
    let mut took: [Vec<Took>; 5] = Default::default();
    for _ in 0..rounds {
        for (contender, took) in CONTENDERS.iter().zip(&mut took) {
            let place = tempfile::tempdir_in(folder.path()).unwrap();
            let (_, kind, indexed, _) = *contender;
            let mut command = match kind {
                "import" => import_command(place.path(), &csv, indexed),
                _ => silver_command(place.path(), &csv, &sha256, kind, indexed),
            };
            took.push(run(&mut command));
            let found = count(&place.path().join("silver.db"));
            assert_eq!(found, rows as i64, "{contender:?}: not the same rows");
        }
    }
    println!("\n{rows} rows of 10 columns, {} MB, {rounds} rounds", size >> 20);
    println!(
        "| contender | seconds | rows a second | CPU seconds | peak memory | against .import |"
    );
    println!("|---|---|---|---|---|---|");
    let median = |took: &[Took], of: fn(&Took) -> f64| {
        let mut all: Vec<f64> = took.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for (at, (name, _, _, peer)) in CONTENDERS.iter().enumerate() {
        let seconds = median(&took[at], |took| took.seconds);
        let peer = median(&took[*peer], |took| took.seconds);
        let peak = took[at].iter().map(|took| took.peak_kb / 1024).max().unwrap();
        println!(
            "| {name} | {seconds:.2} | {:.0} | {:.2} | {peak} MB | {:.2} × |",
            rows as f64 / seconds,
            median(&took[at], |took| took.cpu),
            peer / seconds
        );
    }
}

fn silver_command(place: &Path, csv: &Path, sha256: &str, kind: &str, indexed: bool) -> Command {
    std::fs::hard_link(csv, place.join("orders.csv")).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--sha256", sha256, "--kind", kind, "--indexed", &indexed.to_string()]);
    command.arg("--folder").arg(place);
    command
}

fn import_command(place: &Path, csv: &Path, indexed: bool) -> Command {
    let mut command = Command::new("sqlite3");
    command.arg(place.join("silver.db")).arg(".mode csv");
    command.arg(format!(".import '{}' orders", csv.display()));
    if indexed {
        for column in INDEXED {
            command.arg(format!("CREATE INDEX orders_{column} ON orders ({column})"));
        }
    }
    command
}

/// Runs a process to its end.
fn run(command: &mut Command) -> Took {
    let (cpu, begun) = (children_cpu(), Instant::now());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        peak_kb = peak_kb.max(peak(&status));
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(ended.success(), "{command:?}");
    Took { seconds: begun.elapsed().as_secs_f64(), cpu: children_cpu() - cpu, peak_kb }
}

/// Kilobytes; 0 where the system does not tell, or the process has ended.
fn peak(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Seconds of processors that ended children had, in user and in system mode; Linux
/// counts them in hundredths.
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(14) + ticks(15)) / 100.0
}

fn count(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap()
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

fn orders(indexed: bool, keyed: bool) -> Dataset {
    let column = |name: &str, kind| Column {
        kind,
        indexed: indexed && INDEXED.contains(&name),
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
        key: if keyed { vec!["customer".into(), "order_no".into()] } else { Vec::new() },
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
