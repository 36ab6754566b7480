//! Runs that ended, and what each endpoint's part in one did.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::action::Action;
use crate::console::state::{LastRuns, Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::model::{EndpointResult, Outcome, RunReport, Shown};

const COLUMNS: &[Column] = &[
    Column::new("RUN", 5, 8),
    Column::new("STATE", 11, 10),
    Column::new("STARTED", 12, 9),
    Column::new("TOOK", 5, 3).right(),
    Column::new("ENDPOINT", 14, 7).grow(2),
    Column::new("FOUND", 6, 2).right(),
    Column::new("NEW", 5, 4).right(),
    Column::new("FETCHED", 7, 1).right(),
    Column::new("DELIVERED", 9, 5).right(),
    Column::new("FAILED", 6, 6).right(),
    Column::new("WHY", 16, 6).grow(3),
];

/// Rows of an endpoint's runs that its details show.
const LAST: usize = 15;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&RunReport> = state.history().collect();
    let mut about = rows.len().to_string();
    if let Some(name) = &state.history_of {
        about += &format!("{}{}", state.theme.dot(), Shown::new(name));
    }
    let area = pane::title(frame, area, state, Pane::Runs, &about);
    if rows.is_empty() {
        return pane::nothing(frame, area, state, Pane::Runs, "no run has ended yet");
    }
    let row = |n: usize| {
        rows.get(n).map(|run| Row { key: RowKey::Id(run.run_id), cells: cells(state, run) })
    };
    pane::list(frame, area, state, Pane::Runs, COLUMNS, (rows.len(), row));
}

/// An outcome in the operator's words.
pub(in crate::console) fn words(outcome: Outcome) -> String {
    match outcome {
        Outcome::NeedsOperator => "needs you".to_owned(),
        Outcome::NothingNew => "empty".to_owned(),
        other => other.as_str().replace('_', " "),
    }
}

fn cells(state: &State, run: &RunReport) -> Vec<Cell> {
    let sum = |count: fn(&EndpointResult) -> u64| run.endpoints.iter().map(count).sum::<u64>();
    let number = |count: u64| match count {
        0 => Cell::dim("0"),
        some => Cell::plain(some.to_string()),
    };
    let failed = sum(|e| e.failed);
    let why = run.endpoints.iter().find_map(|e| e.error.as_deref()).unwrap_or("");
    let names: Vec<&str> = run.endpoints.iter().map(|e| e.name.as_str()).collect();
    let whose = match names.as_slice() {
        [one] => Shown::new(one).to_string(),
        all => format!("{}: {}", all.len(), Shown::new(all.join(", "))),
    };
    vec![
        Cell::dim(run.run_id.to_string()),
        Cell::new(words(run.outcome), Mood::of_outcome(run.outcome)),
        Cell::plain(text::moment(state.now, run.started_at, &state.zone)),
        Cell::dim(took(run)),
        Cell::plain(whose),
        number(sum(|e| e.discovered)),
        number(sum(|e| e.new)),
        number(sum(|e| e.fetched)),
        number(sum(|e| e.delivered)),
        if failed > 0 { Cell::new(failed.to_string(), Mood::Bad) } else { number(0) },
        Cell::plain(Shown::new(why).as_str()),
    ]
}

/// How long it took, in seconds, minutes or hours.
fn took(run: &RunReport) -> String {
    if run.outcome == Outcome::Missed {
        return String::new();
    }
    match run.ended_at.duration_since(run.started_at).as_secs() {
        seconds @ ..60 => format!("{}s", seconds.max(0)),
        seconds => text::span(seconds),
    }
}

/// A run in words, for its details.
pub(in crate::console) fn facts(state: &State, run: &RunReport) -> Vec<(String, String)> {
    let mut facts = vec![
        ("state".to_owned(), words(run.outcome)),
        (
            "started".to_owned(),
            format!("{}, took {}", text::moment(state.now, run.started_at, &state.zone), took(run)),
        ),
    ];
    facts.extend(run.endpoints.iter().map(|e| {
        let counts = [
            (e.discovered, "found"),
            (e.new, "new"),
            (e.updated, "changed"),
            (e.removed, "removed"),
            (e.fetched, "fetched"),
            (e.delivered, "delivered"),
            (e.failed, "failed"),
            (e.api_calls, "calls"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        let mut words = format!("{}: {}", words(e.outcome), counts.join(", "));
        if let Some(error) = &e.error {
            words += &format!(" — {error}");
        }
        (e.name.clone(), words)
    }));
    facts
}

/// The last runs of an endpoint, one line each.
pub(super) fn last(lines: &mut Vec<Line<'static>>, state: &State, runs: &LastRuns, room: usize) {
    let theme = state.theme;
    lines.push(Line::default());
    let Some(rows) = &runs.rows else {
        return lines.push(Line::styled("reading its runs", theme.dim()));
    };
    let more = match rows.len() > LAST {
        true => format!("; {} shows all", state.keys.shown(Action::RunsOf)),
        false => String::new(),
    };
    lines.push(Line::styled(format!("its last runs{more}"), theme.dim()));
    if rows.is_empty() {
        lines.push(Line::raw("none has ended yet"));
    }
    for run in rows.iter().take(LAST) {
        let Some(e) = run.endpoints.iter().find(|e| e.name == runs.of) else { continue };
        let when = text::pad(text::moment(state.now, run.started_at, &state.zone), 13, false);
        let outcome = text::pad(words(e.outcome), 12, false);
        let mut counts = format!("{} new, {} delivered", e.new, e.delivered);
        if e.failed > 0 {
            counts += &format!(", {} failed", e.failed);
        }
        if let Some(error) = &e.error {
            counts += &format!(": {}", Shown::limited(error, 400));
        }
        let id = text::pad(run.run_id.to_string(), 6, false);
        let left = room.saturating_sub(id.len() + 25);
        lines.push(Line::from(vec![
            Span::styled(id, theme.dim()),
            Span::raw(when),
            Span::styled(outcome, theme.mood(Mood::of_outcome(e.outcome))),
            Span::raw(text::shorten(&counts, left, theme.ellipsis())),
        ]));
    }
}
