//! CSV and its dialects.

use proptest::prelude::*;

use super::*;

#[test]
fn rows_come_with_their_lines() {
    for (file, rows) in [
        ("a,b,c\nx,1,2.5\n", vec!["2 x|1|250"]),
        ("a,b,c\r\nx,1,2.5\r\ny,-2,0", vec!["2 x|1|250", "3 y|-2|0"]),
        ("a,b,c\rx,1,2.5\ry,2,0\r", vec!["2 x|1|250", "3 y|2|0"]),
        ("\n\na,b,c\n\nx,1,1\n\r\n\ny,2,2\n", vec!["5 x|1|100", "8 y|2|200"]),
        (
            "a,b,c\n\"x\ny\r\nz\",1,1\n\"\"\"q\"\",\",2,\"2\"\n",
            vec!["2 x\ny\r\nz|1|100", "5 \"q\",|2|200"],
        ),
        ("a,b,c\n \" x \" ,,\n", vec!["2 \" x \"|∅|∅"]),
        ("a,b,c\n\"\",\" 7 \",\"\"\n", vec!["2 ∅|7|∅"]),
        ("a,b,c\nx\"y,1,1\n", vec!["2 x\"y|1|100"]),
        // In another order, otherwise spelled.
        ("C , b,A\n1,2,x\n", vec!["2 x|2|100"]),
        ("a,b,c\n", vec![]),
        ("a,b,c", vec![]),
    ] {
        let got = read(&csv(abc()), file.as_bytes());
        assert_eq!(got.rows(), rows, "{file:?}: {got:?}");
        assert_eq!((got.bad, got.failure), (vec![], None), "{file:?}");
    }
}

#[test]
fn bad_rows_are_set_aside_and_nothing_else() {
    for (file, reasons, rows) in [
        ("x,1\ny,2,2\n", vec!["2: too few cells: 2 instead of 3"], vec!["3 y|2|200"]),
        ("x,1,1,\ny,2,2\n", vec!["2: too many cells: 4 instead of 3"], vec!["3 y|2|200"]),
        ("x,1.0,1\n", vec!["2 b: not a whole number"], vec![]),
        ("x,?,?\n", vec!["2 b: not a whole number (and 1 more)"], vec![]),
        (
            "x,1,1\n\"y,2,2\nz,3,3\n",
            vec!["3: the quote that opens in line 3 is not closed"],
            vec!["2 x|1|100", "4 z|3|300"],
        ),
        // A quote too many takes no further row along.
        (
            "x,\"1,1\ny,\"2\",2\nz,3,3\n",
            vec!["2: the quote that opens in line 2 closes before the end of its cell"],
            vec!["3 y|2|200", "4 z|3|300"],
        ),
        (
            "\"one\ntwo\",\"1,1\ny,2,2\n",
            vec!["2: the quote that opens in line 3 is not closed"],
            vec!["4 y|2|200"],
        ),
        (
            "\"x\" ,1,1\n",
            vec!["2: the quote that opens in line 2 closes before the end of its cell"],
            vec![],
        ),
        ("x\0,1,1\n", vec!["2 a: holds a NUL character"], vec![]),
    ] {
        let got = read(&csv(abc()), format!("a,b,c\n{file}").as_bytes());
        assert_eq!(got.reasons(), reasons, "{file:?}");
        assert_eq!(got.rows(), rows, "{file:?}");
        assert_eq!(got.failure, None, "{file:?}");
    }
    let got = read(&csv(abc()), b"a,b,c\nx,2.7,\"1\n");
    assert_eq!(got.bad[0].raw, "x,2.7,\"1");
    let got = read(&csv(abc()), b"a,b,c\nx,2.7,1\n");
    assert_eq!((got.bad[0].raw.as_str(), got.bad[0].value.as_deref()), ("x,2.7,1", Some("2.7")));
}

