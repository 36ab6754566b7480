//! What sources and destinations share: HTTP, SSH, SFTP.

pub mod http;
pub(crate) mod jwt;
pub mod pace;
pub mod sftp;
pub mod ssh;
