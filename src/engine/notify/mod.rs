//! Telling operators what they must know while nobody looks: a failure once, again while it
//! lasts, and that it is over; what a day came to; that the program is alive.
//!
//! What is said is booked with the incident that it is about, in one transaction, and sent
//! afterwards: a restart in between neither repeats nor forgets it. Nothing here ever fails
//! a run or holds it up; a message that cannot be sent is tried again for a day.
//!
//! | file | what it is for |
//! |---|---|
//! | `cause` | what the books say → causes, one incident for each |
//! | `words` | incidents and digests → messages |
//! | `digest` | when a digest is due |
//! | `send` | the outbox, channel by channel |
//! | `channel`, `webhook`, `mail` | one message to one channel, once |
//! | `heartbeat` | start, success and exit code for a dead man's switch |

mod cause;
mod channel;
mod digest;
mod heartbeat;
mod mail;
mod send;
mod try_out;
mod webhook;
mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as SyncMutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};

pub use heartbeat::Heartbeat;
pub use try_out::{Tried, test_notifications};

use super::Level;
use super::archive::blocking;
use super::context::Context;
use super::lane::Lane;
use crate::config::{Config, Notifications};
use crate::ledger::{Found, Route, Telling};
use crate::model::{Failure, Notification};
use crate::silver::lists::LandedFilter;
use crate::silver::reader::Reader;
pub(super) use cause::name::BACKUP;
use channel::Channel;

/// How often all endpoints are looked at although nothing happened: for reminders, and for
/// those from which nothing comes.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// The shortest pause between two looks that nothing asked for.
const SHORTEST: SignedDuration = SignedDuration::from_secs(10);

/// How long a pass waits, at its end, for its messages to go out.
const PATIENCE: Duration = Duration::from_secs(10);

/// Refused files that are counted at the most.
const REFUSED: u32 = 1_000;

/// Who is told, and what is known of the telling.
pub(super) struct Notifier {
    settings: Notifications,
    /// What this installation is called.
    name: String,
    channels: Vec<Channel>,
    /// Held from a look at the books to the booking of what is said: of two looks at one
    /// endpoint the later one is right.
    looking: Mutex<()>,
    /// Something was booked that is to be sent.
    news: Notify,
    /// The channels that are known not to work: it was said once.
    broken: SyncMutex<BTreeSet<String>>,
    /// Messages that were sent and are not booked as sent yet.
    unbooked: SyncMutex<BTreeSet<i64>>,
}

impl Notifier {
    /// Opens nothing yet: a channel that cannot be used says so when it is.
    pub(super) fn new(config: &Config) -> Self {
        let settings = config.notifications.clone();
        Self {
            name: installation(&settings),
            channels: channel::open(config),
            settings,
            looking: Mutex::default(),
            news: Notify::new(),
            broken: SyncMutex::default(),
            unbooked: SyncMutex::default(),
        }
    }

    /// Whether anybody is told anything.
    fn is_on(&self) -> bool {
        !self.channels.is_empty()
    }

    fn routes(&self) -> Vec<Route> {
        self.channels.iter().map(Channel::route).collect()
    }
}

/// What an installation is called in messages.
fn installation(settings: &Notifications) -> String {
    let host = || hostname::get().ok().and_then(|name| name.into_string().ok());
    settings.name.clone().or_else(host).unwrap_or_else(|| "this machine".to_owned())
}

/// Looks at an endpoint after anything happened to it, and says what is news.
pub(super) async fn look(context: &Context, lane: &Lane) {
    let notifier = &context.notifier;
    if !notifier.is_on() {
        return;
    }
    let _only = notifier.looking.lock().await;
    let looked = async {
        let trouble = context.ledger.trouble(lane.number).await?;
        let refused = refused(context, lane).await?;
        let now = context.agenda.clock.now();
        let found = cause::causes(&trouble, refused, lane.endpoint.quiet_days, now);
        tell(context, &lane.endpoint.name, found, now).await
    };
    if let Err(failure) = looked.await {
        context.notice(Level::Error, format!("{}: {failure}", lane.endpoint.name));
    }
}

/// Says that something of the program itself does not work, or, without words, that it does.
pub(super) async fn about_program(context: &Context, cause: &'static str, words: Option<String>) {
    let notifier = &context.notifier;
    if !notifier.is_on() {
        return;
    }
    let _only = notifier.looking.lock().await;
    let found = words.map(|words| Found { cause, words, files: 0, begins: true, may_pass: false });
    let now = context.agenda.clock.now();
    if let Err(failure) = tell(context, "", found.into_iter().collect(), now).await {
        context.notice(Level::Error, failure.to_string());
    }
}

