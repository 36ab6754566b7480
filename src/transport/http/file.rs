//! A body streamed to a new file.

use std::path::{Path, PathBuf};

use reqwest::Response;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::body::{chunk, too_long};
use super::place;
use crate::model::{Failure, FailureClass};
use crate::platform;

/// A file that has its name only once it is whole: until then its name ends in
/// `.partial`, and what broke off stays under that name for whoever looks.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Creates the file (0600). It must not exist yet; what an earlier attempt
    /// left of it is replaced.
    pub(crate) async fn create(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let failed = |e: std::io::Error| Failure::io("creating", &shown, &e);
        if tokio::fs::try_exists(path).await.map_err(failed)? {
            return Err(Failure::new(FailureClass::Local, "creating", &shown).said("it exists"));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        match tokio::fs::remove_file(&partial).await {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        let mut options = OpenOptions::from(platform::private_file());
        options.write(true).create_new(true);
        let file = options.open(&partial).await.map_err(failed)?;
        Ok(Self { file, partial, path: path.to_owned() })
    }

    /// Writes the reply's body as it comes, at most `cap` bytes.
    pub(crate) async fn receive(
        &mut self,
        doing: &str,
        mut reply: Response,
        cap: usize,
    ) -> Result<(), Failure> {
        let place = place(reply.url());
        let mut size = 0;
        let received = loop {
            match chunk(doing, &mut reply).await {
                Ok(None) => break Ok(()),
                Ok(Some(bytes)) => {
                    size += bytes.len();
                    if size > cap {
                        break Err(too_long(doing, &place, cap));
                    }
                    self.file.write_all(&bytes).await.map_err(|e| self.failed(&e))?;
                }
                Err(failure) => break Err(failure),
            }
        };
        // What came before a cut is evidence: it is written out as well.
        self.file.flush().await.map_err(|e| self.failed(&e))?;
        received
    }

    /// Syncs the file, gives it its name and syncs the folder.
    pub(crate) async fn keep(self) -> Result<(), Failure> {
        self.file.sync_all().await.map_err(|e| self.failed(&e))?;
        tokio::fs::rename(&self.partial, &self.path).await.map_err(|e| self.failed(&e))?;
        sync_folder(&self.path).await.map_err(|e| self.failed(&e))
    }

    /// Removes the file: there was nothing to receive.
    pub(crate) async fn discard(self) {
        // An empty file left behind does no harm, and the failure that led here
        // is what the operator must read.
        let _ = tokio::fs::remove_file(&self.partial).await;
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::io("writing", self.path.display().to_string(), error)
    }
}

/// A new name lasts only once its folder is synced.
async fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let synced = tokio::task::spawn_blocking(move || platform::sync_folder(&folder));
    synced.await.unwrap_or_else(|e| Err(std::io::Error::other(e)))
}
