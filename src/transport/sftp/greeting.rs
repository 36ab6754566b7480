//! The first words with a server: the version, what it can do, its limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::SftpError;
use super::link::Link;
use super::wire::extension::{self, Limits};
use super::wire::{Reply, Request, VERSION};

/// Bytes per read or write where the server does not tell: what every server takes.
const DEFAULT_CHUNK: usize = 32 * 1024;

/// The most that is used of what a server allows, which is OpenSSH's limit.
const LARGEST_CHUNK: usize = 255 * 1024;

/// How OpenSSH's server begins to say what it is (RFC 4253, section 4.2).
const OPENSSH: &[u8] = b"SSH-2.0-OpenSSH_";

/// What one server said that it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCapabilities {
    /// `posix-rename@openssh.com`.
    pub posix_rename: bool,
    /// `fsync@openssh.com`.
    pub fsync: bool,
    /// `statvfs@openssh.com`.
    pub statvfs: bool,
    /// `limits@openssh.com`.
    pub limits: bool,
    /// Does what it is asked for one after the other, each request once the one before is
    /// done. Nothing in the protocol says so beyond the answers; it is known of OpenSSH's
    /// server, which is told by its name (`sftp-server.c` is one loop over one queue).
    pub in_order: bool,
}

/// What came of the greeting.
pub(super) struct Greeting {
    pub(super) capabilities: SessionCapabilities,
    /// Bytes per read that the server gives.
    pub(super) read_chunk: usize,
    /// Bytes per write that the server takes.
    pub(super) write_chunk: usize,
    /// How long one question took to be answered, where there was one to tell by.
    pub(super) round_trip: Option<Duration>,
}

/// Agrees on the version and asks for the limits.
pub(super) async fn greet(link: &Link) -> Result<Greeting, SftpError> {
    let mut packet = BytesMut::new();
    // The answer carries no id and is filed under 0.
    Request::Init { version: VERSION }.encode(0, &mut packet);
    let answer = link.send_packet(0, packet.freeze(), 0).await?.await?;
    let Reply::Version { version: VERSION, extensions } = answer else {
        return Err(link.contract_broken("version 3"));
    };
    let offers = |name: &str| extensions.iter().any(|(offered, _)| offered == name.as_bytes());
    let capabilities = SessionCapabilities {
        posix_rename: offers(extension::POSIX_RENAME),
        fsync: offers(extension::FSYNC),
        statvfs: offers(extension::STATVFS),
        limits: offers(extension::LIMITS),
        in_order: link.shared.banner().starts_with(OPENSSH),
    };
    let asked = Instant::now();
    let limits = if capabilities.limits { limits(link).await? } else { Limits::default() };
    Ok(Greeting {
        capabilities,
        read_chunk: chunk(limits.read),
        write_chunk: chunk(limits.write),
        round_trip: capabilities.limits.then(|| asked.elapsed()),
    })
}

async fn limits(link: &Link) -> Result<Limits, SftpError> {
    let request = Request::Extended { name: extension::LIMITS.into(), data: Bytes::new() };
    match link.send(&request).await?.await {
        Ok(Reply::Extended(data)) => {
            Limits::decode(data).map_err(|_| link.contract_broken("limits"))
        }
        Ok(_) => Err(link.contract_broken("limits")),
        // Offered and refused: then what every server takes.
        Err(SftpError::Status { .. }) => Ok(Limits::default()),
        Err(lost) => Err(lost),
    }
}

/// 0 means that the server does not say.
fn chunk(limit: u64) -> usize {
    match usize::try_from(limit) {
        Ok(0) => DEFAULT_CHUNK,
        Ok(limit) => limit.min(LARGEST_CHUNK),
        Err(_) => LARGEST_CHUNK,
    }
}
