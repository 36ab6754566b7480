//! What nobody should ask.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Counter, parts};

#[tokio::test]
async fn a_parameter_that_is_wrong_is_refused_and_what_was_expected_is_said() {
    let counter = Counter::full().await;
    let listings =
        ["/products", "/sales", "/categories", "/sales/filtered", "/datasets", "/datasets/odds"];
    for path in listings {
        for (query, words) in [
            ("limit=abc", "limit expects"),
            ("limit=-1", "limit expects"),
            ("limit=0", "limit expects"),
            ("limit=1001", "limit expects"),
            ("limit=", "limit expects"),
            ("limit", "limit expects"),
            ("limit=+5", "limit expects"),
            ("limit=05", "limit expects"),
            ("limit=5.0", "limit expects"),
            ("limit=99999999999999999999", "limit expects"),
            ("limit=5&limit=5", "twice"),
            ("cursor=", "cursor expects"),
            ("cursor=abc", "cursor expects"),
            ("cursor=10-10", "cursor expects"),
            ("cursor=%00", "cursor expects"),
            ("cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor expects"),
            ("nothing=1", "takes limit, cursor"),
            ("Limit=1", "takes limit, cursor"),
            ("limit=%zz", "percent-encoded"),
            ("limit=%ff", "percent-encoded"),
            ("%ff=1", "percent-encoded"),
        ] {
            let refused = counter.get(&format!("{path}?{query}")).await.expect(400).problem();
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(words), "{path}?{query}: {detail}");
        }
    }
    for (path, words) in [
        ("/sales/filtered?date=", "date expects"),
        ("/sales/filtered?date=2026-13", "date expects"),
        ("/sales/filtered?date=2026-02-30", "date expects"),
        ("/sales/filtered?date=2026-5-1", "date expects"),
        ("/sales/filtered?date=26", "date expects"),
        ("/sales/filtered?date=2026-05-01T00:00:00Z", "date expects"),
        ("/sales/filtered?date=+026-05", "date expects"),
        ("/sales/filtered?date=%D9%A2026", "date expects"),
        ("/sales/filtered?date=yesterday", "date expects"),
        ("/sales/filtered?category=", "category expects"),
        ("/sales/filtered?product_id=", "product_id expects"),
        ("/sales/filtered?sale_date=2026", "takes limit, cursor, date, product_id, category"),
        ("/sales?quantity=1", "takes limit"),
        ("/sales?sale_id=1.0", "sale_id expects"),
        ("/sales?sale_id=99999999999999999999", "sale_id expects"),
        ("/datasets/odds?amount=1.234", "amount expects"),
        ("/datasets/odds?amount=1e2", "amount expects"),
        ("/datasets/odds?amount=99999999999999999999", "amount expects"),
        ("/datasets/odds?ratio=NaN", "ratio expects"),
        ("/datasets/odds?ratio=inf", "ratio expects"),
        ("/datasets/odds?open=1", "open expects"),
        ("/datasets/odds?seen_at=2026-03-03T08:00:02", "seen_at expects"),
        ("/datasets/odds?seen_at=2026-03-03T25:00:02Z", "seen_at expects"),
        ("/datasets/odds?file=1", "takes limit"),
        ("/datasets/sales/export?limit=5", "takes format"),
        ("/datasets/sales/export?format=xml", "format expects"),
        ("/datasets/sales/export?format=", "format expects"),
    ] {
        let refused = counter.get(path).await.expect(400).problem();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{path}: {detail}");
    }
    let long = "x".repeat(1001);
    counter.get(&format!("/sales?product_id={long}")).await.expect(400).problem();
    // Strange, but no mistake.
    for path in [
        "/sales?product_id=%27%20OR%201=1--",
        "/sales?product_id=%00",
        "/sales?",
        "/sales?&&limit=3&",
        "/sales/filtered?category=%F0%9F%98%80",
    ] {
        let answer = counter.get(path).await.expect(200);
        if path.contains("product_id") {
            assert_eq!(parts(&answer, "sales").0, "");
        }
    }
    counter.end().await;
}

