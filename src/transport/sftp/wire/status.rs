//! The server's verdict on a request.

use std::fmt;

use bytes::Bytes;

/// A status code of version 3, or a later one that servers send all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusCode(pub u32);

impl StatusCode {
    /// It was done.
    pub const OK: Self = Self(0);
    /// Nothing more to read.
    pub const EOF: Self = Self(1);
    /// No such file or folder.
    pub const NO_SUCH_FILE: Self = Self(2);
    /// Not allowed.
    pub const PERMISSION_DENIED: Self = Self(3);
    /// Anything else; OpenSSH maps "exists already" and "no space" to it.
    pub const FAILURE: Self = Self(4);
    /// The server did not understand the packet.
    pub const BAD_MESSAGE: Self = Self(5);
    /// The server does not know this request.
    pub const OP_UNSUPPORTED: Self = Self(8);
    /// Version 4 and later: a folder on the way is missing.
    pub const NO_SUCH_PATH: Self = Self(10);
    /// Version 4 and later: it exists already.
    pub const FILE_ALREADY_EXISTS: Self = Self(11);
    /// Version 4 and later: the medium is read-only.
    pub const WRITE_PROTECT: Self = Self(12);
    /// Version 5 and later: the disk is full.
    pub const NO_SPACE: Self = Self(14);
    /// Version 5 and later: the account's quota is used up.
    pub const QUOTA_EXCEEDED: Self = Self(15);

    /// Whether it says that the file or its folder is not there.
    pub fn is_missing(self) -> bool {
        self == Self::NO_SUCH_FILE || self == Self::NO_SUCH_PATH
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match *self {
            Self::OK => "ok",
            Self::EOF => "end of file",
            Self::NO_SUCH_FILE => "no such file",
            Self::PERMISSION_DENIED => "permission denied",
            Self::FAILURE => "failure",
            Self::BAD_MESSAGE => "bad message",
            Self::OP_UNSUPPORTED => "operation unsupported",
            Self::NO_SUCH_PATH => "no such path",
            Self::FILE_ALREADY_EXISTS => "file already exists",
            Self::WRITE_PROTECT => "write protected",
            Self::NO_SPACE => "no space on the file system",
            Self::QUOTA_EXCEEDED => "quota exceeded",
            Self(code) => return write!(f, "status {code}"),
        };
        f.write_str(words)
    }
}

/// A status with the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The verdict.
    pub code: StatusCode,
    /// For a person; from outside, so only ever shown through `Shown`.
    pub message: Bytes,
}

impl Status {
    /// A status with the code's own words.
    pub fn new(code: StatusCode) -> Self {
        Self { code, message: Bytes::from(code.to_string()) }
    }
}
