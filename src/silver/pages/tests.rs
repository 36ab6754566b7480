//! Whatever is asked, an index leads, and nothing is sorted or read in vain.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, StatementStatus};

use super::filter::Part;
use super::page::given;
use super::statement::{Asked, Leg};
use super::{Filter, Listing, Wanted};
use crate::model::{Column, ColumnKind, Dataset, Format, Rollup};
use crate::silver::reader::Session;
use crate::silver::schema;

fn indexed(name: &str, kind: ColumnKind) -> Column {
    Column { kind, indexed: true, ..Column::text(name) }
}

fn dataset(name: &str, key: &[&str]) -> Dataset {
    let date = ColumnKind::Date { formats: vec![] };
    let word = Column { dictionary: Some("words".into()), indexed: true, ..Column::text("word") };
    let rollup = Rollup {
        name: "daily".into(),
        by: vec!["day".into(), "word".into()],
        sum: vec!["n".into()],
    };
    Dataset {
        name: name.into(),
        files: vec![],
        format: Format::Json,
        columns: vec![
            Column { required: true, ..Column::text("a") },
            Column { required: true, ..Column::text("b") },
            indexed("day", date),
            indexed("part", ColumnKind::Text { max_length: None }),
            indexed("n", ColumnKind::Integer { min: None, max: None }),
            word,
        ],
        key: key.iter().map(|name| (*name).into()).collect(),
        rollups: vec![rollup],
        max_bad_percent: 50,
    }
}

fn tables(all: &[Dataset]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for dataset in all {
        for (name, column) in schema::dictionaries(dataset) {
            connection.execute_batch(&schema::create_dictionary(&name, column)).unwrap();
        }
        connection.execute_batch(&schema::create_dataset(dataset)).unwrap();
    }
    connection
}

/// Each filter not asked, asked for a value, or for a stretch where it takes one.
fn questions(listing: &Listing) -> Vec<Vec<(usize, &Filter, Wanted)>> {
    let mut all: Vec<Vec<(usize, &Filter, Wanted)>> = vec![vec![]];
    for (n, filter) in listing.filters.iter().enumerate() {
        let texts = ["2026-05-01", "2026-05", "3", "x"];
        let mut values: Vec<Wanted> =
            texts.iter().filter_map(|text| filter.parse(text).ok()).collect();
        for value in &mut values {
            if let Wanted::Entry(_) = value {
                *value = Wanted::Is(1.into());
            }
        }
        values.dedup();
        let with = |value: Wanted| {
            all.iter().map(move |asked| {
                asked.iter().cloned().chain([(n, filter, value.clone())]).collect::<Vec<_>>()
            })
        };
        let more: Vec<_> = values.into_iter().flat_map(with).collect();
        all.extend(more);
    }
    all
}

