//! Whether one file goes over several sessions.

use std::time::Duration;

use super::SftpSession;
use crate::transport::pace::Pace;

/// From where on several sessions pay. A server grants each of them a window, usually of
/// 2 MiB, and one session moves no more than that in the time of a round trip.
#[derive(Clone, Copy, Debug)]
pub struct SpreadFrom {
    /// For so many bytes.
    pub size: u64,
    /// To a server so far away.
    pub round_trip: Duration,
    /// For so many bytes to a server that is near: one processor encrypts for a session, and
    /// does it slower than such a line is. By default only where there are processors for
    /// several sessions, and for the server, which may be this machine.
    pub near: u64,
}

impl Default for SpreadFrom {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let near = if processors >= 4 { 64 << 20 } else { u64::MAX };
        Self { size: 16 << 20, round_trip: Duration::from_millis(10), near }
    }
}

impl SpreadFrom {
    /// Whether it pays for so many bytes over `session` and others like it.
    pub(crate) fn pays(&self, session: &SftpSession, bytes: u64, pace: &Pace) -> bool {
        let far = session.round_trip().is_some_and(|time| time >= self.round_trip);
        let from = if far { self.size } else { self.near };
        // Where there is a limit, one session reaches it.
        bytes >= from && pace.limit().is_none()
    }
}
