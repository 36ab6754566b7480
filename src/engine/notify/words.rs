//! Incidents and digests in an operator's words: what, where, since when, what to do.
//! Names of files and failures may stand in them, what is in files never does.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::cause::{name, of_class_name};
use crate::ledger::{Incident, Period, PeriodCount};
use crate::model::{Notification, NotificationEvent, Shown};
use crate::transport::http::Secrets;

/// Characters of a title, and of a line, at the most.
const TITLE: usize = 160;
const LINE: usize = 500;

/// Lines of a digest for each of its parts, at the most.
const LISTED: usize = 20;

/// The message that says that an incident begins, lasts or is over.
pub(super) fn of_incident(
    incident: &Incident,
    event: NotificationEvent,
    now: Timestamp,
    secrets: &Secrets,
) -> Notification {
    let about = if incident.endpoint.is_empty() { "transship" } else { &incident.endpoint };
    let what = headline(&incident.cause);
    let lasted = duration(now.duration_since(incident.opened_at));
    let since = format!("{:.0}", incident.opened_at);
    let title = match event {
        NotificationEvent::Recovered => format!("{about}: over: {what}"),
        NotificationEvent::Reminder => format!("{about}: still: {what} (for {lasted})"),
        _ => format!("{about}: {what}"),
    };
    let mut lines = Vec::new();
    if event == NotificationEvent::Recovered {
        lines.push(format!("It works again. It lasted {lasted}, since {since}."));
        lines.push(format!("It was: {}", incident.words));
    } else {
        lines.push(incident.words.clone());
        if incident.files > 0 {
            let noun = if incident.files == 1 { "file is" } else { "files are" };
            lines.push(format!("{} {noun} concerned.", incident.files));
        }
        if event == NotificationEvent::Reminder {
            lines.push(format!("Since {since}."));
        }
        lines.push(format!("What to do: {}", advice(&incident.cause)));
    }
    let clean = |text: &str, limit| Shown::limited(secrets.without_known(text), limit);
    Notification {
        id: id(),
        event,
        at: now,
        endpoint: (!incident.endpoint.is_empty()).then(|| clean(&incident.endpoint, TITLE)),
        cause: Some(incident.cause.clone()),
        since: Some(incident.opened_at),
        files: (incident.files > 0).then_some(incident.files),
        counts: BTreeMap::new(),
        title: clean(&title, TITLE),
        lines: lines.iter().map(|line| clean(line, LINE)).collect(),
    }
}

/// What the time since the last digest came to.
pub(super) fn of_period(period: &Period, now: Timestamp, secrets: &Secrets) -> Notification {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for count in &period.counts {
        *counts.entry(count.outcome.clone()).or_default() += count.runs;
    }
    let total = |field: fn(&PeriodCount) -> u64| period.counts.iter().map(field).sum::<u64>();
    let (new, delivered) = (total(|count| count.new), total(|count| count.delivered));
    let title = match counts.is_empty() {
        true => "digest: nothing ran".to_owned(),
        false => format!("digest: {}", outcomes(&counts)),
    };
    let mut lines = vec![format!("Since {:.0}: {new} new, {delivered} delivered.", period.from)];
    lines.extend(listed(by_endpoint(period)));
    lines.extend(listed(by_cause(period)));
    match period.open.is_empty() {
        true => lines.push("Nothing waits for you.".to_owned()),
        false => lines.extend(listed(period.open.iter().map(open).collect())),
    }
    counts.insert("new".to_owned(), new);
    counts.insert("delivered".to_owned(), delivered);
    let clean = |text: &str, limit| Shown::limited(secrets.without_known(text), limit);
    Notification {
        id: id(),
        event: NotificationEvent::Digest,
        at: now,
        endpoint: None,
        cause: None,
        since: Some(period.from),
        files: None,
        counts,
        title: clean(&title, TITLE),
        lines: lines.iter().map(|line| clean(line, LINE)).collect(),
    }
}

/// Somebody tries out whether messages arrive.
pub(super) fn of_test(now: Timestamp) -> Notification {
    Notification {
        id: id(),
        event: NotificationEvent::Test,
        at: now,
        endpoint: None,
        cause: None,
        since: None,
        files: None,
        counts: BTreeMap::new(),
        title: Shown::new("test message"),
        lines: vec![Shown::new("Messages from here arrive. Nothing is wrong.")],
    }
}

fn id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// `12 done, 1 failed`, in a fixed order.
fn outcomes(counts: &BTreeMap<String, u64>) -> String {
    const ORDER: &[(&str, &str)] = &[
        ("done", "done"),
        ("partial", "partial"),
        ("failed", "failed"),
        ("needs_operator", "needed you"),
        ("missed", "missed"),
        ("nothing_new", "empty"),
    ];
    let known = ORDER.iter().filter_map(|(outcome, word)| {
        counts.get(*outcome).filter(|runs| **runs > 0).map(|runs| format!("{runs} {word}"))
    });
    known.collect::<Vec<_>>().join(", ")
}

