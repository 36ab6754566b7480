//! The log pane: everything that knows tui-logger is in this file.
//!
//! The log of record is a file; this pane is for looking. tui-logger's own
//! thread, which looks for lines a hundred times a second, is not started: a
//! bell next to its layer tells the loop that there are lines to take in.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::tz::TimeZone;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tui_logger::{
    Drain, ExtLogRecord, LogFormatter, TuiLoggerWidget, TuiWidgetEvent, TuiWidgetState,
};

use super::effect::LogMove;
use super::text;
use super::theme::{Mood, Theme};
use crate::model::Shown;

/// Lines on either side that a search looks at in one go.
const REACH: usize = 512;

/// Characters of one line that are kept: 10,000 lines take a bounded part of memory.
const LONGEST: usize = 1_000;

/// Lines that may come between two drawings before some of them are lost, and the pane
/// says how many.
const BETWEEN: usize = 8_192;

/// Lines so far, by level: errors, warnings, everything else.
static LINES: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
static BELL: Notify = Notify::const_new();

/// The tracing layer that fills the log pane: this program's own lines at
/// `INFO` and above, others' from `WARN` on.
pub fn layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let own = Targets::new()
        .with_target(env!("CARGO_CRATE_NAME"), LevelFilter::INFO)
        .with_default(LevelFilter::WARN);
    tui_logger::set_hot_buffer_depth(BETWEEN);
    Lines(Drain::new()).with_filter(own)
}

/// Hands lines to tui-logger, counts them and wakes the loop.
///
/// tui-logger's own layer puts the fields around the message, in alphabetical
/// order; here the message comes first, and a field only if it says more.
struct Lines(Drain);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let metadata = event.metadata();
        self.0.log(
            &log::Record::builder()
                .args(format_args!("{}", Shown::limited(words.line().trim_start(), LONGEST)))
                .level(level(*metadata.level()))
                .target(metadata.target())
                .build(),
        );
        let of_level = match *metadata.level() {
            tracing::Level::ERROR => 0,
            tracing::Level::WARN => 1,
            _ => 2,
        };
        LINES[of_level].fetch_add(1, Ordering::Relaxed);
        BELL.notify_one();
    }
}

fn level(level: tracing::Level) -> log::Level {
    match level {
        tracing::Level::ERROR => log::Level::Error,
        tracing::Level::WARN => log::Level::Warn,
        tracing::Level::INFO => log::Level::Info,
        tracing::Level::DEBUG => log::Level::Debug,
        tracing::Level::TRACE => log::Level::Trace,
    }
}

/// What an event says.
#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Words {
    fn line(self) -> String {
        let mut line = self.message;
        for (name, value) in self.fields {
            if !line.contains(&value) {
                line.push_str(&format!(" · {name} {value}"));
            }
        }
        line
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name, value)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// Waits until there are new lines.
pub(super) async fn new_lines() {
    BELL.notified().await;
}

/// The least important lines that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Least {
    #[default]
    All,
    Warnings,
    Errors,
}

impl Least {
    fn next(self) -> Self {
        match self {
            Self::All => Self::Warnings,
            Self::Warnings => Self::Errors,
            Self::Errors => Self::All,
        }
    }

    fn filter(self) -> log::LevelFilter {
        match self {
            Self::All => log::LevelFilter::Trace,
            Self::Warnings => log::LevelFilter::Warn,
            Self::Errors => log::LevelFilter::Error,
        }
    }

    /// Lines of these levels so far.
    fn count(self) -> u64 {
        let levels = match self {
            Self::All => &LINES[..],
            Self::Warnings => &LINES[..2],
            Self::Errors => &LINES[..1],
        };
        levels.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// What is searched for.
#[derive(Clone, Debug, Default)]
enum Search {
    #[default]
    Nothing,
    /// This text, in lower case.
    Text(String),
    /// Any of these ids, as a word of its own: `d4` is not `d43`.
    Ids(Vec<String>),
}

impl Search {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Text(text) => message.to_lowercase().contains(text.as_str()),
            Self::Ids(ids) => message
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| ids.iter().any(|id| id == word)),
        }
    }
}

