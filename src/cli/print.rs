//! What the commands print: tables for people, JSON lines for programs.
//!
//! stdout is data, stderr is for people. A reader that has seen enough
//! (`| head`) ends the program quietly.

use std::io::{IsTerminal as _, Write as _};

use jiff::Timestamp;
use serde::Serialize;

use super::Exit;
use crate::headless::table::{Column, Table};
use crate::ledger::{EndpointRow, EventRow, ExportRow, FileRow, Timeline, TransferRow};
use crate::model::{Failure, Id, RunReport, Shown, steerless};
use crate::silver::lists::{LandedRow, QuarantineRow};

/// Writes `text` to stdout.
pub fn stdout(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => failure(&Failure::io("writing to", "stdout", &error)),
    }
}

/// Writes a failure to stderr; the exit code that goes with it.
pub fn failure(failure: &Failure) -> Exit {
    note(&format!("transship: {failure}"));
    Exit::of_failure(failure)
}

/// Writes a line for people to stderr. If that is closed there is nobody to tell.
pub fn note(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// One JSON object a line. Characters that could steer a terminal are escaped
/// as JSON escapes them, so that the data stays the same.
pub fn json_lines<T: Serialize>(rows: &[T]) -> Exit {
    let mut text = String::new();
    for row in rows {
        match json_line(row) {
            Ok(line) => text.push_str(&line),
            Err(error) => {
                let class = crate::model::FailureClass::Bug;
                return failure(&Failure::new(class, "writing", "JSON").said(error));
            }
        }
    }
    stdout(&text)
}

fn json_line<T: Serialize>(row: &T) -> serde_json::Result<String> {
    let mut line = steerless(&serde_json::to_string(row)?);
    line.push('\n');
    Ok(line)
}

/// The width to print for: the terminal's, or none where nobody reads along.
fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}

fn table<T>(rows: &[T], columns: &[Column], empty: &str, line: impl Fn(&T) -> Vec<String>) -> Exit {
    if rows.is_empty() {
        note(empty);
        return Exit::Done;
    }
    let mut table = Table::new(columns);
    for row in rows {
        table.row(line(row));
    }
    stdout(&table.render(width()))
}

/// Prints `endpoints`.
pub fn endpoints(rows: &[EndpointRow], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let columns = [
        Column::text("ENDPOINT"),
        Column::fixed("TYPE"),
        Column::text("DELIVERS TO"),
        Column::fixed("LAST RUN"),
        Column::fixed("OUTCOME"),
        Column::fixed("NEXT RUN"),
        Column::number("FILES"),
        Column::number("NEW"),
        Column::number("CHANGED"),
        Column::number("REMOVED"),
        Column::number("CALLS"),
        Column::number("WAITING"),
        Column::number("OPERATOR"),
        Column::number("UNCONFIRMED"),
        Column::number("MISSED"),
    ];
    table(rows, &columns, "There are no endpoints.", |row| {
        let next = match (row.is_active, row.paused) {
            (false, _) => "inactive".into(),
            (_, true) => "paused".into(),
            _ => time(row.next_run),
        };
        vec![
            row.name.clone(),
            row.endpoint_type.to_string(),
            or_dash(row.deliver_to.as_deref()),
            time(row.last_run),
            row.last_outcome.map_or_else(dash, |o| o.to_string()),
            next,
            row.files.to_string(),
            row.new.to_string(),
            row.updated.to_string(),
            row.removed.to_string(),
            row.api_calls.to_string(),
            row.waiting.to_string(),
            row.needs_operator.to_string(),
            row.unconfirmed.to_string(),
            row.missed_runs.to_string(),
        ]
    })
}

/// Prints `exports`.
pub fn exports(rows: &[ExportRow], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let columns = [
        Column::fixed("ID"),
        Column::text("ENDPOINT"),
        Column::text("NAME"),
        Column::fixed("STATE"),
        Column::number("TRY"),
        Column::number("SIZE"),
        Column::fixed("PROOF"),
        Column::fixed("CHANGED"),
        Column::text("ERROR"),
    ];
    table(rows, &columns, "There are no such exports.", |row| {
        vec![
            row.id.to_string(),
            row.endpoint.clone(),
            row.name.clone(),
            row.state.clone(),
            row.attempt.to_string(),
            row.bytes.map_or_else(dash, size),
            or_dash(row.evidence.as_deref()),
            time(Some(row.updated_at)),
            row.error.clone().unwrap_or_default(),
        ]
    })
}

