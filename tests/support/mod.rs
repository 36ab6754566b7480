//! What integration tests share.

pub mod desk;
pub mod ssh_stand;
pub mod sshd;
pub mod terminal;
