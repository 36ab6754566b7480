//! Key exchange with the server, until one of its host keys is the right one.

use ssh2::{ErrorCode, MethodType, Session};

use super::host_key::{Family, HostKeys, OfferedKey, Verdict};
use super::{SshConnection, address, ciphers, code, lost, tcp};
use crate::model::{Failure, FailureClass, SshServer};

/// Connects and goes on only with a server whose host key is accepted.
///
/// A server has several host keys and shows one of them, chosen by the kinds
/// asked for. A pin does not tell its kind, so the other kinds are asked for on
/// fresh connections before the server is refused.
pub(super) fn trusted(server: &SshServer) -> Result<SshConnection, Failure> {
    let keys = HostKeys::load(server)?;
    let mut families = keys.preferred_families();
    let mut offered: Vec<OfferedKey> = Vec::new();
    loop {
        let connection = match exchange_or_sure(server, &families) {
            // It has no key of the remaining kinds: what it did offer counts.
            Err(Exchange::NoCommonKey(_)) if !offered.is_empty() => break,
            Err(Exchange::NoCommonKey(failure) | Exchange::Failed(failure)) => return Err(failure),
            Ok(connection) => connection,
        };
        let key = OfferedKey::of(&connection.session).ok_or_else(|| {
            Failure::new(FailureClass::Protocol, "reading the host key of", address(server))
        })?;
        match keys.judge(&key) {
            Verdict::Accepted => return Ok(connection),
            Verdict::Refused => return Err(keys.refusal(&[key])),
            Verdict::TryOtherKind => {
                let seen = key.family();
                families.retain(|family| Some(*family) != seen);
                offered.push(key);
            }
        }
        if families.is_empty() || offered.len() >= Family::ALL.len() {
            break;
        }
    }
    Err(keys.refusal(&offered))
}

/// The same once more where it failed as if nothing were shared: libssh2 says so too
/// where the server was lost in the middle of it, which says nothing of its methods.
fn exchange_or_sure(server: &SshServer, families: &[Family]) -> Result<SshConnection, Exchange> {
    match exchange(server, families) {
        Err(Exchange::NoCommonKey(_)) => exchange(server, families),
        outcome => outcome,
    }
}

enum Exchange {
    /// The server has no host key of the kinds asked for.
    NoCommonKey(Failure),
    Failed(Failure),
}

/// One connection and key exchange, asking for host keys of `families`.
fn exchange(server: &SshServer, families: &[Family]) -> Result<SshConnection, Exchange> {
    let tcp = tcp::connect(server).map_err(Exchange::Failed)?;
    let broken = |e: &ssh2::Error| Exchange::Failed(lost(server, "preparing a session with", e));
    let mut session = Session::new().map_err(|e| broken(&e))?;
    session.set_timeout(u32::try_from(server.connect_timeout.as_millis()).unwrap_or(u32::MAX));
    // Certificates are left out on purpose: their fingerprint is not the key's.
    let kinds: Vec<&str> = families.iter().flat_map(|f| f.algorithms()).copied().collect();
    session.method_pref(MethodType::HostKey, &kinds.join(",")).map_err(|e| broken(&e))?;
    ciphers::prefer(&session).map_err(|e| broken(&e))?;
    let own = tcp.try_clone().map_err(|e| {
        Exchange::Failed(Failure::io("duplicating the socket to", address(server), &e))
    })?;
    session.set_tcp_stream(own);
    session.handshake().map_err(|error| handshake_failure(server, &error))?;
    Ok(SshConnection { session, tcp })
}

fn handshake_failure(server: &SshServer, error: &ssh2::Error) -> Exchange {
    let failure = lost(server, "agreeing on keys with", error);
    match error.code() {
        ErrorCode::Session(code::KEX_FAILURE | code::KEY_EXCHANGE_FAILURE | code::METHOD_NONE) => {
            Exchange::NoCommonKey(Failure { class: FailureClass::Refused, ..failure }.advice(
                "the server and this program share no method. Very old servers offer only \
                 ssh-rsa (SHA-1) or DSA host keys, which are not accepted any more: ask for \
                 rsa-sha2-256, ECDSA or Ed25519 on the server",
            ))
        }
        _ => Exchange::Failed(failure),
    }
}
