//! What a client asks.

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::{put_packet, put_string};
use super::reader::Reader;
use super::{Attrs, WireError, code};

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFlags(pub u32);

impl OpenFlags {
    /// For reading.
    pub const READ: Self = Self(0x01);
    /// For writing.
    pub const WRITE: Self = Self(0x02);
    /// Writes go to the end.
    pub const APPEND: Self = Self(0x04);
    /// Created where it does not exist.
    pub const CREATE: Self = Self(0x08);
    /// Emptied first.
    pub const TRUNCATE: Self = Self(0x10);
    /// With `CREATE`: fails where it exists.
    pub const EXCLUSIVE: Self = Self(0x20);
    /// A new file for writing; fails where it exists.
    pub const CREATE_NEW: Self = Self(Self::WRITE.0 | Self::CREATE.0 | Self::EXCLUSIVE.0);

    /// Whether every flag of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One request. Handles and paths are bytes that the other side understands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the protocol, named as in the draft")]
pub enum Request {
    /// The first packet of all. It carries the version where others have their id.
    Init { version: u32 },
    /// Opens a file; answered with a handle.
    Open { path: Bytes, flags: OpenFlags, attrs: Attrs },
    /// Closes a file or folder; answered with a status.
    Close { handle: Bytes },
    /// Reads up to `length` bytes; answered with data, or the status "end of file".
    Read { handle: Bytes, offset: u64, length: u32 },
    /// Writes all of `data`; answered with a status.
    Write { handle: Bytes, offset: u64, data: Bytes },
    /// Attributes of `path`, a link not followed.
    Lstat { path: Bytes },
    /// Attributes of an open file.
    Fstat { handle: Bytes },
    /// Changes attributes.
    Setstat { path: Bytes, attrs: Attrs },
    /// Changes attributes of an open file.
    Fsetstat { handle: Bytes, attrs: Attrs },
    /// Opens a folder; answered with a handle.
    Opendir { path: Bytes },
    /// The next names; answered with names, or the status "end of file".
    Readdir { handle: Bytes },
    /// Removes a file.
    Remove { path: Bytes },
    /// Makes a folder.
    Mkdir { path: Bytes, attrs: Attrs },
    /// Removes an empty folder.
    Rmdir { path: Bytes },
    /// The absolute form of `path`; answered with one name.
    Realpath { path: Bytes },
    /// Attributes of what `path` leads to.
    Stat { path: Bytes },
    /// Renames; fails where `to` exists. Not atomic on OpenSSH.
    Rename { from: Bytes, to: Bytes },
    /// A request of an extension; see [`extension`](super::extension).
    Extended { name: Bytes, data: Bytes },
}

/// Appends the head of a write whose `length` bytes of data follow it
/// directly, so that a file can be read straight into its packet.
pub fn write_head(out: &mut BytesMut, id: u32, handle: &[u8], offset: u64, length: u32) {
    let rest = 1 + 4 + 4 + handle.len() as u32 + 8 + 4;
    out.put_u32(rest + length);
    out.put_u8(code::WRITE);
    out.put_u32(id);
    put_string(out, handle);
    out.put_u64(offset);
    out.put_u32(length);
}

impl Request {
    /// Appends the packet, length field included. `id` comes back with the
    /// answer; [`Request::Init`] has none.
    pub fn encode(&self, id: u32, out: &mut BytesMut) {
        if let Self::Write { handle, offset, data } = self {
            write_head(out, id, handle, *offset, data.len() as u32);
            out.put_slice(data);
            return;
        }
        put_packet(out, |out| self.put_body(id, out));
    }

