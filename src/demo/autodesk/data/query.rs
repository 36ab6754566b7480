//! Queries, as strict as the service: a wrong value is a 400, a parameter that it
//! does not know is overlooked.

use axum::http::Uri;

use super::error::{DataError, bad_input};

/// Elements on a page at the most, and without `page[limit]`.
const MAX_LIMIT: usize = 200;

/// The query of a request.
pub(super) struct Query(Vec<(String, String)>);

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageQuery {
    pub(super) number: usize,
    pub(super) limit: usize,
}

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        Self(url::form_urlencoded::parse(query).into_owned().collect())
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a filter: repeated, or separated by commas.
    pub(super) fn filter(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(key, _)| key == &format!("filter[{name}]"));
        named.flat_map(|(_, value)| value.split(',')).collect()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, DataError> {
        match self.one(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(bad_input(format!("{name} must be true or false."))),
        }
    }

    /// `page[number]`, from 0, and `page[limit]`, 1 to 200.
    pub(super) fn page(&self) -> Result<PageQuery, DataError> {
        let number = |name: &str, usual: usize| match self.one(name) {
            None => Ok(usual),
            Some(text) => {
                text.parse().map_err(|_| bad_input(format!("{name} must be a whole number.")))
            }
        };
        let (number, limit) = (number("page[number]", 0)?, number("page[limit]", MAX_LIMIT)?);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(PageQuery { number, limit })
        } else {
            Err(bad_input("page[limit] must be between 1 and 200."))
        }
    }
}
