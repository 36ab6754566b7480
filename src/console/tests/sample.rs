//! A morning in the life of an operator, with some hostile names in it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use futures::FutureExt;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use tracing_subscriber::layer::SubscriberExt;

use crate::console::Options;
use crate::console::message::{Message, Snapshot};
use crate::console::pending::Pending;
use crate::console::state::{Pane, State};
use crate::console::update::update;
use crate::engine::{Event, Phase, Transfer, Walk};
use crate::ledger::{
    Books, EndpointRow, EventRow, ExportRow, FileRow, Filter, OutcomeCount, Timeline, TransferRow,
    Undelivered,
};
use crate::model::{
    EndpointResult, EndpointType, Failure, FailureClass, Id, Outcome, RunReport, Schedule, Shown,
};
use crate::silver::lists::{LandedRow, QuarantineRow, Stand};

pub(super) const HOSTILE: &str = "\u{1b}]0;owned\u{7}gpj.\u{202e}vsc\u{200b}\u{9b}2J.csv";

pub(super) fn now() -> Timestamp {
    "2026-05-04T08:00:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub(super) fn options() -> Options {
    Options {
        title: "demo".to_owned(),
        color: true,
        palette: crate::console::Palette::Dark,
        ascii: false,
        keys: crate::console::Keymap::default(),
        mouse: false,
        read_only: false,
        reload: Some(tokio::sync::mpsc::channel(1).0),
        stop: CancellationToken::new(),
    }
}

pub(super) fn endpoint(name: &str) -> EndpointRow {
    EndpointRow {
        name: name.to_owned(),
        endpoint_type: EndpointType::Encoura,
        is_active: true,
        deliver_to: Some("slate".to_owned()),
        last_run: Some(ago(4)),
        last_outcome: Some(Outcome::Done),
        last_error: None,
        next_run: Some(ago(-11)),
        listed: 128,
        fetched: 126,
        waiting: 0,
        retrying: 0,
        needs_operator: 0,
        unconfirmed: 0,
        confirmed: 120,
        oldest_unconfirmed_at: None,
        schedule: Some(Schedule::Interval { minutes: 15 }),
        paused: false,
        missed_runs: 0,
        last_missed_at: None,
        files: 0,
        access_lost: 0,
        new: 0,
        updated: 0,
        removed: 0,
        api_calls: 0,
        quota_used: 0,
    }
}

/// Other pending exports, as they would be read.
pub(super) fn change(books: &mut Snapshot, change: impl FnOnce(&mut Vec<ExportRow>)) {
    let mut rows = books.pending.to_vec();
    change(&mut rows);
    books.pending = Pending::new(rows, None);
}

pub(super) fn export(number: i64, name: &str, state: &str) -> ExportRow {
    ExportRow {
        id: Id::export(number),
        uid: format!("7f3c{number:04}"),
        endpoint: "Encoura exports".to_owned(),
        name: name.to_owned(),
        state: state.to_owned(),
        attempt: 1,
        bytes: Some(1_234_567 * number.unsigned_abs()),
        sha256: None,
        delivery: None,
        generation: None,
        remote_name: None,
        evidence: None,
        error: None,
        failure_class: None,
        next_attempt_at: None,
        discovered_at: ago(30),
        updated_at: ago(20),
    }
}

pub(super) fn delivery(
    number: i64,
    name: &str,
    state: &str,
    evidence: Option<&str>,
) -> TransferRow {
    TransferRow {
        id: Id::delivery(number),
        export: Id::export(number),
        uid: format!("7f3c{number:04}"),
        endpoint: "Encoura exports".to_owned(),
        name: name.to_owned(),
        state: state.to_owned(),
        attempt: 1,
        bytes: Some(98_000 * number.unsigned_abs()),
        destination: "slate".to_owned(),
        generation: 1,
        remote_name: Some(format!("{}_7f3c{number:04}.csv", name.trim_end_matches(".csv"))),
        evidence: evidence.map(str::to_owned),
        error: None,
        next_attempt_at: None,
        published_at: Some(ago(number)),
        confirmed_at: None,
        updated_at: ago(number * 7),
    }
}

