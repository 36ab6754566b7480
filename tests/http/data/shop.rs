//! A shop: products, sales with their sums, and a dataset of odd columns; and an
//! independent account of their rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use tempfile::TempDir;
use transship::model::{Carried, Column, ColumnKind, Dataset, Dialect, Format, Rollup, steerless};
use transship::silver::{Silver, schema};

/// A sale as it is kept.
#[derive(Clone, Debug)]
pub struct Sale {
    pub id: i64,
    pub product: usize,
    pub date: Option<String>,
    pub quantity: Option<i64>,
    /// In cents.
    pub price: Option<i64>,
    /// From 1.
    pub category: Option<usize>,
}

pub const CATEGORIES: [&str; 5] = ["Books", "Home & \"Garden\"", "7", "\u{202e}evil\x1b", "Ünï"];

pub struct Shop {
    folder: TempDir,
    pub datasets: Vec<Dataset>,
    pub sales: Vec<Sale>,
}

fn column(name: &str, kind: ColumnKind) -> Column {
    Column { kind, ..Column::text(name) }
}

fn indexed(column: Column) -> Column {
    Column { indexed: true, ..column }
}

pub fn datasets() -> Vec<Dataset> {
    let category = || Column { dictionary: Some("categories".into()), ..Column::text("category") };
    let carried = Carried { via: "product_id".into(), column: "category".into() };
    let rollup = |name: &str, by: &[&str], sum: &[&str]| Rollup {
        name: name.into(),
        by: by.iter().map(|s| (*s).into()).collect(),
        sum: sum.iter().map(|s| (*s).into()).collect(),
    };
    let dataset = |name: &str, columns, key: &[&str], rollups| Dataset {
        name: name.into(),
        files: vec![format!("{name}_*.csv")],
        format: Format::Csv(Dialect::default()),
        columns,
        key: key.iter().map(|s| (*s).into()).collect(),
        rollups,
        max_bad_percent: 50,
    };
    let integer = ColumnKind::Integer { min: None, max: None };
    let decimal = ColumnKind::Decimal { scale: 2, min: None, max: None };
    let date = ColumnKind::Date { formats: vec![] };
    let product_id = Column { required: true, ..Column::text("product_id") };
    let reference = Column { references: Some("products".into()), ..indexed(product_id.clone()) };
    vec![
        dataset(
            "products",
            vec![product_id, Column::text("product_name"), indexed(category())],
            &["product_id"],
            vec![],
        ),
        dataset(
            "sales",
            vec![
                reference,
                indexed(column("sale_date", date.clone())),
                column("quantity", integer.clone()),
                column("price", decimal.clone()),
                Column { carried: Some(carried), ..indexed(category()) },
            ],
            &[],
            vec![
                rollup("daily_count", &["sale_date"], &[]),
                rollup("product_daily_count", &["sale_date", "product_id"], &[]),
                rollup("category_sales", &["category"], &["quantity", "price"]),
            ],
        ),
        dataset(
            "odds",
            vec![
                Column { required: true, ..Column::text("region") },
                Column { required: true, ..column("number", integer.clone()) },
                indexed(column("amount", decimal)),
                indexed(column("ratio", ColumnKind::Real { min: None, max: None })),
                indexed(column("open", ColumnKind::Boolean { truths: vec![], falsehoods: vec![] })),
                indexed(column(
                    "seen_at",
                    ColumnKind::Timestamp { formats: vec![], timezone: None },
                )),
                indexed(column("day", date)),
                indexed(column("size", integer)),
                indexed(Column::text("note")),
            ],
            &["region", "number"],
            vec![],
        ),
    ]
}

