//! What can be seen of the services: as `test` sees it, and some more.

use url::Url;

use super::{Finding, Verdict, told};
use crate::config::{Client, Config};
use crate::destinations::{Rehearsal, Step};
use crate::engine::accounts::Sources;
use crate::engine::command::Tested;
use crate::engine::context::endpoints_called;
use crate::engine::lane::{Lane, Outlets};
use crate::engine::listing::product_keys;
use crate::engine::look::{Looking, Told, close};
use crate::ledger::Reader;
use crate::model::{
    DestinationSettings, Endpoint, Failure, FailureClass, HostKeyPolicy, PublishMode, Shown,
    pattern, temporary_name,
};
use crate::sources::{ExportSource, ListKind, Source};

/// How far from the service's clock ours may be: requests are signed with the time.
const CLOCK_MAY_BE_OFF: jiff::SignedDuration = jiff::SignedDuration::from_mins(2);

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Online {
    /// The endpoints' names; empty for all active ones.
    pub endpoints: Vec<String>,
    /// A receiver's mask, as in `ACT-*.csv`: which of our names does it match?
    pub mask: Option<String>,
}

/// Signs in everywhere and looks around. Writes nothing but temporary files of our own
/// at destinations, which it removes again; asks for no list that could be lost.
///
/// Fails where an endpoint is not in the configuration.
pub async fn online(
    config: &Config,
    wanted: &Online,
    books: Option<&Reader>,
    sources: &mut dyn Sources,
    told: Told<'_>,
) -> Result<Vec<Finding>, Failure> {
    let mut outlets = Outlets::default();
    let mut findings = Vec::new();
    let mut rehearsed: Vec<String> = Vec::new();
    for endpoint in endpoints_called(config, &wanted.endpoints)? {
        resolve(config, endpoint, &mut findings).await;
        let mut looking = Looking::at(endpoint, told);
        if let Some(lane) = looking.lane(config, sources, &mut outlets) {
            let signed_in = looking.source(&lane, 1).await;
            looking.destination(&lane, 1).await;
            let reached = looking.tested.failures().next().is_none();
            findings.extend(seen(looking.tested));
            findings.extend(clock(&lane));
            if let (true, Source::Exports(source)) = (signed_in, &lane.source) {
                findings.extend(delivered(source.as_ref(), &lane, books).await);
            }
            if let (true, Some(outlet)) = (reached, &lane.outlet)
                && !rehearsed.contains(&outlet.settings.name)
            {
                rehearsed.push(outlet.settings.name.clone());
                findings.push(host_key(&outlet.settings));
                told(&format!("{}: a delivery without a file", outlet.settings.name));
                let token = format!("{:08x}", rand::random::<u32>());
                let rehearsal = outlet.destination.rehearse(&token).await;
                findings.extend(rehearsal_shown(&outlet.settings, rehearsal));
                findings.extend(wanted.mask.as_deref().map(|m| masked(&outlet.settings, m)));
            }
        } else {
            findings.extend(seen(looking.tested));
        }
    }
    if wanted.endpoints.is_empty() {
        resolve_hosts("notifications", told::hosts(config), &mut findings).await;
    }
    close(outlets).await;
    Ok(findings)
}

fn seen(tested: Tested) -> impl Iterator<Item = Finding> {
    let endpoint = tested.endpoint;
    tested.checks.into_iter().map(move |(check, result)| {
        Finding::of(&endpoint, &check, result.map(|found| found.as_str().to_owned()))
    })
}

/// What the names of the servers mean here.
async fn resolve(config: &Config, endpoint: &Endpoint, findings: &mut Vec<Finding>) {
    let destination = endpoint.deliver_to.as_ref().and_then(|to| config.destinations.get(to));
    let source = config.clients.get(&endpoint.client).and_then(host_of);
    let hosts = source.into_iter().chain(destination.map(|d| d.server.host.clone()));
    resolve_hosts(&endpoint.name, hosts, findings).await;
}

async fn resolve_hosts(
    about: &str,
    hosts: impl IntoIterator<Item = String>,
    findings: &mut Vec<Finding>,
) {
    for host in hosts {
        let check = format!("name {host}");
        let known = findings.iter().any(|finding| finding.check == check);
        if known || host.parse::<std::net::IpAddr>().is_ok() {
            continue;
        }
        let addresses = tokio::net::lookup_host((host.trim_matches(['[', ']']), 0)).await;
        let found = addresses
            .map(|found| {
                let mut found: Vec<String> = found.map(|a| a.ip().to_string()).collect();
                found.dedup();
                found.join(", ")
            })
            .map_err(|e| {
                Failure::new(FailureClass::Network, "looking up", &host)
                    .said(e)
                    .advice("correct the name in the configuration, or this machine's DNS")
            });
        findings.push(Finding::of(about, &check, found));
    }
}