pub(super) fn snapshot() -> Snapshot {
    let refused = "not allowed: renaming /incoming/Encoura API Uploads/.tmp-89abcdef-2.part: \
                   permission denied — ask Technolutions to let the user write there";
    let failing = EndpointRow {
        last_outcome: Some(Outcome::Partial),
        waiting: 5,
        retrying: 1,
        needs_operator: 2,
        unconfirmed: 3,
        oldest_unconfirmed_at: Some(ago(190)),
        last_error: Some(refused.to_owned()),
        ..endpoint("Encoura exports")
    };
    let off = EndpointRow {
        is_active: false,
        last_run: None,
        last_outcome: None,
        next_run: None,
        ..endpoint("Graduate school, Spring (archived) \u{202e}lve")
    };
    let held = ExportRow {
        delivery: Some(Id::delivery(41)),
        error: Some(
            "held: an upload may have arrived; look into the folder, then release or cancel".into(),
        ),
        ..export(1, "prospects_2026_05_01.csv", "in_doubt")
    };
    let retry = ExportRow {
        attempt: 3,
        error: Some(refused.to_owned()),
        failure_class: Some(FailureClass::Refused),
        next_attempt_at: Some(ago(-2)),
        delivery: Some(Id::delivery(42)),
        ..export(2, "prospects_2026_05_02_college_bound_juniors_midwest_long.csv", "retry_wait")
    };
    Snapshot {
        undelivered: Vec::new(),
        endpoints: vec![failing, endpoint("Encoura, second organisation"), off],
        pending: Pending::new(
            vec![
                export(7, "文件名字很长的导出文件_二零二六年五月.csv", "recorded"),
                ExportRow { error: Some(HOSTILE.into()), ..export(6, HOSTILE, "held") },
                ExportRow {
                    delivery: Some(Id::delivery(43)),
                    ..export(4, "act_scores.csv", "uploading")
                },
                export(5, "interest_profiles.csv", "downloading"),
                retry,
                held,
            ],
            None,
        ),
        recent: vec![
            delivery(1, "prospects_2026_04_30.csv", "cleaned", Some("E3")),
            delivery(2, HOSTILE, "published", Some("E0")),
            delivery(3, "prospects_2026_04_29.csv", "confirmed", Some("E2")),
        ],
        night: vec![
            night("Encoura exports", Outcome::Done, 9),
            night("Encoura exports", Outcome::Partial, 1),
            night("Encoura exports", Outcome::NothingNew, 31),
            night("Encoura, second organisation", Outcome::Missed, 2),
            night("Encoura, second organisation", Outcome::NothingNew, 40),
        ],
        datasets: Vec::new(),
        landed: Vec::new(),
        landed_failure: None,
    }
}

fn night(endpoint: &str, outcome: Outcome, runs: u64) -> OutcomeCount {
    OutcomeCount { endpoint: endpoint.to_owned(), outcome, runs }
}

/// Runs of the night, newest first, one of them over two endpoints.
pub(super) fn history() -> Vec<RunReport> {
    let part = |name: &str, outcome, error: Option<&str>| EndpointResult {
        outcome,
        discovered: 12,
        new: 3,
        fetched: 3,
        delivered: if error.is_some() { 2 } else { 3 },
        failed: u64::from(error.is_some()),
        api_calls: 4,
        error: error.map(str::to_owned),
        ..EndpointResult::new(name, EndpointType::Encoura)
    };
    let run = |number, minutes, outcome, endpoints| RunReport {
        run_id: Id::run(number),
        started_at: ago(minutes),
        ended_at: ago(minutes) + SignedDuration::from_secs(41 * number),
        outcome,
        endpoints,
    };
    let refused = format!("not allowed: renaming {HOSTILE}: permission denied");
    let (first, second) = ("Encoura exports", "Encoura, second organisation");
    vec![
        run(
            8,
            300,
            Outcome::Partial,
            vec![part(first, Outcome::Partial, Some(&refused)), part(second, Outcome::Done, None)],
        ),
        run(
            7,
            900,
            Outcome::Missed,
            vec![part(second, Outcome::Missed, Some("2 runs were missed: the machine slept"))],
        ),
        run(6, 5_000, Outcome::Done, vec![part(first, Outcome::Done, None)]),
    ]
}

/// A console that shows runs.
pub(super) fn with_history(keys: &str) -> State {
    let mut state = state();
    super::screens::press(&mut state, keys);
    let of = state.history_of.clone();
    update(&mut state, Message::Runs(of, Ok(history())));
    state
}

