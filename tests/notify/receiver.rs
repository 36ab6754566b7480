//! Where webhooks arrive: it keeps what it is told and answers as it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use transship::config::{Notifications, Webhook};
use transship::engine::{Command, Engine, Reply, Schedules};
use transship::ledger::Ledger;
use transship::model::{NotificationEvent, RunReport, Secret, Trigger};

use crate::scripted::{Answer, Request, Server, reply};
use crate::support::clock::SetClock;
use crate::support::desk::Desk;

/// The longest that anything waited for may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// What must stand nowhere but in the address.
pub const TOKEN: &str = "kanarienvogel-0123456789";

pub struct Receiver {
    server: Server,
    answer: Arc<Mutex<Answer>>,
    seen: watch::Sender<usize>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let answer = Arc::new(Mutex::new(reply(200, "ok")));
        let seen = watch::Sender::new(0);
        let (says, count) = (answer.clone(), seen.clone());
        let server = Server::start(move |_| {
            count.send_modify(|seen| *seen += 1);
            says.lock().unwrap().clone()
        })
        .await;
        Self { server, answer, seen }
    }

    pub fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn url(&self) -> String {
        format!("{}/hooks/{TOKEN}", self.server.origin)
    }

    /// A webhook that brings everything here.
    pub fn webhook(&self) -> Webhook {
        let events = NotificationEvent::ALL.to_vec();
        Webhook { name: "ops".into(), url: Secret::new(self.url()), events }
    }

    /// The notifications of a configuration that tells this receiver alone.
    pub fn alone(&self) -> Notifications {
        Notifications {
            name: Some("desk".into()),
            webhooks: vec![self.webhook()],
            ..Notifications::default()
        }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.server.seen()
    }

    /// The paths that were asked for, without the token.
    pub fn paths(&self) -> Vec<String> {
        let short = |r: &Request| r.path.replace(&format!("/hooks/{TOKEN}"), "");
        self.requests().iter().map(short).collect()
    }

    /// Every body so far, as JSON.
    pub fn told(&self) -> Vec<Value> {
        self.requests().iter().map(|r| serde_json::from_str(&r.body).unwrap()).collect()
    }

    /// `event cause` of every message so far.
    pub fn events(&self) -> Vec<String> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |told: &Value| format!("{} {}", word(&told["event"]), word(&told["cause"]));
        self.told().iter().map(|told| one(told).trim().to_owned()).collect()
    }

    /// Waits until it was asked so often.
    pub async fn asked(&self, times: usize) {
        let mut seen = self.seen.subscribe();
        let come = seen.wait_for(|seen| *seen >= times);
        let come = tokio::time::timeout(DEADLINE, come).await;
        assert!(come.is_ok(), "not {times} until the deadline: {:#?}", self.requests());
    }
}

/// One pass at the time that `clock` shows, like a command from cron.
pub async fn pass(desk: &Desk, clock: &SetClock) -> RunReport {
    let ledger = Ledger::open(&desk.config.database, "test").unwrap();
    let clock = Arc::new(clock.clone());
    let engine = Engine::start_by(desk.config.clone(), ledger, Schedules::Off, clock);
    let engine = engine.await.unwrap();
    let command = Command::Sync { endpoints: vec![], trigger: Trigger::Manual, full: false };
    let reply = engine.handle().request(command).await;
    engine.stop(Duration::from_secs(10)).await;
    match reply {
        Reply::Run(report) => report,
        other => panic!("a sync is answered with {other:?}"),
    }
}

/// Whole seconds, so that times can be compared with what was asked for.
pub fn morning() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}