/// What the log pane shows.
///
/// tui-logger's widget has a line in its middle, or follows the end; its keys lead half
/// a page from there. Drawn aside at a chosen height, half a page is any number of lines.
pub(super) struct LogView {
    widget: TuiWidgetState,
    /// Whether the newest line is at the bottom, now and later.
    following: bool,
    /// Whether the line in the middle is the one that was found.
    found: bool,
    search: Search,
    least: Least,
    /// Whether a long line goes on in the next one.
    wraps: bool,
    /// How many lines there were when the operator scrolled away from the end.
    left_at: u64,
    height: usize,
    theme: Theme,
    zone: TimeZone,
}

/// The lines around the one in the middle.
struct Around {
    /// Whether each of them has what is searched for, from top to bottom.
    found: Vec<bool>,
    /// Which of them is the one in the middle.
    middle: usize,
}

impl Around {
    fn above(&self) -> usize {
        self.middle
    }

    fn below(&self) -> usize {
        self.found.len().saturating_sub(self.middle + 1)
    }
}

impl LogView {
    pub(super) fn new(theme: Theme, zone: TimeZone) -> Self {
        Self {
            widget: TuiWidgetState::new(),
            following: true,
            found: false,
            search: Search::Nothing,
            least: Least::All,
            wraps: false,
            left_at: 0,
            height: 5,
            theme,
            zone,
        }
    }

    /// Moves as asked; whether what was searched for was found.
    pub(super) fn go(&mut self, to: LogMove) -> bool {
        match to {
            LogMove::Up(lines) => self.up(lines),
            LogMove::Down(lines) => self.down(lines),
            LogMove::Follow => self.follow(),
            LogMove::Top => self.up(usize::from(u16::MAX)),
            LogMove::Search(text) if text.is_empty() => self.search = Search::Nothing,
            LogMove::Search(text) => self.search = Search::Text(text),
            LogMove::Older => return self.find(true),
            LogMove::Newer => return self.find(false),
            LogMove::LinesOf(ids) => {
                self.search = Search::Ids(ids.iter().map(ToString::to_string).collect());
                self.least = Least::All;
                self.follow();
                return self.find(true);
            }
            LogMove::Level => {
                self.least = self.least.next();
                let widget = std::mem::take(&mut self.widget);
                self.widget = widget.set_default_display_level(self.least.filter());
                self.follow();
            }
            LogMove::Wrap => self.wraps = !self.wraps,
        }
        true
    }

    /// Lines on the screen above the one in the middle, and below it.
    fn page(&self) -> (usize, usize) {
        (self.height / 2, self.height - 1 - self.height / 2)
    }

    /// Towards older lines; at the oldest one it stops.
    fn up(&mut self, lines: usize) {
        let (over, under) = self.page();
        let mut left = lines;
        while left > 0 {
            let around = self.around(left.min(REACH) + self.height);
            // Near the end the line in the middle is not in the middle of the screen.
            let offset = under.saturating_sub(around.below());
            let most = around.above().saturating_sub(over);
            let far = (left.min(REACH) + offset).min(most);
            if far <= offset {
                return;
            }
            self.leave_the_end();
            self.step(TuiWidgetEvent::PrevPageKey, far, around.below());
            left -= far - offset;
        }
    }

    /// Towards newer lines; at the newest one it follows.
    fn down(&mut self, lines: usize) {
        if self.following {
            return;
        }
        let (over, under) = self.page();
        let around = self.around(lines.min(REACH) + self.height);
        let far = lines.min(REACH) + over.saturating_sub(around.above());
        if around.below().saturating_sub(far) <= under {
            return self.follow();
        }
        self.found = false;
        self.step(TuiWidgetEvent::NextPageKey, far, around.above());
    }

