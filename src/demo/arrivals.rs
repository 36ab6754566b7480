//! What happens outside while somebody watches: exports arrive, registers change, a
//! partner sends another day.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::autodesk::{Content, Operation, Place};
use super::feed;
use super::google_drive::{NewFile, Operation as DriveOperation};
use super::samples::Samples;
use super::world::World;

/// Seconds between two arrivals, one after the other: now a burst, now a pause.
const PAUSES: &[u64] = &[1, 2, 1, 6, 4, 1, 9];

/// Adds exports over time until `cancel`.
pub async fn arrivals(world: Arc<World>, cancel: CancellationToken) {
    let pauses = PAUSES.iter().cycle().map(|seconds| Duration::from_secs(*seconds));
    for (export, pause) in Samples::new(rand::random()).zip(pauses) {
        if cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        world.add(export);
    }
}

/// Between two changes of the registers.
const CHANGE: Duration = Duration::from_secs(7);

/// Changes the sample project at Autodesk and the sample `folder` in Drive over time,
/// until `cancel`.
pub async fn changes(world: Arc<World>, folder: String, cancel: CancellationToken) {
    for number in 1_u64.. {
        if cancel.run_until_cancelled(tokio::time::sleep(CHANGE)).await.is_none() {
            return;
        }
        let plan = format!("A-{} Section.pdf", 300 + number);
        let place = |path: String| Place(format!("Project Files/01 Drawings/{path}"));
        let at_autodesk = match number % 3 {
            0 => Operation::AddVersion {
                file: place("Architecture/A-101 Floor plan.pdf".to_owned()),
                content: Some(Content::noise(180_000 + number)),
            },
            1 => Operation::AddFile {
                folder: place("Architecture".to_owned()),
                name: plan,
                content: None,
                size_missing: false,
            },
            // The file of the step before.
            _ => Operation::Move {
                what: place(format!("Architecture/A-{} Section.pdf", 299 + number)),
                to: place("Structure".to_owned()),
            },
        };
        let in_drive = DriveOperation::AddFile(NewFile {
            parent: Some(folder.clone()),
            name: format!("Site photo {number}.jpg"),
            size: Some(40_000 + number),
            ..NewFile::default()
        });
        // The demo goes on without a change that cannot be.
        for failure in
            [world.autodesk(at_autodesk).err(), world.google_drive().apply(in_drive).err()]
                .into_iter()
                .flatten()
        {
            tracing::debug!(%failure, "the demo's outside did not change");
        }
    }
}

/// Between two days of the partner's feed.
const DAY: Duration = Duration::from_secs(25);

/// Lands a new day in the partner's folder now and then, until `cancel`: of four, one
/// is full of mistakes, and one was forgotten earlier.
pub async fn days(world: Arc<World>, cancel: CancellationToken) {
    for number in 1_u64.. {
        if cancel.run_until_cancelled(tokio::time::sleep(DAY)).await.is_none() {
            return;
        }
        let day = feed::Operation::AddDay { ruined: number % 4 == 2, late: number % 4 == 3 };
        let world = Arc::clone(&world);
        let landed = tokio::task::spawn_blocking(move || world.feed().apply(day)).await;
        if let Ok(Err(failure)) = landed {
            tracing::debug!(%failure, "the demo's partner sent nothing");
        }
    }
}
