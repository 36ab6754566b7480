//! A service that shows a world, page by page, as two kinds of services do: with a
//! change detector at each folder, or with a feed of changes.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use transship::model::{
    Content, Failure, FailureClass, Known, Page, Project, RemoteFile, RemoteFolder, Retry, Shown,
    Walked,
};
use transship::sources::{ContentHead, ContentSink, RegisterSink, RegisterSource, SignedIn};

use crate::world::{File, ROOT, World};

/// How a service tells what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Stamps,
    Feed,
}

/// A service, and how it misbehaves.
pub struct TestSource {
    pub world: Arc<Mutex<World>>,
    pub service: Service,
    /// Entries in a page.
    pub page: usize,
    /// Folders that cannot be looked at, though nobody forbids it.
    pub broken: Mutex<HashSet<String>>,
    /// Pages before a walk stands still until it is cancelled; told when it does.
    pub stands_still_after: Mutex<Option<u64>>,
    pub stands_still: Notify,
    pub signed_out: AtomicBool,
    /// What the last walk was told.
    pub told: Mutex<Option<(Known, bool)>>,
    pub calls: AtomicU64,
    /// Files that are not handed out.
    pub withholds: Mutex<Vec<String>>,
    pub walks_at_once: AtomicU64,
    pub most_walks_at_once: AtomicU64,
}

impl TestSource {
    pub fn new(world: World, service: Service) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            service,
            page: 3,
            broken: Mutex::default(),
            stands_still_after: Mutex::default(),
            stands_still: Notify::new(),
            signed_out: AtomicBool::new(false),
            told: Mutex::default(),
            calls: AtomicU64::new(0),
            withholds: Mutex::default(),
            walks_at_once: AtomicU64::new(0),
            most_walks_at_once: AtomicU64::new(0),
        }
    }

    pub fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Whether the last walk was to look everywhere.
    pub fn was_full(&self) -> bool {
        self.told.lock().unwrap().as_ref().unwrap().1
    }

    async fn hand_over(&self, sink: &dyn RegisterSink, page: Page) -> Result<(), Failure> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.stands_still_after.lock().unwrap().is_some_and(|after| number > after) {
            self.stands_still.notify_one();
            std::future::pending::<()>().await;
        }
        sink.page(page).await
    }

    /// From the root down; what did not change is passed by, unless it is `full`.
    async fn by_folders(
        &self,
        known: &Known,
        full: bool,
        sink: &dyn RegisterSink,
    ) -> Result<Walked, Failure> {
        let world = self.world().clone();
        let mut walked = Walked { absence_counts: true, ..Walked::default() };
        // The token of the feed is taken before the scan.
        walked.memory = json!({"token": world.feed.len()});
        let mut not_all_seen: HashSet<String> = HashSet::new();
        let mut looked: Vec<String> = Vec::new();
        let root = Page { folders: vec![folder(&world, ROOT)], ..Page::default() };
        self.hand_over(sink, root).await?;
        let mut next = VecDeque::from([ROOT.to_owned()]);
        while let Some(id) = next.pop_front() {
            let stamp = world.folders[&id].stamp.to_string();
            let before = known.folders.get(&id).and_then(|f| f.stamp.as_ref());
            if !full && self.service == Service::Stamps && before == Some(&stamp) {
                walked.untouched.push(id);
                continue;
            }
            if world.lost.contains(&id) {
                not_all_seen.extend(world.chain(&id));
                walked.lost.push((id, refused()));
                continue;
            }
            if self.broken.lock().unwrap().contains(&id) {
                not_all_seen.extend(world.chain(&id));
                walked.failures.push(Failure::new(FailureClass::Unavailable, "listing", &id));
                continue;
            }
            let folders: Vec<String> = world
                .folders
                .iter()
                .filter(|(_, f)| f.parent.as_deref() == Some(id.as_str()))
                .map(|(id, _)| id.clone())
                .collect();
            let files = world.files.iter().filter(|(_, f)| f.folder == id);
            let mut page = Page {
                folders: folders.iter().map(|id| folder(&world, id)).collect(),
                ..Page::default()
            };
            for (id, one) in files {
                page.files.push(file(id, one));
                if page.files.len() == self.page {
                    self.hand_over(sink, std::mem::take(&mut page)).await?;
                }
            }
            self.hand_over(sink, page).await?;
            next.extend(folders);
            looked.push(id);
        }
        if self.service == Service::Stamps {
            let seen = looked.into_iter().filter(|id| !not_all_seen.contains(id));
            walked.stamps =
                seen.map(|id| (id.clone(), world.folders[&id].stamp.to_string())).collect();
        }
        Ok(walked)
    }

    /// What the feed has since the token, each entry once.
    async fn by_feed(&self, token: usize, sink: &dyn RegisterSink) -> Result<Walked, Failure> {
        let world = self.world().clone();
        let mut walked = Walked { memory: json!({"token": world.feed.len()}), ..Walked::default() };
        let since = &world.feed[token..];
        let last = |n: usize, id: &String| !since[n + 1..].contains(id);
        let entries: Vec<&String> =
            since.iter().enumerate().filter(|(n, id)| last(*n, id)).map(|(_, id)| id).collect();
        for entries in entries.chunks(self.page) {
            let mut page = Page::default();
            for id in entries.iter().copied() {
                if self.broken.lock().unwrap().contains(id) {
                    walked.failures.push(Failure::new(FailureClass::Unavailable, "reading", id));
                } else if let Some(one) = world.files.get(id) {
                    page.files.push(file(id, one));
                } else if world.folders.contains_key(id) {
                    page.folders.push(folder(&world, id));
                } else {
                    page.removed.push(id.clone());
                }
            }
            self.hand_over(sink, page).await?;
        }
        Ok(walked)
    }
}

