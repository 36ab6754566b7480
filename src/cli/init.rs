//! `transship init`: a commented configuration to start from.

use std::io::Write as _;
use std::path::Path;

use super::{Exit, Global, print};
use crate::model::{Failure, FailureClass, Shown};
use crate::platform;

const EXAMPLE: &str = include_str!("../../assets/connector.example.yaml");

pub(super) fn run(global: &Global) -> Exit {
    let path = global.config.as_deref().unwrap_or(Path::new("connector.yaml"));
    match write(path) {
        Ok(()) => {
            if !global.quiet {
                let file = Shown::new(path.display().to_string());
                let then = "Set the variables it names, then: transship check, transship test.";
                print::note(&format!("Wrote {file}. {then}"));
            }
            Exit::Done
        }
        Err(failure) => print::failure(&failure),
    }
}

fn write(path: &Path) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let mut options = platform::private_file();
    // `create_new` never follows or replaces what is there.
    options.write(true).create_new(true);
    let mut file = options.open(path).map_err(|e| {
        let failure = Failure::io("writing", &shown, &e);
        match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Failure::new(FailureClass::Local, "writing", &shown)
                    .said("it exists already and is not overwritten")
                    .advice("name another file: transship init --config FILE")
            }
            _ => failure,
        }
    })?;
    file.write_all(EXAMPLE.as_bytes()).map_err(|e| Failure::io("writing", &shown, &e))
}
