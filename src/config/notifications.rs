//! `notifications:`, who is told of failures, and how.

use jiff::SignedDuration;
use jiff::civil::Time;
use lettre::Address;

use crate::model::{NotificationEvent, Secret};

use super::problems::Place;
use super::reader::{Reader, Text};
use super::schedule::timezone;
use super::section::{Section, chosen};
use super::settings::is_loopback;
use super::yaml::{Key, Node};

/// Who is told of failures, and how; nobody, if nothing is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Notifications {
    /// What this installation is called in messages; none is the machine's name.
    pub name: Option<String>,
    /// Addresses that JSON is posted to.
    pub webhooks: Vec<Webhook>,
    /// A mail server.
    pub mail: Option<Mail>,
    /// An address that is asked for as long as all is well.
    pub heartbeat: Option<Heartbeat>,
    /// When the digest of a day is sent; none: never.
    pub digest: Option<DigestTime>,
    /// How often it is said again that something still does not work; none: never.
    pub remind_every: Option<SignedDuration>,
    /// How long what is tried again by itself must last before it is told.
    pub after: SignedDuration,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            name: None,
            webhooks: Vec::new(),
            mail: None,
            heartbeat: None,
            digest: None,
            remind_every: Some(REMIND_EVERY),
            after: SignedDuration::ZERO,
        }
    }
}

/// An address that JSON is posted to. The address itself is a secret: it carries a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its name in the configuration.
    pub name: String,
    /// https, or http on this machine.
    pub url: Secret,
    /// What is told there.
    pub events: Vec<NotificationEvent>,
}

/// A mail server, and whom it delivers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Whom to sign in as, if at all.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: Mailbox,
    /// The receivers; at least one.
    pub to: Vec<Mailbox>,
    /// What is told there.
    pub events: Vec<NotificationEvent>,
}

/// Somebody's address, with a name if there is one: `Ops <ops@school.example>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mailbox {
    /// The name beside it.
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

impl std::str::FromStr for Mailbox {
    type Err = lettre::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let named = text.strip_suffix('>').and_then(|named| named.split_once('<'));
        let Some((name, address)) = named else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let name = name.trim().trim_matches('"').to_owned();
        Ok(Self { name: (!name.is_empty()).then_some(name), address: address.parse()? })
    }
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in the clear and is encrypted before anything is said; a server that
    /// cannot is told nothing.
    #[default]
    StartTls,
    /// From the first byte on.
    Implicit,
    /// Never: on this machine alone.
    None,
}

/// An address that is asked for as long as all is well.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// https, or http on this machine. A secret: it carries a token.
    pub url: Secret,
    /// How often, while the program stays.
    pub every_minutes: u32,
}

/// When the digest of a day is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestTime {
    /// The time of day.
    pub at: Time,
    /// IANA name of the time zone; none is the machine's.
    pub timezone: Option<String>,
}

const KEYS: &[&str] =
    &["name", "webhooks", "smtp", "heartbeat", "digest", "remind_every", "after_minutes"];

const SMTP_KEYS: &[&str] =
    &["host", "port", "tls", "username", "password", "password_file", "from", "to", "events"];

/// What can be chosen for one channel.
const EVENTS: &[(&str, NotificationEvent)] = &[
    ("failure", NotificationEvent::Failure),
    ("reminder", NotificationEvent::Reminder),
    ("recovered", NotificationEvent::Recovered),
    ("digest", NotificationEvent::Digest),
];

const REMIND_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Between these a reminder is one: not a flood, and not forgotten.
const REMINDERS: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(5), SignedDuration::from_hours(24 * 31));

pub(super) fn notifications(r: &mut Reader, file: &Section) -> Notifications {
    let section = file.node("notifications").and_then(|n| r.section(n, "notifications", KEYS));
    let Some(section) = section else { return Notifications::default() };
    let notifications = Notifications {
        name: section.text(r, "name").map(|t| t.value),
        webhooks: webhooks(r, &section),
        mail: section.node("smtp").and_then(|node| mail(r, node)),
        heartbeat: section.node("heartbeat").and_then(|node| heartbeat(r, node)),
        digest: section.node("digest").and_then(|node| digest(r, node)),
        remind_every: match section.text(r, "remind_every") {
            Some(text) => remind_every(r, &section, &text),
            None => Some(REMIND_EVERY),
        },
        after: SignedDuration::from_mins(
            section.number(r, "after_minutes", 0..=7 * 24 * 60).unwrap_or(0),
        ),
    };
    let nobody = section.node("webhooks").or(section.node("smtp")).is_none();
    if nobody && section.node("heartbeat").is_none() {
        r.warn(section.place, "notifications: nobody is told: there are no webhooks and no smtp");
    }
    notifications
}

fn webhooks(r: &mut Reader, notifications: &Section) -> Vec<Webhook> {
    let Some(node) = notifications.node("webhooks") else { return Vec::new() };
    let Some(section) = r.names(node, "notifications.webhooks") else { return Vec::new() };
    let read = |(key, node): &(Key, Node)| {
        let path = format!("notifications.webhooks.{}", key.name);
        let section = r.section(node, path, &["url", "url_file", "events"])?;
        let url = url(r, &section);
        let events = events(r, &section);
        Some(Webhook { name: key.name.clone(), url: url?, events })
    };
    section.entries().iter().filter_map(read).collect()
}