fn by_endpoint(period: &Period) -> Vec<String> {
    let mut endpoints: Vec<(&str, BTreeMap<String, u64>, u64)> = Vec::new();
    for count in &period.counts {
        if endpoints.last().is_none_or(|(name, ..)| *name != count.endpoint) {
            endpoints.push((&count.endpoint, BTreeMap::new(), 0));
        }
        if let Some((_, counts, delivered)) = endpoints.last_mut() {
            *counts.entry(count.outcome.clone()).or_default() += count.runs;
            *delivered += count.delivered;
        }
    }
    let line = |(name, counts, delivered): &(&str, BTreeMap<String, u64>, u64)| {
        let delivered = match delivered {
            0 => String::new(),
            n => format!("; {n} delivered"),
        };
        format!("{name}: {}{delivered}", outcomes(counts))
    };
    endpoints.iter().map(line).collect()
}

/// What went wrong, runs that failed alike together.
fn by_cause(period: &Period) -> Vec<String> {
    let mut causes: BTreeMap<&str, (u64, Vec<&str>, &str)> = BTreeMap::new();
    for count in &period.counts {
        let cause = match (count.outcome.as_str(), &count.class) {
            ("failed" | "partial" | "needs_operator", Some(class)) => of_class_name(class),
            ("needs_operator", None) => name::NEEDS_YOU,
            _ => continue,
        };
        let entry = causes.entry(cause).or_default();
        entry.0 += count.runs;
        if !entry.1.contains(&count.endpoint.as_str()) {
            entry.1.push(&count.endpoint);
        }
        entry.2 = count.words.as_deref().unwrap_or(entry.2);
    }
    let line = |(cause, (runs, endpoints, words)): (&&str, &(u64, Vec<&str>, &str))| {
        let noun = if *runs == 1 { "run" } else { "runs" };
        let of = endpoints.join(", ");
        format!("{}: {runs} {noun} of {of}; the last: {words}", headline(cause))
    };
    causes.iter().map(line).collect()
}

fn open(incident: &Incident) -> String {
    let about = if incident.endpoint.is_empty() { "transship" } else { &incident.endpoint };
    let what = headline(&incident.cause);
    format!("Open: {about}: {what}, since {:.0}: {}", incident.opened_at, incident.words)
}

/// The first so many, and how many more there are.
fn listed(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LISTED);
    if more > 0 {
        lines.truncate(LISTED);
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn headline(cause: &str) -> &str {
    match cause {
        name::UNREACHABLE => "the other side is out of reach",
        name::SIGN_IN => "sign-in refused",
        name::HOST_KEY => "host key or certificate not as expected",
        name::NOT_ALLOWED => "not allowed by the other side",
        name::UNEXPECTED => "something else came than expected",
        name::FULL => "no space",
        name::LOCAL => "this machine's files or folders do not work",
        name::CONFIGURATION => "configuration wrong",
        name::DEFECT => "a defect of transship",
        name::HELD => "files are held",
        name::IN_DOUBT => "in doubt whether files were delivered",
        name::QUARANTINED => "exports that cannot be understood",
        name::EXPIRED => "the source does not have files any more",
        name::REFUSED => "landed files are refused",
        name::NEEDS_YOU => "it waits for you",
        name::QUIET => "nothing came",
        name::BACKUP => "no backup of the ledger",
        other => other,
    }
}

fn advice(cause: &str) -> &'static str {
    match cause {
        name::UNREACHABLE => {
            "nothing, if it is known; it is tried again by itself and nothing is lost. \
             `transship doctor` says how far it comes"
        }
        name::SIGN_IN => "renew the password, key or sign-in; `transship test` tries it",
        name::HOST_KEY => {
            "ask the other side whether it changed; `transship doctor` shows what it offers. \
             Nothing is sent before that is settled"
        }
        name::HELD => "`transship exports --state held`, then `transship release` or `cancel`",
        name::IN_DOUBT => {
            "ask the receiver whether the file came: `transship exports --state in_doubt`, then \
             `transship retry` or `cancel`"
        }
        name::QUARANTINED => "`transship exports --state quarantined`, then `transship show`",
        name::EXPIRED => "`transship exports --state expired`; ask the source for them anew",
        name::REFUSED => {
            "`transship files --state refused` says why; mend the definition or ask for a new \
             file, then `transship ingest --file`"
        }
        name::QUIET => "ask the source whether it has anything; the program asked and works",
        name::FULL => "make room; it goes on by itself",
        name::CONFIGURATION => "`transship check`, `transship test`",
        _ => "`transship exports --pending` and `transship doctor` say more",
    }
}

/// `2 d 3 h`, `3 h 10 min`, `4 min`.
fn duration(lasted: SignedDuration) -> String {
    let minutes = lasted.as_mins().max(0);
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