#[tokio::test]
async fn a_cursor_is_good_for_what_it_was_given_for_and_nothing_else() {
    let counter = Counter::full().await;
    let cursor =
        |answer: &crate::stand::Answer| answer.json()["next_cursor"].as_str().unwrap().to_owned();
    let of = cursor(&counter.get("/sales/filtered?category=Books").await);
    for path in [
        "/sales/filtered",
        "/sales/filtered?category=2",
        "/sales/filtered?category=Books&product_id=P000",
        "/sales/filtered?date=2026",
        "/sales",
        "/sales?category=Books",
        "/datasets/sales?category=Books",
        "/products",
        "/datasets",
        "/sales/daily_count",
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        counter.get(&format!("{path}{joint}cursor={of}")).await.expect(400).problem();
    }
    // The size of a page may change on the way.
    counter.get(&format!("/sales/filtered?category=Books&limit=3&cursor={of}")).await.expect(200);
    // A dataset's own route reads the same table in the same way.
    let of = cursor(&counter.get("/sales").await);
    counter.get(&format!("/sales?cursor={of}")).await.expect(200);
    // Another file has another key.
    let other = Counter::full().await;
    other.get(&format!("/sales?cursor={of}")).await.expect(400).problem();
    other.end().await;
    counter.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_a_cursor_it_is_refused() {
    let counter = Counter::full().await;
    let mut good = Vec::new();
    for path in [
        "/sales",
        "/products",
        "/sales/product_daily_count",
        "/sales/filtered?date=2025",
        "/datasets/odds",
    ] {
        let next = counter.get(path).await.json()["next_cursor"].as_str().unwrap().to_owned();
        good.push((path, next));
    }
    let (path, cursor) = (0..good.len(), any::<prop::sample::Index>());
    let with = "[A-Za-z0-9_=-]{0,3}|\\PC{0,2}";
    let cases = (path, cursor, any::<prop::sample::Index>(), with);
    let mut runner = TestRunner::new(Config { cases: 300, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let run = || {
        runner.run(&cases, |(n, from, to, with)| {
            let (path, cursor) = &good[n];
            let (a, b) = (from.index(cursor.len() + 1), to.index(cursor.len() + 1));
            let changed = format!("{}{with}{}", &cursor[..a.min(b)], &cursor[a.max(b)..]);
            prop_assume!(changed != *cursor);
            let changed =
                percent_encoding::utf8_percent_encode(&changed, percent_encoding::NON_ALPHANUMERIC);
            let joint = if path.contains('?') { '&' } else { '?' };
            let answer = handle.block_on(counter.get(&format!("{path}{joint}cursor={changed}")));
            prop_assert_eq!(answer.status, 400, "{:?}", answer);
            Ok(())
        })
    };
    tokio::task::block_in_place(run).unwrap();
    counter.end().await;
}

#[tokio::test]
async fn a_file_that_is_broken_is_503_until_it_is_mended_and_nothing_else_stops() {
    let shop = super::shop::Shop::new();
    std::fs::write(shop.path(), "no database at all, ".repeat(500)).unwrap();
    let counter = Counter::of(shop).await;
    for path in ["/sales", "/datasets", "/datasets/sales/export", "/sales/category_sales"] {
        let refused = counter.get(path).await.expect(503).problem();
        assert!(!refused.to_string().contains("silver.db"), "{refused}");
    }
    for path in ["/help", "/health", "/openapi.json"] {
        counter.get(path).await.expect(200);
    }
    std::fs::remove_file(counter.shop.path()).unwrap();
    counter.shop.make();
    counter.shop.fill();
    for path in ["/sales", "/datasets", "/datasets/sales/export", "/sales/category_sales"] {
        counter.get(path).await.expect(200);
    }
    counter.end().await;
}
