//! What a server answers.

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::{put_packet, put_string};
use super::reader::Reader;
use super::{Attrs, Status, StatusCode, WireError, code};

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameEntry {
    /// The name inside the folder.
    pub name: Bytes,
    /// A line as `ls -l` prints it; for people only.
    pub long_name: Bytes,
    /// What the server tells of it.
    pub attrs: Attrs,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer to `Init`. It carries the version where others have their id.
    Version {
        /// The version that the server speaks.
        version: u32,
        /// Extensions by name, with their own version or data.
        extensions: Vec<(Bytes, Bytes)>,
    },
    /// Done, or why not.
    Status(Status),
    /// An open file or folder.
    Handle(Bytes),
    /// Bytes of a file.
    Data(Bytes),
    /// Names.
    Name(Vec<NameEntry>),
    /// A file's attributes.
    Attrs(Attrs),
    /// The answer of an extension; see [`extension`](super::extension).
    Extended(Bytes),
}

impl Reply {
    /// Appends the packet, length field included. `id` is the request's;
    /// [`Reply::Version`] has none.
    pub fn encode(&self, id: u32, out: &mut BytesMut) {
        put_packet(out, |out| self.put_body(id, out));
    }

    fn put_body(&self, id: u32, out: &mut BytesMut) {
        let head = |out: &mut BytesMut, kind: u8| {
            out.put_u8(kind);
            out.put_u32(id);
        };
        match self {
            Self::Version { version, extensions } => {
                out.put_u8(code::VERSION);
                out.put_u32(*version);
                for (name, data) in extensions {
                    put_string(out, name);
                    put_string(out, data);
                }
            }
            Self::Status(status) => {
                head(out, code::STATUS);
                out.put_u32(status.code.0);
                put_string(out, &status.message);
                put_string(out, b"");
            }
            Self::Handle(handle) => {
                head(out, code::HANDLE);
                put_string(out, handle);
            }
            Self::Data(data) => {
                head(out, code::DATA);
                put_string(out, data);
            }
            Self::Name(entries) => {
                head(out, code::NAME);
                out.put_u32(entries.len() as u32);
                for entry in entries {
                    put_string(out, &entry.name);
                    put_string(out, &entry.long_name);
                    entry.attrs.encode(out);
                }
            }
            Self::Attrs(attrs) => {
                head(out, code::ATTRS);
                attrs.encode(out);
            }
            Self::Extended(data) => {
                head(out, code::EXTENDED_REPLY);
                out.put_slice(data);
            }
        }
    }

    /// Reads a packet without its length field; gives the id of the request
    /// that it answers (0 for [`Reply::Version`]) and the answer. Fields that
    /// some servers append are ignored, a status without words is accepted.
    pub fn decode(packet: Bytes) -> Result<(u32, Self), WireError> {
        let mut from = Reader::new(packet);
        let kind = from.u8("its type")?;
        let id = from.u32("its id")?;
        let reply = match kind {
            code::VERSION => {
                let mut extensions = Vec::new();
                while !from.is_empty() {
                    extensions.push((from.string("an extension")?, from.string("an extension")?));
                }
                return Ok((0, Self::Version { version: id, extensions }));
            }
            code::STATUS => Self::Status(Status {
                code: StatusCode(from.u32("a status")?),
                message: if from.is_empty() { Bytes::new() } else { from.string("a status")? },
            }),
            code::HANDLE => Self::Handle(from.string("a handle")?),
            code::DATA => Self::Data(from.string("data")?),
            code::NAME => {
                let count = from.u32("names")?;
                // The count is only believed as far as there are bytes for it.
                let mut entries = Vec::new();
                for _ in 0..count {
                    entries.push(NameEntry {
                        name: from.string("a name")?,
                        long_name: from.string("a name")?,
                        attrs: Attrs::decode(&mut from)?,
                    });
                }
                Self::Name(entries)
            }
            code::ATTRS => Self::Attrs(Attrs::decode(&mut from)?),
            code::EXTENDED_REPLY => Self::Extended(from.rest()),
            other => return Err(WireError::Type(other)),
        };
        Ok((id, reply))
    }
}