impl Shop {
    /// Its definitions; there is no file yet.
    pub fn new() -> Self {
        Self { folder: super::folder(), datasets: datasets(), sales: sales(997) }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("silver.db")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes the tables, as the program does.
    pub fn make(&self) -> Silver {
        std::fs::create_dir_all(self.data_dir()).unwrap();
        Silver::open(&self.path(), &self.data_dir(), self.datasets.clone()).unwrap()
    }

    pub fn connection(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        connection
    }

    /// Puts all rows in, and the sums with them.
    pub fn fill(&self) {
        let mut connection = self.connection();
        let c = connection.transaction().unwrap();
        for (n, name) in CATEGORIES.iter().enumerate() {
            c.execute("INSERT INTO categories VALUES (?, ?)", params![n as i64 + 1, name]).unwrap();
        }
        for n in 0..23 {
            c.execute(
                "INSERT INTO products VALUES (?, ?, ?, 1, ?)",
                params![product(n), product_name(n), category_of(n).map(|n| n as i64), n as i64],
            )
            .unwrap();
        }
        for sale in &self.sales {
            c.execute(
                "INSERT INTO sales (sale_id, product_id, sale_date, quantity, _price_e2,
                     category_id) VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    sale.id,
                    product(sale.product),
                    sale.date,
                    sale.quantity,
                    sale.price,
                    sale.category.map(|n| n as i64)
                ],
            )
            .unwrap();
        }
        for n in 0..211_i64 {
            c.execute(
                "INSERT INTO odds (region, number, _amount_e2, ratio, open, seen_at, day, size,
                     note, file, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
                params![
                    format!("r{}", n % 7),
                    (n - 100) * 3,
                    n * 7 % 5 * 25 - 50,
                    n as f64 / 4.0,
                    n % 3 == 0,
                    format!("2026-{:02}-{:02}T08:00:{:02}.000000Z", n % 12 + 1, n % 28 + 1, n % 60),
                    format!("{}-{:02}-{:02}", 2024 + n % 3, n % 12 + 1, n % 28 + 1),
                    n % 11 - 5,
                    ["a", "b c", "ü&=+%", "x,\"y\""][n as usize % 4],
                    n
                ],
            )
            .unwrap();
        }
        for dataset in &self.datasets {
            c.execute(
                "UPDATE datasets SET version = version + 1, row_count = ? WHERE name = ?",
                params![count(&c, &dataset.name), dataset.name],
            )
            .unwrap();
            for rollup in &dataset.rollups {
                let table = format!("{}_{}", dataset.name, rollup.name);
                c.execute(
                    &format!("INSERT INTO {table} {}", schema::rollup_query(dataset, rollup)),
                    [],
                )
                .unwrap();
            }
        }
        c.commit().unwrap();
    }

    /// What `/sales` shows of those sales that are wanted, in the order of their numbers.
    pub fn shown(&self, wanted: impl Fn(&Sale) -> bool) -> Vec<String> {
        self.sales.iter().filter(|sale| wanted(sale)).map(show).collect()
    }

    pub fn products(&self, wanted: impl Fn(usize) -> bool) -> Vec<String> {
        (0..23)
            .filter(|n| wanted(*n))
            .map(|n| {
                let (id, name) = shown_category(category_of(n));
                format!(
                    "{{\"product_id\":\"{}\",\"product_name\":{},\"category_id\":{id},\
                     \"category\":{name}}}",
                    product(n),
                    text(&product_name(n)),
                )
            })
            .collect()
    }

    pub fn categories(&self) -> Vec<String> {
        let row = |(n, name): (usize, &&str)| {
            format!("{{\"category_id\":{},\"category\":{}}}", n + 1, text(name))
        };
        CATEGORIES.iter().enumerate().map(row).collect()
    }

    pub fn daily(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for sale in &self.sales {
            *counts.entry(sale.date.clone().unwrap_or_default()).or_default() += 1;
        }
        let wanted = counts.iter().filter(|(date, _)| wanted(date));
        wanted
            .map(|(date, n)| format!("{{\"sale_date\":{},\"count\":{n}}}", date_or_null(date)))
            .collect()
    }

    pub fn product_daily(&self) -> Vec<String> {
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        for sale in &self.sales {
            let key = (sale.date.clone().unwrap_or_default(), product(sale.product));
            *counts.entry(key).or_default() += 1;
        }
        let row = |((date, product), n): (&(String, String), &u64)| {
            let date = date_or_null(date);
            format!("{{\"sale_date\":{date},\"product_id\":\"{product}\",\"count\":{n}}}")
        };
        counts.iter().map(row).collect()
    }

    pub fn category_sales(&self) -> Vec<String> {
        let mut sums: BTreeMap<i64, (i64, u64)> = BTreeMap::new();
        for sale in &self.sales {
            let sum = sums.entry(sale.category.map_or(-1, |n| n as i64)).or_default();
            sum.0 += sale.quantity.zip(sale.price).map_or(0, |(n, price)| n * price);
            sum.1 += 1;
        }
        let row = |(id, (total, n)): (&i64, &(i64, u64))| {
            let (_, name) = shown_category(usize::try_from(*id).ok());
            let total = cents(*total);
            format!("{{\"category\":{name},\"total_sales\":{total},\"total_count\":{n}}}")
        };
        sums.iter().map(row).collect()
    }
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

pub fn product(n: usize) -> String {
    format!("P{n:03}")
}

fn product_name(n: usize) -> String {
    match n {
        3 => "quote \" back\\slash \r\n\t\u{7f}".into(),
        4 => "\u{200b}zero\u{2028}".into(),
        n => format!("Product {n}"),
    }
}

fn category_of(n: usize) -> Option<usize> {
    (n % 6 != 5).then_some(n % 6 + 1)
}

fn sales(n: i64) -> Vec<Sale> {
    let mut seed: u64 = 42;
    let mut next = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    (0..n)
        .map(|n| {
            let product = next(23) as usize;
            let (year, month, day) = (2025 + next(2), next(12) + 1, next(9) + 1);
            Sale {
                // Two files.
                id: (1 + n / 500) * 1_000_000_000 + n % 500 + 2,
                product,
                date: (next(20) > 0).then(|| format!("{year}-{month:02}-{day:02}")),
                quantity: (next(15) > 0).then(|| next(9) as i64 - 1),
                price: (next(15) > 0).then(|| next(30_000) as i64 - 100),
                category: category_of(product),
            }
        })
        .collect()
}

fn text(text: &str) -> String {
    steerless(&serde_json::to_string(text).unwrap())
}

fn date_or_null(date: &str) -> String {
    if date.is_empty() { "null".into() } else { format!("\"{date}\"") }
}

fn or_null(n: Option<impl ToString>) -> String {
    n.map_or_else(|| "null".into(), |n| n.to_string())
}

/// Written by another way than the program's.
pub fn cents(n: i64) -> String {
    format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100)
}

fn shown_category(n: Option<usize>) -> (String, String) {
    (or_null(n), n.map_or_else(|| "null".into(), |n| text(CATEGORIES[n - 1])))
}

pub fn show(sale: &Sale) -> String {
    let (id, name) = shown_category(sale.category);
    format!(
        "{{\"sale_id\":{},\"product_id\":\"{}\",\"sale_date\":{},\"quantity\":{},\"price\":{},\
         \"category_id\":{id},\"category\":{name}}}",
        sale.id,
        product(sale.product),
        date_or_null(sale.date.as_deref().unwrap_or_default()),
        or_null(sale.quantity),
        or_null(sale.price.map(cents)),
    )
}
