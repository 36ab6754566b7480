//! Many readers while files are taken in.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use transship::model::Sha256;
use transship::silver::{NewLanded, Silver};

use super::Counter;
use super::shop::{Shop, product};

/// Files, and rows of each: whatever is not a multiple of it is torn.
const FILES: usize = 25;
const ROWS: usize = 400;

/// What is asked, in turn.
const ROUTES: usize = 7;

async fn land(shop: &Shop, silver: &Silver, n: usize, name: &str, text: &str) {
    let bronze = format!("bronze-{n}");
    std::fs::write(shop.data_dir().join(&bronze), text).unwrap();
    let file = NewLanded {
        export: Some(n as i64),
        endpoint: "shop".into(),
        path: format!("/{name}"),
        name: name.into(),
        sha256: Sha256::of(text.as_bytes()),
        size: text.len() as u64,
        bronze,
        changed_at: None,
    };
    silver.land(vec![file]).await.unwrap();
    let totals = silver.ingest(&[], |_| {}, CancellationToken::new()).await.unwrap();
    assert_eq!(totals.ingested, 1, "{totals:?}");
}

async fn take_in(shop: &Shop, silver: &Silver) {
    let mut products = "product_id,product_name,category\n".to_owned();
    for n in 0..23 {
        products += &format!("{},Product {n},Category {}\n", product(n), n % 4);
    }
    land(shop, silver, 1_000, "products_2026-01-01.csv", &products).await;
    for n in 0..FILES {
        let mut sales = "product_id,sale_date,quantity,price\n".to_owned();
        for line in 0..ROWS {
            let (id, day) = (product(line % 23), line % 28 + 1);
            sales += &format!("{id},2026-{:02}-{day:02},{},{n}.05\n", n % 12 + 1, line % 7);
        }
        land(shop, silver, n, &format!("sales_{n}.csv"), &sales).await;
    }
}

/// What must be a multiple of a file's rows, by one route.
async fn counted(counter: &Counter, turn: usize) -> (String, u64) {
    let sum = |rows: &serde_json::Value, name: &str| -> u64 {
        rows.as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
    };
    let path = [
        "/sales/category_sales?limit=1000",
        "/sales/daily_count?limit=1000",
        "/datasets/sales/export",
        "/datasets",
        "/sales?limit=1000",
        "/sales/filtered?product_id=P003&limit=1000",
        "/sales/filtered?product_id=P003&date=2026-01&limit=1000",
    ][turn % ROUTES];
    let answer = counter.get(path).await.expect(200);
    let n = match turn % ROUTES {
        0 => sum(&answer.json()["category_sales"], "total_count"),
        1 => sum(&answer.json()["daily_sales_count"], "count"),
        2 => answer.body.lines().count() as u64,
        3 => answer.json()["rows"][2]["row_count"].as_u64().unwrap(),
        // Whole files, or the page is full.
        4 => match answer.json()["sales"].as_array().unwrap().len() {
            1000 => 0,
            n => n as u64,
        },
        _ => {
            let n = answer.json()["filtered_sales"].as_array().unwrap().len();
            // P003 is in a file once in 23 lines.
            n as u64 / (ROWS as u64 / 23 + 1) * ROWS as u64
        }
    };
    (path.to_owned(), n)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_beside_a_writer_see_whole_files_and_never_an_error() {
    let shop = Shop::new();
    let silver = shop.make();
    let counter = Counter::of(shop).await;
    let done = AtomicBool::new(false);
    let (counter, done) = (&counter, &done);
    let reader = |first: usize| async move {
        let (mut turn, mut most) = (first, [0; ROUTES]);
        while !done.load(Ordering::Relaxed) {
            let (path, n) = counted(counter, turn).await;
            assert_eq!(n % ROWS as u64, 0, "{path} is torn: {n}");
            if turn % ROUTES != 4 {
                assert!(n >= most[turn % ROUTES], "{path} goes back: {n}");
                most[turn % ROUTES] = n;
            }
            turn += 1;
        }
        turn - first
    };
    let writer = async {
        take_in(&counter.shop, &silver).await;
        done.store(true, Ordering::Relaxed);
    };
    let (turns, ()) = tokio::join!(futures::future::join_all((0..ROUTES).map(reader)), writer);
    assert!(turns.iter().sum::<usize>() > FILES, "they did read meanwhile: {turns:?}");
    for turn in [0, 1, 2, 3] {
        assert_eq!(counted(counter, turn).await.1, (FILES * ROWS) as u64);
    }
    // And page by page all of them, each once.
    let pages = counter.walk("/sales", "sales", 333).await.join(",");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&format!("[{pages}]")).unwrap();
    assert_eq!(rows.len(), FILES * ROWS);
    assert!(rows.is_sorted_by_key(|row| row["sale_id"].as_i64().unwrap()));
}
