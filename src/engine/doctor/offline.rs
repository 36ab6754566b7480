//! What can be seen on this machine alone.

use std::io::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Verdict, told};
use crate::config::{Client, Config, Origin};
use crate::engine::nightly;
use crate::ledger::{self, Examined, Mark, Standing};
use crate::model::{AutodeskGrant, Failure};
use crate::platform;
use crate::silver;

/// A refresh token of Autodesk's that was not used for so long is refused.
const REFRESH_TOKEN: SignedDuration = SignedDuration::from_hours(15 * 24);
/// From here on that is near.
const REFRESH_TOKEN_OLD: SignedDuration = SignedDuration::from_hours(12 * 24);

/// A backup every night: one that is older than this was left out.
const BACKUP_OLD: SignedDuration = SignedDuration::from_hours(49);

/// What happened already cannot happen later.
const CLOCK_MAY_BE_OFF: SignedDuration = SignedDuration::from_mins(5);

/// Looks at configuration, disk, clock and books. Blocks while it reads the ledger.
pub fn offline(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "program",
        "version",
        Verdict::Ok,
        format!("transship {}, SQLite {}", env!("CARGO_PKG_VERSION"), ledger::sqlite_version()),
    )];
    configuration(config, &mut findings);
    let ledger_folder = config.database.parent().unwrap_or(Path::new("."));
    let log_folder = config.log.file.parent().unwrap_or(Path::new("."));
    folder("data folder", &config.data_dir, config.brakes.min_free_bytes, &mut findings);
    if ledger_folder != config.data_dir {
        folder("ledger's folder", ledger_folder, config.brakes.min_free_bytes, &mut findings);
    }
    folder("log folder", log_folder, 0, &mut findings);
    books(config, &mut findings);
    backups_of(config, &mut findings);
    findings.extend(told::told(config));
    tables(config, &mut findings);
    tokens(config, &mut findings);
    findings
}

fn configuration(config: &Config, findings: &mut Vec<Finding>) {
    const ABOUT: &str = "configuration";
    let origin = match &config.origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Environment => "the environment; there is no file".into(),
        Origin::Demo => "the demo's own".into(),
    };
    let active = config.endpoints.iter().filter(|endpoint| endpoint.is_active).count();
    let noun = if config.endpoints.len() == 1 { "endpoint" } else { "endpoints" };
    let words = format!("{origin}: {} {noun}, {active} active", config.endpoints.len());
    let valid = Finding::new(ABOUT, "valid", Verdict::Ok, words);
    findings.push(match active {
        0 => Finding { verdict: Verdict::Warning, ..valid }
            .advice("nothing is synced by itself: set is_active where something should be"),
        _ => valid,
    });
    for warning in &config.warnings {
        findings.push(Finding::new(ABOUT, "warning", Verdict::Warning, warning));
    }
}

/// Whether the folder can be written, is private, and has room for what is wanted.
fn folder(about: &str, folder: &Path, wanted: u64, findings: &mut Vec<Finding>) {
    let shown = folder.display().to_string();
    if !folder.exists() {
        let made = makeable(folder).map(|()| format!("{shown}: not yet"));
        findings.push(match made {
            Ok(words) => Finding::new(about, "there", Verdict::Note, words),
            Err(failure) => Finding::failed(about, "there", failure),
        });
        return;
    }
    findings.push(Finding::of(about, "writable", probe(folder).map(|()| shown.clone())));
    findings.extend(open_to_others(about, folder));
    let free = fs4::available_space(folder)
        .map_err(|e| Failure::io("looking for free space in", &shown, &e));
    findings.push(match free {
        Ok(free) => {
            let words = format!("{} MB", free >> 20);
            match free < wanted {
                true => Finding::new(about, "free space", Verdict::Failed, words).advice(format!(
                    "nothing is listed below {} MB (limits: min_free_mb): make room",
                    wanted >> 20
                )),
                false => Finding::new(about, "free space", Verdict::Ok, words),
            }
        }
        Err(failure) => Finding::failed(about, "free space", failure),
    });
}

