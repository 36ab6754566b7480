//! The routes of the shop's API that was here before: products, sales, categories and
//! their sums. Each is there if the configuration has what it shows.

use crate::http::routes;
use crate::model::Dataset;
use crate::silver::pages::Listing;

/// One of them.
pub(super) struct Seed {
    pub(super) route: &'static str,
    /// The name of the list in the answer.
    pub(super) key: &'static str,
    /// What it lists; none: the configuration has nothing of the kind.
    pub(super) listing: fn(&[Dataset]) -> Option<Listing>,
}

/// All of them.
pub(super) const SEEDS: &[Seed] = &[
    Seed { route: "/products", key: "products", listing: |all| rows("products", all) },
    Seed { route: "/sales", key: "sales", listing: |all| rows("sales", all) },
    Seed {
        route: "/categories",
        key: "categories",
        listing: |all| Listing::entries("categories", all),
    },
    Seed {
        route: "/sales/daily_count",
        key: "daily_sales_count",
        listing: |all| groups("sales", "daily_count", all),
    },
    Seed {
        route: "/sales/product_daily_count",
        key: "product_daily_sales_count",
        listing: |all| groups("sales", "product_daily_count", all),
    },
    Seed {
        route: "/sales/category_sales",
        key: "category_sales",
        listing: |all| {
            let shown =
                [("category", "category"), ("total", "total_sales"), ("count", "total_count")];
            groups("sales", "category_sales", all)?.showing(&shown)
        },
    },
    Seed {
        route: "/sales/filtered",
        key: "filtered_sales",
        listing: |all| {
            let asked =
                [("sale_date", "date"), ("product_id", "product_id"), ("category", "category")];
            Some(rows("sales", all)?.asked_by(&asked))
        },
    },
];

/// What the table of routes says of it.
pub(super) fn words(route: &str) -> &'static str {
    let known = routes::TABLE.iter().find(|known| known.path == route);
    known.map_or("", |known| known.description)
}

fn rows(name: &str, all: &[Dataset]) -> Option<Listing> {
    let dataset = all.iter().find(|dataset| dataset.name == name)?;
    Some(Listing::rows(dataset))
}

fn groups(name: &str, rollup: &str, all: &[Dataset]) -> Option<Listing> {
    let dataset = all.iter().find(|dataset| dataset.name == name)?;
    let rollup = dataset.rollups.iter().find(|known| known.name == rollup)?;
    Some(Listing::groups(dataset, rollup))
}
