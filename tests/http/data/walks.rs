//! Every route, walked to its last page, against an account of its own.

use rusqlite::params;

use super::shop::{CATEGORIES, Sale, Shop, product, show};
use super::{Counter, paged, parts};

const LIMITS: [usize; 4] = [1, 7, 100, 1000];

#[tokio::test]
async fn every_route_shows_every_row_once_whatever_the_size_of_its_pages() {
    let counter = Counter::full().await;
    let shop = &counter.shop;
    let everything = shop.shown(|_| true);
    for (path, key, rows) in [
        ("/products", "products", shop.products(|_| true)),
        ("/datasets/products", "rows", shop.products(|_| true)),
        ("/sales", "sales", everything.clone()),
        ("/datasets/sales", "rows", everything.clone()),
        ("/sales/filtered", "filtered_sales", everything.clone()),
        ("/categories", "categories", shop.categories()),
        ("/sales/daily_count", "daily_sales_count", shop.daily(|_| true)),
        ("/sales/product_daily_count", "product_daily_sales_count", shop.product_daily()),
        ("/sales/category_sales", "category_sales", shop.category_sales()),
    ] {
        for limit in LIMITS {
            assert_eq!(counter.walk(path, key, limit).await, paged(&rows, limit), "{path} {limit}");
        }
        // Ten where nothing is said.
        let (first, _) = parts(&counter.get(path).await.expect(200), key);
        assert_eq!(first, paged(&rows, 10)[0]);
    }
    counter.end().await;
}

/// What one filter asks for, and which sales it means.
type Asked = (String, Box<dyn Fn(&Sale) -> bool>);

fn begins(sale: &Sale, with: &str) -> bool {
    sale.date.as_deref().is_some_and(|date| date.starts_with(with))
}

fn dates(day: &str) -> Vec<Asked> {
    let ask = |text: &str| -> Asked {
        let with = text.to_owned();
        (format!("date={text}"), Box::new(move |sale| begins(sale, &with)))
    };
    vec![ask(day), ask(&day[..7]), ask(&day[..4]), ask("1999"), ask("9999-12")]
}

#[tokio::test]
async fn filters_show_what_they_ask_for_in_all_combinations() {
    let counter = Counter::full().await;
    let shop = &counter.shop;
    let sample = shop.sales[17].clone();
    let id = product(sample.product);
    let mut all: [Vec<Asked>; 3] = [dates(&sample.date.unwrap()), vec![], vec![]];
    for n in [sample.product, 99] {
        all[1].push((format!("product_id={}", product(n)), Box::new(move |s| s.product == n)));
    }
    for (text, number) in [
        ("Books", 1),
        ("2", 2),
        // A name, though it looks like a number.
        ("7", 3),
        ("Home+%26%20%22Garden%22", 2),
        ("%E2%80%AEevil%1B", 4),
        ("%C3%9Cn%C3%AF", 5),
        ("nothing", 0),
        ("99999999999999999999999", 0),
    ] {
        all[2].push((format!("category={text}"), Box::new(move |s| s.category == Some(number))));
    }
    for group in &mut all {
        group.push((String::new(), Box::new(|_| true)));
    }
    let mut seen = 0;
    for date in &all[0] {
        for product in &all[1] {
            for category in &all[2] {
                let asked = [&date.0, &product.0, &category.0];
                let query: Vec<&str> =
                    asked.iter().map(|s| s.as_str()).filter(|s| !s.is_empty()).collect();
                let mut sales: Vec<Sale> = shop.sales.clone();
                sales.retain(|s| date.1(s) && product.1(s) && category.1(s));
                // A stretch of days is in the order of the days.
                let is_stretch = (8..16).contains(&date.0.len());
                if is_stretch {
                    sales.sort_by_key(|sale| (sale.date.clone(), sale.id));
                }
                let rows: Vec<String> = sales.iter().map(show).collect();
                seen += rows.len();
                let path = format!("/sales/filtered?{}", query.join("&"));
                for limit in [3, 1000] {
                    let pages = counter.walk(&path, "filtered_sales", limit).await;
                    let mut got: Vec<String> = pages;
                    if rows.is_empty() {
                        got.retain(|page| !page.is_empty());
                    }
                    let expected = if rows.is_empty() { vec![] } else { paged(&rows, limit) };
                    assert_eq!(got, expected, "{path} {limit}");
                }
            }
        }
    }
    assert!(seen > 1000, "the filters find something: {seen}");
    // The same by the columns' own names.
    let path = format!("/sales?product_id={id}&sale_date=2025");
    let mut sales = shop.sales.clone();
    sales.retain(|s| s.product == sample.product && begins(s, "2025"));
    sales.sort_by_key(|sale| (sale.date.clone(), sale.id));
    let rows: Vec<String> = sales.iter().map(show).collect();
    assert_eq!(counter.walk(&path, "sales", 4).await, paged(&rows, 4));
    let rows = shop.products(|n| n % 6 == 0);
    assert_eq!(counter.walk("/products?category=Books", "products", 2).await, paged(&rows, 2));
    let rows = shop.products(|n| n == 3);
    assert_eq!(counter.walk("/products?product_id=P003", "products", 2).await, paged(&rows, 2));
    let rows = shop.daily(|date| date.starts_with("2026-03"));
    let path = "/sales/daily_count?sale_date=2026-03";
    assert_eq!(counter.walk(path, "daily_sales_count", 2).await, paged(&rows, 2));
    assert_eq!(CATEGORIES.len(), 5);
    counter.end().await;
}

