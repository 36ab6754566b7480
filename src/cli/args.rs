//! The command line as clap reads it. Its texts are for operators.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::autodesk::AutodeskSimArgs;
use super::doctor::DoctorArgs;
use super::feed::FeedSimArgs;
use super::ingest::IngestArgs;
use super::landed::FilesArgs;
use super::notify::NotifyCommand;
use super::purge::PurgeArgs;
use crate::demo::{self, Arming, Consumer, DriveOptions, Options};
use crate::ledger::Filter;
use crate::model::{EndpointType, Failure, Id};

const EXAMPLES: &str = "\
Examples:
  transship demo                        try it: no account, no network, no configuration
  transship init                        write a commented connector.yaml
  transship check                       find every mistake in it
  transship test                        sign in everywhere; changes nothing
  transship sync                        one pass over all active endpoints, as from cron
  transship exports --state held        what waits for a decision
  transship sync --json | jq .outcome   the result for a script

Without a configuration file the variables ENCOURA_API_KEY, ENCOURA_USERNAME,
ENCOURA_PASSWORD, ENCOURA_ORGANIZATION_UID, SLATE_HALIA_SFTP_UN and SLATE_HALIA_SFTP_PW
are the Encoura to Slate job. It has no schedule: it runs when `transship sync` asks.

Exit codes: 0 done, also when nothing was new · 1 unexpected · 2 usage ·
3 some failed, will be retried · 4 all failed · 5 needs the operator ·
9 nothing new (only with --fail-if-empty) · 64 configuration invalid ·
75 another instance holds the ledger · 77 credentials or host key refused ·
130/143 ended by Ctrl-C/SIGTERM";

/// Moves files between services and proves that it did.
///
/// Without a command it opens the console; without a terminal on stdin and
/// stdout it behaves as with --no-tui.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "transship",
    version,
    long_version = super::version::long(),
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub struct Cli {
    /// What is the same for every command.
    #[command(flatten)]
    pub global: Global,
    /// Run headless until SIGINT or SIGTERM: schedules and one line per event on stderr.
    #[arg(long)]
    pub no_tui: bool,
    /// What to do; nothing opens the console.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What is the same for every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// The configuration file [default: $TRANSSHIP_CONFIG, $CONNECTOR_CONFIG_FILE,
    /// ./config/connector.yaml, ./connector.yaml, the user's configuration folder].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data on stdout: one JSON object per line and row; words for people stay on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// No words on stderr but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More words on stderr.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colours; NO_COLOR switches them off too.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour what goes to a terminal, or does not. `no_color` is
    /// whether `NO_COLOR` is set to something (<https://no-color.org>).
    pub fn wanted(self, terminal: bool, no_color: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => terminal && !no_color,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// One pass over the named, or all active, endpoints; the way to run it from cron.
    #[command(after_help = "\
Examples:
  transship sync                         all active endpoints
  transship sync \"Encoura exports\"       one of them
  transship sync --dry-run               what would happen; asks the source for nothing it could lose
  transship sync --fail-if-empty         exit code 9 when nothing was new")]
    Sync(SyncArgs),
    /// Fetch from partners' SFTP folders and take the files into their tables, once.
    #[command(after_help = "\
Examples:
  transship ingest                       a pass over all feeds: SFTP, bronze, silver
  transship ingest --again               everything once more from bronze, without the partner
  transship ingest --file l12            one file again, once its dataset's definition is mended
  transship ingest --file l12 --replace mended.csv
  transship ingest --file l12 --accept   though too many of its rows are bad")]
    Ingest(IngestArgs),
    /// List the endpoints: last run, next run, what waits.
    Endpoints,
    /// List exports, newest first.
    #[command(after_help = "\
Examples:
  transship exports --state held
  transship exports --pending --json | jq -r .name")]
    Exports(ListArgs),
    /// List the files of registers, newest first.
    #[command(after_help = "\
Examples:
  transship files --endpoint \"Site plans\" --limit 0
  transship files --state removed --json | jq -r .path
  transship files --state quarantined    landed files with rows that were set aside
  transship files --state refused        landed files of which nothing is in")]
    Files(FilesArgs),
    /// List deliveries, newest first.
    Transfers(ListArgs),
    /// List runs, newest first.
    Runs(ListArgs),
    /// List what happened, newest first.
    Events(ListArgs),
    /// Show one export (x17), delivery (d17), file (f17) or run (r4) as a timeline; of a
    /// landed file (l17) the rows that were set aside.
    Show {
        /// The id, as the lists show it.
        id: Id,
    },
    /// Try again now what failed, waits or is in doubt.
    Retry(Ids),
    /// Do not go on with these before `release`.
    Hold(Ids),
    /// Go on with what is held.
    Release(Ids),
    /// Deliver once more what was delivered already: the receiver gets it twice.
    #[command(after_help = "\
Example:
  transship send d17 --again             under a new name, beside the first one")]
    Send(SendArgs),
    /// Fetch the bytes (again) from the source.
    Fetch(Ids),
    /// Stop a transfer, or give it up where it waits.
    Cancel(Ids),
    /// Let the schedules of endpoints rest, until `resume`; they can be synced by hand.
    #[command(after_help = "\
Example:
  transship pause \"Encoura exports\"      it stays paused over restarts")]
    Pause(Names),
    /// Let the schedules of endpoints go on.
    Resume(Names),
    /// Find what the source calls delivered and the ledger never saw.
    #[command(after_help = "\
