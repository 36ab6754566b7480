//! What an operator can do: the one enum for keys, palette, help and footer.

use super::state::Pane;

/// Something that a key or a name in the palette does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Open the list of keys.
    Help,
    /// Open the command palette.
    Palette,
    /// Filter the focused list, or search the log.
    Filter,
    /// Leave the console; asks while something runs.
    Quit,
    /// `ctrl-c`: once warns, twice leaves at once.
    Interrupt,
    /// Close, clear the filter, unmark; never quits.
    Back,
    /// Details and timeline.
    Open,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first row.
    Top,
    /// The last row; in the log: follow.
    Bottom,
    /// The pane after this one.
    NextPane,
    /// The pane before this one.
    PreviousPane,
    /// This pane.
    Focus(Pane),
    /// The focused pane alone.
    Full,
    /// Mark the row for an action on several.
    Mark,
    /// Mark all rows from here to where one goes.
    Range,
    /// Sort by the next column.
    Sort,
    /// Sort the other way round.
    Reverse,
    /// The selected row's failure, or the log's long lines, on several lines.
    Wrap,
    /// The log's lines about the row.
    LogOf,
    /// The runs of the row's endpoint.
    RunsOf,
    /// Copy the name.
    CopyName,
    /// Copy the path or address.
    CopyPath,
    /// Copy the id.
    CopyId,
    /// An older line in the log with the searched text.
    Older,
    /// A newer line in the log with the searched text.
    Newer,
    /// Everything, warnings and errors, or errors alone in the log.
    LogLevel,
    /// The mouse on or off.
    Mouse,
    /// Stop like a job of a shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Have the configuration read again.
    Reload,
    /// Sync this endpoint.
    Sync,
    /// Sync all active endpoints.
    SyncAll,
    /// Try again now.
    Retry,
    /// Try again all that failed in the same way.
    RetryAlike,
    /// Do not go on.
    Hold,
    /// Go on with what is held.
    Release,
    /// Fetch from the source again.
    Fetch,
    /// Delivered list minus the ledger.
    Reconcile,
    /// Sign in with a browser.
    SignIn,
    /// Let the schedule rest.
    Pause,
    /// Let the schedule go on.
    Resume,
    /// Let all schedules go on.
    ResumeAll,
    /// Stop everything that runs and let all schedules rest.
    StopAll,
    /// Stop or give up.
    Cancel,
    /// Deliver once more.
    SendAgain,
    /// Take a landed file in again.
    TakeIn,
    /// Take a landed file in, however many of its rows are bad.
    Accept,
}

impl Action {
    /// Whether its key does it wherever keys go otherwise.
    pub(super) fn works_while_typing(self) -> bool {
        matches!(self, Self::Interrupt | Self::Suspend | Self::Redraw)
    }

    /// Whether it changes something; `--read-only` has none of these.
    pub(super) fn changes_something(self) -> bool {
        matches!(
            self,
            Self::Sync
                | Self::SyncAll
                | Self::Reload
                | Self::Retry
                | Self::RetryAlike
                | Self::StopAll
                | Self::ResumeAll
                | Self::Hold
                | Self::Release
                | Self::Fetch
                | Self::Reconcile
                | Self::SignIn
                | Self::Pause
                | Self::Resume
                | Self::Cancel
                | Self::SendAgain
                | Self::TakeIn
                | Self::Accept
        )
    }
}
