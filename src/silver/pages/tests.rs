//! Whatever is asked, an index leads, and nothing is sorted or read in vain.

use rusqlite::{Connection, params_from_iter};

use super::{Filter, Listing, Wanted};
use crate::model::{Column, ColumnKind, Dataset, Format, Rollup};
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
fn questions(listing: &Listing) -> Vec<Vec<(&Filter, Wanted)>> {
    let mut all: Vec<Vec<(&Filter, Wanted)>> = vec![vec![]];
    for filter in &listing.filters {
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
                asked.iter().cloned().chain([(filter, value.clone())]).collect::<Vec<_>>()
            })
        };
        let more: Vec<_> = values.into_iter().flat_map(with).collect();
        all.extend(more);
    }
    all
}

fn plan(connection: &Connection, sql: &str, params: Vec<rusqlite::types::Value>) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explain.query_map(params_from_iter(params), |row| row.get(3)).unwrap();
    lines.map(Result::unwrap).collect()
}

#[test]
fn an_index_leads_every_question_and_the_key_every_page() {
    let mut seen = 0;
    for key in [&[][..], &["a"][..], &["a", "b"][..]] {
        let all = vec![dataset("things", key)];
        let connection = tables(&all);
        let rows = Listing::rows(&all[0]);
        let sums = Listing::groups(&all[0], &all[0].rollups[0]);
        let words = Listing::entries("words", &all).unwrap();
        for listing in [&rows, &sums, &words] {
            for asked in questions(listing) {
                let first = listing.statement(&asked, None, Some(11));
                let place = vec![rusqlite::types::Value::from(1); first.order];
                let next = listing.statement(&asked, Some(place), Some(11));
                for (statement, goes_on) in [(first, false), (next, true)] {
                    seen += 1;
                    let lines = plan(&connection, &statement.sql, statement.params);
                    let told = format!("{}\n{}", statement.sql, lines.join("\n"));
                    assert!(!told.contains("TEMP B-TREE"), "{told}");
                    let main = lines.iter().find(|line| {
                        line.contains(" t ") || line.ends_with(" t") || line.contains(" words ")
                    });
                    let main = main.unwrap_or_else(|| panic!("{told}"));
                    let is_search = goes_on || !asked.is_empty();
                    assert_eq!(main.starts_with("SEARCH"), is_search, "{told}");
                    // The place is found in the index, too, and not by reading up to it.
                    let is_one = |(filter, wanted): &(&Filter, Wanted)| {
                        filter.leads && matches!(wanted, Wanted::Is(_)) && listing.order.len() == 1
                    };
                    if goes_on && !asked.is_empty() && !asked.iter().any(is_one) {
                        assert!(main.contains('>'), "{told}");
                    }
                }
            }
        }
    }
    assert!(seen > 200, "{seen}");
}
