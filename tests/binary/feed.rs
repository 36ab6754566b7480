//! The partner's feed, taken in by the real program: the tables say what the feed's own
//! book says, which no parser has seen.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row};
use transship::demo::{FeedOperation, FeedOptions, FeedTruth};

use crate::support::program::Site;

const DATASETS: &str = r#"
    datasets:
      products: { files: "product_info_*.json", format: json, key: [product_id], columns: { product_id: text!, product_name: text, category: text } }
      sales: { files: "sales_data_*.{csv,csv.gz}", format: csv, columns: { product_id: { type: text, required: true, references: products }, sale_date: date!, quantity: { type: integer, min: 0 }, price: { type: decimal, scale: 2 } } }
"#;

async fn shop(feed: FeedOptions) -> Site {
    let site = Site::with(|options| options.feed = Some(feed)).await;
    let access = site.stand_ins.feed().unwrap();
    let (host, port, host_key) = (&access.host, access.port, &access.host_key);
    let yaml = format!(
        "database: {{ url: \"sqlite:///./data/connector.db\" }}
log: {{ file: ./logs/connector.log }}
limits: {{ min_free_mb: 1 }}
clients:
  feed: {{ type: sftp, host: {host}, port: {port}, username: whoever, password: whatever, host_key: \"{host_key}\" }}
endpoints:
  - name: Shop feed
    endpoint_type: sftp
    project_id: shop
    user_id: us
    client: feed
    endpoint_details: {{ directory: /outgoing, include_subfolders: true, settle_seconds: 0 }}
{DATASETS}"
    );
    std::fs::write(site.folder().join("connector.yaml"), yaml).unwrap();
    site
}

/// What can be counted, on either side.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    sales: i64,
    daily: BTreeMap<String, i64>,
    product_daily: BTreeMap<(String, String), i64>,
    categories: BTreeMap<String, (i64, i64)>,
    products: BTreeMap<String, (String, String)>,
    /// File and line of what was set aside.
    bad: BTreeSet<(String, i64)>,
}

fn told(truth: &FeedTruth) -> Counted {
    let mut told = Counted { sales: truth.sales as i64, ..Counted::default() };
    told.daily.extend(truth.daily_count.iter().map(|(day, n)| (day.clone(), *n as i64)));
    for (day, counts) in &truth.product_daily_count {
        let counts = counts.iter();
        told.product_daily.extend(counts.map(|(p, n)| ((day.clone(), p.clone()), *n as i64)));
    }
    for (name, sales) in &truth.category_sales {
        told.categories.insert(name.clone(), (sales.count as i64, sales.total_cents));
    }
    for (id, product) in &truth.products {
        told.products.insert(id.clone(), (product.name.clone(), product.category.to_owned()));
    }
    for book in truth.files.iter().filter(|book| book.repeats.is_none()) {
        told.bad.extend(book.bad.iter().map(|bad| (book.name.clone(), bad.line as i64)));
    }
    told
}

/// The tables; `sums`: the counts from the sums that are kept, else from the rows.
fn found(site: &Site, sums: bool) -> Counted {
    let tables = Connection::open(site.folder().join("data/silver.db")).unwrap();
    fn all<T: FromIterator<U>, U>(
        tables: &Connection,
        sql: &str,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<U>,
    ) -> T {
        let mut statement = tables.prepare(sql).unwrap();
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }
    let [daily, product_daily, categories] = if sums {
        [
            "SELECT sale_date, count FROM sales_daily_count",
            "SELECT sale_date, product_id, count FROM sales_product_daily_count",
            "SELECT category_name, count, total
             FROM sales_category_sales JOIN categories USING (category_id)",
        ]
    } else {
        [
            "SELECT sale_date, count(*) FROM sales GROUP BY 1",
            "SELECT sale_date, product_id, count(*) FROM sales GROUP BY 1, 2",
            "SELECT category_name, count(*), sum(coalesce(quantity * _price_e2, 0))
             FROM sales JOIN categories USING (category_id) GROUP BY 1",
        ]
    };
    Counted {
        sales: tables.query_row("SELECT count(*) FROM sales", [], |row| row.get(0)).unwrap(),
        daily: all(&tables, daily, |r| Ok((r.get(0)?, r.get(1)?))),
        product_daily: all(&tables, product_daily, |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?))),
        categories: all(&tables, categories, |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?)))),
        products: all(
            &tables,
            "SELECT product_id, product_name, category_name
             FROM products JOIN categories USING (category_id)",
            |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))),
        ),
        bad: all(
            &tables,
            "SELECT landed.name, line FROM quarantine JOIN landed ON landed.id = file",
            |r| Ok((r.get(0)?, r.get(1)?)),
        ),
    }
}

fn assert_right(site: &Site, when: &str) {
    let truth = told(&site.world().feed().truth());
    assert!(found(site, true) == truth, "{when}: the sums");
    assert!(found(site, false) == truth, "{when}: the rows");
}

#[tokio::test]
async fn the_tables_say_what_the_partner_s_book_says() {
    let feed =
        FeedOptions { days: 40, dirty_percent: 20.0, gzip: true, seed: 5, ..Default::default() };
    let site = shop(feed).await;
    site.run(&["ingest"]).await.expect(0);
    assert_right(&site, "at first");

    let feed = site.world().feed();
    for operation in [
        FeedOperation::AddDay { ruined: false, late: false },
        FeedOperation::AddDay { ruined: true, late: false },
        FeedOperation::AddDay { ruined: false, late: true },
        FeedOperation::Copy {
            name: "sales_data_2025-01-02.csv".to_owned(),
            to: "sub/sales_data_2025-03-30_again.csv".to_owned(),
        },
        FeedOperation::Remove { name: "sales_data_2025-01-01.csv".to_owned() },
    ] {
        feed.apply(operation).unwrap();
    }
    // One file is refused, and needs a person.
    site.run(&["ingest"]).await.expect(5);
    assert_right(&site, "after more files");
    site.run(&["ingest", "--again"]).await.expect(5);
    assert_right(&site, "taken in again");
}
