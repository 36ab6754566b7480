//! Whether anybody is told of failures, and whether that works.

use url::Url;

use super::{Finding, Verdict};
use crate::config::Config;
use crate::ledger::{Reader, Undelivered};
use crate::model::Secret;

const ABOUT: &str = "notifications";

/// Who is told, and what could not be said so far, channel by channel.
pub(super) fn told(config: &Config) -> Vec<Finding> {
    let settings = &config.notifications;
    let hooks = settings.webhooks.iter().map(|webhook| format!("webhook {}", webhook.name));
    let mail = settings.mail.iter().map(|_| "smtp".to_owned());
    let channels: Vec<String> = hooks.chain(mail).collect();
    if channels.is_empty() {
        let nobody =
            Finding::new(ABOUT, "told", Verdict::Note, "nobody is told when something fails")
                .advice("set notifications: webhooks or smtp; `transship notify test` tries them");
        return vec![nobody];
    }
    let undelivered = match config.database.exists() {
        true => Reader::open(&config.database).and_then(|reader| reader.undelivered()),
        false => Ok(Vec::new()),
    };
    // Why the ledger cannot be read is among the findings already.
    let undelivered = undelivered.unwrap_or_default();
    let configured = undelivered.iter().filter(|late| channels.contains(&late.channel));
    let late: Vec<Finding> = configured.map(late).collect();
    match late.is_empty() {
        true => vec![Finding::new(ABOUT, "told", Verdict::Ok, channels.join(", "))],
        false => late,
    }
}

fn late(late: &Undelivered) -> Finding {
    let said = late.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
    let words = format!("{}, the oldest of {:.0}{said}", late.words(), late.oldest);
    Finding::new(ABOUT, &late.channel, Verdict::Warning, words).advice(
        "`transship notify test` shows what each channel answers now; what waits is tried again \
         by itself for a day",
    )
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
