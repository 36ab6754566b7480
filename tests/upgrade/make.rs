//! How a fixture is made: a program of its version works, and is killed, in a world in
//! which much goes wrong; what it leaves is written down.

use std::path::Path;

use rusqlite::Connection;
use tokio::process::Command;
use transship::demo::{Fault, NewExport, Status, sample_exports};

use crate::fixture::{Fixture, Places};
use crate::ready::places;
use crate::support::program::{Ran, Running, Site};

/// Exports of the story: one of before, the samples, two of a list that nobody got.
pub const EXPORTS: usize = 11;

/// States of deliveries that each of them has.
pub const NEEDED: [&str; 5] = ["cleaned", "held", "cancelled", "uploading", "publishing"];

/// The exports of the story, in its order.
pub fn exports() -> Vec<NewExport> {
    let samples = sample_exports();
    let old = NewExport {
        name: "Of before.csv".into(),
        content: b"of before\r\n".as_slice().into(),
        status: Status::Delivered,
        ..samples[0].clone()
    };
    let lost = ["Lost one.csv", "Lost two.csv"].map(|name| NewExport {
        name: name.into(),
        content: format!("{name}\r\n").into_bytes().into(),
        ..samples[0].clone()
    });
    [old].into_iter().chain(samples).chain(lost).collect()
}

/// The program of the version, at work in the story.
struct Story {
    site: Site,
    program: String,
    uids: Vec<String>,
}

impl Story {
    async fn new(program: &str) -> Self {
        let site = Site::with(|options| options.exports = Vec::new()).await;
        // Words that the first version does not know.
        site.configure("http: { listen: [\"127.0.0.1:0\"] }\n", "");
        Self { site, program: program.to_owned(), uids: Vec::new() }
    }

    fn announce(&mut self, count: usize) {
        for export in exports().into_iter().skip(self.uids.len()).take(count) {
            self.uids.push(self.site.world().add(export));
        }
    }

    fn start(&self, arguments: &[&str]) -> Running {
        self.site.start_command(Command::new(&self.program), arguments)
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    /// The id of the delivery of the export with this number.
    async fn delivery_of(&self, export: usize) -> String {
        let rows = self.run(&["transfers", "--json", "--limit", "0"]).await.rows();
        let row = rows.iter().find(|row| row["uid"] == *self.uids[export]).expect("its delivery");
        row["id"].as_str().unwrap().to_owned()
    }

    /// Brings it to where much is in flight.
    async fn tell(&mut self) {
        // One of before, and two that arrive.
        self.announce(3);
        for _ in 0..3 {
            self.run(&["sync"]).await;
        }
        // One that a person holds, one that they gave up.
        self.site.arm("no_space");
        self.announce(2);
        self.run(&["sync"]).await;
        let (held, cancelled) = (self.delivery_of(3).await, self.delivery_of(4).await);
        self.run(&["hold", &held]).await.expect(0);
        self.run(&["cancel", &cancelled]).await.expect(0);
        self.site.world().disarm();
        // Killed in mid-transfer: one rename was done and nobody heard of it.
        self.announce(4);
        self.site.arm("sftp_slow=60000");
        self.site.arm("rename_cut_after");
        let sync = self.start(&["sync"]);
        self.site.until("a rename was cut", |w| w.struck(Fault::RenameCutAfter) > 0).await;
        sync.kill().await;
        self.site.world().disarm();
        // Killed while a list is on its way.
        self.announce(2);
        self.site.arm("list_hang");
        let sync = self.start(&["sync"]);
        self.site.until("the list was asked for", |w| w.struck(Fault::ListHang) > 0).await;
        sync.kill().await;
    }

    fn states(&self) -> Vec<String> {
        let ledger = Connection::open(self.site.database()).unwrap();
        let mut select = ledger.prepare("SELECT DISTINCT state FROM deliveries").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// All of it as text.
    fn written_down(&self) -> String {
        let ledger = Connection::open(self.site.database()).unwrap();
        let mut text = self.world();
        text += "PRAGMA foreign_keys = OFF;\nBEGIN;\n";
        text += &dump(&ledger);
        text += &format!("PRAGMA user_version = {};\nCOMMIT;\n", crate::version(&ledger));
        let left = jiff::Timestamp::now();
        Places { left, ..places(&self.site, self.uids.clone()) }.hide(&text)
    }

    fn world(&self) -> String {
        let mut text = String::new();
        let story = exports();
        for (n, verdict) in self.site.oracle().exports.iter().enumerate() {
            let delivered = verdict.status == Status::Delivered;
            let list = if delivered { "delivered" } else { "announced" };
            // The one of before, the held one and the cancelled one stay away.
            let end = if matches!(n, 0 | 3 | 4) { "stays" } else { "arrives" };
            text += &format!("-- world: export {list} {end}\n");
        }
        // What the receiver took lies there once more: it is to be taken as it was.
        let world = self.site.world();
        for folder in [world.upload_folder(), world.processed_folder()] {
            text += &lying(folder, folder, "upload", &story);
        }
        let data = self.site.folder().join("data");
        text + &lying(&data.join("archive"), &data, "data", &story)
    }
}

/// The files below `folder` that hold the beginning of an export.
fn lying(folder: &Path, root: &Path, word: &str, story: &[NewExport]) -> String {
    let mut text = String::new();
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            text += &lying(&path, root, word, story);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        // All samples begin with the same line: a shorter piece is anybody's, and nobody's.
        let whose = story.iter().position(|export| export.content.starts_with(&bytes)).unwrap();
        let path = path.strip_prefix(root).unwrap().display();
        text += &format!("-- world: {word} {whose} {} {path}\n", bytes.len());
    }
    text
}

/// Statements that make the same tables with the same rows.
fn dump(ledger: &Connection) -> String {
    let all = |sql: &str| -> Vec<(String, String)> {
        let mut select = ledger.prepare(sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let of = |kinds: &str| {
        all(&format!(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ({kinds})
             AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        ))
    };
    let mut text = String::new();
    for (table, sql) in of("'table'") {
        text += &format!("{sql};\n");
        // Without those that are computed.
        let columns: Vec<String> =
            all(&format!("SELECT name, '' FROM pragma_table_info('{table}')"))
                .into_iter()
                .map(|(name, _)| name)
                .collect();
        let quoted: Vec<String> = columns.iter().map(|name| format!("quote({name})")).collect();
        let rows = all(&format!("SELECT '', concat_ws(', ', {}) FROM {table}", quoted.join(", ")));
        for (_, values) in rows {
            text += &format!("INSERT INTO {table} ({}) VALUES ({values});\n", columns.join(", "));
        }
    }
    for (_, sql) in of("'index', 'trigger', 'view'") {
        text += &format!("{sql};\n");
    }
    text
}

/// Writes the fixture of the version of `TRANSSHIP_PROGRAM`, or of this program.
#[tokio::test]
#[ignore = "writes a fixture: for a new migration"]
async fn make() {
    let program = std::env::var("TRANSSHIP_PROGRAM")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_transship").to_owned());
    for _ in 0..20 {
        let mut story = Story::new(&program).await;
        story.tell().await;
        let states = story.states();
        if NEEDED.iter().all(|state| states.iter().any(|found| found == state)) {
            let ledger = Connection::open(story.site.database()).unwrap();
            let path = Fixture::path(crate::version(&ledger));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, story.written_down()).unwrap();
            return;
        }
        println!("another time: {states:?}");
    }
    panic!("never in flight as wanted");
}
