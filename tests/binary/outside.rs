//! What comes from outside stays harmless, and what is secret stays secret.

use std::fs;
use std::path::Path;

use transship::demo::Samples;

use crate::support::program::{Ran, Site};

#[tokio::test]
async fn six_variables_and_no_file_are_the_job_of_the_script() {
    let mut site = Site::new().await;
    site.without_a_file();
    site.run(&["sync"]).await.expect(0);
    let oracle = site.oracle();
    assert!(oracle.nothing_wrong(), "{oracle:#?}");
    assert_eq!(oracle.totals.once, 7);
    let pdf = oracle.exports.iter().find(|export| export.arrived == 0).unwrap();
    assert!(pdf.name.ends_with(".pdf"), "{pdf:#?}");
    // Fetched, kept and shown: its source forgets it.
    let skipped = site.run(&["exports", "--json", "--state", "skipped"]).await.expect(0).rows();
    assert_eq!(skipped[0]["uid"], *pdf.uid);
    assert!(skipped[0]["error"].as_str().unwrap().contains("file_types"), "{skipped:#?}");
    site.run(&["sync", "--fail-if-empty"]).await.expect(9);
}

/// Names that steer terminals, climb out of folders, or pose as something else.
const HOSTILE: &[&str] = &[
    "\u{1b}]0;owned\u{7}\u{1b}[2J.csv",
    "\u{9b}31m.csv",
    "gpj.\u{202e}csv",
    "zero\u{200b}width\u{feff}.csv",
    "line\nbreak\r.csv",
    "nul\0.csv",
    "../../../../../../tmp/climbed.csv",
    "/etc/cron.d/absolute.csv",
    "..\\..\\windows.csv",
    "...csv",
    "-rf.csv",
    ".tmp-1-1.part",
    "x.part",
    "CON.csv",
    "a:b*c?.csv",
    " spaces . . .csv",
    "",
    "{stem}%n%s${HOME}`id`$(id).csv",
];

#[tokio::test]
async fn hostile_names_steer_nothing_and_arrive_as_plain_files() {
    let site = Site::with(|options| {
        let mut samples = Samples::new(7);
        let long = "é".repeat(300) + ".csv";
        let names = HOSTILE.iter().copied().chain([long.as_str()]);
        options.exports = names.map(|name| samples.report(name, 2)).collect();
    })
    .await;
    let count = HOSTILE.len() + 1;
    // Failures name the file too.
    site.arm("no_space");
    harmless(&site.run(&["sync", "--verbose"]).await.expect(3));
    for arguments in [&["exports"][..], &["exports", "--json"], &["transfers"], &["show", "x1"]] {
        harmless(&site.run(arguments).await.expect(0));
    }
    site.world().disarm();
    harmless(&site.run(&["sync", "--verbose"]).await.expect(0));
    for arguments in [
        &["exports"][..],
        &["exports", "--json"],
        &["transfers"],
        &["events", "--limit", "0"],
        &["events", "--json", "--limit", "0"],
        &["runs"],
        &["show", "x1"],
        &["show", "x1", "--json"],
        &["show", "d1"],
        &["test"],
    ] {
        harmless(&site.run(arguments).await.expect(0));
    }
    shows_nothing_raw(&site.log());
    site.assert_all_once();
    assert_eq!(site.oracle().totals.once, count);
    let names: Vec<String> = site.oracle().taken.into_iter().map(|haul| haul.file.name).collect();
    for name in &names {
        shows_nothing_raw(name);
        assert!(!name.starts_with('.') && !name.ends_with(".part"), "{name}");
        assert!(name.len() <= 255 && !name.contains(['/', '\\', ':', '*', '?']), "{name}");
    }
    // As data nothing is lost: a script gets the names as they are.
    let rows = site.exports().await;
    for hostile in HOSTILE.iter().filter(|name| !name.is_empty()) {
        assert!(rows.iter().any(|row| row["name"] == *hostile), "{hostile:?} in {rows:#?}");
    }
}

fn harmless(ran: &Ran) {
    shows_nothing_raw(&ran.stdout);
    shows_nothing_raw(&ran.stderr);
}

#[track_caller]
fn shows_nothing_raw(text: &str) {
    let steers = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(steers), None, "{text:?}");
    // A name's own line break would begin a line of its own.
    assert!(!text.lines().any(|line| line.starts_with("break")), "{text:?}");
}

#[tokio::test]
async fn no_secret_is_in_anything_that_it_says_or_keeps() {
    let mut site = Site::new().await;
    site.set("CONNECTOR_LOG_LEVEL", "trace");
    let mut said = Vec::new();
    // Everything that makes it speak of URLs, tokens and sign-ins.
    for fault in [
        "url_expired*2",
        "body_cut*3",
        "store_503*3",
        "session_expired@2",
        "login_refused*9",
        "auth_refused",
        "login_plain_token",
        "bearer_only",
        "rename_cut_after*2",
    ] {
        site.world().add(Samples::new(said.len() as u64).report("a.csv", 3));
        site.arm(fault);
        said.push(site.run(&["sync", "--verbose", "--json"]).await);
        said.push(site.run(&["test", "--verbose"]).await);
        site.world().disarm();
    }
    site.sync_until_quiet(4).await;
    for arguments in [&["events", "--limit", "0"][..], &["show", "x1", "--json"], &["check"]] {
        said.push(site.run(arguments).await);
    }
    let (encoura, sftp) = (site.stand_ins.encoura(), site.stand_ins.sftp());
    let secrets = [
        ("the api key", encoura.api_key.expose()),
        ("the password", encoura.password.expose()),
        ("the SFTP password", sftp.password.expose()),
        ("a session token", "eyJ."),
        ("a URL's signature", "X-Signature"),
    ];
    let mut files = Vec::new();
    below(site.folder(), &mut files);
    let kept = |part: &str| files.iter().any(|(path, _)| path.contains(part));
    assert!(kept("connector.db") && kept(".log") && kept("archive"), "{:?}", files.len());
    let said = format!("{said:#?}");
    for (what, secret) in secrets {
        assert!(!said.contains(secret), "{what} was said: {said}");
        for (path, bytes) in &files {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{what} is in {path}");
        }
    }
    // The search finds what is there.
    let user = encoura.username.as_bytes();
    let found = |(_, bytes): &(String, Vec<u8>)| bytes.windows(user.len()).any(|w| w == user);
    assert!(said.contains("sftp@school.example") || files.iter().any(found));
}

/// Every file that the program made, with its bytes.
fn below(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // The stand-ins' own.
            if !path.ends_with("world") {
                below(&path, files);
            }
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}
