//! What sources and destinations share: HTTP, SSH, SFTP.

pub mod http;
pub mod sftp;
pub mod ssh;
