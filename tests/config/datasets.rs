//! `datasets:`, at top level and at the endpoints.

use proptest::prelude::*;
use transship::model::{Carried, Column, ColumnKind, Dataset, Dialect, Format, Rollup};

use transship::silver::read::infer::to_yaml;

use super::{EXAMPLE, PIN, mistakes, six, valid};

const CLIENT: &str = "clients:\n  feed: { type: sftp, host: h, username: u, agent: true, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }\n";

/// The surface's own example.
const SHOP: &str = r#"endpoints:
  - name: Shop feed
    endpoint_type: sftp
    client: feed
    endpoint_details: { directory: /outgoing, pattern: "*.{csv,json}", include_subfolders: true }
    datasets:
      products: { files: "product_info_*.json", format: json, key: [product_id], columns: { product_id: text!, product_name: text, category: text } }
      sales: { files: "sales_data_*.csv", format: csv, columns: { product_id: { type: text, required: true, references: products }, sale_date: date!, quantity: { type: integer, min: 0 }, price: { type: decimal, scale: 2 } } }
"#;

fn endpoints(datasets: &str) -> String {
    format!(
        "{CLIENT}datasets:\n{datasets}endpoints:\n  - {{ name: a, endpoint_type: sftp, client: feed, datasets: [t] }}\n"
    )
}

/// The dataset `t` of these lines.
fn dataset(lines: &str) -> Dataset {
    let config = valid(&endpoints(lines), &[]);
    config.endpoints[0].datasets[0].clone()
}

