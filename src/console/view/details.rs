//! One thing with all that happened to it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::popup;
use crate::console::state::{Details, State};
use crate::console::text;
use crate::console::theme::{Mood, Theme};
use crate::ledger::EventRow;
use crate::model::{Id, Kind, Shown};

/// Cells of the labels at the most.
const LABEL: usize = 24;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, details: &mut Details) {
    let width = area.width.saturating_sub(4).min(110);
    let room = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let timeline = details.timeline.as_ref();
    // The title has the id; what the console says of a run, it says better.
    let run = details.id.is_some_and(|id| id.kind == Kind::Run) && !details.facts.is_empty();
    let told = |label: &str| match label {
        "id" | "report" => true,
        "ended" | "outcome" => run,
        label => details.facts.iter().any(|(known, _)| known == label),
    };
    let of_books = timeline.iter().flat_map(|t| &t.facts).filter(|(label, _)| !told(label));
    let facts = || details.facts.iter().chain(of_books.clone());
    let wide = facts().map(|(label, _)| text::width(label)).max().unwrap_or(0).min(LABEL) + 2;
    for (label, value) in facts() {
        labelled(&mut lines, state.theme, label, value, (wide, room));
    }
    if let Some(timeline) = timeline {
        lines.push(Line::default());
        if details.left_out > 0 {
            let words = format!("{} earlier events: `transship show` has them", details.left_out);
            lines.push(Line::styled(words, state.theme.dim()));
        }
        let mut day = String::new();
        for event in &timeline.events {
            happened(&mut lines, state, (event, details.id), &mut day, room);
        }
    } else if let Some(landed) = &details.landed {
        super::feeds::set_aside(&mut lines, state, landed, room);
    } else if let Some(runs) = &details.runs {
        super::runs::last(&mut lines, state, runs, room);
    } else if details.id.is_some() {
        lines.push(Line::styled("reading the books", state.theme.dim()));
    }
    let title = match details.id {
        Some(id) => format!("{id} {}", details.title).trim_end().to_owned(),
        None => details.title.to_string(),
    };
    let inner = popup::frame(frame, area, state, &title, (width, lines.len() as u16));
    popup::scrolled(frame, inner, lines, &mut details.scroll);
}

fn labelled(
    lines: &mut Vec<Line<'static>>,
    theme: Theme,
    label: &str,
    value: &str,
    (wide, room): (usize, usize),
) {
    let label = text::shorten(Shown::new(label).as_str(), wide - 2, theme.ellipsis());
    let value = Shown::limited(value, 2_000);
    for (n, part) in text::wrap(value.as_str(), room.saturating_sub(wide)).into_iter().enumerate() {
        let label = if n == 0 { label.clone() } else { String::new() };
        let label = text::pad(label, wide, false);
        lines.push(Line::from(vec![Span::styled(label, theme.dim()), Span::raw(part)]));
    }
}

/// One event: when, what, and how it went on.
fn happened(
    lines: &mut Vec<Line<'static>>,
    state: &State,
    (event, own): (&EventRow, Option<Id>),
    day: &mut String,
    room: usize,
) {
    let theme = state.theme;
    let at = event.at.to_zoned(state.zone.clone());
    let date = at.strftime("%A, %d %B %Y").to_string();
    if date != *day {
        lines.push(Line::styled(date.clone(), theme.dim()));
        *day = date;
    }
    let time = at.strftime("%H:%M:%S").to_string();
    let (what, mood) = match (&event.from_state, &event.to_state) {
        (Some(from), Some(to)) => (format!("{from} {} {to}", theme.arrow()), Mood::of_state(to)),
        (None, Some(to)) => (to.clone(), Mood::of_state(to)),
        _ => (event.kind.clone(), Mood::Plain),
    };
    let attempt =
        if event.attempt > 0 { format!(" (attempt {})", event.attempt) } else { String::new() };
    // What happened to another thing, in the story of a run, says to which.
    let whose =
        if Some(event.subject) == own { String::new() } else { format!("{} ", event.subject) };
    let what = format!("{whose}{}{attempt}", Shown::new(what.replace('_', " ")));
    lines.push(Line::from(vec![
        Span::styled(format!("{time}  "), theme.dim()),
        Span::styled(
            text::shorten(&what, room.saturating_sub(10), theme.ellipsis()),
            theme.mood(mood),
        ),
    ]));
    if let Some(detail) = &event.detail {
        let detail = Shown::limited(detail, 2_000);
        for part in text::wrap(detail.as_str(), room.saturating_sub(10)) {
            lines.push(Line::from(vec![Span::raw(" ".repeat(10)), Span::raw(part)]));
        }
    }
}
