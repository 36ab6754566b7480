//! The endpoints: one line each, what an operator asks first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::needs;
use super::pane::{self, Row};
use super::runs;
use super::table::{Cell, Column};
use crate::console::driver::EVENING;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::engine::{Phase, Walk, runs_after};
use crate::ledger::EndpointRow;
use crate::model::{EndpointType, Schedule, Shown};

const COLUMNS: &[Column] = &[
    Column::new("NAME", 16, 10).grow(3),
    Column::new("NOW", 11, 9).grow(2),
    Column::new("LAST RUN", 13, 8),
    Column::new("NEXT", 6, 7),
    Column::new("YOU", 3, 7).right(),
    Column::new("WAITS", 5, 6).right(),
    Column::new("UNCONF", 6, 5).right(),
    Column::new("LISTED", 6, 4).right(),
    Column::new("FETCHED", 7, 3).right(),
    Column::new("DELIV", 5, 4).right(),
    Column::new("CONF", 5, 4).right(),
    Column::new("OVERNIGHT", 12, 4).grow(2),
    Column::new("CHANGES", 9, 2).right(),
    Column::new("ROWS", 9, 2).right(),
    Column::new("CALLS", 5, 0).right(),
];

/// Those that say something only of what is delivered.
const OF_DELIVERIES: &[&str] = &["UNCONF", "DELIV", "CONF"];

/// The one that says something only of partners' folders.
const OF_FEEDS: &str = "ROWS";

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&EndpointRow> = state.endpoints().collect();
    let area = pane::title(frame, area, state, Pane::Endpoints, "");
    if rows.is_empty() {
        let words = "no endpoints: transship init writes an example configuration";
        return pane::nothing(frame, area, state, Pane::Endpoints, words);
    }
    let delivers = rows.iter().any(|e| e.deliver_to.is_some());
    let feeds = !state.taken_in.is_empty();
    let needed = rows.iter().any(|e| state.needed_by(e) > 0);
    let is_shown = |column: &Column| match column.title {
        OF_FEEDS => feeds,
        "YOU" => needed,
        title => delivers || !OF_DELIVERIES.contains(&title),
    };
    let columns: Vec<Column> = COLUMNS.iter().filter(|c| is_shown(c)).copied().collect();
    let row = |n: usize| {
        let e = rows.get(n)?;
        let cells = COLUMNS.iter().zip(cells(state, e)).filter(|(c, _)| is_shown(c));
        let cells = cells.map(|(_, cell)| cell).collect();
        Some(Row { key: RowKey::Endpoint(e.name.clone()), cells })
    };
    pane::list(frame, area, state, Pane::Endpoints, &columns, (rows.len(), row));
}

fn now(state: &State, e: &EndpointRow) -> Cell {
    match state.phases.get(&e.name) {
        Some(phase @ (Phase::Braked(_) | Phase::ContentsWait(_))) => {
            Cell::new(Shown::new(phase.words()).as_str(), Mood::Bad)
        }
        Some(phase) if *phase != Phase::Idle => match state.walks.get(&e.name) {
            Some(walk) => walking(state, walk),
            None => Cell::new(phase.words(), Mood::Busy),
        },
        _ if !e.is_active => Cell::dim("switched off"),
        _ => Cell::dim("idle"),
    }
}

/// How far a walk through a register is, or until when it has to wait.
fn walking(state: &State, walk: &Walk) -> Cell {
    match throttled(state, walk) {
        Some(until) => Cell::new(format!("waits {until}"), Mood::Warning),
        None => Cell::new(format!("{} listed", walk.found), Mood::Busy),
    }
}

/// Until what time of day the service has asked us to wait, if it still does.
fn throttled(state: &State, walk: &Walk) -> Option<String> {
    let until = walk.throttled_until.filter(|until| *until > state.now)?;
    Some(until.to_zoned(state.zone.clone()).strftime("%H:%M:%S").to_string())
}

