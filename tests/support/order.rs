//! What the program does to its disk and its sockets, in the order in which it
//! does it, and whether that order is the one that is promised.
//!
//! The recorder is `strace` on the real program: it sees what the kernel is
//! asked for, whatever the code believes. A call's times are taken while its
//! thread is stopped: before the kernel begins with it, and after it has ended.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::path::Path;
use std::process::Stdio;

use transship::demo::{self, Samples};

use super::program::Site;

/// One system call that went well. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub begun: i64,
    pub ended: i64,
    pub name: String,
    pub arguments: String,
}

/// What was recorded of one pass with one export.
#[derive(Clone, Debug)]
pub struct Record {
    pub calls: Vec<Call>,
    /// When the source was asked for the destructive list.
    pub listed: i64,
    /// When the server had the rename.
    pub renamed: i64,
    pub sftp_port: u16,
}

/// Whether this machine lets one process watch another.
pub fn can_record() -> bool {
    let mut strace = std::process::Command::new("strace");
    let tried = strace.args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    tried.expect("strace is installed (.ci/test installs it)").success()
}

/// Records one pass with one export, of the program that is wrong in this way.
pub async fn record(wrong: Option<&str>) -> Record {
    let mut site = Site::with(|options| {
        options.exports = vec![Samples::new(5).report("AOS_20260504_1.csv", 40)];
    })
    .await;
    site.set_wrong(wrong);
    // In a folder of its own: SQLite syncs that one, too.
    let (ledger, data) = (site.folder().join("ledger/connector.db"), site.folder().join("data"));
    site.keep_in(&ledger, &data);
    let mut strace = tokio::process::Command::new("strace");
    let calls = "write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2";
    let log = site.folder().join("calls");
    strace.args(["-ff", "-ttt", "-T", "-yy", "-s", "65536", "-e"]).arg(format!("trace={calls}"));
    strace.arg("-o").arg(&log).arg("--").arg(env!("CARGO_BIN_EXE_transship"));
    site.start_command(strace, &["sync"]).ended().await.expect(0);
    site.sync_until_quiet(3).await;
    site.assert_all_once();
    let journal = site.world().journal();
    let at = |wanted: &dyn Fn(&demo::Call) -> bool| {
        let call = journal.iter().find(|call| wanted(call)).expect("it was called");
        call.at.as_microsecond()
    };
    Record {
        calls: read(site.folder()),
        listed: at(&|call| call.path.contains("status=NotDelivered")),
        renamed: at(&|call| call.method == "posix-rename"),
        sftp_port: site.stand_ins.sftp().port,
    }
}

/// The calls of all threads: each wrote a file of its own, so that no line is torn.
fn read(folder: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("calls.") {
            let log = std::fs::read(&path).unwrap();
            calls.extend(String::from_utf8_lossy(&log).lines().filter_map(call));
        }
    }
    calls.sort_by_key(|call| call.begun);
    calls
}

/// `1795404756.037474 write(1</a>, "hi\n", 3) = 3 <0.000023>`
fn call(line: &str) -> Option<Call> {
    let (begun, rest) = line.split_once(' ')?;
    let (call, result) = rest.rsplit_once(" = ")?;
    let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    let (value, duration) = result.strip_suffix('>')?.rsplit_once(" <")?;
    if value.starts_with('-') {
        return None;
    }
    let micros = |text: &str| {
        let (seconds, micros) = text.split_once('.')?;
        Some(seconds.parse::<i64>().ok()? * 1_000_000 + micros.parse::<i64>().ok()?)
    };
    let begun = micros(begun)?;
    let ended = begun + micros(duration)?;
    Some(Call { begun, ended, name: name.into(), arguments: arguments.into() })
}

impl Call {
    /// It makes durable the file whose name contains `path`.
    pub fn syncs(&self, path: &str) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync") && self.arguments.contains(path)
    }

    pub fn renames(&self, from: &str, to: &str) -> bool {
        self.name.starts_with("rename")
            && self.arguments.find(from).is_some_and(|at| self.arguments[at..].contains(to))
    }

    /// It writes to the file or socket whose name contains `to`.
    fn writes(&self, to: &str) -> bool {
        // What is written may contain anything: only the first argument counts.
        let first = self.arguments.split(", ").next().unwrap_or_default();
        ["write", "pwrite64", "writev", "sendto", "sendmsg"].contains(&self.name.as_str())
            && first.contains(to)
    }

    /// It writes this arrow to the log of the ledger: the two states stand side by
    /// side in the row of the event; of a list, its kind and its state.
    fn books(&self, from: &str, to: &str) -> bool {
        self.writes("connector.db-wal") && self.arguments.contains(&format!("{from}{to}"))
    }
}