/// Prints `files`.
pub fn files(rows: &[FileRow], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let columns = [
        Column::fixed("ID"),
        Column::text("ENDPOINT"),
        Column::text("PATH"),
        Column::fixed("TYPE"),
        Column::number("SIZE"),
        Column::fixed("STATE"),
        Column::fixed("CHANGED"),
        Column::text("NOT FETCHED"),
        Column::text("LINK"),
    ];
    table(rows, &columns, "There are no such files.", |row| {
        vec![
            row.id.to_string(),
            row.endpoint.clone(),
            row.path.clone(),
            or_dash(row.file_type.as_deref()),
            row.size.map_or_else(dash, size),
            row.state.clone(),
            time(Some(row.updated_at)),
            row.left_out.clone().unwrap_or_default(),
            row.link.clone().unwrap_or_default(),
        ]
    })
}

/// Prints landed files, each with why it is refused or what its first bad row lacks.
pub fn landed(rows: &[(LandedRow, Option<String>)]) -> Exit {
    let columns = [
        Column::fixed("ID"),
        Column::text("ENDPOINT"),
        Column::text("NAME"),
        Column::text("DATASET"),
        Column::fixed("STATE"),
        Column::number("GOOD"),
        Column::number("BAD"),
        Column::text("WHY"),
    ];
    table(rows, &columns, "There are no such files.", |(row, why)| {
        vec![
            Id::landed(row.id).to_string(),
            row.endpoint.clone(),
            row.name.clone(),
            or_dash(row.dataset.as_deref()),
            row.state.clone(),
            row.rows_good.to_string(),
            row.rows_bad.to_string(),
            why.clone().unwrap_or_default(),
        ]
    })
}

/// Prints what is known of one landed file.
pub fn landed_detail(row: &LandedRow) {
    let lines = [
        ("endpoint", row.endpoint.clone()),
        ("path", row.path.clone()),
        ("dataset", or_dash(row.dataset.as_deref())),
        ("state", row.state.clone()),
        ("rows in", row.rows_good.to_string()),
        ("rows set aside", row.rows_bad.to_string()),
        ("drift", or_dash(row.drift.as_deref())),
        ("error", or_dash(row.error.as_deref())),
        ("sha256", row.sha256.clone()),
        ("kept as", row.bronze.clone()),
        ("landed", row.landed_at.clone()),
        ("taken in", or_dash(row.ingested_at.as_deref())),
    ];
    note(&format!("{} {}", Id::landed(row.id), Shown::new(&row.name)));
    for (what, words) in lines {
        note(&format!("  {what:<15}{}", Shown::new(words)));
    }
}

/// Prints rows that were set aside.
pub fn quarantine(rows: &[QuarantineRow]) -> Exit {
    let columns = [
        Column::number("LINE"),
        Column::text("COLUMN"),
        Column::text("REASON"),
        Column::text("VALUE"),
        Column::text("ROW"),
    ];
    table(rows, &columns, "No row of it was set aside.", |row| {
        vec![
            row.line.to_string(),
            or_dash(row.column.as_deref()),
            row.reason.clone(),
            row.value.clone().unwrap_or_default(),
            row.raw.clone(),
        ]
    })
}

/// Prints `transfers`.
pub fn transfers(rows: &[TransferRow], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let columns = [
        Column::fixed("ID"),
        Column::fixed("EXPORT"),
        Column::text("REMOTE NAME"),
        Column::text("DESTINATION"),
        Column::fixed("STATE"),
        Column::number("TRY"),
        Column::number("SIZE"),
        Column::fixed("PROOF"),
        Column::fixed("CHANGED"),
        Column::text("ERROR"),
    ];
    table(rows, &columns, "There are no such deliveries.", |row| {
        vec![
            row.id.to_string(),
            row.export.to_string(),
            row.remote_name.clone().unwrap_or_else(|| row.name.clone()),
            row.destination.clone(),
            row.state.clone(),
            row.attempt.to_string(),
            row.bytes.map_or_else(dash, size),
            or_dash(row.evidence.as_deref()),
            time(Some(row.updated_at)),
            row.error.clone().unwrap_or_default(),
        ]
    })
}