pub(super) fn last(state: &State, e: &EndpointRow) -> Cell {
    match (e.last_run, e.last_outcome) {
        (Some(at), Some(outcome)) => {
            let words = runs::words(outcome);
            Cell::new(format!("{} {words}", text::age(state.now, at)), Mood::of_outcome(outcome))
        }
        (Some(at), None) => Cell::new(format!("{} running", text::age(state.now, at)), Mood::Busy),
        (None, _) => Cell::dim("never"),
    }
}

fn next(state: &State, e: &EndpointRow) -> String {
    match e.next_run {
        _ if e.paused => "paused".to_owned(),
        Some(at) => text::until(state.now, at),
        None if e.schedule == Some(Schedule::Manual) || !e.is_active => "manual".to_owned(),
        // It begins any moment, or just did.
        None => "-".to_owned(),
    }
}

/// The same in words.
fn unconfirmed_in_words(state: &State, e: &EndpointRow) -> String {
    match e.oldest_unconfirmed_at {
        Some(at) if e.unconfirmed > 0 => {
            format!("{}, the oldest since {}", e.unconfirmed, text::age(state.now, at))
        }
        _ => e.unconfirmed.to_string(),
    }
}

/// The next run with its time of day.
fn next_in_words(state: &State, e: &EndpointRow) -> String {
    match e.next_run {
        Some(at) if !e.paused => {
            format!("{}, {}", text::moment(state.now, at, &state.zone), next(state, e))
        }
        _ => next(state, e),
    }
}

/// Published but not seen taken, and since when.
fn unconfirmed(state: &State, e: &EndpointRow) -> String {
    match e.oldest_unconfirmed_at {
        Some(at) if e.unconfirmed > 0 => format!("{}, {}", e.unconfirmed, text::age(state.now, at)),
        _ => e.unconfirmed.to_string(),
    }
}

/// Whether the books keep its files, and not only what it announced.
fn is_register(e: &EndpointRow) -> bool {
    e.endpoint_type != EndpointType::Encoura
}

/// What there is: files in the register, or exports listed so far.
fn files(e: &EndpointRow) -> u64 {
    if is_register(e) { e.files } else { e.listed }
}

/// New, changed and gone: so far in the walk under way, else in the last run.
fn changes(state: &State, e: &EndpointRow) -> (u64, u64, u64) {
    match state.walks.get(&e.name) {
        Some(walk) => (walk.new, walk.updated, walk.removed),
        None => (e.new, e.updated, e.removed),
    }
}

fn calls(state: &State, e: &EndpointRow) -> (u64, u64) {
    match state.walks.get(&e.name) {
        Some(walk) => (walk.calls, walk.quota),
        None => (e.api_calls, e.quota_used),
    }
}

/// Rows that went in, and with a `!` those that were set aside.
fn rows(state: &State, e: &EndpointRow) -> Cell {
    match state.taken_in.get(&e.name) {
        None => Cell::plain(""),
        Some((good, 0)) => Cell::plain(format!("+{good}")),
        Some((good, bad)) => Cell::new(format!("+{good} !{bad}"), Mood::Warning),
    }
}

/// Where the service counts in units of its own, those too.
fn of_quota(calls: u64, quota: u64) -> String {
    if quota == calls { String::new() } else { format!(", {quota} units of the quota") }
}

