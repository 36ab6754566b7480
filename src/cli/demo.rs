//! `transship demo` and `transship sim`: the stand-ins, with and without the job.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::serve::{self, Stay};
use super::workplace::{Face, Workplace, misconfigured, verbosity};
use super::{DemoArgs, Exit, Global, SimArgs, print, signals, tables};
use crate::config::Config;
use crate::demo::{
    self, Arming, Consumer, DriveOptions, Fault, FeedOptions, Options, Oracle, StandIns,
};
use crate::engine::{Command, Reply, Schedules};
use crate::ledger::{Books as _, Filter};
use crate::model::Failure;
use crate::platform;

/// The demo's receiver looks this often for files to take.
const PICKUP: Duration = Duration::from_secs(3);

/// The demo's SFTP server takes this many bytes a second, so that there is
/// something to watch.
const PACE: u64 = 200_000;

/// Days that lie in the partner's folder at the start: enough for a column too many, a
/// file that comes twice and a late day.
const DAYS: u32 = 14;

/// The main job on stand-ins, in a temporary folder.
pub(super) async fn demo(global: &Global, args: &DemoArgs, no_tui: bool) -> Exit {
    let folder = match Folder::temporary() {
        Ok(folder) => folder,
        Err(failure) => return print::failure(&failure),
    };
    let consumer = if args.once { Consumer::Eager } else { Consumer::Every(PICKUP) };
    let options = Options {
        consumer,
        exports: demo::sample_exports(),
        faults: if args.once {
            Vec::new()
        } else {
            vec![Arming::from(Fault::SftpSlow).value(PACE)]
        },
        google_drive: DriveOptions { samples: true, ..DriveOptions::default() },
        feed: Some(FeedOptions { days: DAYS, ..FeedOptions::default() }),
        ..Options::new(folder.path().join("world"))
    };
    let stand_ins = match StandIns::start(options).await {
        Ok(stand_ins) => stand_ins,
        Err(failure) => return print::failure(&failure),
    };
    let config = match demo::configuration(&stand_ins, folder.path()) {
        Ok(config) => config,
        Err(errors) => return misconfigured(&errors),
    };
    let exit = if args.once {
        once(global, config, &stand_ins).await
    } else {
        let cancel = CancellationToken::new();
        let arrivals = tokio::spawn(demo::arrivals(stand_ins.world().clone(), cancel.clone()));
        let drive = stand_ins.google_drive().root_folder_id.clone();
        let changes = tokio::spawn(demo::changes(stand_ins.world().clone(), drive, cancel.clone()));
        let no_tui = no_tui || args.no_tui;
        let stay = Stay { no_tui, title: "demo", sync_first: true, reloads: false };
        let days = tokio::spawn(demo::days(stand_ins.world().clone(), cancel.clone()));
        let exit = serve::serve(global, config, stay).await;
        cancel.cancel();
        let _ = (arrivals.await, changes.await, days.await);
        exit
    };
    stand_ins.stop().await;
    exit
}

/// The whole job once: two passes, so that also the second is seen to send
/// nothing twice; then what the stand-ins saw, compared with what was to arrive.
async fn once(global: &Global, config: Config, stand_ins: &StandIns) -> Exit {
    let face = Face::Lines(verbosity(global));
    let silver = config.silver.clone();
    let opened = Workplace::open(config, "transship demo", Schedules::Off, face).await;
    let workplace = match opened {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    let mut exit = Exit::Done;
    for _ in 0..2 {
        let answer = workplace.ask(Command::sync_all()).await;
        exit = match answer.reply {
            Reply::Run(report) => {
                if global.json {
                    print::json_lines(std::slice::from_ref(&report));
                }
                Exit::of_run(&report, false)
            }
            Reply::Failed(failure) => print::failure(&failure),
            _ => Exit::Unexpected,
        };
        if let Some(signal) = answer.signal {
            workplace.close().await;
            return signal;
        }
        if exit != Exit::Done {
            break;
        }
    }
    let rows = workplace.reader.exports(&Filter::default());
    workplace.close().await;
    let oracle = stand_ins.world().oracle();
    let truth = stand_ins.world().feed().truth();
    let compared = tables::compare(&silver, &truth);
    match (rows, oracle, compared) {
        (Ok(rows), Ok(oracle), Ok(wrong)) => {
            if !global.json {
                print::exports(&rows, false);
                print::stdout(&verdict(&oracle));
                print::stdout(&tables::verdict(&truth, &wrong));
            }
            if oracle.nothing_wrong() && wrong.is_empty() { exit } else { Exit::Unexpected }
        }
        (Err(failure), _, _) | (_, _, Err(failure)) => print::failure(&failure),
        (_, Err(error), _) => {
            print::failure(&Failure::io("looking at", "the demo's receiver", &error))
        }
    }
}

fn verdict(oracle: &Oracle) -> String {
    let t = &oracle.totals;
    format!(
        "\nThe receiver's side: {} arrived once, {} twice, {} in part, {} lost.\n",
        t.once, t.twice, t.partial, t.lost
    )
}

/// Only the stand-ins, until a signal.
pub(super) async fn sim(global: &Global, args: &SimArgs) -> Exit {
    let folder = match &args.dir {
        Some(folder) => Ok(Folder::Given(folder.clone())),
        None => Folder::temporary(),
    };
    let folder = match folder {
        Ok(folder) => folder,
        Err(failure) => return print::failure(&failure),
    };
    let stand_ins = match StandIns::start(args.options(folder.path())).await {
        Ok(stand_ins) => stand_ins,
        Err(failure) => return print::failure(&failure),
    };
    if let Some(folder) = &args.credentials
        && let Err(failure) = hand_over(&stand_ins, folder)
    {
        return print::failure(&failure);
    }
    let access = demo::sim_json(&stand_ins);
    // From before they are announced: whoever reads that may stop them at once.
    let ended = signals::ended();
    if global.json {
        print::json_lines(&[access]);
    } else {
        let pretty = serde_json::to_string_pretty(&access).unwrap_or_default();
        print::stdout(&format!("{pretty}\n"));
        eprintln!("The stand-ins run until Ctrl-C.");
    }
    let exit = ended.await;
    stand_ins.stop().await;
    exit
}

/// Writes a file for each variable of the job without a configuration, as a service manager
/// hands over credentials. The host key comes last: whoever waits for it finds all of them.
fn hand_over(stand_ins: &StandIns, folder: &Path) -> Result<(), Failure> {
    crate::ledger::create_private_folder(folder)?;
    for (name, value) in demo::variables(stand_ins) {
        let file = folder.join(name);
        let failed = |e| Failure::io("writing", file.to_string_lossy(), &e);
        let mut options = platform::private_file();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&file).map_err(failed)?;
        file.write_all(value.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// Where the stand-ins and the demo's ledger live.
enum Folder {
    /// Removed at the end.
    Temporary(PathBuf),
    /// The operator's.
    Given(PathBuf),
}

impl Folder {
    fn temporary() -> Result<Self, Failure> {
        let folder =
            std::env::temp_dir().join(format!("transship-demo-{:016x}", rand::random::<u64>()));
        crate::ledger::create_private_folder(&folder)?;
        Ok(Self::Temporary(folder))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(path) | Self::Given(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // In a temporary folder what is left behind is tidied up in time.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
