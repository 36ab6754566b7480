//! What the demo's tables hold, compared with what its partner sent.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use crate::demo::FeedTruth;
use crate::model::{Failure, FailureClass, Shown};
use crate::silver::reader::{Reader, Session};

/// What can be counted of the tables.
#[derive(Debug, PartialEq, Eq)]
struct Tables {
    /// Name and category by id.
    products: BTreeMap<String, (String, String)>,
    sales: u64,
    set_aside: u64,
    /// Sales per day, from the sums.
    daily: BTreeMap<String, u64>,
    /// Sales and hundredths per category, from the sums.
    categories: BTreeMap<String, (u64, i64)>,
}

/// In what the tables of `silver` differ from the truth, in words; nothing, if in nothing.
pub(super) fn compare(silver: &Path, truth: &FeedTruth) -> Result<Vec<String>, Failure> {
    let reader = Reader::open(silver)?;
    let found = reader.read("comparing the tables with", || true, read)?;
    let found = found.ok_or_else(|| {
        Failure::new(FailureClass::NotFound, "comparing the tables with", "what was sent")
            .said("nothing was ever taken in")
    })?;
    let sent = told(truth);
    let mut wrong = Vec::new();
    differ(&mut wrong, "products", &found.products, &sent.products);
    differ(&mut wrong, "sales", &found.sales, &sent.sales);
    differ(&mut wrong, "rows set aside", &found.set_aside, &sent.set_aside);
    differ(&mut wrong, "sales per day", &found.daily, &sent.daily);
    differ(&mut wrong, "sales per category", &found.categories, &sent.categories);
    Ok(wrong)
}

/// The same in words for the end of the demo.
pub(super) fn verdict(truth: &FeedTruth, wrong: &[String]) -> String {
    let files = truth.files.len();
    let (days, products) = (truth.daily_count.len(), truth.products.len());
    let (sales, bad) = (truth.sales, truth.bad_rows);
    let words = format!(
        "The tables' side: {files} files came, with {sales} sales of {days} days, {products} \
         products and {bad} bad rows"
    );
    match wrong {
        [] => format!("{words}; the tables say the same.\n"),
        wrong => format!("{words}; the tables say something else.\n{}\n", wrong.join("\n")),
    }
}

fn differ<T: PartialEq + Debug>(wrong: &mut Vec<String>, what: &str, found: &T, sent: &T) {
    if found != sent {
        let words = format!("{what}: {found:?} instead of {sent:?}");
        wrong.push(Shown::limited(&words, 2_000).to_string());
    }
}

fn told(truth: &FeedTruth) -> Tables {
    let products = truth
        .products
        .iter()
        .map(|(id, product)| (id.clone(), (product.name.clone(), product.category.to_owned())));
    let categories = truth
        .category_sales
        .iter()
        .map(|(name, sales)| (name.clone(), (sales.count, sales.total_cents)));
    Tables {
        products: products.collect(),
        sales: truth.sales,
        set_aside: truth.bad_rows,
        daily: truth.daily_count.clone(),
        categories: categories.collect(),
    }
}

fn read(session: &Session) -> rusqlite::Result<Tables> {
    let connection = session.connection();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut products = connection.prepare(
        "SELECT product_id, product_name, category_name FROM products JOIN categories USING (category_id)",
    )?;
    let mut daily = connection.prepare("SELECT sale_date, count FROM sales_daily_count")?;
    let mut categories = connection.prepare(
        "SELECT category_name, count, total FROM sales_category_sales JOIN categories USING (category_id)",
    )?;
    Ok(Tables {
        products: products
            .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .collect::<rusqlite::Result<_>>()?,
        sales: count("SELECT count(*) FROM sales")?.cast_unsigned(),
        set_aside: count("SELECT count(*) FROM quarantine")?.cast_unsigned(),
        daily: daily
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
            .collect::<rusqlite::Result<_>>()?,
        categories: categories
            .query_map([], |row| {
                Ok((row.get(0)?, (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?)))
            })?
            .collect::<rusqlite::Result<_>>()?,
    })
}
