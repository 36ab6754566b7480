//! What integration tests share.

pub mod crash;
pub mod desk;
pub mod program;
pub mod ssh_stand;
pub mod sshd;
pub mod terminal;
