//! The sessions to one server that its users share.
//!
//! A session carries several transfers at once. Where there is none, connections are made
//! one after the other, and those who wait for one that fails get its failure instead of
//! trying again themselves: eight waiting transfers with a wrong password are one failed
//! sign-in, not eight and a locked account. Further ones are made only beside one that
//! stands, several at once where there is work for them.

use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use futures::channel::mpsc;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use tracing::{debug, info};

use super::{SessionUser, SftpSession};
use crate::model::{Failure, SshServer};

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
    /// Held while connecting because there is none; remembers the last attempt that failed.
    connecting: AsyncMutex<Option<(Instant, Failure)>>,
    growth: std::sync::Mutex<Growth>,
}

/// Sessions that are made beside those that stand.
#[derive(Default)]
struct Growth {
    under_way: usize,
    not_before: Option<Instant>,
}

impl Pool {
    /// Nothing is connected before it is needed.
    pub fn new(server: SshServer, max_sessions: usize) -> Self {
        Self {
            server,
            max_sessions: max_sessions.max(1),
            sessions: std::sync::Mutex::default(),
            connecting: AsyncMutex::default(),
            growth: std::sync::Mutex::default(),
        }
    }

    /// The session with the fewest users; a new one where there is none. Where
    /// all are busy, as many as there is work for are opened meanwhile.
    pub async fn session(self: &Arc<Self>) -> Result<SessionUser, Failure> {
        if let Some(user) = self.least_used(None) {
            let users: usize = self.list().iter().map(SftpSession::users).sum();
            let under_way = self.growth().under_way;
            let open = self.list().len() + under_way;
            for _ in 0..self.reserve(users.div_ceil(SHARED_BY).saturating_sub(open)) {
                tokio::spawn(Arc::clone(self).grow());
            }
            return Ok(user);
        }
        self.connect(None).await
    }

    /// A session whose connection did not stand yet when this was called.
    pub async fn new_session(&self) -> Result<SessionUser, Failure> {
        self.connect(Some(Instant::now())).await
    }

    /// The other sessions, for a transfer that has `first`: those that stand, and as many
    /// new ones as there is room for, each once it stands. They are made even if nobody
    /// waits for them any more.
    pub fn others(
        self: &Arc<Self>,
        first: &SftpSession,
    ) -> impl Stream<Item = SessionUser> + Send + use<> {
        let (found, others) = mpsc::unbounded();
        for session in self.list().iter().filter(|s| !s.is_lost() && !s.is_same(first)) {
            let _ = found.unbounded_send(session.join());
        }
        for _ in 0..self.reserve(self.max_sessions) {
            let (pool, found) = (Arc::clone(self), found.clone());
            tokio::spawn(async move {
                if let Some(user) = pool.grow().await {
                    let _ = found.unbounded_send(user);
                }
            });
        }
        others
    }

    /// Connects, unless somebody else did so while we waited for our turn.
    async fn connect(&self, after: Option<Instant>) -> Result<SessionUser, Failure> {
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
                Ok(self.add(session))
            }
            Err(failure) => {
                *last_failure = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// How many of `wanted` further sessions may be made; each is then [`Pool::grow`]'s.
    fn reserve(&self, wanted: usize) -> usize {
        let mut growth = self.growth();
        if growth.not_before.is_some_and(|at| Instant::now() < at) {
            return 0;
        }
        let open = self.list().iter().filter(|session| !session.is_lost()).count();
        let room = self.max_sessions.saturating_sub(open + growth.under_way);
        growth.under_way += wanted.min(room);
        wanted.min(room)
    }

    /// Makes one more session, for which room is reserved.
    async fn grow(self: Arc<Self>) -> Option<SessionUser> {
        let connected = SftpSession::connect(&self.server).await;
        let mut growth = self.growth();
        growth.under_way -= 1;
        match connected {
            Ok(session) => Some(self.add(session)),
            Err(failure) => {
                debug!(%failure, "no further session");
                growth.not_before = Some(Instant::now() + GROW_AGAIN);
                None
            }
        }
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
    fn add(&self, session: SftpSession) -> SessionUser {
        let user = session.join();
        let mut sessions = self.list();
        while sessions.len() >= self.max_sessions {
            sessions.remove(0);
        }
        sessions.push(session);
        let open = sessions.len();
        info!(host = %self.server.host, port = self.server.port, open, "session opened");
        user
    }

    /// Lets all sessions go; each ends when its last user is done.
    pub fn close(&self) {
        self.list().clear();
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<SftpSession>> {
        // A list of handles is whole at any moment, whoever panicked.
        self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn growth(&self) -> std::sync::MutexGuard<'_, Growth> {
        self.growth.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
