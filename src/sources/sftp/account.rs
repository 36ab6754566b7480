//! One login at one partner's server, shared by all endpoints of a client.

use std::sync::Arc;

use futures::Stream;

use crate::model::{Failure, SshServer};
use crate::transport::sftp::{Pool, SessionUser, SftpSession};
use crate::transport::ssh;

/// Sessions kept open to one server at the most: partners' servers allow few.
const SESSIONS: usize = 4;

/// A login, with a few sessions kept open.
pub struct Account {
    pool: Arc<Pool>,
    user: String,
    address: String,
}

impl Account {
    /// Nothing is connected before it is needed.
    pub fn new(server: SshServer) -> Arc<Self> {
        let (user, address) = (server.username.clone(), ssh::address(&server));
        Arc::new(Self { pool: Arc::new(Pool::new(server, SESSIONS)), user, address })
    }

    pub(super) async fn session(&self) -> Result<SessionUser, Failure> {
        self.pool.session().await
    }

    /// The other sessions, for a transfer that has `first`, as each is ready.
    pub(super) fn others(
        &self,
        first: &SftpSession,
    ) -> impl Stream<Item = SessionUser> + Send + use<> {
        self.pool.others(first)
    }

    /// `user@host:port`, for people.
    pub(super) fn shown(&self) -> String {
        format!("{}@{}", self.user, self.address)
    }

    /// What the ids of everything over there begin with: equal paths of two partners,
    /// or of two logins, are not the same file.
    pub(super) fn prefix(&self) -> String {
        let mut user = String::new();
        for c in self.user.chars() {
            match c {
                '@' | '/' | ':' | '%' => user.push_str(&format!("%{:02X}", c as u32)),
                c => user.push(c),
            }
        }
        format!("sftp://{user}@{}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{HostKeyPolicy, SshAuth};

    #[test]
    fn a_user_with_an_at_sign_is_told_from_a_host() {
        let prefix = |username: &str, host: &str| {
            let server = SshServer {
                host: host.into(),
                port: 22,
                username: username.into(),
                auth: SshAuth::default(),
                host_key: HostKeyPolicy::Missing,
                connect_timeout: Duration::ZERO,
                request_timeout: Duration::ZERO,
            };
            Account::new(server).prefix()
        };
        assert_eq!(prefix("ops", "ft.example"), "sftp://ops@ft.example:22");
        assert_eq!(prefix("a@b", "::1"), "sftp://a%40b@[::1]:22");
        assert_ne!(prefix("a@b", "c"), prefix("a", "b@c"));
    }
}
