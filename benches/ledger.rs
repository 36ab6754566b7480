//! What the books cost as they grow: opening, listing and filtering a ledger of a
//! thousand, of a hundred thousand and of a million exports.
//!
//! ```sh
//! cargo bench --bench ledger
//! SIZES=1000,10000 ROUNDS=20 cargo bench --bench ledger
//! ```
//!
//! Each size has the same thousand exports that are not at their end; all others came,
//! went and were confirmed, with their deliveries and events. Sizes take turns; medians
//! are given, and how many times the smallest one's the largest one's is. A question that
//! costs more as the ledger grows makes it fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Instant;

use futures::executor::block_on;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use transship::ledger::{Books, Filter, Ledger, Reader};
use transship::model::Id;

/// Exports that are not at their end, in every size.
const OPEN: i64 = 1_000;
/// Exports that came first, in every size: those of what is asked for that are the oldest.
const OLDEST: i64 = 100;
/// A question may cost so many times what it costs of the smallest ledger, beside
/// [`FLOOR`]: the tree of an index is a little deeper.
const FACTOR: f64 = 4.0;
/// Microseconds that no question is blamed for.
const FLOOR: f64 = 1_000.0;

/// A question, and what of its answer has to be the same in every size.
type Question = (&'static str, fn(&Ledger, &Reader) -> usize);

fn newest() -> Filter {
    Filter { limit: Some(500), ..Filter::default() }
}

fn of(state: &str) -> Filter {
    Filter { state: Some(state.to_owned()), ..newest() }
}

fn of_endpoint(name: &str) -> Filter {
    Filter { endpoint: Some(name.to_owned()), ..newest() }
}

const QUESTIONS: [Question; 16] = [
    ("endpoints", |_, books| books.endpoints().unwrap().len()),
    ("pending exports", |_, books| {
        books.exports(&Filter { pending: true, ..newest() }).unwrap().len()
    }),
    ("held exports of an endpoint", |_, books| {
        let filter = Filter { endpoint: Some("Exports".to_owned()), ..of("held") };
        books.exports(&filter).unwrap().len()
    }),
    ("skipped exports, the oldest", |_, books| books.exports(&of("skipped")).unwrap().len()),
    ("exports of a quiet endpoint", |_, books| books.exports(&of_endpoint("Quiet")).unwrap().len()),
    ("newest exports", |_, books| books.exports(&newest()).unwrap().len()),
    ("newest deliveries", |_, books| books.transfers(&newest()).unwrap().len()),
    ("runs", |_, books| books.runs(&newest()).unwrap().len()),
    ("failed runs, the oldest", |_, books| books.runs(&of("failed")).unwrap().len()),
    ("events", |_, books| books.events(&newest()).unwrap().len()),
    ("events of an endpoint", |_, books| books.events(&of_endpoint("Exports")).unwrap().len()),
    ("outcomes of a night", |_, books| books.outcomes(at(0)).unwrap().len()),
    ("what is throttled (metrics)", |_, books| 1 + books.throttled().unwrap().len()),
    ("one export's timeline", |_, books| {
        books.show(Id::export(7)).unwrap().map_or(0, |timeline| timeline.events.len())
    }),
    ("the start of the program", |ledger, _| {
        1 + block_on(ledger.close_interrupted_runs()).unwrap()
    }),
    // What the engine asks before and after every pass.
    ("a pass with nothing new", |ledger, _| {
        block_on(async {
            let moved = ledger.take_over(1, "encoura", "a".to_owned()).await.unwrap();
            let backlog = ledger.backlog(1).await.unwrap() as usize;
            ledger.waiting_since(1).await.unwrap();
            ledger.next_attempt(1).await.unwrap();
            ledger.trouble(1).await.unwrap();
            let open = ledger.open_deliveries(1).await.unwrap().len();
            moved + backlog + open + ledger.cancelled_with_leftovers(1).await.unwrap().len()
        })
    }),
];

fn main() {
    let sizes = std::env::var("SIZES").unwrap_or_else(|_| "1000,100000,1000000".to_owned());
    let sizes: Vec<i64> = sizes.split(',').map(|size| size.parse().unwrap()).collect();
    let rounds = std::env::var("ROUNDS").map_or(15, |rounds| rounds.parse().unwrap());
    let folder = tempfile::TempDir::new().unwrap();
    let paths: Vec<_> = sizes.iter().map(|size| folder.path().join(format!("{size}.db"))).collect();
    for (path, size) in paths.iter().zip(&sizes) {
        fill(path, *size);
    }
    // Opened once each, and asked in turns.
    let mut opened: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
    for _ in 0..rounds {
        for (path, took) in paths.iter().zip(&mut opened) {
            let begun = Instant::now();
            let ledger = Ledger::open(path, "bench").unwrap();
            took.push(micros(begun));
            drop(ledger);
        }
    }
    let ledgers: Vec<_> = paths.iter().map(|path| Ledger::open(path, "bench").unwrap()).collect();
    let readers: Vec<_> = ledgers.iter().map(|ledger| ledger.reader().unwrap()).collect();
    let columns: Vec<String> = sizes.iter().map(|size| format!("{size} exports")).collect();
    println!("microseconds, medians of {rounds}\n\n| question | {} | grows |", columns.join(" | "));
    println!("|---|{}---|", "---|".repeat(sizes.len()));
    let mut fails: Vec<_> = row("open", &opened).into_iter().collect();
    for (name, ask) in QUESTIONS {
        let mut took: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
        let mut answers = Vec::new();
        for _ in 0..rounds {
            for ((ledger, reader), took) in ledgers.iter().zip(&readers).zip(&mut took) {
                let begun = Instant::now();
                answers.push(ask(ledger, reader));
                took.push(micros(begun));
            }
        }
        assert!(answers[0] > 0 && answers.iter().all(|n| *n == answers[0]), "{name}: {answers:?}");
        fails.extend(row(name, &took));
    }
    assert!(fails.is_empty(), "these cost as much as the ledger is large: {fails:?}");
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

/// Prints a question's row, and says its name when it grows with the ledger.
fn row(name: &'static str, took: &[Vec<f64>]) -> Option<&'static str> {
    let median = |took: &Vec<f64>| {
        let mut took = took.clone();
        took.sort_by(f64::total_cmp);
        took[took.len() / 2]
    };
    let medians: Vec<f64> = took.iter().map(median).collect();
    let (first, last) = (medians[0], medians[medians.len() - 1]);
    let cells: Vec<String> = medians.iter().map(|median| format!("{median:.0}")).collect();
    println!("| {name} | {} | {:.1} × |", cells.join(" | "), last / first);
    (last > first * FACTOR + FLOOR).then_some(name)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_777_874_400 + second).unwrap()
}

/// A ledger with so many exports, a delivery and three events each, and a run for each
/// hundred beside those of every size.
fn fill(path: &Path, exports: i64) {
    drop(Ledger::open(path, "bench").unwrap());
    let mut db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let t = db.transaction().unwrap();
    t.execute(
        "INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id,
           schedule, deliver_to, is_active, position, created_at, updated_at)
         VALUES (1, 'Exports', 'encoura', '{}', 'p', 'u', '\"manual\"', 'slate', 1, 0, ?1, ?1),
           (2, 'Quiet', 'encoura', '{}', 'p', 'u', '\"manual\"', 'slate', 1, 1, ?1, ?1)",
        [at(0).to_string()],
    )
    .unwrap();
    {
        let mut export = t
            .prepare(
                "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
                   attempt, tries, size, archived, discovered_at, updated_at)
                 VALUES (1 + (?1 <= 10), 'encoura', 'a', 'uid' || ?1, '1', 'export ' || ?1 || '.csv', '{}', ?2,
                   1, 0, 90000, 'x', ?3, ?3)",
            )
            .unwrap();
        let mut delivery = t
            .prepare(
                "INSERT INTO deliveries (export_id, endpoint_id, destination, target, generation,
                   token, final_name, state, attempt, tries, published_at, created_at, updated_at)
                 VALUES (?1, 1 + (?1 <= 10), 'slate', 't', 1, printf('%08x', ?1), 'export ' || ?1 || '.csv', ?2,
                   1, 0, ?3, ?3, ?3)",
            )
            .unwrap();
        let mut event = t
            .prepare("INSERT INTO events (at, subject, kind, attempt) VALUES (?1, ?2, 'state', 1)")
            .unwrap();
        for n in 1..=exports + OLDEST {
            let when = at(n).to_string();
            // The newest are on their way; of those one in ten waits for a person.
            let open = n > exports + OLDEST - OPEN;
            let state = if open && n % 10 == 0 { "held" } else { "cleaned" };
            let state = if open && n % 10 != 0 { "retry_wait" } else { state };
            let own = if n <= 20 { "skipped" } else { "verified" };
            export.execute(params![n, own, when]).unwrap();
            delivery.execute(params![n, state, when]).unwrap();
            for _ in 0..3 {
                event.execute(params![when, format!("x{n}")]).unwrap();
            }
        }
    }
    for n in 0..OPEN + exports / 100 {
        let when = at(n).to_string();
        t.execute(
            "INSERT INTO runs (cause, started_at, ended_at, outcome) VALUES ('manual', ?1, ?1, ?2)",
            params![when, if n < 20 { "failed" } else { "done" }],
        )
        .unwrap();
        let run = t.last_insert_rowid();
        t.execute(
            "INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_completed_at,
               sync_status, files_found) VALUES (?1, 1, ?2, ?2, 'done', 100)",
            params![run, at(n).to_string()],
        )
        .unwrap();
    }
    t.commit().unwrap();
}
