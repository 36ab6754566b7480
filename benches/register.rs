//! How fast a register is booked: the ledger, against a bare loop over one prepared
//! statement, and against SQLAlchemy's merge.
//!
//! ```sh
//! cargo bench --bench register              # 10,000 and 100,000 files
//! FILES=1000000 ROUNDS=1 cargo bench --bench register
//! ```
//!
//! Every contender books the same pages in a process of its own, one transaction a
//! page, WAL and `synchronous=FULL`; they take turns, and medians are compared. The
//! peer needs Python 3 and gets SQLAlchemy into a virtual environment below `target`;
//! without it, or with `PEER=off`, only the first two are compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use transship::ledger::{Ledger, WalkPlan};
use transship::model::{
    Content, Endpoint, EndpointType, Page, RemoteFile, RemoteFolder, Schedule, Scope, Walked,
};

/// Files in a page, as Drive hands them out.
const PAGE: usize = 1_000;
/// Files in a folder.
const FOLDER: usize = 20;
/// Every so manieth file is another version in the last phase.
const CHANGED: usize = 100;

const PHASES: [&str; 3] = ["first", "unchanged", "1 % changed"];

/// What one contender took.
#[derive(Debug, Serialize, Deserialize)]
struct Took {
    /// Seconds for each phase.
    seconds: [f64; 3],
    /// Rows, and the sum of their sizes, at the end.
    rows: (i64, i64),
    /// The most memory that it had. Kilobytes; 0 where the system does not tell.
    peak_kb: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    match given("--contender").as_deref() {
        Some(contender) => {
            let files = given("--files").unwrap().parse().unwrap();
            let folder = PathBuf::from(given("--folder").unwrap());
            let took = match contender {
                "ledger" => ledger(files, &folder.join("ledger.db")),
                _ => bare(files, &folder.join("bare.db")),
            };
            println!("{}", serde_json::to_string(&took).unwrap());
        }
        None => compare(),
    }
}

fn compare() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<usize>().ok());
    let sizes = number("FILES").map_or_else(|| vec![10_000, 100_000], |files| vec![files]);
    let rounds = number("ROUNDS").unwrap_or(3);
    let python = if std::env::var("PEER").is_ok_and(|p| p == "off") { None } else { python() };
    for files in sizes {
        let mut took: [Vec<Took>; 3] = Default::default();
        for _ in 0..rounds {
            took[0].push(ours("bare", files));
            took[1].push(ours("ledger", files));
            if let Some(python) = &python {
                took[2].push(peer(python, files));
            }
        }
        print(files, &took);
    }
}

fn print(files: usize, took: &[Vec<Took>; 3]) {
    let rows = took[0][0].rows;
    assert!(took.iter().flatten().all(|t| t.rows == rows), "not the same was booked: {took:#?}");
    let median = |of: &[Took], phase: usize| {
        let mut seconds: Vec<f64> = of.iter().map(|t| t.seconds[phase]).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied()
    };
    println!("\n{files} files, {} rounds", took[0].len());
    println!("| phase | bare loop | ledger | SQLAlchemy | ledger / bare | SQLAlchemy / ledger |");
    println!("|---|---|---|---|---|---|");
    for (phase, name) in PHASES.iter().enumerate() {
        let [bare, ledger, peer] = [0, 1, 2].map(|n| median(&took[n], phase));
        let seconds = |s: Option<f64>| s.map_or_else(|| "-".into(), |s| format!("{s:.3} s"));
        let ratio = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => format!("{:.2}", a / b),
            _ => "-".into(),
        };
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            seconds(bare),
            seconds(ledger),
            seconds(peer),
            ratio(ledger, bare),
            ratio(peer, ledger)
        );
    }
    let peaks = took.each_ref().map(|of| of.iter().map(|t| t.peak_kb / 1024).max().unwrap_or(0));
    println!(
        "peak memory: bare {} MB, ledger {} MB, SQLAlchemy {} MB",
        peaks[0], peaks[1], peaks[2]
    );
}

fn below_target() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&target).unwrap();
    target
}