async fn tell(
    context: &Context,
    endpoint: &str,
    found: Vec<Found>,
    now: Timestamp,
) -> Result<(), Failure> {
    let notifier = &context.notifier;
    let telling = Telling {
        endpoint: endpoint.to_owned(),
        found,
        now,
        remind_every: notifier.settings.remind_every,
        after: notifier.settings.after,
        routes: notifier.routes(),
    };
    let secrets = channel::secrets(&context.config);
    let write = move |incident: &_, event| words::of_incident(incident, event, now, &secrets);
    let said = context.ledger.tell(telling, write).await?;
    for Notification { event, title, .. } in &said {
        tracing::info!(%event, "notification ({event}): {title}");
    }
    if !said.is_empty() {
        notifier.news.notify_one();
    }
    Ok(())
}

/// How many landed files of the endpoint are refused.
async fn refused(context: &Context, lane: &Lane) -> Result<u64, Failure> {
    if lane.endpoint.datasets.is_empty() {
        return Ok(0);
    }
    let (silver, endpoint) = (context.config.silver.clone(), lane.endpoint.name.clone());
    blocking(move || {
        let (endpoint, state) = (Some(endpoint), Some("refused".to_owned()));
        let filter =
            LandedFilter { endpoint, state, limit: Some(REFUSED), ..LandedFilter::default() };
        Reader::at(&silver).landed(&filter).map(|rows| rows.len() as u64)
    })
    .await
}

/// Looks at everything now and then, makes the digest, and sends what waits, until
/// everything stops.
pub(super) async fn keep(context: Arc<Context>) {
    if !context.notifier.is_on() {
        return;
    }
    begin(&context).await;
    let clock = &context.agenda.clock;
    let mut looked: Option<Timestamp> = None;
    while !context.stop.is_cancelled() {
        let now = clock.now();
        // A clock that went back makes it due as well.
        let age = looked.map(|looked| now.duration_since(looked));
        if !age.is_some_and(|age| (SignedDuration::ZERO..LOOK_EVERY).contains(&age)) {
            look_at_all(&context).await;
            looked = Some(now);
        }
        let digest = digest::if_due(&context, now).await;
        send::send_due(&context, Some(now)).await;
        let waiting = context.ledger.next_notification().await.ok().flatten();
        let look = looked.unwrap_or(now) + LOOK_EVERY;
        let next = [digest, waiting].into_iter().flatten().fold(look, Timestamp::min);
        // What is due and could not be booked is no reason to ask without a pause.
        let next = next.max(now + SHORTEST);
        tokio::select! {
            () = context.stop.cancelled() => {}
            () = context.notifier.news.notified() => {}
            () = clock.wait(next) => {}
        }
    }
}

/// The end of a pass: what it has to say goes out, and what the last one could not send; at
/// most as long as anybody wants to wait for that. What is left is the next pass's.
pub(super) async fn settle(context: &Context) {
    if !context.notifier.is_on() {
        return;
    }
    begin(context).await;
    digest::if_due(context, context.agenda.clock.now()).await;
    let sent = tokio::time::timeout(PATIENCE, send::send_due(context, None)).await;
    let left = context.ledger.next_notification().await.ok().flatten().is_some();
    if sent.is_err() || left {
        context.notice(Level::Warning, "notifications: some are left for the next pass");
    }
}

/// What is no longer in the configuration is neither told nor waited for.
async fn begin(context: &Context) {
    let active = context.config.endpoints.iter().filter(|endpoint| endpoint.is_active);
    let names = active.map(|endpoint| endpoint.name.clone()).collect();
    let channels = context.notifier.channels.iter().map(|channel| channel.name.clone()).collect();
    let now = context.agenda.clock.now();
    let begun = async {
        context.ledger.forget_incidents(names, now).await?;
        context.ledger.forget_channels(channels).await
    };
    match begun.await {
        Ok(0) => {}
        Ok(given_up) => tracing::warn!(
            "{given_up} notifications are given up: their channels are no longer in the \
             configuration"
        ),
        Err(failure) => context.notice(Level::Error, failure.to_string()),
    }
}

async fn look_at_all(context: &Context) {
    for lane in context.lanes.iter().filter(|lane| lane.endpoint.is_active) {
        look(context, lane).await;
    }
}
