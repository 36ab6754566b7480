//! A sink that computes the service's checksum on the way.

use async_trait::async_trait;
use aws_lc_rs::digest::{Algorithm, Context};
use bytes::Bytes;

use super::{ContentHead, ContentSink, Resume};
use crate::model::Failure;

/// Hands everything on to another sink and hashes what goes through.
pub(crate) struct Checked<'a> {
    inner: &'a mut dyn ContentSink,
    algorithm: &'static Algorithm,
    digest: Context,
    /// How many bytes the digest covers from the first on; none where the bytes of
    /// an earlier attempt cannot be read again.
    covered: Option<u64>,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(inner: &'a mut dyn ContentSink, algorithm: &'static Algorithm) -> Self {
        Self { inner, algorithm, digest: Context::new(algorithm), covered: None }
    }

    /// The digest of the whole content in lower-case hex digits; `None` where it
    /// could not be computed.
    pub(crate) fn hex(self) -> Option<String> {
        use std::fmt::Write as _;
        self.covered?;
        let mut hex = String::new();
        for byte in self.digest.finish().as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Some(hex)
    }
}

#[async_trait]
impl ContentSink for Checked<'_> {
    fn resume(&self) -> Option<Resume> {
        self.inner.resume()
    }

    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure> {
        let offset = head.offset;
        self.inner.begin(head).await?;
        if offset == 0 || self.covered != Some(offset) {
            let mut digest = Context::new(self.algorithm);
            let again =
                offset == 0 || self.inner.replay(offset, &mut |bytes| digest.update(bytes)).await?;
            self.digest = digest;
            self.covered = again.then_some(offset);
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.digest.update(&chunk);
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
