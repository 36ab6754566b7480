//! What the tables and sums must say once everything in the folder is taken in.

use std::collections::BTreeMap;

use serde::Serialize;

use super::book::Book;
use super::catalogue::Catalogue;

/// What must be in the tables: with the definitions of the demo, whatever the order in
/// which the files arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Every file that the feed made.
    pub files: Vec<Book>,
    /// The products by id, as the latest day tells them.
    pub products: BTreeMap<String, Product>,
    /// Good sales.
    pub sales: u64,
    /// Rows that are set aside, of all files that are read: a repeated one is not.
    pub bad_rows: u64,
    /// Sales per day.
    pub daily_count: BTreeMap<String, u64>,
    /// Sales per day and product.
    pub product_daily_count: BTreeMap<String, BTreeMap<String, u64>>,
    /// Sales per category.
    pub category_sales: BTreeMap<String, CategorySales>,
    /// Files of which only their bytes are known, because somebody else put or changed
    /// them: nothing here counts them.
    pub foreign: Vec<String>,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// What it is.
    pub category: &'static str,
}

/// What was sold of one category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CategorySales {
    /// How many sales.
    pub count: u64,
    /// Quantity times price, hundredths.
    pub total_cents: i64,
}

impl Truth {
    /// What `books` come to; `number` tells a day's number.
    pub(super) fn of(
        catalogue: &Catalogue,
        books: &[Book],
        number: impl Fn(&Book) -> i32,
        foreign: Vec<String>,
    ) -> Self {
        let mut truth = Self { files: books.to_vec(), foreign, ..Self::default() };
        let told = books.iter().filter(|book| book.dataset == "products" && book.counts());
        if let Some(latest) = told.max_by_key(|book| book.day) {
            let names = catalogue.names(number(latest)).into_iter().enumerate();
            let named = names.map(|(product, name)| {
                let category = catalogue.category(product);
                (Catalogue::id(product), Product { name, category })
            });
            truth.products = named.collect();
        }
        for book in books.iter().filter(|book| book.repeats.is_none()) {
            truth.bad_rows += book.bad.len() as u64;
        }
        for book in books.iter().filter(|book| book.dataset == "sales" && book.counts()) {
            truth.add(catalogue, book);
        }
        truth
    }

    fn add(&mut self, catalogue: &Catalogue, book: &Book) {
        if book.good == 0 {
            return;
        }
        self.sales += book.good;
        let day = book.day.to_string();
        *self.daily_count.entry(day.clone()).or_default() += book.good;
        let of_day = self.product_daily_count.entry(day).or_default();
        for (product, sold) in &book.sold {
            *of_day.entry(Catalogue::id(*product)).or_default() += sold.count;
            let category = catalogue.category(*product).to_owned();
            let sales = self.category_sales.entry(category).or_default();
            sales.count += sold.count;
            sales.total_cents += sold.total;
        }
    }
}
