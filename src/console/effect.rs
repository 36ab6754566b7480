//! What `update` asks the loop to do.

use crate::engine::Command;
use crate::model::Id;

/// Something outside the state that is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Ask the engine; the answer comes back as a message.
    Send(Command),
    /// Read the books again.
    Reload,
    /// Have the configuration read again.
    Reread,
    /// Read the timeline of one thing.
    Show(Id),
    /// Read what was set aside of a landed file.
    SetAside(i64),
    /// Read the runs of this endpoint, or of all.
    Runs(Option<String>),
    /// Put this text into the terminal's clipboard (OSC 52).
    Copy(String),
    /// Move in the log.
    Log(LogMove),
    /// Whether the terminal reports the mouse.
    Mouse(bool),
    /// Stop like any job of a shell (ctrl-z), and come back later.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit,
}

/// Ways to move in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogMove {
    /// So many lines towards older ones.
    Up(usize),
    /// So many lines towards newer ones.
    Down(usize),
    /// To the newest line, and along with new ones.
    Follow,
    /// To the oldest line kept.
    Top,
    /// Mark this text wherever it stands; empty for no mark.
    Search(String),
    /// To an older line with the searched text.
    Older,
    /// To a newer line with the searched text.
    Newer,
    /// To the newest line about one of these, and mark all of them.
    LinesOf(Vec<Id>),
    /// Everything, warnings and errors, or errors alone.
    Level,
    /// Long lines whole or cut.
    Wrap,
}
