//! `transship health`: whether the instance that runs here is well.

use serde_json::json;

use super::{Exit, Global, check, print};
use crate::{http, ledger, platform};

/// Asks over HTTP, as whoever watches from outside does. Where nobody answers, the
/// ledger's lock tells an instance that hangs from none at all.
pub(super) async fn health(global: &Global) -> Exit {
    // What is unwise about the configuration is told by the one that runs.
    let quiet = Global { quiet: true, ..global.clone() };
    let config = match check::load(&quiet) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let asked = http::vitals(&config.http.listen).await;
    // The lock lies beside the file itself, not beside a link to it.
    let database = platform::real_path(&config.database).unwrap_or(config.database);
    let holder = ledger::holder(&database);
    let (well, words) = match (asked, holder) {
        (Ok(vitals), _) if vitals.unwell.is_empty() => {
            (true, format!("well, says http://{}/health", vitals.address))
        }
        (Ok(vitals), _) => {
            let unwell = vitals.unwell.join(", ");
            (false, format!("not well, says http://{}/health: {unwell}", vitals.address))
        }
        (Err(_), None) => (false, "nothing runs on this ledger".to_owned()),
        (Err(_), Some(holder)) if config.http.listen.is_empty() => {
            (true, format!("runs ({holder}); http.listen is empty, so it cannot be asked more"))
        }
        (Err(silent), Some(holder)) => {
            (false, format!("runs ({holder}) and does not answer: {}", silent.join("; ")))
        }
    };
    if global.json {
        print::json_lines(&[json!({"healthy": well, "said": words})]);
    } else if !(global.quiet && well) {
        print::note(&words);
    }
    if well { Exit::Done } else { Exit::Unexpected }
}