#[tokio::test]
async fn columns_of_every_kind_are_asked_by_their_own_values() {
    let counter = Counter::full().await;
    let connection = counter.shop.connection();
    for (query, sql) in [
        ("region=r3", "region = 'r3'"),
        ("amount=-0.5", "_amount_e2 = -50"),
        ("amount=0.25", "_amount_e2 = 25"),
        ("amount=0.250", "_amount_e2 = 25"),
        ("ratio=0.25", "ratio = 0.25"),
        ("ratio=13", "ratio = 13"),
        ("open=true", "open = 1"),
        ("open=false&size=-2", "open = 0 AND size = -2"),
        ("size=0&note=b+c", "size = 0 AND note = 'b c'"),
        ("note=%C3%BC%26%3D%2B%25", "note = 'ü&=+%'"),
        ("seen_at=2026-03", "seen_at LIKE '2026-03-%'"),
        ("seen_at=2026-03-03", "seen_at LIKE '2026-03-03T%'"),
        ("seen_at=2026-03-03T08:00:02Z", "seen_at = '2026-03-03T08:00:02.000000Z'"),
        ("seen_at=2026-03-03T08:00:02.00Z", "seen_at = '2026-03-03T08:00:02.000000Z'"),
        ("seen_at=2026&day=2025", "seen_at LIKE '2026-%' AND day LIKE '2025-%'"),
        ("day=2024-04&open=true", "day LIKE '2024-04-%' AND open"),
        ("region=r1&size=3", "region = 'r1' AND size = 3"),
    ] {
        let mut statement = connection
            .prepare(&format!("SELECT region, number FROM odds WHERE {sql} ORDER BY 1, 2"))
            .unwrap();
        let mut expected: Vec<(String, i64)> = statement
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(!expected.is_empty(), "{sql}");
        for limit in [2, 1000] {
            let pages = counter.walk(&format!("/datasets/odds?{query}"), "rows", limit).await;
            let rows: serde_json::Value =
                serde_json::from_str(&format!("[{}]", pages.join(","))).unwrap();
            let mut got: Vec<(String, i64)> = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|r| (r["region"].as_str().unwrap().into(), r["number"].as_i64().unwrap()))
                .collect();
            // In the order of the key or, for a stretch, of its column.
            got.sort();
            expected.sort();
            assert_eq!(got, expected, "{query} {limit}");
        }
    }
    let first = counter.get("/datasets/odds?limit=1").await.expect(200);
    assert!(
        first.body.starts_with(
            "{\"rows\":[{\"region\":\"r0\",\"number\":-300,\"amount\":-0.50,\"ratio\":0.0,\
             \"open\":true,\"seen_at\":\"2026-01-01T08:00:00.000000Z\",\"day\":\"2024-01-01\",\
             \"size\":-5,\"note\":\"a\"}]"
        ),
        "{first:?}"
    );
    counter.end().await;
}