Examples:
  transship reconcile                    book it as held; decide with release or cancel
  transship reconcile --fetch            fetch and deliver it
  transship reconcile --adopt            book it as handled elsewhere")]
    Reconcile(ReconcileArgs),
    /// Sign in and list a few files; changes nothing, never a destructive read.
    Test(TestArgs),
    /// Sign in where a person is needed: prints an address to open, and waits.
    #[command(after_help = "\
Examples:
  transship auth autodesk                sign in; the tokens are kept and renewed from then on
  transship auth autodesk --client acc2  as another of the applications under clients")]
    Auth {
        /// Where.
        #[command(subcommand)]
        service: AuthService,
    },
    /// Remove fetched files that are older than the retention and needed by nothing.
    ///
    /// An audit row stays for each of them. Feeds' files (bronze) are not touched.
    #[command(after_help = "\
Examples:
  transship purge --dry-run              what would go
  transship purge --older-than 90        files whose deliveries ended more than 90 days ago

While `transship` or `transship --no-tui` runs it does so every night by itself.")]
    Purge(PurgeArgs),
    /// Validate the configuration: every mistake with file, line and a suggestion.
    Check,
    /// What may stand in a configuration, for editors and scripts.
    Config {
        /// What to print.
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Check everything that can go wrong here and at the services, with what to do.
    ///
    /// Signs in, compares the Delivered list with the ledger, and takes a temporary file of
    /// its own through every step of a delivery. Never a destructive read.
    #[command(after_help = "\
Examples:
  transship doctor                       this machine and all services
  transship doctor --offline             this machine alone
  transship doctor --mask 'ACT-*.csv'    can the receiver take a file that is half there?
  transship doctor --json | jq 'select(.verdict == \"failed\")'")]
    Doctor(DoctorArgs),
    /// Ask the instance that runs here whether it is well: exit code 0, else 1.
    ///
    /// For containers and supervisors. It asks /health at the configured addresses, and
    /// changes nothing.
    #[command(after_help = "\
Example:
  transship health || systemctl restart transship")]
    Health,
    /// Who is told of failures: webhooks and mail, as `notifications` of the configuration says.
    #[command(after_help = "\
Example:
  transship notify test                  a test message to everybody, and what is answered")]
    Notify {
        /// What to do.
        #[command(subcommand)]
        what: NotifyCommand,
    },
    /// A consistent, checked copy of the ledger, while others go on working with it.
    #[command(after_help = "\
Example:
  transship backup /backup/connector-$(date +%F).db

It holds the books and no files: back up the data folder's archive and bronze as well.
A ledger that is put back holds what is open until you decide; it sends nothing twice.")]
    Backup {
        /// The file to make; it must not exist yet.
        file: PathBuf,
    },
    /// Write a commented connector.yaml (to --config FILE, if given); never overwrites.
    Init,
    /// The main job on embedded stand-ins: no account, no network, no configuration.
    #[command(after_help = "\
Examples:
  transship demo                         the console, with exports arriving over time
  transship demo --no-tui --once         the whole job once, reported as lines")]
    Demo(DemoArgs),
    /// Only the stand-ins, on given or free ports, for tests and development.
    #[command(after_help = "\
Examples:
  transship sim --json                   free ports, printed as one JSON object
  transship sim --sftp-port 2222 --fault list_timeout --fault rename_refused")]
    Sim(SimArgs),
    /// Print completions for a shell: bash, elvish, fish, powershell or zsh.
    #[command(after_help = "\
Example:
  transship completions bash > /etc/bash_completion.d/transship")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "\
Example:
  transship man > /usr/local/share/man/man1/transship.1")]
    Man,
}