    fn put_body(&self, id: u32, out: &mut BytesMut) {
        let head = |out: &mut BytesMut, kind: u8, text: &[u8]| {
            out.put_u8(kind);
            out.put_u32(id);
            put_string(out, text);
        };
        match self {
            Self::Init { version } => {
                out.put_u8(code::INIT);
                out.put_u32(*version);
            }
            Self::Open { path, flags, attrs } => {
                head(out, code::OPEN, path);
                out.put_u32(flags.0);
                attrs.encode(out);
            }
            Self::Close { handle } => head(out, code::CLOSE, handle),
            Self::Read { handle, offset, length } => {
                head(out, code::READ, handle);
                out.put_u64(*offset);
                out.put_u32(*length);
            }
            Self::Write { handle, offset, data } => {
                head(out, code::WRITE, handle);
                out.put_u64(*offset);
                put_string(out, data);
            }
            Self::Lstat { path } => head(out, code::LSTAT, path),
            Self::Fstat { handle } => head(out, code::FSTAT, handle),
            Self::Setstat { path, attrs } => {
                head(out, code::SETSTAT, path);
                attrs.encode(out);
            }
            Self::Fsetstat { handle, attrs } => {
                head(out, code::FSETSTAT, handle);
                attrs.encode(out);
            }
            Self::Opendir { path } => head(out, code::OPENDIR, path),
            Self::Readdir { handle } => head(out, code::READDIR, handle),
            Self::Remove { path } => head(out, code::REMOVE, path),
            Self::Mkdir { path, attrs } => {
                head(out, code::MKDIR, path);
                attrs.encode(out);
            }
            Self::Rmdir { path } => head(out, code::RMDIR, path),
            Self::Realpath { path } => head(out, code::REALPATH, path),
            Self::Stat { path } => head(out, code::STAT, path),
            Self::Rename { from, to } => {
                head(out, code::RENAME, from);
                put_string(out, to);
            }
            Self::Extended { name, data } => {
                head(out, code::EXTENDED, name);
                out.put_slice(data);
            }
        }
    }

    /// Reads a packet without its length field; gives its id (0 for
    /// [`Request::Init`]) and the request.
    pub fn decode(packet: Bytes) -> Result<(u32, Self), WireError> {
        let mut from = Reader::new(packet);
        let kind = from.u8("its type")?;
        let id = from.u32("its id")?;
        let request = match kind {
            // What extensions a client announces is nobody's business here.
            code::INIT => return Ok((0, Self::Init { version: id })),
            code::OPEN => Self::Open {
                path: from.string("a path")?,
                flags: OpenFlags(from.u32("open flags")?),
                attrs: Attrs::decode(&mut from)?,
            },
            code::CLOSE => Self::Close { handle: from.string("a handle")? },
            code::READ => Self::Read {
                handle: from.string("a handle")?,
                offset: from.u64("an offset")?,
                length: from.u32("a length")?,
            },
            code::WRITE => Self::Write {
                handle: from.string("a handle")?,
                offset: from.u64("an offset")?,
                data: from.string("data")?,
            },
            code::LSTAT => Self::Lstat { path: from.string("a path")? },
            code::FSTAT => Self::Fstat { handle: from.string("a handle")? },
            code::SETSTAT => {
                Self::Setstat { path: from.string("a path")?, attrs: Attrs::decode(&mut from)? }
            }
            code::FSETSTAT => Self::Fsetstat {
                handle: from.string("a handle")?,
                attrs: Attrs::decode(&mut from)?,
            },
            code::OPENDIR => Self::Opendir { path: from.string("a path")? },
            code::READDIR => Self::Readdir { handle: from.string("a handle")? },
            code::REMOVE => Self::Remove { path: from.string("a path")? },
            code::MKDIR => {
                Self::Mkdir { path: from.string("a path")?, attrs: Attrs::decode(&mut from)? }
            }
            code::RMDIR => Self::Rmdir { path: from.string("a path")? },
            code::REALPATH => Self::Realpath { path: from.string("a path")? },
            code::STAT => Self::Stat { path: from.string("a path")? },
            code::RENAME => {
                Self::Rename { from: from.string("a path")?, to: from.string("a path")? }
            }
            code::EXTENDED => {
                let name = from.string("an extension's name")?;
                return Ok((id, Self::Extended { name, data: from.rest() }));
            }
            other => return Err(WireError::Type(other)),
        };
        from.end()?;
        Ok((id, request))
    }
}
