//! Killed at any moment, while files come: in the end every row is in once, and nothing
//! was let go of over there that is not safe here.

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use transship::model::Sha256;

use crate::desk::{product_file, sales_file};
use crate::site::Site;

/// How often the program is killed, unless `ROUNDS` says otherwise.
const ROUNDS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_takes_every_row_in_once() {
    story("leave").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_deletes_only_what_is_safe() {
    story("delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_moves_only_what_is_safe() {
    story("{ move: ../done }").await;
}

async fn story(after_fetch: &str) {
    let from_environment =
        |name| std::env::var(name).ok().map(|text: String| text.parse().unwrap());
    let seed: u64 = from_environment("SEED").unwrap_or_else(rand::random);
    let rounds = from_environment("ROUNDS").map_or(ROUNDS, |rounds| rounds as u32);
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let site = Site::new(after_fetch);
    let mut contents: Vec<String> = Vec::new();
    let (mut rows, mut products) = (0, 50);
    contents.push(product_file(0..products));
    site.put("product_info_0.json", &contents[0]);
    let begun = Instant::now();
    site.run(&["ingest"]).await.expect(0);
    let mut typical = begun.elapsed();
    let mut killed = 0;
    for round in 1..=rounds {
        for file in 0..random.random_range(1..5) {
            let of = random.random_range(1..400);
            // No two of the same bytes: those would be one.
            let day = format!("2026-{:02}-{:02}", 1 + round % 12, 1 + file);
            let text =
                sales_file(&day, 0..products.min(of)) + &format!("P1,{day},{round},{file}.00\r\n");
            rows += i64::from(products.min(of)) + 1;
            site.put(&format!("sales_data_{round}_{file}.csv"), &text);
            contents.push(text);
        }
        products += random.random_range(1..20);
        contents.push(product_file(0..products));
        site.put(&format!("product_info_{round}.json"), &contents[contents.len() - 1]);
        let mut run = site.start(&["ingest"]);
        if !run.ends_within(typical.mul_f64(random.random_range(0.1..1.3))).await {
            run.kill().await;
            killed += 1;
        } else {
            // Runs become quicker as the machine does.
            typical = typical.mul_f64(0.8);
        }
    }
    assert!(killed > 0, "nothing was interrupted");
    for _ in 0..2 {
        let ran = site.run(&["ingest"]).await;
        assert_eq!(ran.code, 0, "{ran:#?}\n{}", site.log());
    }
    let number = |sql: &str| site.number("silver.db", sql);
    assert_eq!(number("SELECT count(*) FROM sales"), rows);
    assert_eq!(number("SELECT count(*) FROM products"), i64::from(products));
    assert_eq!(number("SELECT count(*) FROM quarantine"), 0);
    assert_eq!(number("SELECT count(*) FROM landed"), contents.len() as i64);
    assert_eq!(number("SELECT count(*) FROM landed WHERE state <> 'ingested'"), 0);
    for content in &contents {
        let hash = Sha256::of(content.as_bytes());
        let place = format!("bronze/{}/{hash}", &hash[..2]);
        assert_eq!(site.bronze(&place).as_ref(), Some(content));
    }
    let left = std::fs::read_dir(site.outgoing()).unwrap().count();
    assert_eq!(left, if after_fetch == "leave" { contents.len() } else { 0 });
    for file in ["silver.db", "connector.db"] {
        let check =
            site.open(file).query_row("PRAGMA integrity_check", [], |r| r.get::<_, String>(0));
        assert_eq!(check.unwrap(), "ok");
    }
}
