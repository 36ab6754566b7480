//! SFTP v3 over an SSH channel, with many requests in flight.
//!
//! A session is one thread that owns the connection (`driver`) and any number
//! of [`SftpSession`] handles, whose requests overlap: each goes out under an id
//! of its own and waits only for its own answer. The ssh2 crate does keys,
//! ciphers and the channel; its own SFTP is not used, because it keeps the whole
//! session locked for each call and cannot send `posix-rename@openssh.com`.

mod chunks;
mod download;
mod driver;
mod error;
mod file;
mod greeting;
mod launch;
mod link;
mod pool;
mod session;
mod small;
mod spread;
mod stream;
mod transfer;
mod upload;
pub mod wire;

pub use download::{Download, Pour};
pub use error::SftpError;
pub use file::RemoteFile;
pub use greeting::SessionCapabilities;
pub use link::PendingReply;
pub use pool::Pool;
pub use session::{SessionUser, SftpSession};
pub use small::SMALL;
pub use spread::SpreadFrom;
pub use transfer::TransferError;
pub use upload::{Sample, Upload, Written};
