use proptest::prelude::*;

use super::*;
use crate::silver::rows::Cell;

type Row = (Option<i64>, f64, String, u64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let whole = prop_oneof![Just(i64::MIN), Just(i64::MAX), -3..3_i64];
    let real = prop_oneof![Just(f64::MIN), Just(-0.0), Just(0.0), Just(1e300), -1.0..1.0];
    let text = prop_oneof![Just(String::new()), "[ab]{0,3}", "\\PC{0,12}"];
    let row = (prop::option::of(whole), real, text);
    prop::collection::vec(row, 0..300).prop_map(|rows| {
        let numbered = rows.into_iter().zip(1..);
        numbered.map(|((whole, real, text), line)| (whole, real, text, line)).collect()
    })
}

fn chunk(rows: &[Row]) -> Chunk {
    let mut chunk = Chunk::new(3);
    for (whole, real, text, line) in rows {
        let start = chunk.text.len() as u32;
        chunk.text.push_str(text);
        let end = chunk.text.len() as u32;
        let whole = whole.map_or(Cell::Null, Cell::Integer);
        chunk.cells.extend([whole, Cell::Real(*real), Cell::Text { start, end }]);
        chunk.lines.push(*line);
    }
    chunk
}

fn read(chunk: &Chunk) -> Vec<Row> {
    let row = |n: usize| match chunk.row(n).to_vec()[..] {
        [whole, Cell::Real(real), text] => {
            let whole = match whole {
                Cell::Integer(whole) => Some(whole),
                _ => None,
            };
            (whole, real, chunk.text_of(text).to_owned(), chunk.lines[n])
        }
        ref other => panic!("other cells: {other:?}"),
    };
    (0..chunk.len()).map(row).collect()
}

fn sorted(rows: &[Row], key: &[usize], most: usize) -> (Vec<Row>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut sort = ExternalSort::by_runs(folder.path(), key, 3, most).unwrap();
    let chunk = chunk(rows);
    (0..rows.len()).for_each(|n| sort.add(&chunk, n).unwrap());
    let runs = sort.ends.len();
    let mut out = Vec::new();
    sort.drain(|chunk| {
        out.extend(read(chunk));
        Ok(())
    })
    .unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file is left");
    (out, runs)
}

proptest! {
    #[test]
    fn rows_come_back_by_key_and_line_however_many_runs_there_are(
        rows in rows(),
        most in 1..4_000_usize,
        by_text in any::<bool>(),
    ) {
        let key = if by_text { [2, 1] } else { [0, 1] };
        let mut rows = rows;
        if !by_text {
            // A key has values.
            rows.iter_mut().for_each(|row| row.0 = row.0.or(Some(0)));
        }
        let mut expected = rows.clone();
        // The same order, told by the values.
        expected.sort_by(|a, b| {
            let first = match by_text {
                true => a.2.as_bytes().cmp(b.2.as_bytes()),
                false => a.0.cmp(&b.0),
            };
            first.then(a.1.partial_cmp(&b.1).unwrap()).then(a.3.cmp(&b.3))
        });
        let (found, _) = sorted(&rows, &key, most);
        // -0.0 and 0.0 are equal here too.
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn small_runs_are_many_and_a_row_may_be_larger_than_one() {
    let row = |n: u64| (Some((n * 7919 % 1000) as i64), 0.0, "x".repeat(9_000), n);
    let rows: Vec<Row> = (0..1_000).map(row).collect();
    let (found, runs) = sorted(&rows, &[0], 5_000);
    assert_eq!((found.len(), runs), (1_000, 1_000));
    assert!(found.is_sorted_by_key(|row| row.0));
    assert_eq!(sorted(&rows, &[0], usize::MAX).0, found);
}

#[test]
fn who_takes_no_more_ends_it() {
    let row = |n: u64| (Some(n as i64), 0.0, String::new(), n);
    let rows: Vec<Row> = (0..100_000).map(row).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut sort = ExternalSort::of(folder.path(), &[0], 3).unwrap();
    let chunk = chunk(&rows);
    (0..rows.len()).for_each(|n| sort.add(&chunk, n).unwrap());
    let taken = sort.drain(|_| Err(Trouble::File("enough".into())));
    assert!(matches!(taken, Err(Trouble::File(why)) if why == "enough"));
}

#[test]
fn no_row_is_taken_back_that_is_not_as_it_was_written() {
    let whole = chunk(&[(Some(1), 0.5, "text".into(), 7)]);
    let folder = tempfile::tempdir().unwrap();
    let mut sort = ExternalSort::of(folder.path(), &[0], 3).unwrap();
    sort.add(&whole, 0).unwrap();
    let row = sort.rows.clone();
    assert!(row::read(&row, &mut Chunk::new(3)).is_some());
    assert!(row::read(&row[..row.len() - 1], &mut Chunk::new(3)).is_none());
}
