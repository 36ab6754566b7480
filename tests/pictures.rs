//! The README's pictures, from the program itself: `.ci/pictures` puts them into `assets`.
//! Without that this sees to it that they can be made.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/svg.rs"]
mod svg;
#[path = "support/terminal.rs"]
mod terminal;

use std::path::{Path, PathBuf};

use svg::svg;
use terminal::{Terminal, cursor_line};

/// Where they go.
fn folder() -> PathBuf {
    match std::env::var_os("PICTURES") {
        Some(folder) => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    }
}

fn picture(terminal: &Terminal, name: &str, what: &str) {
    let picture = terminal.look(|screen| svg(screen, what));
    std::fs::write(folder().join(name), picture).unwrap();
}

#[test]
fn the_pictures_can_be_made() {
    let mut terminal = Terminal::start(&["demo"], 110, 36);
    terminal.press("3");
    // Files in the middle of their way, for long enough that the graph shows it.
    terminal.wait_until("files on their way", |screen| {
        let text = screen.contents();
        let graph = text.lines().find_map(|line| line.split_once(" left ")).map(|(_, graph)| graph);
        let columns = graph.unwrap_or("").chars().filter(|c| ('▁'..='█').contains(c)).count();
        columns >= 2 && text.contains("this run") && text.contains("uploading")
    });
    picture(&terminal, "console.svg", "The console while files are on their way");
    terminal.wait_for("E3 seen in processed");
    terminal.press("g");
    terminal.wait_until("a row of the transfers", |screen| cursor_line(screen).contains(".csv"));
    terminal.press("\r");
    terminal.wait_for("publishing");
    picture(&terminal, "timeline.svg", "Everything that happened to one file");
    terminal.press("\u{1b}");
    terminal.wait("the details to close", |s| !s.contains('╭'));
    terminal.press("5");
    terminal.wait_for("+shop");
    picture(&terminal, "feeds.svg", "What a partner sent, and what is wrong with it");
    terminal.press("q");
    terminal.press("y");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    for name in ["console.svg", "timeline.svg", "feeds.svg"] {
        let picture = std::fs::read_to_string(folder().join(name)).unwrap();
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"), "{name}");
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!picture.contains(steers) && picture.contains("transship"), "{name}");
    }
}