    fn follow(&mut self) {
        self.widget.transition(TuiWidgetEvent::EscapeKey);
        self.following = true;
        self.found = false;
    }

    fn leave_the_end(&mut self) {
        if self.following {
            self.left_at = self.least.count();
        }
        self.following = false;
        self.found = false;
    }

    /// To the next line with what is searched for; stays where it is if there is none.
    fn find(&mut self, older: bool) -> bool {
        let key = if older { TuiWidgetEvent::PrevPageKey } else { TuiWidgetEvent::NextPageKey };
        let was_following = self.following;
        let mut gone = 0;
        loop {
            let around = self.around(REACH);
            let (ahead, behind) = match older {
                true => (around.above(), around.below()),
                false => (around.below(), around.above()),
            };
            // The line that one stands on was found already, unless one only follows.
            let first = usize::from(gone > 0 || !was_following);
            let found = (first..=ahead).find(|far| {
                let at = if older { around.middle - far } else { around.middle + far };
                around.found.get(at) == Some(&true)
            });
            if let Some(far) = found {
                self.leave_the_end();
                self.step(key, far, behind);
                self.found = true;
                return true;
            }
            if ahead == 0 {
                break;
            }
            self.step(key, ahead, behind);
            gone += ahead;
        }
        if was_following {
            self.follow();
        } else if gone > 0 {
            let around = self.around(gone);
            let (back, behind) = match older {
                true => (TuiWidgetEvent::NextPageKey, around.above()),
                false => (TuiWidgetEvent::PrevPageKey, around.below()),
            };
            self.step(back, gone, behind);
        }
        false
    }

    /// Moves the middle so `far` with `key`; there are so many lines on its other side.
    /// At this height that many are drawn in between.
    fn step(&self, key: TuiWidgetEvent, far: usize, other_side: usize) {
        self.draw_aside(other_side.min(far) + far + 1);
        self.widget.transition(key);
    }

    /// What is around the line in the middle, `reach` lines to either side if there are
    /// as many. Following, that is the newest line.
    fn around(&self, reach: usize) -> Around {
        self.draw_aside(2 * reach + 1)
    }

    fn draw_aside(&self, height: usize) -> Around {
        let area = Rect::new(0, 0, 1, u16::try_from(height).unwrap_or(u16::MAX));
        let mut buffer = Buffer::empty(area);
        let probe = Probe { search: self.search.clone(), drawn: AtomicBool::new(false) };
        self.widget(Box::new(probe)).render(area, &mut buffer);
        // If there are less, the lines stand at one end of it.
        let drawn = || buffer.content().iter().map(Cell::symbol).filter(|c| *c != " ");
        Around {
            found: drawn().map(|c| c == MIDDLE_FOUND || c == FOUND).collect(),
            middle: drawn().position(|c| c == MIDDLE || c == MIDDLE_FOUND).unwrap_or(0),
        }
    }

    fn widget(&self, formatter: Box<dyn LogFormatter>) -> TuiLoggerWidget<'static> {
        TuiLoggerWidget::default().formatter(formatter).state(&self.widget)
    }

    /// Where one is in the log, for the pane's title.
    pub(super) fn about(&self) -> String {
        let mut parts = Vec::new();
        match (self.following, self.least.count().saturating_sub(self.left_at)) {
            (true, _) => parts.push("following".to_owned()),
            (false, 0) => parts.push("scrolled".to_owned()),
            (false, n) => parts.push(format!("{n} new below")),
        }
        match self.least {
            Least::All => {}
            Least::Warnings => parts.push("warnings and errors".to_owned()),
            Least::Errors => parts.push("errors".to_owned()),
        }
        parts.join(self.theme.dot())
    }

    /// Draws the lines; returns in which of them the cursor belongs.
    pub(super) fn render(&mut self, area: Rect, buffer: &mut Buffer) -> u16 {
        take_in();
        self.height = usize::from(area.height.max(1));
        let formatter = Formatter {
            theme: self.theme,
            zone: self.zone.clone(),
            search: self.search.clone(),
            wraps: self.wraps,
            middle_found: AtomicBool::new(self.found),
        };
        self.widget(Box::new(formatter)).render(area, buffer);
        match self.found && !self.wraps {
            true => self.draw_aside(self.height).middle as u16,
            false => area.height.saturating_sub(1),
        }
    }
}

