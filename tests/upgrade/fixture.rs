//! A ledger as text: statements that make it, with `{{words}}` for what differs from world
//! to world, and on lines of `-- world:` what was true around it.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

/// A ledger of some version, and what was true around it.
pub struct Fixture {
    pub text: String,
    /// Which of the exports of the story were announced, and in which list they are.
    pub exports: Vec<Told>,
    /// Files that lie in the receiver's upload folder.
    pub uploads: Vec<Lies>,
    /// Files of ours, below the data folder.
    pub data: Vec<Lies>,
}

/// An export, as the service has it.
pub struct Told {
    /// Whether it was handed out.
    pub delivered: bool,
    /// Whether it is to arrive in the end.
    pub arrives: bool,
}

/// A file that holds the beginning of an export's bytes.
pub struct Lies {
    pub path: String,
    pub export: usize,
    pub bytes: usize,
}

/// What the `{{words}}` stand for.
pub struct Places {
    /// `host:port` of the service and of the SFTP server.
    pub encoura: String,
    pub sftp: String,
    pub folder: String,
    /// The organisation of the service's account.
    pub account: String,
    /// Of every export of the story.
    pub uids: Vec<String>,
    /// When the ledger was left.
    pub left: Timestamp,
}

impl Places {
    /// For those who look at the tables alone.
    pub fn nowhere() -> Self {
        Self {
            encoura: "127.0.0.1:1".into(),
            sftp: "127.0.0.1:2".into(),
            folder: "/nowhere".into(),
            account: "organisation".into(),
            uids: (0..super::make::EXPORTS).map(|n| format!("uid-{n}")).collect(),
            left: Timestamp::now(),
        }
    }

    /// Writes `{{words}}` in the place of what they stand for.
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (n, uid) in self.uids.iter().enumerate() {
            text = text.replace(uid, &format!("{{{{uid:{n}}}}}"));
        }
        for (value, word) in [
            (&self.encoura, "encoura"),
            (&self.sftp, "sftp"),
            (&self.folder, "folder"),
            (&self.account, "account"),
        ] {
            text = text.replace(value.as_str(), &format!("{{{{{word}}}}}"));
        }
        self.hide_times(&text)
    }

    fn hide_times(&self, text: &str) -> String {
        let mut hidden = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("20") {
            let (before, from) = rest.split_at(start);
            hidden.push_str(before);
            let end = from.find('Z').map_or(0, |z| z + 1);
            let at = from.get(..end).filter(|at| (20..=30).contains(&at.len()));
            match at.and_then(|at| at.parse::<Timestamp>().ok()) {
                Some(at) => {
                    let since = at.duration_since(self.left).as_millis();
                    hidden.push_str(&format!("{{{{t:{since}}}}}"));
                    rest = &from[end..];
                }
                None => {
                    hidden.push_str("20");
                    rest = &from[2..];
                }
            }
        }
        hidden + rest
    }

    fn show(&self, text: &str) -> String {
        let mut shown = String::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once("{{") {
            shown.push_str(before);
            let (word, after) = from.split_once("}}").expect("an end of the word");
            match word.split_once(':') {
                Some(("uid", n)) => shown.push_str(&self.uids[n.parse::<usize>().unwrap()]),
                Some(("t", millis)) => {
                    let at = self.left + SignedDuration::from_millis(millis.parse().unwrap());
                    shown.push_str(&format!("{at:.3}"));
                }
                _ => shown.push_str(match word {
                    "encoura" => &self.encoura,
                    "sftp" => &self.sftp,
                    "folder" => &self.folder,
                    "account" => &self.account,
                    other => panic!("what is {other}?"),
                }),
            }
            rest = after;
        }
        shown + rest
    }
}

impl Fixture {
    /// Where the ledger of this version is.
    pub fn path(version: u32) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/ledgers/v{version}.sql"))
    }

    /// The ledger of this version.
    pub fn read(version: u32) -> Self {
        let path = Self::path(version);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (mut exports, mut uploads, mut data) = (Vec::new(), Vec::new(), Vec::new());
        for line in text.lines().filter_map(|line| line.strip_prefix("-- world: ")) {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["export", list, end] => {
                    exports
                        .push(Told { delivered: list == "delivered", arrives: end == "arrives" });
                }
                ["upload", export, bytes, path] => uploads.push(lies(export, bytes, path)),
                ["data", export, bytes, path] => data.push(lies(export, bytes, path)),
                _ => panic!("what is {line}?"),
            }
        }
        Self { text, exports, uploads, data }
    }

    /// Makes the ledger at `path`.
    pub fn build(&self, path: &Path, places: &Places) -> Connection {
        let ledger = Connection::open(path).unwrap();
        ledger.pragma_update(None, "journal_mode", "WAL").unwrap();
        ledger.execute_batch(&places.show(&self.text)).unwrap();
        ledger
    }
}

fn lies(export: &str, bytes: &str, path: &str) -> Lies {
    Lies { path: path.into(), export: export.parse().unwrap(), bytes: bytes.parse().unwrap() }
}
