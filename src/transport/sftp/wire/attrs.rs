//! What is known of a file: size, owner, permissions, times.

use bytes::{BufMut, BytesMut};

use super::WireError;
use super::reader::Reader;

const SIZE: u32 = 0x1;
const OWNER: u32 = 0x2;
const PERMISSIONS: u32 = 0x4;
const TIMES: u32 = 0x8;
const EXTENDED: u32 = 0x8000_0000;

/// The bits of the file type within the permissions, as in POSIX `st_mode`.
const TYPE_MASK: u32 = 0o170_000;
const TYPE_DIRECTORY: u32 = 0o040_000;
const TYPE_REGULAR: u32 = 0o100_000;
const TYPE_LINK: u32 = 0o120_000;

/// A file's attributes, those that were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attrs {
    /// Size in bytes.
    pub size: Option<u64>,
    /// User and group id.
    pub owner: Option<(u32, u32)>,
    /// POSIX mode, file type included.
    pub permissions: Option<u32>,
    /// Last access and last change, in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

impl Attrs {
    /// Only a mode, for creating a file or folder.
    pub fn with_permissions(mode: u32) -> Self {
        Self { permissions: Some(mode), ..Self::default() }
    }

    /// Whether the server said that it is a folder.
    pub fn is_directory(&self) -> bool {
        self.permissions.is_some_and(|mode| mode & TYPE_MASK == TYPE_DIRECTORY)
    }

    /// Whether the server said that it is a regular file.
    pub fn is_regular(&self) -> bool {
        self.permissions.is_some_and(|mode| mode & TYPE_MASK == TYPE_REGULAR)
    }

    /// Whether the server said that it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.permissions.is_some_and(|mode| mode & TYPE_MASK == TYPE_LINK)
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        let flag = |told: bool, bit: u32| if told { bit } else { 0 };
        out.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.owner.is_some(), OWNER)
                | flag(self.permissions.is_some(), PERMISSIONS)
                | flag(self.times.is_some(), TIMES),
        );
        if let Some(size) = self.size {
            out.put_u64(size);
        }
        if let Some((user, group)) = self.owner {
            out.put_u32(user);
            out.put_u32(group);
        }
        if let Some(mode) = self.permissions {
            out.put_u32(mode);
        }
        if let Some((accessed, changed)) = self.times {
            out.put_u32(accessed);
            out.put_u32(changed);
        }
    }

    pub(super) fn decode(from: &mut Reader) -> Result<Self, WireError> {
        const FIELD: &str = "file attributes";
        let flags = from.u32(FIELD)?;
        let mut attrs = Self::default();
        if flags & SIZE != 0 {
            attrs.size = Some(from.u64(FIELD)?);
        }
        if flags & OWNER != 0 {
            attrs.owner = Some((from.u32(FIELD)?, from.u32(FIELD)?));
        }
        if flags & PERMISSIONS != 0 {
            attrs.permissions = Some(from.u32(FIELD)?);
        }
        if flags & TIMES != 0 {
            attrs.times = Some((from.u32(FIELD)?, from.u32(FIELD)?));
        }
        if flags & EXTENDED != 0 {
            // Nobody here has a use for them, but they must be stepped over.
            for _ in 0..from.u32(FIELD)? {
                from.string(FIELD)?;
                from.string(FIELD)?;
            }
        }
        Ok(attrs)
    }
}
