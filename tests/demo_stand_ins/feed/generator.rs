//! The generator: the same bytes for the same seed, and a truth that is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::SystemTime;

use transship::demo::{Dirt, FeedBook, FeedDay, FeedFile, FeedOptions, FeedTruth};

use super::plain::{self, Plain};
use super::stage;
use crate::Stage;

fn made(options: &FeedOptions) -> Vec<FeedFile> {
    let days = 0..options.days.cast_signed();
    days.flat_map(|day| FeedDay::number(day).make(options).unwrap()).collect()
}

/// The truth in the words of the plain reading.
fn told(truth: &FeedTruth) -> Plain {
    let bad = |book: &FeedBook| {
        let name = book.name.clone();
        book.bad.iter().map(move |bad| (name.clone(), bad.line)).collect::<Vec<_>>()
    };
    let sums = truth.category_sales.iter();
    let products = truth.products.iter();
    Plain {
        sales: truth.sales,
        bad: truth.files.iter().filter(|book| book.repeats.is_none()).flat_map(bad).collect(),
        daily: truth.daily_count.clone(),
        product_daily: truth.product_daily_count.clone(),
        categories: sums
            .map(|(name, sales)| (name.clone(), (sales.count, sales.total_cents)))
            .collect(),
        products: products
            .map(|(id, told)| (id.clone(), (told.name.clone(), told.category.to_owned())))
            .collect(),
    }
}

#[test]
fn the_truth_is_what_a_plain_reading_of_the_files_comes_to() {
    for (seed, dirty_percent, rows) in
        [(1, 0.0, 100), (2026, 2.0, 100), (3, 20.0, 40), (4, 50.0, 9)]
    {
        let stage = Stage::with(|options| {
            let feed = FeedOptions { days: 40, seed, dirty_percent, rows, ..Default::default() };
            options.feed = Some(feed);
        });
        let feed = stage.world().feed();
        let truth = feed.truth();
        let repeated: BTreeSet<&str> = truth
            .files
            .iter()
            .filter(|book| book.repeats.is_some())
            .map(|book| &*book.name)
            .collect();
        let mut files = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for entry in fs::read_dir(feed.folder()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            seen.insert(name.clone());
            if !repeated.contains(&*name) {
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
        assert_eq!(seen, truth.files.iter().map(|book| book.name.clone()).collect());
        assert_eq!(plain::read(&files), told(&truth), "seed {seed}");
        let refused = truth.files.iter().any(|book| book.refused);
        assert_eq!(refused, dirty_percent >= 50.0, "else nothing was tried");
        if dirty_percent == 0.0 {
            assert_eq!((truth.bad_rows, truth.sales), (0, 40 * 100));
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_one_others() {
    let options = FeedOptions { days: 30, gzip: true, ..FeedOptions::default() };
    let once = made(&options);
    assert!(once == made(&options));
    assert!(once != made(&FeedOptions { seed: 1, ..options.clone() }));
    // A day does not depend on those before it.
    let twentieth = FeedDay::number(20).make(&options).unwrap();
    assert!(twentieth.iter().all(|file| once.contains(file)));
}

#[test]
fn the_usual_feed_has_everything_that_happens_to_feeds() {
    let truth = stage(200).world().feed().truth();
    let sales: Vec<&FeedBook> = truth.files.iter().filter(|book| book.dataset == "sales").collect();
    assert_eq!(sales.iter().filter(|book| book.repeats.is_none()).count(), 200);
    assert!(sales.iter().any(|book| book.repeats.is_some()));
    assert!(sales.iter().any(|book| book.unknown_columns == ["shop"]));
    let products = |book: &&FeedBook| book.dataset == "products";
    assert!(truth.files.iter().filter(products).any(|book| book.unknown_columns == ["supplier"]));
    let why: BTreeSet<Dirt> =
        truth.files.iter().flat_map(|book| &book.bad).map(|bad| bad.why).collect();
    for dirt in [
        Dirt::BadDate,
        Dirt::BrokenQuantity,
        Dirt::NegativeQuantity,
        Dirt::BadPrice,
        Dirt::UnknownProduct,
        Dirt::TooManyCells,
        Dirt::NotUtf8,
        Dirt::MissingId,
    ] {
        assert!(why.contains(&dirt), "{dirt:?}");
    }
    assert!(!why.contains(&Dirt::MissingPrice), "a sale without a price is good");
    assert_eq!((truth.products.len(), truth.category_sales.len()), (50, 4));
    assert!(truth.products.values().any(|product| product.name.contains(" Mk ")));
    assert!(truth.bad_rows > 200 && truth.sales > 19_000, "{} {}", truth.bad_rows, truth.sales);
    assert!(truth.files.iter().all(|book| !book.refused) && truth.foreign.is_empty());
}

#[test]
fn files_look_as_the_partner_writes_them() {
    let files = made(&FeedOptions { days: 12, dirty_percent: 0.0, ..FeedOptions::default() });
    let sales = files.iter().find(|file| file.book.dataset == "sales").unwrap();
    assert_eq!(sales.book.name, "sales_data_2025-01-01.csv");
    let text = String::from_utf8(sales.content.clone()).unwrap();
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some("product_id,sale_date,quantity,price"));
    assert_eq!(text.matches("\r\n").count(), 101);
    assert!(lines.filter(|line| !line.is_empty()).all(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        cells[0].starts_with('P') && cells[1] == "2025-01-01" && cells[3].contains('.')
    }));
    let products = files.iter().find(|file| file.book.dataset == "products").unwrap();
    assert_eq!(products.book.name, "product_info_2025-01-01.json");
    let list: Vec<BTreeMap<String, String>> = serde_json::from_slice(&products.content).unwrap();
    assert_eq!((&*list[0]["product_id"], &*list[0]["product_name"]), ("P001", "Product 1"));
    assert_eq!((list.len(), list[0].len()), (50, 3));

    // One comes later than days after it, and all before now.
    let late = files.iter().find(|file| file.book.name.contains("2025-01-06.csv")).unwrap();
    assert!(files.iter().any(|f| f.book.day > late.book.day && f.modified < late.modified));
    assert!(files.iter().all(|file| SystemTime::from(file.modified) < SystemTime::now()));
}

#[test]
fn a_ruined_day_is_refused_and_counts_for_nothing() {
    let options = FeedOptions::default();
    let files = FeedDay { number: 7, ruined: true }.make(&options).unwrap();
    let sales = files.iter().find(|file| file.book.dataset == "sales").unwrap();
    assert!(sales.book.refused && !sales.book.counts() && sales.book.bad.len() > 50);
}

#[test]
fn compressed_days_hold_the_same_rows() {
    let plain = FeedOptions { surprises: false, ..FeedOptions::default() };
    let packed = FeedOptions { gzip: true, ..plain.clone() };
    let [plain, packed] =
        [plain, packed].map(|options| FeedDay::number(3).make(&options).unwrap().remove(1));
    assert_eq!(packed.book.name, format!("{}.gz", plain.book.name));
    assert_eq!((packed.book.good, &packed.book.bad), (plain.book.good, &plain.book.bad));
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(&*packed.content);
    std::io::Read::read_to_end(&mut reader, &mut unpacked).unwrap();
    assert!(unpacked == plain.content);
}