/// The host of a client.
fn host_of(client: &Client) -> Option<String> {
    let url = match client {
        Client::Sftp(server) => return Some(server.host.clone()),
        Client::Encoura(account) => &account.base_url,
        Client::Autodesk(account) => &account.base_url,
        Client::GoogleDrive(account) => &account.base_url,
    };
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// Whether it is another time over there.
fn clock(lane: &Lane) -> Option<Finding> {
    let ahead = lane.source.clock_ahead()?;
    let words = format!("{} s ahead of the service's", ahead.as_secs());
    let off = ahead.abs() > CLOCK_MAY_BE_OFF;
    let verdict = if off { Verdict::Failed } else { Verdict::Ok };
    let finding = Finding::new(&lane.endpoint.name, "clock", verdict, words);
    Some(if off { finding.advice("set this machine's clock right (NTP)") } else { finding })
}

/// What the source calls delivered and the books do not know. That list can be asked for
/// at any time.
async fn delivered(
    source: &dyn ExportSource,
    lane: &Lane,
    books: Option<&Reader>,
) -> Option<Finding> {
    const CHECK: &str = "delivered, compared with the ledger";
    let books = books?;
    let about = &lane.endpoint.name;
    Some(match unknown(source, lane, books).await {
        Ok((all, 0)) => {
            Finding::new(about, CHECK, Verdict::Ok, format!("{all} listed, all of them known"))
        }
        Ok((all, unknown)) => {
            let words = format!("{all} listed, {unknown} unknown here");
            Finding::new(about, CHECK, Verdict::Warning, words).advice(
                "somebody fetched them by hand, or the vendor's own push to SFTP is on as well: \
                 then every file loads twice. `transship reconcile` holds them for you",
            )
        }
        Err(failure) => Finding::failed(about, CHECK, failure),
    })
}

/// How many exports the list holds, and how many of them the books do not.
async fn unknown(
    source: &dyn ExportSource,
    lane: &Lane,
    books: &Reader,
) -> Result<(usize, usize), Failure> {
    let folder = std::env::temp_dir();
    let mut uids = Vec::new();
    for key in product_keys(lane) {
        let body = folder.join(format!("transship-doctor-{:016x}.json", rand::random::<u64>()));
        let listed = source.list(ListKind::Delivered, key.as_deref(), &body).await;
        let bytes = std::fs::read(&body);
        let _ = std::fs::remove_file(&body);
        listed.map_err(|list| list.failure)?;
        let bytes = bytes.map_err(|e| Failure::io("reading", body.to_string_lossy(), &e))?;
        uids.extend(source.parse(&bytes)?.into_iter().filter_map(|listed| listed.uid));
    }
    uids.sort();
    uids.dedup();
    let known =
        books.known_exports(lane.endpoint.endpoint_type.as_str(), &source.account(), &uids)?;
    Ok((uids.len(), uids.len() - known))
}

fn host_key(settings: &DestinationSettings) -> Finding {
    let words = match &settings.server.host_key {
        HostKeyPolicy::Pinned(keys) => format!("accepted; pinned: {}", keys.join(", ")),
        HostKeyPolicy::KnownHosts(file) => format!("accepted; known in {}", file.display()),
        // Nothing can have been reached without one.
        HostKeyPolicy::Missing => "none is pinned".into(),
    };
    Finding::new(&settings.name, "host key", Verdict::Ok, words)
}

/// What a delivery would meet, step by step.
fn rehearsal_shown(
    settings: &DestinationSettings,
    rehearsal: Result<Rehearsal, Failure>,
) -> Vec<Finding> {
    let name = &settings.name;
    match rehearsal {
        Err(failure) => vec![Finding::failed(name, "temporary file", failure)],
        Ok(rehearsal) => rehearsal.into_iter().map(|step| step_shown(settings, step)).collect(),
    }
}

fn step_shown(settings: &DestinationSettings, step: Step) -> Finding {
    let check = format!("temporary file: {}", step.what);
    match step.result {
        Ok(found) => Finding::new(&settings.name, &check, Verdict::Ok, found),
        // Where nothing is renamed, nobody misses it.
        Err(failure) if settings.publish == PublishMode::Direct && step.is_rename => {
            let finding = Finding::failed(&settings.name, &check, failure);
            Finding { verdict: Verdict::Note, failure: None, ..finding }
        }
        Err(failure) => Finding::failed(&settings.name, &check, failure),
    }
}

/// Whether a receiver that looks for `mask` can take a file that is not whole yet.
fn masked(settings: &DestinationSettings, mask: &str) -> Finding {
    let temporary = temporary_name("89abcdef", 1);
    let words = |matched| format!("{} {matched} {temporary}", Shown::new(mask));
    if pattern::matches(mask, &temporary) {
        Finding::new(&settings.name, "mask", Verdict::Failed, words("matches")).advice(
            "the receiver may take files that are only half there: let the mask fix a prefix or a \
             suffix, as in \"*.csv\"",
        )
    } else {
        Finding::new(&settings.name, "mask", Verdict::Ok, words("does not match"))
    }
}