/// Takes in what was logged since the last time; what does not fit any more goes.
fn take_in() {
    tui_logger::move_events();
}

const MIDDLE: &str = "m";
const MIDDLE_FOUND: &str = "M";
const FOUND: &str = "F";
const OTHER: &str = "o";

/// Tells which line is the one in the middle, and which have what is searched for.
struct Probe {
    search: Search,
    drawn: AtomicBool,
}

impl LogFormatter for Probe {
    fn min_width(&self) -> u16 {
        1
    }

    fn format(&self, _: usize, event: &ExtLogRecord) -> Vec<Line<'_>> {
        // The line in the middle, or following the newest one, is asked for first.
        let middle = !self.drawn.swap(true, Ordering::Relaxed);
        vec![Line::raw(match (middle, self.search.is_in(event.msg())) {
            (true, false) => MIDDLE,
            (true, true) => MIDDLE_FOUND,
            (false, true) => FOUND,
            (false, false) => OTHER,
        })]
    }
}

/// One line for each event: time, level, message. Everything in it may come from outside.
struct Formatter {
    theme: Theme,
    zone: TimeZone,
    search: Search,
    wraps: bool,
    /// Whether the first line asked for, the one in the middle, is the one that was found.
    middle_found: AtomicBool,
}

impl LogFormatter for Formatter {
    fn min_width(&self) -> u16 {
        20
    }

    fn format(&self, width: usize, event: &ExtLogRecord) -> Vec<Line<'_>> {
        let mood = match event.level {
            log::Level::Error => Mood::Bad,
            log::Level::Warn => Mood::Warning,
            log::Level::Info => Mood::Plain,
            _ => Mood::Dim,
        };
        let time =
            event.timestamp.with_time_zone(self.zone.clone()).strftime("%H:%M:%S").to_string();
        let level = format!(" {:<5} ", event.level.as_str());
        let before = time.len() + level.len();
        let room = width.saturating_sub(before);
        // What this program's layer brought is safe already; tui-logger's own lines too.
        let message = Shown::limited(event.msg(), LONGEST);
        let style = if self.middle_found.swap(false, Ordering::Relaxed) {
            self.theme.selected(true)
        } else if self.search.is_in(message.as_str()) {
            self.theme.found()
        } else {
            Style::new()
        };
        let parts = match self.wraps {
            true => text::wrap(message.as_str(), room),
            false => vec![text::shorten(message.as_str(), room, self.theme.ellipsis())],
        };
        let line = |(n, part): (usize, String)| {
            let head = match n {
                0 => vec![
                    Span::styled(time.clone(), self.theme.dim()),
                    Span::styled(level.clone(), self.theme.mood(mood)),
                ],
                _ => vec![Span::raw(" ".repeat(before))],
            };
            Line::from_iter(head.into_iter().chain([Span::styled(part, style)]))
        };
        parts.into_iter().enumerate().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_word_of_its_own() {
        let search = Search::Ids(vec!["d4".to_owned(), "x17".to_owned()]);
        for line in ["d4 published", "delivery d4: a.csv", "export x17 verified", "(x17)"] {
            assert!(search.is_in(line), "{line}");
        }
        for line in ["d43 published", "xd4", "x170", "sha d4a1"] {
            assert!(!search.is_in(line), "{line}");
        }
    }
}
