//! What integration tests share.

pub mod desk;
pub mod program;
pub mod sshd;