#[async_trait]
impl RegisterSource for TestSource {
    fn api_calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn quota_used(&self) -> u64 {
        self.api_calls() * 100
    }

    fn throttled_until(&self) -> Option<Timestamp> {
        None
    }

    async fn sign_in(&self) -> Result<SignedIn, Failure> {
        if self.signed_out.load(Ordering::SeqCst) {
            return Err(Failure::new(FailureClass::SignIn, "signing in to", "the service")
                .advice("sign in again"));
        }
        Ok(SignedIn { identity: Shown::new("somebody") })
    }

    async fn walk(
        &self,
        known: &Known,
        full: bool,
        sink: &dyn RegisterSink,
        cancel: &CancellationToken,
    ) -> Result<Walked, Failure> {
        let at_once = self.walks_at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_walks_at_once.fetch_max(at_once, Ordering::SeqCst);
        *self.told.lock().unwrap() = Some((known.clone(), full));
        let token = known.memory["token"].as_u64().filter(|_| self.service == Service::Feed);
        let walking = async {
            match token {
                Some(token) if !full => self.by_feed(token as usize, sink).await,
                _ => self.by_folders(known, full, sink).await,
            }
        };
        let walked = tokio::select! {
            walked = walking => walked,
            () = cancel.cancelled() => Err(Failure::cancelled("walking through", "the service")),
        };
        self.walks_at_once.fetch_sub(1, Ordering::SeqCst);
        walked
    }

    async fn fetch(
        &self,
        content: &Value,
        sink: &mut dyn ContentSink,
        _cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let (id, version) = (content["id"].as_str().unwrap(), content["version"].as_u64().unwrap());
        if self.withholds.lock().unwrap().iter().any(|withheld| withheld == id) {
            // Not as refused: that would leave the bytes out.
            return Err(Failure::new(FailureClass::Unavailable, "fetching", id).retry(Retry::Never));
        }
        let bytes = match self.world().files.get(id) {
            Some(file) if file.version == version => file.bytes.clone().unwrap(),
            _ => return Err(Failure::new(FailureClass::NotFound, "fetching", id)),
        };
        let head = ContentHead { total: Some(bytes.len() as u64), ..ContentHead::default() };
        sink.begin(head).await?;
        sink.write(Bytes::from(bytes)).await
    }

    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure> {
        Ok(self.world().files.values().map(|f| f.name.clone()).take(limit).collect())
    }

    async fn projects(&self) -> Result<Vec<Project>, Failure> {
        let name = "A project".to_owned();
        Ok(vec![Project { id: "b.1".into(), name, belongs_to: Some("a hub".into()) }])
    }
}

fn refused() -> Failure {
    Failure::new(FailureClass::Refused, "listing", "a folder").said("403").retry(Retry::Never)
}

fn folder(world: &World, id: &str) -> RemoteFolder {
    let folder = &world.folders[id];
    RemoteFolder { id: id.into(), parent: folder.parent.clone(), name: folder.name.clone() }
}

pub fn file(id: &str, file: &File) -> RemoteFile {
    let at: Timestamp = "2026-05-04T08:00:00.1234567Z".parse().unwrap();
    RemoteFile {
        id: id.into(),
        folder: file.folder.clone(),
        name: file.name.clone(),
        link: Some(format!("https://service.example/{id}")),
        size: file.bytes.as_ref().map(|b| b.len() as u64),
        file_type: file.name.rsplit_once('.').map(|(_, t)| t.to_lowercase()),
        version: format!("v{}", file.version),
        created_at: Some(at),
        updated_at: Some(at),
        content: match &file.bytes {
            Some(_) => Content::Fetchable(json!({"id": id, "version": file.version})),
            None => Content::MetadataOnly("view-only".into()),
        },
    }
}
