//! A sink that computes the service's checksum on the way.

use async_trait::async_trait;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use bytes::Bytes;

use super::{ContentHead, ContentSink, Resume};
use crate::model::Failure;
use crate::transport::pace::Pace;

/// A checksum under way: the one that a service tells of its files.
#[derive(Clone)]
pub(crate) enum Checksum {
    /// MD5.
    Md5(md5::Context),
    /// SHA-1.
    Sha1(digest::Context),
}

impl Checksum {
    /// MD5 of nothing yet.
    pub(crate) fn md5() -> Self {
        Self::Md5(md5::Context::new())
    }

    /// SHA-1 of nothing yet.
    pub(crate) fn sha1() -> Self {
        Self::Sha1(digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY))
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(context) => context.consume(bytes),
            Self::Sha1(context) => context.update(bytes),
        }
    }

    fn hex(self) -> String {
        use std::fmt::Write as _;
        match self {
            Self::Md5(context) => format!("{:x}", context.finalize()),
            Self::Sha1(context) => {
                let mut hex = String::new();
                for byte in context.finish().as_ref() {
                    // Writing to a String cannot fail.
                    let _ = write!(hex, "{byte:02x}");
                }
                hex
            }
        }
    }
}

/// Hands everything on to another sink and hashes what goes through.
pub(crate) struct Checked<'a> {
    inner: &'a mut dyn ContentSink,
    of_nothing: Checksum,
    checksum: Checksum,
    /// How many bytes the checksum covers, from the first on; none where those of an
    /// earlier attempt cannot be read again.
    covered: Option<u64>,
}

impl<'a> Checked<'a> {
    /// Computes `checksum`, which has seen nothing yet.
    pub(crate) fn new(inner: &'a mut dyn ContentSink, checksum: Checksum) -> Self {
        Self { inner, of_nothing: checksum.clone(), checksum, covered: None }
    }

    /// The checksum of everything that is in the sink in lower-case hex digits; none
    /// where that is not known.
    pub(crate) fn hex(&self) -> Option<String> {
        self.covered.map(|_| self.checksum.clone().hex())
    }

    /// Throws away what is in the sink: nothing of it is worth going on with.
    pub(crate) async fn discard(&mut self) -> Result<(), Failure> {
        self.begin(ContentHead::default()).await
    }
}

#[async_trait]
impl ContentSink for Checked<'_> {
    fn resume(&self) -> Option<Resume> {
        self.inner.resume()
    }

    fn pace(&self) -> Pace {
        self.inner.pace()
    }

    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure> {
        let offset = head.offset;
        self.inner.begin(head).await?;
        if offset == 0 || self.covered != Some(offset) {
            let mut checksum = self.of_nothing.clone();
            let whole = offset == 0
                || self.inner.replay(offset, &mut |bytes| checksum.update(bytes)).await?;
            self.checksum = checksum;
            self.covered = whole.then_some(offset);
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.checksum.update(&chunk);
        self.covered = self.covered.map(|covered| covered + chunk.len() as u64);
        self.inner.write(chunk).await
    }

    async fn replay(
        &mut self,
        end: u64,
        take: &mut (dyn for<'b> FnMut(&'b [u8]) + Send),
    ) -> Result<bool, Failure> {
        self.inner.replay(end, take).await
    }
}
