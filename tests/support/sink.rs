//! A sink in memory, which holds the contract of `begin` against the source.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use async_trait::async_trait;
use bytes::Bytes;
use transship::model::Failure;
use transship::sources::{ContentHead, ContentSink, Resume};

#[derive(Debug, Default)]
pub struct Memory {
    pub bytes: Vec<u8>,
    pub heads: Vec<ContentHead>,
    pub etag: Option<String>,
    /// What is here can be read again.
    pub replays: bool,
}

impl Memory {
    pub fn holding(bytes: &[u8], etag: &str) -> Self {
        Self { bytes: bytes.to_vec(), etag: Some(etag.into()), ..Self::default() }
    }

    /// Where each part began.
    pub fn offsets(&self) -> Vec<u64> {
        self.heads.iter().map(|head| head.offset).collect()
    }
}

#[async_trait]
impl ContentSink for Memory {
    fn resume(&self) -> Option<Resume> {
        Some(Resume { offset: self.bytes.len() as u64, etag: self.etag.clone()? })
    }

    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure> {
        if head.offset == 0 {
            self.bytes.clear();
        }
        assert_eq!(head.offset, self.bytes.len() as u64, "a gap or an overlap");
        self.etag.clone_from(&head.etag);
        self.heads.push(head);
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.bytes.extend_from_slice(&chunk);
        Ok(())
    }

    async fn replay(
        &mut self,
        end: u64,
        take: &mut (dyn for<'b> FnMut(&'b [u8]) + Send),
    ) -> Result<bool, Failure> {
        if self.replays {
            take(&self.bytes[..end as usize]);
        }
        Ok(self.replays)
    }
}
