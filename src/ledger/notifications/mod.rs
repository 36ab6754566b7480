//! What operators were told, and what is on its way to them.
//!
//! `trouble` reads what is the matter with an endpoint off the books, `incidents` says
//! what of that is news and books the messages in the same transaction, `outbox` keeps
//! them until they are sent, `period` sums a day up.

mod incidents;
mod outbox;
mod period;
mod trouble;

pub use incidents::{Found, Incident, Telling};
pub use outbox::{Route, Undelivered, Waiting};
pub use period::{Period, PeriodCount};
pub use trouble::{Alike, Trouble};
