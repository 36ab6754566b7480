//! The words of SFTP version 3, both ways: what a client sends and a server
//! reads, and the reverse. No I/O.
//!
//! Source: draft-ietf-secsh-filexfer-02, and OpenSSH's `PROTOCOL` file for the
//! extensions. Names are bytes: the protocol knows no encoding.

mod attrs;
mod code;
pub mod extension;
mod frame;
mod reader;
mod reply;
mod request;
mod status;

pub use attrs::Attrs;
pub use frame::{MAX_PACKET, take_packet};
pub use reply::{NameEntry, Reply};
pub use request::{OpenFlags, Request, write_head};
pub use status::{Status, StatusCode};

/// The only version spoken here.
pub const VERSION: u32 = 3;

/// Bytes that are not an SFTP packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The packet ends before the field does.
    #[error("an SFTP packet ends in the middle of {0}")]
    Truncated(&'static str),
    /// A request goes on after its last field.
    #[error("an SFTP request has {0} bytes too many")]
    Trailing(usize),
    /// The length field is zero or beyond [`MAX_PACKET`].
    #[error("an SFTP packet announces {0} bytes")]
    Length(u32),
    /// A type byte that does not belong here.
    #[error("an SFTP packet of the unexpected type {0}")]
    Type(u8),
}

#[cfg(test)]
mod tests;
