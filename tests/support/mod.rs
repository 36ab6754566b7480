//! What integration tests share.

pub mod clock;
pub mod crash;
pub mod desk;
pub mod order;
pub mod program;
pub mod proxy;
pub mod ssh_stand;
pub mod sshd;
pub mod terminal;