fn mail(r: &mut Reader, node: &Node) -> Option<Mail> {
    let section = r.section(node, "notifications.smtp", SMTP_KEYS)?;
    let host = section.required(r, "host", "the mail server's name or address");
    let tls =
        [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit), ("none", MailTls::None)];
    let tls = section.choice(r, "tls", &tls).unwrap_or_default();
    if tls == MailTls::None
        && let Some(host) = host.as_ref().filter(|host| !is_loopback(host.value.trim()))
        && let Some(node) = section.node("tls")
    {
        let path = section.path_of("tls");
        let why = format!("none is for this machine alone, and {} is another one", host.shown());
        r.error(node.place, format!("{path}: {why}: starttls or implicit"));
    }
    let port = section.number(r, "port", 1..=u16::MAX).unwrap_or(match tls {
        MailTls::StartTls => 587,
        MailTls::Implicit => 465,
        MailTls::None => 25,
    });
    let login = login(r, &section);
    let from = section.required(r, "from", "the sender's address");
    let from = from.and_then(|text| mailbox(r, &section, "from", &text));
    let receivers = section.texts(r, "to").unwrap_or_default();
    if receivers.is_empty() {
        section.missing(r, "to", "one or several addresses");
    }
    let to = receivers.iter().filter_map(|text| mailbox(r, &section, "to", text)).collect();
    let events = events(r, &section);
    Some(Mail { host: host?.value.trim().to_owned(), port, tls, login, from: from?, to, events })
}

/// Half a login is a mistake.
fn login(r: &mut Reader, section: &Section) -> Option<(String, Secret)> {
    let username = section.text(r, "username").map(|t| t.value).filter(|name| !name.is_empty());
    let password = section.secret(r, "password").filter(|password| !password.is_empty());
    match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (Some(_), None) if section.node("password").or(section.node("password_file")).is_none() => {
            section.missing(r, "password", "the password of this user");
            None
        }
        (None, Some(_)) if section.node("username").is_none() => {
            section.missing(r, "username", "the user whose password this is");
            None
        }
        _ => None,
    }
}

fn mailbox(r: &mut Reader, section: &Section, key: &str, text: &Text) -> Option<Mailbox> {
    let mailbox = text.value.trim().parse().ok();
    if mailbox.is_none() {
        let (path, found) = (section.path_of(key), text.shown());
        let expected = "an address, as in \"ops@school.example\" or \"Ops <ops@school.example>\"";
        r.error(text.place, format!("{path}: expected {expected}, found {found}"));
    }
    mailbox
}

/// What is told on a channel: everything, unless something is chosen.
fn events(r: &mut Reader, section: &Section) -> Vec<NotificationEvent> {
    let path = section.path_of("events");
    let chosen = section.texts(r, "events").map(|texts| {
        texts.iter().filter_map(|text| chosen(r, &path, text, EVENTS)).collect::<Vec<_>>()
    });
    chosen.unwrap_or_else(|| EVENTS.iter().map(|(_, event)| *event).collect())
}

fn heartbeat(r: &mut Reader, node: &Node) -> Option<Heartbeat> {
    let keys = ["url", "url_file", "every_minutes"];
    let section = r.section(node, "notifications.heartbeat", &keys)?;
    let url = url(r, &section);
    let every_minutes = section.number(r, "every_minutes", 1..=24 * 60).unwrap_or(15);
    Some(Heartbeat { url: url?, every_minutes })
}

/// The secret address at `url`. It is never shown, not even where it is wrong.
fn url(r: &mut Reader, section: &Section) -> Option<Secret> {
    let expected = "an address that begins with https://";
    let secret = section.required_secret(r, "url", expected)?;
    let wrong = match url::Url::parse(secret.expose().trim()) {
        Err(_) => Some("expected a URL, as in \"https://host/path\""),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("a user or password does not belong into the URL")
        }
        Ok(url) => match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => None,
            ("http", Some(host)) if is_loopback(host) => None,
            ("http", Some(_)) => Some("expected https://; http:// is for this machine alone"),
            _ => Some("expected a URL that begins with https://"),
        },
    };
    let Some(wrong) = wrong else { return Some(Secret::new(secret.expose().trim())) };
    let node = section.node("url").or(section.node("url_file"));
    let place = node.map_or(section.place, |node| node.place);
    r.error(Place { width: 0, ..place }, format!("{}: {wrong}", section.path_of("url")));
    None
}

fn digest(r: &mut Reader, node: &Node) -> Option<DigestTime> {
    let section = r.section(node, "notifications.digest", &["at", "timezone"])?;
    let at = section.required(r, "at", "a time of day, as in \"07:00\"");
    let at = at.and_then(|text| {
        let at = Time::strptime("%H:%M", text.value.trim()).ok();
        if at.is_none() {
            let (path, found) = (section.path_of("at"), text.shown());
            let expected = "a time of day, as in \"07:00\"";
            r.error(text.place, format!("{path}: expected {expected}, found {found}"));
        }
        at
    });
    let timezone = section.text(r, "timezone").and_then(|text| timezone(r, &section, text));
    Some(DigestTime { at: at?, timezone })
}

/// `24h`, `90m`, `2d`, or `never`.
fn remind_every(r: &mut Reader, section: &Section, text: &Text) -> Option<SignedDuration> {
    let value = text.value.trim();
    if value.eq_ignore_ascii_case("never") {
        return None;
    }
    let every = value.parse::<jiff::Span>().ok();
    let every = every.and_then(|s| s.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
    let every = every.filter(|every| (REMINDERS.0..=REMINDERS.1).contains(every));
    if every.is_none() {
        let (path, found) = (section.path_of("remind_every"), text.shown());
        let expected = "a time from 5m to 31d, as in \"24h\", or never";
        r.error(text.place, format!("{path}: expected {expected}, found {found}"));
    }
    every
}
