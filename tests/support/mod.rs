//! What integration tests share.

pub mod ssh_stand;
pub mod sshd;
