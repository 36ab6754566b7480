//! Pages of a dataset, and whole datasets, as the bytes that go out.
//!
//! A page is found by its key and never by its number: the rows after those that were
//! seen, in the order of the key. So a deep page costs what the first costs, and rows
//! that come or go meanwhile move nothing.
//!
//! | file | what it is for |
//! |---|---|
//! | `listing` | what can be listed: a dataset, a dictionary, a rollup |
//! | `field`, `filter` | what a row shows; what it can be asked by |
//! | `statement` | the SQL of it |
//! | `cursor` | where a page ended, signed |
//! | `page`, `stream` | one page; everything |
//! | `json`, `csv` | cells as bytes |

mod csv;
mod cursor;
mod field;
mod filter;
pub mod json;
mod listing;
mod page;
mod statement;
mod stream;
#[cfg(test)]
mod tests;

pub use cursor::{Cursor, NameCursor, NoCursor};
pub use field::{Field, Kind};
pub use filter::{Filter, Matches, Wanted};
pub use listing::Listing;
pub use page::{Ask, Page};
pub use stream::{Form, Sink};
