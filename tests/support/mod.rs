//! What integration tests share.

pub mod desk;
pub mod sshd;