/// Prints `runs`.
pub fn runs(rows: &[RunReport], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let columns = [
        Column::fixed("ID"),
        Column::fixed("STARTED"),
        Column::number("SECONDS"),
        Column::fixed("OUTCOME"),
        Column::number("NEW"),
        Column::number("CHANGED"),
        Column::number("REMOVED"),
        Column::number("DELIVERED"),
        Column::number("FAILED"),
        Column::text("ENDPOINTS"),
        Column::text("ERROR"),
    ];
    table(rows, &columns, "There are no runs yet.", |run| {
        let sum = |count: fn(&crate::model::EndpointResult) -> u64| {
            run.endpoints.iter().map(count).sum::<u64>().to_string()
        };
        let names: Vec<&str> = run.endpoints.iter().map(|e| e.name.as_str()).collect();
        let error = run.endpoints.iter().find_map(|e| e.error.clone());
        vec![
            run.run_id.to_string(),
            time(Some(run.started_at)),
            run.ended_at.duration_since(run.started_at).as_secs().to_string(),
            run.outcome.to_string(),
            sum(|e| e.new),
            sum(|e| e.updated),
            sum(|e| e.removed),
            sum(|e| e.delivered),
            sum(|e| e.failed),
            names.join(", "),
            error.unwrap_or_default(),
        ]
    })
}

/// Prints `events`.
pub fn events(rows: &[EventRow], json: bool) -> Exit {
    if json {
        return json_lines(rows);
    }
    let mut table = event_table();
    if rows.is_empty() {
        note("There are no such events.");
        return Exit::Done;
    }
    for row in rows {
        table.row(event_line(row));
    }
    stdout(&table.render(width()))
}

/// Prints `show`: the facts, then everything that happened, oldest first.
pub fn timeline(timeline: &Timeline, json: bool) -> Exit {
    if json {
        return json_lines(std::slice::from_ref(timeline));
    }
    let labels = timeline.facts.iter().map(|(label, _)| label.chars().count());
    let widest = labels.max().unwrap_or(0);
    let mut text = format!("{}\n", timeline.id);
    for (label, value) in &timeline.facts {
        text.push_str(&format!("  {:<widest$}  {}\n", Shown::new(label), Shown::new(value)));
    }
    if !timeline.events.is_empty() {
        let mut table = event_table();
        for event in &timeline.events {
            table.row(event_line(event));
        }
        text.push('\n');
        text.push_str(&table.render(width()));
    }
    stdout(&text)
}

fn event_table() -> Table {
    Table::new(&[
        Column::fixed("TIME"),
        Column::fixed("ID"),
        Column::fixed("WHAT"),
        Column::fixed("STATE"),
        Column::number("TRY"),
        Column::text("DETAIL"),
    ])
}

fn event_line(event: &EventRow) -> Vec<String> {
    let states = match (&event.from_state, &event.to_state) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) => to.clone(),
        _ => String::new(),
    };
    vec![
        time(Some(event.at)),
        event.subject.to_string(),
        event.kind.clone(),
        states,
        event.attempt.to_string(),
        event.detail.clone().unwrap_or_default(),
    ]
}

fn dash() -> String {
    "-".into()
}

fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(dash, str::to_owned)
}

/// A time for people: of this machine's time zone, to the second.
pub fn time(at: Option<Timestamp>) -> String {
    let zone = jiff::tz::TimeZone::system();
    at.map_or_else(dash, |at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A size for people: decimal units, three digits at the most.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 9.95 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_three_digits_at_the_most() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_940, "9.9 kB"),
            (9_960, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (52_428_800, "52 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn json_stays_the_same_and_steers_no_terminal(name in any::<String>()) {
            let line = json_line(&name).expect("a string is JSON");
            let body = line.strip_suffix('\n').expect("a line");
            let shown = Shown::limited(body, usize::MAX);
            prop_assert_eq!(shown.as_str(), body);
            prop_assert_eq!(serde_json::from_str::<String>(body).expect("JSON"), name);
        }
    }
}
