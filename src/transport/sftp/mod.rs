//! SFTP v3 over an SSH channel, with many requests in flight.

pub mod wire;
