//! The stand-ins, driven by clients that are not ours: reqwest, ssh2's own SFTP
//! and the OpenSSH programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod autodesk;
mod control;
mod encoura;
mod feed;
mod google_drive;
mod openssh;
mod sftp;
mod sftp_faults;
mod store;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use transship::demo::{NewExport, Options, Oracle, StandIns, Status, World};

/// Longest wait for anything that must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// Stand-ins on a runtime of their own, so that tests may block.
struct Stage {
    // Dropped in this order.
    stand_ins: StandIns,
    runtime: Runtime,
    dir: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = TempDir::new().unwrap();
        let mut options = Options::new(dir.path());
        change(&mut options);
        let runtime = Runtime::new().unwrap();
        let stand_ins = runtime.block_on(StandIns::start(options)).unwrap();
        Self { stand_ins, runtime, dir }
    }

    fn world(&self) -> &World {
        self.stand_ins.world()
    }

    fn oracle(&self) -> Oracle {
        self.world().oracle().unwrap()
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let deadline = async { tokio::time::timeout(DEADLINE, work).await };
        self.runtime.block_on(deadline).expect("it must not take this long")
    }

    fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        self.wait(async { request.send().await })
    }

    /// Waits until the world is as wanted.
    fn until(&self, wanted: impl Fn(&World) -> bool) {
        let mut changes = self.world().watch();
        self.wait(async {
            while !wanted(self.world()) {
                changes.changed().await.unwrap();
            }
        });
    }

    /// A file of the upload folder, as it lies on the disk.
    fn upload(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.world().upload_folder().join(name)).ok()
    }

    fn scratch(&self) -> &Path {
        self.dir.path()
    }
}

fn export(name: &str, content: &str) -> NewExport {
    NewExport {
        name: name.into(),
        product_key: "score-reporter".into(),
        content: content.to_owned().into(),
        status: Status::NotDelivered,
    }
}

/// Bytes in which no two places look alike.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}
