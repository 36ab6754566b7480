//! Names, whatever bytes they are of.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use tokio_util::sync::CancellationToken;
use transship::model::FeedScope;
use transship::sources::RegisterSource;

use crate::sink::Memory;
use crate::world::{Books, World, content};

/// Names that a partner's server may hold.
const NAMES: &[&[u8]] = &[
    b"plain.csv",
    b"with space.csv",
    b"M\xfcller.csv",
    b"\xff\xfe.csv",
    "Müller.csv".as_bytes(),
    b"100%.csv",
    b"100%25.csv",
    b"line\nbreak.csv",
    b"\x1b[2J.csv",
    b"back\\slash.csv",
    b"-rf.csv",
    b"...csv",
    b"quote'\".csv",
    "\u{202e}vsc.csv".as_bytes(),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_name_is_fetched_by_its_very_bytes() {
    let world = World::new();
    for (n, name) in NAMES.iter().enumerate() {
        fs::write(world.outgoing().join(OsStr::from_bytes(name)), format!("content {n}")).unwrap();
    }
    let books = Books::default();
    let patterns = vec!["*".into(), ".*".into()];
    let source = world.source(FeedScope { patterns, ..world.scope() });
    assert_eq!(books.names(&source).await.len(), NAMES.len());
    let mut contents: Vec<String> = Vec::new();
    let files: Vec<_> = books.files.lock().unwrap().values().cloned().collect();
    for file in files {
        let mut sink = Memory::default();
        source.fetch(&content(&file), &mut sink, &CancellationToken::new()).await.unwrap();
        contents.push(String::from_utf8(sink.bytes).unwrap());
        let position = NAMES.iter().position(|n| String::from_utf8_lossy(n) == file.name);
        assert!(position.is_some(), "{:?} is as it is over there", file.name);
        assert!(!file.id.chars().any(char::is_control), "{:?}", file.id);
    }
    contents.sort();
    let mut expected: Vec<String> = (0..NAMES.len()).map(|n| format!("content {n}")).collect();
    expected.sort();
    assert_eq!(contents, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_any_name_are_entered() {
    let world = World::new();
    for name in [&b"d\xe9p\xf4t"[..], b"a%2Fb", b"tab\there"] {
        let folder = world.outgoing().join(OsStr::from_bytes(name));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.csv"), name).unwrap();
    }
    let books = Books::default();
    let source = world.source(FeedScope { include_subfolders: true, ..world.scope() });
    assert_eq!(books.names(&source).await, ["a.csv"; 3]);
    let files: Vec<_> = books.files.lock().unwrap().values().cloned().collect();
    for file in files {
        let mut sink = Memory::default();
        source.fetch(&content(&file), &mut sink, &CancellationToken::new()).await.unwrap();
        let folder = books.folders.lock().unwrap()[&file.folder].name.clone();
        assert_eq!(String::from_utf8_lossy(&sink.bytes), folder);
    }
}
