//! `transship purge`: applies the retention.

use serde_json::json;

use super::{Exit, Global, check, print};
use crate::config::Retention;
use crate::engine;
use crate::ledger::{self, Ledger};
use crate::model::{Failure, FailureClass};

/// `purge`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PurgeArgs {
    /// Days that files are kept after everything about them has ended [default:
    /// retention.files_days of the configuration].
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub older_than: Option<u32>,
    /// Say what would be removed.
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) async fn purge(global: &Global, args: &PurgeArgs) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let Some(days) = args.older_than.or(config.retention.files_days) else {
        let failure = Failure::new(FailureClass::Misconfigured, "purging", "the data folder")
            .said("nothing says how long files are kept")
            .advice("set retention: { files_days: 365 }, or name the days: --older-than 365");
        return print::failure(&failure);
    };
    let lists_days = args.older_than.or(config.retention.lists_days);
    let retention = Retention { files_days: Some(days), lists_days };
    let purged = async {
        let ledger = Ledger::open(&config.database, "transship purge")?;
        engine::purge(&ledger, &config.data_dir, retention, ledger::now(), args.dry_run).await
    };
    let purged = match purged.await {
        Ok(purged) => purged,
        Err(failure) => {
            let exit = print::failure(&failure);
            return if ledger::is_held(&failure) { Exit::Locked } else { exit };
        }
    };
    if global.json {
        let row = json!({
            "files": purged.files, "bytes": purged.bytes, "days": days, "dry_run": args.dry_run,
        });
        return print::json_lines(&[row]);
    }
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    let noun = if purged.files == 1 { "file" } else { "files" };
    print::stdout(&format!(
        "{} {noun} {verb}, {} kB: everything about them ended more than {days} days ago.\n",
        purged.files,
        purged.bytes.div_ceil(1024)
    ))
}
