//! A data folder, its `silver.db`, and a partner whose files land in it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Value;
use tokio_util::sync::CancellationToken;
use transship::model::{
    Carried, Column, ColumnKind, Dataset, Dialect, Failure, Format, Rollup, Sha256,
};
use transship::silver::{Feeds, IngestTotals, Ingested, NewLanded, SetBack, Silver, schema};

pub struct Stand {
    pub folder: tempfile::TempDir,
    pub silver: Silver,
    exports: i64,
}

impl Stand {
    pub fn new(feeds: impl Into<Feeds>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let silver = Silver::open(&folder.path().join("silver.db"), folder.path(), feeds).unwrap();
        Self { folder, silver, exports: 0 }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("silver.db")
    }

    /// The program once more, with these definitions.
    pub fn reopen(&mut self, feeds: impl Into<Feeds>) {
        let elsewhere = Silver::open(
            &self.folder.path().join("other.db"),
            self.folder.path(),
            Vec::<Dataset>::new(),
        );
        self.silver = elsewhere.unwrap();
        self.silver = Silver::open(&self.path(), self.folder.path(), feeds).unwrap();
    }

    /// Puts bytes into bronze, as what lay at the partner.
    pub fn bronze(&mut self, endpoint: &str, path: &str, changed: i64, bytes: &[u8]) -> NewLanded {
        let sha256 = Sha256::of(bytes);
        let bronze = format!("bronze/{}/{sha256}", &sha256[..2]);
        let at = self.folder.path().join(&bronze);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, bytes).unwrap();
        self.exports += 1;
        NewLanded {
            export: Some(self.exports),
            endpoint: endpoint.into(),
            path: path.into(),
            name: path.rsplit('/').next().unwrap().into(),
            sha256,
            size: bytes.len() as u64,
            bronze,
            changed_at: Some(Timestamp::from_second(changed).unwrap()),
        }
    }

    /// The same, booked as landed. Gives the file's number.
    pub async fn land(&mut self, path: &str, changed: i64, text: &str) -> i64 {
        let file = self.bronze("partner", path, changed, text.as_bytes());
        assert_eq!(self.silver.land(vec![file]).await.unwrap(), 1);
        self.one("SELECT max(id) FROM landed")
    }

    pub async fn try_ingest(
        &self,
        endpoints: &[&str],
    ) -> (Result<IngestTotals, Failure>, Vec<Ingested>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let endpoints: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        let progress = move |file| heard.lock().unwrap().push(file);
        let totals = self.silver.ingest(&endpoints, progress, CancellationToken::new()).await;
        (totals, std::mem::take(&mut told.lock().unwrap()))
    }

    /// Takes in all that waits, and looks whether the books agree with the rows.
    pub async fn ingest(&self) -> Vec<Ingested> {
        let (totals, told) = self.try_ingest(&[]).await;
        let mut counted = IngestTotals::default();
        told.iter().for_each(|file| counted.add(file));
        assert_eq!(totals.unwrap(), counted);
        self.check();
        told
    }

    /// Lands a file, and takes it in. Gives what became of it.
    pub async fn arrive(&mut self, path: &str, changed: i64, text: &str) -> Ingested {
        let id = self.land(path, changed, text).await;
        let told = self.ingest().await;
        told.into_iter().find(|file| file.file == id).unwrap()
    }

    pub async fn again(&self, which: SetBack) -> u64 {
        self.silver.set_back(which).await.unwrap()
    }

    pub fn read(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.read().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Rows as text, cells with `|` between.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.read(), sql)
    }

    pub fn states(&self) -> Vec<String> {
        self.rows("SELECT state FROM landed ORDER BY id")
    }

    /// Each row of the sales without its number.
    pub fn sales(&self) -> Vec<String> {
        self.rows(
            "SELECT product_id, sale_date, quantity, _price_e2, category_name FROM sales
             LEFT JOIN categories USING (category_id) ORDER BY sale_id",
        )
    }

    pub fn products(&self) -> Vec<String> {
        self.rows(
            "SELECT product_id, product_name, category_name, file, line FROM products
             LEFT JOIN categories USING (category_id) ORDER BY product_id",
        )
    }

    /// What has to be true at any moment.
    pub fn check(&self) {
        check(&self.read());
    }
}

pub fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let width = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cell = |n| match row.get::<_, Value>(n).unwrap() {
            Value::Null => "-".into(),
            Value::Integer(n) => n.to_string(),
            Value::Real(n) => n.to_string(),
            Value::Text(text) => text,
            Value::Blob(bytes) => format!("{bytes:?}"),
        };
        Ok((0..width).map(cell).collect::<Vec<_>>().join("|"))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Rollups equal the sums over the rows; counts equal what is counted; every row is of a