/// Whether a folder that is not there could be made: where the way to it ends, a folder of
/// our own is made and removed.
fn makeable(folder: &Path) -> Result<(), Failure> {
    let there = folder.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("/"));
    let path = there.join(format!(".transship-doctor-{:08x}", rand::random::<u32>()));
    let made = std::fs::create_dir(&path).and_then(|()| std::fs::remove_dir(&path));
    made.map_err(|e| Failure::io("making", folder.to_string_lossy(), &e))
}

/// Writes, syncs and removes a file of our own.
fn probe(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!(".transship-doctor-{:08x}", rand::random::<u32>()));
    let written =
        std::fs::OpenOptions::new().create_new(true).write(true).open(&path).and_then(
            |mut file| file.write_all(b"transship doctor\n").and_then(|()| file.sync_all()),
        );
    let removed = std::fs::remove_file(&path);
    written.map_err(|e| Failure::io("writing into", folder.to_string_lossy(), &e))?;
    removed.map_err(|e| Failure::io("removing", path.to_string_lossy(), &e))
}

fn open_to_others(about: &str, folder: &Path) -> Option<Finding> {
    let mode = platform::mode(&std::fs::metadata(folder).ok()?)?;
    let shown = folder.display();
    (mode & 0o007 != 0).then(|| {
        Finding::new(
            about,
            "private",
            Verdict::Warning,
            format!("{shown} is open to every user of this machine ({mode:o})"),
        )
        .advice("close it to others, as in `chmod 750`; what is in it is private by itself")
    })
}

fn books(config: &Config, findings: &mut Vec<Finding>) {
    const ABOUT: &str = "ledger";
    let shown = config.database.display().to_string();
    if !config.database.exists() {
        let words = format!("{shown}: not there yet");
        findings.push(
            Finding::new(ABOUT, "there", Verdict::Note, words).advice("the first sync makes it"),
        );
        return;
    }
    findings.push(match ledger::holder(&config.database) {
        Some(holder) => Finding::new(ABOUT, "lock", Verdict::Note, format!("held by {holder}")),
        None => Finding::new(ABOUT, "lock", Verdict::Ok, "free"),
    });
    match ledger::examine(&config.database) {
        Ok(examined) => {
            let words = format!("{shown}: version {}, whole", examined.version);
            findings.push(Finding::new(ABOUT, "integrity", Verdict::Ok, words));
            findings.extend(totals(&examined));
            findings.extend(clock(&examined, ledger::now()));
            findings.extend(mark(&config.data_dir, &examined));
            if examined.operator > 0 {
                let words = format!("{} items wait for you", examined.operator);
                findings.push(
                    Finding::new(ABOUT, "needs you", Verdict::Warning, words)
                        .advice("`transship exports --state held`, or the console, shows them"),
                );
            }
        }
        Err(failure) => findings.push(Finding::failed(ABOUT, "integrity", failure)),
    }
}

/// Whether what lists show of an endpoint as a whole is what a count says.
fn totals(examined: &Examined) -> Option<Finding> {
    let wrong = &examined.wrong_totals;
    (!wrong.is_empty()).then(|| {
        Finding::new("ledger", "totals", Verdict::Warning, wrong.join("; ")).advice(
            "another tool has written the ledger, with triggers switched off. Files are delivered \
             as before; only these numbers are wrong. Stop the program and have them counted anew: \
             `sqlite3 LEDGER \"UPDATE endpoints SET exports_listed = (SELECT count(*) FROM exports \
             WHERE endpoint_id = endpoints.id AND state <> 'baseline'), deliveries_confirmed = \
             (SELECT count(*) FROM deliveries WHERE endpoint_id = endpoints.id AND state IN \
             ('confirmed', 'cleaned'))\"`",
        )
    })
}

