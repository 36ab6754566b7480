//! Colours and symbols. A meaning is never carried by a colour alone: the state
//! is a word, the selection is reversed.

use ratatui::style::{Color, Modifier, Style};

use crate::model::Outcome;

/// The colours for the moods, of the sixteen that every terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// For dark and most other backgrounds.
    #[default]
    Dark,
    /// For light backgrounds: no yellow, no cyan.
    Light,
    /// Nothing dim, everything bright.
    HighContrast,
    /// No colours: bold, dim, underlined and reversed alone.
    Mono,
}

impl Palette {
    /// The same, or none at all.
    pub(super) fn without_colour(self, without: bool) -> Self {
        if without { Self::Mono } else { self }
    }

    /// Of [`Mood`]s from `Dim` on: dim, busy, good, warning, bad.
    fn colors(self) -> [Option<Color>; 5] {
        use Color::{
            Blue, Cyan, DarkGray, Green, LightCyan, LightGreen, LightRed, LightYellow, Magenta,
            Red, Yellow,
        };
        match self {
            Self::Dark => [DarkGray, Cyan, Green, Yellow, Red].map(Some),
            Self::Light => [DarkGray, Blue, Green, Magenta, Red].map(Some),
            Self::HighContrast => {
                [None, Some(LightCyan), Some(LightGreen), Some(LightYellow), Some(LightRed)]
            }
            Self::Mono => [None; 5],
        }
    }
}

/// How the console looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    palette: Palette,
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
    pub(super) fn new(palette: Palette, ascii: bool) -> Self {
        Self { palette, ascii }
    }

    /// The style of a mood.
    pub(super) fn mood(self, mood: Mood) -> Style {
        let [dim, busy, good, warning, bad] = self.palette.colors();
        let colored = |color: Option<Color>| color.map_or(Style::new(), |c| Style::new().fg(c));
        match mood {
            Mood::Plain => Style::new(),
            Mood::Dim if self.palette == Palette::Mono => Style::new().add_modifier(Modifier::DIM),
            Mood::Dim => colored(dim),
            Mood::Busy => colored(busy),
            Mood::Good => colored(good),
            Mood::Warning => colored(warning),
            Mood::Bad => colored(bad).add_modifier(Modifier::BOLD),
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

    /// Where what is searched for stands.
    pub(super) fn found(self) -> Style {
        self.strong().add_modifier(Modifier::UNDERLINED)
    }

    /// A pane's title line.
    pub(super) fn title(self, focused: bool) -> Style {
        match focused {
            true => self.strong().patch(self.mood(Mood::Busy)),
            false => self.dim(),
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

    /// A line of columns, the highest of `values` full.
    pub(super) fn graph(self, values: &[u64]) -> String {
        const LEVELS: [[char; 9]; 2] = [
            [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            [' ', '.', ':', '-', '=', '+', '*', '%', '#'],
        ];
        let levels = LEVELS[usize::from(self.ascii)];
        let most = u128::from(values.iter().copied().max().unwrap_or(0).max(1));
        // Whatever moved at all is to be seen.
        let level = |value: u64| (u128::from(value) * 8).div_ceil(most) as usize;
        values.iter().map(|value| levels[level(*value).min(8)]).collect()
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
