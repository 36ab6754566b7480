//! However rows go in — one after the other or sorted first, with the indexes kept or made
//! afterwards — they end alike.

use proptest::prelude::*;

use super::super::indexes::Indexes;
use super::*;
use crate::model::{Column, ColumnKind, Dialect, Format, Rollup};

/// Article, shop, amount.
type Row = (&'static str, i64, Option<i64>);

#[derive(Clone, Copy, Debug)]
struct Way {
    /// Bytes of rows that are sorted together; none: they are not sorted.
    sorted_by: Option<usize>,
    indexes: Kept,
    /// Each file's last row first, which is wrong.
    backwards: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    Always,
    MadeAfterwards,
    /// Which is wrong.
    Lost,
}

const PLAIN: Way = Way { sorted_by: None, indexes: Kept::Always, backwards: false };

fn prices() -> Dataset {
    let whole = ColumnKind::Integer { min: None, max: None };
    let column = |name: &str, kind| Column { kind, indexed: true, ..Column::text(name) };
    Dataset {
        name: "prices".into(),
        files: Vec::new(),
        format: Format::Csv(Dialect::default()),
        columns: vec![
            column("article", ColumnKind::Text { max_length: None }),
            column("shop", whole.clone()),
            column("amount", whole),
        ],
        key: vec!["article".into(), "shop".into()],
        rollups: vec![Rollup {
            name: "by_shop".into(),
            by: vec!["shop".into()],
            sum: vec!["amount".into()],
        }],
        max_bad_percent: 0,
    }
}

fn chunk(rows: &[(u64, Row)]) -> Chunk {
    let mut chunk = Chunk::new(3);
    for (line, (article, shop, amount)) in rows {
        let start = chunk.text.len() as u32;
        chunk.text.push_str(article);
        let article = Cell::Text { start, end: chunk.text.len() as u32 };
        let amount = amount.map_or(Cell::Null, Cell::Integer);
        chunk.cells.extend([article, Cell::Integer(*shop), amount]);
        chunk.lines.push(*line);
    }
    chunk
}

/// Takes files in, each with its rank, and tells what is there then.
fn outcome(files: &[(u8, Vec<Row>)], way: Way) -> Vec<String> {
    let (folder, dataset) = (tempfile::tempdir().unwrap(), prices());
    let connection = Connection::open(folder.path().join("silver.db")).unwrap();
    // Nobody needs it again: the disk is not waited for.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").unwrap();
    schema::found(&connection).unwrap();
    connection.execute_batch(&schema::create_dataset(&dataset)).unwrap();
    let mut told = Vec::new();
    for (file, (rank, rows)) in (1..).zip(files) {
        let landed = "INSERT INTO landed (id, rank, endpoint, path, name, sha256, size, bronze,
            landed_at, state) VALUES (?, ?, '', '', '', '', 0, '', '', 'landed')";
        connection.execute(landed, (file, rank.to_string())).unwrap();
        let indexes =
            (way.indexes != Kept::Always).then(|| Indexes::put_off(&connection, &dataset).unwrap());
        let mut table = Table::of(&connection, &dataset, file, &rank.to_string()).unwrap();
        if let (Some(most), Some(keyed)) = (way.sorted_by, &mut table.keyed) {
            keyed.sort = Some(ExternalSort::by_runs(folder.path(), &keyed.key, 3, most).unwrap());
        }
        let mut rows: Vec<(u64, Row)> = (2..).zip(rows.iter().copied()).collect();
        if way.backwards {
            rows.reverse();
        }
        for rows in rows.chunks(3) {
            table.put(&chunk(rows), &vec![true; rows.len()]).unwrap();
        }
        table.finish(|| Ok(())).unwrap();
        told.push(format!("{} are new", table.news));
        if let (Some(indexes), Kept::MadeAfterwards) = (indexes, way.indexes) {
            indexes.make(&connection).unwrap();
        }
    }
    for sql in [
        "SELECT concat_ws('|', article, shop, amount, file, line) FROM prices ORDER BY 1",
        "SELECT concat_ws('|', shop, count, total) FROM prices_by_shop ORDER BY 1",
        "SELECT concat_ws('|', name, sql) FROM sqlite_schema ORDER BY 1",
        "PRAGMA integrity_check",
    ] {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        told.extend(rows.map(Result::unwrap));
    }
    told
}

fn files() -> impl Strategy<Value = Vec<(u8, Vec<Row>)>> {
    let article = prop::sample::select(vec!["", "a", "aa", "b", "ä"]);
    let row = (article, -1..3_i64, prop::option::of(-2..9_i64));
    prop::collection::vec((0..4_u8, prop::collection::vec(row, 0..20)), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_way_in_ends_alike(files in files(), most in 1..600_usize) {
        let plain = outcome(&files, PLAIN);
        prop_assert!(plain.contains(&"ok".to_owned()), "{:?}", plain);
        for (sorted_by, indexes) in [
            (None, Kept::MadeAfterwards),
            (Some(most), Kept::Always),
            (Some(most), Kept::MadeAfterwards),
        ] {
            let way = Way { sorted_by, indexes, backwards: false };
            prop_assert_eq!(&outcome(&files, way), &plain, "{:?}", way);
        }
    }
}

#[test]
fn a_way_that_is_wrong_is_seen() {
    let files = [(1, vec![("a", 1, Some(1)), ("b", 1, Some(2)), ("a", 1, Some(3))])];
    let plain = outcome(&files, PLAIN);
    assert_ne!(outcome(&files, Way { backwards: true, ..PLAIN }), plain);
    assert_ne!(outcome(&files, Way { indexes: Kept::Lost, ..PLAIN }), plain);
    // Sorted, they come back by their lines, whatever the order in which they came.
    let way = Way { sorted_by: Some(100), backwards: true, ..PLAIN };
    assert_eq!(outcome(&files, way), plain);
}