fn clock(examined: &Examined, now: Timestamp) -> Option<Finding> {
    let latest = examined.latest_event?;
    let words = format!("{now:.0}; the ledger's latest event is of {latest:.0}");
    Some(if latest.duration_since(now) > CLOCK_MAY_BE_OFF {
        Finding::new("clock", "not behind", Verdict::Failed, words).advice(
            "set the clock right: nothing is listed while it says an earlier time than the ledger",
        )
    } else {
        Finding::new("clock", "not behind", Verdict::Ok, words)
    })
}

/// Whether the ledger is the one that worked here last.
fn mark(data_dir: &Path, examined: &Examined) -> Option<Finding> {
    const CHECK: &str = "not put back";
    match Mark::read(&data_dir.join("ledger.mark")) {
        Err(failure) => Some(Finding::failed("ledger", CHECK, failure)),
        Ok(found) => match examined.mark.standing(found.as_ref(), examined.untouched) {
            Standing::Trusted => None,
            Standing::Restored(why) => {
                Some(Finding::new("ledger", CHECK, Verdict::Warning, why).advice(
                    "the next start takes it for a backup that was put back: it holds what is \
                     open, and sends nothing twice",
                ))
            }
        },
    }
}

fn backups_of(config: &Config, findings: &mut Vec<Finding>) {
    const ABOUT: &str = "backups";
    let Some(settings) = &config.backups else {
        findings.push(
            Finding::new(ABOUT, "made", Verdict::Note, "none are asked for")
                .advice("set database.backups, or run `transship backup FILE` every night"),
        );
        return;
    };
    let shown = settings.folder.display();
    findings.push(match nightly::newest(&settings.folder) {
        Err(failure) => Finding::failed(ABOUT, "made", failure),
        Ok(None) => Finding::new(ABOUT, "made", Verdict::Note, format!("none yet in {shown}")),
        Ok(Some(newest)) => {
            let words = format!("the newest in {shown} is of {newest:.0}");
            match ledger::now().duration_since(newest) > BACKUP_OLD {
                true => Finding::new(ABOUT, "made", Verdict::Warning, words)
                    .advice("look for \"no backup of the ledger\" in the log"),
                false => Finding::new(ABOUT, "made", Verdict::Ok, words),
            }
        }
    });
}

fn tables(config: &Config, findings: &mut Vec<Finding>) {
    if config.silver.exists() {
        let shown = config.silver.display().to_string();
        let whole = silver::examine(&config.silver).map(|()| format!("{shown}: whole"));
        findings.push(Finding::of("datasets", "integrity", whole));
    }
}

/// How old the tokens are that a person signed in for.
fn tokens(config: &Config, findings: &mut Vec<Finding>) {
    for client in config.clients.values() {
        let Client::Autodesk(account) = client else { continue };
        if account.grant != AutodeskGrant::ThreeLegged {
            continue;
        }
        let shown = account.token_path.display();
        let sign_in = "`transship auth autodesk` signs in";
        let Ok(found) = std::fs::metadata(&account.token_path) else {
            let words = format!("{shown}: not there");
            findings.push(
                Finding::new(&account.name, "tokens", Verdict::Failed, words).advice(sign_in),
            );
            continue;
        };
        let renewed = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        let age = renewed.map(|at| ledger::now().duration_since(at)).unwrap_or_default();
        let days = age.as_hours() / 24;
        let words = format!("{shown}: renewed {days} days ago; they end after 15 without use");
        let finding = |verdict| Finding::new(&account.name, "tokens", verdict, words.clone());
        findings.push(match age {
            age if age > REFRESH_TOKEN => finding(Verdict::Failed).advice(sign_in),
            age if age > REFRESH_TOKEN_OLD => {
                finding(Verdict::Warning).advice("a sync renews them; run one in time")
            }
            _ => finding(Verdict::Ok),
        });
    }
}