/// `config`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON schema of connector.yaml: editors complete and check with it.
    #[command(after_help = "\
Example:
  transship config schema > connector.schema.json

and in the first line of the connector.yaml beside it:
  # yaml-language-server: $schema=connector.schema.json")]
    Schema,
}

/// `sync`.
#[derive(Clone, Debug, Default, Args)]
pub struct SyncArgs {
    /// Names of endpoints [default: all active ones].
    #[arg(value_name = "ENDPOINT")]
    pub endpoints: Vec<String>,
    /// A full walk, whatever the change detectors say.
    #[arg(long)]
    pub full: bool,
    /// Say what would happen; never a destructive read.
    #[arg(long)]
    pub dry_run: bool,
    /// Exit with code 9 when nothing was new.
    #[arg(long)]
    pub fail_if_empty: bool,
}

/// The lists.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only this endpoint's.
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// Only those in this state, e.g. held, in_doubt, retry_wait, confirmed.
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only those that are not at their end.
    #[arg(long)]
    pub pending: bool,
    /// The newest so many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}

impl ListArgs {
    /// As the ledger understands it.
    pub fn filter(&self) -> Filter {
        Filter {
            endpoint: self.endpoint.clone(),
            state: self.state.clone(),
            pending: self.pending,
            limit: (self.limit > 0).then_some(self.limit),
        }
    }
}

/// The ids of an operator's action.
#[derive(Clone, Debug, Args)]
pub struct Ids {
    /// Ids as the lists show them: x17 an export, d17 a delivery.
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<Id>,
}

/// The endpoints of `pause` and `resume`.
#[derive(Clone, Debug, Args)]
pub struct Names {
    /// Names of endpoints, as `transship endpoints` lists them.
    #[arg(value_name = "ENDPOINT", required = true)]
    pub endpoints: Vec<String>,
}

/// `send`.
#[derive(Clone, Debug, Args)]
pub struct SendArgs {
    /// Ids as the lists show them.
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<Id>,
    /// Yes, again: the receiver gets these files a second time.
    #[arg(long, required = true)]
    pub again: bool,
}

/// `reconcile`.
#[derive(Clone, Debug, Default, Args)]
pub struct ReconcileArgs {
    /// Names of endpoints [default: all active ones].
    #[arg(value_name = "ENDPOINT")]
    pub endpoints: Vec<String>,
    /// Fetch and deliver what is found.
    #[arg(long, conflicts_with = "adopt")]
    pub fetch: bool,
    /// Book what is found as handled already.
    #[arg(long)]
    pub adopt: bool,
}

/// `test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Names of endpoints [default: all active ones].
    #[arg(value_name = "ENDPOINT")]
    pub endpoints: Vec<String>,
    /// Only endpoints of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = endpoint_type)]
    pub endpoint_type: Option<EndpointType>,
    /// Names listed at the most.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub max_files: usize,
    /// List the projects that the account may see.
    #[arg(long)]
    pub list_projects: bool,
}

/// `auth`.
#[derive(Clone, Debug, Subcommand)]
pub enum AuthService {
    /// Autodesk Construction Cloud. Ctrl-C gives up.
    Autodesk(AuthAutodeskArgs),
}

