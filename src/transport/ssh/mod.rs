//! SSH sessions: connection, host key, sign-in.
//!
//! The order is the promise: the server's key is checked before anything that
//! could be a credential leaves this machine.

mod ciphers;
mod handshake;
mod host_key;
mod known_hosts;
mod sign_in;
mod tcp;

use std::net::TcpStream;

use ssh2::ErrorCode;
use tracing::debug;

use crate::model::{Failure, FailureClass, Shown, SshServer};

/// A session that is signed in, and the connection under it.
pub(crate) struct SshConnection {
    /// In blocking mode, with the connect time-out set.
    pub(crate) session: ssh2::Session,
    /// The same socket once more, for waiting on it and for shutting it down.
    pub(crate) tcp: TcpStream,
}

/// Connects to `server`, checks its host key and signs in. Blocks for up to
/// three times the connect time-out.
pub(crate) fn connect(server: &SshServer) -> Result<SshConnection, Failure> {
    let connection = handshake::trusted(server)?;
    sign_in::sign_in(&connection.session, server)?;
    let banner = connection.session.banner_bytes().map(Shown::from_bytes).unwrap_or_default();
    debug!(server = %address(server), %banner, "signed in");
    Ok(connection)
}

/// `host:port`, as it is shown.
pub(crate) fn address(server: &SshServer) -> String {
    if server.host.contains(':') {
        format!("[{}]:{}", server.host, server.port)
    } else {
        format!("{}:{}", server.host, server.port)
    }
}

/// What became of a connection, in the operator's words.
pub(crate) fn lost(server: &SshServer, doing: &str, error: &ssh2::Error) -> Failure {
    let failure = Failure::new(FailureClass::Network, doing, address(server)).said(error.message());
    match error.code() {
        ErrorCode::Session(code::TIMEOUT | code::SOCKET_TIMEOUT) => failure
            .advice("the server accepts connections but is silent; see whether it is overloaded"),
        ErrorCode::Session(code::CHANNEL_FAILURE | code::CHANNEL_REQUEST_DENIED) => {
            Failure { class: FailureClass::Refused, ..failure }
        }
        _ => failure,
    }
}

/// The error codes of libssh2 that make a difference here, from `libssh2.h`.
mod code {
    pub(super) const KEX_FAILURE: i32 = -5;
    pub(super) const SOCKET_SEND: i32 = -7;
    pub(super) const KEY_EXCHANGE_FAILURE: i32 = -8;
    pub(super) const TIMEOUT: i32 = -9;
    pub(super) const SOCKET_DISCONNECT: i32 = -13;
    pub(super) const FILE: i32 = -16;
    pub(super) const METHOD_NONE: i32 = -17;
    pub(super) const AUTHENTICATION_FAILED: i32 = -18;
    pub(super) const PUBLICKEY_UNVERIFIED: i32 = -19;
    pub(super) const CHANNEL_FAILURE: i32 = -21;
    pub(super) const CHANNEL_REQUEST_DENIED: i32 = -22;
    pub(super) const SOCKET_TIMEOUT: i32 = -30;
    pub(super) const SOCKET_RECV: i32 = -43;
    pub(super) const KEYFILE_AUTH_FAILED: i32 = -48;
}
