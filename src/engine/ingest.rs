//! From bronze into silver: what the ledger has fetched lands, and is taken in.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::context::Context;
use super::lane::Lane;
use super::tally::Tally;
use super::{Again, Event, Handle, Level, Phase, TakenIn, archive, bronze, proposal};
use crate::config::Config;
use crate::crash::{self, Point};
use crate::ledger::Export;
use crate::model::{Failure, FailureClass, Scope, Sha256, Shown};
use crate::platform;
use crate::silver::{Feeds, Ingested, LandedState, NewLanded, SetBack, Silver};
use crate::sources::sftp;

/// Files that are booked as landed together.
const TOGETHER: usize = 1_000;

/// Names of columns that are told one by one.
const TOLD: usize = 5;

/// Opens the tables, if any endpoint has datasets.
pub(super) async fn open(config: &Config) -> Option<Result<Silver, Failure>> {
    if config.endpoints.iter().all(|endpoint| endpoint.datasets.is_empty()) {
        return None;
    }
    let (path, data_dir) = (config.silver.clone(), config.data_dir.clone());
    let feeds = Feeds::of(&config.endpoints);
    // A changed definition empties tables: that may take a while.
    let opened = archive::blocking(move || Silver::open(&path, &data_dir, feeds)).await;
    if let Err(failure) = &opened {
        tracing::error!("{failure}");
    }
    Some(opened)
}

/// Takes in what the endpoint's passes have fetched. What goes wrong is in the tally.
pub(super) async fn take_in(context: &Context, lane: &Lane, tally: &Tally) {
    if !matches!(lane.endpoint.scope, Scope::Sftp(_)) || context.claims.stopping() {
        return;
    }
    let taken = match lane.endpoint.datasets.is_empty() {
        true => Ok(()),
        false => try_take_in(context, lane, tally).await,
    };
    let all = match taken {
        Ok(()) => proposal::propose(context, lane).await,
        failed => failed,
    };
    if let Err(failure) = all {
        let words = format!("{}: {failure}", lane.endpoint.name);
        context.notice(Level::Error, words);
        tally.failed(&failure);
    }
}

async fn try_take_in(context: &Context, lane: &Lane, tally: &Tally) -> Result<(), Failure> {
    let silver = context.silver()?;
    let name = &lane.endpoint.name;
    let landed = silver.landed_exports(name).await?;
    let fetched = context.ledger.fetched_exports(lane.number).await?;
    let new: Vec<i64> = fetched.into_iter().filter(|number| !landed.contains(number)).collect();
    for numbers in new.chunks(TOGETHER) {
        let exports = context.ledger.exports_numbered(numbers.to_vec()).await?;
        silver.land(exports.into_iter().filter_map(|x| as_landed(name, x)).collect()).await?;
    }
    crash::at(Point::FeedLanded)?;
    context.phase(lane, Phase::Ingesting);
    let handle = context.handle.clone();
    let told = move |file: Ingested| tell(&handle, file);
    let cancel = context.claims.stopping_token();
    let taken = silver.ingest(std::slice::from_ref(name), told, cancel).await;
    crash::at(Point::FeedIngested)?;
    if let Ok(totals) = &taken {
        tally.taken_in(totals.files);
    }
    // Said at the end of every pass, not only of the one in which it came up.
    let refused = silver.refused(name).await?;
    if refused > 0 {
        let files = if refused == 1 { "file is" } else { "files are" };
        tally.needs_operator(&format!(
            "{refused} {files} refused: `transship files --state refused` says why"
        ));
    }
    taken.map(drop)
}

/// A fetched export as it lands; none if its bytes are not in bronze: it was fetched
/// before its endpoint was a feed.
fn as_landed(endpoint: &str, export: Export) -> Option<NewLanded> {
    let content = serde_json::from_str(&export.raw).unwrap_or_default();
    Some(NewLanded {
        export: Some(export.id.number),
        endpoint: endpoint.to_owned(),
        name: export.name().to_owned(),
        path: export.uid,
        sha256: export.sha256?,
        size: export.size?,
        bronze: export.archived.filter(|path| path.starts_with("bronze/"))?,
        changed_at: sftp::changed_at(&content),
    })
}

