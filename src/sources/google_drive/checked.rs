//! A sink that computes the MD5 on the way.

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::Failure;
use crate::sources::{ContentHead, ContentSink, Resume};

/// Hands everything on to another sink and hashes what goes through.
pub(super) struct Checked<'a> {
    inner: &'a mut dyn ContentSink,
    hash: md5::Context,
    /// How many bytes the hash covers, from the first on; none where those of an
    /// earlier attempt cannot be read again.
    covered: Option<u64>,
}

impl<'a> Checked<'a> {
    pub(super) fn new(inner: &'a mut dyn ContentSink) -> Self {
        Self { inner, hash: md5::Context::new(), covered: None }
    }

    /// The MD5 of everything that is in the sink, in hex; none if that is not known.
    pub(super) fn hex(&self) -> Option<String> {
        self.covered.map(|_| format!("{:x}", self.hash.clone().finalize()))
    }

    /// Throws away what is in the sink: nothing of it is worth going on with.
    pub(super) async fn discard(&mut self) -> Result<(), Failure> {
        self.begin(ContentHead::default()).await
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
            let mut hash = md5::Context::new();
            let whole =
                offset == 0 || self.inner.replay(offset, &mut |bytes| hash.consume(bytes)).await?;
            self.hash = hash;
            self.covered = whole.then_some(offset);
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.hash.consume(&chunk);
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
