//! Files that were made to do harm.

use super::*;
use crate::silver::read::MAX_RECORD;

/// Endless, from a pattern.
fn long(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len() + 1)
}

#[test]
fn overlong_records_are_passed_over() {
    let over = MAX_RECORD + 1;
    for (file, reasons, rows) in [
        (
            format!("{},1,1\ny,2,2\n", long("x", over)),
            vec!["2: longer than 1048576 bytes"],
            vec!["3 y|2|200"],
        ),
        // Three times the most that is kept, and without an end.
        (long("x", 3 * over), vec!["2: longer than 1048576 bytes"], vec![]),
        (
            format!("\"x\ny\",{}\ny,2,2\n", long("z", over)),
            vec!["2: longer than 1048576 bytes"],
            vec!["4 y|2|200"],
        ),
        // All on one line, so that the quote cannot be told from a long line.
        (
            format!("\"{}\",1,1\ny,2,2\n", long("x", over)),
            vec!["2: longer than 1048576 bytes"],
            vec!["3 y|2|200"],
        ),
    ] {
        let got = read_by(&csv(abc()), format!("a,b,c\n{file}").as_bytes(), 1 << 18);
        assert_eq!(got.reasons(), reasons);
        assert_eq!(got.rows(), rows);
        assert!(got.bad[0].raw.len() <= 4000);
    }
    let right = format!("a,b,c\n{},1,1\n", "x".repeat(MAX_RECORD - 4));
    for step in [1 << 12, 1 << 18, 1 << 20] {
        assert_eq!(read_by(&csv(abc()), right.as_bytes(), step).good.len(), 1, "{step}");
    }
    let object = |bytes: usize| format!("{{\"a\":\"{}\",\"b\":[{{}}]}}", long("[\\\"", bytes));
    let file = format!("[{{\"a\":1}},{},{{\"a\":3}}]", object(2 * over));
    let got = read_by(&dataset(Format::Json, abc()), file.as_bytes(), 1 << 18);
    assert_eq!(got.reasons(), ["2: longer than 1048576 bytes"]);
    assert_eq!(got.rows(), ["1 1|∅|∅", "3 3|∅|∅"]);
    let file = format!("{{\"a\":1}}\n{}\n{{\"a\":3}}", object(2 * over));
    let got = read_by(&dataset(Format::Ndjson, abc()), file.as_bytes(), 1 << 18);
    assert_eq!(got.reasons(), ["2: longer than 1048576 bytes"]);
    assert_eq!(got.rows(), ["1 1|∅|∅", "3 3|∅|∅"]);
}

#[test]
fn a_quote_that_is_never_closed_takes_its_own_line_alone() {
    let rows = 400_000;
    let file = format!("a,b,c\nx,1,1\n\"y,2,2\n{}", "z,3,3\n".repeat(rows));
    assert!(file.len() > 2 * MAX_RECORD);
    let got = read_by(&csv(abc()), file.as_bytes(), 1 << 18);
    assert_eq!(got.reasons(), ["3: the quote that opens in line 3 is not closed"]);
    assert_eq!(got.good.len(), 1 + rows);
    assert_eq!(got.good[1].0, 4);
}

#[test]
fn many_open_quotes_cost_no_more_than_one() {
    // Each line opens a quote that the next one closes in the wrong place.
    let lines = 200_000;
    let file = format!("a,b,c\n{}", "a\"b,\"\n".repeat(lines));
    let got = read_by(&csv(abc()), file.as_bytes(), 1 << 18);
    assert_eq!(got.bad.len(), lines);
}

#[test]
fn cut_and_damaged_archives_are_told() {
    let rows = "x,1,1\n".repeat(50_000);
    let whole = gzip(format!("a,b,c\n{rows}").as_bytes());
    let got = read_by(&csv(abc()), &whole, 1 << 18);
    assert_eq!((got.good.len(), got.failure), (50_000, None));
    for cut in [whole.len() - 1, whole.len() - 8, whole.len() / 2, 12, 4] {
        let got = read_by(&csv(abc()), &whole[..cut], 1 << 18);
        let failure = got.failure.unwrap_or_else(|| panic!("{cut} bytes pass for a whole file"));
        assert!(failure.contains("ends too early"), "{cut}: {failure}");
    }
    let mut damaged = whole.clone();
    let crc = damaged.len() - 6;
    damaged[crc] ^= 1;
    let failure = read_by(&csv(abc()), &damaged, 1 << 18).failure.unwrap();
    assert!(failure.contains("damaged"), "{failure}");
    let behind = [whole.as_slice(), b"and more"].concat();
    assert!(read_by(&csv(abc()), &behind, 1 << 18).failure.is_some());
}

#[test]
fn a_bomb_stays_small_in_memory() {
    // 64 MiB of one cell, from 64 KiB.
    let bomb = gzip(&vec![b'x'; 64 << 20]);
    let got = read_by(&csv(abc()), &[gzip(b"a,b,c\n"), bomb].concat(), 1 << 18);
    assert_eq!(got.reasons(), ["2: longer than 1048576 bytes"]);
}

#[test]
fn keys_and_depths_without_end_are_borne() {
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let file = format!("[{{\"a\":1,{}}}]", keys[..60_000].join(","));
    let got = read_by(&dataset(Format::Json, abc()), file.as_bytes(), 1 << 18);
    assert_eq!(got.rows(), ["1 1|∅|∅"]);
    assert_eq!(got.drift.unknown.len(), 100);
    let twice = format!("[{{\"a\":1,{},\"k59999\":1}}]", keys[..60_000].join(","));
    let got = read_by(&dataset(Format::Json, abc()), twice.as_bytes(), 1 << 18);
    assert_eq!(got.reasons(), ["1: has the key \"k59999\" twice"]);
    let deep = format!("[{{\"a\":{}{}}}]", "[".repeat(300_000), "]".repeat(300_000));
    let got = read_by(&dataset(Format::Json, abc()), deep.as_bytes(), 1 << 18);
    assert_eq!(got.good.len(), 1, "{:?}", got.failure);
}

/// Whatever the bytes, and however they are cut: no harm, and the same rows.
#[test]
fn no_file_breaks_its_reader() {
    let kinds = [
        ("csv", csv(abc())),
        ("json", dataset(Format::Json, abc())),
        ("json", dataset(Format::Ndjson, abc())),
    ];
    for (corpus, kind) in &kinds {
        crate::fuzz::fuzz(corpus, |bytes| {
            let whole = read_by(kind, bytes, 1 << 18);
            assert!(whole.good.len() + whole.bad.len() <= bytes.len() + 1);
            assert_eq!(whole, read_by(kind, bytes, 7), "in small pieces");
        });
    }
}
