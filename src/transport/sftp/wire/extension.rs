//! OpenSSH's extensions: their names, and what their requests and answers hold.
//!
//! Source: sections 4.3 to 4.8 of OpenSSH's `PROTOCOL` file.

use bytes::{BufMut, Bytes, BytesMut};

use super::WireError;
use super::frame::put_string;
use super::reader::Reader;

/// An atomic rename that replaces its target; data: [`two_paths`].
pub const POSIX_RENAME: &str = "posix-rename@openssh.com";
/// Syncs an open file to disk; data: [`one_string`] of the handle.
pub const FSYNC: &str = "fsync@openssh.com";
/// Space on the file system; data: [`one_string`] of a path, answer [`StatVfs`].
pub const STATVFS: &str = "statvfs@openssh.com";
/// The server's limits; no data, answer [`Limits`].
pub const LIMITS: &str = "limits@openssh.com";

/// The data of a request with one path or handle.
pub fn one_string(text: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(4 + text.len());
    put_string(&mut out, text);
    out.freeze()
}

/// Reads what [`one_string`] wrote.
pub fn read_one_string(data: Bytes) -> Result<Bytes, WireError> {
    let mut from = Reader::new(data);
    let text = from.string("a path or handle")?;
    from.end()?;
    Ok(text)
}

/// The data of a request with two paths.
pub fn two_paths(from: &[u8], to: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(8 + from.len() + to.len());
    put_string(&mut out, from);
    put_string(&mut out, to);
    out.freeze()
}

/// Reads what [`two_paths`] wrote.
pub fn read_two_paths(data: Bytes) -> Result<(Bytes, Bytes), WireError> {
    let mut from = Reader::new(data);
    let paths = (from.string("a path")?, from.string("a path")?);
    from.end()?;
    Ok(paths)
}

/// What a server can take; 0 means that it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Longest packet in bytes.
    pub packet: u64,
    /// Most bytes in one read.
    pub read: u64,
    /// Most bytes in one write.
    pub write: u64,
    /// Most handles open at once.
    pub handles: u64,
}

impl Limits {
    /// The answer's data.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(32);
        for field in [self.packet, self.read, self.write, self.handles] {
            out.put_u64(field);
        }
        out.freeze()
    }

    /// Reads the answer's data.
    pub fn decode(data: Bytes) -> Result<Self, WireError> {
        let mut from = Reader::new(data);
        let mut field = || from.u64("limits");
        Ok(Self { packet: field()?, read: field()?, write: field()?, handles: field()? })
    }
}

/// Space on a file system, the fields of POSIX `statvfs` that are of use here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatVfs {
    /// Bytes in the unit that blocks are counted in.
    pub fragment_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Free blocks.
    pub blocks_free: u64,
    /// Free blocks for users without privileges.
    pub blocks_available: u64,
}

impl StatVfs {
    /// Free bytes for the account that asked.
    pub fn available_bytes(&self) -> u64 {
        self.fragment_size.saturating_mul(self.blocks_available)
    }

    /// The answer's data; fields not kept here are sent as 0.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(88);
        out.put_u64(self.fragment_size);
        out.put_u64(self.fragment_size);
        out.put_u64(self.blocks);
        out.put_u64(self.blocks_free);
        out.put_u64(self.blocks_available);
        out.put_bytes(0, 6 * 8);
        out.freeze()
    }

    /// Reads the answer's data.
    pub fn decode(data: Bytes) -> Result<Self, WireError> {
        let mut from = Reader::new(data);
        let mut field = || from.u64("file system figures");
        let _preferred_block_size = field()?;
        Ok(Self {
            fragment_size: field()?,
            blocks: field()?,
            blocks_free: field()?,
            blocks_available: field()?,
        })
    }
}