/// This program once more, as `contender`.
fn ours(contender: &str, files: usize) -> Took {
    let folder = tempfile::tempdir_in(below_target()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--contender", contender, "--files", &files.to_string(), "--folder"]);
    read(command.arg(folder.path()))
}

fn peer(python: &Path, files: usize) -> Took {
    let folder = tempfile::tempdir_in(below_target()).unwrap();
    let pages = folder.path().join("pages.jsonl");
    let mut text = String::new();
    for changed in [false, true] {
        for n in 0..files.div_ceil(PAGE) {
            let rows: Vec<_> = page(n, files, changed).files.iter().map(plain).collect();
            text += &serde_json::to_string(&rows).unwrap();
            text.push('\n');
        }
    }
    std::fs::write(&pages, text).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/register_peer.py");
    read(Command::new(python).arg(script).arg(&pages).arg(folder.path().join("peer.db")))
}

fn read(command: &mut Command) -> Took {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A Python with SQLAlchemy, made once.
fn python() -> Option<PathBuf> {
    let environment = below_target().join("venv");
    let python = environment.join("bin/python3");
    let done = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let has = |python: &Path| done(Command::new(python).args(["-c", "import sqlalchemy"]));
    if python.exists() && has(&python) {
        return Some(python);
    }
    let made = done(Command::new("python3").args(["-m", "venv"]).arg(&environment))
        && done(Command::new(&python).args(["-m", "pip", "install", "-q", "sqlalchemy==2.0.*"]));
    (made && has(&python)).then_some(python)
}

/// Page `n` of a service that holds `files` files. Ids come in no order, as services'
/// do; what is near in a page is near in the tree.
fn page(n: usize, files: usize, changed: bool) -> Page {
    let range = n * PAGE..files.min((n + 1) * PAGE);
    let folders = range.clone().step_by(FOLDER).map(|file| RemoteFolder {
        id: folder_id(file / FOLDER),
        parent: (file >= FOLDER).then(|| folder_id(file / FOLDER / 10)),
        name: format!("Folder {}", file / FOLDER),
    });
    let folders = folders.collect();
    Page { folders, files: range.map(|n| file(n, changed)).collect(), removed: Vec::new() }
}

fn folder_id(n: usize) -> String {
    format!("urn:adsk.wipprod:fs.folder:co.{:022x}", scrambled(n as u64 + (1 << 40)))
}

fn file(n: usize, changed: bool) -> RemoteFile {
    let version = if changed && n.is_multiple_of(CHANGED) { 2 } else { 1 };
    let at = jiff::Timestamp::from_second(1_700_000_000 + n as i64).unwrap();
    let id = format!("urn:adsk.wipprod:dm.lineage:{:022x}", scrambled(n as u64));
    RemoteFile {
        folder: folder_id(n / FOLDER),
        name: format!("A-{n:07} Floor plan, level {}.pdf", n % 40),
        link: Some(format!("https://acc.example/docs/files/projects/1234?entityId={id}")),
        size: Some(scrambled(n as u64) % 50_000_000 + version),
        file_type: Some("pdf".into()),
        version: format!("{id}?version={version}"),
        created_at: Some(at),
        updated_at: Some(at),
        content: Content::Fetchable(serde_json::json!({"storage": id, "version": version})),
        id,
    }
}

/// splitmix64: every number once, in no order.
fn scrambled(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A file as the peer takes it.
fn plain(file: &RemoteFile) -> serde_json::Value {
    serde_json::json!({
        "external_file_id": file.id, "file_name": file.name, "file_path": file.name,
        "file_link": file.link, "file_size": file.size, "file_type": file.file_type,
        "folder_id": file.folder, "version": file.version,
        "external_created_at": file.created_at.map(|at| at.to_string()),
        "external_updated_at": file.updated_at.map(|at| at.to_string()),
    })
}

/// Lets `book` take every page of each phase, and counts the time that it takes.
fn phases(files: usize, mut book: impl FnMut(Page), mut between: impl FnMut(bool)) -> [f64; 3] {
    [false, false, true].map(|changed| {
        let mut time = Duration::ZERO;
        let mut timed = |work: &mut dyn FnMut()| {
            let begun = Instant::now();
            work();
            time += begun.elapsed();
        };
        timed(&mut || between(true));
        for n in 0..files.div_ceil(PAGE) {
            let mut page = Some(page(n, files, changed));
            timed(&mut || book(page.take().unwrap()));
        }
        timed(&mut || between(false));
        time.as_secs_f64()
    })
}

fn ledger(files: usize, path: &Path) -> Took {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ledger = Ledger::open(path, "bench").unwrap();
    let endpoint = Endpoint {
        name: "e".into(),
        endpoint_type: EndpointType::AutodeskConstructionCloud,
        project_id: String::new(),
        user_id: String::new(),
        description: None,
        client: "autodesk".into(),
        product_keys: Vec::new(),
        file_types: Vec::new(),
        scope: Scope::Exports,
        details: serde_json::Value::Null,
        datasets: Vec::new(),
        deliver_to: None,
        bandwidth: transship::model::Bandwidth::default(),
        schedule: Schedule::Manual,
        quiet_days: None,
        is_active: true,
    };
    runtime.block_on(ledger.register_endpoints(vec![endpoint])).unwrap();
    let plan = WalkPlan {
        endpoint: runtime.block_on(ledger.endpoint("e")).unwrap().number,
        run: None,
        scope: String::new(),
        full: true,
        full_every: SignedDuration::ZERO,
        full_again_after: SignedDuration::ZERO,
        most_bytes: None,
        contents: None,
    };
    let walk = std::cell::RefCell::new(None);
    let seconds = phases(
        files,
        |page| {
            let walk = walk.borrow();
            runtime.block_on(ledger.book_page(walk.as_ref().unwrap(), page)).unwrap();
        },
        |begins| {
            if begins {
                let begun = runtime.block_on(ledger.begin_walk(plan.clone())).unwrap();
                *walk.borrow_mut() = Some(begun.walk);
                return;
            }
            let walk = walk.borrow_mut().take().unwrap();
            let walked = Walked { absence_counts: true, ..Walked::default() };
            let counts = runtime.block_on(ledger.finish_walk(&walk, walked)).unwrap();
            assert_eq!((counts.found, counts.removed), (files as u64, 0));
        },
    );
    drop(ledger);
    Took { seconds, rows: rows(path), peak_kb: peak() }
}

/// One prepared statement in a loop, as somebody would write it who needs nothing else:
/// no second index, no tree, nothing about what is missing.
fn bare(files: usize, path: &Path) -> Took {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE files (
                 id INTEGER PRIMARY KEY, endpoint_id INTEGER NOT NULL,
                 external_file_id TEXT NOT NULL, file_name TEXT NOT NULL, file_path TEXT NOT NULL,
                 file_link TEXT, file_size INTEGER, file_type TEXT, folder_id TEXT NOT NULL,
                 version TEXT NOT NULL, content TEXT NOT NULL, external_created_at TEXT,
                 external_updated_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
                 last_synced_at TEXT NOT NULL,
                 UNIQUE (endpoint_id, external_file_id)
             ) STRICT;",
        )
        .unwrap();
    let mut upsert = connection
        .prepare(
            "INSERT INTO files (endpoint_id, external_file_id, file_name, file_path, file_link,
                 file_size, file_type, folder_id, version, content, external_created_at,
                 external_updated_at, created_at, updated_at, last_synced_at)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?12)
             ON CONFLICT (endpoint_id, external_file_id) DO UPDATE SET
                 file_name = ?2, file_path = ?3, file_link = ?4, file_size = ?5, file_type = ?6,
                 folder_id = ?7, version = ?8, content = ?9, external_created_at = ?10,
                 external_updated_at = ?11, updated_at = ?12, last_synced_at = ?12
             WHERE file_name IS NOT ?2 OR file_path IS NOT ?3 OR file_link IS NOT ?4
                 OR file_size IS NOT ?5 OR file_type IS NOT ?6 OR folder_id IS NOT ?7
                 OR version IS NOT ?8 OR content IS NOT ?9 OR external_created_at IS NOT ?10
                 OR external_updated_at IS NOT ?11",
        )
        .unwrap();
    let mut book = |page: Page| {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let now = format!("{:.3}", jiff::Timestamp::now());
        for file in page.files {
            let text = |at: Option<jiff::Timestamp>| at.map(|at| format!("{at:.3}"));
            upsert
                .execute(params![
                    file.id,
                    file.name,
                    file.name,
                    file.link,
                    file.size.map(|n| n as i64),
                    file.file_type,
                    file.folder,
                    file.version,
                    serde_json::to_string(&file.content).unwrap(),
                    text(file.created_at),
                    text(file.updated_at),
                    now,
                ])
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    };
    let seconds = phases(files, &mut book, |_| ());
    Took { seconds, rows: rows(path), peak_kb: peak() }
}

fn rows(path: &Path) -> (i64, i64) {
    Connection::open(path)
        .unwrap()
        .query_row("SELECT count(*), sum(file_size) FROM files", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap()
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
