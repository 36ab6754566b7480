//! How a list is laid out on pages, and how pages lead to each other.

use std::ops::Range;

use axum::http::Uri;
use serde_json::{Value, json};

use super::query::PageQuery;
use super::{Api, encoded};
use crate::demo::fault::Fault;

/// What a short page holds, unless it was armed with another number.
const SHORT: u64 = 3;

/// One page of a list.
pub(super) struct Slice {
    /// Which elements are on it.
    pub(super) elements: Range<usize>,
    /// Whether there is another page.
    pub(super) more: bool,
}

/// What is on a page of a list of `length` elements.
pub(super) fn slice(api: &Api, page: PageQuery, length: usize) -> Slice {
    let mut limit = page.limit;
    if let Some(strike) = api.world.strike(Fault::ApsShortPages) {
        limit = limit.min(strike.value.unwrap_or(SHORT) as usize).max(1);
    }
    // Every second page is empty; the others hold what there is.
    let empty_between = api.strikes(Fault::ApsEmptyPages);
    lay_out(page.number, limit, length, empty_between)
}

fn lay_out(number: usize, limit: usize, length: usize, empty_between: bool) -> Slice {
    let (full, empty) = if empty_between { (number / 2, number % 2 == 1) } else { (number, false) };
    let from = full.saturating_mul(limit).min(length);
    let to = from.saturating_add(limit).min(length);
    let elements = if empty { to..to } else { from..to };
    Slice { elements, more: to < length }
}

/// The links of a page: itself, the first, the one before, the next.
pub(super) fn links(api: &Api, uri: &Uri, page: PageQuery, more: bool) -> Value {
    let base = base(api);
    let link = |number: usize| json!({ "href": format!("{base}{}", numbered(uri, number)) });
    let mut links = json!({ "self": link(page.number), "first": link(0) });
    if page.number > 0 {
        links["prev"] = link(page.number - 1);
    }
    if more {
        links["next"] = link(page.number + 1);
        if api.strikes(Fault::ApsNextElsewhere) {
            let elsewhere = api.storage.elsewhere(&numbered(uri, page.number + 1));
            links["next"] = json!({ "href": elsewhere });
        }
    }
    // The same page again and again, also behind the last one.
    if api.strikes(Fault::ApsNextLoops) {
        links["next"] = link(page.number);
    }
    links
}

/// What links begin with.
pub(super) fn base(api: &Api) -> &str {
    if api.strikes(Fault::ApsRelativeLinks) { "" } else { &api.access.base_url }
}

/// The same address with another page number.
fn numbered(uri: &Uri, number: usize) -> String {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut path = uri.path().to_owned();
    let mut sign = '?';
    let mut add = |name: &str, value: &str| {
        path.push(sign);
        path.push_str(&format!("{}={}", encoded(name), encoded(value)));
        sign = '&';
    };
    for (name, value) in url::form_urlencoded::parse(query) {
        if name != "page[number]" {
            add(&name, &value);
        }
    }
    add("page[number]", &number.to_string());
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything on the pages in their order, and how many pages.
    fn read(limit: usize, length: usize, empty_between: bool) -> (Vec<usize>, usize) {
        let mut all = Vec::new();
        for number in 0.. {
            let page = lay_out(number, limit, length, empty_between);
            assert!(page.elements.len() <= limit);
            all.extend(page.elements);
            if !page.more {
                return (all, number + 1);
            }
        }
        unreachable!("a list ends")
    }

    #[test]
    fn the_pages_of_a_list_hold_everything_once() {
        for length in 0..20 {
            for limit in 1..7 {
                let (all, pages) = read(limit, length, false);
                assert_eq!(all, (0..length).collect::<Vec<_>>());
                assert_eq!(pages, length.div_ceil(limit).max(1));
                let (all, more_pages) = read(limit, length, true);
                assert_eq!(all, (0..length).collect::<Vec<_>>());
                assert_eq!(more_pages, pages * 2 - 1, "an empty one between any two");
            }
        }
        let beyond = lay_out(usize::MAX, 200, 10, false);
        assert!(beyond.elements.is_empty() && !beyond.more);
    }

    #[test]
    fn links_keep_the_query_and_encode_its_brackets() {
        let uri: Uri = "/a%3Ab?page[number]=3&page%5Blimit%5D=2&x=%26".parse().unwrap();
        assert_eq!(numbered(&uri, 4), "/a%3Ab?page%5Blimit%5D=2&x=%26&page%5Bnumber%5D=4");
    }
}
