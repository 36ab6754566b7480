//! The books of registers: what a service holds, file by file and folder by folder.
//!
//! A walk is booked page by page, each in one transaction, as it is seen; what it did
//! *not* see counts only at its end, and only if it was complete. So a walk may break
//! off anywhere: nothing is removed by it, and the next one finds everything to do.
//!
//! | file | what it is for |
//! |---|---|
//! | `walk` | a walk that is going on: what it saw, what it counted |
//! | `begin`, `page`, `finish` | the three transactions of a walk |
//! | `files`, `folders` | one row: compared, and written where it differs |
//! | `tree`, `rows` | the folders as a tree without loops; sets of row numbers |
//! | `missing`, `paths` | what a complete walk did not see; where everything lies now |
//! | `contents` | files of endpoints that deliver, as exports |
//! | `trail` | what changed, the newest of it |
//! | `dry` | a walk that is compared and not booked |

mod begin;
mod contents;
mod dry;
mod fetched;
mod files;
mod finish;
mod folders;
mod missing;
mod page;
mod paths;
mod rows;
mod trail;
mod tree;
mod walk;

pub use begin::{Begun, WalkPlan};
pub(crate) use contents::out_of_date;
pub use contents::{Contents, Queued};
pub use dry::DryWalk;
pub use files::STATES;
pub(super) use trail::{about as changes_of, in_run as changes_in};
pub use walk::{OpenWalk, WalkCounts};
