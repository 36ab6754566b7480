//! The log pane: everything that knows tui-logger is in this file.
//!
//! The log of record is a file; this pane is for looking. tui-logger's own
//! thread, which looks for lines a hundred times a second, is not started: a
//! bell next to its layer tells the loop that there are lines to take in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
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

/// Half pages that a search goes through at the most.
const SEARCH_STEPS: usize = 1_000;

static LINES: AtomicU64 = AtomicU64::new(0);
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
                .args(format_args!("{}", words.line()))
                .level(level(*metadata.level()))
                .target(metadata.target())
                .build(),
        );
        LINES.fetch_add(1, Ordering::Relaxed);
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

/// What the log pane shows.
pub(super) struct LogView {
    widget: TuiWidgetState,
    /// Half pages away from the end; 0 follows it.
    ups: usize,
    /// The text searched for, in lower case.
    search: String,
    /// How many lines there were when the operator scrolled away from the end.
    left_at: u64,
    area: Rect,
    theme: Theme,
    zone: TimeZone,
}

/// What one drawing showed.
#[derive(Clone, Debug, Default)]
struct Page {
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// Lines with the searched text.
    matches: usize,
}

impl LogView {
    pub(super) fn new(theme: Theme, zone: TimeZone) -> Self {
        let area = Rect::new(0, 0, 80, 5);
        let widget = TuiWidgetState::new();
        Self { widget, ups: 0, search: String::new(), left_at: 0, area, theme, zone }
    }

    /// Moves as asked; whether what was searched for was found.
    pub(super) fn go(&mut self, to: LogMove) -> bool {
        match to {
            LogMove::Up => {
                self.older();
            }
            LogMove::Down => {
                self.newer();
            }
            LogMove::Follow => self.replay(0),
            LogMove::Top => while self.older().is_some() {},
            LogMove::Search(text) => self.search = text,
            LogMove::Older => return self.find(Self::older),
            LogMove::Newer => return self.find(Self::newer),
        }
        true
    }

    /// Half a page towards older lines, if there are any.
    fn older(&mut self) -> Option<Page> {
        let before = self.look();
        self.step(TuiWidgetEvent::PrevPageKey);
        let page = self.look();
        // At its top tui-logger jumps to the end instead.
        if page.oldest >= before.oldest {
            self.replay(self.ups);
            return None;
        }
        if self.ups == 0 {
            self.left_at = LINES.load(Ordering::Relaxed);
        }
        self.ups += 1;
        Some(page)
    }

    /// Half a page towards newer lines, if there are any.
    fn newer(&mut self) -> Option<Page> {
        if self.ups == 0 {
            return None;
        }
        let before = self.look();
        self.step(TuiWidgetEvent::NextPageKey);
        let page = self.look();
        self.ups -= 1;
        if page.newest <= before.newest {
            self.replay(0);
        }
        Some(page)
    }

    /// Goes on until a page has the searched text; stays if there is none.
    fn find(&mut self, step: fn(&mut Self) -> Option<Page>) -> bool {
        let start = self.ups;
        for _ in 0..SEARCH_STEPS {
            match step(self) {
                Some(page) if page.matches > 0 => return true,
                Some(_) => {}
                None => break,
            }
        }
        self.replay(start);
        false
    }

    /// From the end, so many half pages up.
    fn replay(&mut self, ups: usize) {
        self.step(TuiWidgetEvent::EscapeKey);
        for _ in 0..ups {
            self.step(TuiWidgetEvent::PrevPageKey);
        }
        self.ups = ups;
    }

    fn step(&mut self, event: TuiWidgetEvent) {
        // Only drawing tells tui-logger where the next page begins.
        self.look();
        self.widget.transition(event);
    }

    /// Draws aside, to see what is on this page.
    fn look(&mut self) -> Page {
        self.draw(self.area, &mut Buffer::empty(self.area))
    }

    /// Lines that came since the operator scrolled away from the end.
    pub(super) fn new_below(&self) -> Option<u64> {
        (self.ups > 0).then(|| LINES.load(Ordering::Relaxed) - self.left_at)
    }

    /// Draws the lines; returns how many of them hold the searched text.
    pub(super) fn render(&mut self, area: Rect, buffer: &mut Buffer) -> usize {
        self.area = area;
        self.draw(area, buffer).matches
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer) -> Page {
        tui_logger::move_events();
        let page = Arc::new(Mutex::new(Page::default()));
        let formatter = Formatter {
            theme: self.theme,
            zone: self.zone.clone(),
            search: self.search.clone(),
            page: page.clone(),
        };
        TuiLoggerWidget::default()
            .formatter(Box::new(formatter))
            .state(&self.widget)
            .render(area, buffer);
        let page = page.lock().unwrap_or_else(PoisonError::into_inner);
        page.clone()
    }
}

/// One line for each event: time, level, message; the target's last part when
/// there is room. Everything in it may come from outside.
struct Formatter {
    theme: Theme,
    zone: TimeZone,
    search: String,
    page: Arc<Mutex<Page>>,
}

impl LogFormatter for Formatter {
    fn min_width(&self) -> u16 {
        20
    }

    fn format(&self, width: usize, event: &ExtLogRecord) -> Vec<Line<'_>> {
        let mood = match event.level.as_str() {
            "ERROR" => Mood::Bad,
            "WARN" => Mood::Warning,
            "INFO" => Mood::Plain,
            _ => Mood::Dim,
        };
        let time =
            event.timestamp.with_time_zone(self.zone.clone()).strftime("%H:%M:%S").to_string();
        let level = format!(" {:<5} ", event.level.as_str());
        let message = Shown::limited(event.msg().trim_start(), 2_000);
        let room = width.saturating_sub(time.len() + level.len());
        let found =
            !self.search.is_empty() && message.as_str().to_lowercase().contains(&self.search);
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Some(event.timestamp.timestamp());
        page.oldest = page.oldest.map_or(at, |oldest| at.min(Some(oldest)));
        page.newest = page.newest.max(at);
        page.matches += usize::from(found);
        let style =
            if found { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        vec![Line::from(vec![
            Span::styled(time, self.theme.dim()),
            Span::styled(level, self.theme.mood(mood)),
            Span::styled(text::shorten(message.as_str(), room, self.theme.ellipsis()), style),
        ])]
    }
}