/// file that is in; nothing is set aside twice or for nobody.
pub fn check(connection: &Connection) {
    assert_eq!(rows(connection, "PRAGMA integrity_check"), ["ok"]);
    let definitions = rows(connection, "SELECT definition FROM datasets");
    for definition in definitions {
        let dataset: Dataset = serde_json::from_str(&definition).unwrap();
        let name = &dataset.name;
        for rollup in &dataset.rollups {
            let table = format!("{name}_{}", rollup.name).replace('"', "\"\"");
            let mut kept = rows(connection, &format!("SELECT * FROM \"{table}\""));
            let mut summed = rows(connection, &schema::rollup_query(&dataset, rollup));
            kept.sort();
            summed.sort();
            assert_eq!(kept, summed, "{table}");
        }
        let file = match dataset.key.is_empty() {
            true => format!("\"{}\" / 1000000000", dataset.row_id()),
            false => "file".into(),
        };
        let lost = format!(
            "SELECT count(*) FROM \"{name}\" WHERE NOT EXISTS (SELECT 1 FROM landed
                 WHERE id = {file} AND definition IS NOT NULL AND dataset = '{name}')"
        );
        assert_eq!(rows(connection, &lost), ["0"], "{name}: rows of files that are not in");
        let counts = format!(
            "SELECT row_count - (SELECT count(*) FROM \"{name}\"),
                 bad_count - (SELECT coalesce(sum(rows_bad), 0) FROM landed WHERE dataset = datasets.name)
             FROM datasets WHERE name = '{name}'"
        );
        assert_eq!(rows(connection, &counts), ["0|0"], "{name}: the dataset's own counts");
    }
    let wrong = rows(
        connection,
        "SELECT id, state, rows_bad, count(file) AS listed FROM landed
         LEFT JOIN quarantine ON file = id GROUP BY id
         HAVING listed <> min(rows_bad, iif(state = 'refused', 10000, rows_bad))",
    );
    assert_eq!(wrong, Vec::<String>::new(), "files with other bad rows than are listed");
}

pub fn column(name: &str, kind: ColumnKind) -> Column {
    Column { kind, ..Column::text(name) }
}

pub fn whole() -> ColumnKind {
    ColumnKind::Integer { min: None, max: None }
}

pub fn dataset(name: &str, columns: Vec<Column>) -> Dataset {
    Dataset {
        name: name.into(),
        files: vec![format!("{name}*")],
        format: Format::Csv(Dialect::default()),
        columns,
        key: Vec::new(),
        rollups: Vec::new(),
        max_bad_percent: 50,
    }
}

fn rollup(name: &str, by: &[&str], sum: &[&str]) -> Rollup {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Rollup { name: name.into(), by: names(by), sum: names(sum) }
}

pub fn products() -> Dataset {
    let category = Column { dictionary: Some("categories".into()), ..Column::text("category") };
    let id = Column { required: true, ..Column::text("product_id") };
    Dataset {
        key: vec!["product_id".into()],
        ..dataset("products", vec![id, Column::text("product_name"), category])
    }
}

pub fn sales() -> Dataset {
    let carried = Carried { via: "product_id".into(), column: "category".into() };
    let mut columns = vec![
        Column {
            required: true,
            references: Some("products".into()),
            ..Column::text("product_id")
        },
        column("sale_date", ColumnKind::Date { formats: Vec::new() }),
        column("quantity", whole()),
        column("price", ColumnKind::Decimal { scale: 2, min: None, max: None }),
        Column {
            dictionary: Some("categories".into()),
            carried: Some(carried),
            ..Column::text("category")
        },
    ];
    for at in [0, 1, 4] {
        columns[at].indexed = true;
    }
    Dataset {
        rollups: vec![
            rollup("daily_count", &["sale_date"], &[]),
            rollup("product_daily_count", &["sale_date", "product_id"], &[]),
            rollup("category_sales", &["category"], &["quantity", "price"]),
        ],
        ..dataset("sales", columns)
    }
}

/// Prices by article and day: a key of two columns, with a sum.
pub fn prices() -> Dataset {
    let mut columns = vec![
        Column { required: true, ..Column::text("article") },
        Column { required: true, ..column("shop", whole()) },
        column("amount", whole()),
    ];
    columns[2].indexed = true;
    Dataset {
        key: vec!["article".into(), "shop".into()],
        rollups: vec![rollup("by_shop", &["shop"], &["amount"]), rollup("all", &["amount"], &[])],
        ..dataset("prices", columns)
    }
}

pub fn seed() -> Vec<Dataset> {
    vec![sales(), products()]
}

pub const PRODUCTS: &str = "product_id,product_name,category\nP1,Lamp,Home\nP2,Novel,Books\n";
pub const SALES: &str = "product_id,sale_date,quantity,price\n";
