//! Whether anybody is told of failures, and whether that works.

use url::Url;

use super::{Finding, Verdict};
use crate::config::Config;
use crate::ledger::{Outbox, Reader};
use crate::model::Secret;

const ABOUT: &str = "notifications";

/// Who is told, and what could not be said so far.
pub(super) fn told(config: &Config) -> Finding {
    let settings = &config.notifications;
    let hooks = settings.webhooks.iter().map(|webhook| format!("webhook {}", webhook.name));
    let mail = settings.mail.iter().map(|_| "smtp".to_owned());
    let channels: Vec<String> = hooks.chain(mail).collect();
    if channels.is_empty() {
        return Finding::new(ABOUT, "told", Verdict::Note, "nobody is told when something fails")
            .advice("set notifications: webhooks or smtp; `transship notify test` tries them");
    }
    let channels = channels.join(", ");
    let waiting = match config.database.exists() {
        true => Reader::open(&config.database).and_then(|reader| reader.outbox()),
        false => Ok(Outbox::default()),
    };
    // Why the ledger cannot be read is among the findings already.
    let waiting = waiting.unwrap_or_default();
    match waiting.oldest {
        None => Finding::new(ABOUT, "told", Verdict::Ok, channels),
        Some(oldest) => {
            let said = waiting.said.map(|said| format!(": {said}")).unwrap_or_default();
            let words = format!("{} wait since {oldest:.0}{said}", waiting.messages);
            Finding::new(ABOUT, "told", Verdict::Warning, words)
                .advice("`transship notify test` shows what each channel answers")
        }
    }
}

/// The hosts that messages go to. Their addresses stay unsaid.
pub(super) fn hosts(config: &Config) -> Vec<String> {
    let settings = &config.notifications;
    let urls = settings.webhooks.iter().map(|webhook| &webhook.url);
    let urls = urls.chain(settings.heartbeat.iter().map(|heartbeat| &heartbeat.url));
    let of_url = |url: &Secret| Url::parse(url.expose()).ok()?.host_str().map(str::to_owned);
    let mail = settings.mail.iter().map(|mail| mail.host.clone());
    urls.filter_map(of_url).chain(mail).collect()
}