#[test]
fn headers_tell_drift_or_are_refused() {
    let got = read(&csv(abc()), b"a,new,,c\nx,1,2,3\n");
    assert_eq!(got.rows(), ["2 x|∅|300"]);
    assert_eq!(got.drift.unknown, ["new", "column 3 (without a name)"]);
    assert_eq!(got.drift.missing, ["b"]);
    let required = Column { required: true, ..column("b", integer()) };
    let got = read(&csv(vec![Column::text("a"), required]), b"a\nx\n");
    assert_eq!(got.reasons(), ["2 b: a value is required, and there is no \"b\""]);
    for (file, said) in [
        ("", "not even a header"),
        ("\n\n", "not even a header"),
        ("a,b,a\n", "names \"a\" twice"),
        ("a;b;c\n1;2;3\n", "none of the columns is in its header: a;b;c"),
        ("a,\"b\n", "its header: the quote that opens in line 1 is not closed"),
    ] {
        let failure = refused(&csv(abc()), file.as_bytes());
        assert!(failure.to_string().contains(said), "{file:?}: {failure}");
    }
    // A name to the letter wins over others.
    assert_eq!(read(&csv(abc()), b"a,b,C, c\n").failure, None);
    let failure = refused(&csv(abc()), b"a,b,C,C \n");
    assert!(failure.to_string().contains("twice"), "{failure}");
    let failure = refused(&csv(vec![Column::text("Id")]), b"ID,id\n");
    assert!(failure.to_string().contains("both \"ID\" and \"id\""), "{failure}");
}

#[test]
fn dialects_and_encodings_are_followed() {
    let plain = Dialect::default;
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let unit = |u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
        text.encode_utf16().flat_map(unit).collect()
    };
    let text = "a,b,c\né€,1,1\n";
    let mut marked = utf16("\u{feff}", true);
    marked.extend(utf16(text, true));
    for (dialect, file) in [
        (plain(), text.as_bytes().to_vec()),
        (plain(), format!("\u{feff}{text}").into_bytes()),
        (plain(), gzip(text.as_bytes())),
        (plain(), gzip(format!("\u{feff}{text}").as_bytes())),
        (plain(), [gzip(b"a,b,c\n"), gzip("é€,1,1\n".as_bytes())].concat()),
        (Dialect { encoding: "windows-1252".into(), ..plain() }, b"a,b,c\n\xe9\x80,1,1\n".to_vec()),
        (Dialect { encoding: "utf-16le".into(), ..plain() }, utf16(text, false)),
        (Dialect { encoding: "utf-16be".into(), ..plain() }, utf16(text, true)),
        (Dialect { encoding: "utf-16".into(), ..plain() }, marked.clone()),
        // The mark says more than the label.
        (plain(), marked),
        (Dialect { delimiter: ';', ..plain() }, "a;b;c\né€;1;1".into()),
        (Dialect { delimiter: '\t', quote: None, ..plain() }, "a\tb\tc\né€\t1\t1".into()),
        (Dialect { quote: Some('\''), ..plain() }, "a,b,c\n'é€',1,1".into()),
        (Dialect { header: false, skip_lines: 1, ..plain() }, "Report \"of\né€,1,1".into()),
    ] {
        let got = read(&dataset(Format::Csv(dialect.clone()), abc()), &file);
        assert_eq!(got.rows(), ["2 é€|1|100"], "{dialect:?} {got:?}");
        assert_eq!(got.bad, []);
    }
    let dialect = Dialect { skip_lines: 2, ..plain() };
    let got = read(&dataset(Format::Csv(dialect), abc()), b"Report\r\n\"\na,b,c\nx,1,1\n");
    assert_eq!(got.rows(), ["4 x|1|100"]);
    let dialect = Dialect { quote: None, ..plain() };
    let got = read(&dataset(Format::Csv(dialect), abc()), b"a,b,c\n\"x,1,1\n");
    assert_eq!(got.rows(), ["2 \"x|1|100"]);
    let dialect = Dialect { encoding: "klingon".into(), ..plain() };
    let failure = refused(&dataset(Format::Csv(dialect), abc()), b"a");
    assert!(failure.to_string().contains("there is no encoding \"klingon\""), "{failure}");
}

