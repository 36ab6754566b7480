//! Colours and symbols. A meaning is never carried by a colour alone: the state
//! is a word, the selection is reversed.

use ratatui::style::{Color, Modifier, Style};

use crate::model::Outcome;

/// How the console looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    color: bool,
    ascii: bool,
}

/// What a word on the screen means to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Nothing special.
    Plain,
    /// Less important than the rest.
    Dim,
    /// It is being worked on.
    Busy,
    /// It is done.
    Good,
    /// It will be tried again.
    Warning,
    /// A person has to act.
    Bad,
}

impl Mood {
    /// Of a state's name, of exports and deliveries alike.
    pub(super) fn of_state(state: &str) -> Self {
        match state {
            "downloading" | "uploading" | "staged" | "publishing" | "fencing" => Self::Busy,
            "published" | "confirmed" | "cleaned" => Self::Good,
            "retry_wait" => Self::Warning,
            "held" | "in_doubt" | "quarantined" | "expired" => Self::Bad,
            "baseline" | "skipped" | "cancelled" => Self::Dim,
            _ => Self::Plain,
        }
    }

    /// Of how a run ended.
    pub(super) fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Good,
            Outcome::NothingNew => Self::Plain,
            Outcome::Partial | Outcome::Missed => Self::Warning,
            Outcome::Failed | Outcome::NeedsOperator => Self::Bad,
        }
    }
}

impl Theme {
    pub(super) fn new(color: bool, ascii: bool) -> Self {
        Self { color, ascii }
    }

    /// The style of a mood, from the sixteen colours that every terminal has.
    pub(super) fn mood(self, mood: Mood) -> Style {
        let style = Style::new();
        let colored = |color| if self.color { style.fg(color) } else { style };
        match mood {
            Mood::Plain => style,
            Mood::Dim if self.color => style.fg(Color::DarkGray),
            Mood::Dim => style.add_modifier(Modifier::DIM),
            Mood::Busy => colored(Color::Cyan),
            Mood::Good => colored(Color::Green),
            Mood::Warning => colored(Color::Yellow),
            Mood::Bad => colored(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    pub(super) fn dim(self) -> Style {
        self.mood(Mood::Dim)
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row that the keys act on, in the focused pane or in another one.
    pub(super) fn selected(self, focused: bool) -> Style {
        let style = Style::new();
        style.add_modifier(if focused { Modifier::REVERSED } else { Modifier::UNDERLINED })
    }

    /// A pane's title line.
    pub(super) fn title(self, focused: bool) -> Style {
        match (focused, self.color) {
            (true, true) => self.strong().fg(Color::Cyan),
            (true, false) => self.strong(),
            (false, _) => self.dim(),
        }
    }

    pub(super) fn ellipsis(self) -> char {
        if self.ascii { '~' } else { '…' }
    }

    pub(super) fn rule(self, focused: bool) -> &'static str {
        match (self.ascii, focused) {
            (true, true) => "=",
            (true, false) => "-",
            (false, true) => "━",
            (false, false) => "─",
        }
    }

    pub(super) fn dot(self) -> &'static str {
        if self.ascii { " - " } else { " · " }
    }

    pub(super) fn arrow(self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// Behind the title of the column that a list is sorted by.
    pub(super) fn sorted(self, descending: bool) -> &'static str {
        match (self.ascii, descending) {
            (true, true) => "v",
            (true, false) => "^",
            (false, true) => "▼",
            (false, false) => "▲",
        }
    }

    pub(super) fn mark(self) -> &'static str {
        if self.ascii { "*" } else { "●" }
    }

    /// A bar of `width` cells, `part` of `whole` full.
    pub(super) fn bar(self, part: u64, whole: u64, width: usize) -> String {
        let full = if whole == 0 {
            0
        } else {
            (width as u128 * u128::from(part) / u128::from(whole)) as usize
        };
        let full = full.min(width);
        let (on, off) = if self.ascii { ("#", ".") } else { ("█", "░") };
        on.repeat(full) + &off.repeat(width - full)
    }

    pub(super) fn border(self) -> ratatui::symbols::border::Set<'static> {
        use ratatui::symbols::border;
        if !self.ascii {
            return border::ROUNDED;
        }
        border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        }
    }
}
