//! The work: commands in, events out.

pub mod command;
pub mod event;
mod handle;

pub use command::{Acted, Command, ReconcileMode, Reply};
pub use event::{Event, Level, Phase, Transfer};
pub use handle::{Handle, Request};
