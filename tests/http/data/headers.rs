//! Marks, links, compression, and what is not there.

use std::io::Read as _;

use super::shop::Shop;
use super::{Counter, parts};

#[tokio::test]
async fn who_has_a_page_is_not_sent_it_again_until_it_changes() {
    let counter = Counter::full().await;
    let first = counter.get("/sales?limit=5").await.expect(200);
    let mark = first.header("etag").to_owned();
    assert!(mark.starts_with("W/\"") && mark.ends_with('"'), "{mark}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.header("vary"), "accept-encoding");
    let strong = mark.trim_start_matches("W/").to_owned();
    for has in [&mark, &strong, &format!("\"x\", {mark}"), &"*".to_owned()] {
        let same = counter.get_with("/sales?limit=5", &[("if-none-match", has)]).await.expect(304);
        assert!(same.body.is_empty());
        assert_eq!(same.header("etag"), mark);
        assert_eq!(same.header("cache-control"), "private, no-cache");
        assert!(same.headers.contains_key("ratelimit-remaining"));
    }
    // Of every other page it says nothing.
    for path in ["/sales?limit=6", "/sales", "/datasets/sales?limit=5", "/sales?product_id=P001"] {
        counter.get_with(path, &[("if-none-match", &mark)]).await.expect(200);
    }
    // A cursor that is wrong stays wrong.
    let path = "/sales?cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    counter.get_with(path, &[("if-none-match", "*")]).await.expect(400);
    let change = "UPDATE datasets SET version = version + 1 WHERE name = ?";
    counter.shop.connection().execute(change, ["products"]).unwrap();
    counter.get_with("/sales?limit=5", &[("if-none-match", &mark)]).await.expect(304);
    counter.shop.connection().execute(change, ["sales"]).unwrap();
    let anew = counter.get_with("/sales?limit=5", &[("if-none-match", &mark)]).await.expect(200);
    assert_ne!(anew.header("etag"), mark);
    // The datasets themselves, and a whole one.
    for path in ["/datasets", "/datasets/odds/export"] {
        let mark = counter.get(path).await.expect(200).header("etag").to_owned();
        counter.get_with(path, &[("if-none-match", &mark)]).await.expect(304);
        counter
            .shop
            .connection()
            .execute("UPDATE datasets SET version = version + 1, bad_count = bad_count + 1", [])
            .unwrap();
        counter.get_with(path, &[("if-none-match", &mark)]).await.expect(200);
    }
    counter.end().await;
}

#[tokio::test]
async fn large_answers_are_compressed_for_whom_takes_it() {
    let counter = Counter::full().await;
    for path in ["/sales?limit=100", "/datasets", "/datasets/sales/export", "/openapi.json"] {
        let plain = counter.get(path).await.expect(200);
        assert!(plain.headers.get("content-encoding").is_none());
        let gzip = [("accept-encoding", "br, gzip;q=0.8")];
        let (answer, bytes) = counter.bytes(path, &gzip).await;
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-encoding"), "gzip", "{path}");
        assert!(answer.header("vary").contains("accept-encoding"));
        assert_eq!(answer.header("etag"), plain.header("etag"));
        assert!(bytes.len() < plain.body.len(), "{path}");
        let mut body = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut body).unwrap();
        assert_eq!(body, plain.body);
        // Who does not take it, does not get it.
        let refused = counter.get_with(path, &[("accept-encoding", "gzip;q=0")]).await;
        assert_eq!(refused.body, plain.body);
    }
    let small = counter.get_with("/sales?limit=1", &[("accept-encoding", "gzip")]).await;
    assert!(small.headers.get("content-encoding").is_none());
    counter.end().await;
}

#[tokio::test]
async fn a_head_has_the_headers_of_the_answer_and_nothing_else() {
    let counter = Counter::full().await;
    for path in ["/sales?limit=3", "/datasets", "/datasets/sales/export", "/openapi.json"] {
        let got = counter.get(path).await.expect(200);
        let head = counter.client.head(format!("{}{path}", counter.base)).send().await.unwrap();
        assert_eq!(head.status(), 200);
        for name in ["etag", "content-type", "link", "cache-control", "vary"] {
            assert_eq!(head.headers().get(name), got.headers.get(name), "{path} {name}");
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
    counter.end().await;
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    let mut shop = Shop::new();
    shop.datasets.retain(|dataset| dataset.name != "products");
    shop.datasets[0].rollups.retain(|rollup| rollup.name == "daily_count");
    let counter = Counter::of(shop).await;
    for path in [
        "/products",
        "/sales/product_daily_count",
        "/sales/category_sales",
        "/datasets/products",
        "/datasets/meta",
        "/datasets/landed",
        "/datasets/sqlite_master",
        "/datasets/products/export",
        "/datasets/Sales",
        "/datasets/sales%22",
        "/datasets//export",
    ] {
        counter.get(path).await.expect(404).problem();
    }
    for path in ["/sales", "/sales/daily_count", "/categories", "/datasets/sales"] {
        counter.get(path).await.expect(200);
    }
    counter.end().await;
}

#[tokio::test]
async fn the_datasets_say_what_they_are_and_where() {
    let counter = Counter::full().await;
    let c = counter.shop.connection();
    for (n, state) in ["ingested", "ingested", "refused"].iter().enumerate() {
        c.execute(
            "INSERT INTO landed (endpoint, path, name, sha256, size, bronze, landed_at, dataset,
                 rank, state, ingested_at)
             VALUES ('e', '/p', 'n', 'h', 1, 'b', 't', 'sales', 'r', ?1, ?2)",
            (state, format!("2026-05-0{}T00:00:00.000Z", n + 1)),
        )
        .unwrap();
    }
    let body = counter.get("/datasets").await.expect(200).json();
    let rows = body["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["odds", "products", "sales"]);
    let sales = &rows[2];
    assert_eq!((&sales["row_count"], &sales["file_count"]), (&997.into(), &2.into()));
    assert_eq!(sales["last_ingested_at"], "2026-05-02T00:00:00.000Z");
    assert_eq!(
        sales["filters"],
        serde_json::json!(["sale_id", "product_id", "sale_date", "category"])
    );
    assert_eq!(
        sales["columns"][4],
        serde_json::json!({ "name": "price", "type": "decimal", "scale": 2, "nullable": true })
    );
    for link in ["rows", "export"] {
        counter.get(sales["links"][link].as_str().unwrap()).await.expect(200);
    }
    // Page by page.
    let pages = counter.walk("/datasets", "rows", 1).await;
    assert_eq!(pages.len(), 3);
    let whole = counter.get("/datasets").await;
    assert_eq!(parts(&whole, "rows").0, pages.join(","));
    counter.end().await;
}
