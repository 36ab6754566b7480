//! The log of record: a file that is rolled daily, and the console's log pane.

mod form;
mod rolling;
mod trouble;

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use self::trouble::{Trouble, tell};
use crate::config::LogSettings;
use crate::model::{Failure, FailureClass};

/// A layer that shows the same records somewhere else: the console's log pane.
pub type Pane = Box<dyn Layer<Registry> + Send + Sync>;

/// Libraries that say more than an operator wants to read.
const NOISY: &[&str] =
    &["russh", "hyper", "hyper_util", "reqwest", "h2", "rustls", "tower", "axum", "mio", "log"];

/// Changes what is written to the file; the subscriber's own type is gone.
type SetLevel = Box<dyn Fn(&str) + Send + Sync>;

/// Keeps the log open; what is still buffered is written when it is dropped.
pub struct Guard {
    _worker: Option<WorkerGuard>,
    set_level: Option<SetLevel>,
    /// Why nothing is written to the file, if nothing is.
    pub without_file: Option<Failure>,
    /// What is known of records that could not be written.
    pub trouble: Arc<Trouble>,
}

impl Guard {
    /// From now on what is of this level, and above it, is written to the file.
    pub fn set_level(&self, level: &str) {
        if let Some(set) = &self.set_level {
            set(level);
        }
    }
}

/// Starts the log of record for the rest of the process.
///
/// A file that cannot be written is no reason to stop the work: it goes on
/// without one, says so on stderr, and the guard holds the reason.
///
/// # Errors
/// Only if a log was started in this process before.
pub fn init(settings: &LogSettings, pane: Option<Pane>) -> Result<Guard, Failure> {
    let mut trouble = Arc::default();
    let (writer, worker, without_file) = match rolling::Daily::open(&settings.file, settings.keep) {
        Ok(file) => {
            trouble = file.trouble();
            let (writer, worker) = NonBlocking::new(file);
            (Some(writer), Some(worker), None)
        }
        Err(failure) => {
            eprintln!("warning: nothing is written to the log: {failure}");
            (None, None, Some(failure))
        }
    };
    let file = writer.map(|writer| {
        let form = form::Form(settings.format);
        tracing_subscriber::fmt::layer().with_ansi(false).event_format(form).with_writer(writer)
    });
    let (filter, level) = reload::Layer::new(targets(&settings.level));
    tracing_subscriber::registry()
        .with(pane)
        .with(file.map(|layer| layer.with_filter(filter)))
        .try_init()
        .map_err(|e| Failure::new(FailureClass::Bug, "starting", "the log").said(e))?;
    let set_level = worker.is_some().then(|| {
        // The log is there as long as the process is: it cannot fail.
        let set = move |wanted: &str| {
            let _ = level.reload(targets(wanted));
        };
        Box::new(set) as SetLevel
    });
    Ok(Guard { _worker: worker, set_level, without_file, trouble })
}

/// What is logged: everything of ours from `level` on, of libraries warnings.
fn targets(level: &str) -> Targets {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    let noisy = NOISY.iter().map(|name| (*name, level.min(LevelFilter::WARN)));
    Targets::new().with_default(level).with_targets(noisy)
}
