//! What integration tests share. What starts OpenSSH, or ends the program by a signal, is for
//! Unix alone.

pub mod clock;
#[cfg(unix)]
pub mod crash;
pub mod desk;
pub mod judge;
#[cfg(unix)]
pub mod kill;
#[cfg(unix)]
pub mod order;
#[cfg(unix)]
pub mod program;
pub mod proxy;
pub mod sftp_stand;
pub mod ssh_stand;
#[cfg(unix)]
pub mod sshd;
#[cfg(unix)]
pub mod sweep;
pub mod terminal;