pub(super) fn transfer(id: Id, name: &str, bytes: u64, total: Option<u64>) -> Event {
    let step = if id == Id::export(5) { "downloading" } else { "uploading" };
    Event::Transfer(Transfer {
        id,
        endpoint: "Encoura exports".to_owned(),
        name: Shown::new(name),
        step: step.to_owned(),
        bytes,
        total,
        throttled_until: None,
    })
}

/// Lets `event` happen `milliseconds` after [`now`].
pub(super) fn happen(state: &mut State, milliseconds: i64, event: Event) {
    state.now = now() + SignedDuration::from_millis(milliseconds);
    update(state, Message::Engine(Box::new(event)));
}

/// A console in the middle of a run.
pub(super) fn state() -> State {
    with(&options())
}

pub(super) fn with(options: &Options) -> State {
    let mut state = State::new(options, TimeZone::UTC);
    state.now = now();
    update(&mut state, Message::Books(Box::new(Ok(snapshot()))));
    let endpoints = vec!["Encoura exports".to_owned()];
    happen(&mut state, -5_000, Event::RunStarted { run: Id::run(9), endpoints });
    let phase = Phase::Transferring;
    happen(&mut state, -4_900, Event::Endpoint { endpoint: "Encoura exports".to_owned(), phase });
    let done = |id| Event::Delivery {
        id: Id::delivery(id),
        export: Id::export(id),
        endpoint: "Encoura exports".to_owned(),
        name: Shown::new("x"),
        state: crate::model::DeliveryState::Published,
        attempt: 1,
        failure: None,
    };
    happen(&mut state, -4_000, done(1));
    happen(&mut state, -4_000, done(2));
    for (at, bytes) in [(-4_000, 0), (-2_000, 1_000_000), (0, 3_100_000)] {
        happen(
            &mut state,
            at,
            transfer(Id::delivery(43), "act_scores.csv", bytes, Some(4_938_268)),
        );
        happen(&mut state, at, transfer(Id::export(5), "interest_profiles.csv", bytes / 3, None));
    }
    for export in [4, 5, 7] {
        let state_now = crate::model::ExportState::Recorded;
        let event = Event::Export {
            id: Id::export(export),
            endpoint: "Encoura exports".to_owned(),
            name: Shown::new("x"),
            state: state_now,
            failure: None,
        };
        happen(&mut state, 0, event);
    }
    state
}

/// A console of registers: one is being walked, one waits, one lost sight of files.
pub(super) fn registers() -> State {
    let register = |name: &str, endpoint_type| EndpointRow {
        endpoint_type,
        deliver_to: None,
        listed: 0,
        confirmed: 0,
        files: 42_404,
        new: 12,
        updated: 3,
        removed: 1,
        api_calls: 215,
        quota_used: 21_500,
        ..endpoint(name)
    };
    let autodesk = EndpointType::AutodeskConstructionCloud;
    let refused = "not allowed: listing the folder Contracts: You don't have permission — ask an \
                   account admin for access to it";
    let mut state = State::new(&options(), TimeZone::UTC);
    state.now = now();
    let snapshot = Snapshot {
        endpoints: vec![
            register("Riverside hospital", autodesk),
            register("Airport, terminal 3", autodesk),
            EndpointRow {
                last_outcome: Some(Outcome::NeedsOperator),
                access_lost: 117,
                last_error: Some(refused.to_owned()),
                ..register("Drawings", EndpointType::GoogleDrive)
            },
        ],
        ..Snapshot::default()
    };
    update(&mut state, Message::Books(Box::new(Ok(snapshot))));
    for (name, throttled_until) in
        [("Riverside hospital", None), ("Airport, terminal 3", Some(ago(-1)))]
    {
        let phase = Phase::Listing;
        happen(&mut state, 0, Event::Endpoint { endpoint: name.to_owned(), phase });
        let walk = Walk {
            endpoint: name.to_owned(),
            found: 18_250,
            new: 40,
            calls: 96,
            quota: 96,
            throttled_until,
            ..Walk::default()
        };
        happen(&mut state, 0, Event::Walk(walk));
    }
    state
}

