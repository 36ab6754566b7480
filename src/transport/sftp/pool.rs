//! The sessions to one server that its users share.
//!
//! A session carries several transfers at once. Connections are made one after
//! the other, and those who wait for one that fails get its failure instead of
//! trying again themselves: eight waiting transfers with a wrong password are
//! one failed sign-in, not eight and a locked account.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use tracing::{debug, info};

use super::{SessionUser, SftpSession};
use crate::model::{Failure, FailureClass, SshServer};

/// Transfers that share a session before another one is opened.
const SHARED_BY: usize = 4;

/// How long no further session is tried after the server refused one: it may
/// limit them.
const GROW_AGAIN: Duration = Duration::from_secs(60);

/// Sessions to one server, opened as they are needed. Dropped, each ends when its last
/// user is done.
pub struct Pool {
    server: SshServer,
    max_sessions: usize,
    sessions: std::sync::Mutex<Vec<SftpSession>>,
    /// Held while connecting; remembers the last attempt that failed.
    connecting: AsyncMutex<Option<(Instant, Failure)>>,
    growing: AtomicBool,
}

/// What a connection is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Somebody has none and waits for it.
    Needed,
    /// The others are busy; work goes on without it.
    Growth,
}

impl Pool {
    /// Nothing is connected before it is needed.
    pub fn new(server: SshServer, max_sessions: usize) -> Self {
        Self {
            server,
            max_sessions: max_sessions.max(1),
            sessions: std::sync::Mutex::new(Vec::new()),
            connecting: AsyncMutex::new(None),
            growing: AtomicBool::new(false),
        }
    }

    /// The session with the fewest users; a new one where there is none. Where
    /// all are busy another one is opened meanwhile.
    pub async fn session(self: &Arc<Self>) -> Result<SessionUser, Failure> {
        if let Some(user) = self.least_used(None) {
            if user.users() > SHARED_BY {
                self.grow();
            }
            return Ok(user);
        }
        self.connect(None, Why::Needed).await
    }

    /// A session whose connection did not stand yet when this was called.
    pub async fn new_session(&self) -> Result<SessionUser, Failure> {
        self.connect(Some(Instant::now()), Why::Needed).await
    }

    /// Connects, unless somebody else did so while we waited for our turn.
    async fn connect(&self, after: Option<Instant>, why: Why) -> Result<SessionUser, Failure> {
        let asked_at = Instant::now();
        let mut last_failure = self.connecting.lock().await;
        if let Some(after) = after {
            // Idle ones make room: the server may allow no more than these.
            self.list().retain(|s| s.users() > 0 || s.connected_at() >= after);
        }
        if let Some(user) = self.least_used(after) {
            return Ok(user);
        }
        if let Some((ended_at, failure)) = &*last_failure
            && *ended_at >= asked_at
        {
            return Err(failure.clone());
        }
        match SftpSession::connect(&self.server).await {
            Ok(session) => {
                *last_failure = None;
                let user = session.join();
                let open = self.add(session);
                info!(host = %self.server.host, port = self.server.port, open, "session opened");
                Ok(user)
            }
            Err(failure) => {
                // One more that was cut off says nothing to those who need one.
                if why == Why::Needed || failure.class != FailureClass::Network {
                    *last_failure = Some((Instant::now(), failure.clone()));
                }
                Err(failure)
            }
        }
    }

    /// Opens one more session in the background, if there is room for it.
    fn grow(self: &Arc<Self>) {
        if self.list().len() >= self.max_sessions || self.growing.swap(true, Ordering::AcqRel) {
            return;
        }
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(failure) = pool.connect(Some(Instant::now()), Why::Growth).await {
                debug!(%failure, "no further session");
                tokio::time::sleep(GROW_AGAIN).await;
            }
            pool.growing.store(false, Ordering::Release);
        });
    }

    fn least_used(&self, after: Option<Instant>) -> Option<SessionUser> {
        let mut sessions = self.list();
        sessions.retain(|session| !session.is_lost());
        sessions
            .iter()
            .filter(|session| after.is_none_or(|after| session.connected_at() >= after))
            .min_by_key(|session| session.users())
            .map(SftpSession::join)
    }

    /// Keeps `session`; lets an older one go where there are too many. It ends
    /// when its last user is done.
    fn add(&self, session: SftpSession) -> usize {
        let mut sessions = self.list();
        while sessions.len() >= self.max_sessions {
            sessions.remove(0);
        }
        sessions.push(session);
        sessions.len()
    }

    /// Lets all sessions go; each ends when its last user is done.
    pub fn close(&self) {
        self.list().clear();
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<SftpSession>> {
        // A list of handles is whole at any moment, whoever panicked.
        self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