#[tokio::test]
async fn rows_that_come_and_go_between_pages_move_no_others() {
    let counter = Counter::full().await;
    let connection = counter.shop.connection();
    let key = "sales";
    let (mut path, mut got, mut n) = ("/sales?limit=50".to_owned(), Vec::new(), 0_i64);
    loop {
        let answer = counter.get(&path).await.expect(200);
        let (rows, cursor) = parts(&answer, key);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&format!("[{rows}]")).unwrap();
        got.extend(rows.iter().map(|row| row["sale_id"].as_i64().unwrap()));
        let Some(cursor) = cursor else { break };
        // One at the front, one in the middle, and the last that was seen goes.
        for id in [1_000_000_000 - n, 1_000_000_600 + n, 2_000_000_900 + n] {
            connection
                .execute("INSERT INTO sales (sale_id, product_id) VALUES (?, 'P000')", params![id])
                .unwrap();
        }
        connection.execute("DELETE FROM sales WHERE sale_id = ?", [got[got.len() - 1]]).unwrap();
        n += 1;
        path = format!("/sales?limit=50&cursor={cursor}");
    }
    assert!(got.is_sorted_by(|a, b| a < b), "in order, none twice");
    for sale in &counter.shop.sales {
        assert!(got.contains(&sale.id), "none of the beginning is lost: {}", sale.id);
    }
    assert!(n > 15);
    counter.end().await;
}

#[tokio::test]
async fn before_the_first_file_everything_is_empty_and_then_it_is_there() {
    let counter = Counter::of(Shop::new()).await;
    let routes = [
        ("/products", "products"),
        ("/sales", "sales"),
        ("/categories", "categories"),
        ("/sales/daily_count", "daily_sales_count"),
        ("/sales/product_daily_count", "product_daily_sales_count"),
        ("/sales/category_sales", "category_sales"),
        ("/sales/filtered?date=2026&category=Books", "filtered_sales"),
        ("/datasets/odds?size=3", "rows"),
    ];
    let mut marks = Vec::new();
    for (path, key) in routes {
        let answer = counter.get(path).await.expect(200);
        assert_eq!(answer.body, format!("{{\"{key}\":[],\"next_cursor\":null}}\n"));
        marks.push(answer.header("etag").to_owned());
    }
    assert_eq!(counter.get("/datasets/sales/export").await.expect(200).body, "");
    let header = "product_id,product_name,category_id,category\r\n";
    let csv = counter.get("/datasets/products/export?format=csv").await.expect(200);
    assert_eq!(csv.body, header);
    assert_eq!(counter.get("/datasets").await.expect(200).json()["rows"][1]["row_count"], 0);
    // Half made: an empty file is nothing yet, either.
    std::fs::write(counter.shop.path(), b"").unwrap();
    counter.get("/sales").await.expect(200);
    counter.shop.make();
    for (path, _) in routes {
        counter.get(path).await.expect(200);
    }
    counter.shop.fill();
    for ((path, key), mark) in routes.into_iter().zip(marks) {
        let answer = counter.get_with(path, &[("if-none-match", &mark)]).await.expect(200);
        assert!(!parts(&answer, key).0.is_empty(), "{path}");
    }
    counter.end().await;
}

#[tokio::test]
async fn a_dictionary_that_another_dataset_named_is_the_same() {
    let shop = Shop::new();
    shop.make();
    let other = "ALTER TABLE categories RENAME COLUMN category_id TO kind_id;
                 ALTER TABLE categories RENAME COLUMN category_name TO kind_name";
    shop.connection().execute_batch(other).unwrap();
    shop.fill();
    let counter = Counter::of(shop).await;
    let shop = &counter.shop;
    assert_eq!(counter.walk("/categories", "categories", 2).await, paged(&shop.categories(), 2));
    let rows = shop.shown(|sale| sale.category == Some(1));
    let pages = counter.walk("/sales/filtered?category=Books", "filtered_sales", 50).await;
    assert_eq!(pages, paged(&rows, 50));
    counter.end().await;
}
