//! Definitions from files.

use super::*;
use crate::silver::read::infer::{infer, to_yaml};

fn of(name: &str, bytes: &[u8]) -> Dataset {
    infer(name, Box::new(std::io::Cursor::new(bytes.to_vec()))).unwrap()
}

/// `name kind` of each column, with `!` where a value is required.
fn shown(dataset: &Dataset) -> Vec<String> {
    let one = |column: &Column| {
        let kind = match &column.kind {
            ColumnKind::Decimal { scale, .. } => format!("decimal {scale}"),
            ColumnKind::Date { formats } => format!("date {}", formats.join(" ")),
            ColumnKind::Timestamp { formats, .. } => format!("timestamp {}", formats.join(" ")),
            other => format!("{other:?}").split(' ').next().unwrap_or_default().to_lowercase(),
        };
        let required = if column.required { "!" } else { "" };
        format!("{} {}{required}", column.name, kind.trim())
    };
    dataset.columns.iter().map(one).collect()
}

#[test]
fn the_seed_s_files_are_understood() {
    let sales = of(
        "sales_data_2026-05-01.csv",
        b"product_id,sale_date,quantity,price\r\nP001,2026-05-01,3,19.99\r\nP001,2026-05-01,,5\r\n",
    );
    assert_eq!(
        (sales.name.as_str(), &sales.files[..]),
        ("sales_data", &["sales_data_*.csv".to_owned()][..])
    );
    assert_eq!(sales.format, Format::Csv(Dialect::default()));
    assert_eq!(sales.key, Vec::<String>::new());
    assert_eq!(
        shown(&sales),
        ["product_id text!", "sale_date date!", "quantity integer", "price decimal 2!"]
    );
    let products = of(
        "product_info_20260501.json.gz",
        &gzip(
            br#"[{"product_id":"P001","product_name":"Product 1","category":"Books"},
            {"product_id":"P002","product_name":"Product 2","category":null}]"#,
        ),
    );
    assert_eq!(products.name, "product_info");
    assert_eq!(products.files, ["product_info_*.json.gz"]);
    assert_eq!(
        (&products.format, &products.key[..]),
        (&Format::Json, &["product_id".to_owned()][..])
    );
    assert_eq!(shown(&products), ["product_id text!", "product_name text!", "category text"]);
}

#[test]
fn kinds_are_the_narrowest_that_fit_and_never_guessed() {
    for (values, kind) in [
        (["true", "FALSE"], "boolean!"),
        (["1", "-2"], "integer!"),
        (["1", "2.125"], "decimal 3!"),
        (["1.5", "2"], "decimal 2!"),
        (["1e3", "2"], "real!"),
        (["007", "12"], "text!"),
        (["1,234.50", "2"], "text!"),
        (["2026-02-28", "2026-03-01"], "date!"),
        (["2026-02-30", "2026-03-01"], "text!"),
        (["31.12.2026", "01.01.2027"], "date %d.%m.%Y!"),
        (["12/31/2026", "01/01/2027"], "date %m/%d/%Y!"),
        (["03/04/2026", "01/01/2027"], "text!"),
        (["2026-01-01 08:00:00", "2026-01-01T08:00:00Z"], "timestamp!"),
        (["31.12.2026 08:00", "01.01.2027 09:30"], "timestamp %d.%m.%Y %H:%M!"),
        (["x", ""], "text"),
        (["", ""], "text"),
    ] {
        let file = format!("v;w\n{};1\n{};2\n", values[0], values[1]);
        let found = of("a.csv", file.as_bytes());
        assert_eq!(shown(&found)[0], format!("v {kind}"), "{values:?}");
    }
}

