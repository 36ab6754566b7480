//! When an endpoint runs, in the two dialects of the file connector.

use croner::parser::{CronParser, Seconds, Year};

use crate::model::Schedule;

use super::reader::{Reader, Text};
use super::section::{Section, chosen};
use super::settings::LONGEST_INTERVAL;
use super::yaml::Value;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Interval,
    Cron,
    Manual,
    Webhook,
}

const KINDS: &[(&str, Kind)] = &[
    ("interval", Kind::Interval),
    ("cron", Kind::Cron),
    ("manual", Kind::Manual),
    ("webhook", Kind::Webhook),
];

const KEYS: &[&str] = &["type", "interval_minutes", "cron", "cron_expression", "timezone"];

const CONFIG_KEYS: &[&str] =
    &["interval_minutes", "cron", "cron_expression", "timezone", "webhook_secret"];

/// `schedule: {type: interval, interval_minutes: 5}`, or `schedule: interval`
/// beside `schedule_config: {interval_minutes: 5}`; `otherwise` if neither is there.
pub(super) fn schedule(
    r: &mut Reader,
    endpoint: &Section,
    interval: u32,
    otherwise: &Schedule,
) -> Schedule {
    let config = endpoint.node("schedule_config");
    let Some(node) = endpoint.node("schedule") else {
        if let Some(config) = config {
            let path = endpoint.path_of("schedule_config");
            r.error(
                config.place,
                format!("{path}: expected \"schedule: interval\" or the like beside it"),
            );
        }
        return otherwise.clone();
    };
    let path = endpoint.path_of("schedule");
    let before = r.mistakes();
    let (kind, section) = if let Value::Map(_) = node.value {
        if let Some(config) = config {
            let path = endpoint.path_of("schedule_config");
            r.error(config.place, format!("{path}: everything stands in schedule already"));
        }
        let Some(section) = r.section(node, path, KEYS) else { return Schedule::Manual };
        (kind_of(r, &section), Some(section))
    } else {
        let kind = r.scalar(node, &path).and_then(|t| chosen(r, &path, &t, KINDS));
        let path = endpoint.path_of("schedule_config");
        (kind, config.and_then(|config| r.section(config, path, CONFIG_KEYS)))
    };
    if r.mistakes() > before {
        return Schedule::Manual;
    }
    match (kind, section) {
        (Some(Kind::Interval), section) => {
            let minutes =
                section.and_then(|s| s.number(r, "interval_minutes", 1..=LONGEST_INTERVAL));
            Schedule::Interval { minutes: minutes.unwrap_or(interval) }
        }
        (Some(Kind::Cron), Some(section)) => cron(r, &section),
        (Some(Kind::Cron), None) => {
            endpoint.missing(r, "schedule_config", "{cron_expression: \"0 6 * * *\"}");
            Schedule::Manual
        }
        (Some(Kind::Webhook), _) => {
            let words = "nothing is received by webhook here: it runs only when asked";
            r.warn(node.place, format!("{}: {words}", endpoint.path_of("schedule")));
            Schedule::Manual
        }
        (Some(Kind::Manual) | None, _) => Schedule::Manual,
    }
}

/// The type that is named, else the one that the other keys tell.
fn kind_of(r: &mut Reader, section: &Section) -> Option<Kind> {
    if section.node("type").is_some() {
        return section.choice(r, "type", KINDS);
    }
    if section.node("cron").or(section.node("cron_expression")).is_some() {
        return Some(Kind::Cron);
    }
    if section.node("interval_minutes").is_some() {
        return Some(Kind::Interval);
    }
    section.missing(r, "type", "interval, cron or manual");
    None
}

fn cron(r: &mut Reader, section: &Section) -> Schedule {
    let expression = match section.text(r, "cron_expression") {
        Some(text) => Some(text),
        None => {
            section.required(r, "cron", "an expression of five fields, as in \"0 6 * * MON-FRI\"")
        }
    };
    let cron = expression.and_then(|text| expression_of(r, section, text));
    let timezone = section.text(r, "timezone").and_then(|text| timezone(r, section, text));
    cron.map_or(Schedule::Manual, |cron| Schedule::Cron { cron, timezone })
}

fn expression_of(r: &mut Reader, section: &Section, text: Text) -> Option<String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let expression = text.value.trim();
    let fields = expression.split_whitespace().count();
    let nickname = expression.starts_with('@');
    let wrong = match parser.parse(expression) {
        _ if fields != 5 && !nickname => Some(format!("five fields, not {fields}")),
        Err(error) => Some(format!("a valid expression ({error})")),
        Ok(_) => None,
    };
    if let Some(wrong) = wrong {
        let (path, found) = (section.path_of("cron"), text.shown());
        r.error(text.place, format!("{path}: expected {wrong}, found {found}"));
        return None;
    }
    Some(expression.to_owned())
}

/// The time zone at `timezone`.
pub(in crate::config) fn timezone(r: &mut Reader, section: &Section, text: Text) -> Option<String> {
    let name = text.value.trim();
    if jiff::tz::TimeZone::get(name).is_ok() {
        return Some(name.to_owned());
    }
    let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let path = section.path_of("timezone");
    let message = format!(
        "{path}: expected the name of a time zone, as in \"America/Chicago\", found {}",
        text.shown()
    );
    r.misspelled(text.place, message, name, &known);
    None
}
