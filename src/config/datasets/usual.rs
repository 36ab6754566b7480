//! What is known without being said, so that the seed's products and sales need no more than
//! their columns. What is said always wins.

use crate::model::{Carried, Column, ColumnKind, Rollup};

use super::{At, Draft};

/// The column and the dictionary that are known.
const CATEGORY: &str = "category";
const CATEGORIES: &str = "categories";

/// A keyed dataset's text column `category` is kept in the dictionary `categories`, unless
/// that is a dataset itself.
pub(super) fn dictionary(drafts: &mut [Draft], at: usize) {
    let taken = drafts.iter().any(|d| d.dataset.name.eq_ignore_ascii_case(CATEGORIES));
    let dataset = &mut drafts[at].dataset;
    let key = dataset.key.clone();
    let free = dataset.column(&format!("{CATEGORY}_id")).is_none();
    let column = dataset.columns.iter_mut().find(|column| {
        column.name == CATEGORY
            && matches!(column.kind, ColumnKind::Text { .. })
            && column.carried.is_none()
            && column.references.is_none()
            && column.dictionary.is_none()
    });
    if let Some(column) = column.filter(|_| free && !taken && !key.is_empty())
        && !key.contains(&column.name)
    {
        column.dictionary = Some(CATEGORIES.to_owned());
    }
}

/// A dataset that references one with categories has its row's category, too.
pub(super) fn carried(drafts: &mut [Draft], at: usize) {
    let own = &drafts[at].dataset;
    if own.column(CATEGORY).is_some() || own.column(&format!("{CATEGORY}_id")).is_some() {
        return;
    }
    let via = own.columns.iter().find(|column| {
        let other = drafts.iter().find(|d| Some(&d.dataset.name) == column.references.as_ref());
        let category = other.and_then(|other| other.dataset.column(CATEGORY));
        category.is_some_and(|category| category.dictionary.is_some())
    });
    let Some(via) = via.map(|column| column.name.clone()) else { return };
    let draft = &mut drafts[at];
    let carried = Some(Carried { via, column: CATEGORY.to_owned() });
    draft.dataset.columns.push(Column { carried, ..Column::text(CATEGORY) });
    draft.columns.push(At {
        path: format!("{}.columns.{CATEGORY}", draft.path),
        place: draft.place,
        typed: false,
        references: None,
        via: None,
        carried: None,
        dictionary: None,
    });
}

/// Sales are counted by day, by day and product, and summed up by category.
pub(super) fn rollups(draft: &mut Draft) {
    if draft.rollups.is_some() {
        return;
    }
    let dataset = &mut draft.dataset;
    let first = |fits: fn(&Column) -> bool| {
        dataset.columns.iter().find(|column| fits(column)).map(|column| column.name.clone())
    };
    let date = first(|column| matches!(column.kind, ColumnKind::Date { .. }));
    let product = first(|column| column.references.is_some());
    let quantity = first(|column| {
        column.name == "quantity" && matches!(column.kind, ColumnKind::Integer { .. })
    });
    let price =
        first(|column| column.name == "price" && matches!(column.kind, ColumnKind::Decimal { .. }));
    let (Some(date), Some(product), Some(quantity), Some(price)) = (date, product, quantity, price)
    else {
        return;
    };
    let rollup = |name: &str, by: &[&String], sum: &[&String]| Rollup {
        name: name.to_owned(),
        by: by.iter().map(|name| (*name).clone()).collect(),
        sum: sum.iter().map(|name| (*name).clone()).collect(),
    };
    let mut rollups = vec![
        rollup("daily_count", &[&date], &[]),
        rollup("product_daily_count", &[&date, &product], &[]),
    ];
    if let Some(category) = dataset.column(CATEGORY) {
        rollups.push(rollup("category_sales", &[&category.name], &[&quantity, &price]));
    }
    dataset.rollups = rollups;
}
