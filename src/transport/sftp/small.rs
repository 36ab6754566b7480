//! A small file up, in one go: its bytes are at hand, and nothing of it is worth waiting
//! for.
//!
//! A server that works in order has done what was asked before when it does what was
//! asked last: the file is written, synced, asked for its size and closed in one trip
//! instead of four. Any other is asked for each step once it has answered the one before.
//! Either way every answer is looked at before the file counts as written.

use bytes::{Bytes, BytesMut};

use super::link::PendingReply;
use super::transfer::unless;
use super::wire::{Attrs, write_head};
use super::{RemoteFile, SftpError, TransferError, Upload};

/// Files up to this size are small, in bytes.
pub const SMALL: u64 = 128 << 10;

/// What is on its way to make a written file durable and close it.
struct Ending {
    sync: Option<PendingReply>,
    stat: PendingReply,
    close: PendingReply,
}

impl RemoteFile {
    /// Writes `bytes` to this empty file, has it synced where the server can, and closes
    /// it. Gives its attributes as they were then.
    pub async fn write_whole(
        mut self,
        bytes: &Bytes,
        upload: &Upload<'_>,
    ) -> Result<Attrs, TransferError> {
        upload.pace.take(bytes.len() as u64).await;
        let cancel = upload.cancel;
        let attrs = unless(cancel, async {
            let writes = self.send_writes(bytes).await?;
            if self.session().capabilities().in_order {
                let ending = self.send_ending().await?;
                self.ended(writes, ending).await
            } else {
                self.all_done(writes).await?;
                self.sync().await?;
                let attrs = self.stat().await?;
                self.close().await.map(|()| attrs)
            }
        })
        .await??;
        if !bytes.is_empty() {
            (upload.acknowledged)(bytes.len() as u64);
        }
        Ok(attrs)
    }

    async fn send_writes(&self, bytes: &Bytes) -> Result<Vec<PendingReply>, SftpError> {
        let session = self.session();
        let mut offset = 0;
        let mut sent = Vec::new();
        for chunk in bytes.chunks(session.write_chunk()) {
            let id = session.next_id();
            let mut packet = BytesMut::with_capacity(64 + self.handle().len() + chunk.len());
            write_head(&mut packet, id, self.handle(), offset, chunk.len() as u32);
            packet.extend_from_slice(chunk);
            sent.push(session.send_packet(id, packet.freeze()).await?);
            offset += chunk.len() as u64;
        }
        Ok(sent)
    }

    async fn all_done(&self, writes: Vec<PendingReply>) -> Result<(), SftpError> {
        for write in writes {
            self.session().done(write.await?)?;
        }
        Ok(())
    }

    async fn send_ending(&mut self) -> Result<Ending, SftpError> {
        Ok(Ending {
            sync: self.send_sync().await?,
            stat: self.send_stat().await?,
            close: self.send_close().await?,
        })
    }

    async fn ended(&self, writes: Vec<PendingReply>, ending: Ending) -> Result<Attrs, SftpError> {
        // Where the last answer is here all others are, and one wait does. They are looked
        // at in their order: the first that is none tells why.
        let closed = ending.close.await;
        self.all_done(writes).await?;
        if let Some(sync) = ending.sync {
            self.synced(sync.await)?;
        }
        let attrs = self.session().attrs_of(ending.stat.await?)?;
        self.session().done(closed?)?;
        Ok(attrs)
    }
}