fn plan(session: &Session, sql: &str, values: &[ValueRef<'_>]) -> Vec<String> {
    let mut explain = session.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explain.query_map(given(values), |row| row.get(3)).unwrap();
    lines.map(Result::unwrap).collect()
}

#[test]
fn an_index_leads_every_question_and_the_key_every_page() {
    let (mut seen, mut of_pairs) = (0, 0);
    for key in [&[][..], &["a"][..], &["a", "b"][..], &["part", "a"][..], &["day", "a"][..]] {
        let all = vec![dataset("things", key)];
        let session = Session::of(tables(&all));
        let rows = Listing::rows(&all[0]);
        let sums = Listing::groups(&all[0], &all[0].rollups[0]);
        let words = Listing::entries("words", &all).unwrap();
        for listing in [&rows, &sums, &words] {
            for asked in questions(listing) {
                let way = listing.way(&asked);
                let place = vec![Value::from(1); way.width()];
                for after in [None, Some(place.as_slice())] {
                    for leg in way.legs(after).into_iter().flatten() {
                        let (sql, values) = way.statement(&session, leg, Some(11));
                        let lines = plan(&session, &sql, &values);
                        let told = format!("{sql}\n{}", lines.join("\n"));
                        seen += 1;
                        assert!(!told.contains("TEMP B-TREE"), "{told}");
                        // What is joined is found by number; the table itself comes first.
                        let main = &lines[0];
                        assert!(lines[1..].iter().all(|line| line.starts_with("SEARCH")), "{told}");
                        let is_search = after.is_some() || !asked.is_empty();
                        assert_eq!(main.starts_with("SEARCH"), is_search, "{told}");
                        // A value and a time are found by one index.
                        let has = |part| asked.iter().any(|(_, filter, _)| filter.part == part);
                        let by_key = asked.iter().any(|(_, filter, wanted)| {
                            filter.part == Part::Key && matches!(wanted, Wanted::Is(_))
                        });
                        if has(Part::Value) && has(Part::Time) && !by_key {
                            let (value, time) = all[0].pair().unwrap();
                            let (value, time) = (&value.name, &time.name);
                            let by = format!("things.{value}.{time} ({value}=? AND {time}");
                            of_pairs += 1;
                            assert!(main.contains(&by), "{told}");
                        }
                        // The place is found in the index, too, and not by reading up to it.
                        let is_one = by_key && listing.order.len() == 1;
                        if after.is_some() && !is_one {
                            assert!(main.contains('>'), "{told}");
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 500 && of_pairs > 100, "{seen} {of_pairs}");
}

/// What SQLite does for a page, in steps of its machine.
fn steps(session: &Session, listing: &Listing, asked: &Asked<'_>, after: Option<&[Value]>) -> i32 {
    let way = listing.way(asked);
    let (mut steps, mut rows) = (0, 0);
    for leg in way.legs(after).into_iter().flatten() {
        let (sql, values) = way.statement(session, leg, Some(11));
        let mut statement = session.connection().prepare(&sql).unwrap();
        let mut found = statement.query(given(&values)).unwrap();
        while rows < 11 && found.next().unwrap().is_some() {
            rows += 1;
        }
        drop(found);
        steps += statement.get_status(StatementStatus::VmStep);
    }
    assert_eq!(rows, 11, "{:?}", asked.iter().map(|(_, f, w)| (&f.name, w)).collect::<Vec<_>>());
    steps
}

#[test]
fn a_statement_is_prepared_once_whatever_it_is_given() {
    let all = vec![dataset("things", &[])];
    let session = Session::of(tables(&all));
    let listing = Listing::rows(&all[0]);
    for asked in questions(&listing) {
        let way = listing.way(&asked);
        let (sql, _) = way.statement(&session, Leg::All, Some(1));
        let mut statement = session.connection().prepare(&sql).unwrap();
        for limit in [11, 101, 11] {
            let (same, values) = way.statement(&session, Leg::All, Some(limit));
            assert_eq!(same, sql);
            assert!(statement.query(given(&values)).unwrap().next().unwrap().is_none());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
}

#[test]
fn a_page_costs_the_same_wherever_it_is_and_whatever_is_asked() {
    const ROWS: i64 = 40_000;
    let all = vec![dataset("things", &[])];
    let connection = tables(&all);
    connection.execute_batch("BEGIN").unwrap();
    for n in 0..4 {
        connection.execute("INSERT INTO words VALUES (?1, 'w' || ?1)", [n + 1]).unwrap();
    }
    let sql = "INSERT INTO things (thing_id, a, b, day, part, n, word_id)
               VALUES (?1, 'a', 'b', ?2, ?3, ?1 % 5, ?1 % 4 + 1)";
    let mut insert = connection.prepare(sql).unwrap();
    let day = |n: i64| format!("2026-0{}-{:02}", n * 8 / ROWS + 1, n * 80 / ROWS % 10 + 1);
    for n in 0..ROWS {
        insert.execute((n, day(n), format!("p{}", n % 7))).unwrap();
    }
    drop(insert);
    connection.execute_batch("COMMIT").unwrap();
    let session = Session::of(connection);
    let listing = Listing::rows(&all[0]);
    let plain = steps(&session, &listing, &[], None);
    let at = ROWS * 3 / 5;
    for question in
        ["", "day=d", "day=m", "part=p3", "part=p3 day=d", "part=p3 day=m", "day=m word=1"]
    {
        let mut asked = Vec::new();
        for (name, value) in question.split_whitespace().filter_map(|part| part.split_once('=')) {
            let n = listing.filters.iter().position(|filter| filter.name == name).unwrap();
            let filter = &listing.filters[n];
            let wanted = match value {
                "d" => filter.parse(&day(at)),
                "m" => filter.parse(&day(at)[..7]),
                "1" => Ok(Wanted::Is(1.into())),
                value => filter.parse(value),
            };
            asked.push((n, filter, wanted.unwrap()));
        }
        // In the middle of a day, in the middle of a month.
        let mut place = vec![Value::from(at + 100)];
        if question.contains("day=m") {
            place.insert(0, day(at + 100).into());
        }
        for after in [None, Some(place.as_slice())] {
            let took = steps(&session, &listing, &asked, after);
            assert!(took < plain * 4, "{question:?} after {after:?}: {took}, and {plain} for none");
        }
    }
}
