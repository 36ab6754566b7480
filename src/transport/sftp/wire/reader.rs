//! Reads fields off a packet, never beyond its end.

use bytes::{Buf, Bytes};

use super::WireError;

pub(super) struct Reader(Bytes);

impl Reader {
    pub(super) fn new(packet: Bytes) -> Self {
        Self(packet)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, WireError> {
        self.0.try_get_u8().map_err(|_| WireError::Truncated(field))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, WireError> {
        self.0.try_get_u32().map_err(|_| WireError::Truncated(field))
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, WireError> {
        self.0.try_get_u64().map_err(|_| WireError::Truncated(field))
    }

    /// A string; it shares the packet's memory.
    pub(super) fn string(&mut self, field: &'static str) -> Result<Bytes, WireError> {
        let length = self.u32(field)? as usize;
        if length > self.0.len() {
            return Err(WireError::Truncated(field));
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(super) fn rest(self) -> Bytes {
        self.0
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing(self.0.len())) }
    }
}