/// Tells what became of a file, on screen and in the log of record.
fn tell(handle: &Handle, file: Ingested) {
    let (endpoint, id, name, state) = (file.endpoint.as_str(), file.file, &file.name, file.state);
    let (good, bad) = (file.rows_good, file.rows_bad);
    let into = file.dataset.as_deref().unwrap_or("no dataset");
    tracing::info!(
        endpoint, file = id, %name, %state, good, bad,
        "file l{id} {state}: {name}: {good} rows into {into}, {bad} set aside"
    );
    let mut notices = Vec::new();
    if state == LandedState::Refused {
        let why = Shown::new(file.error.as_deref().unwrap_or("too many of its rows are bad"));
        notices.push(format!(
            "{endpoint}: {name} is refused, nothing of it is in: {why} — see `transship show l{id}`; \
             mend the definition, or `transship ingest --file l{id} --replace FILE`"
        ));
    } else if bad > 0 {
        let are = if bad == 1 { "is" } else { "are" };
        notices.push(format!(
            "{endpoint}: {good} rows of {name} are in {into}, {bad} {are} set aside; `transship show \
             l{id}` lists them"
        ));
    }
    if state == LandedState::Unmatched {
        notices.push(format!("{endpoint}: no dataset takes {name}; it stays in bronze"));
    }
    for (columns, what) in [
        (&file.drift.unknown, "has columns that its dataset does not name"),
        (&file.drift.missing, "lacks columns of its dataset"),
    ] {
        if !columns.is_empty() {
            let some = columns.iter().take(TOLD).map(|c| Shown::new(c).to_string());
            let more = if columns.len() > TOLD { ", …" } else { "" };
            let some = some.collect::<Vec<_>>().join(", ");
            notices.push(format!("{endpoint}: {name} {what}: {some}{more}"));
        }
    }
    handle.publish(Event::Ingested(file));
    for text in notices {
        tracing::warn!("{text}");
        handle.publish(Event::Notice { level: Level::Warning, text });
    }
}

/// Takes landed files in again, without the partner.
pub(super) async fn again(context: &Context, which: Again) -> Result<TakenIn, Failure> {
    let silver = context.silver()?;
    let (set_back, endpoints) = match which {
        Again::Endpoints(names) => {
            check(context, &names)?;
            let mut count = 0;
            if names.is_empty() {
                count = silver.set_back(SetBack::All).await?;
            }
            for name in &names {
                count += silver.set_back(SetBack::Endpoint(name.clone())).await?;
            }
            (count, names)
        }
        Again::File { id, accept, replace: None } => {
            let count = silver.set_back(SetBack::File { id, accept }).await?;
            if count == 0 {
                return Err(Failure::new(FailureClass::NotFound, "taking in", format!("l{id}"))
                    .said("no file that landed has this number")
                    .advice("`transship files --state landed` and `--state refused` list them"));
            }
            (count, Vec::new())
        }
        Again::File { id, accept, replace: Some(path) } => {
            let copy = correction(context, path).await?;
            let number = silver.correct(id, copy).await?;
            if accept {
                silver.set_back(SetBack::File { id: number, accept }).await?;
            }
            (1, Vec::new())
        }
    };
    let handle = context.handle.clone();
    let told = move |file: Ingested| tell(&handle, file);
    let totals = silver.ingest(&endpoints, told, context.claims.stopping_token()).await?;
    if context.claims.stopping() {
        return Err(Failure::cancelled("taking in", "what landed"));
    }
    Ok(TakenIn { set_back, totals })
}

/// Fails unless each of the named endpoints takes files into datasets.
fn check(context: &Context, names: &[String]) -> Result<(), Failure> {
    for lane in context.lanes_called(names)? {
        if !names.is_empty() && lane.endpoint.datasets.is_empty() {
            return Err(Failure::new(
                FailureClass::Misconfigured,
                "taking in",
                &lane.endpoint.name,
            )
            .said("it has no datasets")
            .advice("define them below datasets of a partner's feed (endpoint_type: sftp)"));
        }
    }
    Ok(())
}

/// A copy of the local file `path`, in bronze.
async fn correction(context: &Context, path: PathBuf) -> Result<NewLanded, Failure> {
    let parts = context.parts_folder();
    let (part, size, sha256, changed) = archive::blocking(move || copied(&path, &parts)).await?;
    let bronze = bronze::keep(&context.config.data_dir, &sha256, part).await?;
    // Whose it is and what it is called, silver takes from the file that it corrects.
    Ok(NewLanded {
        export: None,
        endpoint: String::new(),
        path: String::new(),
        name: String::new(),
        sha256,
        size,
        bronze,
        changed_at: changed,
    })
}

type Copied = (PathBuf, u64, String, Option<Timestamp>);

/// Copies a file, synced, to where what is fetched arrives: it may be written to while it
/// is read, and only what was read counts.
fn copied(path: &Path, parts: &Path) -> Result<Copied, Failure> {
    use std::io::{Read as _, Write as _};
    let failed = |e: std::io::Error| Failure::io("reading", path.to_string_lossy(), &e);
    let mut from = std::fs::File::open(path).map_err(failed)?;
    let changed = from.metadata().and_then(|m| m.modified()).map_err(failed)?;
    let part = parts.join(format!("correction-{:08x}.part", rand::random::<u32>()));
    let wrong = |e: std::io::Error| Failure::io("writing", part.to_string_lossy(), &e);
    let mut to =
        platform::private_file().write(true).create_new(true).open(&part).map_err(wrong)?;
    let mut copy = || {
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
        loop {
            let read = from.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            size += read as u64;
            to.write_all(&buffer[..read]).map_err(wrong)?;
        }
        to.sync_all().map_err(wrong)?;
        Ok((size, hash.hex()))
    };
    match copy() {
        Ok((size, hash)) => Ok((part, size, hash, Timestamp::try_from(changed).ok())),
        Err(failure) => {
            // Half a copy is of no use. If it stays, it only takes up space.
            let _ = std::fs::remove_file(&part);
            Err(failure)
        }
    }
}