/// `+3 ~2 -1`, without what is nothing.
fn signed(changes: (u64, u64, u64)) -> String {
    let (new, changed, gone) = changes;
    [('+', new), ('~', changed), ('-', gone)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn cells(state: &State, e: &EndpointRow) -> Vec<Cell> {
    let needing = state.needed_by(e);
    let needs = if needing > 0 { Mood::Bad } else { Mood::Dim };
    let waits = if e.retrying > 0 { Mood::Warning } else { Mood::Plain };
    let delivers = e.deliver_to.is_some();
    let of_deliveries = |text: String| if delivers { text } else { String::new() };
    let fetches = delivers
        || !matches!(
            e.endpoint_type,
            EndpointType::AutodeskConstructionCloud | EndpointType::GoogleDrive
        );
    vec![
        Cell::plain(Shown::new(&e.name).as_str()),
        now(state, e),
        last(state, e),
        Cell::dim(next(state, e)),
        Cell::new(needing.to_string(), needs),
        Cell::new(e.waiting.to_string(), waits),
        Cell::plain(of_deliveries(unconfirmed(state, e))),
        Cell::new(
            files(e).to_string(),
            if e.access_lost > 0 { Mood::Warning } else { Mood::Plain },
        ),
        Cell::plain(if fetches { e.fetched.to_string() } else { String::new() }),
        Cell::plain(of_deliveries((e.unconfirmed + e.confirmed).to_string())),
        Cell::plain(of_deliveries(e.confirmed.to_string())),
        Cell::new(needs::night(state, Some(&e.name)), needs::night_mood(state, &e.name)),
        Cell::plain(signed(changes(state, e))),
        rows(state, e),
        Cell::dim(calls(state, e).0.to_string()),
    ]
}

/// Everything about an endpoint in words, for its details.
pub(in crate::console) fn facts(state: &State, e: &EndpointRow) -> Vec<(String, String)> {
    let mut facts = vec![("now", now(state, e).text), ("last run", last(state, e).text)];
    facts.extend(e.last_error.clone().map(|error| ("last failure", error)));
    facts.push(("next run", next_in_words(state, e)));
    if let (Some(at), Some(schedule), false) = (e.next_run, &e.schedule, e.paused) {
        let then = runs_after(schedule, at, 3);
        let then: Vec<String> =
            then.into_iter().map(|at| text::moment(state.now, at, &state.zone)).collect();
        facts.push(("then", then.join(", ")));
    }
    facts.extend(e.last_missed_at.map(|at| {
        let ago = text::age(state.now, at);
        ("missed runs", format!("{}, the last one {ago} ago", e.missed_runs))
    }));
    let night = needs::night(state, Some(&e.name));
    if !night.is_empty() {
        facts.push(("overnight", format!("{night} (since yesterday {EVENING}:00)")));
    }
    if e.deliver_to.is_some() || !is_register(e) {
        let delivered = e.unconfirmed + e.confirmed;
        facts.extend([
            (
                "files",
                format!(
                    "{} listed, {} fetched, {delivered} delivered, {} confirmed",
                    files(e),
                    e.fetched,
                    e.confirmed
                ),
            ),
            ("unconfirmed", unconfirmed_in_words(state, e)),
            ("waiting", format!("{}, of them {} after a failure", e.waiting, e.retrying)),
            ("needs you", state.needed_by(e).to_string()),
        ]);
    }
    let (new, changed, gone) = changes(state, e);
    let (calls, quota) = calls(state, e);
    if is_register(e) {
        let whose = if state.walks.contains_key(&e.name) { "this run" } else { "last run" };
        facts.extend([
            ("files", format!("{} in the register", e.files)),
            ("changes", format!("{new} new, {changed} changed, {gone} removed ({whose})")),
            ("calls", format!("{calls}{} ({whose})", of_quota(calls, quota))),
        ]);
    }
    facts.extend(state.taken_in.get(&e.name).map(|(good, bad)| {
        ("rows", format!("{good} went in, {bad} set aside (the last run that this console saw)"))
    }));
    if e.access_lost > 0 {
        facts
            .push(("access lost", format!("{} files: kept as they were last seen", e.access_lost)));
    }
    let waits = state.walks.get(&e.name).and_then(|walk| throttled(state, walk));
    facts.extend(
        waits.map(|until| ("throttled", format!("the service asks to wait until {until}"))),
    );
    facts.extend([
        ("type", e.endpoint_type.to_string()),
        (
            "delivers to",
            e.deliver_to.clone().unwrap_or_else(|| "nowhere: it only keeps the books".into()),
        ),
        ("schedule", super::schedules::words(e.schedule.as_ref())),
    ]);
    facts.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
}