#[test]
fn the_surface_s_example_is_the_seed() {
    let config = valid(&format!("{CLIENT}{SHOP}"), &[]);
    let [products, sales] = config.endpoints[0].datasets.as_slice() else { panic!("not two") };
    let required = |name: &str| Column { required: true, ..Column::text(name) };
    let category =
        Column { dictionary: Some("categories".into()), indexed: true, ..Column::text("category") };
    assert_eq!(
        *products,
        Dataset {
            name: "products".into(),
            files: vec!["product_info_*.json".into()],
            format: Format::Json,
            columns: vec![required("product_id"), Column::text("product_name"), category.clone()],
            key: vec!["product_id".into()],
            rollups: vec![],
            max_bad_percent: 50,
        }
    );
    let rollup = |name: &str, by: &[&str], sum: &[&str]| Rollup {
        name: name.into(),
        by: by.iter().map(|n| (*n).into()).collect(),
        sum: sum.iter().map(|n| (*n).into()).collect(),
    };
    let of = |name: &str, kind| Column { kind, ..Column::text(name) };
    let carried = Some(Carried { via: "product_id".into(), column: "category".into() });
    assert_eq!(
        *sales,
        Dataset {
            name: "sales".into(),
            files: vec!["sales_data_*.csv".into()],
            format: Format::Csv(Dialect::default()),
            columns: vec![
                Column {
                    references: Some("products".into()),
                    indexed: true,
                    ..required("product_id")
                },
                Column {
                    required: true,
                    indexed: true,
                    ..of("sale_date", ColumnKind::Date { formats: vec![] })
                },
                of("quantity", ColumnKind::Integer { min: Some(0), max: None }),
                of("price", ColumnKind::Decimal { scale: 2, min: None, max: None }),
                Column { carried, ..category },
            ],
            key: vec![],
            rollups: vec![
                rollup("daily_count", &["sale_date"], &[]),
                rollup("product_daily_count", &["sale_date", "product_id"], &[]),
                rollup("category_sales", &["category"], &["quantity", "price"]),
            ],
            max_bad_percent: 50,
        }
    );
    // At top level, in the other order, and named by two endpoints: the same.
    let top = "datasets:\n  sales: { files: \"sales_data_*.csv\", columns: { product_id: { type: text!, references: products }, sale_date: date!, quantity: { type: integer, min: 0 }, price: decimal } }\n  products: { files: \"product_info_*.json\", key: product_id, columns: { product_id: text, product_name:, category: text } }\nendpoints:\n  - { name: a, endpoint_type: sftp, client: feed, datasets: [products, sales] }\n  - { name: b, endpoint_type: sftp, client: feed, datasets: sales }\n";
    let config = valid(&format!("{CLIENT}{top}"), &[]);
    assert_eq!(config.endpoints[0].datasets, [products.clone(), sales.clone()]);
    assert_eq!(config.endpoints[1].datasets.as_slice(), std::slice::from_ref(sales));
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn everything_can_be_said() {
    let all = r#"  t:
    files: [a.tsv, "b_*.{txt,gz}"]
    format: csv
    encoding: windows-1252
    delimiter: tab
    quote: none
    header: false
    skip_lines: 2
    key: [select, when]
    max_bad_percent: 5
    rollups: { by_group: { by: [group], sum: select }, plain: { by: when } }
    columns:
      select: { type: integer, from: "No.", min: -1, max: 5, nulls: ["-", "NULL"] }
      when: { type: timestamp, formats: ["%d.%m.%Y %H:%M"], timezone: Europe/Berlin }
      group: { type: text, max_length: 8, trim: false, default: none, dictionary: groups }
      ok: { type: boolean!, true_values: [J, 1], false_values: N }
      weight: { type: real, min: 0.5 }
      amount: { type: decimal, scale: 3, min: -1.5, max: "10", default: 0 }
      day: { type: date, format: "%d.%m.%Y", indexed: true }
"#;
    let t = dataset(all);
    let dialect = Dialect {
        delimiter: '\t',
        quote: None,
        encoding: "windows-1252".into(),
        header: false,
        skip_lines: 2,
    };
    assert_eq!(t.format, Format::Csv(dialect));
    assert_eq!(t.files, ["a.tsv", "b_*.{txt,gz}"]);
    assert_eq!((t.key.as_slice(), t.max_bad_percent), (&["select".into(), "when".into()][..], 5));
    let [select, when, group, ok, weight, amount, day] = t.columns.as_slice() else { panic!() };
    assert_eq!(select.kind, ColumnKind::Integer { min: Some(-1), max: Some(5) });
    assert_eq!((select.source.as_str(), select.required), ("No.", true));
    assert_eq!(select.nulls, ["-", "NULL"]);
    let formats = vec!["%d.%m.%Y %H:%M".into()];
    let timezone = Some("Europe/Berlin".into());
    assert_eq!(when.kind, ColumnKind::Timestamp { formats, timezone });
    assert_eq!((when.required, when.indexed), (true, true));
    assert_eq!(group.kind, ColumnKind::Text { max_length: Some(8) });
    assert_eq!((group.trim, group.default.as_deref()), (false, Some("none")));
    assert_eq!((group.dictionary.as_deref(), group.indexed), (Some("groups"), true));
    let truths = vec!["j".into(), "1".into()];
    assert_eq!(ok.kind, ColumnKind::Boolean { truths, falsehoods: vec!["n".into()] });
    assert!(ok.required);
    assert_eq!(weight.kind, ColumnKind::Real { min: Some(0.5), max: None });
    assert_eq!(amount.kind, ColumnKind::Decimal { scale: 3, min: Some(-1500), max: Some(10_000) });
    assert_eq!(day.kind, ColumnKind::Date { formats: vec!["%d.%m.%Y".into()] });
    assert!(day.indexed && !weight.indexed);
    assert_eq!(t.rollups[0].sum, ["select"]);
}

#[test]
fn what_is_said_wins_over_what_is_known() {
    let products = "  p: { files: p, key: k, columns: { k: text, category: { type: text, dictionary: kinds } } }\n";
    let t = dataset(&format!(
        "{products}  t: {{ files: t, rollups: {{}}, columns: {{ k: {{ references: p }}, d: date, quantity: integer, price: decimal }} }}\n"
    ));
    assert_eq!(t.rollups, []);
    assert_eq!(t.column("category").unwrap().dictionary.as_deref(), Some("kinds"));
    let t = dataset(&format!(
        "{products}  t: {{ files: t, columns: {{ k: {{ references: p }}, category: integer }} }}\n"
    ));
    assert_eq!(t.column("category").unwrap().carried, None);
    let t = dataset(&format!(
        "{products}  t: {{ files: t, columns: {{ k: {{ references: p }}, kind: {{ carried: {{ via: k, column: category }} }} }} }}\n"
    ));
    let kind = t.column("kind").unwrap();
    assert_eq!((kind.dictionary.as_deref(), kind.carried.is_some()), (Some("kinds"), true));
    // Without a key there is nothing to look a category up by.
    let t = dataset("  t: { files: t, columns: { category: text } }\n");
    assert_eq!(t.column("category").unwrap().dictionary, None);
    // A format is told by the patterns' endings.
    for (files, format) in [
        ("'*.ndjson'", Format::Ndjson),
        ("'*.{jsonl,NDJSON}.gz'", Format::Ndjson),
        ("'*.json.gz'", Format::Json),
        ("['*.json', '*.csv']", Format::Csv(Dialect::default())),
        ("data", Format::Csv(Dialect::default())),
    ] {
        let t = dataset(&format!("  t: {{ files: {files}, columns: {{ a: }} }}\n"));
        assert_eq!(t.format, format, "{files}");
    }
}

#[test]
fn patterns_that_overlap_are_unwise() {
    let config = valid(
        &format!(
            "{CLIENT}endpoints:\n  - name: a\n    endpoint_type: sftp\n    client: feed\n    datasets:\n      s: {{ files: 'sales_*', columns: {{ a: }} }}\n      t: {{ files: '*.csv', columns: {{ a: }} }}\n"
        ),
        &[],
    );
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    let words = "endpoints[0].datasets: \"sales_*\" of s and \"*.csv\" of t: a name can fit both, and the first one gets the file";
    assert!(warning.ends_with(words), "{warning}");
}

#[test]
fn every_mistake_of_a_dataset_has_its_place() {
    // The lines below `datasets:`, which is line 3.
    let mut wrong = String::new();
    for (lines, expected) in [
        (
            "  t: { files: a, rollups: { r: { by: [total] } }, columns: { total: } }\n",
            "4:39: datasets.t.rollups.r.by: \"total\": its name is that of a column the rollup's table has itself",
        ),
        // A definition that is wrong is there all the same.
        (
            "  t: { files: a, columns: { a: { references: p } } }\n  p: { files: p, columns: [k] }\n",
            "5:27: datasets.p.columns: expected a mapping, found a list",
        ),
        ("  t: 7\n", "4:6: datasets.t: expected a mapping, found a single value"),
        (
            "  t: { columns: { a: } }\n",
            "4:6: datasets.t.files is missing: expected the names of its files, as in \"sales_*.csv\"",
        ),
        (
            "  t: { files: a/b, columns: { a: } }\n",
            "4:15: datasets.t.files: a pattern is for names alone, not for folders, found \"a/b\"",
        ),
        (
            "  t: { files: a }\n",
            "4:6: datasets.t.columns is missing: expected its columns, as in { product_id: text!, price: … }",
        ),
        (
            "  t: { files: a, columns: { a: }, rollup: {} }\n",
            "4:35: unknown key \"rollup\" in datasets.t (did you mean \"rollups\"?)",
        ),
        (
            "  t: { files: a, columns: { a: strnig } }\n",
            "4:32: datasets.t.columns.a.type: expected text, integer, decimal, real, boolean, date or timestamp, found \"strnig\"",
        ),
        (
            "  t: { files: a, columns: { a: integr! } }\n",
            "4:32: datasets.t.columns.a.type: expected text, integer, decimal, real, boolean, date or timestamp, found \"integr\" (did you mean \"integer\"?)",
        ),
        (
            "  t: { files: a, columns: { a: { typ: text } } }\n",
            "4:34: unknown key \"typ\" in datasets.t.columns.a (did you mean \"type\"?)",
        ),
        (
            "  t: { files: a, columns: { Product ID: text } }\n",
            "4:29: datasets.t.columns.Product ID: \"Product ID\" is no name for a column: expected a letter, then letters, digits and _, at most 60 (its name in the file belongs in from)",
        ),
        (
            "  t: { files: a, columns: { rowid: text } }\n",
            "4:29: datasets.t.columns.rowid: is what SQLite calls the number of a row",
        ),
        (
            "  1t: { files: a, columns: { a: } }\n  t: { files: a, columns: { a: } }\n",
            "4:3: datasets.1t: \"1t\" is no name for a dataset: expected a letter, then letters, digits and _, at most 60",
        ),
        (
            "  Landed: { files: a, columns: { a: } }\n  t: { files: a, columns: { a: } }\n",
            "4:3: datasets.Landed: \"Landed\" is the name of a table that is there already",
        ),
        (
            "  sqlite_x: { files: a, columns: { a: } }\n  t: { files: a, columns: { a: } }\n",
            "4:3: datasets.sqlite_x: \"sqlite_x\" is the name of a table that is there already",
        ),
        (
            "  t: { files: a, columns: { a: { min: 1 } } }\n",
            "4:34: datasets.t.columns.a.min: is only for columns of type integer, decimal, real",
        ),
        (
            "  t: { files: a, columns: { a: { type: integer, min: 2, max: 1 } } }\n",
            "4:54: datasets.t.columns.a.min: \"2\" is more than max, \"1\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: integer, min: x } } }\n",
            "4:54: datasets.t.columns.a.min: expected a whole number, found \"x\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: decimal, max: 1.005 } } }\n",
            "4:54: datasets.t.columns.a.max: expected a number with at most 2 places after the point, found \"1.005\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: decimal, scale: 13 } } }\n",
            "4:56: datasets.t.columns.a.scale: expected a whole number from 0 to 12, found \"13\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: date, format: '%d.%m' } } }\n",
            "4:54: datasets.t.columns.a.format: expected a format, as in \"%d.%m.%Y\", found \"%d.%m\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: date, format: 'dd.mm.yyyy' } } }\n",
            "4:54: datasets.t.columns.a.format: expected a format, as in \"%d.%m.%Y\", found \"dd.mm.yyyy\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: date, formats: ['%Q'] } } }\n",
            "4:56: datasets.t.columns.a.formats: expected a format, as in \"%d.%m.%Y\", found \"%Q\"",
        ),
        (
            "  t: { files: a, columns: { a: { type: timestamp, timezone: Europe/Berln } } }\n",
            "4:61: datasets.t.columns.a.timezone: expected the name of a time zone, as in \"America/Chicago\", found \"Europe/Berln\" (did you mean \"Europe/Berlin\"?)",
        ),
        (
            "  t: { files: a, columns: { a: { type: integer, default: none } } }\n",
            "4:58: datasets.t.columns.a.default: \"none\" is no value of this column: it is not a whole number",
        ),
        (
            "  t: { files: a, columns: { a: { type: boolean, true_values: [x], false_values: [X] } } }\n",
            "4:82: datasets.t.columns.a.false_values: \"x\" means true already",
        ),
        (
            "  t: { files: a, encoding: utf8x, columns: { a: } }\n",
            "4:28: datasets.t.encoding: expected an encoding, as in \"utf-8\" or \"windows-1252\", found \"utf8x\" (did you mean \"utf-8\"?)",
        ),
        (
            "  t: { files: a, delimiter: '||', columns: { a: } }\n",
            "4:29: datasets.t.delimiter: expected one ASCII character or tab, found \"||\"",
        ),
        (
            "  t: { files: a, quote: ',', columns: { a: } }\n",
            "4:6: datasets.t.quote: is the same character as the delimiter",
        ),
        (
            "  t: { files: a.json, header: false, columns: { a: } }\n",
            "4:23: datasets.t.header: is for csv alone; JSON is UTF-8 and says the rest",
        ),
        (
            "  t: { files: a, max_bad_percent: 101, columns: { a: } }\n",
            "4:35: datasets.t.max_bad_percent: expected a whole number from 0 to 100, found \"101\"",
        ),
        (
            "  t: { files: a, key: [idd], columns: { id: } }\n",
            "4:24: datasets.t.key: there is no column \"idd\" (did you mean \"id\"?)",
        ),
        (
            "  t: { files: a, key: [id], columns: { id: real } }\n",
            "4:24: datasets.t.key: \"id\": floating-point numbers tell no rows apart",
        ),
        (
            "  t: { files: a, columns: { a: { references: tt } } }\n",
            "4:46: datasets.t.columns.a.references: there is no dataset \"tt\" (did you mean \"t\"?)",
        ),
        (
            "  t: { files: a, columns: { a: { references: p } } }\n  p: { files: p, columns: { k: } }\n",
            "4:46: datasets.t.columns.a.references: \"p\" has 0 key columns; expected a dataset with exactly one",
        ),
        (
            "  t: { files: a, columns: { a: { type: integer, references: p } } }\n  p: { files: p, key: k, columns: { k: } }\n",
            "4:61: datasets.t.columns.a.references: \"p\" is keyed by a column of type text, not integer",
        ),
        (
            "  t: { files: a, key: k, columns: { k: { references: t } } }\n",
            "4:54: datasets.t.columns.k.references: datasets reference each other in a circle, so none could go first",
        ),
        (
            "  t: { files: a, key: k, columns: { k: { references: p } } }\n  p: { files: p, key: k, columns: { k: { references: t } } }\n",
            "4:54: datasets.t.columns.k.references: datasets reference each other in a circle, so none could go first",
        ),
        (
            "  t: { files: a, columns: { a: { carried: { via: b, column: c } }, b: } }\n",
            "4:50: datasets.t.columns.a.carried.via: \"b\" is no column of this dataset that references another one",
        ),
        (
            "  t: { files: a, columns: { a: { carried: { via: b, column: c } }, b: { references: p } } }\n  p: { files: p, key: k, columns: { k: } }\n",
            "4:61: datasets.t.columns.a.carried.column: \"c\" is no column of p",
        ),
        (
            "  t: { files: a, columns: { a: { required: true, carried: { via: b, column: k } }, b: { references: p } } }\n  p: { files: p, key: k, columns: { k: } }\n",
            "4:34: datasets.t.columns.a.required: a carried column is as it is where it comes from",
        ),
        (
            "  t: { files: a, columns: { a: { type: integer, dictionary: as } } }\n",
            "4:61: datasets.t.columns.a.dictionary: only text columns have a dictionary",
        ),
        (
            "  t: { files: a, rollups: { r: { by: [b] } }, columns: { a: } }\n",
            "4:39: datasets.t.rollups.r.by: there is no column \"b\"",
        ),
        (
            "  t: { files: a, rollups: { r: { by: [a], sum: [a] } }, columns: { a: } }\n",
            "4:49: datasets.t.rollups.r.sum: \"a\": only integers and decimals can be summed up exactly",
        ),
        (
            "  t: { files: a, rollups: { r: {} }, columns: { a: } }\n",
            "4:32: datasets.t.rollups.r.by is missing: expected the columns that make a group",
        ),
        (
            "  t: { files: a, rollups: { r: { by: [a] } }, columns: { a: } }\n  t_r: { files: b, columns: { a: } }\n",
            "4:29: the rollup r of t and the table of dataset t_r would both be called \"t_r\"",
        ),
        (
            "  t: { files: a, columns: { a: { dictionary: u } } }\n  U: { files: b, columns: { a: } }\n",
            "4:46: the dictionary of t.a and the table of dataset U would both be called \"u\"",
        ),
        (
            "  t: { files: a, columns: { a: { dictionary: u }, b: { dictionary: u } } }\n",
            "4:68: the dictionary of t.b and the dictionary of t.a would both be called \"u\"",
        ),
        (
            "  t: { files: a, rollups: { a: { by: [a] } }, columns: { a: } }\n",
            "4:58: the index of t.a and the rollup a of t would both be called \"t_a\"",
        ),
        (
            "  t: { files: a, columns: { a: { dictionary: u }, a_id: } }\n",
            "4:51: datasets.t.columns.a_id: \"a_id\" is taken by a",
        ),
        (
            "  t: { files: a, columns: { a:, A: { from: b } } }\n",
            "4:33: datasets.t.columns.A: \"a\" is taken by a",
        ),
        (
            "  t: { files: a, key: file, columns: { file: } }\n",
            "4:40: datasets.t.columns.file: \"file\" is taken by the file that a row comes from",
        ),
        (
            "  t: { files: a, columns: { a:, b: { from: a } } }\n",
            "4:33: datasets.t.columns.b: a is read from \"a\" already",
        ),
    ] {
        let found = mistakes(&endpoints(lines));
        if !(found.len() == 1 && found[0].starts_with(expected)) {
            wrong.push_str(&format!("{lines}expected [{expected:?}]\n  found {found:#?}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn one_name_has_one_definition() {
    let one = |more: &str| {
        format!(
            "  - name: e{more}\n    endpoint_type: sftp\n    client: feed\n    datasets:\n      t: {{ files: '*', columns: {{ a: {more} }} }}\n"
        )
    };
    let same =
        format!("{CLIENT}endpoints:\n{}{}", one("text"), one("text").replace("etext", "other"));
    assert_eq!(valid(&same, &[]).endpoints.len(), 2);
    let differs = format!("{CLIENT}endpoints:\n{}{}", one("text"), one("date"));
    assert_eq!(
        mistakes(&differs),
        ["13:7: endpoints[1].datasets.t: another definition of this name stands in line 8 already"]
    );
    let more = one("b").replace("a: b }", "a: text }, rollups: { r: { by: a } }");
    let differs = format!("{CLIENT}endpoints:\n{}{more}", one("text"));
    assert_eq!(mistakes(&differs).len(), 1, "rollups are part of a definition");
}

#[test]
fn words_of_sql_are_names_like_any_other() {
    let t = dataset(
        "  t: { files: '*', key: select, columns: { select: integer, from: text, order: date, group: { from: GROUP BY } } }\n  table: { files: x, columns: { index: { type: integer, references: t } } }\n",
    );
    let names: Vec<&str> = t.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["select", "from", "order", "group"]);
}

/// The example's lines from the one that says `first` to the next empty one, without the
/// marks that make comments of them.
fn uncommented(first: &str) -> String {
    let lines = EXAMPLE.lines().skip_while(|line| line.trim() != format!("# {first}"));
    let lines = lines.take_while(|line| !line.trim().is_empty());
    lines.map(|line| line.replacen("# ", "", 1) + "\n").collect()
}

#[test]
fn the_example_s_feed_is_valid_and_the_seed() {
    let start = EXAMPLE.find("\nendpoints:").unwrap();
    let (client, feed) = (uncommented("feed:"), uncommented("- name: Shop feed"));
    let (before, endpoints) = EXAMPLE.split_at(start);
    let clients = before.replacen("\nclients:\n", &format!("\nclients:\n{client}"), 1);
    let mut variables = six();
    variables.extend([
        ("SLATE_SFTP_HOST_KEY", PIN),
        ("FEED_HOST_KEY", PIN),
        ("FEED_PASSWORD", "x"),
    ]);
    let config = valid(&format!("{clients}{endpoints}\n{feed}"), &variables);
    assert_eq!(config.warnings, Vec::<String>::new());
    let seed = valid(&format!("{CLIENT}{SHOP}"), &[]);
    assert_eq!(config.endpoints[1].datasets, seed.endpoints[0].datasets);
}

/// The datasets of a configuration that holds what these are written as.
fn written(datasets: &[&Dataset]) -> Vec<Dataset> {
    let bodies: String = datasets
        .iter()
        .map(|dataset| {
            let yaml = to_yaml(dataset);
            yaml.split_once("datasets:\n").unwrap().1.to_owned()
        })
        .collect();
    let names: Vec<&str> = datasets.iter().map(|dataset| dataset.name.as_str()).collect();
    let text = format!(
        "{CLIENT}datasets:\n{bodies}endpoints:\n  - {{ name: a, endpoint_type: sftp, client: feed, datasets: [{}] }}\n",
        names.join(", ")
    );
    valid(&text, &[]).endpoints.remove(0).datasets
}

#[test]
fn the_seed_is_written_as_it_is_read() {
    let config = valid(&format!("{CLIENT}{SHOP}"), &[]);
    let seed = &config.endpoints[0].datasets;
    assert_eq!(written(&[&seed[0], &seed[1]]), *seed);
}

fn kind() -> impl Strategy<Value = ColumnKind> {
    let word = "[a-z]{1,4}";
    let words = prop::collection::vec(word, 0..2);
    let format = prop::sample::select(vec!["%d.%m.%Y", "%Y%m%d", "%m/%d/%y"]);
    let formats = prop::collection::vec(format.prop_map(str::to_owned), 0..3);
    prop_oneof![
        prop::option::of(1_usize..100).prop_map(|max_length| ColumnKind::Text { max_length }),
        (prop::option::of(-9_i64..0), prop::option::of(any::<u32>()))
            .prop_map(|(min, max)| ColumnKind::Integer { min, max: max.map(i64::from) }),
        (0_u8..=12, prop::option::of(any::<i64>())).prop_map(|(scale, min)| ColumnKind::Decimal {
            scale,
            min,
            max: None
        }),
        prop::option::of(-1e300_f64..1e300).prop_map(|max| ColumnKind::Real { min: None, max }),
        words.prop_map(|truths| ColumnKind::Boolean { truths, falsehoods: vec!["0".into()] }),
        formats.clone().prop_map(|formats| ColumnKind::Date { formats }),
        (formats, prop::sample::select(vec![None, Some("Europe/Berlin".to_owned())]))
            .prop_map(|(formats, timezone)| ColumnKind::Timestamp { formats, timezone }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever can be defined can be written down and read again.
    #[test]
    fn definitions_are_written_as_they_are_read(
        kinds in prop::collection::vec(kind(), 1..6),
        source in "[^\\p{C}]{1,12}|\\$\\{X\\}|[\\t\"\\\\':#-]{1,4}",
        flags in any::<[bool; 4]>(),
        delimiter in prop::sample::select(vec![',', ';', '\t', '"', '\\', ' ', '$']),
    ) {
        let names = ["null", "yes", "order", "a", "b", "c"];
        let mut columns: Vec<Column> = kinds.into_iter().zip(names)
            .map(|(kind, name)| Column { kind, ..Column::text(name) }).collect();
        let [required, trim, indexed, header] = flags;
        columns[0] = Column { required, trim, indexed, source: source.clone(), ..columns[0].clone() };
        // A text that is empty for the configuration is not said at all.
        let extra = Column {
            nulls: vec![source.clone(), "NULL".into()], default: Some("x".into()), ..Column::text("z")
        };
        columns.push(extra);
        let quote = (delimiter != '"').then_some('"');
        let dialect = Dialect { delimiter, quote, header, skip_lines: 3, ..Dialect::default() };
        let dataset = Dataset {
            name: "on".into(), files: vec![format!("{}*", source.replace('/', "_"))],
            format: Format::Csv(dialect), columns, key: vec![], rollups: vec![], max_bad_percent: 7,
        };
        prop_assume!(!names.contains(&source.as_str()) && source != "z" && source != "x");
        prop_assert_eq!(written(&[&dataset]), vec![dataset]);
    }
}
