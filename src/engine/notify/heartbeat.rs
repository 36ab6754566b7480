//! A dead man's switch: an address that is asked when work begins, while all is well, and
//! with the exit code at the end (<https://healthchecks.io/docs/http_api/>): `…/start`, `…`,
//! `…/3`. Whoever is there raises the alarm when nothing comes: also after a power cut.
//!
//! A heartbeat that comes late would be a lie: none is kept for later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::webhook::Hook;
use crate::config::Config;
use crate::engine::{Command, Event, Handle, Level, Reply};
use crate::model::Failure;

/// Tries for one heartbeat, the pause between them, and how long all of it may take.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);
const WHOLE: Duration = Duration::from_secs(8);

/// The address, and how often it is asked.
pub struct Heartbeat {
    url: Url,
    hook: Hook,
    every: Duration,
    /// The program was, when it was looked at last.
    well: AtomicBool,
}

impl Heartbeat {
    /// The one of the configuration.
    pub fn of(config: &Config) -> Option<Arc<Self>> {
        let settings = config.notifications.heartbeat.as_ref()?;
        Some(Arc::new(Self {
            url: Url::parse(settings.url.expose()).ok()?,
            hook: Hook::new(&settings.url)?,
            every: Duration::from_secs(60 * u64::from(settings.every_minutes)),
            well: AtomicBool::new(true),
        }))
    }

    /// Work begins.
    pub async fn started(&self) {
        self.say(Some("start")).await;
    }

    /// Work ended with this exit code. Why it could not be told, if it could not.
    pub async fn ended(&self, code: u8) -> Option<Failure> {
        self.ping(Some(&code.to_string())).await.err()
    }

    /// Whether the program was well when it was looked at last.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// Tells that work begins, and that the program is well as long as it is, until `stop`:
    /// a word that is under way then is dropped, or it might come behind the last one.
    pub async fn keep(self: Arc<Self>, handle: Handle, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            self.started().await;
            loop {
                let trouble = trouble(&handle).await;
                self.well.store(trouble.is_none(), Ordering::Relaxed);
                match trouble {
                    None => self.say(None).await,
                    Some(words) => {
                        let text = format!("no heartbeat, since the program is not well: {words}");
                        tracing::error!("{text}");
                        handle.publish(Event::Notice { level: Level::Error, text });
                    }
                }
                tokio::time::sleep(self.every).await;
            }
        })
        .await;
    }

    async fn say(&self, what: Option<&str>) {
        if let Err(failure) = self.ping(what).await {
            tracing::warn!("{failure}");
        }
    }

    async fn ping(&self, what: Option<&str>) -> Result<(), Failure> {
        let url = self.url_of(what);
        let asked = async {
            let mut tries = 1;
            loop {
                match self.hook.ask(Method::GET, &url, HeaderMap::new(), None).await {
                    Ok(_) => return Ok(()),
                    Err(failure) if tries == TRIES => return Err(failure),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
                tries += 1;
            }
        };
        let asked = tokio::time::timeout(WHOLE, asked).await;
        let named = |failure: Failure| {
            Failure { doing: "telling".into(), ..failure }.about("the heartbeat address")
        };
        let late = || Failure::new(crate::model::FailureClass::Network, "", "");
        asked.unwrap_or_else(|_| Err(late().said("no answer in time"))).map_err(named)
    }

    fn url_of(&self, what: Option<&str>) -> Url {
        let mut url = self.url.clone();
        if let (Some(what), Ok(mut segments)) = (what, url.path_segments_mut()) {
            segments.pop_if_empty().push(what);
        }
        url
    }
}

/// Why the program is not well; none where it is.
async fn trouble(handle: &Handle) -> Option<String> {
    let Reply::Vitals(vitals) = handle.request(Command::Vitals).await else {
        return Some("the engine does not answer".to_owned());
    };
    if !vitals.stopped.is_empty() {
        return Some(format!("no schedule any more for {}", vitals.stopped.join(", ")));
    }
    vitals.ledger.err().map(|failure| failure.to_string())
}
