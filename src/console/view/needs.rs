//! What waits for a person, and what went wrong: why, since when, and what helps.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::keys;
use crate::console::needs::Need;
use crate::console::state::{Pane, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::ledger::{OutcomeCount, Undelivered};
use crate::model::{Outcome, Shown};

const COLUMNS: &[Column] = &[
    Column::new("STATE", 11, 9),
    Column::new("NAME", 16, 8).grow(1),
    Column::new("WHY", 20, 10).grow(4),
    Column::new("SINCE", 5, 5).right(),
    Column::new("TRY", 3, 3).right(),
    Column::new("NEXT", 7, 6),
    Column::new("HELPS", 10, 7),
];

/// The lines that it would like to have, without its title; few of them while the operator
/// is elsewhere.
pub(super) fn wanted(state: &State, count: usize) -> u16 {
    let most = if state.focus == Pane::Needs { 12 } else { 4 };
    count.min(most) as u16
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, rows: &[Need]) {
    let night = night(state, None);
    let about = match night.is_empty() {
        true => String::new(),
        false => format!("overnight: {night}"),
    };
    let others = rows.iter().filter(|need| !need.is_for_a_person());
    let tried: usize = others.map(|need| need.count).sum();
    let count = format!("({})", state.needs_operator());
    let about: Vec<String> =
        [count, if tried > 0 { format!("{tried} retrying") } else { String::new() }, about]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
    let mood = if state.needs_operator() > 0 { Mood::Bad } else { Mood::Plain };
    // What is beyond the screen is said at the end of the line.
    let room = match rows.len() >= usize::from(area.height) {
        true => area.width.saturating_sub(20),
        false => area.width,
    };
    let about = about.join(state.theme.dot());
    let area = pane::title_in(frame, area, state, Pane::Needs, &about, (mood, room));
    if area.height == 0 {
        return;
    }
    if rows.is_empty() {
        return pane::nothing(frame, area, state, Pane::Needs, "nothing needs you");
    }
    let row =
        |n: usize| rows.get(n).map(|need| Row { key: need.key.clone(), cells: cells(state, need) });
    let titles = has_titles(area.height, rows.len());
    pane::rows(frame, area, state, Pane::Needs, (COLUMNS, titles), (rows.len(), row));
}

/// Titles only where there is room: the words speak for themselves.
pub(super) fn has_titles(lines: u16, count: usize) -> bool {
    usize::from(lines) > count
}

fn cells(state: &State, need: &Need) -> Vec<Cell> {
    let next = match need.next {
        Some(at) => Cell::plain(state.next_try(&need.endpoint, at)),
        None if need.is_for_a_person() => Cell::new("you", Mood::Bad),
        None if state.endpoint_called(&need.endpoint).is_some_and(|e| e.paused) => {
            Cell::dim("paused")
        }
        None => Cell::dim("-"),
    };
    let help = keys::binding(need.help)
        .map_or_else(String::new, |b| format!("{} {}", state.keys.shown(b.action), b.name));
    vec![
        Cell::new(Shown::new(&need.state).as_str(), need.mood),
        Cell::plain(Shown::new(&need.name).as_str()),
        Cell::plain(Shown::new(&need.why).as_str()),
        Cell::dim(need.since.map_or_else(String::new, |at| text::age(state.now, at))),
        Cell::dim(if need.tries > 0 { need.tries.to_string() } else { String::new() }),
        next,
        Cell::new(help, Mood::Busy),
    ]
}

/// What a channel has not taken, in words, for its details.
pub(in crate::console) fn facts(state: &State, late: &Undelivered) -> Vec<(String, String)> {
    let said = late.said.as_ref().map(|said| ("last failure", said.clone()));
    let next = late.next.map(|at| ("next try", text::moment(state.now, at, &state.zone)));
    let facts = [
        ("not told", late.words()),
        ("since", text::moment(state.now, late.oldest, &state.zone)),
        ("tries", late.tries.to_string()),
        (
            "what to do",
            "`transship notify test` shows what each channel answers now; what waits is tried \
             again by itself for a day. What is given up comes to nobody: the failures that it was \
             about are in these lists"
                .to_owned(),
        ),
    ];
    let facts = said.into_iter().chain(next).chain(facts);
    facts.map(|(label, value)| (label.to_owned(), value)).collect()
}

/// How the runs of the night ended, the worst first: of one endpoint, or of all.
pub(super) fn night(state: &State, endpoint: Option<&str>) -> String {
    [
        (Outcome::NeedsOperator, "need you"),
        (Outcome::Failed, "failed"),
        (Outcome::Partial, "partial"),
        (Outcome::Missed, "missed"),
        (Outcome::Done, "done"),
        (Outcome::NothingNew, "empty"),
    ]
    .into_iter()
    .map(|(outcome, words)| {
        let of = |count: &&OutcomeCount| {
            count.outcome == outcome && endpoint.is_none_or(|name| count.endpoint == name)
        };
        (state.books.night.iter().filter(of).map(|count| count.runs).sum::<u64>(), words)
    })
    .filter(|(runs, _)| *runs > 0)
    .map(|(runs, words)| format!("{runs} {words}"))
    .collect::<Vec<_>>()
    .join(", ")
}

/// How bad the worst of the night was.
pub(super) fn night_mood(state: &State, endpoint: &str) -> Mood {
    let of = state.books.night.iter().filter(|count| count.endpoint == endpoint && count.runs > 0);
    let moods: Vec<Mood> = of.map(|count| Mood::of_outcome(count.outcome)).collect();
    let worst = [Mood::Bad, Mood::Warning].into_iter().find(|mood| moods.contains(mood));
    worst.unwrap_or(Mood::Dim)
}
