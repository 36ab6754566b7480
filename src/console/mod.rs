//! The terminal: loop, state, keys, one view per pane.
//!
//! **A key's walk:** terminal → `Message` → `update` changes the `State` at
//! once and may ask for an `Effect`, a command to the engine for instance →
//! later an event comes back → `update` → screen. Drawing only reads the state.

mod action;
mod driver;
mod effect;
mod fields;
mod filter;
mod keymap;
mod keys;
mod live;
mod log;
mod message;
mod needs;
mod pending;
mod possible;
mod reread;
mod state;
mod terminal;
mod text;
mod theme;
mod update;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::keymap::{Conflict, Keymap};
pub use self::keys::Key;
pub use self::log::layer as log_layer;
pub use self::reread::{Reread, Wish};
use self::state::State;
pub use self::theme::Palette;
use crate::engine::Handle;
use crate::ledger::Books;
use crate::model::Failure;
use crate::silver::reader::Reader as Silver;

/// How the console looks and what it may do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shown behind the program's name, e.g. `demo`; empty for nothing.
    pub title: String,
    /// Whether colours are used. They never carry a meaning alone.
    pub color: bool,
    /// Which colours.
    pub palette: Palette,
    /// Only ASCII symbols, for poor terminals.
    pub ascii: bool,
    /// Which keys do what.
    pub keys: Keymap,
    /// Whether the mouse scrolls and selects; it takes the terminal's own selection away.
    pub mouse: bool,
    /// Removes every action that changes something.
    pub read_only: bool,
    /// Where it is asked for that the configuration be read again; none: there is none.
    pub reload: Option<mpsc::Sender<Wish>>,
    /// Ends the console from outside: SIGTERM and SIGHUP.
    pub stop: CancellationToken,
}

/// Shows the console until the operator leaves it or `options.stop` is cancelled.
///
/// The screen is restored on every way out: normal, failure and panic.
///
/// # Errors
/// When the terminal cannot be set up, written to or read from.
pub async fn run(
    handle: Handle,
    books: Arc<dyn Books>,
    silver: Arc<Silver>,
    options: Options,
) -> Result<(), Failure> {
    let mut screen = terminal::Screen::enter(options.mouse)?;
    let mut state = State::new(&options, jiff::tz::TimeZone::system());
    let behind = driver::Behind { handle, books, silver, reload: options.reload };
    driver::drive(&mut screen, &mut state, behind, options.stop).await
}