/// One bad row in forty is for the quarantine, and not for the definition.
#[test]
fn a_few_dirty_values_change_no_kind() {
    for (good, odd, kind) in [
        ("2026-05-01", "2026-02-30", "date!"),
        ("2026-05-01", "soon", "date!"),
        ("3", "many", "integer!"),
        ("12.50", "n/a", "decimal 2!"),
        ("3", "2.7", "decimal 2!"),
        ("P001", "3", "text!"),
    ] {
        for (bad, expected) in [(2, kind), (3, if odd == "2.7" { kind } else { "text!" })] {
            let rows = [vec![odd; bad], vec![good; 42 - bad]].concat().join("\n");
            let found = shown(&of("a.csv", format!("v\n{rows}\n").as_bytes()));
            assert_eq!(found, [format!("v {expected}")], "{bad} times {odd}");
        }
    }
}

#[test]
fn names_formats_and_keys_are_found() {
    let t = of("T 7.tsv", "Order ID\tpostCode\t\tid\n1\t7\tx\ta\n2\t7\ty\ta\n".as_bytes());
    let names: Vec<(&str, &str)> =
        t.columns.iter().map(|c| (c.name.as_str(), c.source.as_str())).collect();
    assert_eq!(
        names,
        [("order_id", "Order ID"), ("post_code", "postCode"), ("column", ""), ("id", "id")]
    );
    assert_eq!((t.name.as_str(), t.key[0].as_str()), ("t_7", "order_id"));
    assert_eq!(t.files, ["T 7.tsv"]);
    let t = of("x", b"a_id,b_id,n\n1,1,1\n1,2,1\n2,1,1\n");
    assert_eq!(t.key, ["a_id", "b_id"]);
    let t = of("x", b"a_id\n1\n");
    assert_eq!(t.key, Vec::<String>::new(), "one row tells nothing");
    let t = of("x.csv", b"P1,2026-01-01\nP2,2026-01-02\n");
    assert_eq!(shown(&t), ["column_1 text!", "column_2 date!"]);
    assert_eq!(t.format, Format::Csv(Dialect { header: false, ..Dialect::default() }));
    let t = of("x.csv", b"name;n\nM\xfcller;1\n");
    let encoding = "windows-1252".to_owned();
    assert_eq!(t.format, Format::Csv(Dialect { encoding, delimiter: ';', ..Dialect::default() }));
    let t = of("x.jsonl", b"{\"a\":1}\n{\"b\":{\"c\":2}}\n");
    assert_eq!(
        (t.format.clone(), shown(&t)),
        (Format::Ndjson, vec!["a integer".into(), "b text".into()])
    );
}

#[test]
fn the_beginning_of_a_large_file_is_enough() {
    let rows: String = (0..200_000).map(|n| format!("{n},{n}.50\n")).collect();
    let t = of("x.csv", format!("id,price\n{rows}").as_bytes());
    assert_eq!(
        (shown(&t), &t.key[..]),
        (vec!["id integer!".into(), "price decimal 2!".into()], &["id".to_owned()][..])
    );
    let rows: Vec<String> = (0..200_000).map(|n| format!("{{\"id\":{n}}}")).collect();
    let t = of("x.json", format!("[{}]", rows.join(",")).as_bytes());
    assert_eq!(shown(&t), ["id integer!"]);
}

#[test]
fn files_without_rows_are_refused() {
    for file in [&b""[..], b"a,b\n", b"[]", b"[{}]", b"{}\n", b"[{\"a\":1}", b"\n\n"] {
        let found = infer("x", Box::new(std::io::Cursor::new(file.to_vec())));
        assert!(found.is_err(), "{:?} {found:?}", String::from_utf8_lossy(file));
    }
}

#[test]
fn a_proposal_is_written_for_people() {
    let t = of("sales_2026-05-01.csv", b"Sale ID;day\n1;31.12.2026\n2;30.12.2026\n");
    let yaml = to_yaml(&t);
    assert!(yaml.ends_with(
        "datasets:\n  sales:\n    files: [\"sales_*.csv\"]\n    format: csv\n    delimiter: \";\"\n    \
         key: [sale_id]    # the last file wins\n    max_bad_percent: 50\n    columns:\n      \
         sale_id: { type: integer!, from: \"Sale ID\" }\n      \
         day: { type: date!, formats: [\"%d.%m.%Y\"] }\n"
    ), "{yaml}");
}