impl Record {
    /// Whether each step was over before the next one began.
    ///
    /// # Errors
    /// The step that is missing after the one before it.
    pub fn check(&self) -> Result<(), &'static str> {
        let wal = |c: &Call| c.syncs("connector.db-wal");
        let intent =
            self.first("a list is booked as intended", 0, |c| c.books("poll", "intent"))?;
        if self.listed < self.first("that is synced", intent.ended, wal)?.ended {
            return Err("the list is asked for only then");
        }
        let raw = |c: &Call| c.writes("/polls/") && !c.arguments.contains("/polls/delivered-");
        let mut now = self.last("the list is written", raw)?.ended;
        for (missing, wanted) in [
            (
                "the list is synced",
                &(|c: &Call| c.syncs(".json.partial")) as &dyn Fn(&Call) -> bool,
            ),
            ("it has its name", &|c| c.renames(".json.partial", ".json")),
            ("its folder is synced", &|c| c.syncs("/polls>")),
        ] {
            now = self.first(missing, now, wanted)?.ended;
        }
        let received =
            self.first("it is booked as received", 0, |c| c.books("poll", "received"))?;
        if received.begun < now {
            return Err("it is booked as received only then");
        }
        // In it are the folders of lists, parts and archived files.
        let data = self.first("the data folder is synced", 0, |c| c.syncs("/data>"))?;
        if received.begun < data.ended {
            return Err("it is booked as received after that, too");
        }

        let written = self.last("the part file is written", |c| c.writes("/parts/"))?;
        now = written.ended;
        for (missing, wanted) in [
            ("the part file is synced", &(|c: &Call| c.syncs("/parts/")) as &dyn Fn(&Call) -> bool),
            ("it is renamed into the archive", &|c| c.renames("/parts/", "/archive/")),
            ("the archive's folder is synced", &|c| c.syncs("/archive/0>")),
            ("the folder of that one is synced", &|c| c.syncs("/archive>")),
        ] {
            now = self.first(missing, now, wanted)?.ended;
        }
        // The first time that it is booked, not the first time after the sync.
        let verified =
            self.first("it is booked as verified", 0, |c| c.books("downloading", "verified"))?;
        if verified.begun < now {
            return Err("it is booked as verified only then");
        }
        self.first("the booking as verified is synced", verified.ended, wal)?;

        let publishing =
            self.first("it is booked as publishing", 0, |c| c.books("staged", "publishing"))?;
        let synced = self.first("that is synced", publishing.ended, wal)?.ended;
        if self.renamed < synced {
            return Err("the rename arrives only then");
        }
        let wire = format!("->127.0.0.1:{}]", self.sftp_port);
        let sent = self.first("the rename is sent", publishing.begun, |c| c.writes(&wire))?;
        if sent.begun < synced {
            return Err("the rename is sent only then");
        }
        if self.renamed < sent.begun {
            return Err("the rename arrives after it was sent");
        }
        let published =
            self.first("it is booked as published", 0, |c| c.books("publishing", "published"))?;
        if published.begun < self.renamed {
            return Err("it is booked as published only when it is renamed");
        }
        self.first("the booking as published is synced", published.ended, wal).map(drop)
    }

    fn first(
        &self,
        missing: &'static str,
        after: i64,
        wanted: impl Fn(&Call) -> bool,
    ) -> Result<&Call, &'static str> {
        self.calls.iter().find(|call| call.begun >= after && wanted(call)).ok_or(missing)
    }

    fn last(
        &self,
        missing: &'static str,
        wanted: impl Fn(&Call) -> bool,
    ) -> Result<&Call, &'static str> {
        self.calls.iter().rfind(|call| wanted(call)).ok_or(missing)
    }

    /// The same without the calls that `unwanted` finds.
    pub fn without(&self, unwanted: impl Fn(&Call) -> bool) -> Self {
        let mut record = self.clone();
        record.calls.retain(|call| !unwanted(call));
        record
    }

    /// The same with the calls that `early` finds at the very beginning.
    pub fn with_first(&self, early: impl Fn(&Call) -> bool) -> Self {
        let mut record = self.clone();
        for call in record.calls.iter_mut().filter(|call| early(call)) {
            (call.begun, call.ended) = (0, 0);
        }
        record.calls.sort_by_key(|call| call.begun);
        record
    }
}
