//! A partner's folder on a real server, an endpoint that looks at it, and books.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use transship::model::{
    AfterFetch, Content, Failure, FeedScope, Known, Page, Pick, RemoteFile, RemoteFolder,
    SshServer, Walked,
};
use transship::sources::sftp::{Account, SftpSource};
use transship::sources::{RegisterSink, RegisterSource};

use crate::support::sshd::{Sshd, SshdOptions};

/// A server with a folder.
pub struct World {
    pub sshd: Sshd,
}

impl World {
    pub fn new() -> Self {
        Self::with(Sshd::options())
    }

    pub fn with(options: SshdOptions) -> Self {
        let world = Self { sshd: options.start() };
        fs::create_dir(world.outgoing()).unwrap();
        world
    }

    /// The partner's folder.
    pub fn outgoing(&self) -> PathBuf {
        self.sshd.root().join("outgoing")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.outgoing().join(name)
    }

    /// Puts a file there, and the folders that lead to it.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Looks at everything, and waits for nothing.
    pub fn scope(&self) -> FeedScope {
        FeedScope {
            directory: self.outgoing().to_str().unwrap().into(),
            patterns: vec![],
            include_subfolders: false,
            min_bytes: 0,
            min_age: Duration::ZERO,
            max_age: None,
            settle: Duration::ZERO,
            after_fetch: AfterFetch::Leave,
            pick: Pick::default(),
        }
    }

    pub fn source(&self, scope: FeedScope) -> SftpSource {
        source(self.sshd.server(), scope)
    }
}

pub fn source(server: SshServer, scope: FeedScope) -> SftpSource {
    SftpSource::new(Account::new(server), scope)
}

/// Says when a file was changed last.
pub fn age(path: &Path, ago: Duration) {
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - ago).unwrap();
}

/// A path's bytes as they stand in ids.
pub fn shown(path: &Path) -> String {
    String::from_utf8(path.as_os_str().as_bytes().to_vec()).unwrap()
}

/// Books in memory, by the rules of the ledger.
#[derive(Default)]
pub struct Books {
    pub files: Mutex<BTreeMap<String, RemoteFile>>,
    pub folders: Mutex<BTreeMap<String, RemoteFolder>>,
    seen: Mutex<Vec<String>>,
    memory: Mutex<serde_json::Value>,
}

impl Books {
    pub fn known(&self) -> Known {
        Known { memory: self.memory.lock().unwrap().clone(), ..Known::default() }
    }

    /// One walk, with its end booked.
    pub async fn walk(&self, source: &SftpSource) -> Result<Walked, Failure> {
        self.seen.lock().unwrap().clear();
        let walked = source.walk(&self.known(), false, self, &CancellationToken::new()).await?;
        if walked.failures.is_empty() {
            assert!(walked.absence_counts);
            let (seen, kept) = (self.seen.lock().unwrap(), &walked.kept);
            let lost: Vec<&String> = walked.lost.iter().map(|(id, _)| id).collect();
            self.files.lock().unwrap().retain(|id, file| {
                seen.contains(id) || kept.contains(id) || lost.contains(&&file.folder)
            });
            *self.memory.lock().unwrap() = walked.memory.clone();
        }
        Ok(walked)
    }

    /// One walk that finds nothing wrong; the names that are in the books after it.
    pub async fn names(&self, source: &SftpSource) -> Vec<String> {
        let walked = self.walk(source).await.unwrap();
        assert_eq!((&walked.failures, &walked.lost), (&vec![], &vec![]));
        self.files.lock().unwrap().values().map(|file| file.name.clone()).collect()
    }

    /// As if an hour had gone by since the last walk.
    pub fn later(&self) {
        let mut memory = self.memory.lock().unwrap();
        let at: jiff::Timestamp = memory["at"].as_str().unwrap().parse().unwrap();
        memory["at"] = (at - jiff::SignedDuration::from_hours(1)).to_string().into();
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> RemoteFile {
        let files = self.files.lock().unwrap();
        files.values().find(|file| file.name == name).unwrap().clone()
    }

    /// What a file of this name is fetched by.
    pub fn content(&self, name: &str) -> serde_json::Value {
        content(&self.file(name))
    }
}

pub fn content(file: &RemoteFile) -> serde_json::Value {
    match &file.content {
        Content::Fetchable(json) => json.clone(),
        Content::MetadataOnly(why) => panic!("{why}"),
    }
}

#[async_trait]
impl RegisterSink for Books {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        let mut folders = self.folders.lock().unwrap();
        for folder in page.folders {
            folders.insert(folder.id.clone(), folder);
        }
        for file in page.files {
            assert!(folders.contains_key(&file.folder), "{} came before its folder", file.id);
            self.seen.lock().unwrap().push(file.id.clone());
            self.files.lock().unwrap().insert(file.id.clone(), file);
        }
        Ok(())
    }
}

/// Something that goes on beside a test, until it is dropped.
pub struct Beside {
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Beside {
    /// Does `step` again and again.
    pub fn doing(mut step: impl FnMut() + Send + 'static) -> Self {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            while !told.load(std::sync::atomic::Ordering::Relaxed) {
                step();
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