/// `auth autodesk`.
#[derive(Clone, Debug, Default, Args)]
pub struct AuthAutodeskArgs {
    /// Which entry of clients [default: the only one of its type, or "autodesk"].
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
}

/// `demo`.
#[derive(Clone, Debug, Default, Args)]
pub struct DemoArgs {
    /// Lines instead of the console.
    #[arg(long)]
    pub no_tui: bool,
    /// The whole job once, then the report and the end.
    #[arg(long)]
    pub once: bool,
}

/// `sim`.
#[derive(Clone, Debug, Args)]
pub struct SimArgs {
    /// Where its files live [default: a temporary folder].
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Encoura's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub encoura_port: u16,
    /// The SFTP server's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub sftp_port: u16,
    /// The port of the URL that switches faults; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub control_port: u16,
    /// The object store's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub store_port: u16,
    /// Google Drive's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub google_drive_port: u16,
    /// Milliseconds that each call of Google Drive takes at the least.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub google_drive_latency: u64,
    /// Google Drive's quota, units a minute and account; 0 for none.
    #[arg(long, value_name = "UNITS", default_value_t = 0)]
    pub google_drive_units: u32,
    /// Autodesk's flags.
    #[command(flatten)]
    pub autodesk: AutodeskSimArgs,
    /// The feed's flags.
    #[command(flatten)]
    pub feed: FeedSimArgs,
    /// Arm a fault: `NAME[=VALUE][*COUNT][@AFTER]`; may be given several times.
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    pub fault: Vec<Arming>,
    /// Exports waiting at the start.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub exports: usize,
    /// Seconds after which the consumer takes a delivered file away; 0 takes it at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = "no_consumer")]
    pub consumer_delay: u64,
    /// Nobody takes delivered files away.
    #[arg(long)]
    pub no_consumer: bool,
    /// Also write how to reach Encoura and the SFTP server there, a file for each variable
    /// of the job without a configuration: CREDENTIALS_DIRECTORY=FOLDER transship sync.
    #[arg(long, value_name = "FOLDER")]
    pub credentials: Option<PathBuf>,
}

fn endpoint_type(text: &str) -> Result<EndpointType, String> {
    EndpointType::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = EndpointType::ALL.iter().map(|t| t.as_str()).collect();
        format!("expected one of: {}", names.join(", "))
    })
}

fn fault(text: &str) -> Result<Arming, String> {
    text.parse().map_err(|failure: Failure| failure.to_string())
}

impl SimArgs {
    /// As the stand-ins understand it, with their files in `folder`.
    pub fn options(&self, folder: &Path) -> Options {
        let consumer = match (self.no_consumer, self.consumer_delay) {
            (true, _) => Consumer::Off,
            (_, 0) => Consumer::Eager,
            (_, seconds) => Consumer::Every(Duration::from_secs(seconds)),
        };
        Options {
            encoura_port: self.encoura_port,
            store_port: self.store_port,
            sftp_port: self.sftp_port,
            control_port: self.control_port,
            autodesk: self.autodesk.options(),
            consumer,
            exports: demo::sample_exports().into_iter().take(self.exports).collect(),
            faults: self.fault.clone(),
            feed: Some(self.feed.options()),
            google_drive_port: self.google_drive_port,
            google_drive: DriveOptions {
                samples: true,
                latency: Duration::from_millis(self.google_drive_latency),
                units_per_minute: (self.google_drive_units > 0).then_some(self.google_drive_units),
                ..DriveOptions::default()
            },
            ..Options::new(folder)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn colours_follow_the_flag_then_the_variable_then_the_terminal() {
        for (choice, terminal, no_color, wanted) in [
            (Color::Auto, true, false, true),
            (Color::Auto, true, true, false),
            (Color::Auto, false, false, false),
            (Color::Always, false, true, true),
            (Color::Never, true, false, false),
        ] {
            assert_eq!(choice.wanted(terminal, no_color), wanted, "{choice:?}");
        }
    }
}