pub(super) fn landed(id: i64, name: &str, state: &str) -> LandedRow {
    LandedRow {
        id,
        export: Some(id + 100),
        corrects: None,
        endpoint: "Shop feed".to_owned(),
        path: format!("/outgoing/{name}"),
        name: name.to_owned(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        size: 3_214,
        bronze: "bronze/9f/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            .to_owned(),
        landed_at: ago(30 - id).to_string(),
        dataset: Some("sales".to_owned()),
        state: state.to_owned(),
        rows_good: 100,
        rows_bad: 0,
        drift: None,
        error: None,
        ingested_at: Some(ago(29 - id).to_string()),
    }
}

/// A console of a partner's folder: files of every kind of luck.
pub(super) fn feeds() -> State {
    let mut state = State::new(&options(), TimeZone::UTC);
    state.now = now();
    let shop = EndpointRow {
        endpoint_type: EndpointType::Sftp,
        deliver_to: None,
        files: 8,
        new: 2,
        last_outcome: Some(Outcome::NeedsOperator),
        ..endpoint("Shop feed")
    };
    let drift = r#"{"unknown":["shop","till\u001b[2J"],"missing":["price"]}"#;
    let snapshot = Snapshot {
        endpoints: vec![shop, endpoint("Encoura exports")],
        landed: vec![
            LandedRow {
                rows_good: 21,
                rows_bad: 79,
                error: Some(
                    "79 of 100 rows are bad, more than 50 %; the first: line 2, sale_date: not a \
                     day"
                    .to_owned(),
                ),
                ..landed(6, "sales_data_2026-05-03.csv", "refused")
            },
            LandedRow {
                dataset: None,
                ingested_at: None,
                rows_good: 0,
                ..landed(9, HOSTILE, "unmatched")
            },
            LandedRow {
                ingested_at: None,
                rows_good: 0,
                ..landed(8, "sales_data_2026-05-04.csv", "landed")
            },
            LandedRow {
                dataset: Some("products".to_owned()),
                rows_good: 50,
                ..landed(7, "product_info_2026-05-04.json", "ingested")
            },
            LandedRow {
                rows_bad: 4,
                rows_good: 96,
                drift: Some(drift.to_owned()),
                ..landed(5, "sales_data_2026-05-02.csv", "ingested")
            },
            landed(4, "sales_data_2026-05-02_copy.csv", "repeated"),
            landed(3, "sales_data_2026-05-01.csv", "ingested"),
        ],
        datasets: vec![stand("products", 50, 0), stand("sales", 196, 83)],
        ..Snapshot::default()
    };
    update(&mut state, Message::Books(Box::new(Ok(snapshot))));
    state.taken_in.insert("Shop feed".to_owned(), (246, 83));
    state.focus = Pane::Feeds;
    state.settle();
    state
}

fn stand(name: &str, rows: u64, bad: u64) -> Stand {
    let last_ingested_at = Some(ago(24).to_string());
    Stand { name: name.to_owned(), rows, bad, files: 3, last_ingested_at }
}

/// What was set aside of a landed file.
pub(super) fn set_aside(file: i64) -> Vec<QuarantineRow> {
    let row =
        |line, column: Option<&str>, reason: &str, value: Option<&str>, raw: &str| QuarantineRow {
            file,
            line,
            dataset: "sales".to_owned(),
            column: column.map(str::to_owned),
            reason: reason.to_owned(),
            value: value.map(str::to_owned),
            raw: raw.to_owned(),
        };
    vec![
        row(
            2,
            Some("sale_date"),
            "not a day",
            Some("31/12/2025"),
            "P001,31/12/2025,1,19.99,North\r\n",
        ),
        row(17, Some("quantity"), "not a whole number", Some("2.7"), "P007,2026-05-02,2.7,3.50"),
        row(18, None, "6 cells instead of 5", None, "P007,2026-05-02,2,3.50,North,oops"),
        row(64, Some("product_id"), "not in products", Some(HOSTILE), &HOSTILE.repeat(9)),
    ]
}

/// As a service would have it, if it could.
pub(super) const ADDRESS: &str = "https://developer.api.autodesk.com/authentication/v2/authorize\
    ?response_type=code&client_id=AbCdEfGhIjKlMnOpQrStUvWxYz012345&redirect_uri=http%3A%2F%2F\
    localhost%3A8081%2Foauth%2Fcallback&scope=data%3Aread&state=9ZK0dGZ8m2o7rVb5Yq3n1tXw4uLp6sJh";

pub(super) fn asked_to_sign_in() -> State {
    let mut state = registers();
    let (endpoint, url) = ("Riverside hospital".to_owned(), Some(ADDRESS.to_owned()));
    happen(&mut state, 0, Event::SignIn { endpoint, url });
    state
}

pub(super) fn timeline(id: Id) -> Timeline {
    let row = |minutes, from: &str, to: &str, attempt, detail: Option<&str>| EventRow {
        number: minutes,
        at: ago(600 - minutes),
        subject: id,
        run: Some(Id::run(8)),
        kind: "state".to_owned(),
        from_state: Some(from.to_owned()),
        to_state: Some(to.to_owned()),
        attempt,
        detail: detail.map(str::to_owned),
    };
    let facts = [
        ("name", HOSTILE),
        ("endpoint", "Encoura exports"),
        ("state", "in_doubt"),
        ("size", "1,234,567 bytes"),
        ("sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ];
    Timeline {
        id,
        facts: facts.map(|(l, v)| (l.to_owned(), v.to_owned())).to_vec(),
        events: vec![
            row(0, "recorded", "downloading", 1, None),
            row(1, "downloading", "verified", 1, None),
            row(2, "verified", "uploading", 1, None),
            row(
                3,
                "uploading",
                "retry_wait",
                1,
                Some(
                    "network: uploading to ft.example: connection reset — it is tried again by itself",
                ),
            ),
            row(500, "publishing", "fencing", 2, Some(HOSTILE)),
            row(501, "fencing", "in_doubt", 2, None),
        ],
    }
}

/// Fills the log, once for all tests of this process.
pub(super) fn fill_log() {
    static FILL: Once = Once::new();
    FILL.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(crate::console::log_layer());
        tracing::subscriber::with_default(subscriber, || {
            for n in 1..=37 {
                info!(endpoint = "Encoura exports", "line {n} of a long night");
            }
            warn!("retrying in 2m: connection reset by {HOSTILE}");
            error!("not allowed: renaming {HOSTILE}");
            info!("d43 published, line 40");
            debug!("not for this pane");
            info!(target: "hyper", "not for this pane");
        });
        // Nobody's loop is to be woken by these.
        let _ = crate::console::log::new_lines().now_or_never();
    });
}

/// Books that count how often they are read.
#[derive(Default)]
pub(super) struct SampleBooks {
    pub reads: AtomicUsize,
    pub failure: Mutex<Option<Failure>>,
    /// Newer exports on their way than the console keeps rows.
    pub backlog: i64,
}

impl Books for SampleBooks {
    fn endpoints(&self) -> Result<Vec<EndpointRow>, Failure> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.failure.lock().unwrap().clone() {
            Some(failure) => Err(failure),
            None => Ok(snapshot().endpoints),
        }
    }
    fn exports(&self, filter: &Filter) -> Result<Vec<ExportRow>, Failure> {
        assert!(filter.pending && filter.limit.is_some(), "a bounded number of rows");
        let newer = (0..self.backlog).map(|n| export(1000 + n, "new.csv", "recorded"));
        let rows = newer.chain(snapshot().pending.to_vec());
        let wanted = |x: &ExportRow| filter.state.as_ref().is_none_or(|state| x.state == *state);
        Ok(rows.filter(wanted).take(filter.limit.unwrap() as usize).collect())
    }
    fn transfers(&self, filter: &Filter) -> Result<Vec<TransferRow>, Failure> {
        assert!(filter.limit.is_some(), "a bounded number of rows");
        Ok(snapshot().recent)
    }
    fn files(&self, _: &Filter) -> Result<Vec<FileRow>, Failure> {
        Ok(Vec::new())
    }
    fn runs(&self, filter: &Filter) -> Result<Vec<RunReport>, Failure> {
        assert!(filter.limit.is_some(), "a bounded number of rows");
        Ok(history())
    }
    fn outcomes(&self, since: Timestamp) -> Result<Vec<OutcomeCount>, Failure> {
        assert!(since < Timestamp::now(), "not of all time");
        Ok(snapshot().night)
    }
    fn undelivered(&self) -> Result<Vec<Undelivered>, Failure> {
        Ok(snapshot().undelivered)
    }
    fn events(&self, _: &Filter) -> Result<Vec<EventRow>, Failure> {
        Ok(Vec::new())
    }
    fn show(&self, id: Id) -> Result<Option<Timeline>, Failure> {
        Ok(Some(timeline(id)))
    }
}
