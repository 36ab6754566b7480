//! The TCP connection under a session.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};

use super::address;
use crate::model::{Failure, FailureClass, SshServer};

/// Connects to the first address of the host that answers.
pub(super) fn connect(server: &SshServer) -> Result<TcpStream, Failure> {
    let failed = |error: &io::Error| {
        Failure::new(FailureClass::Network, "connecting to", address(server))
            .said(error)
            .advice("see whether host and port are right, and whether a firewall is in the way")
    };
    let addresses =
        (server.host.as_str(), server.port).to_socket_addrs().map_err(|e| failed(&e))?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for socket_address in addresses {
        match TcpStream::connect_timeout(&socket_address, server.connect_timeout) {
            Ok(tcp) => {
                // Requests are small and each one is waited for.
                tcp.set_nodelay(true).map_err(|e| failed(&e))?;
                return Ok(tcp);
            }
            Err(error) => last = error,
        }
    }
    Err(failed(&last))
}
