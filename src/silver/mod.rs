//! Silver: a partner's files as typed tables.
//!
//! ```text
//! bronze file → rows, typed (read) → one transaction (store) → tables, quarantine, rollups → pages
//! ```
//!
//! # Rules of taking in
//!
//! **One file, one transaction.** Rows, quarantine, rollups, dictionaries and the file's
//! own state are committed together, durably. However the program ends, a file is wholly
//! in or wholly out, and what is out waits as `landed` and is taken in next time.
//!
//! **Which dataset.** The first of the endpoint's datasets with a pattern that fits the
//! file's name. No dataset: `unmatched`, until one fits.
//!
//! **The last file wins.** Files have a rank: the day in the name (`2026-05-04`,
//! `20260504`; the first that is one), then the time of the last change at the partner,
//! then the order in which they landed. In a dataset with a key, each key's row is that
//! of the highest file that is in and has a good row for it, whatever the order of
//! arrival; within a file the last line of a key wins. The same bytes again go in only
//! if they rank higher than before, else the file is `repeated`.
//!
//! **Without a key** every line is a row of its own. A newer version of a file (the same
//! endpoint and path, a higher rank) takes the older one's place, which is then
//! `superseded`; an older one that comes late is so at once. The same bytes under any
//! name are `repeated`; if the copy that went in is superseded, they go in after all.
//!
//! **Bad rows** are set aside with file, line, column and reason. If more than
//! `max_bad_percent` of a file's rows are bad, or it cannot be read to its end, it is
//! `refused`: nothing of it goes in, and its first 10,000 bad rows are listed. A refused
//! file of which a newer version is in is `superseded` (with a key, only if none of its
//! rows waits for another dataset's). Bytes that somebody accepted are never refused for
//! their bad rows, whatever they are called.
//!
//! **References.** Files of a referenced dataset go first. A row whose referenced row is
//! not there is a bad one. When it comes, the file that the row is in is taken in again
//! by itself, in the same pass. A carried value is the one of the moment at which its
//! file was taken in last. A row that is in stays in, though the row that it refers to
//! may go later.
//!
//! **Corrections.** A corrected copy ranks directly after the file that it corrects and
//! takes its place when it is taken in itself; until then the file stays as it is.
//!
//! **What is taken away** from a dataset with a key (by a correction, or by a refusal of
//! what was in) may have hidden lower files' rows: those files are taken in again.
//!
//! **A changed definition** empties the dataset's tables and makes all its files wait, in
//! one transaction; they are taken in from bronze again, without the partner. Until that
//! is done, the tables hold what was done so far.
//!
//! **Whose fault.** Only what is wrong with a file refuses it. A bronze file that is
//! missing or is not what landed (its SHA-256 is checked while it is read) fails the
//! pass and keeps waiting, and the other files go in. A failure of the database ends the
//! pass.

mod feeds;
mod landed;
pub mod lists;
pub mod pages;
pub mod read;
pub mod reader;
pub mod rows;
pub mod schema;
pub(crate) mod sql;
mod store;

pub use feeds::Feeds;
pub use landed::{IngestTotals, Ingested, LandedState, NewLanded, SetBack};
pub(crate) use sql::examine;
pub use store::Silver;
