//! What integration tests share.

pub mod clock;
pub mod crash;
pub mod desk;
pub mod judge;
pub mod kill;
pub mod order;
pub mod program;
pub mod proxy;
pub mod sftp_stand;
pub mod ssh_stand;
pub mod sshd;
pub mod sweep;
pub mod terminal;
