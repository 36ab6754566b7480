//! The two files of a day, row after row.

use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::book::{Book, SetAside};
use super::catalogue::{Catalogue, PRODUCTS};
use super::dirt::{Cells, Dirt};

/// How a day's sales are to be.
pub(super) struct Sales {
    pub(super) rows: u32,
    pub(super) percent: f64,
    /// Whether a column tells the shop, which no definition knows.
    pub(super) shop: bool,
    pub(super) seed: u64,
}

impl Sales {
    /// `sales_data_YYYY-MM-DD.csv` of day `number`.
    pub(super) fn write(&self, catalogue: &Catalogue, day: Date, number: i32) -> (Vec<u8>, Book) {
        let mut book = Book::new(&format!("sales_data_{day}.csv"), "sales", day);
        // Each day by itself, so that it can be made without those before it.
        let mut random =
            StdRng::seed_from_u64(self.seed ^ (u64::from(number.cast_unsigned()) << 8));
        let mut csv = b"product_id,sale_date,quantity,price".to_vec();
        if self.shop {
            csv.extend(b",shop");
            book.unknown_columns.push("shop");
        }
        csv.extend(b"\r\n");
        for row in 0..self.rows {
            let product = random.random_range(0..PRODUCTS);
            let quantity = random.random_range(1..=10_i64);
            let cents = catalogue.price(product);
            let mut cells = Cells {
                product: Catalogue::id(product).into_bytes(),
                date: day.to_string(),
                quantity: quantity.to_string(),
                price: format!("{}.{:02}", cents / 100, cents % 100),
                surplus: None,
            };
            let dirt = Dirt::of_sale(&mut random, self.percent);
            if let Some(dirt) = dirt {
                cells.soil(dirt, &mut random);
            }
            cells.write(self.shop, &mut csv);
            match dirt {
                // The header is line 1.
                Some(why) if why.is_bad() => {
                    book.bad.push(SetAside { line: u64::from(row) + 2, why });
                }
                Some(_) => book.sale(product, 0),
                None => book.sale(product, quantity * cents),
            }
        }
        book.close();
        (csv, book)
    }
}

impl Cells {
    fn write(&self, shop: bool, csv: &mut Vec<u8>) {
        csv.extend(&self.product);
        for cell in [&self.date, &self.quantity, &self.price] {
            csv.push(b',');
            csv.extend(cell.as_bytes());
        }
        if shop {
            csv.extend(b",North");
        }
        if let Some(surplus) = self.surplus {
            csv.push(b',');
            csv.extend(surplus.as_bytes());
        }
        csv.extend(b"\r\n");
    }
}

/// `product_info_YYYY-MM-DD.json` of day `number`: all products, with a `supplier`, which
/// no definition knows, and one more without its id, if so.
pub(super) fn products(
    catalogue: &Catalogue,
    day: Date,
    number: i32,
    supplier: bool,
    dirty: bool,
) -> (Vec<u8>, Book) {
    let mut book = Book::new(&format!("product_info_{day}.json"), "products", day);
    let names = catalogue.names(number).into_iter().enumerate();
    let mut list: Vec<Value> = names
        .map(|(product, name)| {
            let mut told = Map::new();
            told.insert("product_id".to_owned(), json!(Catalogue::id(product)));
            told.insert("product_name".to_owned(), json!(name));
            told.insert("category".to_owned(), json!(catalogue.category(product)));
            if supplier {
                told.insert("supplier".to_owned(), json!(format!("Supplier {}", product % 7)));
            }
            Value::Object(told)
        })
        .collect();
    book.good = list.len() as u64;
    if supplier {
        book.unknown_columns.push("supplier");
    }
    if dirty {
        list.push(json!({ "product_name": "Product ?", "category": "Home" }));
        book.bad.push(SetAside { line: list.len() as u64, why: Dirt::MissingId });
    }
    book.close();
    let rows: Vec<String> = list.iter().map(Value::to_string).collect();
    (format!("[\n{}\n]\n", rows.join(",\n")).into_bytes(), book)
}
