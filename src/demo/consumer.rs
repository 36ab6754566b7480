//! The receiver: takes files out of the upload folder, as Slate does.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use tracing::warn;

use super::world::{Haul, Sample, World, is_temporary};
use crate::model::{Failure, FailureClass};

/// When the receiver takes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Consumer {
    /// Never.
    Off,
    /// Before the client gets the answer to the rename or close that finished
    /// the file: the client's next look says "no such file".
    #[default]
    Eager,
    /// Every so often, whatever lies there, half-written or not.
    Every(Duration),
}

impl FromStr for Consumer {
    type Err = Failure;

    /// `off`, `eager`, or the milliseconds between two looks.
    fn from_str(text: &str) -> Result<Self, Failure> {
        match (text, text.parse()) {
            ("off", _) => Ok(Self::Off),
            ("eager", _) => Ok(Self::Eager),
            (_, Ok(pause)) => Ok(Self::Every(Duration::from_millis(pause))),
            _ => Err(Failure::new(FailureClass::Misconfigured, "reading the consumer", text)
                .advice("write `off`, `eager` or a number of milliseconds")),
        }
    }
}

/// What the receiver does with a file that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Pickup {
    /// Moves it to the `processed` folder, over a file of the same name.
    #[default]
    MoveToProcessed,
    /// Removes it.
    Remove,
}

/// Takes every file that is not temporary. Blocks on the disk.
pub(super) fn sweep(world: &World, pickup: Pickup) {
    world.alone(|| {
        if let Err(error) = take_all(world, pickup) {
            warn!(%error, "the demo's receiver cannot take files");
        }
    });
}

fn take_all(world: &World, pickup: Pickup) -> io::Result<()> {
    for entry in fs::read_dir(&world.grounds().uploads)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_temporary(&name.to_string_lossy()) || !entry.file_type()?.is_file() {
            continue;
        }
        match take(world, &entry.path(), pickup) {
            Ok(file) => world.book_haul(Haul { file, at: jiff::Timestamp::now() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes one file away at once, by a rename, and only then reads it.
fn take(world: &World, path: &Path, pickup: Pickup) -> io::Result<Sample> {
    let grounds = world.grounds();
    let folder = match pickup {
        Pickup::MoveToProcessed => &grounds.processed,
        Pickup::Remove => &grounds.spool,
    };
    let taken = folder.join(path.file_name().unwrap_or_default());
    fs::rename(path, &taken)?;
    let file = Sample::of(&taken)?;
    if pickup == Pickup::Remove {
        fs::remove_file(&taken)?;
    }
    Ok(file)
}
