//! `/metrics`: for Prometheus and whatever reads its format.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use jiff::Timestamp;

use super::answer;
use super::app::{App, VERSION};
use super::exposition::{Exposition, KIND, Kind};
use super::health::Checks;
use super::listen::Place;
use super::live::Picture;
use crate::ledger::{Books as _, EndpointRow, FileTotals, Totals, Undelivered};
use crate::model::Outcome;

/// Answers with what is known. What stands in a ledger that cannot be read is left
/// out, and `transship_up` says why: a zero would be a lie.
pub(super) async fn answer(app: Arc<App>) -> Response {
    let reading = app.read(|reader| {
        let late = reader.undelivered()?;
        Ok((reader.endpoints()?, reader.totals()?, reader.file_totals()?, late))
    });
    let (read, checks) = tokio::join!(reading, app.checks());
    let mut all = Exposition::default();
    program(&mut all, &app, &checks);
    listeners(&mut all, &app.places.all());
    moving(&mut all, &app.live.picture());
    match &read {
        Ok((rows, totals, files, late)) => {
            undelivered(&mut all, late);
            counters(&mut all, totals);
            file_counters(&mut all, files);
            endpoints(&mut all, rows, totals);
        }
        Err(unread) => tracing::warn!("http: metrics without the ledger: {unread}"),
    }
    answer::text(KIND, all.into_text())
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn program(all: &mut Exposition, app: &App, checks: &Checks) {
    all.family("transship_build_info", Kind::Gauge, "The version that runs; always 1.")
        .sample(&[("version", VERSION)], 1.0);
    all.family("transship_start_time_seconds", Kind::Gauge, "When it started, in Unix time.")
        .sample(&[], seconds(app.started_at));
    let mut up = all.family("transship_up", Kind::Gauge, "Whether a part of the program is well.");
    up.sample(&[("component", "ledger")], flag(checks.ledger.is_none()));
    up.sample(&[("component", "writer")], flag(checks.writer.is_none()));
    up.sample(&[("component", "scheduler")], flag(checks.scheduler.is_none()));
}

fn listeners(all: &mut Exposition, places: &[Place]) {
    let mut up =
        all.family("transship_http_listener_up", Kind::Gauge, "Whether an address is listened on.");
    let mut seen = Vec::new();
    for place in places {
        // Given twice, it is one series all the same: the first one's.
        if !seen.contains(&&place.address) {
            seen.push(&place.address);
            up.sample(&[("address", &place.address)], flag(!place.listening.is_empty()));
        }
    }
}

fn undelivered(all: &mut Exposition, late: &[Undelivered]) {
    let mut family = all.family(
        "transship_notifications_undelivered",
        Kind::Gauge,
        "Notifications that a channel has not taken, which wait or are given up.",
    );
    for late in late {
        for (state, count) in [("waiting", late.waiting), ("given_up", late.given_up)] {
            family.sample(&[("channel", &late.channel), ("state", state)], count as f64);
        }
    }
}

fn moving(all: &mut Exposition, picture: &Picture) {
    let mut by_endpoint: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for transfer in picture.transfers.values() {
        let (count, bytes) = by_endpoint.entry(&transfer.endpoint).or_default();
        *count += 1;
        *bytes += transfer.bytes;
    }
    let mut family =
        all.family("transship_transfers_in_flight", Kind::Gauge, "Files on their way now.");
    for (endpoint, (count, _)) in &by_endpoint {
        family.sample(&[("endpoint", endpoint)], *count as f64);
    }
    let mut family = all.family(
        "transship_transfers_in_flight_bytes",
        Kind::Gauge,
        "Bytes of them that the receiving side has.",
    );
    for (endpoint, (_, bytes)) in &by_endpoint {
        family.sample(&[("endpoint", endpoint)], *bytes as f64);
    }
}

fn counters(all: &mut Exposition, totals: &[Totals]) {
    let ran = || totals.iter().filter(|t| t.outcome != Outcome::Missed);
    let mut family =
        all.family("transship_runs_total", Kind::Counter, "Runs that ended, by how they did.");
    for t in ran() {
        let labels = [("endpoint", t.endpoint.as_str()), ("outcome", t.outcome.as_str())];
        family.sample(&labels, t.runs as f64);
    }
    let mut sum = |name, help, count: fn(&Totals) -> u64| {
        let mut sums: Vec<(&str, u64)> = Vec::new();
        for t in ran() {
            match sums.last_mut().filter(|(endpoint, _)| *endpoint == t.endpoint) {
                Some((_, sum)) => *sum += count(t),
                None => sums.push((&t.endpoint, count(t))),
            }
        }
        let mut family = all.family(name, Kind::Counter, help);
        for (endpoint, sum) in sums {
            family.sample(&[("endpoint", endpoint)], sum as f64);
        }
    };
    sum("transship_files_new_total", "Files not seen before.", |t| t.files_new);
    sum("transship_files_failed_total", "Failures of files in runs, each time.", |t| {
        t.files_failed
    });
    sum("transship_api_calls_total", "Calls made to the source's API.", |t| t.api_calls);
}

/// In runs and between them: files are tried again by themselves.
fn file_counters(all: &mut Exposition, files: &[FileTotals]) {
    let mut counter = |name, help, count: fn(&FileTotals) -> u64| {
        let mut family = all.family(name, Kind::Counter, help);
        for of_one in files {
            family.sample(&[("endpoint", &of_one.endpoint)], count(of_one) as f64);
        }
    };
    counter("transship_files_fetched_total", "Files fetched and verified.", |f| f.fetched);
    counter("transship_fetched_bytes_total", "Bytes of them.", |f| f.bytes);
    counter("transship_files_delivered_total", "Files published.", |f| f.delivered);
}

fn endpoints(all: &mut Exposition, rows: &[EndpointRow], totals: &[Totals]) {
    let mut family = all.family(
        "transship_missed_runs_total",
        Kind::Counter,
        "Scheduled runs that never took place.",
    );
    for row in rows {
        family.sample(&[("endpoint", &row.name)], row.missed_runs as f64);
    }
    let mut gauge = |name, help, value: &dyn Fn(&EndpointRow) -> Option<f64>| {
        let mut family = all.family(name, Kind::Gauge, help);
        for row in rows {
            if let Some(value) = value(row) {
                family.sample(&[("endpoint", &row.name)], value);
            }
        }
    };
    gauge("transship_files_waiting", "Files on their way, or waiting for their turn.", &|row| {
        Some(row.waiting as f64)
    });
    gauge("transship_files_retrying", "Those of them that failed and are tried again.", &|row| {
        Some(row.retrying as f64)
    });
    gauge("transship_files_need_operator", "Files that wait for a person.", &|row| {
        Some(row.needs_operator as f64)
    });
    gauge("transship_files_unconfirmed", "Files published and not yet seen taken.", &|row| {
        Some(row.unconfirmed as f64)
    });
    gauge("transship_register_files", "Files in the register.", &|row| Some(row.files as f64));
    gauge(
        "transship_register_access_lost",
        "Files of them that may not be seen any more.",
        &|row| Some(row.access_lost as f64),
    );
    let now = Timestamp::now();
    gauge(
        "transship_oldest_unconfirmed_age_seconds",
        "For how long the oldest of them has been published; 0 if there is none.",
        &|row| {
            let age = row.oldest_unconfirmed_at.map(|at| now.duration_since(at).as_secs_f64());
            Some(age.unwrap_or(0.0).max(0.0))
        },
    );
    gauge("transship_last_run_timestamp_seconds", "When the last run began.", &|row| {
        row.last_run.map(seconds)
    });
    gauge("transship_next_run_timestamp_seconds", "When the next run is planned.", &|row| {
        row.next_run.map(seconds)
    });
    gauge(
        "transship_last_success_timestamp_seconds",
        "When the last run ended in which nothing failed.",
        &|row| {
            let well = totals.iter().filter(|t| {
                t.endpoint == row.name && matches!(t.outcome, Outcome::Done | Outcome::NothingNew)
            });
            well.map(|t| t.last_at).max().map(seconds)
        },
    );
    gauge("transship_endpoint_paused", "Whether the schedule rests.", &|row| {
        Some(flag(row.paused))
    });
}