#[test]
fn malformed_bytes_make_a_bad_row_and_are_never_replaced() {
    let plain = Dialect::default;
    for (dialect, file, reason) in [
        (plain(), b"a,b,c\n\xff,1,1\ny,2,2\n".to_vec(), "not valid utf-8"),
        // Halves that would be whole without the quotes between.
        (plain(), b"a,b,c\n\"\xc3\",\"\xa9\",1\ny,2,2\n".to_vec(), "not valid utf-8"),
        (
            Dialect { encoding: "shift_jis".into(), ..plain() },
            b"a,b,c\n\x81\xff,1,1\ny,2,2\n".to_vec(),
            "not valid shift_jis",
        ),
    ] {
        let got = read(&dataset(Format::Csv(dialect), abc()), &file);
        assert_eq!(got.reasons(), [format!("2: {reason}")]);
        assert_eq!(got.rows(), ["3 y|2|200"]);
    }
    // Half a unit of UTF-16 at the end.
    let mut half: Vec<u8> = "a,b,c\nx,1,1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    half.push(0);
    let dialect = Dialect { encoding: "utf-16le".into(), ..plain() };
    let got = read(&dataset(Format::Csv(dialect), abc()), &half);
    assert_eq!(got.reasons(), ["2: not valid utf-16le"]);
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zé€0-9 ]{0,6}", "[a\"',;|\\t\\r\\n]{0,5}",]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What the csv crate writes comes back, and as the csv crate reads it.
    #[test]
    fn what_is_written_comes_back(
        rows in prop::collection::vec(prop::collection::vec(cell(), 3), 0..12),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        quote in prop::sample::select(vec!['"', '\'']),
        crlf in any::<bool>(),
        always in any::<bool>(),
        step in 1_usize..40,
    ) {
        let terminator = if crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
        let style = if always { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
        let mut writer = ::csv::WriterBuilder::new()
            .delimiter(delimiter as u8).quote(quote as u8).terminator(terminator)
            .quote_style(style).from_writer(vec![]);
        writer.write_record(["a", "b", "c"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let dialect = Dialect { delimiter, quote: Some(quote), ..Dialect::default() };
        let columns = ["a", "b", "c"].map(|name| Column { trim: false, ..Column::text(name) });
        let got = read_by(&dataset(Format::Csv(dialect), columns.to_vec()), &file, step);
        let shown = |cell: &String| if cell.is_empty() { "∅".to_owned() } else { cell.clone() };
        let expected: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        prop_assert_eq!(&got.bad, &vec![]);
        let cells: Vec<_> = got.good.iter().map(|(_, cells)| cells.clone()).collect();
        prop_assert_eq!(cells, expected);

        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter as u8).quote(quote as u8).from_reader(file.as_slice());
        let theirs: Vec<u64> = reader.byte_records()
            .map(|r| r.unwrap().position().unwrap().line()).collect();
        // The csv crate counts line feeds alone, and those of CRLF late.
        if !crlf && !rows.iter().flatten().any(|cell| cell.contains('\r')) {
            let ours: Vec<u64> = got.good.iter().map(|(line, _)| *line).collect();
            prop_assert_eq!(ours, theirs);
        }
    }

    /// Any bytes at all: the same in one piece and in many, and every line is accounted for.
    #[test]
    fn any_bytes_are_read_alike(
        file in "[ab,\"\\n\\r ]{0,60}", step in 1_usize..20,
    ) {
        let file = format!("a,b,c\n{file}");
        let columns = ["a", "b", "c"].map(Column::text).to_vec();
        let whole = read_by(&csv(columns.clone()), file.as_bytes(), 1 << 18);
        prop_assert_eq!(&read_by(&csv(columns), file.as_bytes(), step), &whole);
        prop_assert_eq!(&whole.failure, &None);
        let mut lines: Vec<u64> = whole.good.iter().map(|(line, _)| *line)
            .chain(whole.bad.iter().map(|bad| bad.line)).collect();
        let count = lines.len();
        lines.sort_unstable();
        lines.dedup();
        prop_assert_eq!(lines.len(), count, "a line is told twice");
    }
}
